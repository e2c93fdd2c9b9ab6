"""The settings of an installation: `config.yaml`, read once, checked wholly, refused by name where something in it is not known."""

from __future__ import annotations

import base64
import binascii
import difflib
import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator

from batchport.domain.fields import BY_NAME
from batchport.domain.findings import catalogue
from batchport.domain.language import Language
from batchport.domain.terms import Terms
from batchport.log import Form, Level
from batchport.yaml_text import Document, UnreadableYaml, explain, nearest, read_yaml

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
Email = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]


class ConfigProblem(Exception):
    """Settings that cannot be used; the message says which file, which line, and what to do."""


class Model(BaseModel):
    """Settings refuse what they do not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, defer_build=True)


class Secret(Model):
    """Where a secret is: in an environment variable or in a file, never in the settings themselves."""

    env: str | None = None
    file: Path | None = None

    @model_validator(mode="before")
    @classmethod
    def _not_itself(cls, value: object) -> object:
        if not isinstance(value, Mapping | Secret):
            raise ValueError("a secret is never written here; name where it is, as {env: NAME} or {file: PATH}")  # noqa: TRY004  pydantic wants this kind
        return value

    @model_validator(mode="after")
    def _one_of_two(self) -> Secret:
        if (self.env is None) == (self.file is None):
            raise ValueError("a secret is named as {env: NAME} or {file: PATH}")
        return self

    def at(self, home: Path) -> Secret:
        """The same secret, its file named by its whole path."""
        return self if self.file is None else Secret(file=home / self.file)

    def read(self, home: Path) -> SecretStr:
        """The secret itself."""
        if self.env is not None:
            value = os.environ.get(self.env)
            if not value:
                raise ConfigProblem(f"the environment variable {self.env}, which the configuration names for a secret, is not set")
            return SecretStr(value)
        path = home / (self.file or "")
        try:
            return SecretStr(path.read_text("utf-8").strip("\n"))
        except OSError as error:
            raise ConfigProblem(f"the file {path}, which the configuration names for a secret, cannot be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise ConfigProblem(f"the file {path}, which the configuration names for a secret, is not text; keys are written as text (armored)") from None


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, LookupError, OSError):  # a folder of zones is an OSError
        raise ValueError(f"there is no time zone {name!r}{nearest(name, sorted(available_timezones()))}") from None
    return name


def _cron(expression: str) -> str:
    try:
        next(CronSim(expression, datetime(2026, 1, 1, tzinfo=UTC)))
    except (CronSimError, StopIteration) as error:
        raise ValueError(f"{expression!r} is not a cron expression of five fields that ever comes true, such as '0 21 * * *': {error}") from None
    return expression


def _language(value: object) -> object:
    # French is that of Canada, however it is named; English is one for all.
    return re.sub(r"[-_][A-Za-z]{2}$", "", value) if isinstance(value, str) else value


Zone = Annotated[str, AfterValidator(_zone)]


class Papers(Model):
    """Which papers every row must come with, beyond what is asked for anyway."""

    loa: Literal["always"] | None = None
    invoice: Literal["always"] | None = None


class Customer(Model):
    """Who sends sheets."""

    name: str
    email: Email
    language: Annotated[Language, BeforeValidator(_language)] = "en"
    timezone: Zone = "America/New_York"
    defaults: dict[str, str] = {}
    columns: dict[str, str] = {}
    severities: dict[str, Literal["error", "warning", "info"]] = {}
    roster: Path | None = None
    date_order: Literal["mdy", "dmy", "ymd"] | None = None
    destination: Annotated[str, Field(min_length=1)] | None = None
    papers: Papers = Papers()
    on_rejected_row: Literal["hold", "release"] = "hold"
    late_date: Literal["hold", "earliest"] = "hold"
    done_file: bool = False
    alert: bool = False

    @model_validator(mode="after")
    def _one_destination(self) -> Customer:
        if self.destination is not None and "destination" in self.defaults:
            raise ValueError("'destination' and 'defaults: {destination: ...}' say the same; name one of them")
        return self

    @field_validator("defaults")
    @classmethod
    def _fields_are_known(cls, defaults: dict[str, str]) -> dict[str, str]:
        for name in defaults:
            if name not in BY_NAME:
                raise ValueError(f"there is no field {name!r}{nearest(name, list(BY_NAME))}")
        return defaults

    @field_validator("columns")
    @classmethod
    def _columns_are_known(cls, columns: dict[str, str]) -> dict[str, str]:
        for name in columns.values():
            if name not in BY_NAME:
                raise ValueError(f"there is no field {name!r}{nearest(name, list(BY_NAME))}")
        return columns

    @field_validator("severities")
    @classmethod
    def _codes_may_change(cls, severities: dict[str, str]) -> dict[str, str]:
        for code, severity in severities.items():
            rule = catalogue().get(code)
            if rule is None:
                raise ValueError(f"there is no finding {code!r}{nearest(code, list(catalogue()))}")
            fixed = code.startswith(("file-", "column-", "row-")) or (code.startswith("tn-") and rule.severity == "error")
            if fixed and severity != rule.severity and rule.severity == "error":
                raise ValueError(f"{code} cannot be made less than an error")
        return severities

    def terms(self, customer: str) -> Terms:
        """What the customer's own settings say to the checks."""
        return Terms(
            customer, self.defaults | ({"destination": self.destination} if self.destination else {}), self.severities, release_rejected=self.on_rejected_row == "release", date_order=self.date_order or "",
            loa=self.papers.loa == "always", invoice=self.papers.invoice == "always",
        )  # fmt: skip


class Local(Model):
    """Files are written into `outbox/<partner>/` and read from `responses/<partner>/` of the home."""

    kind: Literal["local"] = "local"


def _host_key(line: str) -> str:
    words = line.split()
    try:
        name = words[0].encode()
        blob = base64.b64decode(words[1], validate=True)
        good = blob[:4] == len(name).to_bytes(4, "big") and blob[4 : 4 + len(name)] == name
    except (IndexError, ValueError, binascii.Error):
        good = False
    if not good:
        raise ValueError("a host key is a line such as 'ssh-ed25519 AAAAC3Nza...', as the partner gives it")
    return f"{words[0]} {words[1]}"


HostKey = Annotated[str, AfterValidator(_host_key)]
RemoteFolder = Annotated[str, Field(min_length=1)]


class Sftp(Model):
    """A partner's SFTP server. Its host keys are pinned: there is no way to do without.

    Attributes:
        host, port, username: where, and as whom.
        password, key: how to prove it; one of them, or both.
        host_keys: the keys that the server may have; several while it changes from one to the next.
        outbox: the folder there that submissions go to.
        responses: the folder there that answers are fetched from; none are fetched without it.
        after_download: what becomes of the partner's copy when ours is stored.
        move_to: the folder there for copies that are moved.
        timeout: seconds to wait for the server's answer to one request, or for a megabyte.
    """

    kind: Literal["sftp"]
    host: str
    port: Annotated[int, Field(ge=1, le=65535)] = 22
    username: str
    password: Secret | None = None
    key: Secret | None = None
    host_keys: tuple[HostKey, ...]
    outbox: RemoteFolder
    responses: RemoteFolder | None = None
    after_download: Literal["delete", "move"] = "delete"
    move_to: RemoteFolder | None = None
    timeout: Annotated[float, Field(gt=0)] = 60

    @model_validator(mode="after")
    def _agrees(self) -> Sftp:
        if not self.host_keys:
            raise ValueError("name the server's host key in 'host_keys'; there is no way to do without")
        if self.password is None and self.key is None:
            raise ValueError("the server asks who we are: name a 'password' or a 'key', as {env: NAME} or {file: PATH}")
        if (self.after_download == "move") != (self.move_to is not None):
            raise ValueError("'after_download: move' and 'move_to' go together")
        if self.move_to is not None and self.move_to.rstrip("/") in {(self.responses or "").rstrip("/"), self.outbox.rstrip("/")}:
            raise ValueError("'move_to' must be another folder than 'responses' and 'outbox'")
        return self


def _by_kind(value: object) -> object:
    return {"kind": value} if isinstance(value, str) else value


def _listed(value: object) -> object:
    return [value] if isinstance(value, dict) else value


PgpKeys = Annotated[tuple[Secret, ...], BeforeValidator(_listed)]


class Pgp(Model):
    """What is done to files with PGP; each key is named as a secret is.

    Attributes:
        encrypt_to: the partner's keys; submissions can be read with any of them.
        sign_with: our own secret key for signing submissions.
        decrypt_with: our own secret keys that the partner encrypts to; several while one takes over from another.
        verify_with: the partner's keys; an answer that none of them has signed is set aside.
        passphrase: of our own secret keys, where they have one.
        suffix: what the name of a signed or encrypted submission ends with.
    """

    encrypt_to: PgpKeys = ()
    sign_with: Secret | None = None
    decrypt_with: PgpKeys = ()
    verify_with: PgpKeys = ()
    passphrase: Secret | None = None
    suffix: Annotated[str, Field(pattern=r"^\.[A-Za-z0-9]{1,10}$")] = ".pgp"

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """All keys, and the passphrase."""
        singles = (secret for secret in (self.sign_with, self.passphrase) if secret is not None)
        return (*self.encrypt_to, *self.decrypt_with, *self.verify_with, *singles)

    def at(self, home: Path) -> Pgp:
        """The same, with the files of all keys named by their whole paths."""
        lists = {name: tuple(secret.at(home) for secret in getattr(self, name)) for name in ("encrypt_to", "decrypt_with", "verify_with")}
        singles = {name: secret.at(home) for name in ("sign_with", "passphrase") if (secret := getattr(self, name)) is not None}
        return self.model_copy(update={**lists, **singles})

    @model_validator(mode="after")
    def _does_something(self) -> Pgp:
        if not (self.encrypt_to or self.sign_with or self.decrypt_with or self.verify_with):
            raise ValueError("name what is to be done: 'encrypt_to', 'sign_with', 'decrypt_with', 'verify_with'")
        return self


def _resend_name(template: str) -> str:
    try:
        first, second = (template.format(stem="a", suffix=".csv", number=number) for number in (1, 2))
    except (LookupError, ValueError, AttributeError) as error:
        raise ValueError(f"the name of a file that is sent again is a template such as '{{stem}}-resend{{number}}{{suffix}}': {error}") from None
    if first == second:
        raise ValueError("needs {number}, or a second time would take the place of the first")
    if set(first) & set("/\\\0\r\n") or first.startswith("."):
        raise ValueError(f"this makes '{first}', which is not the name of a file that can be seen, without a folder")
    return template


class Partner(Model):
    """Whom submission files are sent to. What is set here beside the profile's name changes the profile.

    Attributes:
        profile: the name of a profile, or its file.
        transport: how files get there and back.
        pgp: whether they are signed and encrypted.
        resend_name: the name under which `resend` sends a file again; the same one without it.
    """

    model_config = ConfigDict(extra="allow", frozen=True, hide_input_in_errors=True)

    profile: str
    transport: Annotated[Annotated[Local | Sftp, Field(discriminator="kind")], BeforeValidator(_by_kind)] = Local()
    pgp: Pgp | None = None
    resend_name: Annotated[str, AfterValidator(_resend_name)] | None = None

    @property
    def overrides(self) -> dict[str, Any]:
        """What is set otherwise than in the profile."""
        return dict(self.model_extra or {})


class Route(Model):
    """Which partner an order goes to; the first route that fits counts, and one without conditions fits all."""

    partner: str
    losing_carrier: str | None = None
    number_class: Literal["local", "wireless", "toll_free"] | None = None
    country: Literal["US", "CA"] | None = None
    customer: str | None = None


class Smtp(Model):
    """The mail server.

    Attributes:
        host, port: where it is.
        tls: STARTTLS, TLS from the first byte, or none, which is for this machine alone.
        username, password: whom to log in as; without a name there is no login.
        timeout: seconds to wait for each of its answers.
        per_minute: the most mails it is given in a minute; None: as many as there are.
    """

    host: str
    port: int = 587
    tls: Literal["starttls", "implicit", "plain"] = "starttls"
    username: str | None = None
    password: Secret | None = None
    timeout: float = 60
    per_minute: Annotated[int, Field(ge=1)] | None = None


class Operator(Model):
    """Who looks after the installation: hears of every night, and answers customers; mails come from this address.

    Attributes:
        email: the address.
        name: of the company that numbers are moved to, as letters of authorization name it.
    """

    email: Email
    name: Annotated[str, Field(min_length=1)] | None = None


class Schedule(Model):
    """When `serve` works."""

    timezone: Zone = "America/New_York"
    every_minutes: Annotated[int, Field(ge=1, le=1440)] = 5
    nightly: Annotated[str, AfterValidator(_cron)] = "0 21 * * *"


class Limits(Model):
    """What is still read as a sheet of requests."""

    file_megabytes: int = 512
    rows: int = 1_048_576
    columns: int = 200
    cell_signs: int = 32_767
    reader_seconds: float = 600
    settle: float = 2.0
    papers_wait: Annotated[float, Field(ge=0)] = 60
    paper_megabytes: Annotated[int, Field(ge=1)] = 10


class Log(Model):
    """What is told of the work while it goes on, on standard error.

    Attributes:
        format: lines for people, or a JSON object a line.
        level: the least that is told.
    """

    format: Form = "console"
    level: Level = "info"


class Metrics(Model):
    """Figures for Prometheus: in a file, at a port of `serve`, or both.

    Attributes:
        file: written after every pass, for the textfile collector of node_exporter.
        port, address: where `serve` answers to `/metrics`, `/healthz` and `/readyz`.
    """

    file: Path | None = None
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    address: str = "127.0.0.1"

    @model_validator(mode="after")
    def _somewhere(self) -> Metrics:
        if self.file is None and self.port is None:
            raise ValueError("name where the figures go: a 'file', or a 'port' of serve")
        return self


class Archive(Model):
    """How what was read is kept.

    Attributes:
        seal: whether files in archive and quarantine are sealed; without it they lie there as they came, readable by their owner alone.
    """

    seal: bool = True


Days = Annotated[int, Field(ge=0, le=36_500)]


class Retention(Model):
    """For how many days what is no longer needed is kept; `purge` takes it away then, and never what was not sent or not answered.

    Attributes:
        pins: after the end of the order.
        papers: after they came, in the database.
        originals: after they came, in the archive; rejected rows keep their PINs for as long.
        quarantine: after they were set aside.
        results: after the sheet came.
        mails: after they were written, as `.eml` files.
        submissions: after they were sent, their bytes in the database.
    """

    pins: Days = 0
    papers: Days = 180
    originals: Days = 400
    quarantine: Days = 90
    results: Days = 400
    mails: Days = 90
    submissions: Days = 90


class Settings(Model):
    """All settings of an installation."""

    home: Path = Path()
    database: str | None = None
    keys: Secret = Secret(file=Path("keys/seal.key"))
    customers: dict[Name, Customer] = {}
    partners: dict[Name, Partner] = {}
    routes: tuple[Route, ...] = ()
    smtp: Smtp | None = None
    templates: Path | None = None
    operator: Operator = Operator(email="operator@batchport.example")
    schedule: Schedule = Schedule()
    limits: Limits = Limits()
    log: Log | None = None
    metrics: Metrics | None = None
    archive: Archive = Archive()
    retention: Retention = Retention()
    territories: bool = True

    @model_validator(mode="after")
    def _routes_lead_somewhere(self) -> Settings:
        for route in self.routes:
            if route.partner not in self.partners:
                raise ValueError(f"a route leads to partner {route.partner!r}, which is not among `partners`{nearest(route.partner, list(self.partners))}")
            if route.customer is not None and route.customer not in self.customers:
                raise ValueError(f"a route names customer {route.customer!r}, which is not among `customers`{nearest(route.customer, list(self.customers))}")
        return self

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """The sealing keys, and what servers are told to be let in; what files are protected with by PGP stands with each partner."""
        transports = [partner.transport for partner in self.partners.values() if isinstance(partner.transport, Sftp)]
        named = (self.smtp.password if self.smtp is not None else None, *(secret for each in transports for secret in (each.password, each.key)))
        return (self.keys, *(secret for secret in named if secret is not None))

    @property
    def database_url(self) -> str:
        """The database's URL."""
        return self.database or f"sqlite:///{self.home / 'batchport.db'}"

    @property
    def template_folders(self) -> tuple[Path, ...]:
        """Where the operator's own templates are, before the packaged ones; nowhere, where there are none."""
        return () if self.templates is None else (self.home / self.templates,)

    def folder(self, *parts: str) -> Path:
        """A folder of the home."""
        return self.home.joinpath(*parts)


def load(path: Path) -> Settings:
    """The settings in a file, with `home` made absolute.

    Raises:
        ConfigProblem: the file cannot be read, or something in it is wrong.
    """
    if not path.is_file():
        raise ConfigProblem(f"there is no configuration at {path}; `batchport init DIR` makes one, `--config FILE` names another")
    try:
        document = read_yaml(path.read_text("utf-8-sig"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigProblem(f"the configuration {path} cannot be read: {error}") from None
    except UnreadableYaml as error:
        raise ConfigProblem(str(error)) from None
    _refuse_misspelt_profiles(document)
    try:
        settings = Settings.model_validate(document.data)
    except ValidationError as error:
        raise ConfigProblem("\n".join(map(str, explain(error, Settings, [document])))) from None
    return settings.model_copy(update={"home": (path.parent / settings.home).resolve()})


def _refuse_misspelt_profiles(document: Document) -> None:
    """Name the setting of a partner that was meant to be `profile`: others than those known change the profile, so they are not refused by themselves."""
    partners = document.data.get("partners")
    for name, partner in partners.items() if isinstance(partners, dict) else ():
        if isinstance(partner, dict) and "profile" not in partner:
            near = difflib.get_close_matches("profile", list(partner), n=1, cutoff=0.6)
            if near:
                line = document.lines.get(("partners", name, near[0]))
                raise ConfigProblem(f"{document.file}, line {line}: there is no setting 'partners.{name}.{near[0]}'; did you mean 'profile'?")
