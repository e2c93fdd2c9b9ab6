"""Three nights with the samples, played as somebody at a port desk would, and what came of them in plain words. `make run` runs this.

    python samples/night.py [FOLDER]

The folder (default: scratch/night) becomes a home of batchport and is kept. Called again on it, every step finds its work done: nothing changes, and
that is said. What is dropped in is only what is not there yet, so a rehearsal that was cut off is finished by the next call.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import shlex
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

SAMPLES = Path(__file__).resolve().parent
CUSTOMERS = ("acme", "harbor")
PARTNER = "sample"
HARBOR = "  harbor: {name: Harbor Voice, email: ports@harbor.example}\n"

#: When each night is, what comes in before it, and how a person would say that.
NIGHTS = (
    ("2026-03-02T20:00:00-05:00", None, "The first night, Monday: the customers' sheets lie in the inboxes."),
    ("2026-03-03T20:00:00-05:00", "night-2.csv", "The second night: the partner has answered some of it."),
    ("2026-03-04T20:00:00-05:00", "night-3.csv", "The third night: more answers, late ones and repeated ones among them."),
)

#: What the states mean to somebody who sees them for the first time, in the order of a number's life.
MEANING = {
    "rejected": "not sent: something in the row is wrong, and the customer was told what",
    "duplicate": "not sent: the same number was asked for before",
    "held": "not sent: the row is fine, but another row of the same account is not",
    "ready": "to be sent with the next submission file",
    "submitted": "sent; the partner has not answered yet",
    "acknowledged": "sent; the partner has it and works on it",
    "delayed": "sent; the partner says that it takes longer",
    "confirmed": "sent; the partner has given the date on which the number moves",
    "completed": "moved: the number rings at its new place",
    "carrier_rejected": "sent; the carrier that has the number says no, and why",
    "cancel_pending": "to be called off; the partner has not said yes yet",
    "cancelled": "called off",
    "superseded": "replaced by a corrected row",
}


class CannotGoOn(Exception):
    """The rehearsal did not go as it should; the message says where."""


@dataclass(frozen=True)
class Desk:
    """The command line of one home.

    Attributes:
        home: the folder.
    """

    home: Path

    @property
    def config(self) -> Path:
        """Its settings."""
        return self.home / "config.yaml"

    @property
    def program(self) -> list[str]:
        """How batchport is called from here: by its command where it is installed beside this Python."""
        script = Path(sys.executable).with_name("batchport")
        return [str(_near(script))] if script.is_file() else [str(_near(Path(sys.executable))), "-m", "batchport"]

    def words(self, *arguments: str) -> str:
        """A command as it is typed."""
        return shlex.join([*self.program, *arguments])

    def at(self, time: str) -> list[str]:
        """The options that come before a command: this home's settings, and the time to go by."""
        return ["--config", str(self.config), "--at", time]

    def do(self, *arguments: str) -> None:
        """Carry a command out before the reader's eyes.

        Raises:
            CannotGoOn: it ended with an exit status that is more than 'something needs somebody'.
        """
        click.secho(f"$ {self.words(*arguments)}", bold=True)
        status = subprocess.run([*self.program, *arguments], check=False).returncode
        _must_be_fine(status, self.words(*arguments))
        if status == 1:
            click.echo("(exit status 1: something of this pass needs somebody, such as a rejected row)")

    def ask(self, *arguments: str) -> list[dict[str, Any]]:
        """The JSON lines that a command prints, on the evening of the last night.

        Raises:
            CannotGoOn: as for `do`.
        """
        before = self.at(NIGHTS[-1][0])
        done = subprocess.run([*self.program, *before, *arguments, "--format", "json"], check=False, stdout=subprocess.PIPE, text=True)
        _must_be_fine(done.returncode, self.words(*before, *arguments))
        return [json.loads(line) for line in done.stdout.splitlines()]


def _must_be_fine(status: int, words: str) -> None:
    if status not in (0, 1):
        raise CannotGoOn(f"`{words}` ended with exit status {status}")


def _near(path: Path) -> Path:
    """A path as it is typed from here."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def prepare(desk: Desk) -> None:
    """A home with both customers.

    Raises:
        CannotGoOn: the folder is somebody's home already.
    """
    if not desk.config.exists():
        desk.do("init", str(desk.home))
    text, example = desk.config.read_text("utf-8"), (SAMPLES.parent / "config.example.yaml").read_text("utf-8")
    if HARBOR in text:
        return
    if text != example:
        raise CannotGoOn(f"{desk.home} is a home that this rehearsal did not make; name another folder")
    desk.config.write_text(text.replace("\ncustomers:\n", f"\ncustomers:\n{HARBOR}", 1), "utf-8")
    click.echo(f"Customer harbor, a reseller, was added to {desk.config}.")


def there(home: Path, name: str) -> bool:
    """Whether a file of this name waits in the home, or was taken in already."""
    return any(path for room in ("inbox", "responses", "archive") for path in (home / room).rglob(name))


def drop_sheets(home: Path) -> int:
    """Put the samples into the inboxes, as customers do; how many were not there yet."""
    dropped = 0
    for customer in CUSTOMERS:
        inbox = home / "inbox" / customer
        inbox.mkdir(mode=0o700, exist_ok=True)
        for file in sorted((SAMPLES / "inbox" / customer).iterdir()):
            if not there(home, file.name):
                (inbox / file.name).write_bytes(file.read_bytes())
                dropped += 1
    return dropped


def drop_answers(home: Path, name: str) -> int:
    """Put the partner's answers where they arrive; how many files were not there yet."""
    if there(home, name):
        return 0
    (home / "responses" / PARTNER / name).write_bytes(as_the_partner_writes(SAMPLES / "answers" / name, home / "outbox" / PARTNER))
    return 1


def as_the_partner_writes(answers: Path, outbox: Path) -> bytes:
    """The sample answers with the order numbers of this home's submissions, which nobody knows beforehand.

    A line planned for a whole order names the order alone, once; a number that was never sent keeps its blank PON.
    """
    sent = {line["TN"]: (line["PON"], line["VER"]) for file in sorted(outbox.glob("*.csv")) for line in _lines(file)}
    text = io.StringIO(newline="")
    lines = [_said(line, sent) for line in _lines(answers)]
    writer = csv.DictWriter(text, list(lines[0]), lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({tuple(line.items()): line for line in lines}.values())
    return text.getvalue().encode()


def _said(line: dict[str, str], sent: dict[str, tuple[str, str]]) -> dict[str, str]:
    pon, ver = sent.get(line["TN"], ("", ""))
    whole = line["PLAN"].startswith("whole order")
    said = {**line, "PON": pon, "VER": ver, "TN": "" if whole else line["TN"]}
    del said["PLAN"]
    return said


def _lines(file: Path) -> Iterator[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as text:
        yield from csv.DictReader(text)


def play(desk: Desk) -> int:
    """The three nights; how many files were dropped in that were not there before."""
    dropped = 0
    for at, answers, words in NIGHTS:
        click.secho(f"\n{words}", bold=True)
        new = drop_sheets(desk.home) if answers is None else drop_answers(desk.home, answers)
        doors = "inbox" if answers is None else f"responses/{PARTNER}"
        click.echo(f"{_count(new, 'new file')} put into {desk.home / doors}/." if new else "Everything for this night was taken in before; nothing is put in again.")
        desk.do(*desk.at(at), "run")
        dropped += new
    return dropped


def seen(desk: Desk) -> tuple[dict[str, str], list[dict[str, Any]]]:
    """Every file of the home by its SHA-256, and every row, order and exception line as batchport shows it.

    The database itself is left out: it notes that a pass was made, and what it says of the rows is looked at instead.
    """
    files = {
        str(path.relative_to(desk.home)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(desk.home.rglob("*"))
        if path.is_file() and not path.name.startswith("batchport.db")
    }
    return files, [line for what in ("status", "orders", "exceptions") for line in desk.ask(what)]


def tell(desk: Desk, run: dict[str, Any]) -> None:
    """The story so far, for somebody who has never seen any of it."""
    rows, home = desk.ask("status"), desk.home
    sheets = Counter(row["customer"] for row in {(row["customer"], row["file"]): row for row in rows}.values())
    submissions = sorted((home / "outbox" / PARTNER).glob("*.csv"))
    orders = [order for order in desk.ask("orders") if order["ver"]]
    _title("What happened")
    click.echo(f"{len(rows)} numbers were asked for, in {sheets.total()} sheets of {len(sheets)} customers.")
    click.echo(f"{run['lines']['sent']} of them were sent to the partner, in {_count(len(orders), 'order')} and {_count(len(submissions), 'file')}.")
    click.echo("Where they are now:\n")
    states = Counter(row["state"] for row in rows)
    for state, meaning in MEANING.items():
        if states[state]:
            click.echo(f"  {states[state]:4}  {state.replace('_', ' '):17} {meaning}")
    _examples(home, rows)
    _title("The count")
    click.echo(f"{len(rows)} rows were read, and {states.total()} are in exactly one state.")
    click.echo(f"{run['lines']['sent']} lines were sent: {run['lines']['answered']} are answered, {run['lines']['outstanding']} outstanding.")
    strange = desk.ask("exceptions")
    if strange:
        one = strange[0]
        said = _count(len(strange), "further line")
        click.echo(f"{said} of the partner's spoke of something unknown, such as {one['tn'] or one['pon']}; `exceptions` shows them, and they change nothing.")
    _where(desk, submissions)


def _examples(home: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Two rows that were not sent, of different sheets, and one that the carrier refused, in the words that their customers read."""
    told = {line["Row ID"]: line for file in sorted((home / "results").rglob("*.csv")) for line in _lines(file)}
    first: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        if row["row_id"] in told:
            first.setdefault((row["state"], row["file"]), row)
    ours = [row for (state, _), row in first.items() if state == "rejected"][:2]
    theirs = [row for (state, _), row in first.items() if state == "carrier_rejected"][:1]
    click.echo("\nThree that were rejected, and why:")
    for row in (*ours, *theirs):
        said = told[row["row_id"]]
        click.echo(f"\n  {row['customer']}/{row['file']}, row {row['row']}, {said['Phone Number']} ({row['state'].replace('_', ' ')})")
        click.echo(f"    {said['What is wrong']}\n    What to do: {said['How to fix it']}")


def _where(desk: Desk, submissions: list[Path]) -> None:
    workbooks, mails = sorted((desk.home / "results").rglob("*.xlsx")), sorted((desk.home / "mail").glob("*.eml"))
    _title("Where to look")
    for what, files, name, words in (
        ("workbook", workbooks, "west-coast", "what the customers get back: their own rows, the cells at fault coloured, what to do beside them"),
        ("submission file", submissions, "", "what the partner gets"),
        ("mail", mails, "update", "what everybody is told; any mail program opens them"),
    ):
        shown = next((file for file in files if name in file.name), None)
        click.echo(f"  {_count(len(files), what)}: {words}\n    such as {shown}" if shown else f"  no {what}s")
    _title("Try next")
    for arguments in (("status", "--state", "carrier_rejected"), ("trace", "415-236-1001")):
        click.echo(f"  {desk.words('--config', str(desk.config), *arguments)}")


def _title(words: str) -> None:
    click.secho(f"\n{words}\n{'-' * len(words)}", bold=True)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def rehearse(desk: Desk) -> None:
    """The nights, one further pass that must change nothing, and the story.

    Raises:
        CannotGoOn: a command failed, the count does not come out, or the further pass changed something.
    """
    known = desk.config.exists()
    prepare(desk)
    before = seen(desk) if known else None
    dropped = play(desk)
    after = seen(desk)
    run = desk.ask("run")[-1]["run"]
    if not run["balanced"]:
        raise CannotGoOn("the count does not come out")
    if run["changed"] or seen(desk) != after:
        raise CannotGoOn("a further pass, with nothing new, changed something")
    tell(desk, run)
    same = f"{len(after[0])} files are byte for byte what they were, and {run['rows']['read']} rows are in the states they were in"
    if before == after and not dropped:
        _title("Nothing changed")
        click.echo(f"All of this was done before, and every pass of now found nothing to do: {same}.")
        click.echo(f"To play it from the start, remove {desk.home} and call this again.")
    else:
        click.echo(f"\nA further pass was made to see whether it changes anything. It does not: {same}.")


def main() -> None:
    """Play it in the folder that the command line names."""
    home = _near(Path(sys.argv[1] if len(sys.argv) > 1 else "scratch/night").absolute())
    try:
        rehearse(Desk(home))
    except CannotGoOn as problem:
        sys.exit(f"The rehearsal stopped: {problem}.")


if __name__ == "__main__":
    main()
