"""Proving a profile with samples: orders and answers in a folder, beside the files that have to come of them."""

from __future__ import annotations

import csv
import difflib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from batchport.carriers.codes import Codes, load_codes
from batchport.carriers.formats import Unreadable
from batchport.carriers.formats.xlsx import rows_of
from batchport.carriers.layout import SOURCES
from batchport.carriers.parse import ResponseUnreadable, parse
from batchport.carriers.profile import Profile, load_profile
from batchport.carriers.render import RenderError, manifest, render
from batchport.files import write_whole
from batchport.yaml_text import nearest

PARTNER = "sample"
#: The time that samples are made at, so that they are the same every day.
SAMPLE_TIME = datetime(2026, 11, 23, 19, 30, tzinfo=UTC)
_MANIFEST = ".manifest.json"
#: Lines of a difference that are shown; more help nobody.
_SHOWN = 60


class NotASample(Exception):
    """A folder that proves nothing: what is missing or wrong, and what to do."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A file that is not what was expected, and in which way."""

    name: str
    words: str


def made(folder: Path, now: datetime) -> dict[str, bytes]:
    """Path below `folder` -> bytes, of everything that the profile and the samples in it make.

    `profile.yaml` is the profile, `orders.csv` has a row a number with our names as its header, `responses/` has files as the partner sends them.

    Raises:
        NotASample: the folder has no profile, or nothing to prove it with.
        ProfileError: the profile, or its codes, are wrong.
    """
    if not (folder / "profile.yaml").is_file():
        raise NotASample(f"{folder} has no profile.yaml: a sample folder holds the profile, orders.csv, and the partner's answers in responses/")
    profile = load_profile(folder / "profile.yaml")
    codes = load_codes(profile)
    files = dict(_submissions(profile, folder / "orders.csv", now)) if (folder / "orders.csv").is_file() else {}
    responses = sorted(path for path in (folder / "responses").glob("*") if path.is_file() and not path.name.startswith(".") and not path.name.endswith(_MANIFEST))
    files.update((f"expected/responses/{path.name}.jsonl", _read(profile, codes, path)) for path in responses)
    if not files:
        raise NotASample(f"{folder} has neither orders.csv nor a file in responses/, so there is nothing to prove the profile with")
    return files


def differences(folder: Path, now: datetime) -> tuple[list[str], list[Difference]]:
    """The files that are as expected, and what is wrong with the others: other contents, one missing, or one that nothing makes any more."""
    new = made(folder, now)
    old = {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted((folder / "expected").rglob("*")) if path.is_file()}
    wrong = []
    for name in sorted(new.keys() | old.keys()):
        if name not in old:
            wrong.append(Difference(name, "is missing; `batchport carrier generate` writes it, and you read whether it is what the partner wants"))
        elif name not in new:
            wrong.append(Difference(name, "is expected, and nothing makes it"))
        elif _comparable(name, old[name]) != _comparable(name, new[name]):
            wrong.append(Difference(name, _diff(name, old[name], new[name])))
    return sorted(new.keys() - {each.name for each in wrong}), wrong


def generate(folder: Path, now: datetime) -> list[str]:
    """Write what the samples make as what is expected; the names of the files that changed, came or went."""
    new = made(folder, now)
    changed = []
    for path in sorted((folder / "expected").rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name not in new:
            path.unlink()
            changed.append(name)
    for name, data in new.items():
        path = folder / name
        if not path.is_file() or path.read_bytes() != data:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, data)
            path.chmod(0o644)
            changed.append(name)
    return sorted(changed)


def _submissions(profile: Profile, orders: Path, now: datetime) -> Iterator[tuple[str, bytes]]:
    try:
        files = render(profile, PARTNER, _orders(orders), sequence=1, now=now)
    except RenderError as error:
        raise NotASample(f"{orders}: the profile cannot carry {error}") from None
    for file in files:
        yield f"expected/{file.name}", file.data
        yield f"expected/{file.name}{_MANIFEST}", manifest(file)
        for name, data in file.beside:
            yield f"expected/{name}", data


def _orders(path: Path) -> pd.DataFrame:
    """Sample lines, as they would come from the database; columns that are not there are blank, and lines are counted where they are not numbered."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        header, rows = list(reader.fieldnames or ()), list(reader)
    strange = [name for name in header if name not in SOURCES]
    if strange or "pon" not in header or "tn" not in header:
        words = f"there is no value '{strange[0]}'{nearest(strange[0], SOURCES)}" if strange else "its header names no pon or no tn"
        raise NotASample(f"{path}: {words}; there are {', '.join(SOURCES)}")
    uneven = next((place for place, row in enumerate(rows, 2) if None in row or None in row.values()), None)
    if uneven:
        raise NotASample(f"{path}: record {uneven} has more or fewer values than the header")
    frame = pd.DataFrame({name: [row.get(name, "") for row in rows] for name in SOURCES}, dtype="str")
    of_order = frame.groupby("pon", sort=False)
    counted = {"line": (of_order.cumcount() + 1).astype(str), "lines": of_order.tn.transform("size").astype(str), "ver": pd.Series("01", index=frame.index)}
    return frame.assign(**{name: values for name, values in counted.items() if name not in header})


def _read(profile: Profile, codes: Codes, path: Path) -> bytes:
    """What a response says, a line each as JSON with what its codes mean; or why it is set aside."""
    beside = path.with_name(path.name + _MANIFEST)
    try:
        lines = parse(profile, path.read_bytes(), manifest=beside.read_bytes() if beside.is_file() else None).lines.to_dict("records")
    except ResponseUnreadable as error:
        return _jsonl({"set_aside": error.reason})
    return b"".join(_jsonl({**line, "reasons": _reasons(codes, line["code"], line["text"]) if line["status"] == "REJECT" else []}) for line in lines)


def _reasons(codes: Codes, code: str, text: str) -> list[dict[str, object]]:
    return [{"code": each.code, "class": each.class_, "field": each.field, "scope": each.scope, "text": each.text} for each in codes.explain(code, text)]


def _jsonl(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode() + b"\n"


def _comparable(name: str, data: bytes) -> object:
    """What counts of a file: of a workbook, its cells; the packing differs with the program that made it. So does what a manifest says of that."""
    if name.endswith(".xlsx"):
        return _lines(name, data)
    if name.endswith(f".xlsx{_MANIFEST}"):
        return {key: value for key, value in json.loads(data).items() if key not in {"sha256", "bytes"}}
    return data


def _lines(name: str, data: bytes) -> list[str]:
    """A file as lines that people can compare."""
    if not name.endswith(".xlsx"):
        return data.decode("utf-8", "replace").replace("\r", "␍").split("\n")
    try:
        sheets = rows_of(data)
    except Unreadable as error:
        return [str(error)]
    out = io.StringIO()
    for rows in sheets:
        csv.writer(out, lineterminator="\n").writerows(row for _, row in rows)
    return out.getvalue().split("\n")


def _diff(name: str, old: bytes, new: bytes) -> str:
    lines = list(difflib.unified_diff(_lines(name, old), _lines(name, new), "expected", "made now", lineterm=""))
    more = [f"... and {len(lines) - _SHOWN} lines more"] if len(lines) > _SHOWN else []
    return "\n".join(["differs:", *lines[:_SHOWN], *more])
