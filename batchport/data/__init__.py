"""The reference files that come with the package: dated, and with where they came from in their first lines.

An installation may have newer ones of the same names in its folder `reference`; they go before the packaged ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from batchport.data.tables import Line, ReferenceProblem, Table, name_of, packaged, parse, prove
from batchport.domain.reference import Reference

__all__ = ["ReferenceProblem", "load_reference", "table"]


@cache
def _packaged() -> dict[str, Table]:
    return {name: parse(text.encode(), name) for name, text in packaged().items()}


def table(name: str) -> list[Line]:
    """The lines of a packaged reference file as mappings of column name to text; comments before its header are left out."""
    return _packaged()[name].lines


def load_reference(folder: Path | None = None) -> Reference:
    """The reference as the package brings it, with the files of a folder in place of those of the same names.

    Raises:
        ReferenceProblem: a file of the folder cannot be used.
    """
    own = _own(folder) if folder is not None else {}
    return _reference(own) if own else _standard()


def replacement(data: bytes, file: str, folder: Path) -> tuple[str, int]:
    """Which packaged file some bytes may stand in for, beside those that the folder has already, and how many lines they have.

    Raises:
        ReferenceProblem: none, or something in them is wrong.
    """
    name = name_of(data, file)
    new = parse(data, file)
    _reference(_own(folder) | {name: new})
    return name, len(new.lines)


def _own(folder: Path) -> dict[str, Table]:
    """The files of a folder that go before packaged ones."""
    return {name: parse(path.read_bytes(), str(path)) for name in _packaged() if (path := folder / name).is_file()}


@cache
def _standard() -> Reference:
    return _build(_packaged())


def _reference(own: Mapping[str, Table]) -> Reference:
    """The reference with some tables replaced, all of them proved."""
    tables = {**_packaged(), **own}
    for name, each in own.items():
        if each.header != _packaged()[name].header:
            raise ReferenceProblem(f"{each.file}: its header is not {','.join(_packaged()[name].header)}")
    states = [line["code"] for line in tables["states.csv"].lines]
    # A new list of states must have those that the other files name, so then these are proved too.
    for name, each in (tables if "states.csv" in own else own).items():
        prove(name, each, states)
    return _build(tables)


def _build(tables: Mapping[str, Table]) -> Reference:
    return Reference.build(**{name.removesuffix(".csv"): each.lines for name, each in tables.items()})
