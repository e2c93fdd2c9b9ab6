"""A day in minutes: `serve` works by a clock that runs fast, sheets come at random times, a partner answers, and it is looked at what the process needs.

    python -m tests.soak.day [--sheets 500] [--hours 24] [--faster 240] [--seed 1]

It prints a line for each hour of the day (resident memory, open files, threads, processes), and ends with 0 when memory and files stayed flat, nothing was lost,
and nothing is left over.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

ROOT = Path(__file__).parents[2]
#: Tuesday morning in New York.
DAWN = datetime(2026, 3, 3, 11, tzinfo=UTC)
#: The hours in which the process comes to its size: from its first sheet, answer, night and results on, it has loaded what it needs.
WARM = 6

#: `serve`, whose clock begins at a time and runs faster by a factor.
CHILD = """
import sys, time
from datetime import datetime, timedelta, UTC
dawn, faster, began = datetime.fromisoformat(sys.argv.pop(1)), float(sys.argv.pop(1)), time.monotonic()
class Fast(datetime):
    @classmethod
    def now(cls, tz=None):
        return (dawn + timedelta(seconds=(time.monotonic() - began) * faster)).astimezone(tz or UTC)
from apscheduler.schedulers import base
from apscheduler.triggers import interval
from batchport.schedule import serve
base.datetime = interval.datetime = Fast
serve.now = lambda: datetime.fromtimestamp(Fast.now().timestamp(), UTC)
serve._BEAT = 0.05
from batchport.cli import main
main()
"""

HEADER = (
    "Phone Number", "Primary Phone Number", "Billing Account Number", "Security Code or PIN", "Current Carrier", "Account Type", "Number Type", "Business or Full Name",
    "Authorized Name", "Street Number", "Street Name", "City", "State", "ZIP", "Port To Line",
)  # fmt: skip


def sheet(chance: Random, number: int) -> bytes:
    """A sheet of one to twelve accounts, one row in ten of which has a wrong ZIP."""
    text = io.StringIO()
    out = csv.writer(text)
    out.writerow(HEADER)
    for own in range(chance.randint(1, 12)):
        tn = f"617{234 + number // 50}{(number % 50) * 12 + own:04}"
        postal = "90210" if chance.random() < 0.1 else "02129"
        out.writerow((tn, tn, f"8{number:04}{own:02}", f"{chance.randint(1, 9999):04}", "Verizon", "Single-Line", "Business Local", "Harbor Bakery LLC", "Maria Garcia", "120", "Main St", "Boston", "MA", postal, f"line-{tn}"))
    return text.getvalue().encode()


@dataclass
class Partner:
    """Reads submissions, and answers each line with ACK, then FOC or REJECT, then COMPLETE or DELAY, hours apart."""

    outbox: Path
    responses: Path
    chance: Random
    read: set[str] = field(default_factory=set)
    to_say: list[tuple[datetime, list[tuple[str, ...]]]] = field(default_factory=list)
    lines: int = 0
    said: int = 0

    def look(self, now: datetime) -> None:
        """Read what came, and say what is due."""
        for path in sorted(self.outbox.glob("sample-*.csv")):
            if path.name not in self.read:
                self.read.add(path.name)
                self._plan(path, now)
        due = [what for when, what in self.to_say if when <= now]
        self.to_say = [(when, what) for when, what in self.to_say if when > now]
        for what in due:
            self.said += 1
            text = "PON,VER,TN,STATUS,CODE,TEXT,FOC_DATE\r\n" + "".join(",".join(line) + "\r\n" for line in what)
            whole = self.responses / f".answer-{self.said}.csv"
            whole.write_text(text, "utf-8")
            whole.rename(self.responses / f"answer-{self.said:05}.csv")

    def _plan(self, path: Path, now: datetime) -> None:
        with path.open(newline="", encoding="utf-8") as file:
            rows = [(row["PON"], row["VER"], row["TN"]) for row in csv.DictReader(file)]
        self.lines += len(rows)
        steps: list[list[tuple[str, ...]]] = [[], [], []]
        for row in rows:
            steps[0].append((*row, "ACK", "", "", ""))
            if self.chance.random() < 0.15:
                steps[1].append((*row, "REJECT", "8A", "account", ""))
            else:
                steps[1].append((*row, "FOC", "", "", "2026-03-06"))
                steps[2].append((*row, *(("COMPLETE", "", "", "") if self.chance.random() < 0.8 else ("DELAY", "", "", ""))))
        when = now
        for step in steps:
            when += timedelta(minutes=self.chance.uniform(5, 180))
            if step:
                self.to_say.append((when, step))


@dataclass(frozen=True)
class Need:
    """What a process needs: kilobytes of memory, open files, threads, and processes of its own."""

    memory: int
    files: int
    threads: int
    children: int


def need(process: int) -> Need:
    """What a process needs now."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{process}/status").read_text("utf-8").splitlines())
    children = Path(f"/proc/{process}/task/{process}/children").read_text("utf-8").split()
    return Need(int(status["VmRSS"].split()[0]), len(list(Path(f"/proc/{process}/fd").iterdir())), int(status["Threads"]), len(children))


def home_at(folder: Path) -> Path:
    """A home whose partner takes files at every hour."""
    subprocess.run([sys.executable, "-m", "batchport", "init", str(folder)], check=True, capture_output=True, env=_environment())
    config = folder / "config.yaml"
    hours = ", ".join(f'"{hour:02}:00-{hour:02}:50"' for hour in range(24))
    text = config.read_text("utf-8").replace("    profile: generic-csv\n", f"    profile: generic-csv\n    windows: [{hours}]\n")
    # The whole pass every four hours: what it needs once is not what grows.
    text = text.replace('nightly: "0 21 * * *"', 'nightly: "0 */4 * * *"')
    config.write_text(text.replace("limits:\n", "limits:\n  settle: 0.02\n"), "utf-8")
    return config


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "TZ": "UTC"}


def lived(process: subprocess.Popen[bytes], home: Path, *, sheets: int, hours: float, faster: float, chance: Random) -> Iterator[tuple[datetime, Need]]:
    """The day: an hour and what the process needs then."""
    partner = Partner(home / "outbox" / "sample", home / "responses" / "sample", chance)
    # Nothing new comes in the last hours, so that everything can come to its end.
    drops = sorted((DAWN + timedelta(hours=chance.uniform(0, hours * 0.8)), number) for number in range(sheets))
    began, told = time.monotonic(), DAWN
    while (now := DAWN + timedelta(seconds=(time.monotonic() - began) * faster)) < DAWN + timedelta(hours=hours):
        assert process.poll() is None, "serve has ended"
        while drops and drops[0][0] <= now:
            number = drops.pop(0)[1]
            whole = home / "inbox" / "acme" / f".{number}.csv"
            whole.write_bytes(sheet(chance, number))
            whole.rename(whole.with_name(f"sheet-{number:04}.csv"))
        partner.look(now)
        if now >= told:
            yield told, need(process.pid)
            told += timedelta(hours=1)
        time.sleep(0.05)
    print(f"{partner.lines} lines were sent, {partner.said} answers came back")


def end_of(config: Path) -> dict[str, Any]:
    """The last count."""
    done = subprocess.run([sys.executable, "-m", "batchport", "--config", str(config), "--at", "2026-03-04T12:00:00+00:00", "run", "--format", "json"], capture_output=True, text=True, check=False, env=_environment())
    return dict(json.loads(done.stdout.splitlines()[-1])["run"])


def live(folder: Path, *, sheets: int, hours: float, faster: float, seed: int) -> list[str]:
    """Live through a day, and say what was not as it should be."""
    home = folder / "home"
    config = home_at(home)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-c", CHILD, DAWN.isoformat(), str(faster), "--config", str(config), "serve"], stderr=log, stdout=log, env=_environment())
    try:
        seen = []
        for hour, needed in lived(process, home, sheets=sheets, hours=hours, faster=faster, chance=Random(seed)):
            seen.append(needed)
            print(f"{hour:%d %H:%M}  {needed.memory / 1024:7.1f} MB  {needed.files:3} files  {needed.threads:2} threads  {needed.children:2} processes", flush=True)
        process.send_signal(signal.SIGTERM)
        status = process.wait(60)
    finally:
        process.kill()
        process.wait()
    wrong = [] if status == 0 else [f"serve ended with {status}"]
    wrong += _not_flat(seen[WARM:]) if len(seen) > 2 * WARM else []
    wrong += _left_over(home, process.pid)
    count = end_of(config)
    if not count["balanced"] or count["files"]["set_aside"] or count["mails"]["waiting"]:
        wrong.append(f"the count at the end: {count}")
    told = (folder / "log").read_text("utf-8")
    if "level=error" in told or "Traceback" in told or "[error" in told:
        wrong.append("the log tells of errors:\n" + "\n".join(line for line in told.splitlines() if "error" in line)[:2000])
    rows = {state: number for state, number in count["rows"].items() if number}
    print(f"rows {rows}, lines {count['lines']}")
    return wrong


def _not_flat(seen: list[Need]) -> list[str]:
    """Whether more is needed in the later half of the hours than in the earlier one."""
    half = len(seen) // 2
    wrong = []
    for what, slack in (("memory", 1.1), ("files", 1.0), ("threads", 1.0)):
        early, late = (max(getattr(one, what) for one in some) for some in (seen[:half], seen[half:]))
        if late > early * slack + (2 if what != "memory" else 0):
            wrong.append(f"{what} grew from {early} to {late}")
    return wrong


def _left_over(home: Path, process: int) -> list[str]:
    doors = [path for door in ("inbox", "responses") for path in (home / door).rglob("*") if path.is_file()]
    halves = [path for path in home.rglob(".*") if path.is_file()]
    orphans = [path.parent.name for path in Path("/proc").glob("[0-9]*/environ") if f"{home}" in _command_of(path.parent)]
    named = {"files in the doors": doors, "half written files and locks": halves, "processes": orphans}
    return [f"left over: {what}: {list(map(str, found))[:5]}" for what, found in named.items() if found]


def _command_of(process: Path) -> str:
    try:
        return (process / "cmdline").read_text("utf-8", "replace")
    except OSError:
        return ""


def main() -> None:
    """Live through the day that was asked for."""
    parser = argparse.ArgumentParser(description="A day of serve in minutes.")
    for name, kind, usual in (("sheets", int, 500), ("hours", float, 24.0), ("faster", float, 240.0), ("seed", int, 1)):
        parser.add_argument(f"--{name}", type=kind, default=usual)
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="batchport-day-"))
    wrong = live(folder, **vars(asked))
    for said in wrong:
        print(f"WRONG: {said}")
    if wrong:
        sys.exit(1)
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
