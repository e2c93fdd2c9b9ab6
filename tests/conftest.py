"""A home for batchport, and the commands as a user gives them."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from unittest import mock

import pytest
from jinja2 import Environment

from tests.browser import _chromium as _chromium  # noqa: PLC0414  fixtures, which modules find here
from tests.browser import browser as browser  # noqa: PLC0414
from tests.postgresql import ON_POSTGRESQL, database_of, opened, server
from tests.postgresql import _homes_take_their_databases_along as _homes_take_their_databases_along  # noqa: PLC0414

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from batchport.spreadsheets.limits import Limits

ROOT = Path(__file__).parents[1]
SAMPLES = ROOT / "samples"
#: The evening on which the samples' story begins, a Monday, and the two after it.
NIGHTS = ("2026-03-02T20:00:00-05:00", "2026-03-03T20:00:00-05:00", "2026-03-04T20:00:00-05:00")
EVENING, NEXT, THIRD = NIGHTS
#: Nobody's time zone, address or settings shall make a test go otherwise.
_ENVIRONMENT = {"TZ": "UTC", "COLUMNS": "240"}

#: Rows without a fault, by field; each is one whole account.
LOCAL = {
    "tn": "617-234-0142", "account_number": "80144217", "pin": "4821", "losing_carrier": "Verizon", "account_type": "Single-Line", "number_type": "Business Local",
    "name": "Harbor Bakery LLC", "authorized_name": "Maria Garcia", "street_number": "120", "street_name": "Main St", "city": "Boston", "state": "MA",
    "postal_code": "02129", "destination": "line-0142",
}  # fmt: skip
MULTI = {
    **LOCAL, "tn": "617-236-2201", "btn": "617-236-2200", "account_number": "B7714420", "pin": "3391", "losing_carrier": "Lumen", "account_type": "Multi-Line",
    "destination": "line-2201",
}  # fmt: skip
TOLL_FREE = {
    "tn": "800-234-7301", "losing_carrier": "Lumen", "resporg_id": "QXT01", "account_type": "Single-Line", "number_type": "Business Toll Free",
    "name": "Harbor Bakery LLC", "authorized_name": "Maria Garcia", "destination": "trunk-1", "loa_file": "harbor-loa.pdf",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Result:
    """What a command left behind."""

    exit: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Standard output as JSON, an object a line and nothing else."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def last(self) -> dict[str, Any]:
        """The last line's `run`."""
        return cast("dict[str, Any]", self.lines[-1]["run"])


#: Reading processes that no command uses just now, by their limits.
_IDLE: dict[Limits, list[Any]] = {}


@contextlib.contextmanager
def warm_readers() -> Iterator[None]:
    """Reading processes outlive a command here as they outlive a file there: to start one takes longer than most tests do."""
    from batchport.spreadsheets import pool

    class Warm(pool._Process):
        def __init__(self, limits: Limits) -> None:
            super().__init__(limits)
            self.limits = limits

        def end(self) -> None:
            if self.dead or self.waiting or self.limits not in _IDLE:
                super().end()
            else:
                _IDLE[self.limits].append(self)

    def started(limits: Limits) -> Any:
        idle = _IDLE.setdefault(limits, [])
        while idle:
            process = idle.pop()
            if not process.dead:
                return process
            process.end()
        return Warm(limits)

    with mock.patch.object(pool, "_Process", started):
        yield


@pytest.fixture(scope="session", autouse=True)
def _no_reader_is_left() -> Iterator[None]:
    yield
    left = [process for idle in _IDLE.values() for process in idle]
    _IDLE.clear()
    for process in left:
        process.end()


@pytest.fixture(scope="session", autouse=True)
def _packaged_templates_are_proved_once() -> Iterator[None]:
    """Every pass renders every mail to see whether it can; where no template is an installation's own, once is enough for all tests of a process."""
    from batchport.mail import compose

    whole, proved = compose.Composer.prove, set()

    def prove(self: compose.Composer, customers: Mapping[str, str] | None = None) -> None:
        key = (compose.template_folder(), None if customers is None else frozenset(customers.values()))
        if self._folders or key not in proved:
            whole(self, customers)
            proved.add(key)

    with mock.patch.object(compose.Composer, "prove", prove):
        yield


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever finds a pass at work does not wait for its end, not even for a moment."""
    from batchport.pipeline import lease

    monkeypatch.setattr(lease.alone.__wrapped__, "__defaults__", (0.0,))


def batchport(*args: object, at: str | None = None, config: Path | None = None) -> Result:
    """A command, in this process."""
    from batchport.cli import main

    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.TextIOWrapper(io.BytesIO(), "utf-8")
    with mock.patch.object(sys, "argv", ["batchport", *_arguments(args, at, config)]), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), warm_readers():
        try:
            main()
        except SystemExit as end:
            status = int(end.code or 0)
    texts = []
    for stream in (out, err):
        stream.flush()
        texts.append(cast("io.BytesIO", stream.buffer).getvalue().decode())
    return Result(status, *texts)


def batchport_process(*args: object, at: str | None = None, config: Path | None = None, **options: Any) -> Result:
    """A command, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "batchport", *_arguments(args, at, config)], capture_output=True, text=True, check=False, timeout=120,
        env={**os.environ, **_ENVIRONMENT, "PYTHONPATH": str(ROOT), **options.pop("env", {})}, **options,
    )  # fmt: skip
    return Result(done.returncode, done.stdout, done.stderr)


def _arguments(args: Iterable[object], at: str | None, config: Path | None) -> list[str]:
    before = ["--config", str(config)] if config is not None else []
    return [*before, *(("--at", at) if at else ()), *map(str, args)]


def sheet(*rows: Mapping[str, str]) -> str:
    """A CSV sheet of rows by field, with the template's labels for the fields that any of them has."""
    from batchport.domain.fields import FIELDS

    fields = [field for field in FIELDS if any(field.name in row for row in rows)]
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\r\n")
    writer.writerow([field.label for field in fields])
    writer.writerows([row.get(field.name, "") for field in fields] for row in rows)
    return target.getvalue()


def numbers(first: str, count: int, **row: str) -> list[dict[str, str]]:
    """Rows for consecutive numbers, each to a line of its own."""
    start = int(first.replace("-", ""))
    return [{**row, "tn": str(start + n), "destination": f"line-{start + n}"} for n in range(count)]


def account(count: int = 3, **changes: str) -> list[dict[str, str]]:
    """The rows of one whole account of several lines, its billing number among them."""
    base = {**MULTI, **changes}
    return numbers(base["btn"], count, **base)


class Home:
    """An installation in a folder of its own, with customers acme and harbor and partner sample."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config = path / "config.yaml"

    def __call__(self, *args: object, at: str | None = EVENING) -> Result:
        """A command on this installation."""
        return batchport(*args, at=at, config=self.config)

    def json(self, *args: object, at: str | None = EVENING) -> list[dict[str, Any]]:
        """What a command prints as JSON."""
        return self(*args, "--format", "json", at=at).lines

    def run(self, at: str = EVENING) -> Result:
        """A whole pass."""
        return self("run", "--format", "json", at=at)

    def set(self, old: str, new: str) -> None:
        """Change the settings."""
        text = self.config.read_text("utf-8")
        assert old in text
        self.config.write_text(text.replace(old, new), "utf-8")

    def drop(self, *rows: Mapping[str, str], name: str = "sheet.csv", customer: str = "acme", content: str | bytes | None = None, papers: bool = True) -> Path:
        """Put a sheet into a customer's inbox, with the papers that its rows name, as if it had lain there for a while."""
        from batchport.domain.cases import pdf

        for paper in {row[field] for row in rows for field in ("loa_file", "invoice_file") if papers and row.get(field)}:
            settled(self.path / "inbox" / customer / paper, pdf())
        text = sheet(*rows) if content is None else content
        return settled(self.path / "inbox" / customer / name, text)

    def take(self, *rows: Mapping[str, str], name: str = "sheet.csv", customer: str = "acme", at: str = EVENING) -> Result:
        """Drop a sheet, and run."""
        self.drop(*rows, name=name, customer=customer)
        return self.run(at)

    def answer(self, *lines: Sequence[str], name: str = "answer.csv", partner: str = "sample", at: str = NEXT, run: bool = True) -> Result:
        """Drop a response of lines (PON, VER, TN, STATUS, CODE, TEXT, FOC_DATE, AT; what is missing is blank), and run."""
        settled(self.path / "responses" / partner / name, response(*lines))
        return self.run(at) if run else Result(0, "", "")

    def sent(self, partner: str = "sample") -> list[dict[str, str]]:
        """The lines of all submission files, in their order."""
        files = sorted(self.path.glob(f"outbox/{partner}/*.csv"))
        return [line for file in files for line in csv.DictReader(io.StringIO(file.read_bytes().decode(), newline=""))]

    def pon(self, tn: str) -> str:
        """The order that a number is in."""
        found = [line["pon"] for line in self.json("status", "--tn", tn) if line["pon"]]
        assert len(found) == 1, f"{tn} is in orders {found}"
        return str(found[0])

    def states(self) -> dict[str, str]:
        """Each row as FILE:ROW, and its state."""
        return {f"{line['file']}:{line['row']}": line["state"] for line in self.json("status")}

    def rows(self, tn: str) -> list[dict[str, Any]]:
        """What `status` says of a number."""
        return self.json("status", "--tn", tn)

    def state(self, tn: str) -> str:
        """The state of the newest row for a number."""
        return str(self.rows(tn)[-1]["state"])

    def exceptions(self) -> list[dict[str, Any]]:
        """The open exception lines."""
        return self.json("exceptions")

    def mails(self, kind: str = "") -> list[EmailMessage]:
        """The mails in the mail folder, of one kind where that is named."""
        files = sorted((self.path / "mail").glob(f"{kind}*.eml"))
        return [cast("EmailMessage", BytesParser(policy=policy.default).parsebytes(file.read_bytes())) for file in files]

    @property
    def url(self) -> str:
        """The URL of its database."""
        return database_of(self.path) or f"sqlite:///{self.path / 'batchport.db'}"

    @contextlib.contextmanager
    def database(self) -> Iterator[Any]:
        """The database, to look into and to change by hand: `execute` takes `?`, and what was done is kept when the block is left."""
        url = database_of(self.path)
        with opened(url) if url is not None else contextlib.closing(sqlite3.connect(self.path / "batchport.db")) as database, database:
            yield database

    @contextlib.contextmanager
    def held(self) -> Iterator[Any]:
        """The database as another program has it that writes: nobody else can, and nothing of it is kept."""
        if database_of(self.path) is None:
            with contextlib.closing(sqlite3.connect(self.path / "batchport.db", isolation_level=None)) as database:
                database.execute("begin immediate")
                yield database
                database.execute("rollback")
        else:
            from batchport.store.postgresql import WRITING

            with self.database() as database:
                database.execute("select pg_advisory_xact_lock(?)", (WRITING,))
                yield database
                database.rollback()

    def bring_back(self, revision: str) -> None:
        """Give the database the tables that it had at a migration."""
        import sqlalchemy
        from alembic import command
        from alembic.config import Config

        settings = Config()
        settings.set_main_option("script_location", str(ROOT / "batchport" / "store" / "migrations"))
        engine = sqlalchemy.create_engine(self.url.replace("postgresql:", "postgresql+psycopg:"))
        with engine.begin() as connection:
            settings.attributes["connection"] = connection
            command.downgrade(settings, revision)
            if revision < "0010":
                self._unmark_root(connection)
        engine.dispose()

    def _unmark_root(self, connection: Connection) -> None:
        """Seal the root as it was before the journal was chained."""
        from sqlalchemy import select

        from batchport.seal import Keyring
        from batchport.store.schema import meta

        keyring, root = Keyring.parse((self.path / "keys" / "seal.key").read_text(), ""), meta.c.name == "root"
        plain = keyring.unseal(connection.execute(select(meta.c.value).where(root)).scalar_one(), "root")
        connection.execute(meta.update().where(root).values(value=keyring.seal(plain[:32], "root")))

    def files(self) -> dict[str, bytes]:
        """Every file below the home, but the database."""
        found = {str(path.relative_to(self.path)): path.read_bytes() for path in sorted(self.path.rglob("*")) if path.is_file()}
        return {name: data for name, data in found.items() if not name.startswith("batchport.db")}


def settled(path: Path, content: str | bytes) -> Path:
    """A file that was last changed a minute ago."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    before = time.time() - 60
    os.utime(path, (before, before))
    return path


def response(*lines: Sequence[str]) -> str:
    """A response file in the form of `generic-csv`."""
    header = ("PON", "VER", "TN", "STATUS", "CODE", "TEXT", "FOC_DATE", "AT")
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows((*line, *[""] * (len(header) - len(line))) for line in lines)
    return target.getvalue()


def text_of(mail: EmailMessage) -> str:
    """The text part of a mail."""
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def both_parts(mail: EmailMessage) -> str:
    """The text and the HTML part of a mail, its subject before them."""
    html = mail.get_body(("html",))
    assert html is not None
    return f"{mail['Subject']}\n{text_of(mail)}\n{html.get_content()}"


def snapshot(path: Path) -> dict[str, tuple[int, bytes]]:
    """Every file below a folder with its mode and bytes; of the database what stands beside it while it is open is left out."""
    files = (file for file in sorted(path.rglob("*")) if file.is_file() and not file.name.endswith(("-wal", "-shm")))
    return {str(file.relative_to(path)): (file.stat().st_mode & 0o777, file.read_bytes()) for file in files}


def ordered_pons(text: str, known: dict[str, str] | None = None) -> str:
    """A text with its PONs replaced by P000000000001, P000000000002, ... in the order in which they first appear."""
    names = {} if known is None else known
    return re.sub(r"\bP[0-9A-HJKMNP-TV-Z]{11}\b", lambda found: names.setdefault(found[0], f"P{len(names) + 1:011d}"), text)


@pytest.fixture(scope="session", autouse=True)
def _templates_are_compiled_once() -> Iterator[None]:
    """Keeps what Jinja made of a template: compiling the mails is most of what a small pass does, and a process of our own would do it once."""
    whole, known = Environment.compile, {}

    def compile_once(self: Environment, source: Any, name: str | None = None, filename: str | None = None, *rest: Any, **others: Any) -> Any:
        key = (source, name, filename, callable(self.autoescape) or self.autoescape, type(self), rest, *others.items())
        if key not in known:
            known[key] = whole(self, source, name, filename, *rest, **others)
        return known[key]

    with mock.patch.object(Environment, "compile", compile_once):
        yield


@pytest.fixture(autouse=True)
def _calm_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings of whoever runs the tests, and one time zone."""
    for name in ("BATCHPORT_CONFIG", "BATCHPORT_AT", "BATCHPORT_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in _ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    time.tzset()


@pytest.fixture(scope="session")
def _fresh_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `init` makes, and a database without rows: made once, copied for every test."""
    return make_fresh_home(tmp_path_factory.mktemp("fresh") / "home")


def make_fresh_home(path: Path) -> Path:
    """What `init` makes in a folder, with customers acme and harbor, and a database without rows."""
    assert batchport("init", path).exit == 0
    home = Home(path)
    home.set("partners:\n", "  harbor: {name: Harbor Voice, email: ports@harbor.example}\npartners:\n")
    home.set("limits:\n", "limits:\n  settle: 0.05\n")
    if ON_POSTGRESQL:
        home.set("home: .\n", f"home: .\ndatabase: {server().new()}\n")
    assert home("orders").exit == 0
    return path


@pytest.fixture
def make_home(_fresh_home: Path, tmp_path: Path) -> Callable[[str], Home]:
    """Makes further homes."""

    def make(name: str) -> Home:
        return Home(Path(shutil.copytree(_fresh_home, tmp_path / name)))

    return make


@pytest.fixture
def home(make_home: Callable[[str], Home]) -> Home:
    """A home made by `init`."""
    return make_home("home")


@dataclass(frozen=True, slots=True)
class Story:
    """The samples' three nights: the home they ended in, and what each left behind."""

    home: Home
    passes: tuple[Result, ...]
    mails: tuple[tuple[EmailMessage, ...], ...]


@pytest.fixture(scope="session")
def story(_fresh_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """The samples' story, played once; tests look at it and change nothing."""
    home = Home(Path(shutil.copytree(_fresh_home, tmp_path_factory.mktemp("story") / "home")))
    for source in sorted(SAMPLES.glob("inbox/*/*")):
        settled(home.path / "inbox" / source.parent.name / source.name, source.read_bytes())
    passes, mails, seen = [], [], set()
    for night, at in enumerate(NIGHTS, 1):
        if night > 1:
            settled(home.path / "responses" / "sample" / f"night-{night}.csv", with_pons(SAMPLES / "answers" / f"night-{night}.csv", home.sent()))
        passes.append(home.run(at))
        new = [mail for mail in home.mails() if mail["Message-ID"] not in seen]
        seen |= {mail["Message-ID"] for mail in new}
        mails.append(tuple(sorted(new, key=lambda mail: (mail["Message-ID"].split(".")[0], mail["To"]))))
    return Story(home, tuple(passes), tuple(mails))


def with_pons(answers: Path, sent: Iterable[Mapping[str, str]]) -> str:
    """The samples' answers as a partner would write them, who knows our PONs: a line for a whole order has no number."""
    pons = {line["TN"]: line["PON"] for line in sent}
    target = io.StringIO()
    rows = list(csv.DictReader(io.StringIO(answers.read_text("utf-8"))))
    writer = csv.DictWriter(target, rows[0])
    writer.writeheader()
    for row in rows:
        whole = row["PLAN"].startswith("whole order")
        writer.writerow(row | {"PON": pons.get(row["TN"], ""), "TN": "" if whole else row["TN"]})
    return target.getvalue()
