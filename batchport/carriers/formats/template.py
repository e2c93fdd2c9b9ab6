"""Documents made by a Jinja2 template of the profile's: XML, where every value is escaped, or text.

A template sees texts only and cannot reach anything else; a name that it uses and nothing gives is a fault, found when the profile is read. Values with
line breaks or other control signs are refused: no template can be trusted to carry them.
"""

from __future__ import annotations

import functools
from bisect import bisect_left
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import jinja2
import pyarrow as pa
from jinja2.sandbox import ImmutableSandboxedEnvironment

from batchport.carriers.formats import CannotCarry, Facts, Look, Writer
from batchport.carriers.formats.signs import one_array, refuse, uncontrolled
from batchport.carriers.layout import SOURCES, OutColumn, Template
from batchport.carriers.profile import Profile
from batchport.domain.table import Column, Ints

if TYPE_CHECKING:
    from datetime import datetime

#: So many documents of a pass are looked at against the schema: the template is what can be wrong, and a schema costs more than the document.
_LOOKED_AT = 100
#: Rows whose values are laid out at a time.
_BLOCK = 20_000


class TemplateFault(ValueError):
    """A template, or its schema, that cannot be used: its file, the line where that is known, and why."""

    def __init__(self, file: str, line: int | None, words: str) -> None:
        super().__init__(words)
        self.file, self.line, self.words = file, line, words


def prove(profile: Profile) -> None:
    """Make a document of made-up orders, once with every value and once with none.

    Raises:
        TemplateFault: the template is not there, is none, or wants what there is not.
    """
    from datetime import UTC, datetime

    used = []
    if isinstance(profile.format, Template):
        used.append((profile.format.template, profile.format.media, list(profile.outgoing)))
    if profile.cover:
        used.append((profile.cover.template, "text", list(SOURCES)))
    for file, media, names in used:
        template = compiled(file, media)
        for value in ("1", ""):
            order = dict.fromkeys(names, value) | {"numbers": [dict.fromkeys(names, value)] * 2}
            try:
                _made(template, profile, [order], "sample", 1, datetime(2026, 3, 2, tzinfo=UTC))
            except jinja2.TemplateError as error:
                raise TemplateFault(file, getattr(error, "lineno", None), f"the template cannot be filled in: {error.message}") from None
            except (TypeError, ValueError, ArithmeticError, LookupError) as error:
                raise TemplateFault(file, None, f"the template cannot be filled in: {error}") from None


def writer(table: pa.Table, starts: Ints, profile: Profile) -> Writer:
    """A document for some orders."""
    form = cast("Template", profile.format)
    for_each = _writer(table, starts, profile, form.template, form.media)
    if form.xsd is None:
        return for_each
    schema, left = schema_of(form.xsd), _LOOKED_AT

    def file(start: int, end: int, facts: Facts) -> bytes:
        nonlocal left
        data = for_each(start, end, facts)
        if left:
            left -= 1
            fault = fault_of(schema, data.decode())
            if fault:
                raise CannotCarry("the document", start, f"is not valid against {Path(cast('str', form.xsd)).name}: {fault}")
        return data

    return file


def looks(form: Template, column: OutColumn) -> tuple[Look, ...]:  # noqa: ARG001  all columns are alike
    """Values with line breaks or other control signs."""
    return (uncontrolled,)


def cover_writer(table: pa.Table, starts: Ints, profile: Profile) -> Writer:
    """The cover sheet of some orders."""
    cover = profile.cover
    if cover is None:
        raise ValueError("the profile has no cover sheet")
    return _writer(table, starts, profile, cover.template, "text")


def _writer(table: pa.Table, starts: Ints, profile: Profile, file: str, media: str) -> Writer:
    template = compiled(file, media)
    for name in table.column_names:
        refuse(name, one_array(table.column(name)), None, uncontrolled)
    orders = _Orders(table, starts)

    def made(start: int, end: int, facts: Facts) -> bytes:
        return _made(template, profile, orders.between(start, end), facts.partner, facts.sequence, facts.sent).encode()

    return made


def _made(template: jinja2.Template, profile: Profile, orders: list[dict[str, Any]], partner: str, sequence: int, sent: datetime) -> str:
    return template.render(partner=partner, sequence=sequence, sent=sent, settings=profile.settings, orders=orders, order=orders[0])


class _Orders:
    """The orders of a table as a template sees them, laid out a block at a time: they are asked for from the first to the last."""

    def __init__(self, table: pa.Table, starts: Ints) -> None:
        self._table = table
        self._names: list[str] = table.column_names
        self._starts: list[int] = starts.tolist()
        self._rows = range(0)
        self._columns: list[list[str]] = []

    def between(self, start: int, end: int) -> list[dict[str, Any]]:
        """The orders in some rows."""
        if start not in self._rows or end > self._rows.stop:
            self._rows = range(start, max(end, min(start + _BLOCK, self._table.num_rows)))
            block = self._table.slice(start, len(self._rows))
            self._columns = [_texts(one_array(block.column(name))) for name in block.column_names]
        return list(self._each(start, end))

    def _each(self, start: int, end: int) -> Iterator[dict[str, Any]]:
        bounds = [*self._starts[bisect_left(self._starts, start) : bisect_left(self._starts, end)], end]
        for begin, stop in pairwise(bounds):
            at = slice(begin - self._rows.start, stop - self._rows.start)
            numbers = [dict(zip(self._names, row, strict=True)) for row in zip(*[column[at] for column in self._columns], strict=True)]
            yield {**numbers[0], "numbers": numbers}


def _texts(array: pa.Array) -> list[str]:
    """One text a row; rows that say the same share it."""
    column = Column.from_arrow(array)
    values: list[str] = column.values.to_pylist()
    return values if column.codes is None else [values[code] for code in column.codes.tolist()]


@functools.lru_cache(maxsize=64)
def compiled(file: str, media: str) -> jinja2.Template:
    """A template, ready to be filled in.

    Raises:
        TemplateFault: it is not there, or is none.
    """
    path = Path(file)
    environment = ImmutableSandboxedEnvironment(
        undefined=jinja2.StrictUndefined, autoescape=media == "xml", trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
        loader=jinja2.FileSystemLoader(path.parent),
    )  # fmt: skip
    try:
        return environment.get_template(path.name)
    except jinja2.TemplateNotFound:
        raise TemplateFault(file, None, "there is no such template") from None
    except jinja2.TemplateSyntaxError as error:
        raise TemplateFault(file, error.lineno, f"this is no template: {error.message}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise TemplateFault(file, None, f"the template cannot be read: {error}") from None


@functools.lru_cache(maxsize=16)
def schema_of(file: str) -> Any:
    """A schema, ready to look at documents with; it fetches nothing.

    Raises:
        TemplateFault: it is not there, or is none.
    """
    import xmlschema

    try:
        return xmlschema.XMLSchema(file, allow="sandbox", base_url=str(Path(file).parent), defuse="always")
    except (OSError, xmlschema.XMLSchemaException, ValueError, SyntaxError) as error:
        raise TemplateFault(file, None, f"this is no schema that can be used: {type(error).__name__}") from None


def fault_of(schema: Any, document: Any) -> str:
    """What is wrong with a document, text or element, by its schema: where and in which way, without values; blank where nothing is."""
    import xmlschema

    try:
        error = next(iter(schema.iter_errors(document)), None)
    except (xmlschema.XMLSchemaException, SyntaxError, ValueError) as fault:
        return type(fault).__name__
    if error is None:
        return ""
    kind = type(error.validator).__name__.removeprefix("Xsd")
    # What speaks of elements and attributes names them; what speaks of a value would tell it.
    return f"{error.path}: {error.reason if kind in {'AttributeGroup', 'Group'} else kind}"
