"""What a header means, told from its text alone.

A header is taken for a field only where it says so: by the customer's confirmed mapping, by the template's label, by a header that the trade is known
to use, or by words that leave no other meaning. What may be something else is named with what it may be, and never guessed.

Needs neither pandas nor Arrow: the process that reads files looks for the header with it.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache

from batchport.domain.fields import ADDRESS, FIELDS, PARTS, RESULT_LABELS
from batchport.spreadsheets.synonyms import BY_CONTENT, CERTAIN, Sense, senses, words_of

SAVED, LABEL, ALIAS, SYNONYM, CONTENT = "saved", "label", "alias", "synonym", "content"

#: Headers that mean one thing here and another there: what they may be. `Name` is one of them only beside a better name.
AMBIGUOUS: dict[str, tuple[str, ...]] = {
    "porttype": ("number_type", "partial", "account_type", "subscriber_type"),
    "portoutpin": ("pin",),
    "type": ("number_type", "account_type", "subscriber_type"),
    "status": (),
    "contact": ("authorized_name", "contact_email"),
    "name": ("name", "authorized_name"),
    "nom": ("name", "authorized_name"),
    "etat": ("state",),
    "cp": ("postal_code",),
    "cell": ("tn", "is_wireless"),
    "cellular": ("tn", "is_wireless"),
    "cellulaire": ("tn", "is_wireless"),
}
#: Headers that are a name where no better one stands beside them.
NAMES_ALONE = ("name", "nom")

_PARENTHESES = re.compile(r"\(([^()]*)\)")
_PORT_OUT_PIN = re.compile(r"\W*port[\W_]+out[\W_]*pin\W*", re.IGNORECASE)
_SIGNS = re.compile(r"[^a-z0-9]+")
#: Words in brackets that turn a header into something else; `billing` does so to an address.
_TURNING = frozenset(
    ["new", "contact", "mailing", "home", "work", "office", "emergency", "alternate", "alt", "fax", "email", "ssn", "social", "sin", "nas", "tax", "internal", "signed", "gaining", "winning", "old", "previous", "after", "vendor"]
)
_ALTERNATIVES = re.compile(r"\s*/\s*|\s+(?:or|ou)\s+", re.IGNORECASE)
#: Names of the groups that programming interfaces put before the names of what they ask for, as in `end_user.location.postal_code`.
_GROUPS = frozenset(
    ("enduser", "admin", "location", "misc", "documents", "activationsettings", "subscriber", "serviceaddress", "wirelessinfo", "portoutinfo", "address",
     "losingcarrierinformation", "lnporder", "desiredportschedule")
)  # fmt: skip
_EXPLAINING = re.compile(r"\s*(?:with|from|for|on|of|as|if|at|in|when|see|avec|si|pour|sur)\b", re.IGNORECASE)
_PLACE = frozenset((*ADDRESS, "service_address", "country", "street_type", "street_prefix", "street_post_direction"))

#: What is known not to be a column of ours, and why it is not read; looked for in a header's words, in lower case with single spaces.
_NOT_OURS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(rf"\b(?:{pattern})\b"), reason)
    for pattern, reason in (
        (r"ssn|snn|sin|nas|social|tax|ein|fein|birth|dob|licen[cs]e", "personal numbers such as a tax or social insurance number are not needed, and never read"),
        (r"(?:billing|bill|mailing|shipping|postale) (?:to )?(?:address|addr|street|city|state|province|zip|postal).*|adresse (?:de facturation|postale)",
         "the address of the bill is not read: where the service is counts"),
        (r"foc|firm order.*|confirmed .*|scheduled .*|actual .*", "a date that the carrier gives; the date that you ask for has the header Requested Date"),
        (r"new (?:carrier|provider|vendor).*|gaining.*|winning.*|nouveau fournisseur", "it speaks of the carrier that the number goes to, not of the one that it leaves"),
        (r"spid|ocn|lnp ?losing ?carrier ?id|onsp|nnsp", "codes of carriers are not read; their name counts"),
        (r"status|etat|state of .*", "where a number stands is not a part of a request"),
        (r"price|cost|rate|mrc|nrc|charge|charges|fee|fees|amount|prix|cout|tarif|balance", "prices are not a part of a request"),
        (r"time|hour|heure|apptime|dfdt", "carriers take a date, not a time"),
    )
)  # fmt: skip
#: Words in headers whose cells are shown to nobody, whatever becomes of the column.
_HIDDEN = re.compile(
    r"pin|nip|pass ?(?:code|word)|pwd|mot ?de ?passe|secret|secur|ssn|snn|social|\bsin\b|\bnas\b|tax|\bein\b|account|acct|compte|\bban\b|birth|\bdob\b|card|cvv|licen|code\b|imei|\bkey\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Target:
    """What a header stands for: the name of a field or part ("" for a column that is not to be read), and how that is known."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a header says.

    Attributes:
        target: what it stands for, where that is certain.
        candidates: else what it may be.
        by_content: whether the cells may decide among the candidates.
        why: why it is not certain, or not ours; blank where nothing is known of it.
    """

    target: Target | None = None
    candidates: tuple[str, ...] = ()
    by_content: bool = False
    why: str = ""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A mapping that was confirmed for the sheets with some headers: all comparable."""

    headers: frozenset[str]
    columns: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Saved:
    """What a customer's headers were said to mean.

    Attributes:
        columns: of the settings: header -> field, for all sheets.
        confirmed: for the sheets that have certain headers, the newest first.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    confirmed: tuple[Confirmed, ...] = ()

    def of(self, headers: Iterable[str]) -> dict[str, str]:
        """The mapping, by comparable header, for a sheet with these headers: one confirmed for just them, else for the most of them."""
        there = header_set(headers)
        fits = [each for each in self.confirmed if each.headers <= there]
        best = max(fits, key=lambda each: len(each.headers), default=None)
        return saved_headers(self.columns) | dict(best.columns if best is not None else {})

    def any(self) -> dict[str, str]:
        """All that is known of any header: for finding the header of a sheet."""
        found = saved_headers(self.columns)
        for each in reversed(self.confirmed):
            found |= each.columns
        return found


@cache
def comparable(header: str) -> str:
    """A header as it is compared: without case, accents, spaces, punctuation and what stands in brackets.

    >>> comparable("Acct #"), comparable("Billing Account Number (With Current Carrier)"), comparable("Prénom")
    ('acctnumber', 'billingaccountnumber', 'prenom')
    """
    text = unicodedata.normalize("NFKD", header).lower().replace("&", "and").replace("#", "number")
    return _SIGNS.sub("", _PARENTHESES.sub("", text)) or _SIGNS.sub("", text) or "".join(sign for sign in text if sign.isalnum())


def header_set(headers: Iterable[str]) -> frozenset[str]:
    """The headers of a sheet as a confirmed mapping is kept for them; those that our own results add do not count."""
    return frozenset(key for key in map(comparable, headers) if key) - result_headers()


def fingerprint(headers: frozenset[str]) -> str:
    """A set of comparable headers in a few signs."""
    return hashlib.sha256("\n".join(sorted(headers)).encode()).hexdigest()


def saved_headers(saved: Mapping[str, str] | None) -> dict[str, str]:
    """A customer's confirmed mapping by comparable header."""
    return {comparable(header): name for header, name in (saved or {}).items()}


def meaning(header: str, saved: Mapping[str, str]) -> Meaning:
    """What a header says by itself.

    Args:
        header: as written.
        saved: the customer's confirmed mapping by comparable header; "" for a column that is not to be read.
    """
    key = comparable(header)
    if key in saved:
        return Meaning(Target(saved[key], SAVED))
    return _unsaved(header)


def is_header(text: str, saved: Mapping[str, str]) -> bool:
    """Whether a text is known as a header, of whatever meaning."""
    key = comparable(text)
    if not key:
        return False
    told = meaning(text, saved)
    return told.target is not None or told.by_content or key in AMBIGUOUS or key in result_headers()


def hidden(header: str) -> bool:
    """Whether the cells below a header may hold what is shown to nobody."""
    return _HIDDEN.search(unicodedata.normalize("NFKD", header)) is not None


@lru_cache(maxsize=8192)
def _unsaved(header: str) -> Meaning:
    outside = _PARENTHESES.sub(" ", header)
    inside = " ".join(_PARENTHESES.findall(header)).strip()
    if not inside or not _SIGNS.sub("", unicodedata.normalize("NFKD", outside).lower()):
        return _plainly(header)
    told, both = _plainly(outside), _sure(senses(f"{outside} {inside}"))
    if told.target is None:
        return Meaning(Target(both, SYNONYM)) if both and (told.candidates or not told.why) else told
    name = told.target.name
    other = both or ("" if _EXPLAINING.match(inside) else _name_of(inside))
    if other == name:
        return told
    if other and not _EXPLAINING.match(inside):
        return Meaning(candidates=(name, other), by_content=True, why="what stands in brackets says something else than the words before it")
    words = {*re.findall("[a-z]+", inside.lower()), *(word or "" for word in words_of(inside))}
    if words & _TURNING or ("billing" in words and name in _PLACE):
        return Meaning(candidates=(name,), why="what stands in brackets makes it something else")
    return told


def _plainly(header: str) -> Meaning:
    """What a header says that has no brackets."""
    if not any(map(str.isalpha, header)):
        return Meaning()  # a lone # counts rows
    return _listed(header) or _of_words(header)


def _listed(header: str) -> Meaning | None:
    """What a header means that is known whole; None where it is not."""
    key = comparable(header)
    if key in _labels():
        return Meaning(Target(_labels()[key], LABEL))
    name = _aliases().get(key)
    if name in ("loa_file", "invoice_file") and header.rstrip().endswith("?"):
        return Meaning(candidates=(name,), by_content=True, why="it asks whether there is one, not what it is called")
    # What carriers call a port-out PIN is the losing side's; as one word it may be the PIN that is set on the gaining side.
    if name is not None or _PORT_OUT_PIN.fullmatch(header):
        return Meaning(Target(name or "pin", ALIAS))
    if key in AMBIGUOUS:
        return Meaning(candidates=AMBIGUOUS[key], by_content=key != "portoutpin", why="the header means one thing here and another there")
    return None


def _of_words(header: str) -> Meaning:
    """What the words of a header say that is not known whole."""
    *groups, last = re.split(r"[./]", header)
    if groups and comparable(last) and all(comparable(each) in _GROUPS for each in groups):
        return _plainly(last)
    named = tuple(dict.fromkeys(name for name in map(_name_of, _ALTERNATIVES.split(header)) if name))
    if len(named) > 1:
        return Meaning(candidates=named, by_content=True, why="the header names two things")
    found = senses(header)
    if name := _sure(found):
        return Meaning(Target(name, SYNONYM))
    if found:
        return Meaning(candidates=tuple(sense.name for sense in found), by_content=found[0].trust == BY_CONTENT, why="the header alone does not say it for certain")
    text = " ".join(re.findall("[a-z0-9]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", unicodedata.normalize("NFKD", header)).lower()))
    return Meaning(why=next((reason for pattern, reason in _NOT_OURS if pattern.search(text)), ""))


def _sure(found: tuple[Sense, ...]) -> str:
    """The one thing that the words say for certain, else blank."""
    sure = [sense.name for sense in found if sense.trust == CERTAIN]
    return sure[0] if len(sure) == 1 else ""


def _name_of(text: str) -> str:
    key = comparable(text)
    return _labels().get(key) or _aliases().get(key) or ("" if key in AMBIGUOUS else _sure(senses(text)))


@cache
def _labels() -> dict[str, str]:
    return {comparable(each.label): each.name for each in FIELDS}


@cache
def _aliases() -> dict[str, str]:
    fields = {comparable(alias): each.name for each in FIELDS for alias in (each.name, *each.aliases)}
    parts = {comparable(alias): part for part, aliases in PARTS.items() for alias in (part, *aliases)}
    return {alias: name for alias, name in {**parts, **fields}.items() if alias not in AMBIGUOUS}


@cache
def result_headers() -> frozenset[str]:
    """The columns that our own results workbooks add, comparable."""
    return frozenset(map(comparable, RESULT_LABELS))
