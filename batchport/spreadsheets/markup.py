"""XML read as a stream, without entities and without what it could point to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from xml.parsers import expat

from batchport.spreadsheets.sheet import Unreadable

Started = Callable[[str, dict[str, str]], None]


def parse(pieces: Iterable[bytes], started: Started, ended: Callable[[str], None] | None = None, text: Callable[[str], None] | None = None) -> None:
    """Call back for the elements of a document, by their names without namespace.

    Args:
        pieces: the document.
        started: takes an element's name, and its attributes by their names without namespace.
        ended: takes an element's name.
        text: takes a piece of text.

    Raises:
        Unreadable: it is not well-formed, or declares entities.
    """
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = lambda name, attributes: started(_local(name), {_local(key): value for key, value in attributes.items()})
    if ended is not None:
        parser.EndElementHandler = lambda name: ended(_local(name))
    if text is not None:
        parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    try:
        for piece in pieces:
            parser.Parse(piece, False)  # noqa: FBT003  expat's own
        parser.Parse(b"", True)  # noqa: FBT003
    except expat.ExpatError as error:
        raise Unreadable("file-unreadable", "what is in the workbook is damaged") from error


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _refuse(*_: object) -> None:
    raise Unreadable("file-unreadable", "it declares entities of its own, which no spreadsheet program does")
