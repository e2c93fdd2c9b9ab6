"""Headers that no alias table lists: how many are taken as certain, and whether each of those is right.

`headers.tsv` is held out: it was written from what a port desk sees, not from the program, and no line of it may become an alias. A header that has become one is
still to be mapped rightly, but counts no more. `field` is a field's name, a part's name such as `first_name`, or `-` for a column that is none of ours.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from batchport.domain.fields import BY_NAME, FIELDS, PARTS
from tests.conftest import batchport
from tests.corpus.cases import text

#: A sheet to which nothing need be added: an account of three lines, in the template's columns.
TEMPLATE = {
    "tn": ("617-236-2201", "617-236-2202", "617-236-2203"), "btn": ("617-236-2200",) * 3, "account_number": ("B7714420",) * 3, "pin": ("0042",) * 3, "losing_carrier": ("Lumen",) * 3,
    "account_type": ("Multi-Line",) * 3, "number_type": ("Business Local",) * 3, "name": ("Harbor Bakery LLC",) * 3, "authorized_name": ("Maria Garcia",) * 3, "street_number": ("120",) * 3,
    "street_name": ("Main St",) * 3, "city": ("Boston",) * 3, "state": ("MA",) * 3, "postal_code": ("02129",) * 3, "destination": ("line-2201", "line-2202", "line-2203"),
}  # fmt: skip
#: What a part, or another way to say it, stands in the place of; a person's other names go along with each.
INSTEAD = {
    "first_name": ("name",), "last_name": ("name",), "middle_name": ("name",), "service_address": ("street_number", "street_direction", "street_name", "unit", "street_type", "street_post_direction"),
    "subscriber_type": ("number_type",),
}  # fmt: skip
BESIDE = {
    "first_name": {"Last Name": ("Garcia", "Reed", "Keller")}, "last_name": {"First Name": ("Maria", "Daniel", "Joan")},
    "middle_name": {"First Name": ("Maria", "Daniel", "Joan"), "Last Name": ("Garcia", "Reed", "Keller")},
}  # fmt: skip
PER_SHEET = 6


@dataclass(frozen=True, slots=True)
class Variant:
    """A header, what it means, and what stands below it."""

    header: str
    field: str
    values: tuple[str, ...]


def variants() -> list[Variant]:
    """The list."""
    with Path(__file__).with_name("headers.tsv").open(encoding="utf-8", newline="") as source:
        lines = list(csv.reader(source, delimiter="\t"))[1:]
    return [Variant(line[0], line[1], tuple(line[2:])) for line in lines]


def comparable(words: str) -> str:
    """A header as alias tables are compared."""
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", words) if not unicodedata.combining(sign)).lower().replace("&", "and").replace("#", "number")
    return re.sub(r"[^a-z0-9]", "", re.sub(r"\([^)]*\)", "", plain))


def aliases() -> set[str]:
    """Every header that the program knows by heart."""
    fields = {comparable(words) for field in FIELDS for words in (field.name, field.label, *field.aliases)}
    return fields | {comparable(words) for part, known in PARTS.items() for words in (part, *known)}


def sheets() -> Iterator[list[Variant]]:
    """The variants, a few to a sheet, no field twice and no two that would be in each other's way."""
    left = variants()
    while left:
        sheet: list[Variant] = []
        gone: set[str] = set()
        for variant in left:
            taken = {variant.field, *INSTEAD.get(variant.field, ())} if variant.field != "-" else {f"-{variant.values}"}
            # Of columns that are none of ours two stand in a sheet: the more there are, the less it is like anybody's.
            others = sum(one.field == "-" for one in sheet)
            if len(sheet) < PER_SHEET and not taken & gone and (variant.field != "-" or others < 2) and not (variant.field == "-" and len(sheet) - others and len(sheet) >= 5):
                sheet.append(variant)
                gone |= taken
        left = [variant for variant in left if variant not in sheet]
        yield sheet


def cells(sheet: list[Variant]) -> list[list[str]]:
    """A sheet in the template's columns, the variants in their fields' places or at its end."""
    columns = {BY_NAME[name].label: values for name, values in TEMPLATE.items()}
    labels = {name: BY_NAME[name].label for name in TEMPLATE}
    for variant in sheet:
        gone = [labels[name] for name in (variant.field, *INSTEAD.get(variant.field, ())) if labels.get(name) in columns]
        own = {**BESIDE.get(variant.field, {}), variant.header: variant.values}
        made: dict[str, tuple[str, ...]] = {}
        for label, values in columns.items():
            made.update(own if gone and label == gone[0] else {} if label in gone else {label: values})
        columns = made if gone else {**columns, **own}
    return [list(columns), *(list(line) for line in zip(*columns.values(), strict=True))]


def measured(folder: Path) -> list[tuple[Variant, dict[str, Any]]]:
    """Each variant, and what `columns` says of it."""
    found = []
    for at, sheet in enumerate(sheets()):
        path = folder / f"sheet-{at:03d}.csv"
        path.write_text(text(cells(sheet)), "utf-8", newline="")
        done = batchport("columns", path, "--format", "json")
        assert done.exit in (0, 1), done.err
        said = {line["header"]: line for line in done.lines if "header" in line}
        found += [(variant, said[variant.header]) for variant in sheet]
    return found


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Variant, dict[str, Any]]]:
    """The measure, taken once."""
    return measured(tmp_path_factory.mktemp("headers"))


def test_the_list_is_held_out() -> None:
    known = aliases()
    listed = variants()
    out = [variant for variant in listed if comparable(variant.header) not in known]
    print(f"{len(listed)} headers, {len(out)} of them no alias")
    assert len(out) >= 180
    assert {variant.field for variant in listed} - {"-"} <= {*BY_NAME, *PARTS}


def test_each_sheet_has_every_variant_once() -> None:
    for sheet in sheets():
        header = cells(sheet)[0]
        assert len(set(header)) == len(header)
        assert {variant.header for variant in sheet} <= set(header)
    assert sorted((one.header, one.field) for sheet in sheets() for one in sheet) == sorted((one.header, one.field) for one in variants())


def test_what_is_taken_as_certain_is_right(answers: list[tuple[Variant, dict[str, Any]]]) -> None:
    certain = [(variant, said) for variant, said in answers if said["certainty"] == "certain" and said["field"]]
    wrong = [f"{variant.header!r} taken for {said['field']}, is {variant.field} ({said['reason']})" for variant, said in certain if said["field"] != variant.field]
    print(f"precision {1 - len(wrong) / max(1, len(certain)):.1%} of {len(certain)} taken as certain")
    assert certain
    assert not wrong, "\n".join(wrong)


def test_nearly_all_that_mean_a_field_are_certain(answers: list[tuple[Variant, dict[str, Any]]]) -> None:
    known = aliases()
    ours = [(variant, said) for variant, said in answers if variant.field != "-" and comparable(variant.header) not in known]
    missed = [f"{variant.header!r} is {variant.field}: {said['certainty']} {said['field']} ({said['reason']})" for variant, said in ours if (said["certainty"], said["field"]) != ("certain", variant.field)]
    print(f"coverage {1 - len(missed) / len(ours):.1%} of {len(ours)} that mean a field")
    assert len(missed) <= 0.05 * len(ours), "\n".join(missed)


def test_every_column_is_told_once_in_its_place(tmp_path: Path) -> None:
    sheet = next(sheets())
    path = tmp_path / "sheet.csv"
    path.write_text(text(cells(sheet)), "utf-8", newline="")
    lines = batchport("columns", path, "--format", "json").lines
    columns, last = lines[:-1], lines[-1]
    assert [line["place"] for line in columns] == list(range(len(columns)))
    assert [line["header"] for line in columns] == cells(sheet)[0]
    assert {line["certainty"] for line in columns} <= {"certain", "confirm", "ignored"}
    assert all(line["reason"] and isinstance(line["candidates"], list) and isinstance(line["samples"], list) for line in columns)
    assert list(last) == ["summary"]


def test_a_pin_is_not_shown_among_the_samples(tmp_path: Path) -> None:
    path = tmp_path / "sheet.csv"
    path.write_text(text(cells([])).replace("0042", "739182"), "utf-8", newline="")
    done = batchport("columns", path, "--format", "json")
    assert done.exit == 0, done.err
    assert "739182" not in done.out
    assert "B7714420" not in done.out
