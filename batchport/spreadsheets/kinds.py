"""What kind of file it is, told from its content: customers' programs put any name on anything."""

from __future__ import annotations

import zipfile
import zlib
from enum import Enum
from pathlib import Path

from batchport.spreadsheets.encoding import may_be_utf_8
from batchport.spreadsheets.sheet import Unreadable

HEAD_BYTES = 64 * 1024
#: Signs that no text holds, in a short text that is still one.
FEW_CONTROLS = 8
#: The endings of files that accompany a sheet and are none.
PAPERS = (".pdf", ".tif", ".tiff")
ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_BOOKS = ("Workbook".encode("utf-16-le"), "Book".encode("utf-16-le"))
_OTHERS = {
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"II*\0": "a TIFF picture",
    b"MM\0*": "a TIFF picture",
    b"\x1f\x8b": "a gzip archive",
    b"7z\xbc\xaf": "a 7z archive",
    b"Rar!": "a RAR archive",
    b"{\\rtf": "a rich text document",
}
_PAGES = (b"<!doctype html", b"<html", b"<table", b"<head", b"<body", b"<meta", b"<div", b"<style")
_SPREADSHEET_2003 = b"urn:schemas-microsoft-com:office:spreadsheet"
_MANIFEST = "[content_types].xml"
_IN_ZIP = {
    b"spreadsheetml.sheet.main+xml": "XLSX",
    b"sheet.macroEnabled.main+xml": "XLSX",
    b"spreadsheetml.template.main+xml": "XLSX",
    b"template.macroEnabled.main+xml": "XLSX",
    b"sheet.binary.macroEnabled.main": "XLSB",
    b"opendocument.spreadsheet": "ODS",
}
_NOT_SHEETS = {
    b"wordprocessingml": "a Word document",
    b"presentationml": "a PowerPoint presentation",
    b"opendocument.text": "an OpenDocument text",
    b"opendocument.presentation": "an OpenDocument presentation",
}


class Kind(Enum):
    """How a file is read."""

    XLSX = "an Excel workbook, with or without macros"
    XLSB = "a binary Excel workbook"
    XLS = "a workbook of Excel 97 to 2003"
    XML_2003 = "an XML spreadsheet of Excel 2003"
    ODS = "an OpenDocument spreadsheet"
    HTML = "a web page with tables"
    TEXT = "text with separated cells"
    BUNDLE = "a zip archive of files"


def kind_of(path: Path) -> Kind:
    """What kind of file it is.

    Raises:
        Unreadable: `file-empty`, `file-encrypted`, `file-unsupported` for what is no sheet, `file-unreadable` for a damaged container.
    """
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if not head.strip(b"\xef\xbb\xbf\xff\xfe \t\r\n\0") and path.stat().st_size <= len(head):
        raise Unreadable("file-empty", "there is nothing in it")
    if head.startswith(ZIP):
        return _kind_in_zip(path)
    if head.startswith(_OLE):
        return _kind_in_ole(path)
    seems = next((name for mark, name in _OTHERS.items() if head.startswith(mark)), "")
    if seems:
        raise Unreadable("file-unsupported", f"it seems to be {seems}")
    return _kind_of_text(head)


def _kind_of_text(head: bytes) -> Kind:
    start = head if may_be_utf_8(head) else head.removeprefix(b"\xff\xfe").removeprefix(b"\xfe\xff").replace(b"\0", b"")
    start = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(_PAGES) or (start.startswith(b"<?xml") and b"<html" in start[:1024]) or (start.startswith(b"<") and b"<table" in start):
        return Kind.HTML
    if start.startswith(b"<?xml"):
        if _SPREADSHEET_2003 in start:
            return Kind.XML_2003
        raise Unreadable("file-unsupported", "it seems to be an XML document")
    if _binary(head):
        raise Unreadable("file-unsupported", "it seems to be binary data")
    return Kind.TEXT


def _binary(head: bytes) -> bool:
    """Whether it holds what no text holds: a few NULs among text are a fault that is told of, and UTF-16 has one in every other place."""
    if not may_be_utf_8(head):
        return False
    head = head.rstrip(b"\0\x1a")  # some programs fill a file up with them
    control = sum(head.count(sign) for sign in range(32) if sign not in (9, 10, 11, 12, 13, 26, 27, 28, 29, 30, 31))
    return control * 50 > len(head) and control > FEW_CONTROLS


def _kind_in_zip(path: Path) -> Kind:
    """A zip container says in its list of contents what it holds; one that does not is an archive."""
    try:
        with zipfile.ZipFile(path) as container:
            says = b""
            for member in container.infolist():
                if member.filename.casefold() in (_MANIFEST, "mimetype"):
                    with container.open(member) as file:
                        says += file.read(1024**2)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, zlib.error) as error:
        raise Unreadable("file-unreadable", "its zip container is damaged or cut off") from error
    except RuntimeError as error:  # so it is said that a part is encrypted
        raise Unreadable("file-encrypted", "it asks for a password") from error
    for mark, name in _IN_ZIP.items():
        if mark in says:
            return Kind[name]
    seems = next((name for mark, name in _NOT_SHEETS.items() if mark in says), "")
    if seems:
        raise Unreadable("file-unsupported", f"it seems to be {seems}")
    return Kind.BUNDLE


def _kind_in_ole(path: Path) -> Kind:
    """A compound file of Office: a workbook, an encrypted one, or something else."""
    data = path.read_bytes()
    if _ENCRYPTED in data:
        raise Unreadable("file-encrypted", "the workbook asks for a password")
    if any(name in data for name in _BOOKS):
        return Kind.XLS
    raise Unreadable("file-unsupported", "it seems to be a document of Office 97 to 2003")
