"""What letters the bytes of a text stand for: told by a fixed ladder, never guessed from how likely a letter is.

The rungs: the mark at the beginning; UTF-16 without one, which has a NUL in every other place; UTF-8, which bytes of another encoding hardly ever are
by chance; what the text says of itself, where it can; Windows-1252. UTF-16 stands before UTF-8 because its NULs are UTF-8 too.
"""

from __future__ import annotations

import codecs

#: So much of the beginning is looked at for the NULs of UTF-16.
SAMPLE_BYTES = 64 * 1024
UTF_16_MARKS = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
#: Windows-1252, with the five bytes it leaves open as the control characters of Latin-1.
_WINDOWS = "".join(bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in range(256))


def unmarked_utf_16(head: bytes) -> str:
    """The codec of UTF-16 without a mark, told from where its NULs stand; "" for any other text."""
    sample = head[:SAMPLE_BYTES]
    if sample.count(0) * 8 <= len(sample):
        return ""
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if min(even, odd) * 8 > max(even, odd) or max(even, odd) * 6 <= len(sample):
        return ""
    return "utf-16-le" if odd > even else "utf-16-be"


def may_be_utf_8(head: bytes) -> bool:
    """Whether a text that begins so is UTF-8 if its bytes are."""
    return not head.startswith(tuple(UTF_16_MARKS)) and not unmarked_utf_16(head)


def to_utf_8(data: bytes, declared: str = "") -> tuple[bytes, str]:
    """The text as UTF-8 without a mark, and the encoding that had to be assumed, "" where it was certain.

    Args:
        data: the text as it came.
        declared: the codec that the text says it is in; believed where nothing better is known.
    """
    for mark, codec in UTF_16_MARKS.items():
        if data.startswith(mark):
            return _from_utf_16(data[len(mark) :], codec), ""
    if codec := unmarked_utf_16(data):
        return _from_utf_16(data, codec), "UTF-16"
    data = data.removeprefix(codecs.BOM_UTF8)
    if _is_utf_8(data):
        return data, ""
    if declared:
        return data.decode(declared, "replace").encode(), ""
    return codecs.charmap_decode(data, "strict", _WINDOWS)[0].encode(), "Windows-1252"


def _from_utf_16(data: bytes, codec: str) -> bytes:
    return data[: len(data) // 2 * 2].decode(codec, "replace").encode()


def _is_utf_8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
