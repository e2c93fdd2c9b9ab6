"""What files are made of, as profiles say it: formats, columns, records, and how values are written."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

Source = Literal[
    "pon", "ver", "sup", "tn", "btn", "account_number", "pin", "number_type", "losing_carrier", "name", "authorized_name", "street_number",
    "street_direction", "street_name", "unit", "city", "state", "postal_code", "country", "requested_date", "partial", "new_btn", "line", "lines",
    "resporg_id", "reseller", "remarks",
]  # fmt: skip
SOURCES: tuple[str, ...] = get_args(Source)
Fact = Literal["partner", "sequence", "sent", "orders", "lines", "tn_sum", "crc32"]
#: What a reader can count for itself, and so find a file that is not whole.
TOTALS: tuple[Fact, ...] = ("orders", "lines", "tn_sum", "crc32")
Answer = Literal["pon", "ver", "tn", "status", "code", "text", "foc_date", "at"]
ANSWERS: tuple[Answer, ...] = get_args(Answer)
Status = Literal["ACK", "REJECT", "DELAY", "FOC", "COMPLETE", "CANCEL"]
#: Kind of form -> what its pattern may be made of.
_DIRECTIVES = {"date": "Yymd", "moment": "YymdHIMSpz"}


class Model(BaseModel):
    """A part of a profile: an unknown name is refused, and nothing changes once it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


def refuse_repeats(names: Sequence[str], what: str) -> None:
    """ValueError where a name stands twice."""
    repeated = {name for name in names if names.count(name) > 1}
    if repeated:
        raise ValueError(f"a {what} stands twice: {', '.join(sorted(repeated))}")


class Form(Model):
    """How a value is written.

    Attributes:
        kind: `text` as it is; `telephone`, ten digits put into `pattern`; `date`, an ISO date put into `pattern`; `moment`, the time of sending.
        pattern: for telephones ten N, as `(NNN) NNN-NNNN`; for dates %Y, %y, %m and %d, as `%m/%d/%Y`; for moments %H, %I, %M, %S, %p, %z too.
        case: `upper` and `lower` change the letters.
        plain: whether accents and other marks are taken off letters, for partners who have none.
        omit: values that are written as nothing, such as a PIN of 0000 that was only filled in.
        longest: the most signs that the partner takes; None: any number.
        too_long: what happens to a longer value: the file is refused, or the value is cut.
    """

    kind: Literal["text", "telephone", "date", "moment"] = "text"
    pattern: str = ""
    case: Literal["keep", "upper", "lower"] = "keep"
    plain: bool = False
    omit: tuple[str, ...] = ()
    longest: int | None = Field(default=None, ge=1)
    too_long: Literal["refuse", "cut"] = "refuse"

    @model_validator(mode="after")
    def _pattern_fits(self) -> Form:
        if self.kind == "telephone" and self.pattern and (self.pattern.count("N") != 10 or "NN" not in self.pattern):
            raise ValueError("the pattern of a telephone number has ten N in it, in groups, such as NNN-NNN-NNNN")
        if self.kind in _DIRECTIVES and any(sign not in _DIRECTIVES[self.kind] for sign in _directives(self.pattern)):
            made_of = ", ".join(f"%{sign}" for sign in _DIRECTIVES[self.kind])
            raise ValueError(f"the pattern of a {self.kind} is made of {made_of}, such as %m/%d/%Y")
        if self.kind == "text" and self.pattern:
            raise ValueError("text is written as it is and has no pattern")
        return self


def _directives(pattern: str) -> list[str]:
    return [part[:1] or "%" for part in pattern.split("%")[1:]]


class OutColumn(Model):
    """One column, or field of a record: its name, what stands in it, and how that is written.

    Attributes:
        header: the partner's name for it.
        source: the value of the row that stands in it.
        setting: the name of one of the profile's `settings` that stands in it; where that is blank, `source`, if there is one.
        value: a text that always stands in it.
        fact: what is known of the whole file: `partner`, `sequence`, `sent` (the time), and the totals `orders`, `lines` (numbers), `tn_sum` (the sum of
            the numbers' ten digits modulo 10^10), `crc32` (of all bytes before the record, as eight hexadecimal digits). In fixed-width records only.
        form: how it is written.
        width: exactly so many signs, filled up; needed in fixed-width records.
        align: at which end a value that is filled up stands.
        fill: what is filled up with; a blank value is blank all the same.
    """

    header: str = Field(min_length=1)
    source: Source | None = None
    setting: str | None = None
    value: str | None = None
    fact: Fact | None = None
    form: Form = Form()
    width: int | None = Field(default=None, ge=1)
    align: Literal["left", "right"] = "left"
    fill: Literal[" ", "0"] = " "

    @model_validator(mode="after")
    def _says_one_thing(self) -> OutColumn:
        said = [name for name in ("source", "value", "fact") if getattr(self, name) is not None]
        if len(said) > 1 or (self.setting and said not in ([], ["source"])):
            raise ValueError(f"{self.header} says two things: one of source, setting, value and fact belongs here (a setting may have a source for where it is blank)")
        if self.fill == "0" and self.align == "left":
            raise ValueError(f"{self.header} is filled with 0, which would change it at its right end: align is right")
        if self.width and self.value is not None and len(self.value) > self.width:
            raise ValueError(f"{self.header} has {self.width} signs, and its value is longer")
        return self

    @property
    def room(self) -> int | None:
        """The most signs that fit."""
        limits = [limit for limit in (self.width, self.form.longest) if limit is not None]
        return min(limits, default=None)


class Delimited(Model):
    """Text with a sign between values, as CSV; values are put in double quotes where they must be (RFC 4180)."""

    kind: Literal["delimited"] = "delimited"
    delimiter: Literal[",", ";", "|", "\t"] = ","
    header: bool = True
    line_end: Literal["CRLF", "LF"] = "CRLF"
    encoding: Literal["utf-8", "cp1252", "ascii"] = "utf-8"


class Record(Model):
    """One kind of fixed-width line.

    Attributes:
        name: what it is called; its first field has a `value` that tells it from the others.
        per: `file`, once at the beginning; `order`, before the lines of each; `line`, for each number; `trailer`, once at the end.
        fields: one after another, each with its width.
    """

    name: str = Field(pattern=r"^[A-Za-z0-9_]+$")
    per: Literal["file", "order", "line", "trailer"]
    fields: tuple[OutColumn, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _can_be_told_apart(self) -> Record:
        refuse_repeats([field.header for field in self.fields], f"field of {self.name}")
        if self.fields[0].value is None:
            raise ValueError(f"the first field of {self.name} tells it from other records, so it has a value")
        without = [field.header for field in self.fields if field.width is None]
        if without:
            raise ValueError(f"{self.name} has fields without a width: {', '.join(without)}")
        early = [field.header for field in self.fields if field.fact in TOTALS and self.per != "trailer"]
        if early:
            raise ValueError(f"totals stand in the trailer, not in {self.name}: {', '.join(early)}")
        return self

    @property
    def length(self) -> int:
        """The signs of the whole record, its line break not counted."""
        return sum(field.width or 0 for field in self.fields)


class Fixed(Model):
    """Lines of fixed width, each of a kind that its first field tells; the trailer's totals are written, and compared when they are read."""

    kind: Literal["fixed"]
    records: tuple[Record, ...]
    line_end: Literal["CRLF", "LF"] = "CRLF"
    encoding: Literal["ascii", "cp1252"] = "ascii"

    @model_validator(mode="after")
    def _makes_a_file(self) -> Fixed:
        refuse_repeats([record.name for record in self.records], "record")
        refuse_repeats([str(record.fields[0].value) for record in self.records], "first field")
        if len({record.fields[0].width for record in self.records}) > 1:
            raise ValueError("the first field of every record has the same width, or they cannot be told apart")
        if not any(record.per == "line" for record in self.records):
            raise ValueError("there is no record for a line")
        places = [("file", "order", "line", "trailer").index(record.per) for record in self.records]
        if places != sorted(places):
            raise ValueError("records stand in the order of the file: per file, per order, per line, trailer")
        return self

    def of(self, *levels: str) -> list[Record]:
        """The records of some levels."""
        return [record for record in self.records if record.per in levels]


class Xlsx(Model):
    """A workbook of one sheet, every cell text.

    Attributes:
        sheet: the sheet's name, when it is written.
        text: what the file is where it is no workbook but text of the same columns; None: then it cannot be read.
    """

    kind: Literal["xlsx"]
    sheet: str = Field(default="Sheet1", min_length=1, max_length=31, pattern=r"^[^\[\]:*?/\\']+$")
    text: Delimited | None = None


class Json(Model):
    """A JSON document with a list of lines.

    Attributes:
        records: where the list is, by names with dots between; blank: the document is the list. When read, a list inside a list may be named
            (`orders.numbers`); what the inner one does not say is looked for in the outer one, and an outer one without inner ones is a line itself.
    """

    kind: Literal["json"]
    records: str = ""


class Xml(Model):
    """An XML document that is read; one with a document type or entities is refused.

    Attributes:
        records: the elements that are lines, by names with / between, from the outermost on (`Answers/Order/Number`); namespaces do not count. What an
            element does not say is looked for in the one around it, and an element of the last but one kind without one of the last is a line itself.
        xsd: a schema beside the profile, which the document must be valid against.
    """

    kind: Literal["xml"]
    records: str = Field(pattern=r"^[^/@]+(/[^/@]+)*$")
    xsd: str | None = None


class Template(Model):
    """A document made by a Jinja2 template.

    Attributes:
        template: a file beside the profile. It sees `partner`, `sequence`, `sent`, `settings`, `orders` and, of the first of them, `order`: the
            profile's columns by their headers, and `numbers`, the same of each number.
        media: what it makes: `xml`, where values are escaped, or `text`.
        xsd: a schema beside the profile, which the first hundred documents of a pass are checked against.
    """

    kind: Literal["template"]
    template: str
    media: Literal["xml", "text"] = "xml"
    xsd: str | None = None


OutFormat = Annotated[Delimited | Fixed | Xlsx | Json | Template, Field(discriminator="kind")]
InFormat = Annotated[Delimited | Fixed | Xlsx | Json | Xml, Field(discriminator="kind")]


def _several(value: object) -> object:
    return (value,) if isinstance(value, str) else value


#: One text, or a list of them.
Several = Annotated[tuple[str, ...], BeforeValidator(_several, json_schema_input_type=str | tuple[str, ...])]


class Layout(Model):
    """How one kind of answer file is read.

    Attributes:
        format: what the file is.
        columns: our name -> the partner's, compared without case: a column's header, a field of a record, or a path (XML: `@tn`, `Dates/Foc`; JSON:
            `dates.foc`). Several are joined with `; ` between. One may stand for status and code: what is a status word is then no code.
        optional: which of these may be absent.
        statuses: what a line may say -> the partner's words for it, compared without case.
        otherwise: what every other word says; None: it stays what it is, and nobody understands it.
        code_separator: the sign between the codes of one cell.
    """

    format: InFormat = Delimited()
    columns: Mapping[Answer, str | tuple[str, ...]]
    optional: tuple[Answer, ...] = ()
    statuses: Mapping[Status, tuple[str, ...]]
    otherwise: Status | None = None
    code_separator: str = Field(default=";", min_length=1, max_length=1)

    @model_validator(mode="after")
    def _readable(self) -> Layout:
        if isinstance(self.format, Delimited) and not self.format.header:
            raise ValueError("columns are found by their headers, so a response must have a header line")
        if "status" not in self.columns or not {"pon", "tn"} & set(self.columns):
            raise ValueError("a response needs columns for 'status' and for 'pon' or 'tn'")
        refuse_repeats([header.casefold() for name in self.columns if not (name == "code" and self.one_for_both) for header in self.of(name)], "header")
        refuse_repeats([word.casefold() for words in self.statuses.values() for word in words], "status word")
        if isinstance(self.format, Fixed):
            fields = {field.header for record in self.format.of("order", "line") for field in record.fields}
            strange = [header for header in self.headers if header not in fields]
            if strange:
                raise ValueError(f"no record has a field {', '.join(strange)}")
        return self

    def of(self, name: Answer) -> tuple[str, ...]:
        """The partner's names of what an answer is read from; none where it does not send it."""
        said = self.columns.get(name, ())
        return (said,) if isinstance(said, str) else said

    @property
    def one_for_both(self) -> bool:
        """Whether status and code stand in one column."""
        return "code" in self.columns and self.columns["code"] == self.columns["status"]

    @property
    def headers(self) -> dict[str, bool]:
        """The partner's columns, each once, and whether a file must have it."""
        found: dict[str, bool] = {}
        for name in self.columns:
            for header in self.of(name):
                found[header] = found.get(header, False) or name not in self.optional
        return found


class Responses(Layout):
    """How the partner's answers are read.

    Attributes:
        also: other kinds of answer files that it sends; a file is of the first kind that fits.
    """

    also: tuple[Layout, ...] = ()

    @property
    def layouts(self) -> Iterator[Layout]:
        """Every kind of answer file."""
        yield self
        yield from self.also


def described(model: Any) -> dict[str, str]:
    """Attribute -> its sentence in the class's docstring, for schemas and pages."""
    found: dict[str, str] = {}
    name = ""
    _, _, section = inspect.cleandoc(model.__doc__ or "").partition("Attributes:\n")
    for line in section.splitlines():
        head, colon, rest = line.strip().partition(": ")
        if colon and not line.startswith(" " * 5):
            name = head
            found[name] = rest
        elif name:
            found[name] += f" {line.strip()}"
    return {each: words.strip() for name, words in found.items() for each in name.split(", ")}
