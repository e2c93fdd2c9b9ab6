"""The schema of a partner's profile: what is sent to it, when and how, and how its answers are read.

A profile is a YAML file; it may extend another, and a partner's settings may change single lines of it. All three are joined and checked as one,
and a fault is told with the file and line that caused it.
"""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from batchport.yaml_text import Document, Problem, UnreadableYaml, explain, merge, nearest, read_yaml

Source = Literal[
    "pon", "ver", "sup", "tn", "btn", "account_number", "pin", "number_type", "losing_carrier", "name", "authorized_name", "street_number",
    "street_direction", "street_name", "unit", "city", "state", "postal_code", "country", "requested_date", "partial", "new_btn", "line", "lines",
    "resporg_id", "reseller", "remarks",
]  # fmt: skip
SOURCES: tuple[str, ...] = get_args(Source)
Answer = Literal["pon", "ver", "tn", "status", "code", "text", "foc_date", "at"]
ANSWERS: tuple[Answer, ...] = get_args(Answer)
Status = Literal["ACK", "REJECT", "DELAY", "FOC", "COMPLETE", "CANCEL"]


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


Clock = Annotated[time, BeforeValidator(_clock)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Form(_Model):
    """How a value is written.

    Attributes:
        kind: `text` as it is; `telephone`, ten digits put into `pattern`; `date`, an ISO date put into `pattern`.
        pattern: for telephones ten N, as `(NNN) NNN-NNNN`; for dates %Y, %y, %m and %d, as `%m/%d/%Y`; not for text.
        longest: the most signs that the partner takes; None: any number.
        too_long: what happens to a longer value: the file is refused, or the value is cut.
    """

    kind: Literal["text", "telephone", "date"] = "text"
    pattern: str = ""
    longest: int | None = Field(default=None, ge=1)
    too_long: Literal["refuse", "cut"] = "refuse"

    @model_validator(mode="after")
    def _pattern_fits(self) -> Form:
        if self.kind == "telephone" and self.pattern and (self.pattern.count("N") != 10 or "NN" not in self.pattern):
            raise ValueError("the pattern of a telephone number has ten N in it, in groups, such as NNN-NNN-NNNN")
        if self.kind == "date" and any(sign not in "YymdYmd" for sign in _directives(self.pattern)):
            raise ValueError("the pattern of a date is made of %Y, %y, %m and %d, such as %m/%d/%Y")
        if self.kind == "text" and self.pattern:
            raise ValueError("text is written as it is and has no pattern")
        return self


def _directives(pattern: str) -> list[str]:
    return [part[:1] or "%" for part in pattern.split("%")[1:]]


class OutColumn(_Model):
    """One column of a submission: its header, which value stands in it, and how that is written."""

    header: str
    source: Source
    form: Form = Form()


class Delimited(_Model):
    """Text with a sign between values, as CSV; values are put in double quotes where they must be (RFC 4180)."""

    kind: Literal["delimited"] = "delimited"
    delimiter: Literal[",", ";", "|", "\t"] = ","
    header: bool = True
    line_end: Literal["CRLF", "LF"] = "CRLF"
    encoding: Literal["utf-8", "cp1252", "ascii"] = "utf-8"


class Responses(_Model):
    """How the partner's answers are read.

    Attributes:
        format: what their files are; a header line is needed, the order of columns is not.
        columns: our name -> the partner's header, compared without case.
        optional: which of these columns may be absent.
        statuses: what a line may say -> the partner's words for it, compared without case.
    """

    format: Delimited = Delimited()
    columns: Mapping[Answer, str]
    optional: tuple[Answer, ...] = ()
    statuses: Mapping[Status, tuple[str, ...]]

    @model_validator(mode="after")
    def _readable(self) -> Responses:
        if not self.format.header:
            raise ValueError("columns are found by their headers, so a response must have a header line")
        if "status" not in self.columns or not {"pon", "tn"} & set(self.columns):
            raise ValueError("a response needs columns for 'status' and for 'pon' or 'tn'")
        _refuse_repeats([header.casefold() for header in self.columns.values()], "header")
        _refuse_repeats([word.casefold() for words in self.statuses.values() for word in words], "status word")
        return self


def _refuse_repeats(names: Sequence[str], what: str) -> None:
    repeated = {name for name in names if names.count(name) > 1}
    if repeated:
        raise ValueError(f"a {what} stands twice: {', '.join(sorted(repeated))}")


class Papers(_Model):
    """Which papers the partner wants beyond what is asked for anyway, and in which form.

    Attributes:
        loa, invoice: `always` where every order must come with a letter of authorization, with an invoice.
        tiff: whether papers may be TIFF; PDF they may always be.
    """

    loa: Literal["always"] | None = None
    invoice: Literal["always"] | None = None
    tiff: bool = False


class Soonest(_Model):
    """Business days that the partner takes at least, by kind of port, where that is more than the trade's own."""

    single_line: int = Field(default=1, ge=1)
    multi_line: int = Field(default=4, ge=4)
    wireless: int = Field(default=1, ge=1)
    toll_free: int = Field(default=2, ge=2)


class Window(_Model):
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


class Profile(_Model):
    """A partner's way of being sent orders and of answering.

    Attributes:
        name: what it is called.
        extends: the profile it was made from, by name or path.
        format: what a submission file is.
        columns: the columns of a submission, in order.
        file_name: template of a submission's name: `{partner}`, `{date:%Y%m%d}` (the partner's time), `{sequence:06d}`.
        max_lines: the most numbers an order may have.
        max_lines_per_file: the most lines a file may have; more are spread over several, whole orders each.
        by_address: whether numbers at different addresses are different orders.
        cutoff: the time of day after which the next business day counts as the day of sending.
        timezone: of `cutoff`, `windows`, the date in file names and times without a zone in answers.
        holidays: days of the partner's own on which it moves no numbers.
        soonest: business days that it takes at least.
        papers: which papers it wants.
        windows: when files may be sent; none: always.
        edit_numbers: whether a sent order's list of numbers may be changed by a supplement.
        fixed_fields: fields of a sent order that a supplement may not change.
        freeze: hours before the confirmed date when nothing may be changed any more.
        overdue: business days after which an order not heard of is overdue.
        codes: the file of response codes, by name or path.
        pad: the length that codes of digits alone have; zeros that a spreadsheet has eaten are put back.
        responses: how answers are read.
    """

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
    extends: str | None = None
    format: Delimited = Delimited()
    columns: tuple[OutColumn, ...]
    file_name: str = "{partner}-{date:%Y%m%d}-{sequence:06d}.csv"
    max_lines: int = Field(default=999, ge=1)
    max_lines_per_file: int = Field(default=1_000_000, ge=1)
    by_address: bool = False
    cutoff: Clock = time(13)
    timezone: ZoneInfo = ZoneInfo("America/New_York")
    holidays: tuple[date, ...] = ()
    soonest: Soonest = Soonest()
    papers: Papers = Papers()
    windows: Annotated[tuple[Annotated[Window, BeforeValidator(_window)], ...], BeforeValidator(_windows)] = ()
    edit_numbers: bool = True
    fixed_fields: tuple[Source, ...] = ()
    freeze: int = Field(default=24, ge=0)
    overdue: int = Field(default=3, ge=1)
    codes: str
    pad: int | None = Field(default=None, ge=1)
    responses: Responses

    @field_validator("file_name")
    @classmethod
    def _names_a_file(cls, template: str) -> str:
        try:
            names = {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}
            if names - {"partner", "date", "sequence"}:
                raise ValueError("may hold {partner}, {date} and {sequence} only")  # noqa: TRY301
            if "sequence" not in names:
                raise ValueError("needs {sequence}, or one file would take another's place")  # noqa: TRY301
            example = template.format(partner="sample", date=datetime(2026, 3, 2, 9, 30, tzinfo=UTC), sequence=1)
        except (ValueError, LookupError, AttributeError) as error:
            raise ValueError(f"the file name is a template such as '{{partner}}-{{date:%Y%m%d}}-{{sequence:06d}}.csv': {error}") from None
        if not _plain(example):
            raise ValueError(f"this makes '{example}', which is not the name of a file that can be seen, without a folder")
        return template

    @model_validator(mode="after")
    def _agrees(self) -> Profile:
        if not self.columns:
            raise ValueError("a submission needs columns")
        _refuse_repeats([column.header for column in self.columns], "header")
        if self.max_lines > self.max_lines_per_file:
            raise ValueError("max_lines is more than max_lines_per_file, and an order is never spread over files")
        return self

    @property
    def takes(self) -> dict[str, int]:
        """Value -> the most signs of it that the partner takes, where a longer one is refused."""
        return self._longest("refuse")

    @property
    def cuts(self) -> dict[str, int]:
        """Value -> after how many signs it is cut."""
        return self._longest("cut")

    def _longest(self, too_long: str) -> dict[str, int]:
        found: dict[str, int] = {}
        for column in self.columns:
            if column.form.longest is not None and column.form.too_long == too_long:
                found[column.source] = min(column.form.longest, found.get(column.source, column.form.longest))
        return found

    def file_of(self, partner: str, sequence: int, now: datetime) -> str:
        """The name of a submission file; `now` must have a time zone."""
        return self.file_name.format(partner=partner, date=self.local(now), sequence=sequence)

    def local(self, now: datetime) -> datetime:
        """A moment as the partner's clock shows it; ValueError for one without a time zone."""
        if now.tzinfo is None:
            raise ValueError("a time without a time zone")
        return now.astimezone(self.timezone)

    def may_send(self, now: datetime) -> bool:
        """Whether files may be sent at this moment."""
        return not self.windows or any(window.holds(self.local(now).time()) for window in self.windows)


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
        data = merge(data, layer.data)
    data["name"] = layers[0].data.get("name", Path(layers[0].file).stem)
    if overrides:
        layers = [Document(f"the settings of a partner with profile '{data['name']}'", overrides), *layers]
        data = merge(data, overrides)
        if "extends" in overrides:
            raise ProfileError([Problem(layers[0].file, None, "'extends' belongs in a profile; here 'profile' says which", ("extends",))])
    try:
        return Profile.model_validate(data)
    except ValidationError as error:
        raise ProfileError(explain(error, Profile, layers)) from None


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
            return _with_codes_found(document, path.parent)
        if wanted in profile_names():
            file = resources.files(__package__).joinpath("profiles", f"{wanted}.yaml")
            return read_yaml(file.read_text("utf-8"), str(file))
        words = f"there is no profile '{wanted}'{nearest(str(wanted), profile_names())}"
    except UnreadableYaml as error:
        raise ProfileError([error.problem]) from None
    except UnicodeDecodeError:
        words = f"the profile {wanted} is not UTF-8 text"
    except OSError as error:
        words = f"the profile {wanted} cannot be read: {error.strerror}"
    file_, line = (asked_by.file, asked_by.lines.get(("extends",))) if asked_by else (str(wanted), None)
    raise ProfileError([Problem(file_, line, words, ("extends",) if asked_by else ())])


def _with_codes_found(document: Document, folder: Path) -> Document:
    """The document with a codes file that lies beside it named by its path."""
    codes = document.data.get("codes")
    if isinstance(codes, str) and codes.endswith(".csv"):
        return Document(document.file, {**document.data, "codes": str(folder / codes)}, document.lines)
    return document
