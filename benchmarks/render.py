"""Making submission files of each shipped format beside the bare writing of the same.

Of formats of lines the floor writes the same lines from a ready pandas table, as `floor.py` writes its own; of templates it fills in the same compiled template
with ready values, in a bare loop. Both sides take turns in one process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from batchport.carriers.formats import template
from batchport.carriers.formats.signs import bytes_of
from batchport.carriers.layout import SOURCES, Fixed, Template
from batchport.carriers.profile import Profile, load_profile
from batchport.carriers.render import Rendered, each_file
from benchmarks.bench import Bench
from benchmarks.figures import Figure
from benchmarks.measure import worked

#: Format -> how many times its floor it may take.
_PROFILES = {"generic-csv": 3.0, "lsr-fixed": 3.0, "lnp-xml": 1.5}
_NOW = datetime(2026, 3, 2, 19, 30, tzinfo=UTC)
_TEXTS = {"losing_carrier": ("Verizon", "Lumen", "Bell Canada"), "street_name": ("Main St", "Rue du Parc", "Elm Ave"), "city": ("Boston", "Albany"), "state": ("MA", "NY")}
_ALIKE = {
    "ver": "01", "number_type": "business_local", "name": "Harbor Bakery & Sons LLC", "authorized_name": "Maria Garcia", "street_number": "120", "postal_code": "02129",
    "country": "US", "requested_date": "2026-03-20", "partial": "N", "lines": "1", "line": "1", "pin": "4821",
}  # fmt: skip


def formats(bench: Bench) -> Iterator[Figure]:
    """The files of many orders, in three formats."""
    lines = lines_of(bench.sizes.orders)
    for name, most in _PROFILES.items():
        yield _figure(bench, load_profile(name), lines, most)


def _figure(bench: Bench, profile: Profile, lines: pd.DataFrame, most: float) -> Figure:
    bare = floor_of(profile, list(product(profile, lines)), lines, bench.scratch / "bare")
    return bench.compare(f"rendering {profile.name} / bare writing", partial(worked, partial(drained, profile, lines)), partial(worked, bare), most)


def lines_of(orders: int) -> pd.DataFrame:
    """Orders of one line each: texts repeat as they do in life, numbers do not."""
    at = np.arange(orders)
    letters = np.array(list("0123456789ABCDEFGHJKMNPQRSTVWXYZ"))
    pons = pd.Series(["P" + "".join(letters[(number >> 5 * place) & 31] for place in range(10, -1, -1)) for number in at.tolist()])
    frame = pd.DataFrame({name: pd.Categorical.from_codes(np.zeros(orders, np.int8), [_ALIKE.get(name, "")]) for name in SOURCES})
    for name, texts in _TEXTS.items():
        frame[name] = pd.Categorical.from_codes(at % len(texts), list(texts))
    frame["pon"], frame["tn"] = pons.astype("str"), pd.Series(6172340000 + at).astype("str")
    frame["btn"], frame["account_number"] = frame["tn"], pd.Series(80000000 + at).astype("str")
    return frame


def product(profile: Profile, lines: pd.DataFrame) -> Iterator[Rendered]:
    """The submission files, as the program makes them."""
    return each_file(profile, "sample", lines, sequence=1, now=_NOW)


def drained(profile: Profile, lines: pd.DataFrame) -> int:
    """The bytes of all files, none of which is kept."""
    return sum(len(file.data) for file in product(profile, lines))


def floor_of(profile: Profile, files: list[Rendered], lines: pd.DataFrame, target: Path) -> Callable[[], object]:
    """The bare writing of the same bytes."""
    if isinstance(profile.format, Template):
        return _filled(profile, profile.format, lines)
    text = b"".join(file.data for file in files).decode("utf-8")
    if profile.format.kind == "delimited":
        ready = arrow_csv.read_csv(pa.BufferReader(text.encode()), convert_options=arrow_csv.ConvertOptions(column_types=dict.fromkeys(profile.outgoing, pa.string()), strings_can_be_null=False))
        frame = ready.to_pandas()
        return lambda: arrow_csv.write_csv(pa.Table.from_pandas(frame, preserve_index=False), target)
    frame = _fields(cast("Fixed", profile.format), text.splitlines(), len(lines))
    fields = [pa.array(frame[name], pa.string()) for name in frame]
    return lambda: target.write_bytes(bytes_of(pc.binary_join_element_wise(*fields, ""), "utf-8"))


def _fields(form: Fixed, records: list[str], orders: int) -> pd.DataFrame:
    """Ready fields, filled up already: a wide row for each order, its records one after another."""
    columns: dict[str, pd.Series[Any]] = {}
    kinds = [*form.of("order"), *form.of("line")]
    for place, record in enumerate(kinds):
        own = pd.Series(records[len(form.of("file")) + place :: len(kinds)][:orders], dtype="str")
        start = 0
        for field in record.fields:
            columns[f"{record.name}.{field.header}"] = own.str.slice(start, start + (field.width or 0))
            start += field.width or 0
        columns[f"{record.name} end"] = pd.Series(["\r\n"] * orders, dtype="str")
    return pd.DataFrame(columns)


def _filled(profile: Profile, form: Template, lines: pd.DataFrame) -> Callable[[], object]:
    compiled = template.compiled(form.template, form.media)
    sources = {header: column.source for header, column in profile.outgoing.items() if column.source}
    columns = [lines[source].astype("str").tolist() for source in sources.values()]
    orders: list[dict[str, Any]] = [dict(zip(sources, row, strict=True)) for row in zip(*columns, strict=True)]
    for order in orders:
        order["numbers"] = [dict(order)]
    sent = profile.local(_NOW)
    return lambda: [
        compiled.render(partner="sample", sequence=number, sent=sent, settings=profile.settings, orders=[order], order=order).encode()
        for number, order in enumerate(orders, 1)
    ]  # fmt: skip
