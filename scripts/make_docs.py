"""Write the pages of docs/ that are made from the program itself.

`python scripts/make_docs.py` writes them; with `--check` it only says which of them are not what would be written, and fails.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))

from batchport.domain.findings import Rule, catalogue  # noqa: E402 - the checkout comes before what may be installed
from batchport.files import write_whole  # noqa: E402

PART_TITLES = {
    "file": "The file and its columns",
    "number": "The number",
    "kind": "Kind of number and account",
    "account": "Account, billing number, PIN",
    "carrier": "The carrier",
    "names": "Names",
    "address": "The service address",
    "dates": "Dates",
    "line": "The line it goes to",
    "papers": "Papers",
    "order": "The order",
    "row": "The row",
}

_HEAD = """\
# Findings

What batchport can say of a file, a row or an order. An *error* rejects the row, a *warning* asks to look again, an *info* tells what was changed or
filled in. Words in *italics* stand for what is found in the sheet. `batchport rules CODE` shows the smallest sheet that provokes a finding.

This page is made from `batchport/domain/findings.toml` by `python scripts/make_docs.py`; change it there.
"""


def findings_page() -> str:
    """The catalogue of findings as a page of Markdown: a table for each part, in the catalogue's order."""
    sections = [_section(part, list(rules)) for part, rules in groupby(catalogue().values(), key=lambda rule: rule.part)]
    return "\n".join([_HEAD, *sections])


def _section(part: str, rules: list[Rule]) -> str:
    lines = [
        f"## {PART_TITLES[part]}",
        "",
        "| code | severity | what is wrong | how to fix it | why | prevents |",
        "| --- | --- | --- | --- | --- | --- |",
        *(_line(rule) for rule in rules),
    ]
    return "\n".join(lines) + "\n"


def _line(rule: Rule) -> str:
    names = {name: f"*{name}*" for name in ("value", "column", "suggestion", *rule.args)}
    cells = (f"`{rule.code}`", rule.severity, rule.words(rule.message, names), rule.words(rule.fix, names), rule.why, " ".join(rule.prevents))
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


#: Path in the checkout -> what writes it.
PAGES: dict[str, Callable[[], str]] = {"docs/findings.md": findings_page}


def main() -> None:
    """Write the pages, or look whether they are up to date."""
    parser = argparse.ArgumentParser(description="Make the pages of docs/ that come from the program itself.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a page is not what would be written")
    check = parser.parse_args().check
    stale = []
    for name, page in PAGES.items():
        path, data = ROOT / name, page().encode()
        if path.is_file() and path.read_bytes() == data:
            continue
        if check:
            stale.append(name)
        else:
            write_whole(path, data)
            path.chmod(0o644)
    if stale:
        parser.exit(1, f"Not up to date: {', '.join(stale)}. Run python scripts/make_docs.py and look at the difference.\n")


if __name__ == "__main__":
    main()
