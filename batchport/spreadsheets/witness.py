"""What the cells of a column say of its meaning: the second witness beside its header.

The cells may refuse what a header says (a column called `Phone` that holds e-mail addresses), and they may decide between the things that a header can
mean (`Type` above Single-Line and Multi-Line). They never make a field of a column whose header says nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence

from batchport.domain.normalise import ACCOUNT_TYPE_WORDS, NO, NUMBER_TYPE_WORDS, YES, squeezed
from batchport.spreadsheets.headers import LABEL

#: So many cells of a column are looked at.
LOOKED_AT = 200
#: The share of the cells that must agree before they decide.
_AGREE = 0.9

RESIDENTIAL = ("residential", "residence", "res", "r", "home", "consumer")
BUSINESS = ("business", "bus", "b", "commercial", "corporate", "company")

_TYPES = {**dict.fromkeys((*RESIDENTIAL, *BUSINESS), "subscriber_type"), **dict.fromkeys(NUMBER_TYPE_WORDS, "number_type")}
_BLANK = re.compile(r"\s*(?:n\.?/?a\.?|none|null|nil|unknown|tbd|-+|\?+|#(?:N/A|REF!|VALUE!|NAME\?|NULL!|NUM!|DIV/0!))?\s*", re.IGNORECASE)
_PHONE = re.compile(r"\s*(?:tel:)?\+?(?:1[\s.\-]*)?\(?[2-9][0-9]{2}\)?[\s.\-/]*[2-9][0-9]{2}[\s.\-]*[0-9]{4}(?![0-9])")
_LETTERED = re.compile(r"\s*\+?(?:1[\s.\-]*)?\(?[2-9][0-9]{2}\)?[\s.\-]*[A-Za-z0-9][A-Za-z0-9.\- ]{6,11}\s*")
_ROUNDED = re.compile(r"\s*[0-9](?:[.,][0-9]+)?E\+?[0-9]{1,2}\s*", re.IGNORECASE)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}")
_DATE = re.compile(r"\s*(?:(?:19|20)[0-9]{2}[-/.][01]?[0-9][-/.][0-3]?[0-9]|[0-3]?[0-9][-/.][0-3]?[0-9][-/.](?:19|20)?[0-9]{2})(?:[ T][0-9:.]+.*)?\s*")
_ZIP = re.compile(r"\s*(?:[0-9]{3,5}(?:-[0-9]{4})?|[A-Za-z][0-9][A-Za-z][ -]?[0-9][A-Za-z][0-9])\s*")
_MONEY = re.compile(r"\s*[$\u20ac\u00a3]\s*[0-9].*|\s*[0-9][0-9,. ]*\s*[$\u20ac\u00a3]\s*")
_DIGITS = re.compile(r"[\s0-9.\-]+")
_LETTERS = re.compile(r"[^\W\d_]")
_WORDS = re.compile(r"[^\W\d_][^\d_@]*")
_STATE = re.compile(r"\s*[A-Za-z]{2}\s*|[^\W\d_][^\d_@]{3,24}")
_COMPANY = re.compile(r"\b(?:llc|l\.l\.c|inc|incorporated|corp|corporation|co|company|ltd|lt\u00e9e|ltee|lp|llp|pllc|pc|p\.c|plc|gmbh|bank|church|school|university|county|city of|group|associates|services?)\b", re.IGNORECASE)
_FILE = re.compile(r".*\.(?:pdf|tiff?|jpe?g|png|docx?)\s*", re.IGNORECASE)
_STATUS = frozenset(("active", "inactive", "pending", "open", "closed", "complete", "completed", "done", "submitted", "cancelled", "canceled", "rejected", "approved", "disconnected", "new"))


def _digits(text: str) -> int:
    return sum(sign.isdigit() for sign in text)


def _is_number(text: str) -> bool:
    return bool(_PHONE.match(text) or _ROUNDED.fullmatch(text) or (_LETTERED.fullmatch(text) and _LETTERS.search(text)))


def _no_number(text: str) -> bool:
    """Something that no slip of the pen makes of a telephone number."""
    if _PHONE.match(text):
        return False
    return not _is_number(text) and (_digits(text) < 7 or bool(_EMAIL.search(text) or _DATE.fullmatch(text)))


def _email(text: str) -> bool:
    return _EMAIL.search(text) is not None


def _phone(text: str) -> bool:
    return _PHONE.match(text) is not None


def _date(text: str) -> bool:
    return _DATE.fullmatch(text) is not None


def _odd(text: str) -> bool:
    """What is an e-mail address, a date or an amount of money."""
    return _email(text) or _date(text) or _MONEY.fullmatch(text) is not None


def _wordy(text: str) -> bool:
    """Words without any digit."""
    return _WORDS.fullmatch(text) is not None


def _type_of(text: str) -> str:
    """Which kind of list a word comes from; blank for none."""
    word = squeezed(text)
    if word in ACCOUNT_TYPE_WORDS:
        return "account_type"
    return "partial" if word in ("full", "partial", "partiel") else _TYPES.get(word, "")


#: Field or part -> what a cell of it cannot be. Only what can be nothing but another field: a wrong value of the right field is a matter for the checks.
_FOREIGN: dict[str, Callable[[str], bool]] = {
    "tn": _no_number,
    "btn": lambda text: _odd(text) or not _digits(text),
    "new_btn": lambda text: _odd(text) or not _digits(text),
    "account_number": lambda text: _odd(text) or (_wordy(text) and " " in text.strip()),
    "pin": lambda text: _odd(text) or (_wordy(text) and " " in text.strip()) or squeezed(text) in ("yes", "no", "y", "n"),
    "losing_carrier": lambda text: _odd(text) or not _LETTERS.search(text) or squeezed(text) in (*YES, *NO),
    "account_type": lambda text: _odd(text) or _phone(text) or _type_of(text) in ("number_type", "subscriber_type", "partial"),
    "number_type": lambda text: _odd(text) or _phone(text) or _type_of(text) in ("account_type", "partial"),
    "name": lambda text: _odd(text) or not _LETTERS.search(text) or squeezed(text) in (*YES, *NO),
    "authorized_name": lambda text: _email(text) or not _LETTERS.search(text),
    "street_number": lambda text: _email(text) or _phone(text) or not _digits(text),
    "street_name": lambda text: _email(text) or _phone(text) or _date(text),
    "service_address": lambda text: _email(text) or _phone(text) or not _LETTERS.search(text),
    "city": lambda text: _email(text) or not _LETTERS.search(text),
    "state": lambda text: not _LETTERS.search(text) or squeezed(text) in _STATUS,
    "postal_code": lambda text: _odd(text) or _phone(text) or not _digits(text),
    "country": lambda text: _email(text) or not _LETTERS.search(text),
    "contact_email": lambda text: "@" not in text,
    "loa_file": lambda text: _date(text) or _MONEY.fullmatch(text) is not None or squeezed(text) in (*YES, *NO, "signed", "received", "pending"),
    "invoice_file": lambda text: _odd(text) or _DIGITS.fullmatch(text) is not None or squeezed(text) in (*YES, *NO),
    "is_wireless": lambda text: _phone(text) or _email(text),
    "subscriber_type": lambda text: _type_of(text) not in ("subscriber_type", "number_type"),
}  # fmt: skip

#: Field or part -> what a cell must be before the cells decide for it.
_OWN: dict[str, Callable[[str], bool]] = {
    "tn": _phone,
    "btn": _phone,
    "account_number": lambda text: not _phone(text) and not _odd(text) and _digits(text) >= 4 and " " not in text.strip(),
    "number_type": lambda text: _type_of(text) == "number_type" or squeezed(text) in ("residential", "business"),
    "account_type": lambda text: _type_of(text) == "account_type",
    "subscriber_type": lambda text: squeezed(text) in (*RESIDENTIAL, *BUSINESS),
    "partial": lambda text: _type_of(text) == "partial",
    "name": lambda text: _wordy(text) and len(text.strip()) > 2 and not _type_of(text) and squeezed(text) not in (*YES, *NO, *_STATUS),
    "authorized_name": lambda text: _wordy(text) and len(text.split()) in (2, 3, 4) and not _COMPANY.search(text),
    "contact_email": _email,
    "is_wireless": lambda text: squeezed(text) in (*YES, *NO),
    "state": lambda text: _STATE.fullmatch(text) is not None and squeezed(text) not in _STATUS and len(text.strip()) == 2,
    "postal_code": lambda text: _ZIP.fullmatch(text) is not None,
    "loa_file": lambda text: _FILE.fullmatch(text) is not None,
    "invoice_file": lambda text: _FILE.fullmatch(text) is not None,
}  # fmt: skip


def said(cells: Sequence[str]) -> list[str]:
    """The cells that say something."""
    return [cell for cell in cells if cell and not _BLANK.fullmatch(cell)]


def is_judged(name: str) -> bool:
    """Whether cells can refuse a field or part at all."""
    return name in _FOREIGN


def refuses(name: str, reason: str, cells: Sequence[str]) -> bool:
    """Whether the cells are of something else than the field that the header says.

    Under the template's own label, and under a header that is known whole, only what can be nothing but another field counts; a telephone number must be
    one in half of the cells under any other header than the label.

    Args:
        name: field or part.
        reason: how the header says it.
        cells: those of the first cells of the column that say something, as written.
    """
    foreign = _FOREIGN.get(name)
    if foreign is None or len(cells) < 2:
        return False
    if name == "tn" and reason != LABEL and len(cells) > 2:
        return _most(cells, lambda text: not _is_number(text))
    return _most(cells, foreign)


def _most(cells: Sequence[str], predicate: Callable[[str], bool]) -> bool:
    """Whether more than half of the cells pass; looks no further than is needed to know."""
    needed = len(cells) // 2 + 1
    spare = len(cells) - needed
    for cell, times in Counter(cells).items():
        if predicate(cell):
            needed -= times
            if needed <= 0:
                return True
        else:
            spare -= times
            if spare < 0:
                return False
    return False


def decides(candidates: Sequence[str], cells: Sequence[str]) -> str:
    """The one of the candidates that nearly all cells agree with; blank where they agree with none, or with several."""
    filled = said(cells)
    if not filled:
        return ""
    fits = [name for name in candidates if name in _OWN and sum(map(_OWN[name], filled)) >= _AGREE * len(filled)]
    if "subscriber_type" in fits and "number_type" in fits:
        fits.remove("number_type")
    return fits[0] if len(fits) == 1 else ""


def described(cells: Sequence[str]) -> str:
    """What the cells look like, in words; blank where they are of no one kind."""
    filled = said(cells)
    kinds = (
        ("e-mail addresses", _email), ("dates", _date), ("amounts of money", lambda text: _MONEY.fullmatch(text) is not None),
        ("telephone numbers", _phone), ("words of the kind Single-Line and Multi-Line", lambda text: _type_of(text) == "account_type"),
        ("kinds of customers or numbers", lambda text: _type_of(text) in ("number_type", "subscriber_type")),
        ("yes and no", lambda text: squeezed(text) in (*YES, *NO)), ("words", _wordy), ("digits", lambda text: _DIGITS.fullmatch(text) is not None),
    )  # fmt: skip
    return next((words for words, is_one in kinds if filled and _most(filled, is_one)), "")


def is_company(cells: Sequence[str]) -> bool:
    """Whether most of the cells are names of companies."""
    filled = said(cells)
    return bool(filled) and _most(filled, lambda text: _COMPANY.search(text) is not None)


def is_one_word(cells: Sequence[str]) -> bool:
    """Whether nearly all of the cells are single words without digits."""
    filled = said(cells)
    return bool(filled) and sum(_wordy(cell) and " " not in cell.strip() for cell in filled) >= _AGREE * len(filled)
