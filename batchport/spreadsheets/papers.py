"""Papers beside a sheet: which are there, and whether anybody could use them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from batchport.domain.papers import PDF, TIFF, Paper
from batchport.files import is_plain, open_plain

#: Reads a paper: at most so many bytes of it, all of them where that is -1.
Reader = Callable[[int], bytes]
_TIFF_SIGNS = (b"II*\0", b"MM\0*")
_ENCRYPTED = re.compile(rb"/Encrypt\s*(?:<<|[0-9]+\s+[0-9]+\s+R)")
#: How far from its beginning and end a PDF may have what it begins and ends with.
_MARGIN = 1024


def papers_in(folder: Path) -> dict[str, Reader]:
    """The files of a folder by name, to be read when they are asked for; links, and what stands below it, are not among them."""
    return {entry.name: reader(entry) for entry in folder.iterdir() if is_plain(entry)}


def reader(path: Path) -> Reader:
    """Reads the paper at a path when it is asked to."""

    def read(most: int) -> bytes:
        with open_plain(path) as file:
            return file.read(most)

    return read


def found(names: Iterable[str], there: Iterable[str]) -> dict[str, str]:
    """Which of the files that are there each name means: that very name, or one that differs in case and the like only.

    A name with a folder in it means nothing: papers lie beside their sheet.
    """
    exact = set(there)
    alike = {plain(name): name for name in sorted(exact, reverse=True)}
    meant = {name: name if name in exact else alike.get(plain(name)) for name in names}
    return {name: file for name, file in meant.items() if file is not None}


def plain(name: str) -> str:
    """A name as it is looked for: without case, and each letter with its accent one sign."""
    return unicodedata.normalize("NFC", name).casefold()


def look_at(names: Iterable[str], there: Mapping[str, Reader], most: int) -> dict[str, Paper]:
    """The papers that some names mean, each looked at; names that mean none are left out.

    Args:
        names: as rows have them.
        there: the files beside the sheet, by name.
        most: the most bytes that a paper may have.
    """
    meant = found(names, there)
    looked = {file: paper_of(there[file](most + 1), most) for file in set(meant.values())}
    return {name: looked[file] for name, file in meant.items()}


def paper_of(data: bytes, most: int) -> Paper:
    """What a paper is, by its bytes, and why it cannot be used, where that is so."""
    if not data.strip(b"\0 \t\r\n"):
        return Paper("", "is empty")
    if len(data) > most:
        return Paper("", f"is larger than {most >> 20} MB")
    if data.startswith(_TIFF_SIGNS):
        return Paper(TIFF)
    return Paper(PDF, _trouble(data)) if b"%PDF-" in data[:_MARGIN] else Paper("", "is not a PDF")


def _trouble(pdf: bytes) -> str:
    """Why a PDF cannot be used; blank where it can."""
    if b"%%EOF" not in pdf[-_MARGIN:]:
        return "is a PDF whose end is missing"
    return "is a PDF with a password or restrictions" if _ENCRYPTED.search(pdf) else ""
