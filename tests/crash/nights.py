"""Nights that are cut off: what lies there when they begin, who answers outside, and what they leave behind."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from tests.conftest import EVENING, LOCAL, NEXT, THIRD, TOLL_FREE, Home, account, response, text_of
from tests.crash.moments import TAKEN
from tests.postgresql import database_of

#: What a mail tells, as far as it does not depend on how many mails tell it.
_THINGS = re.compile(r"[0-9]{3}-[0-9]{3}-[0-9]{4}|[a-z-]+\.(?:csv|xlsx)")
WAITING = account(2, btn="617-744-2200", account_number="C550", destination="line-7")
OTHERS = account(2, btn="617-755-2200", account_number="D770", destination="line-8")
SHEET = (LOCAL, *WAITING[:1], WAITING[1] | {"name": ""})


def end_of(home: Home) -> dict[str, Any]:
    """What a night left in its home: plain values, the same for two nights that ended the same."""
    folder = home.path
    status = home.json("status")
    return {
        "states": {f"{row['file']}:{row['row']}": row["state"] for row in status},
        "rows": [{name: value for name, value in row.items() if name not in ("since", "reasons")} for row in status],
        "reasons": [[reason["code"] for reason in row["reasons"]] for row in status],
        "orders": [{name: value for name, value in order.items() if name != "since"} for order in home.json("orders")],
        "sent": {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.glob("outbox/*/*"))},
        "twice": two_pons(home),
        "results": {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.glob("results/*/*.csv"))},
        "workbooks": sorted(path.name for path in folder.glob("results/*/*.xlsx")),
        "archived": [(str(path.relative_to(folder)), path.stat().st_size) for path in sorted(folder.glob("archive/*/*/*"))],
        "set aside": [(str(path.relative_to(folder)), path.stat().st_size) for path in sorted(folder.glob("quarantine/*/*"))],
        "waiting": sorted(str(path.relative_to(folder)) for door in ("inbox", "responses") for path in folder.glob(f"{door}/*/*")),
        "exceptions": [(line["file"], line["line"]) for line in home.exceptions()],
        "journal": home("audit", "verify").exit,
        "undone": home.json("parked"),
        "locked": sorted(path.name for path in folder.glob(".locks/*")),
        "half written": sorted(str(path.relative_to(folder)) for path in folder.rglob("*.writing")),
        "database": sound(home),
        "mails": [mail_facts(mail) for mail in home.mails()],
    }


def mail_facts(mail: EmailMessage) -> dict[str, Any]:
    """What is compared of a mail."""
    things = sorted(set(_THINGS.findall(f"{mail['Subject']}\n{text_of(mail)}")))
    return {"id": mail["Message-ID"], "kind": mail["Message-ID"].strip("<").partition(".")[0], "to": mail["To"], "things": things}


def two_pons(home: Home) -> list[str]:
    """Numbers that the submission files ask for under two PONs, of which neither was taken back before."""
    newest = {(line["PON"], line["TN"]): line["SUP"] for line in sorted(home.sent(), key=lambda line: (line["PON"], line["VER"]))}
    asked: dict[str, set[str]] = defaultdict(set)
    for (pon, tn), sup in newest.items():
        if sup != "1":
            asked[tn].add(pon)
    return sorted(tn for tn, pons in asked.items() if len(pons) > 1)


def sound(home: Home) -> list[str]:
    """What SQLite says of its file; of a server's database, which it looks after itself, nothing."""
    if database_of(home.path) is not None:
        return []
    with home.database() as database:
        return [str(row) for check in ("integrity_check", "foreign_key_check") for row in database.execute(f"pragma {check}")]


class Outside:
    """Nobody outside: files go into folders of the home, mails too.

    Attributes:
        forgets: whether what it was sent cannot be seen there afterwards.
    """

    forgets = False

    def begin(self) -> None:
        """As it is when the night begins."""

    def end(self) -> dict[str, Any]:
        """What it has, in addition to what the home has."""
        return {}


class MailOutside(Outside):
    """A mail server."""

    def __init__(self, mailbox: Any) -> None:
        self._mailbox = mailbox

    def begin(self) -> None:
        self._mailbox.got.clear()

    def end(self) -> dict[str, Any]:
        return {"mails": [mail_facts(mail) for mail in self._mailbox.got]}


class SftpOutside(Outside):
    """A partner's SFTP server, on which an answer lies."""

    def __init__(self, server: Any, answer: str, *, forgets: bool) -> None:
        self._server, self._answer, self.forgets = server, answer, forgets

    def begin(self) -> None:
        for folder in ("in", "taken", "out"):
            for file in (self._server.root / folder).iterdir():
                file.unlink()
        self._server.put("out", "a.csv", self._answer)
        self._server.renamed.clear()

    def end(self) -> dict[str, Any]:
        sent = {**self._server.files(), **self._server.files("taken")}
        return {
            "sent": {name: hashlib.sha256(data).hexdigest() for name, data in sorted(sent.items())},
            "named": sorted(new for _, new in self._server.renamed if new.endswith(".csv")), "answers": sorted(self._server.files("out")),
        }  # fmt: skip


Preparing = Callable[[Home, Path], Iterator[Outside]]


def first_night(home: Home, _: Path) -> Iterator[Outside]:
    """A sheet with a row that is wrong and one with a letter of authorization, and a sheet that cannot be read."""
    home.drop(*SHEET, TOLL_FREE, name="one.csv")
    home.drop(name="broken.csv", content=b"\x00\x01" * 99)
    yield Outside()


def second_night(home: Home, _: Path) -> Iterator[Outside]:
    """Answers, a response that is set aside, a sheet that corrects, and one that repeats."""
    home.drop(*SHEET, *account(2), name="one.csv")
    assert home.run(EVENING).exit == 1
    home.answer((home.pon("617-236-2200"), "01", "", "FOC", "", "", "2026-03-12"), ("", "", "6172340142", "REJECT", "8A"), ("", "", "6179990000", "ACK"), run=False)
    (home.path / "responses" / "sample" / "bad.csv").write_bytes(b"nothing of the kind")
    home.drop(*WAITING, name="corrected.csv")
    home.drop(*SHEET, *account(2), name="again.csv")
    yield Outside()


def third_night(home: Home, _: Path) -> Iterator[Outside]:
    """Further versions of sent orders: corrected, called off, given another date, cancelled so that a new order takes its place."""
    home.set("profile: generic-csv", "profile: generic-csv\n    fixed_fields: [pin]")
    home.drop(LOCAL, *WAITING, *account(2), *OTHERS, name="one.csv")
    assert home.run(EVENING).exit == 0
    first, second, third, fourth = (home.pon(tn) for tn in (WAITING[0]["tn"], "617-236-2200", OTHERS[0]["tn"], LOCAL["tn"]))
    home.answer((first, "01", "", "REJECT", "8C"), (second, "01", "", "REJECT", "8G"), (third, "01", "", "FOC", "", "", "2026-03-16"), run=False)
    home.drop(WAITING[1] | {"pin": "9090"}, name="pin.csv")
    assert home.run(NEXT).exit == 1
    home.answer((first, "02", "", "CANCEL"), ("", "", "6179990000", "ACK"), name="cancelled.csv", run=False)
    home.drop(account(2)[1] | {"name": "Harbor Bakery Inc", "action": "correct"}, name="name.csv")
    assert home("redate", third, "2026-03-18", "--why", "asked for", at=NEXT).exit == 0
    assert home("cancel", fourth, "--why", "asked for", at=NEXT).exit == 0
    yield Outside()


def together_night(home: Home, _: Path) -> Iterator[Outside]:
    """Small sheets that are taken in as one, and one that corrects a row of the first of them."""
    for number, rows in enumerate((WAITING, OTHERS, account(2), (WAITING[1] | {"pin": "9090", "account_number": "C551"},))):
        os.utime(home.drop(*rows, name=f"{number}.csv"), (time.time() - 600 + number,) * 2)
    yield Outside()


def mail_night(home: Home, _: Path) -> Iterator[Outside]:
    """Sheets and answers, and mails by SMTP: to two customers, a contact and the operator."""
    from tests.mailserver import Mailbox, served

    home.drop(*account(2), name="one.csv")
    assert home.run(EVENING).exit == 0
    home.answer((home.pon("617-236-2200"), "01", "", "FOC", "", "", "2026-03-12"), run=False)
    home.drop(*WAITING, LOCAL | {"contact_email": "maria@harbor.example"}, name="two.csv")
    home.drop(*OTHERS, name="three.csv", customer="harbor")
    mailbox = Mailbox()
    with served(mailbox) as server:
        home.set("operator: {email", f"smtp: {{host: 127.0.0.1, port: {server.port}, tls: plain, timeout: 5}}\noperator: {{email")
        yield MailOutside(mailbox)


def sftp_night(home: Home, there: Path, *, takes: bool = False) -> Iterator[Outside]:
    """A partner behind SFTP, who has answered; what it is sent stays where it is put."""
    from tests.integration.test_sftp import TN, reached_by
    from tests.servers import PASSWORD, sftp_server

    with sftp_server(there) as server:
        (home.path / "password").write_text(PASSWORD)
        (home.path / "password").chmod(0o600)
        reached_by(home, server, "password: {file: password}")
        assert home.take(LOCAL, at=EVENING).exit == 0
        server.faults.moves_at_once = takes
        home.drop(TOLL_FREE, name="two.csv")
        yield SftpOutside(server, response((home.pon(TN), "01", "", "FOC", "", "", "2026-03-12")), forgets=takes)


def taken_night(home: Home, there: Path) -> Iterator[Outside]:
    """A partner behind SFTP, who takes what it is sent at once, so that afterwards nobody can see whether it was there."""
    yield from sftp_night(home, there, takes=True)


NIGHTS: dict[str, tuple[Preparing, str]] = {
    "first": (first_night, EVENING), "second": (second_night, NEXT), "third": (third_night, THIRD), "together": (together_night, EVENING), "mail": (mail_night, NEXT), "sftp": (sftp_night, NEXT),
    "sftp, taken": (taken_night, NEXT),
}  # fmt: skip


@dataclass
class Night:
    """A night that is about to begin, with what it goes through and leaves when nothing happens.

    Attributes:
        name: of the night.
        moments: the names of its moments.
        end: what it leaves.
        seconds: how long it takes.
    """

    name: str
    at: str
    before: Path
    outside: Outside
    zygote: Any
    moments: list[str] = field(default_factory=list)
    end: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0

    def listed_again(self) -> list[str]:
        """The names of the moments, from the same night played once more."""
        path = self.before.with_name("again")
        shutil.copytree(self.before, path)
        self.outside.begin()
        try:
            return list(self.zygote.play(path, self.at).moments)
        finally:
            shutil.rmtree(path)

    def killed_at(self, *moments: str) -> str:
        """Play the night killed at a moment, and again killed at the next, and then to its end: `SAME`, or what else came of it."""
        return self._cut([{"moment": moment} for moment in moments])

    def killed_after(self, seconds: float) -> str:
        """Play the night killed from outside after so many seconds, or sooner where it ends before, and then to its end: `SAME`, or what else came of it."""
        while (outcome := self._cut([{"after": seconds}])) == _NOT_KILLED:
            seconds *= 0.8
        return outcome

    def _cut(self, cuts: list[dict[str, Any]]) -> str:
        path = self.before.with_name("cut")
        shutil.copytree(self.before, path)
        self.outside.begin()
        try:
            killed = [self.zygote.play(path, self.at, **cut).killed for cut in cuts]
            if not killed[0]:
                return _NOT_KILLED
            return self.judged(self.zygote.play(path, self.at, end=True), cuts)
        finally:
            shutil.rmtree(path)

    def judged(self, again: Any, cuts: Sequence[dict[str, Any]] = ()) -> str:
        """What is to be said of a night that was made again to its end."""
        if again.exit not in (0, 1):
            return f"WRONG: run again, it ended with {again.exit}: {again.err.strip()}"
        end = again.end | self.outside.end()
        wrong = self.differences(end)
        if not again.last["balanced"]:
            wrong.append("the count does not come out")
        if self.outside.forgets and again.exit == 1 and self._in_doubt(end):
            return IN_DOUBT
        if again.last["mails"]["waiting"]:
            wrong.append("mails wait")
        return f"WRONG: {'; '.join(wrong)}" if wrong else _of_mails(end["mails"], [cut.get("moment") for cut in cuts])

    def _in_doubt(self, end: dict[str, Any]) -> bool:
        """Whether a submission was given its name once, and is neither called sent nor sent again."""
        return bool(end["states"] != self.end["states"] and "ready" in end["states"].values() and end["sent"] == self.end["sent"] and end["named"] == self.end["named"])

    def differences(self, end: dict[str, Any]) -> list[str]:
        """What is not as at the end of the night when nothing happens, but for mails that came twice."""
        found = [f"{name}: {end[name]} instead of {whole}" for name, whole in self.end.items() if name != "mails" and end[name] != whole]
        told, tells = told_by(self.end), told_by(end)
        return found + [f"mails to {who}: {sorted(told.get(who, ()))} became {sorted(tells.get(who, ()))}" for who in told.keys() | tells.keys() if not _all_told(who[0], told.get(who), tells.get(who))]


#: What can come of a night that was cut off and made again.
SAME = "the same end"
SAME_MAIL_TWICE = "the same end, and one mail twice with the same Message-ID"
_NOT_KILLED = "WRONG: it came to its end"
IN_DOUBT = "the partner's server had taken the file, and nobody can know: the operator is told, and it is not sent again"


def _of_mails(mails: list[dict[str, Any]], moments: list[str | None]) -> str:
    """Whether each came once, or the one twice whose sender died between the server's yes and its being written down."""
    ids = [mail["id"] for mail in mails]
    twice = sorted(name for name in set(ids) if ids.count(name) > 1)
    if not twice:
        return SAME
    doubtful = [moment is None or moment.startswith(TAKEN) or (moment.endswith("outgoing.settle") and not moment.startswith("after")) for moment in moments]
    if len(twice) <= sum(doubtful) and all(ids.count(name) == 2 for name in twice):
        return SAME_MAIL_TWICE
    return f"WRONG: mails came twice: {twice}"


def told_by(end: dict[str, Any]) -> dict[tuple[str, str], set[str]]:
    """What each recipient was told by mails of each kind; the operator, which sheets and answers there were.

    What became of these is told of the pass in which it did. A partner's file that was set aside is told by the quarantine alone when the pass was cut off: nothing of
    it is stored.
    """
    told: dict[tuple[str, str], set[str]] = defaultdict(set)
    partners = {path.rpartition("/")[2] for path, _ in end["set aside"] if path.startswith("quarantine/sample/")}
    for mail in end["mails"]:
        told[mail["kind"], mail["to"]] |= {thing for thing in mail["things"] if mail["kind"] != "night" or not (thing[0].isdigit() or thing in partners)}
    return dict(told)


def _all_told(kind: str, told: set[str] | None, tells: set[str] | None) -> bool:
    """Whether mails tell what they should; the operator's mail tells more after a stop."""
    return told == tells or (kind == "night" and told is not None and tells is not None and told < tells)


@contextmanager
def night(name: str, fresh: Path, zygote: Any, folder: Path) -> Iterator[Night]:
    """A night, prepared and played once without anything happening."""
    prepare, at = NIGHTS[name]
    home = Home(Path(shutil.copytree(fresh, folder / "before")))
    with contextmanager(prepare)(home, folder / "there") as outside:
        found = Night(name, at, home.path, outside, zygote)
        whole = Path(shutil.copytree(home.path, folder / "whole"))
        outside.begin()
        played = zygote.play(whole, at, end=True)
        assert played.exit in (0, 1), played
        assert played.last["balanced"]
        found.moments, found.end, found.seconds = played.moments, played.end | outside.end(), played.seconds
        yield found
