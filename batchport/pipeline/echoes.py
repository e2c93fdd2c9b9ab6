"""PINs and account numbers that a partner repeats in its reasons, which are stored, shown and mailed: masked before any of that."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from batchport.domain.purged import PURGED
from batchport.domain.table import records
from batchport.pipeline.app import App
from batchport.pipeline.wording import MASK, NO_PIN, masked
from batchport.store import intake, look
from batchport.store.pieces import load_rows

#: What may be a PIN or an account number: four signs and more with a digit among them.
_WORD = re.compile(r"(?<![0-9A-Za-z])(?=[A-Za-z]*[0-9])[0-9A-Za-z]{4,}(?![0-9A-Za-z])")
#: What is none, though it looks like one: dates, and telephone numbers as they are written.
_PLAIN = re.compile(r"\b\d{4}-\d\d-\d\d\b|\b\d\d?/\d\d?/\d{4}\b|\(?\b\d{3}\)?[-. ]\d{3}[-. ]\d{4}\b")
_TN = re.compile("[0-9]{10}")

#: What people read in place of a secret of an order, by the secret in capitals; None where not all of them are known.
_Masks = Mapping[str, str] | None


def without_echoes(app: App, connection: Connection, lines: pd.DataFrame) -> pd.DataFrame:
    """The lines of an answer with the secrets of their rows masked in their texts; where these are not known, everything that may be one is."""
    codes, texts = pd.factorize(lines.text)
    at = np.flatnonzero(np.array([_WORD.search(_PLAIN.sub("", text)) is not None for text in texts.tolist()], dtype=bool)[codes]) if len(texts) else codes
    if not len(at):
        return lines
    odd = lines.iloc[at]
    secrets = _secrets(app, connection, odd)
    changed = [_masked(line.text, {line.tn, line.pon}, secrets.get(line.order_id) or secrets.get(line.tn)) for line in records(odd)]
    text = lines.text.astype(object).to_numpy(copy=True)
    text[at] = changed
    return lines.assign(text=pd.Series(text, index=lines.index, dtype=lines.text.dtype))


def _masked(text: str, own: set[str], secrets: _Masks) -> str:
    """A text without the secrets of the rows that it speaks of; `own` are its order and number, which are none."""
    plain = [match.span() for match in _PLAIN.finditer(text)]

    def mask(found: re.Match[str]) -> str:
        word = found[0]
        if word in own or any(start <= found.start() and found.end() <= end for start, end in plain):
            return word
        return MASK if secrets is None else secrets.get(word.upper(), word)

    return _WORD.sub(mask, text)


def _secrets(app: App, connection: Connection, lines: pd.DataFrame) -> dict[Any, _Masks]:
    """The secrets of the orders that lines name, and of the numbers that those without an order name."""
    orders = sorted({int(order) for order in lines.order_id if order > 0})
    numbers = sorted({int(tn) for tn in lines.tn[lines.order_id == 0] if _TN.fullmatch(tn)})
    of_orders = look.rows_by(connection, orders=orders) if orders else pd.DataFrame({"id": [], "order_id": []})
    of_numbers = intake.rows_with_numbers(connection, np.array(numbers, np.int64)) if numbers else pd.DataFrame({"id": [], "tn": []})
    whose: dict[int, list[Any]] = defaultdict(list)
    for row, order in zip(of_orders["id"], of_orders.order_id, strict=True):
        whose[int(row)].append(int(order))
    for row, tn in zip(of_numbers["id"], of_numbers.tn, strict=True):
        whose[int(row)].append(f"{int(tn):010d}")
    return _by_owner(app, connection, whose)


def _by_owner(app: App, connection: Connection, whose: Mapping[int, list[Any]]) -> dict[Any, _Masks]:
    ids = np.array(sorted(whose), np.int64)
    if not len(ids):
        return {}
    said = load_rows(app.store, connection, ids, ["pin", "account_number", "tn", "btn"]).requests
    found: dict[Any, dict[str, str]] = defaultdict(dict)
    unknown = set()
    texts = (said[name].text().to_pylist() for name in ("pin", "account_number", "tn", "btn"))
    for row, pin, account, tn, btn in zip(ids.tolist(), *texts, strict=True):
        for owner in whose[row]:
            found[owner] |= {account.upper(): masked("account_number", account, plain=(tn, btn))} | ({pin.upper(): MASK} if pin != NO_PIN else {})
            if pin == PURGED:
                unknown.add(owner)
    return {owner: None if owner in unknown else masks for owner, masks in found.items()}
