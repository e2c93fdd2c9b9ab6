"""What the codes in a partner's answers mean, and what the customer can do about them."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from batchport.carriers.profile import Profile, ProfileError
from batchport.domain.fields import NAMES
from batchport.domain.language import Language, phrase, typographic
from batchport.yaml_text import Problem, nearest

CodeClass = Literal["DATA", "ACCOUNT", "DATE", "SPLIT", "NOPORT", "WAIT", "OPS"]
Scope = Literal["row", "order"]
HEADER = ["code", "class", "field", "scope", "reason", "remedy"]
#: What a file may have beside it: the same for customers who read French.
FRENCH = ["reason_fr", "remedy_fr"]
UNKNOWN_REMEDY = "Nothing for now: we are asking what it means."


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a partner refused something.

    Attributes:
        code: the partner's code; blank where it gave none.
        text: what it means, in a customer's words; of an unknown code, what the partner said.
        class_: what has to be done: DATA correct the row, ACCOUNT act at the losing carrier, DATE ask for another date, SPLIT order differently,
            NOPORT nothing can be, WAIT nothing need be, OPS the port desk looks into it.
        field: the field of the row that is at fault; blank for none.
        scope: whether it speaks of one number, or of what the whole order shares.
        remedy: what the customer can do.
        blames: whether the row it stands on is at fault at all; not so where another one is, or nobody.
    """

    code: str
    text: str
    class_: CodeClass
    field: str
    scope: Scope
    remedy: str
    blames: bool = True


class _Line(BaseModel):
    """One line of a file of codes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: str = Field(pattern=r"^[^;\s]+$")
    class_: CodeClass = Field(alias="class")
    field: str
    scope: Scope
    reason: str = Field(min_length=1)
    remedy: str = Field(min_length=1)
    reason_fr: str = ""
    remedy_fr: str = ""

    @field_validator("field")
    @classmethod
    def _one_of_ours(cls, name: str) -> str:
        if name and name not in NAMES:
            raise ValueError(f"there is no field '{name}'{nearest(name, NAMES)}")
        return name


@dataclass(frozen=True, slots=True)
class Codes:
    """The reasons of a partner by code in lower case, the same in French as far as that is given, and the length that codes of digits alone have."""

    reasons: Mapping[str, Reason]
    french: Mapping[str, Reason]
    pad: int | None = None

    def explain(self, code_text: str, said: str = "", language: Language = "en") -> list[Reason]:
        """The reasons that a cell of codes names: none, one, or several with `;` between; in their order, each once.

        Codes are compared without case. An unknown code is of class OPS and has what the partner `said` as its text; so has a line without a code
        that says something. What the partner said stays as it is; a reason that has no French is told in English.
        """
        codes = [self._restored(code) for part in code_text.split(";") if (code := part.strip())]
        if not codes and said.strip():
            codes = [""]
        known = self.french if language == "fr" else self.reasons
        unknown = phrase(UNKNOWN_REMEDY, "reasons", language)
        reasons = (known.get(code.casefold()) or Reason(code, said.strip(), "OPS", "", "row", unknown) for code in codes)
        return list(dict.fromkeys(reasons))

    def _restored(self, code: str) -> str:
        """The code with the zeros that a spreadsheet took."""
        return code.zfill(self.pad) if self.pad and code.isascii() and code.isdigit() else code


def load_codes(profile: Profile) -> Codes:
    """The codes of a profile.

    Raises:
        ProfileError: the file is not there, or is not what it should be; with file and line.
    """
    lines: dict[str, _Line] = {}
    for name in profile.codes:
        for code, line in _load(name).items():
            lines.setdefault(code, line)
    blameless = {code.casefold() for code in profile.blameless}
    reasons = {
        code: Reason(line.code, line.reason, line.class_, line.field, line.scope, line.remedy, blames=code not in blameless) for code, line in lines.items()
    }
    french = {
        code: replace(reason, text=typographic(lines[code].reason_fr) or reason.text, remedy=typographic(lines[code].remedy_fr) or reason.remedy)
        for code, reason in reasons.items()
    }  # fmt: skip
    return Codes(reasons, french, profile.pad)


def _load(name: str) -> dict[str, _Line]:
    """The lines of one file of codes, by code in lower case."""
    file, text = _read(name)
    numbered = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip() and not line.startswith("#")]
    records = list(csv.reader(line for _, line in numbered))
    header = records[0] if records else []
    if header not in (HEADER, [*HEADER, *FRENCH]):
        raise ProfileError([Problem(file, numbered[0][0] if numbered else None, f"a file of codes begins with the header {','.join(HEADER)}")])
    lines: dict[str, _Line] = {}
    problems = []
    for (number, _), record in zip(numbered[1:], records[1:], strict=True):
        faults = _faults(header, record, lines)
        problems += [Problem(file, number, fault) for fault in faults]
        if not faults:
            line = _Line.model_validate(dict(zip(header, record, strict=True)))
            lines[line.code.casefold()] = line
    if problems:
        raise ProfileError(problems)
    return lines


def _faults(header: list[str], record: list[str], known: Mapping[str, _Line]) -> list[str]:
    if len(record) != len(header):
        return [f"{len(record)} values where {len(header)} belong"]
    if record[0].casefold() in known:
        return [f"the code {record[0]} stands here twice"]
    try:
        _Line.model_validate(dict(zip(header, record, strict=True)))
    except ValidationError as error:
        return [f"{each['loc'][0]}: {each['msg'].removeprefix('Value error, ')}" for each in error.errors()]
    return []


def _read(name_or_path: str) -> tuple[str, str]:
    """The name to tell people, and the text, of a file of codes."""
    folder = resources.files(__package__).joinpath("codes")
    shipped = sorted(file.name.removesuffix(".csv") for file in folder.iterdir())
    file = folder.joinpath(f"{name_or_path}.csv") if name_or_path in shipped else Path(name_or_path)
    try:
        return str(file), file.read_text("utf-8-sig")
    except OSError as error:
        words = f"there is no such file of codes{nearest(name_or_path, shipped)}" if isinstance(error, FileNotFoundError) else str(error.strerror)
        raise ProfileError([Problem(name_or_path, None, words, ("codes",))]) from None
    except UnicodeDecodeError:
        raise ProfileError([Problem(name_or_path, None, "the file of codes is not UTF-8 text", ("codes",))]) from None
