"""A partner's answers as a table: one line a row, every value in one form, whatever the partner's looks like."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from batchport.carriers.formats import Unreadable, format_of
from batchport.carriers.layout import ANSWERS, Answer, Layout
from batchport.carriers.profile import Profile
from batchport.domain.table import Column, text_array

#: What a version that is not a number becomes: it is no version of any order.
NO_VERSION = -1
_BETWEEN_DIGITS = r"[\s().+/\-\x{a0}\x{2010}-\x{2015}]"
_UTC = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"
_DATES = ("%Y-%m-%d", "%m/%d/%Y", "%Y%m%d", "%m/%d/%y")


class ResponseUnreadable(ValueError):
    """A response file that is set aside whole; `reason` says why, without anything that stands in it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Response:
    """What a partner answered.

    Attributes:
        lines: a row a line, in the file's order. `line`: the record's number in the file, as people count (the header is 1). `pon`: in capitals.
            `ver`: a whole number, 0 where blank, `NO_VERSION` where it is none. `tn`: ten digits, blank for the whole order; one that cannot be
            understood as it is written, so that it is nobody's. `status`: ACK, REJECT, DELAY, FOC, COMPLETE, CANCEL, or what else it says, in
            capitals. `code`, `text`: as written. `foc_date`: ISO, blank where none can be understood. `at`: the moment in UTC to the microsecond, as
            2026-11-24T13:05:00.000000Z, so that text sorts as time; blank where none can be understood.
        ignored: headers of columns that the profile does not speak of.
    """

    lines: pd.DataFrame
    ignored: tuple[str, ...] = ()


def parse(profile: Profile, data: bytes, *, manifest: bytes | None = None) -> Response:
    """What a response file says; `manifest` is the file that lay beside it.

    Raises:
        ResponseUnreadable: the file, or one of its records, is not what the profile says, or the manifest says something else of it.
    """
    promised = _promised(manifest) if manifest is not None else {}
    if "sha256" in promised and str(promised["sha256"]).strip().casefold() != hashlib.sha256(data).hexdigest():
        raise ResponseUnreadable("its manifest has another SHA-256: the file was changed, or is not whole")
    layout, table, ignored = _read(profile, data)
    if "lines" in promised and str(promised["lines"]).strip() != str(table.num_rows):
        raise ResponseUnreadable(f"it has {table.num_rows} lines, its manifest says another number")
    return Response(_lines(table, layout, profile), ignored)


def _read(profile: Profile, data: bytes) -> tuple[Layout, pa.Table, tuple[str, ...]]:
    """The records of a file, and which of the profile's layouts it has: the first that fits."""
    faults = []
    for layout in profile.responses.layouts:
        try:
            return layout, *format_of(layout.format.kind).read(data, layout)
        except Unreadable as error:
            faults.append(error)
    raise ResponseUnreadable(str(next((fault for fault in faults if not fault.foreign), faults[0])))


def _promised(manifest: bytes) -> Mapping[str, Any]:
    try:
        said = json.loads(manifest)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise ResponseUnreadable("its manifest cannot be read")
    return said


def _lines(table: pa.Table, layout: Layout, profile: Profile) -> pd.DataFrame:
    words = _column(table, layout, "status").map(pc.utf8_trim_whitespace)
    forms: dict[str, Callable[[Column], Column]] = {
        "pon": lambda column: column.map(pc.utf8_upper),
        "tn": telephones,
        "status": lambda column: _statuses(column, layout, profile.pad),
        "code": lambda column: _codes(column, layout, profile.pad),
        "foc_date": lambda column: column.map_text(_date),
        "at": lambda column: moments(column, profile.timezone),
    }
    frame = pd.DataFrame({"line": table.column("line").to_numpy()})
    for name in ANSWERS:
        column = _column(table, layout, name).map(pc.utf8_trim_whitespace).map(_without_nul)
        if name == "ver":
            frame[name] = _versions(column)
        else:
            shaped = forms[name](column) if name in forms else column
            frame[name] = shaped.text().to_pandas()
    return _with_partners_word(frame, words)


def _column(table: pa.Table, layout: Layout, name: Answer) -> Column:
    """A column of the response, each different value once where values repeat; blank where the partner does not send it."""
    there = [table.column(header) for header in layout.of(name) if header in table.column_names]
    if not there:
        return Column.constant("", table.num_rows)
    whole = Column.from_arrow(there[0])
    for other in there[1:]:
        both = pc.binary_join_element_wise(whole.text(), Column.from_arrow(other).text(), "; ")
        whole = Column(pc.utf8_trim(both, "; "))
    return whole if name in ("pon", "tn") else Column.from_arrow(whole.text().dictionary_encode())


def _without_nul(values: pa.StringArray) -> pa.StringArray:
    """Texts with the sign for what cannot be shown in the place of a NUL, which not every database keeps in a text, and no mail may have."""
    return pc.replace_substring(values, "\0", "\ufffd") if pc.any(pc.match_substring(values, "\0")).as_py() else values


def _padded(word: str, pad: int | None) -> str:
    """The word with the zeros that a spreadsheet took."""
    return word.zfill(pad) if pad and word.isascii() and word.isdigit() else word


def _statuses(column: Column, layout: Layout, pad: int | None) -> Column:
    """What lines say, in our words; what is no word of the partner's in capitals, or what the layout takes every other word for."""
    known = {word.upper(): kind for kind, words in layout.statuses.items() for word in words}

    def status(word: str) -> str:
        said = (_padded(word, pad) if layout.one_for_both else word).upper()
        return known.get(said, layout.otherwise if layout.otherwise and said else said)

    return column.map_text(status)


def _codes(column: Column, layout: Layout, pad: int | None) -> Column:
    """Codes with `;` between; what is a status word where both stand in one column is none."""
    if layout.code_separator == ";" and not layout.one_for_both:
        return column
    words = {word.casefold() for said in layout.statuses.values() for word in said} if layout.one_for_both else set()

    def codes(text: str) -> str:
        each = [_padded(code.strip(), pad) for code in text.split(layout.code_separator)]
        return ";".join(code for code in each if code and code.casefold() not in words)

    return column.map_text(codes)


def _with_partners_word(frame: pd.DataFrame, words: Column) -> pd.DataFrame:
    """The lines, where a refusal that gives no reason has the partner's own word for it, such as Expired, as its text."""
    wordless = (frame.status == "REJECT") & (frame.code == "") & (frame.text == "")
    if wordless.any():
        own = words.text().to_pandas()
        frame["text"] = frame.text.where(~(wordless & (own.str.upper() != "REJECT")), own)
    return frame


def telephones(column: Column) -> Column:
    """Ten digits for a number in any usual form; what is none as it stands."""

    def digits(values: pa.StringArray) -> pa.StringArray:
        if pc.all(pc.match_substring_regex(values, r"\A(?:[0-9]{10})?\z")).as_py() in (True, None):
            return values
        bare = pc.replace_substring_regex(values, r"\A'|\A(?i:tel:)|\.0+\z", "")
        bare = pc.replace_substring_regex(bare, _BETWEEN_DIGITS, "")
        number = pc.match_substring_regex(bare, r"\A1?[0-9]{10}\z")
        return pc.if_else(number, pc.utf8_slice_codeunits(bare, -10), values)

    return column.map(digits)


def moments(column: Column, zone: tzinfo) -> Column:
    """Moments in UTC to the microsecond for ISO times; those without a zone are by the clock of `zone`; blank for what is no time."""

    def utc(values: pa.StringArray) -> pa.StringArray:
        usual = pc.match_substring_regex(values, rf"\A{_UTC}\z")
        try:
            pc.cast(values.filter(usual), pa.timestamp("s", "UTC"))
        except pa.ArrowInvalid:
            return text_array([_moment(text, zone) for text in values.to_pylist()])
        precise = pc.replace_substring_regex(values, r"Z\z", ".000000Z")
        others = [_moment(text, zone) for text in values.filter(pc.invert(usual)).to_pylist()]
        return pc.replace_with_mask(precise, pc.invert(usual), text_array(others))

    return column.map(utc)


def _moment(text: str, zone: tzinfo) -> str:
    try:
        moment = datetime.fromisoformat(text)
        local = moment if moment.tzinfo else moment.replace(tzinfo=zone)
        return local.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    except (ValueError, OverflowError):
        return ""


def _date(text: str) -> str:
    day = re.split("[T ]", text, maxsplit=1)[0]
    for form in _DATES:
        try:
            return datetime.strptime(day, form).date().isoformat()
        except ValueError:
            continue
    return ""


def _versions(column: Column) -> Any:
    """Versions as whole numbers."""

    def version(text: str) -> int:
        if not text:
            return 0
        said = re.fullmatch(r"([0-9]{1,9})(?:\.0+)?", text)
        return int(said[1]) if said else NO_VERSION

    return column.spread(pd.array([version(text) for text in column.values.to_pylist()], dtype="int64").to_numpy())
