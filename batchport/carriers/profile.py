"""The schema of a partner's profile: what is sent to it, when and how, and how its answers are read.

A profile is a YAML file; it may extend another, and a partner's settings may change single lines of it. All three are joined and checked as one,
and a fault is told with the file and line that caused it.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import pyarrow as pa
from pydantic import BeforeValidator, Field, ValidationError, WithJsonSchema, field_validator, model_validator

from batchport.carriers.layout import Delimited, Fixed, Model, OutColumn, OutFormat, Responses, Several, Source, Template, Xml, refuse_repeats
from batchport.domain.terms import Asks
from batchport.yaml_text import Document, Problem, UnreadableYaml, explain, nearest, read_yaml


class ProfileError(ValueError):
    """A profile that cannot be used; `problems` say file, line and what is wrong, and the message says them all."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


def _clock(value: object) -> time:
    if isinstance(value, time):
        return value
    try:
        return datetime.strptime(str(value), "%H:%M").time()
    except ValueError:
        raise ValueError("a time of day is written as '13:00', in quotes") from None


Clock = Annotated[time, BeforeValidator(_clock), WithJsonSchema({"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$", "examples": ["13:00"]})]


class Papers(Model):
    """Which papers the partner wants beyond what is asked for anyway, and in which form.

    Attributes:
        loa, invoice: `always` where every order must come with a letter of authorization, with an invoice.
        tiff: whether papers may be TIFF; PDF they may always be.
    """

    loa: Literal["always"] | None = None
    invoice: Literal["always"] | None = None
    tiff: bool = False


class Soonest(Model):
    """Business days that the partner takes at least, by kind of port, where that is more than the trade's own."""

    single_line: int = Field(default=1, ge=1)
    multi_line: int = Field(default=4, ge=4)
    wireless: int = Field(default=1, ge=1)
    toll_free: int = Field(default=2, ge=2)


class Lapses(Model):
    """Calendar days after which the partner cancels orders by itself, and how many days before that the operator is told.

    Attributes:
        unconfirmed: for orders that were sent and are not confirmed, which are drafts there; none: never.
        rejected: for orders that it has rejected, when nothing more comes; none: never.
        warn: how many days before it is told.
    """

    unconfirmed: int | None = Field(default=None, ge=1)
    rejected: int | None = Field(default=None, ge=1)
    warn: int = Field(default=3, ge=0)


class Cover(Model):
    """A sheet that goes beside a submission and says what has no place in it.

    Attributes:
        template: a Jinja2 template of text, a file beside the profile; it sees what a submission's template sees, values by our own names.
        name: its file's name, of `{stem}`, the submission's name without its ending.
    """

    template: str
    name: str = "{stem}-cover.txt"

    @field_validator("name")
    @classmethod
    def _names_a_file(cls, template: str) -> str:
        try:
            example = template.format(stem="a")
        except (ValueError, LookupError, AttributeError) as error:
            raise ValueError(f"the name of a cover sheet is a template such as '{{stem}}-cover.txt': {error}") from None
        if example == template or not _plain(example):
            raise ValueError("the name of a cover sheet has {stem} in it, and is one that can be seen, without a folder")
        return template


class Window(Model):
    """A time of day, from and until, when files may be sent; one that ends before it begins goes on after midnight."""

    start: Clock
    end: Clock

    def holds(self, at: time) -> bool:
        """Whether a time of day is within."""
        if self.start < self.end:
            return self.start <= at < self.end
        return at >= self.start or at < self.end


def _window(value: object) -> object:
    if not isinstance(value, str):
        return value
    start, dash, end = value.partition("-")
    if not dash:
        raise ValueError("a window is written as '09:00-17:00'")
    return {"start": start.strip(), "end": end.strip()}


def _windows(value: object) -> object:
    if value in ("always", None):
        return ()
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


#: As in a profile: `always`, or times with commas between.
_WRITTEN_WINDOWS: dict[str, Any] = {
    "examples": ["always", "09:00-12:00, 13:00-17:00"],
    "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
}
Windows = Annotated[tuple[Annotated[Window, BeforeValidator(_window)], ...], BeforeValidator(_windows), WithJsonSchema(_WRITTEN_WINDOWS)]


class Profile(Model):
    """A partner's way of being sent orders and of answering.

    Attributes:
        name: what it is called.
        extends: the profile it was made from, by name or path.
        format: what a submission file is.
        columns: the columns of a submission, in order; for a template, what it sees. Fixed-width records have their fields in `format`.
        settings: texts of ours that the partner wants to see, such as our company code: name -> what it is with this partner.
        file_name: template of a submission's name: `{partner}`, `{date:%Y%m%d}` (the partner's time), `{sequence:06d}`, and `{pon}` where a file holds one order.
        cover: a sheet that goes beside each submission.
        max_lines: the most numbers an order may have.
        max_lines_per_file: the most lines a file may have; more are spread over several, whole orders each.
        orders_per_file: the most orders a file may have; none: any number.
        required: what may not be blank, such as `requested_date`.
        by_address: whether numbers at different addresses are different orders.
        cutoff: the time of day after which the next business day counts as the day of sending.
        holidays: days of the partner's own on which it moves no numbers.
        soonest: business days that it takes at least.
        papers: which papers it wants.
        timezone: of `cutoff`, `windows`, the date in file names and times without a zone in answers.
        holidays: days of the partner's own on which it moves no numbers.
        soonest: business days that it takes at least.
        papers: which papers it wants.
        windows: when files may be sent; none: always.
        edit_numbers: whether a sent order's list of numbers may be changed by a supplement.
        fixed_fields: fields of a sent order that a supplement may not change.
        freeze: hours before the confirmed date when nothing may be changed any more.
        overdue: business days after which an order not heard of is overdue.
        lapses: after how many days the partner cancels by itself.
        codes: files of response codes, by name or path; where two explain a code, the first counts.
        pad: the length that codes of digits alone have; zeros that a spreadsheet has eaten are put back.
        blameless: codes that blame nobody's number: it was another one's fault, or nobody's.
        responses: how answers are read.
    """

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
    extends: str | None = None
    format: OutFormat = Delimited()
    columns: tuple[OutColumn, ...] = ()
    settings: Mapping[str, str] = {}
    file_name: str = "{partner}-{date:%Y%m%d}-{sequence:06d}.csv"
    cover: Cover | None = None
    max_lines: int = Field(default=999, ge=1)
    max_lines_per_file: int = Field(default=1_000_000, ge=1)
    orders_per_file: int | None = Field(default=None, ge=1)
    required: tuple[Source, ...] = ()
    by_address: bool = False
    cutoff: Clock = time(13)
    timezone: ZoneInfo = ZoneInfo("America/New_York")
    holidays: tuple[date, ...] = ()
    soonest: Soonest = Soonest()
    papers: Papers = Papers()
    windows: Windows = ()
    edit_numbers: bool = True
    fixed_fields: tuple[Source, ...] = ()
    freeze: int = Field(default=24, ge=0)
    overdue: int = Field(default=3, ge=1)
    lapses: Lapses = Lapses()
    codes: Several
    pad: int | None = Field(default=None, ge=1)
    blameless: tuple[str, ...] = ()
    responses: Responses

    @field_validator("file_name")
    @classmethod
    def _names_a_file(cls, template: str) -> str:
        try:
            names = {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}
            if names - {"partner", "date", "sequence", "pon"}:
                raise ValueError("may hold {partner}, {date} and {sequence} only, and {pon} where a file holds one order")  # noqa: TRY301
            if "sequence" not in names:
                raise ValueError("needs {sequence}, or one file would take another's place")  # noqa: TRY301
            example = template.format(partner="sample", date=datetime(2026, 3, 2, 9, 30, tzinfo=UTC), sequence=1, pon="P7K2M9QX4TZA")
        except (ValueError, LookupError, AttributeError) as error:
            raise ValueError(f"the file name is a template such as '{{partner}}-{{date:%Y%m%d}}-{{sequence:06d}}.csv': {error}") from None
        if not _plain(example):
            raise ValueError(f"this makes '{example}', which is not the name of a file that can be seen, without a folder")
        return template

    @model_validator(mode="after")
    def _agrees(self) -> Profile:
        if isinstance(self.format, Fixed):
            if self.columns:
                raise ValueError("fixed-width records have fields of their own in 'format'; there are no columns beside them")
        elif not self.columns:
            raise ValueError("a submission needs columns")
        refuse_repeats([column.header for column in self.columns], "header")
        strange = [column.header for column in self.columns if column.fact]
        if strange:
            raise ValueError(f"facts of the file stand in fixed-width records and in templates only, not in {', '.join(strange)}")
        for column in self.outgoing.values():
            if column.setting and column.setting not in self.settings:
                raise ValueError(f"{column.header} wants the setting '{column.setting}'{nearest(column.setting, list(self.settings))}; 'settings' has none of that name")
        if self.max_lines > self.max_lines_per_file:
            raise ValueError("max_lines is more than max_lines_per_file, and an order is never spread over files")
        if "{pon" in self.file_name and self.orders_per_file != 1:
            raise ValueError("{pon} in the file's name needs 'orders_per_file: 1'")
        return self

    @property
    def outgoing(self) -> dict[str, OutColumn]:
        """What a submission holds: a name that stands once -> column, or field of a record (`NPN.PORTEDNBR`)."""
        if isinstance(self.format, Fixed):
            return {f"{record.name}.{field.header}": field for record in self.format.records for field in record.fields}
        return {column.header: column for column in self.columns}

    @property
    def takes(self) -> dict[str, int]:
        """Value -> the most signs of it that the partner takes, where a longer one is refused."""
        return self._longest("refuse")

    @property
    def cuts(self) -> dict[str, int]:
        """Value -> after how many signs it is cut."""
        return self._longest("cut")

    @property
    def asks(self) -> Asks:
        """What the partner asks of rows."""
        return Asks(
            cutoff=self.cutoff, timezone=self.timezone, holidays=self.holidays, soonest=self.soonest.model_dump(),
            loa=self.papers.loa == "always", invoice=self.papers.invoice == "always", tiff=self.papers.tiff, takes=self.takes, cuts=self.cuts,
            required=self.required, unfit=self._unfit if self._is_particular else None,
        )  # fmt: skip

    @property
    def _is_particular(self) -> bool:
        """Whether there is anything that customers write and the partner's files cannot carry."""
        any_sign = self.format.kind in ("delimited", "json") and getattr(self.format, "encoding", "utf-8") == "utf-8"
        return not any_sign or any(column.room is not None and column.form.too_long == "refuse" for column in self.outgoing.values() if column.source)

    def _unfit(self, source: str, values: pa.StringArray) -> list[str]:
        from batchport.carriers.render import unfit

        return unfit(self, source, values)

    def _longest(self, too_long: str) -> dict[str, int]:
        found: dict[str, int] = {}
        for column in self.outgoing.values():
            if column.source and column.room is not None and column.form.kind == "text" and column.form.too_long == too_long:
                found[column.source] = min(column.room, found.get(column.source, column.room))
        return found

    def file_of(self, partner: str, sequence: int, now: datetime, pon: str = "") -> str:
        """The name of a submission file; `now` must have a time zone."""
        return self.file_name.format(partner=partner, date=self.local(now), sequence=sequence, pon=pon)

    def number_in(self, partner: str, name: str) -> int | None:
        """The number in the name of a file that was made for a partner on whatever day, sent as it was made or encrypted; None where it is no such name."""
        pattern = ""
        for literal, field, form, _ in string.Formatter().parse(self.file_name):
            # What stands twice was the same both times; the first is enough.
            again = field is not None and f"(?P<{field}>" in pattern
            pattern += re.escape(literal) + ("" if field is None else ".+" if again else f"(?P<{field}>{_signs_of(field, form or '', partner)})")
        found = re.match(pattern, name)
        return int(found["sequence"]) if found else None

    def local(self, now: datetime) -> datetime:
        """A moment as the partner's clock shows it; ValueError for one without a time zone."""
        if now.tzinfo is None:
            raise ValueError("a time without a time zone")
        return now.astimezone(self.timezone)

    def may_send(self, now: datetime) -> bool:
        """Whether files may be sent at this moment."""
        return not self.windows or any(window.holds(self.local(now).time()) for window in self.windows)


def _signs_of(field: str, form: str, partner: str) -> str:
    """A pattern for what a file's name says in one of its places."""
    if field == "date":
        # Its parts have no other signs between them than those that the template says, so that the number after them is found.
        return re.sub(r"%(.)", lambda code: {"Y": r"\d{4}", "j": r"\d{3}", "b": r"\w{3}"}.get(code[1], r"\d{2}" if code[1] in "mdyHMSIUW" else ".+"), re.escape(form)) or ".+"
    return {"partner": re.escape(partner), "sequence": r"\d+", "pon": "[0-9A-Z]+"}[field]


def _plain(name: str) -> bool:
    return bool(name) and not name.startswith((".", "~$")) and not set(name) & set('/\\:*?"<>|\0\n\r')


def profile_names() -> list[str]:
    """The profiles that come with batchport, by name."""
    files = resources.files(__package__).joinpath("profiles").iterdir()
    return sorted(file.name.removesuffix(".yaml") for file in files if file.name.endswith(".yaml"))


def load_profile(name_or_path: str | Path, overrides: Mapping[str, Any] | None = None) -> Profile:
    """The profile of this name, or in this file, with some settings changed.

    Args:
        name_or_path: one of `profile_names()`, or a YAML file (ends with .yaml or .yml).
        overrides: settings that replace the profile's; mappings are joined, lists replaced.

    Raises:
        ProfileError: with file, line, and the nearest name for an unknown one. Problems of the overrides have no line; their `path` tells where.
    """
    layers = _layers(name_or_path)
    data: dict[str, Any] = {}
    for layer in reversed(layers):
        data = _joined(data, layer.data)
    data["name"] = layers[0].data.get("name", Path(layers[0].file).stem)
    if overrides:
        layers = [Document(f"the settings of a partner with profile '{data['name']}'", overrides), *layers]
        data = _joined(data, overrides)
        if "extends" in overrides:
            raise ProfileError([Problem(layers[0].file, None, "'extends' belongs in a profile; here 'profile' says which", ("extends",))])
    try:
        profile = Profile.model_validate(data)
    except ValidationError as error:
        raise ProfileError(explain(error, Profile, layers)) from None
    _prove_templates(profile, layers)
    return profile


def files_of_profile(name_or_path: str | Path) -> list[Path]:
    """The files that a profile is made of, those that it extends and what they name among them, but for what comes with batchport.

    Raises:
        ProfileError: one that it extends cannot be read.
    """
    packaged = Path(str(resources.files(__package__)))
    found: list[Path] = []
    for layer in _layers(name_or_path):
        named = (_named(layer.data, path) for path in _FILES)
        found += [Path(layer.file), *(Path(name) for names in named for name in names)]
    return [path for path in dict.fromkeys(found) if packaged not in path.parents and path.is_file()]


def _named(data: Mapping[str, Any], path: Sequence[str]) -> list[str]:
    """The texts at a path of the data."""
    found: list[str] = []

    def note(name: str) -> str:
        found.append(name)
        return name

    _changed(data, path, note)
    return found


def _joined(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """What `base` says, changed by what `over` says.

    Mappings are joined name by name, but one of another `kind` takes the other's place whole; a name with nothing behind it takes away what was said.
    """
    joined = dict(base)
    for name, value in over.items():
        old = joined.pop(name, None)
        if value is None:
            continue
        both = isinstance(old, Mapping) and isinstance(value, Mapping)
        same_kind = both and value.get("kind", old.get("kind")) == old.get("kind")
        joined[name] = _joined(old, value) if same_kind else value
    return joined


def _prove_templates(profile: Profile, layers: Sequence[Document]) -> None:
    """Make a document of each template once, so that a fault shows before an order needs it; and see that schemas are there."""
    schemas = [form.xsd for form in (profile.format, *(layout.format for layout in profile.responses.layouts)) if isinstance(form, (Template, Xml)) and form.xsd]
    missing = [schema for schema in schemas if not Path(schema).is_file()]
    if missing:
        raise ProfileError([Problem(layers[0].file, None, f"there is no schema {missing[0]}", ("format", "xsd"))])
    if not (isinstance(profile.format, Template) or profile.cover):
        return
    from batchport.carriers.formats.template import TemplateFault, prove

    try:
        prove(profile)
    except TemplateFault as error:
        raise ProfileError([Problem(error.file, error.line, error.words, ("format", "template"))]) from None


def _layers(name_or_path: str | Path) -> list[Document]:
    """The profile's own document first, then the one it extends, and so on."""
    layers: list[Document] = []
    wanted: str | Path = name_or_path
    beside: Path | None = None
    while wanted:
        document = _document(wanted, beside, layers[-1] if layers else None)
        if document.file in [layer.file for layer in layers]:
            raise ProfileError([Problem(layers[-1].file, layers[-1].lines.get(("extends",)), f"'{wanted}' extends itself in the end", ("extends",))])
        layers.append(document)
        wanted = str(document.data.get("extends") or "")
        beside = Path(document.file).parent
    return layers


def _document(wanted: str | Path, beside: Path | None, asked_by: Document | None) -> Document:
    try:
        if str(wanted).endswith((".yaml", ".yml")):
            path = ((beside or Path()) / wanted).resolve()
            document = read_yaml(path.read_text("utf-8-sig"), str(path))
            return _with_files_found(document, path.parent)
        if wanted in profile_names():
            file = resources.files(__package__).joinpath("profiles", f"{wanted}.yaml")
            return _with_files_found(read_yaml(file.read_text("utf-8"), str(file)), Path(str(file)).parent)
        words = f"there is no profile '{wanted}'{nearest(str(wanted), profile_names())}"
    except UnreadableYaml as error:
        raise ProfileError([error.problem]) from None
    except UnicodeDecodeError:
        words = f"the profile {wanted} is not UTF-8 text"
    except OSError as error:
        words = f"the profile {wanted} cannot be read: {error.strerror}"
    file_, line = (asked_by.file, asked_by.lines.get(("extends",))) if asked_by else (str(wanted), None)
    raise ProfileError([Problem(file_, line, words, ("extends",) if asked_by else ())])


#: Settings that name files beside the profile, and how such names end; others name what comes with batchport.
_FILES = {
    ("codes",): (".csv",), ("format", "template"): ("",), ("format", "xsd"): ("",), ("cover", "template"): ("",), ("responses", "format", "xsd"): ("",),
}  # fmt: skip


def _with_files_found(document: Document, folder: Path) -> Document:
    """The document with the files that lie beside it named by their paths."""
    data = document.data
    for path, endings in _FILES.items():
        data = _changed(data, path, partial(_found, folder, endings))
    return Document(document.file, data, document.lines)


def _found(folder: Path, endings: tuple[str, ...], name: str) -> str:
    return str(folder / name) if name.endswith(endings) else name


def _changed(data: Mapping[str, Any], path: Sequence[str], change: Callable[[str], str]) -> Mapping[str, Any]:
    """The data with the text, or each text of the list, at a path changed, where there is any."""
    step, *rest = path
    value = data.get(step)
    if rest:
        return {**data, step: _changed(value, rest, change)} if isinstance(value, Mapping) else data
    if isinstance(value, str):
        return {**data, step: change(value)}
    if isinstance(value, list):
        return {**data, step: [change(each) if isinstance(each, str) else each for each in value]}
    return data
