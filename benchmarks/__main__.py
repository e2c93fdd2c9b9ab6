"""Each figure beside its bare floor, measured in the same run.

    python -m benchmarks [--only NAME ...] [--quick] [--runs 3] [--format json] [--profile] [--tools ../shared/bench]

docs/performance.md says what the figures are and how they are measured. A run is appended to benchmarks/history.jsonl, and the table of that page is written
anew; only a quick one is not kept.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, fields, replace
from pathlib import Path

from benchmarks import checking, lookups, mails, nights, past, reconcile, render, sftp, sharing, starting
from benchmarks.bench import QUICK, Bench, Sizes
from benchmarks.figures import Figure, head, keep, line, record, write_table
from benchmarks.measure import ROOT, Failed
from benchmarks.profile import profile

#: Name of a part -> what measures it, in the order of the table.
_PARTS = {
    "help": starting.help_page, "small-check": starting.small_check, "workbooks": starting.workbooks, "check": checking.check, "checks": checking.checks,
    "reading": checking.reading, "night": nights.night, "single": nights.single, "xlsx": nights.xlsx, "bad": nights.bad, "tenfold": nights.tenfold,
    "memory": nights.memory, "small": nights.small, "workers": sharing.workers, "history": past.intake, "lookups": lookups.lookups, "reconcile": reconcile.many, "few-answers": past.few_answers,
    "render": render.formats, "mails": mails.mails, "sftp": sftp.answers,
}  # fmt: skip


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=_PARTS, default=list(_PARTS), metavar="NAME", help=f"these parts only: {', '.join(_PARTS)}")
    parser.add_argument("--quick", action="store_true", help="small sizes and one turn, to try the benchmarks themselves; nothing is kept")
    parser.add_argument("--runs", type=int, help="turns that count, after one that does not (default: 3)")
    parser.add_argument("--format", choices=["table", "json"], default="table", dest="form", help="how to print")
    parser.add_argument("--profile", action="store_true", help="show where the slowest stage of the large CSV spends its time, instead of figures")
    parser.add_argument("--tools", type=Path, default=ROOT.parent / "shared" / "bench", help="the folder of generate.py and floor.py")
    for size in fields(Sizes):
        parser.add_argument(f"--{size.name}", type=int, metavar="N", help=f"{size.metadata['help']} (default: {size.default:,})")
    args = parser.parse_args()
    for tool in ("generate.py", "floor.py"):
        if not (args.tools / tool).is_file():
            parser.error(f"{args.tools} has no {tool}; name the folder of the generator and the floor with --tools")
    return args


def sizes_of(args: argparse.Namespace) -> Sizes:
    """The sizes that the options say."""
    given = {size.name: getattr(args, size.name) for size in fields(Sizes) if getattr(args, size.name) is not None}
    return replace(QUICK if args.quick else Sizes(), **given)


def measured(bench: Bench, parts: list[str], failed: list[str]) -> Iterator[Figure]:
    """The figures of some parts. One that fails is told of, and the others go on."""
    for part in parts:
        print(f"measuring {part} ...", file=sys.stderr, flush=True)
        bench.clear()
        try:
            yield from _PARTS[part](bench)
        except Failed as said:
            failed.append(part)
            print(f"{part}: {said}", file=sys.stderr, flush=True)


def main() -> None:
    args = arguments()
    # Whoever ends a run that takes an hour is told what there is, as with Ctrl-C, and nothing large stays behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sizes, runs = sizes_of(args), args.runs or (1 if args.quick else 3)
    figures: list[Figure] = []
    failed: list[str] = []
    with tempfile.TemporaryDirectory(prefix="batchport-bench-") as folder:
        bench = Bench(sizes, runs, Path(folder), args.tools.resolve())
        if args.profile:
            bench.clear()
            print(profile(bench))
            return
        if args.form == "table":
            print(head(), flush=True)
        try:
            for figure in measured(bench, args.only, failed):
                figures.append(figure)
                if args.form == "table":
                    print(line(figure), flush=True)
        finally:
            # Of a run that is broken off, what there is.
            told = record(asdict(sizes), runs, figures)
            if figures and not args.quick:
                keep(told)
                write_table(asdict(Sizes()))
    if args.form == "json":
        print(json.dumps(told))
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
