"""XML read as a stream, without entities and without what it could point to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from xml.parsers import expat

from batchport.spreadsheets.sheet import Unreadable

Started = Callable[[str, dict[str, str]], None]
Ended = Callable[[str], None]


class Markup:
    """A document that is fed in pieces, and calls back for its elements.

    Args:
        started: takes an element's name and its attributes.
        ended: takes an element's name.
        text: takes a piece of text.
        namespaces: whether names come as "namespace name"; else they come without namespace.
    """

    def __init__(self, started: Started, ended: Ended | None = None, text: Ended | None = None, *, namespaces: bool = False) -> None:
        self._parser = expat.ParserCreate(namespace_separator=" " if namespaces else None)
        self._parser.buffer_text = True
        self._parser.StartElementHandler = started if namespaces else lambda name, said: started(_local(name), {_local(key): value for key, value in said.items()})
        if ended is not None:
            self._parser.EndElementHandler = ended if namespaces else lambda name: ended(_local(name))
        if text is not None:
            self._parser.CharacterDataHandler = text
        self._parser.StartDoctypeDeclHandler = _refuse
        self._parser.EntityDeclHandler = _refuse

    def feed(self, piece: bytes, *, last: bool = False) -> None:
        """Take in the next piece.

        Raises:
            Unreadable: it is not well-formed, or declares entities.
        """
        try:
            self._parser.Parse(piece, last)
        except expat.ExpatError as error:
            raise Unreadable("file-unreadable", "what is in the workbook is damaged") from error


def parse(pieces: Iterable[bytes], started: Started, ended: Ended | None = None) -> None:
    """Call back for the elements of a document, by their names without namespace.

    Raises:
        Unreadable: it is not well-formed, or declares entities.
    """
    markup = Markup(started, ended)
    for piece in pieces:
        markup.feed(piece)
    markup.feed(b"", last=True)


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _refuse(*_: object) -> None:
    raise Unreadable("file-unreadable", "it declares entities of its own, which no spreadsheet program does")
