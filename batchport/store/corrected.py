"""Fields that an order shares and that were corrected on one of its rows: told by `orders.shared`, field -> the row that says it for all."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from batchport.domain.requests import Requests
from batchport.domain.table import Column
from batchport.store.database import Store
from batchport.store.pieces import load_rows


def with_shared(store: Store, connection: Connection, rows: Requests, shared: pd.Series) -> Requests:
    """The rows with what another row of their order says for all; `shared` is what each row's order says of that, as stored."""
    told = shared.fillna("")
    for text in sorted(set(told.unique()) - {""}):
        here = (told == text).to_numpy()
        for name, value in values_of(store, connection, read(text)).items():
            rows = rows.replace(**{name: rows[name].where(here, value)})
    return rows


def values_of(store: Store, connection: Connection, shared: dict[str, int]) -> dict[str, str]:
    """What holds for all rows of an order, by field."""
    each, which = np.unique(np.array(list(shared.values()), np.int64), return_inverse=True)
    said = load_rows(store, connection, each).requests
    return {name: Column.at(said[name], int(at)) for name, at in zip(shared, which, strict=True)}


def read(text: str) -> dict[str, int]:
    """`orders.shared` as stored: field -> row."""
    found: dict[str, int] = json.loads(text) if text else {}
    return found


def written(shared: dict[str, int]) -> str:
    """As it is stored."""
    return json.dumps(shared, sort_keys=True) if shared else ""
