"""Good files with something broken in them: whatever it is, `check` says so and does not break.

500 of them are tried every time. More by hand: `BATCHPORT_FUZZ=20000 python -m pytest tests/hostile/test_fuzzing.py`. Each has a number from which it is made
again, and a failure names it: `python -m tests.hostile.test_fuzzing NUMBER FILE` writes it.
"""

from __future__ import annotations

import os
import random
import re
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import FrameType

import pytest

from tests.conftest import EVENING, batchport
from tests.corpus.make import CASES
from tests.corpus.parts import unzipped, zipped

COUNT = int(os.environ.get("BATCHPORT_FUZZ", "500"))
STRIDE = 50
SECONDS = 30

#: Good files, of each kind some; text is quickest to try, and oftenest sent.
GOOD = (
    "comma.csv", "all-quoted.csv", "embedded-crlf.csv", "semicolon.csv", "tab.txt", "utf16le-bom.txt", "utf8-bom.csv", "cp1252.csv", "mixed-breaks.csv", "sep-semicolon.csv", "results-back.csv",
    "plain.xlsx", "format-tn-condition.xlsx", "shared.xlsx", "formula-text.xlsx", "date-iso.xlsx", "merged-groups.xlsx", "chart-sheet.xlsx", "hidden-rows.xlsx", "comment.xlsx", "plain.ods", "shown.ods",
    "repeated-gap.ods", "plain.xls", "formats.xls", "two.zip", "papers.zip", "password.xlsx",
)  # fmt: skip


@cache
def good() -> dict[str, bytes]:
    """The files to break, by name."""
    return {case.name: case.make() for case in CASES if case.name in GOOD}


# What may happen to bytes


def flipped(data: bytes, by: random.Random) -> bytes:
    """Some bits are other ones."""
    made = bytearray(data)
    for _ in range(by.choice((1, 1, 2, 8, 64))):
        made[by.randrange(len(made))] ^= 1 << by.randrange(8)
    return bytes(made)


def overwritten(data: bytes, by: random.Random) -> bytes:
    """A stretch holds something else."""
    start, length = by.randrange(len(data)), by.choice((1, 2, 4, 16, 256))
    filling = by.choice((b"\0", b"\xff", b" ", b'"', b",", b"\r", b"\n", by.randbytes(1)))
    return data[:start] + (filling * length)[: len(data) - start] + data[start + length :]


def cut(data: bytes, by: random.Random) -> bytes:
    """The end is missing."""
    return data[: by.randrange(len(data))]


def beheaded(data: bytes, by: random.Random) -> bytes:
    """The beginning is missing."""
    return data[by.randrange(1, min(len(data), 600)) :]


def thinned(data: bytes, by: random.Random) -> bytes:
    """A stretch is missing."""
    start = by.randrange(len(data))
    return data[:start] + data[start + by.choice((1, 2, 3, 30, 300)) :]


def doubled(data: bytes, by: random.Random) -> bytes:
    """A stretch stands twice, or many times."""
    start = by.randrange(len(data))
    end = start + by.choice((1, 2, 40, 400, len(data)))
    return data[:end] + data[start:end] * by.choice((1, 1, 2, 50)) + data[end:]


def joined(data: bytes, by: random.Random) -> bytes:
    """Another file follows, or goes on where this one stops."""
    other = by.choice(list(good().values()))
    return data + other if by.random() < 0.5 else data[: by.randrange(len(data))] + other[by.randrange(len(other)) :]


def inserted(data: bytes, by: random.Random) -> bytes:
    """Signs that mean something stand where they should not."""
    sign = by.choice((b'"', b'""', b",", b";", b"\t", b"\r", b"\n", b"\0", b"\x1a", b"\xef\xbb\xbf", b"\xff\xfe", b"'", b"=", b"<", b"&", b"]]>", b"\xc3", "\u202e".encode(), b"9" * 400))
    at = by.randrange(len(data))
    return data[:at] + sign * by.choice((1, 1, 3, 1000)) + data[at:]


BYTES: tuple[Callable[[bytes, random.Random], bytes], ...] = (flipped, overwritten, cut, beheaded, thinned, doubled, joined, inserted)

#: What stands in XML, and what somebody's program might write instead.
SWAPS = (
    (rb"<v>[^<]*</v>", (b"<v/>", b"<v>-1</v>", b"<v>1E400</v>", b"<v>NaN</v>", b"<v>99999999999999999999</v>", b"<v>4294967296</v>", b"<v>\xc3\xa9</v>", b"<v> 1 </v>", b"<v>0x10</v>")),
    (rb' r="[A-Z]+\d+"', (b"", b' r="A0"', b' r="XFD1048576"', b' r="AAAA1"', b' r="1A"', b' r="A99999999999"', b' r="B2"', b' r=""')),
    (rb' r="\d+"', (b"", b' r="0"', b' r="1048576"', b' r="1048577"', b' r="-3"', b' r="2"', b' r="x"')),
    (rb' t="\w+"', (b"", b' t="s"', b' t="b"', b' t="e"', b' t="d"', b' t="n"', b' t="str"', b' t="zzz"')),
    (rb' s="\d+"', (b"", b' s="999"', b' s="-1"', b' s="65536"', b' s="a"')),
    (rb' formatCode="[^"]*"', (b' formatCode=""', b' formatCode=";;;"', b' formatCode="[&lt;="', b' formatCode="&quot;"', b' formatCode="\\"', b' formatCode="[$-"', b' formatCode="0.0E+"', b' formatCode="' + b"0" * 5000 + b'"')),
    (rb' numFmtId="\d+"', (b' numFmtId="-1"', b' numFmtId="999999"', b' numFmtId="14"', b"")),
    (rb'Target="[^"]*"', (b'Target=""', b'Target="../../../etc/passwd"', b'Target="/xl/workbook.xml"', b'Target="worksheets/sheet9.xml"')),
    (rb'ContentType="[^"]*"', (b'ContentType=""', b'ContentType="text/plain"')),
    (rb'(number-(?:rows|columns)-repeated|number-columns-spanned)="\d+"', (rb'\1="0"', rb'\1="-5"', rb'\1="1048577"', rb'\1="99999999999"', rb'\1="x"')),
    (rb'office:value="[^"]*"', (b'office:value="1E999"', b'office:value=""', b'office:value="x"')),
    (rb'office:value-type="\w+"', (b'office:value-type="date"', b'office:value-type="boolean"', b'office:value-type="float"', b"")),
    (rb"</?[a-zA-Z:]+[^>]*>", (b"", b"<!-- -->", b"<x>", b"</c>", b"<![CDATA[", b"&nope;", b"&#0;")),
    (rb"UTF-8", (b"UTF-16", b"latin-1", b"x-nothing")),
)


def reworded(part: bytes, by: random.Random) -> bytes:
    """XML in which one thing says something else."""
    fitting = [(list(re.finditer(pattern, part)), news) for pattern, news in SWAPS]
    places, news = by.choice([pair for pair in fitting if pair[0]] or [([], (b"",))])
    if not places:
        return flipped(part, by) if part else b"x"
    for place in sorted(by.sample(places, min(len(places), by.choice((1, 1, 2, 5)))), key=lambda one: -one.start()):
        new = by.choice(news)
        part = part[: place.start()] + (place.expand(new) if rb"\1" in new else new) + part[place.end() :]
    return part


def with_other_members(data: bytes, by: random.Random) -> bytes:
    """A zip that is whole, of which a member is not."""
    parts = unzipped(data)
    name = by.choice(sorted(parts))
    kind = by.choice(("word", "word", "word", "bytes", "drop", "rename", "swap", "empty"))
    if kind == "word":
        parts[name] = reworded(parts[name], by)
    elif kind == "bytes" and parts[name]:
        parts[name] = by.choice(BYTES)(parts[name], by)
    elif kind == "drop":
        del parts[name]
    elif kind == "rename":
        parts[by.choice((name.upper(), "x/" + name, name + "/", "../" + name))] = parts.pop(name)
    elif kind == "swap":
        other = by.choice(sorted(parts))
        parts[name], parts[other] = parts[other], parts[name]
    else:
        parts[name] = b""
    return zipped(parts)


def broken(number: int) -> tuple[str, bytes]:
    """The file of this number, and what it was made from."""
    by = random.Random(f"batchport {number}")
    # Text, which is quick to read, twice as often as the rest.
    name = by.choice([one for one in good() for _ in range(2 if one.endswith((".csv", ".txt")) else 1)])
    data = good()[name]
    for _ in range(by.choice((1, 1, 1, 2, 4))):
        inside = data[:2] == b"PK"
        try:
            data = with_other_members(data, by) if inside and by.random() < 0.7 else by.choice(BYTES)(data, by)
        except Exception:  # What was broken before cannot be unpacked any more.
            data = by.choice(BYTES)(data, by)
        data = data or b"\0"
    return name, data


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """An end to what would go on for ever."""

    def stop(_: int, __: FrameType | None) -> None:
        raise TimeoutError(f"not done in {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def complaint(number: int, folder: Path) -> str | None:
    """What is wrong with what `check` does with the file of this number."""
    name, data = broken(number)
    path = folder / f"{number}-{name}"
    path.write_bytes(data)
    try:
        with at_most(SECONDS):
            done = batchport("check", path, "--format", "json", at=EVENING)
        if done.exit not in {0, 1, 2} or "Traceback" in done.err + done.out:
            return f"{number} ({name}): exit {done.exit}, {done.err[-300:]}"
        lines = done.lines
        if not any("row" in line and line["row"] is None for line in lines):
            return f"{number} ({name}): no line for the file; exit {done.exit}, {done.err[-300:]}"
        rows = sum(line.get("row") is not None for line in lines)
        if lines[-1]["summary"]["rows"] != rows:
            return f"{number} ({name}): {rows} rows, but the summary says {lines[-1]['summary']['rows']}"
    except Exception as error:
        return f"{number} ({name}): {type(error).__name__}: {error}"
    finally:
        path.unlink()
    return None


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("first", range(0, COUNT, STRIDE))
def test_a_broken_file_is_told_and_breaks_nothing(first: int, tmp_path: Path) -> None:
    complaints = [said for number in range(first, min(first + STRIDE, COUNT)) if (said := complaint(number, tmp_path))]
    assert not complaints, "\n".join(complaints)
    assert list(tmp_path.iterdir()) == []


def test_a_number_makes_the_same_file_every_time() -> None:
    assert [broken(number) for number in range(40)] == [broken(number) for number in range(40)]
    assert set(good()) == set(GOOD)


if __name__ == "__main__":
    Path(sys.argv[2]).write_bytes(broken(int(sys.argv[1]))[1])
