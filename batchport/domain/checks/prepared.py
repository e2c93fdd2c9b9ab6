"""A sheet's rows in the trade's own words, ready to be checked.

The order of the steps matters: the number decides what kind of port a row is, the kind decides what is asked for, and only what is asked for is
defaulted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from batchport.domain import normalise, numbering
from batchport.domain.address import SplitColumn, split_column, told
from batchport.domain.boxes import BOX
from batchport.domain.calendar import Dated
from batchport.domain.dates import dates
from batchport.domain.fields import BY_NAME, NAMES
from batchport.domain.findings import ERROR, Findings
from batchport.domain.papers import Beside
from batchport.domain.reference import Reference
from batchport.domain.repeated import alike
from batchport.domain.requests import Requests
from batchport.domain.routes import partners_of
from batchport.domain.table import Column, Ints, Mask, bools, text_array
from batchport.domain.terms import Asks, Terms

#: Fields that hold digits and letters only, where a spreadsheet may have left `.0` behind a whole number.
_WHOLE = ("account_number", "pin", "street_number", "postal_code", "destination")
#: Handed back as it came; and telephone numbers, whose digits are taken out of whatever stands around them.
_UNTOUCHED = ("customer_ref", "tn", "btn", "new_btn")
#: So many numbers at once fit the processor's cache.
_PIECE = 8192
_NO_LIMIT = np.iinfo(np.int64).max


class Prepared:
    """The normalised rows and what follows from them.

    Attributes:
        requests: the rows, normalised.
        written: the rows as written, tidied and with the customer's defaults, before anything else was done to them.
        terms, known, papers: as given.
        tn, btn, new_btn: the ten digits as numbers, -1 where there are none.
        trouble: field -> why its number is none, as `numbering.digits` says.
        toll_free, wireless, local: what kind of port a row is; a row without a number is of no kind but by its type.
        single, multi: what the row says of its account.
        account_filled: rows whose account number was blank, and is now the number or the billing number.
        clash: rows that ask for one number and say different things of it; set once that was checked.
        again: rows that only repeat an earlier one; set once that was checked.
        dated: the dates held against the calendar; set once that was checked.
    """

    def __init__(self, requests: Requests, terms: Terms, known: Reference, papers: Beside | None = None) -> None:
        none = np.full(len(requests), -1, np.int64)
        self.requests = self.written = requests
        self.terms = terms
        self.known = known
        self.papers = papers
        self.tn: Ints = none
        self.btn: Ints = none
        self.new_btn: Ints = none
        self.trouble: dict[str, np.ndarray[tuple[int], np.dtype[np.uint8]]] = {}
        self.toll_free: Mask = np.zeros(len(requests), dtype=bool)
        self.wireless: Mask = self.toll_free
        self.single: Mask = self.toll_free
        self.multi: Mask = self.toll_free
        self.account_filled: Mask = self.toll_free
        self.clash: Mask = self.toll_free
        self.again: Mask = self.toll_free
        self.dated: Dated | None = None
        self._failed: dict[str, Mask] = {}

    def __len__(self) -> int:
        return len(self.requests)

    def __getitem__(self, name: str) -> Column:
        return self.requests[name]

    @property
    def file(self) -> Ints:
        """Which file each row stands in; all in one where nobody has said."""
        return self.papers.file if self.papers is not None else np.zeros(len(self), np.int64)

    @property
    def local(self) -> Mask:
        """Rows that are neither toll-free nor wireless."""
        return ~self.toll_free & ~self.wireless

    @cached_property
    def partner(self) -> Column:
        """The partner that each row goes to, blank where no route leads to one; to be asked when the rows are ready."""
        return partners_of(self.terms.routes, self.terms.customer, self.requests, self.toll_free, self.wireless)

    def asked(self, wanted: Callable[[Asks], bool]) -> Mask:
        """The rows whose partner asks for something."""
        return self.partner.test(lambda names: np.array([wanted(self.terms.asks(name)) for name in names.to_pylist()], dtype=bool))

    def failed(self, field: str) -> Mask:
        """The rows whose field already has an error, though a customer's severities may have lowered it: what is wrong with it has been said."""
        found = self._failed.get(field)
        return found if found is not None else np.zeros(len(self), dtype=bool)

    def fail(self, field: str, rows: Mask) -> None:
        """Remember that the field of these rows has an error."""
        self._failed[field] = self.failed(field) | rows

    def troubled(self, field: str, why: int) -> Mask:
        """The rows whose number is none for this reason."""
        return bools(self.trouble[field] == why)

    def room(self, limits: Callable[[Asks], Mapping[str, int]], field: str) -> Ints | None:
        """For each row how many signs its partner has for a field, of the limits that `limits` picks; None where no partner sets one."""
        most = {partner: limits(asks)[field] for partner, asks in self.terms.partners.items() if field in limits(asks)}
        if not most:
            return None
        return self.partner.spread(np.array([most.get(name, _NO_LIMIT) for name in self.partner.values.to_pylist()], np.int64))

    def set(self, **columns: Column) -> None:
        """Change some columns of the requests."""
        self.requests = self.requests.replace(**columns)


def prepare(requests: Requests, terms: Terms, known: Reference, findings: Findings, papers: Beside | None = None) -> Prepared:
    """The rows in the trade's own words; what was changed or filled in is noted in `findings`."""
    rows = Prepared(_tidied(requests, findings), terms, known, papers)
    _note_error_values(rows, findings)
    for name in {field for _, field in findings.noted() if field}:
        rows.fail(name, findings.on(len(rows), severity=ERROR, field=name))
    _fill_defaults(rows, findings)
    rows.written = rows.requests
    _numbers(rows, findings)
    _number_types(rows, findings)
    _plain_words(rows, findings)
    _account_types(rows)
    _addresses(rows, findings)
    _dates(rows)
    _billing_numbers(rows, findings)
    _accounts(rows, findings)
    _names(rows, findings)
    return rows


def _tidied(requests: Requests, findings: Findings) -> Requests:
    """The rows without stray spaces and unseen signs."""
    columns = dict(requests.columns)
    for name in NAMES:
        if name in _UNTOUCHED or not normalise.untidy(columns[name]).any():
            continue
        findings.add("text-unsafe", normalise.unseen(columns[name]), name)
        columns[name] = normalise.tidy(columns[name])
    for name in _WHOLE:
        columns[name] = normalise.whole(columns[name])
    return requests.replace(**columns)


def _note_error_values(rows: Prepared, findings: Findings) -> None:
    """Cells with the words that spreadsheets put where a formula fails; what the reader noted is not noted again."""
    for name in NAMES:
        column = rows[name]
        if column.test(lambda values: pc.starts_with(values, "#")).any():
            mask = column.fullmatch(normalise.ERROR_VALUES) & ~findings.on(len(rows), code="cell-error-value", field=name)
            findings.add("cell-error-value", mask, name, detail=column.take(mask).text())


def _fill_defaults(rows: Prepared, findings: Findings) -> None:
    """Blank cells filled from the customer's defaults; a cell that the reader could not tell is none."""
    for name, value in rows.terms.defaults.items():
        blank = rows[name].blank & ~rows.failed(name)
        if blank.any():
            rows.set(**{name: rows[name].where(blank, value)})
            shown_value = "****" if BY_NAME[name].secret else value
            findings.add("value-defaulted", blank, name, detail=Column.constant(shown_value, int(blank.sum())).text())


def _numbers(rows: Prepared, findings: Findings) -> None:
    """Telephone numbers to ten digits."""
    for name in ("tn", "btn", "new_btn"):
        column = rows[name]
        # A billing number that is spelt in letters is nobody's habit.
        read = numbering.spelt if name == "tn" else numbering.digits
        numbers, trouble = read(column.values)
        if (trouble == numbering.INVALID).any():
            findings.add("text-unsafe", normalise.unseen(column), name)
            column = _seen(column, trouble == numbering.INVALID)
            numbers, trouble = read(column.values)
        text, bad = ten_digits(numbers), pa.array(numbers < 0)
        if (numbers < 0).any():
            text = pc.replace_with_mask(text, bad, normalise.tidy(Column(column.values.filter(bad))).values)
        rows.set(**{name: Column(text, column.codes)})
        setattr(rows, name, column.spread(numbers))
        rows.trouble[name] = column.spread(trouble)
    rows.toll_free = numbering.toll_free(rows.tn)


def _seen(column: Column, odd: Mask) -> Column:
    """The column with its odd values without signs that nobody sees, and full-width digits as the usual ones: too dear for values that are right."""
    values = column.values.filter(pa.array(odd)).to_pylist()
    plain = [normalise.visible(value) for value in values]
    return column if plain == values else Column(pc.replace_with_mask(column.values, pa.array(odd), text_array(plain)), column.codes)


def _number_types(rows: Prepared, findings: Findings) -> None:
    """`business_local` and its like, with what a toll-free number makes of it."""
    kind = normalise.words(rows["number_type"], normalise.NUMBER_TYPE_WORDS)
    kind = kind.where(kind.equals("business") & rows.toll_free, "business_toll_free").where(kind.equals("business") & ~rows.toll_free, "business_local")
    kind = kind.where(kind.blank & rows.toll_free, "business_toll_free")
    changed = rows.toll_free & kind.equals("residential")
    findings.add("number-type-changed", changed, "number_type")
    kind = kind.where(changed, "business_toll_free")
    rows.wireless = kind.equals("wireless") & ~rows.toll_free
    rows.set(number_type=kind)


def _account_types(rows: Prepared) -> None:
    """`single_line` or `multi_line`; `auto` told from the billing number and the account's other rows; nothing for wireless."""
    kind = normalise.words(rows["account_type"], normalise.ACCOUNT_TYPE_WORDS).where(rows.wireless, "")
    auto = kind.equals("auto")
    if auto.any():
        multi = auto & ((rows.local & (rows.btn >= 0) & (rows.btn != rows.tn)) | _shared_account(rows))
        kind = kind.where(multi, "multi_line").where(auto & ~multi, "single_line")
    rows.set(account_type=kind)
    rows.single = kind.equals("single_line")
    rows.multi = kind.equals("multi_line")


def _shared_account(rows: Prepared) -> Mask:
    """Rows whose carrier and account number, or what stands in for it, stand on a row of their file with another number too."""
    written = rows["account_number"]
    stand_in = rows["tn"].where(rows.local & (rows.btn >= 0), rows["btn"])
    account, carrier = normalise.folded(written.where(written.blank, stand_in)), normalise.folded(rows["losing_carrier"])
    ids = alike([account.ids(), carrier.ids(), rows.file])
    first = np.full(int(ids.max(initial=-1)) + 1, -1, np.int64)
    first[ids[::-1]] = rows.tn[::-1]
    differs = np.zeros(len(first), dtype=bool)
    differs[ids[rows.tn != first[ids]]] = True
    return bools(differs[ids] & ~account.blank & ~carrier.blank)


def _plain_words(rows: Prepared, findings: Findings) -> None:
    """Yes and no, the carrier's name, the country and the like."""
    _tell_changes(rows, findings, "unlocked", normalise.yes_no(rows["unlocked"]))
    _tell_changes(rows, findings, "partial", normalise.yes_no(rows["partial"], also={"full": "N", "partial": "Y"}))
    _tell_changes(rows, findings, "losing_carrier", rows.known.carrier(rows["losing_carrier"]))
    resporg = normalise.upper(rows["resporg_id"]).where(~rows.toll_free, "")
    rows.set(resporg_id=resporg, action=rows["action"].map(pc.utf8_lower), row_id=normalise.upper(rows["row_id"]))


def _addresses(rows: Prepared, findings: Findings) -> None:
    """The service address in its parts, in the postal service's codes."""
    _split_lines(rows, findings)
    _tell_changes(rows, findings, "street_direction", normalise.words(rows["street_direction"], normalise.DIRECTION_WORDS))
    _tell_changes(rows, findings, "state", rows.known.state(rows["state"]))
    rows.set(postal_code=normalise.postal_code(rows["postal_code"]))
    _restore_zeros(rows, findings)
    _tell_changes(rows, findings, "country", rows.known.country(rows["country"]))
    blank = rows["country"].blank
    if blank.any():
        told = rows.known.country_of(rows["state"], rows["postal_code"])
        rows.set(country=rows["country"].where(blank, told))


def _split_lines(rows: Prepared, findings: Findings) -> None:
    """A whole address line taken apart where its parts are not given; a post-office box has none."""
    line = rows["service_address"]
    asked = ~line.blank & rows["street_name"].blank & rows["street_number"].blank
    if not asked.any():
        return
    asked &= ~line.contains(BOX)
    found = split_column(line)
    unclear = asked & (found.unclear | _other_direction(rows, found))
    parts = {name: rows[name].where(asked & ~part.blank, part) for name, part in found.parts.items()}
    parts["unit"] = _both_units(rows["unit"], found.parts["unit"], asked)
    rows.set(**parts)
    # Without a number nothing is unclear: `address-missing` says what is wrong.
    numbered = ~found.parts["street_number"].blank
    unclear &= numbered | ~rows.local
    apart = asked & ~unclear & (numbered | ~found.parts["unit"].blank | ~found.parts["street_direction"].blank)
    in_words = told(found.parts)
    findings.add("address-split", apart, "service_address", detail=in_words.take(apart).text())
    findings.add("address-unclear", unclear, "service_address", detail=in_words.map(lambda values: _with(values, "it was read as ")).take(unclear).text())


def _other_direction(rows: Prepared, found: SplitColumn) -> Mask:
    """Rows whose line begins with another direction than their own column says."""
    own, theirs = normalise.words(rows["street_direction"], normalise.DIRECTION_WORDS), found.parts["street_direction"]
    if own.blank.all() or theirs.blank.all():
        return np.zeros(len(rows), dtype=bool)
    mine, other = _ids_of(own, theirs)
    return bools(~own.blank & ~theirs.blank & (mine != other))


def _both_units(own: Column, found: Column, asked: Mask) -> Column:
    """The unit of the line and the one of its own column; both, where they are different ones."""
    unit = own.where(asked & own.blank, found)
    both = asked & ~own.blank & ~found.blank
    if both.any():
        mine, theirs = _ids_of(normalise.folded(own), normalise.folded(found))
        joined = Column(pc.binary_join_element_wise(found.text(), own.text(), ", "))
        unit = unit.where(both & (mine != theirs), joined)
    return unit


def _ids_of(one: Column, other: Column) -> tuple[Ints, Ints]:
    """Small whole numbers for the rows of two columns, the same for the same text."""
    ids = Column.concat([one, other]).ids()
    return ids[: len(one)], ids[len(one) :]


def _with(values: pa.StringArray, before: str) -> pa.StringArray:
    """The texts with some words before each."""
    return pc.binary_join_element_wise(before, values, "")


def _restore_zeros(rows: Prepared, findings: Findings) -> None:
    """ZIPs of four or three digits get their zeros back where the state has such a ZIP."""
    short = rows["postal_code"].fullmatch("[0-9]{3,4}")
    if not short.any():
        return
    padded = rows["postal_code"].map(lambda values: pc.utf8_lpad(values, 5, "0"))
    exists = padded.map(lambda values: pc.utf8_slice_codeunits(values, 0, 3)).isin(rows.known.zip_states)
    fits = short & exists & ~rows.known.postal_elsewhere(padded, rows["state"])
    if fits.any():
        findings.add("postal-zeros-restored", fits, "postal_code", suggestion=padded.take(fits).text())
        rows.set(postal_code=rows["postal_code"].where(fits, padded))


def _dates(rows: Prepared) -> None:
    """Dates as 2026-03-09; what cannot be read stays as written, and so does what could be meant in two ways in Canada, where both are used."""
    written = rows["requested_date"]
    if written.blank.all():
        return
    order = rows.terms.date_order
    canadian = rows["country"].equals("CA")
    read = dates(written, order, "mdy")
    rows.set(requested_date=read.where(canadian, dates(written, order)) if canadian.any() else read)


def _billing_numbers(rows: Prepared, findings: Findings) -> None:
    """The billing number: not asked for of toll-free and wireless rows, the number itself for Single-Line ones."""
    asked = rows.local
    same = asked & rows.single & rows["btn"].blank & (rows.tn >= 0) & ~rows.failed("btn")
    rows.set(btn=rows["btn"].where(~asked, "").where(same, rows["tn"]))
    rows.btn = np.where(same, rows.tn, np.where(asked, rows.btn, -1))
    rows.trouble["btn"] = np.where(same | ~asked, 0, rows.trouble["btn"]).astype(np.uint8)
    if same.any():
        findings.add("btn-defaulted", same, "btn", detail=_shown(rows.tn[same]))


def _accounts(rows: Prepared, findings: Findings) -> None:
    """Account numbers without dashes, or the number that stands in for them; the PIN or `0000`."""
    written = normalise.whole_exponent(rows["account_number"])
    cleaned = normalise.account(written)
    findings.add("account-cleaned", _changed(written, cleaned), "account_number")
    blank = cleaned.blank & ~rows.wireless & ~rows.failed("account_number")
    multi = rows.local & rows.multi
    stand_in = np.where(multi, rows.btn, rows.tn)
    filled = blank & (stand_in >= 0)
    if filled.any():
        cleaned = cleaned.where(filled & multi, rows["btn"]).where(filled & ~multi, rows["tn"])
        findings.add("account-defaulted", filled, "account_number", detail=_shown(stand_in[filled]))
    no_pin = rows["pin"].blank & ~rows.wireless & ~rows.failed("pin")
    findings.add("pin-defaulted", no_pin, "pin")
    rows.set(account_number=cleaned, pin=rows["pin"].where(no_pin, "0000"))
    rows.account_filled = filled


def _names(rows: Prepared, findings: Findings) -> None:
    """The subscriber stands in for the authorized person of residential and wireless rows."""
    own = (rows["number_type"].equals("residential") | rows.wireless) & rows["authorized_name"].blank & ~rows["name"].blank & ~rows.failed("authorized_name")
    if own.any():
        findings.add("authorized-defaulted", own, "authorized_name", detail=rows["name"].take(own).text())
        rows.set(authorized_name=rows["authorized_name"].where(own, rows["name"]))


def _tell_changes(rows: Prepared, findings: Findings, name: str, new: Column) -> None:
    """Take a column whose words were replaced, and tell where more than case, spaces and punctuation changed."""
    old = rows[name]
    if _changed(old, new).any():
        told = _changed(normalise.folded(old), normalise.folded(new))
        if told.any():
            findings.add("value-normalised", told, name, detail=new.take(told).text())
    rows.set(**{name: new})


def _changed(old: Column, new: Column) -> Mask:
    """The rows in which two columns over the same values differ."""
    if old.values is new.values:
        return np.zeros(len(old), dtype=bool)
    return old.spread(np.asarray(pc.not_equal(old.values, new.values)))


def _shown(numbers: Ints) -> pa.StringArray:
    """Telephone numbers as people read them."""
    return shown(ten_digits(numbers))


def ten_digits(numbers: Ints) -> pa.StringArray:
    """Numbers as ten digits; one that begins with 0 keeps it, and of what is no number ten digits are made that mean nothing."""
    signs = np.empty((len(numbers), 10), np.uint8)
    for start in range(0, len(numbers), _PIECE):
        piece = numbers[start : start + _PIECE]
        left = piece // 100_000
        for half, last in ((left, 4), (piece - left * 100_000, 9)):
            rest = half.astype(np.uint32)
            for place in range(last, last - 5, -1):
                tenth = rest // 10
                signs[start : start + _PIECE, place] = rest - tenth * 10 + ord("0")
                rest = tenth
    edges = np.arange(0, signs.size + 1, 10, dtype=np.int32)
    return pa.StringArray.from_buffers(len(numbers), pa.py_buffer(edges), pa.py_buffer(signs))


def shown(values: pa.StringArray) -> pa.StringArray:
    """Ten digits as 212-736-0142; anything else as it stands."""
    return pc.replace_substring_regex(values, r"\A([0-9]{3})([0-9]{3})([0-9]{4})\z", r"\1-\2-\3")

