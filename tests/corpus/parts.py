"""Workbooks written part by part, so that a hazard stands in them exactly as some program writes it."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
SPREADSHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml"


@dataclass(frozen=True, slots=True)
class N:
    """A number as it is stored, and the format it is shown in."""

    value: str
    format: str = "General"


@dataclass(frozen=True, slots=True)
class X:
    """A cell as XML; `@` stands for the attribute that says where."""

    xml: str


Cell = str | N | X


def zipped(parts: Mapping[str, bytes | str], compress: bool = True) -> bytes:
    """A zip of parts, always the same bytes."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED) as archive:
        for name, data in parts.items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED)
    return target.getvalue()


def unzipped(data: bytes) -> dict[str, bytes]:
    """The parts of a zip."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def letters(column: int) -> str:
    """The name of a column, counted from 0."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name


def book(
    *rows: Sequence[Cell], name: str = "Numbers", sheets: Mapping[str, Sequence[Sequence[Cell]]] | None = None, states: Mapping[str, str] | None = None,
    row_attributes: Mapping[int, str] | None = None, dimension: str | None = None, before_data: str = "", after_data: str = "", tail_rows: str = "", properties: str = "",
    shared: Sequence[str] = (), more: Mapping[str, bytes | str] | None = None, more_types: str = "", more_relations: str = "", workbook_type: str = f"{SPREADSHEET}.sheet.main+xml", head: str = "",
) -> bytes:  # fmt: skip
    """A workbook of rows, or of several sheets by name; blank cells are left out."""
    content = {name: rows} if sheets is None else sheets
    formats: dict[str, int] = {"General": 0}
    parts: dict[str, bytes | str] = {}
    for at, (_, lines) in enumerate(content.items(), 1):
        data = "".join(_row(number, line, formats, (row_attributes or {}).get(number, "")) for number, line in enumerate(lines, 1))
        size = "" if dimension is None else f'<dimension ref="{dimension}"/>'
        parts[f"xl/worksheets/sheet{at}.xml"] = f'{XML}{head}<worksheet xmlns="{MAIN}" xmlns:r="{OFFICE}">{size}{before_data}<sheetData>{data}{tail_rows}</sheetData>{after_data}</worksheet>'
    entries = "".join(f'<sheet name={quoteattr(one)} sheetId="{at}" {_state(states, one)}r:id="rId{at}"/>' for at, one in enumerate(content, 1))
    relations = "".join(f'<Relationship Id="rId{at}" Type="{OFFICE}/worksheet" Target="worksheets/sheet{at}.xml"/>' for at in range(1, len(content) + 1))
    parts["xl/workbook.xml"] = f'{XML}<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}">{properties}<sheets>{entries}</sheets></workbook>'
    strings = f'<Relationship Id="rId901" Type="{OFFICE}/sharedStrings" Target="sharedStrings.xml"/>' if shared else ""
    parts["xl/_rels/workbook.xml.rels"] = f'{XML}<Relationships xmlns="{PACKAGE}/relationships">{relations}<Relationship Id="rId900" Type="{OFFICE}/styles" Target="styles.xml"/>{strings}{more_relations}</Relationships>'
    parts["xl/styles.xml"] = _styles(formats)
    if shared:
        parts["xl/sharedStrings.xml"] = f'{XML}<sst xmlns="{MAIN}">{"".join(f"<si>{one}</si>" for one in shared)}</sst>'
    parts["_rels/.rels"] = f'{XML}<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
    types = "".join(f'<Override PartName="/xl/worksheets/sheet{at}.xml" ContentType="{SPREADSHEET}.worksheet+xml"/>' for at in range(1, len(content) + 1))
    types += f'<Override PartName="/xl/sharedStrings.xml" ContentType="{SPREADSHEET}.sharedStrings+xml"/>' if shared else ""
    whole = (
        f'{XML}<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{workbook_type}"/><Override PartName="/xl/styles.xml" ContentType="{SPREADSHEET}.styles+xml"/>{types}{more_types}</Types>'
    )
    return zipped({"[Content_Types].xml": whole, **parts, **(more or {})})


def _state(states: Mapping[str, str] | None, name: str) -> str:
    return f'state="{states[name]}" ' if states and name in states else ""


def _row(number: int, cells: Sequence[Cell], formats: dict[str, int], attributes: str) -> str:
    found = "".join(_cell(f"{letters(column)}{number}", cell, formats) for column, cell in enumerate(cells) if cell != "")
    return f'<row r="{number}"{" " + attributes if attributes else ""}>{found}</row>' if found or attributes else ""


def _cell(place: str, cell: Cell, formats: dict[str, int]) -> str:
    if isinstance(cell, X):
        return cell.xml.replace("@", f'r="{place}"')
    if isinstance(cell, N):
        return f'<c r="{place}" s="{formats.setdefault(cell.format, len(formats))}"><v>{cell.value}</v></c>'
    space = ' xml:space="preserve"' if cell != cell.strip() or "\n" in cell else ""
    return f'<c r="{place}" t="inlineStr"><is><t{space}>{escape(cell)}</t></is></c>'


def _styles(formats: Mapping[str, int]) -> str:
    own = "".join(f'<numFmt numFmtId="{163 + at}" formatCode={quoteattr(code)}/>' for code, at in formats.items() if at)
    kinds = "".join(f'<xf numFmtId="{163 + at if at else 0}" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>' for at in formats.values())
    numbers = f'<numFmts count="{len(formats) - 1}">{own}</numFmts>' if own else ""
    return (
        f'{XML}<styleSheet xmlns="{MAIN}">{numbers}<fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill>'
        '<fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
        f'<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="{len(formats)}">{kinds}</cellXfs>'
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
    )


# Files that unpack to far more than they are


def bomb(name: str, first: bytes, block: bytes, count: int, last: bytes, others: Mapping[str, bytes | str]) -> bytes:
    """A zip whose part `name` is `first`, `block` so many times, and `last`: made without ever holding it."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    start = packer.compress(first) + packer.flush(zlib.Z_FULL_FLUSH)
    middle = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    # The block again, now that nothing before it is referred to: every further one is these very bytes.
    end = packer.compress(last) + packer.flush(zlib.Z_FINISH)
    packed = start + middle * count + end
    check = zlib.crc32(first)
    for _ in range(count):
        check = zlib.crc32(block, check)
    check = zlib.crc32(last, check)
    size = len(first) + len(block) * count + len(last)
    return _with_member(zipped(others), name, packed, check, size)


def _with_member(archive: bytes, name: str, packed: bytes, check: int, size: int) -> bytes:
    """A zip with one more member, given as it is packed."""
    end = archive.rindex(b"PK\x05\x06")
    count, length, start = struct.unpack_from("<HII", archive, end + 10)
    title = name.encode()
    fields = struct.pack("<HHHHHIIIHH", 20, 0, zipfile.ZIP_DEFLATED, 0, 33, check, len(packed), size, len(title), 0)
    local = b"PK\x03\x04" + fields + title + packed
    central = b"PK\x01\x02" + struct.pack("<H", 20) + fields + struct.pack("<HHHII", 0, 0, 0, 0, start) + title
    directory = archive[start : start + length] + central
    tail = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, count + 1, count + 1, len(directory), start + len(local), 0)
    return archive[:start] + local + directory + tail


# OLE


def compound(streams: Mapping[str, bytes]) -> bytes:
    """An OLE file of streams, each padded to at least the 4,096 bytes from which streams have sectors of their own."""
    sector, free, chain_end, fat_mark = 512, 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
    body, fat, starts = bytearray(), [fat_mark, chain_end], {}
    place = 2
    contents = {name: data.ljust(max(4096, -(-len(data) // sector) * sector), b"\0") for name, data in streams.items()}
    for name, data in contents.items():
        count = len(data) // sector
        starts[name] = place
        fat += [*range(place + 1, place + count), chain_end]
        place += count
        body += data
    assert len(fat) <= 128
    entries = [_entry("Root Entry", 5, child=1 if streams else free, start=chain_end, size=0)]
    names = list(contents)
    for at, name in enumerate(names, 1):
        entries.append(_entry(name, 2, right=at + 1 if at < len(names) else free, start=starts[name], size=len(contents[name])))
    directory = b"".join(entries).ljust(sector, b"\0")
    assert len(directory) == sector
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16 + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + b"\0" * 6
    header += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, chain_end, 0, chain_end, 0) + struct.pack("<I", 0) + b"\xff" * 4 * 108
    table = struct.pack(f"<{len(fat)}I", *fat).ljust(sector, b"\xff")
    return header + table + directory + bytes(body)


def _entry(name: str, kind: int, right: int = 0xFFFFFFFF, child: int = 0xFFFFFFFF, start: int = 0, size: int = 0) -> bytes:
    title = (name + "\0").encode("utf-16-le")
    return title.ljust(64, b"\0") + struct.pack("<HBBIII", len(title), kind, 1, 0xFFFFFFFF, right, child) + b"\0" * 36 + struct.pack("<IQ", start, size)
