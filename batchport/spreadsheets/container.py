"""The zip container of a workbook, with its parts taken out piece by piece and never more than is bearable.

What a container says of the size of its parts may be a lie, so a part is inflated by hand, and counted. A part is held in memory as a whole only where
it is a small one by its nature.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from batchport.spreadsheets.limits import Limits
from batchport.spreadsheets.sheet import Unreadable

#: Bytes that are inflated at a time: so few stay in the processor's own memory, which makes all that is done with them faster by a third.
PIECE = 64 * 1024
#: A workbook has a few dozen parts, and one for every sheet, picture and note.
MAX_PARTS = 10_000
#: From so many bytes on a workbook may not unpack to more than so many times its size: rows of the same blank cells come to about fifty.
BOMB_BYTES, BOMB_RATIO = 64 * 1024 * 1024, 200
#: Parts that are read as a whole: lists of sheets, of relations and of formats.
MAX_SMALL = 32 * 1024 * 1024

_LOCAL_HEADER = struct.Struct("<4s22xHH")
_ENCRYPTED = 0x1
_DOCTYPE = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_DAMAGED = "its zip container is damaged or cut off"


class Container:
    """An open zip container; its parts are known by their names without case.

    Args:
        path: the file.
        limits: how much it may unpack to.

    Raises:
        Unreadable: `file-unreadable`, `file-encrypted`, `file-too-large`.
    """

    def __init__(self, path: Path, limits: Limits) -> None:
        self._limits = limits
        self._file = path.open("rb")
        try:
            self._parts = _listed(self._file)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._file.close()

    def __contains__(self, name: str) -> bool:
        return name.casefold() in self._parts

    def names(self) -> list[str]:
        """The names of its parts, in small letters."""
        return list(self._parts)

    def read_by_programs(self) -> list[str]:
        """The names of the parts that a reader of workbooks takes in, in small letters; pictures and other attachments are not."""
        return [name for name in self._parts if _is_read(name)]

    def stored_name(self, name: str) -> str:
        """The name of a part as it stands in the container."""
        return self._parts[name.casefold()].filename

    def pieces(self, name: str) -> Iterator[bytes]:
        """A part, some kilobytes at a time; nothing where there is no such part.

        Raises:
            Unreadable: it is damaged, encrypted, or unpacks to more than it says or may.
        """
        member = self._parts.get(name.casefold())
        if member is None:
            return
        if member.flag_bits & _ENCRYPTED:
            raise Unreadable("file-encrypted", "the workbook asks for a password")
        size = 0
        for piece in self._inflated(member):
            size += len(piece)
            self._refuse(size)
            if size > member.file_size:
                raise Unreadable("file-unreadable", "a part of it unpacks to more than its zip container says")
            yield piece
        if size != member.file_size:
            raise Unreadable("file-unreadable", _DAMAGED)

    def proven(self, name: str) -> Iterator[bytes]:
        """As `pieces`, and in the end the checksum is compared; for parts that no other reader proves."""
        found = 0
        for piece in self.pieces(name):
            found = zlib.crc32(piece, found)
            yield piece
        if name.casefold() in self._parts and found != self._parts[name.casefold()].CRC:
            raise Unreadable("file-unreadable", _DAMAGED)

    def whole(self, name: str) -> bytes:
        """A small part as a whole; nothing where there is no such part.

        Raises:
            Unreadable: it is damaged, or no small part.
        """
        found = b""
        for piece in self.pieces(name):
            found += piece
            if len(found) > MAX_SMALL:
                raise Unreadable("file-too-large", f"its list of formats or sheets takes more than {MAX_SMALL // 1024**2:,} MB")
        return found

    def refuse_bombs(self, but: frozenset[str]) -> None:
        """Inflate and count all parts that a reader takes in, but for those that are looked at otherwise.

        Raises:
            Unreadable: one unpacks to too much, is damaged, or declares entities of its own.
        """
        read = self.read_by_programs()
        self._refuse(sum(self._parts[name].file_size for name in read))
        for name in read:
            if name not in but:
                first = True
                for piece in self.pieces(name):
                    if first:
                        refuse_doctype(piece)
                    first = False

    def _refuse(self, size: int) -> None:
        """Raise for more bytes than a workbook may unpack to."""
        if size > self._limits.memory_bytes:
            raise Unreadable("file-too-large", f"it unpacks to more than {self._limits.memory_bytes // 1024**2:,} MB")
        packed = self._packed()
        if size > BOMB_BYTES and size > packed * BOMB_RATIO:
            raise Unreadable("file-too-large", f"it unpacks to more than {BOMB_RATIO} times its size")

    def _packed(self) -> int:
        return self._file.seek(0, 2)

    def _inflated(self, member: zipfile.ZipInfo) -> Iterator[bytes]:
        """The bytes of a part, inflated from where the container says it begins."""
        self._file.seek(member.header_offset)
        head = self._file.read(_LOCAL_HEADER.size)
        if len(head) < _LOCAL_HEADER.size or not head.startswith(b"PK\x03\x04"):
            raise Unreadable("file-unreadable", _DAMAGED)
        at = member.header_offset + _LOCAL_HEADER.size + sum(_LOCAL_HEADER.unpack(head)[1:])
        left = member.compress_size
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise Unreadable("file-unreadable", "its zip container is packed in an unusual way")
        inflater = zlib.decompressobj(-zlib.MAX_WBITS) if member.compress_type == zipfile.ZIP_DEFLATED else None
        while left > 0:
            self._file.seek(at)
            packed = self._file.read(min(left, PIECE))
            if not packed:
                raise Unreadable("file-unreadable", _DAMAGED)
            at, left = at + len(packed), left - len(packed)
            if inflater is None:
                yield packed
            else:
                yield from _inflate(inflater, packed)


def _listed(file: BinaryIO) -> dict[str, zipfile.ZipInfo]:
    """The parts of a container by their names in small letters.

    Raises:
        Unreadable: it is damaged, has too many parts, or two of one name.
    """
    try:
        with zipfile.ZipFile(file) as listed:
            members = [member for member in listed.infolist() if not member.is_dir()]
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, UnicodeError) as error:
        raise Unreadable("file-unreadable", _DAMAGED) from error
    if len(members) > MAX_PARTS:
        raise Unreadable("file-too-large", f"it has {len(members):,} parts; at most {MAX_PARTS:,}")
    parts = {member.filename.replace("\\", "/").lstrip("/").casefold(): member for member in members}
    if len(parts) < len(members):
        raise Unreadable("file-unreadable", "its zip container has two parts of one name")
    return parts


def _inflate(inflater: zlib._Decompress, packed: bytes) -> Iterator[bytes]:
    """What a piece of a part inflates to, no more than a piece at a time."""
    try:
        while packed:
            yield inflater.decompress(packed, PIECE)
            packed = inflater.unconsumed_tail
        while more := inflater.decompress(b"", PIECE):
            yield more
    except zlib.error as error:
        raise Unreadable("file-unreadable", _DAMAGED) from error


def refuse_doctype(beginning: bytes) -> None:
    """Raise for a part of XML that declares a type or entities: no spreadsheet program writes them, and they can unpack without end."""
    if _DOCTYPE.search(beginning):
        raise Unreadable("file-unreadable", "it declares entities of its own, which no spreadsheet program does")


def _is_read(name: str) -> bool:
    return name.endswith((".xml", ".rels", ".bin")) and not name.startswith(("xl/media/", "xl/embeddings/", "pictures/", "object "))
