"""Letters of authorization: what is known of an order, as a PDF that is ready to sign.

The words are those that 47 CFR 64.1130 asks of a letter of agency: the customer's name and address and every number that it covers; the decision to leave
the current carrier for the new one, which acts as the customer's agent for that; that there is only one carrier for each type of service of a number, which
is chosen for each type in a statement of its own; that the change may cost something; nothing that would tempt anybody; one language from end to end; a
line to sign and a line for the date.
For toll-free numbers the change is that of their Responsible Organization. They stand in templates: `letters/letter.typ` is the page,
`letters/words.en.typ` and `letters/words.fr.typ` are its words; a file of the same name in an earlier folder takes the place of one in a later one.

Values reach a template as data, never as a part of its source, so nothing in a customer's cell is a command. The page uses the fonts that come with the
program that sets it, and holds no time: the same facts make the same bytes, on every machine.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import typst

from batchport.domain.language import Language
from batchport.templates import TemplateFault

#: What the fonts can show; nothing else occurs in names that a North American carrier has on a bill.
_SHOWN = (
    (0x20, 0x7E), (0xA0, 0x2FF), (0x370, 0x4FF), (0x5D0, 0x5EA), (0x621, 0x63A), (0x641, 0x64A), (0x1E00, 0x1FFF), (0x2010, 0x2027), (0x2030, 0x203A),
    (0x20A0, 0x20BF), (0x2116, 0x2116), (0x2122, 0x2122),
)  # fmt: skip
_SHOWABLE = frozenset(chr(code) for low, high in _SHOWN for code in range(low, high + 1) if unicodedata.category(chr(code)) not in ("Cn", "Cf", "Mn"))
#: Stands in for a sign that cannot be shown.
UNSHOWN = "\N{WHITE SQUARE}"
#: Line breaks and other control characters, and the signs that turn the direction of writing.
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
#: After so many signs without a space a line may break all the same.
_LONGEST_WORD = 24
_LONG_WORD = re.compile(rf"[^\s]{{{_LONGEST_WORD}}}(?=[^\s])")
_NUMBERS = ("btn", "new_btn")
#: Joins a diagnostic of a template to its place: file, line.
_PLACE = re.compile(r"(\S+\.typ):(\d+):\d+")


@dataclass(frozen=True, slots=True)
class Letter:
    """What a letter of authorization says; what is blank is left out, or left to be filled in by hand.

    Attributes:
        language: of the words.
        number_class: local, wireless or toll_free.
        numbers: every number that it covers, ten digits each, in the order in which they are listed.
        name: of the customer, as on the bill.
        authorized_name: who signs.
        address: where the service is.
        postal_code: where no more than that is known of the address.
        country: US or CA.
        losing_carrier, resporg_id: who has the numbers now.
        provider, new_resporg: who shall have them.
        account_number: at the current carrier, whole.
        btn, new_btn: the billing number of the account, and of what stays of it.
        account_type: single_line or multi_line.
        partial: Y, N, or blank where it is not asked for.
        requested_date: ISO.
        reseller: who sold the service, where that is not the carrier.
        pon, version: of the order, where it has one.
    """

    number_class: str
    numbers: tuple[str, ...]
    name: str
    losing_carrier: str
    language: Language = "en"
    country: str = "US"
    authorized_name: str = ""
    address: str = ""
    postal_code: str = ""
    resporg_id: str = ""
    provider: str = ""
    new_resporg: str = ""
    account_number: str = ""
    btn: str = ""
    new_btn: str = ""
    account_type: str = ""
    partial: str = ""
    requested_date: str = ""
    reseller: str = ""
    pon: str = ""
    version: str = ""

    @property
    def toll_free(self) -> bool:
        """Whether it changes a RespOrg."""
        return self.number_class == "toll_free"

    @property
    def unshown(self) -> str:
        """The signs that the letter cannot show, each once."""
        values = (value for value in asdict(self).values() if isinstance(value, str))
        return "".join(dict.fromkeys(sign for value in values for sign in _plain(value) if sign not in _SHOWABLE))


def spaced(number: str) -> str:
    """A number as people read it.

    >>> spaced("6172340142")
    '617-234-0142'
    """
    return f"{number[:3]}-{number[3:6]}-{number[6:]}" if len(number) == 10 and number.isdigit() else number


class Press:
    """Makes letters.

    Args:
        folders: searched for `letters/*.typ`, first to last.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = folders
        self._words: dict[Language, dict[str, bytes]] = {}

    def pdf(self, letter: Letter) -> bytes:
        """A letter as an accessible PDF (PDF/UA-1) with text that can be selected.

        Raises:
            TemplateFault: a template cannot be set.
        """
        facts = json.dumps(asdict(letter, dict_factory=_shown), ensure_ascii=False)
        sources: Any = self._sources(letter.language)
        try:
            made = self._compiler.compile(sources, format="pdf", sys_inputs={"facts": facts}, pdf_standards="ua-1")
        except typst.TypstError as error:
            place = _PLACE.search(error.diagnostic)
            raise TemplateFault(f"letters/{_own_name(place[1], letter.language)}, line {place[2]}: {error.message}" if place else error.message) from None
        assert isinstance(made, bytes)  # noqa: S101  a PDF is one file, however many pages it has
        return made

    @cached_property
    def _compiler(self) -> typst.Compiler:
        return typst.Compiler(ignore_system_fonts=True)

    def _sources(self, language: Language) -> dict[str, bytes]:
        """The templates for a language, as they call each other."""
        if language not in self._words:
            self._words[language] = {name: self._found(_own_name(name, language)).read_bytes() for name in ("main.typ", "words.typ")}
        return self._words[language]

    def _found(self, name: str) -> Path:
        files = (folder / "letters" / name for folder in self._folders)
        return next(file for file in files if file.is_file())


def _own_name(called: str, language: Language) -> str:
    """The file that is called so by the templates of a language."""
    return f"words.{language}.typ" if called.endswith("words.typ") else "letter.typ"


def _shown(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Facts as a template gets them: numbers as people read them, texts as they can be shown."""
    return {name: [spaced(number) for number in value] if name == "numbers" else _showable(spaced(value) if name in _NUMBERS else value) for name, value in pairs}


def _plain(value: str) -> str:
    """A text on one line, each letter with its accents one sign, without signs that cannot be seen."""
    text = unicodedata.normalize("NFC", _CONTROLS.sub(" ", value))
    return "".join(sign for sign in text if unicodedata.category(sign) != "Cf").strip()


def _showable(value: str) -> str:
    """A text with a square for each sign that cannot be shown, and places to break in words that are longer than a line may be."""
    text = "".join(sign if sign in _SHOWABLE else UNSHOWN for sign in _plain(value))
    return _LONG_WORD.sub("\\g<0>\u200b", text)
