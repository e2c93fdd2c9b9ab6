"""Whole address lines, labelled by hand as a port desk reads them, come through `batchport check` in the same parts."""

from __future__ import annotations

import csv
import re
from collections import Counter
from pathlib import Path

from tests.reference import ask, rows_of
from tests.reference.generate import Row, write_sheet

LABELLED = Path(__file__).resolve().parents[1] / "data" / "addresses.tsv"
PARTS = ("street_number", "street_direction", "street_name", "unit")
DIRECTIONS = {
    "n": "N", "north": "N", "s": "S", "south": "S", "e": "E", "east": "E", "est": "E", "w": "W", "west": "W", "ouest": "W", "o": "W",
    "ne": "NE", "northeast": "NE", "nw": "NW", "northwest": "NW", "se": "SE", "southeast": "SE", "sw": "SW", "southwest": "SW",
}
FRENCH = re.compile(r"\b(rue|boul\.?|boulevard|av\.|avenue d\w+|chemin|bureau|place|montée|rang|route \d|côte|autoroute|allée)\b", re.IGNORECASE)
COLUMNS = [
    "tn", "account_number", "pin", "losing_carrier", "account_type", "number_type", "name", "authorized_name", "service_address", "city", "state",
    "postal_code", "destination",
]
PLACES = [({"city": "Boston", "state": "MA", "postal_code": "02129"}, False), ({"city": "Montreal", "state": "QC", "postal_code": "H2Y 1C6"}, True)]
#: Of a hundred lines, how many are to come through exactly.
EXACT = 97


def labelled() -> list[dict[str, str]]:
    """The lines with their parts."""
    with LABELLED.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def split_by_the_product(lines: list[str], folder: Path) -> list[dict[str, str]]:
    """The parts of each line, as `batchport check` has them."""
    rows: list[Row] = []
    for index, line in enumerate(lines):
        place = next(place for place, french in PLACES if french == bool(FRENCH.search(line)))
        rows.append({
            "tn": f"617234{index:04d}", "account_number": f"80{index:06d}", "pin": "4821", "losing_carrier": "Verizon", "account_type": "Single-Line",
            "number_type": "Business Local", "name": "Harbor Bakery LLC", "authorized_name": "Maria Garcia", "service_address": line, "destination": f"line-{index}",
        } | place)
    _, printed = ask("check", write_sheet(folder / "sheet.csv", rows, COLUMNS), "--format", "json")
    return [{part: line["values"][part] or "" for part in PARTS} for line in rows_of(printed)]


def words(*texts: str) -> Counter[str]:
    """The words of the texts, directions as one or two letters."""
    plain = [word for text in texts for word in text.replace(",", " ").split()]
    return Counter(DIRECTIONS.get(word.replace(".", "").casefold(), word) for word in plain)


def same(text: str, label: str) -> bool:
    """Whether a part is as labelled; commas between the words of a part do not matter."""
    return text.replace(",", " ").split() == label.replace(",", " ").split()


def test_the_labels_hold_every_word_of_their_line() -> None:
    lines = labelled()
    assert len(lines) >= 320
    assert len({line["line"] for line in lines}) == len(lines)
    assert [line for line in lines if words(line["line"]) != words(*(line[part] for part in PARTS))] == []


def test_whole_lines_come_apart_as_a_port_desk_reads_them(tmp_path: Path) -> None:
    lines = labelled()
    parts = split_by_the_product([line["line"] for line in lines], tmp_path)
    wrong = [(line, got) for line, got in zip(lines, parts, strict=True) if not all(same(got[part], line[part]) for part in PARTS)]
    told = "\n".join(f"{line['line']!r}: expected {[line[part] for part in PARTS]}, got {list(got.values())}" for line, got in wrong)
    assert 100 * (len(lines) - len(wrong)) >= EXACT * len(lines), f"{len(wrong)} of {len(lines)}:\n{told}"


def test_no_word_of_a_line_is_lost(tmp_path: Path) -> None:
    lines = [line["line"] for line in labelled()]
    parts = split_by_the_product(lines, tmp_path)
    assert [(line, got) for line, got in zip(lines, parts, strict=True) if words(line) != words(*got.values())] == []
