"""The languages that mails are written in: numbers, dates, plurals, and what people call a row's state.

Whole sentences stand in the templates of a language; here is what is the same in all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, eq=False)
class Language:
    """How a language writes what comes up in every mail.

    Attributes:
        code: as HTML names it.
        folder: of its templates, below `mail/`; blank for the language that stands there itself.
        states: state of a row -> what people call it, and what it means for them; those that need somebody come first.
        weekdays, months: as dates name them; not strftime's, which change with the locale of the process.
        dated: a date, from `weekday`, `month`, `day` and `year`.
        thousands: what stands between groups of three digits.
        none_is_one: whether nothing is followed by a singular too.
    """

    code: str
    folder: str
    states: Mapping[str, tuple[str, str]]
    weekdays: tuple[str, ...]
    months: tuple[str, ...]
    dated: str
    thousands: str
    none_is_one: bool

    def number(self, value: int) -> str:
        """A number with its thousands apart."""
        return f"{value:,}".replace(",", self.thousands)

    def verb(self, number: int, one: str, many: str) -> str:
        """The word that agrees with a number."""
        return one if number == 1 or (number == 0 and self.none_is_one) else many

    def counted(self, number: int, one: str, many: str = "") -> str:
        """A number with its noun; the plural is the singular and an s where it is not given.

        >>> ENGLISH.counted(1, "number"), ENGLISH.counted(1200, "number"), ENGLISH.counted(0, "entry", "entries")
        ('1 number', '1,200 numbers', '0 entries')
        >>> FRENCH.counted(0, "numéro"), FRENCH.counted(2, "numéro")
        ('0 numéro', '2 numéros')
        """
        return f"{self.number(number)} {self.verb(number, one, many or one + 's')}"

    def label(self, state: str) -> str:
        """What people call a row's state."""
        return self.states[state][0]

    def meaning(self, state: str) -> str:
        """What a row's state means for whom it belongs to."""
        return self.states[state][1]

    def ordered(self, counts: Mapping[str, int]) -> list[tuple[str, int]]:
        """The states that occur, with their numbers, those that need somebody first."""
        order = list(self.states)
        return sorted(((state, number) for state, number in counts.items() if number), key=lambda entry: order.index(entry[0]))

    def day(self, value: date) -> str:
        """A date in words, so that nobody takes the month for the day.

        >>> ENGLISH.day(date(2026, 11, 30)), FRENCH.day(date(2026, 12, 1))
        ('Mon Nov 30, 2026', 'mardi 1er décembre 2026')
        """
        number = f"{value.day}{'er' if value.day == 1 and self.code != 'en' else ''}"
        return self.dated.format(weekday=self.weekdays[value.weekday()], month=self.months[value.month - 1], day=number, year=value.year)


ENGLISH = Language(
    code="en",
    folder="",
    states={
        "rejected": ("to correct", "cannot go to the carrier as sent"),
        "carrier_rejected": ("rejected by the carrier", "reason and fix come with the carrier's answer"),
        "held": ("on hold", "fine as sent, but waiting for other rows of the same order, or for an earlier order of the same account"),
        "ready": ("ready", "next to go to the carrier"),
        "duplicate": ("asked for before", "the same request again, nothing to do"),
        "submitted": ("sent to the carrier", "waiting for its answer"),
        "acknowledged": ("with the carrier", "in work, no date yet"),
        "delayed": ("delayed", "the carrier needs more time"),
        "confirmed": ("confirmed", "the carrier has given a date"),
        "completed": ("moved", "ringing here now"),
        "cancel_pending": ("being cancelled", "waiting for the carrier's word"),
        "cancelled": ("cancelled", "staying with the current carrier"),
        "superseded": ("replaced", "a corrected row stands in its place"),
    },
    weekdays=("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    months=("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    dated="{weekday} {month} {day}, {year}",
    thousands=",",
    none_is_one=False,
)

#: French as it is written in Canada.
FRENCH = Language(
    code="fr-CA",
    folder="fr/",
    states={
        "rejected": ("à corriger", "ne peut pas être transmis au fournisseur tel quel"),
        "carrier_rejected": ("refusé par le fournisseur", "le motif et la solution accompagnent sa réponse"),
        "held": ("en attente", "correct, mais attend d'autres lignes de la même commande ou une commande précédente du même compte"),
        "ready": ("prêt", "sera transmis au fournisseur au prochain envoi"),
        "duplicate": ("déjà demandé", "la même demande une deuxième fois, rien à faire"),
        "submitted": ("transmis au fournisseur", "en attente de sa réponse"),
        "acknowledged": ("chez le fournisseur", "en traitement, pas encore de date"),
        "delayed": ("retardé", "le fournisseur a besoin de plus de temps"),
        "confirmed": ("confirmé", "le fournisseur a donné une date"),
        "completed": ("transféré", "sonne maintenant chez nous"),
        "cancel_pending": ("en cours d'annulation", "en attente de la réponse du fournisseur"),
        "cancelled": ("annulé", "reste chez le fournisseur actuel"),
        "superseded": ("remplacé", "une ligne corrigée en tient lieu"),
    },
    weekdays=("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
    months=("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre"),
    dated="{weekday} {day} {month} {year}",
    thousands="\u00a0",
    none_is_one=True,
)

#: The customer's setting `language` -> the language.
LANGUAGES = {"en": ENGLISH, "fr": FRENCH}
