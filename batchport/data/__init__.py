"""The reference files that come with the package: dated, and with where they came from in their first lines."""

from __future__ import annotations

import csv
from functools import cache
from importlib import resources

from batchport.domain.reference import Reference


def table(name: str) -> list[dict[str, str]]:
    """The lines of a reference file as mappings of column name to text; comments before its header are left out."""
    lines = resources.files(__package__).joinpath(name).read_text("utf-8").splitlines()
    header, *cells = csv.reader(line for line in lines if not line.startswith("#"))
    return [dict(zip(header, line, strict=True)) for line in cells]


@cache
def load_reference() -> Reference:
    """The reference as the package brings it, read once."""
    return Reference.build(
        area_codes=table("area_codes.csv"),
        zip3=table("zip3.csv"),
        provinces=table("provinces.csv"),
        states=table("states.csv"),
        countries=table("countries.csv"),
        carriers=table("carriers.csv"),
        holidays=table("holidays.csv"),
    )
