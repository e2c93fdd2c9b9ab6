"""Papers beside submissions: which go with an order, what they are called there, and their bytes (contract, section 9)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from batchport.domain.papers import PAPERS, TIFF
from batchport.domain.requests import Requests
from batchport.domain.table import Column, Ints
from batchport.domain.versions import CANCEL, NEW_DATE
from batchport.pipeline.app import App
from batchport.pipeline.papers import known_papers, unsealed
from batchport.store import enclosures as stored
from batchport.store.enclosures import Enclosure
from batchport.store.sealed import enclosure_context
from batchport.transport import NotDelivered


@dataclass(frozen=True, slots=True)
class Meant:
    """A paper that an order's rows name.

    Attributes:
        field: which of the fields names it.
        paper: its record.
        form: PDF or TIFF.
        sha256: of its bytes.
    """

    field: str
    paper: int
    form: str
    sha256: str

    def called(self, pon: str) -> str:
        """The name that it goes under beside an order."""
        return f"{pon}-{self.field.removesuffix('_file')}.{'tiff' if self.form == TIFF else 'pdf'}"


def meant_by(app: App, connection: Connection, rows: Requests, ids: Ints) -> dict[tuple[int, str], Meant]:
    """The papers that some rows mean by their fields, by (position of the row, field): those that came with the row's own file, else with another one.

    Args:
        app: the installation.
        connection: for looking things up.
        rows: what the rows say.
        ids: the stored rows, one each.
    """
    named = {name: np.flatnonzero(~rows[name].blank) for name in PAPERS}
    asked = np.unique(np.concatenate(list(named.values())))
    if not len(asked):
        return {}
    came = stored.meant_papers(connection, ids[asked].tolist())
    customers = dict(zip(came.id.tolist(), came.customer.tolist(), strict=True))
    each = zip(came.id, came.name, came.paper_id, came.form, came.sha256, strict=True)
    own = {(row, name): (int(number), form, sha256) for row, name, number, form, sha256 in each if isinstance(form, str)}
    elsewhere = lru_cache(maxsize=None)(lambda customer, name: known_papers(app, customer, [name]).get(name))
    found = {}
    for field, places in named.items():
        for place, name in zip(places.tolist(), rows[field].take(places).text().to_pylist(), strict=True):
            row = int(ids[place])
            paper = own.get((row, name)) or elsewhere(customers[row], name)
            if paper is not None:
                found[place, field] = Meant(field, *paper)
    return found


def beside_orders(app: App, connection: Connection, ready: pd.DataFrame, rows: Requests) -> dict[int, list[Meant]]:
    """The papers of the orders of a submission: of each kind the first that a row names. A SUP 1 or 2 needs none.

    Args:
        app: the installation.
        connection: for looking things up.
        ready: the lines of the submission.
        rows: what they say.
    """
    order, ids = ready.order_id.to_numpy(np.int64), ready.id.to_numpy(np.int64)
    wants = ~ready["sup"].isin((CANCEL, NEW_DATE)).to_numpy()
    found: dict[int, list[Meant]] = {}
    for field in PAPERS:
        named = np.flatnonzero(wants & ~rows[field].blank)
        first = named[np.unique(order[named], return_index=True)[1]]
        alone = rows.take(first).replace(**{other: Column.constant("", len(first)) for other in PAPERS if other != field})
        for (place, _), meant in meant_by(app, connection, alone, ids[first]).items():
            found.setdefault(int(order[first[place]]), []).append(meant)
    return found


@dataclass(frozen=True, slots=True)
class Enclosed:
    """Papers beside a submission: as they are stored, and their names and SHA-256 for its manifest."""

    records: list[Enclosure]
    told: list[tuple[str, str]]


def enclosed(app: App, partner: str, meant: Mapping[str, list[Meant]], protect: Callable[[bytes], bytes] | None, suffix: str) -> Enclosed:
    """The papers of the orders of a submission, ready to be stored with it.

    Args:
        app: the installation.
        partner: whose submission it is.
        meant: the papers of its orders, by PON.
        protect: signs and encrypts; None where papers go as they are.
        suffix: of the names of what is signed or encrypted.

    Raises:
        NotDelivered: a paper cannot be signed or encrypted.
    """
    same: dict[int, bytes] = {}
    found = Enclosed([], [])
    for pon, papers in meant.items():
        for paper in papers:
            name = paper.called(pon)
            if protect is None:
                found.told.append((name, paper.sha256))
                found.records.append(Enclosure(name, paper.paper))
                continue
            if paper.paper not in same:
                same[paper.paper] = protect(_bytes(app, paper.paper))
            data, name = same[paper.paper], name + suffix
            found.told.append((name, hashlib.sha256(data).hexdigest()))
            found.records.append(Enclosure(name, paper.paper, app.store.keyring.seal(data, enclosure_context(partner, name))))
    return found


def each_enclosure(app: App, partner: str, submission: int) -> Iterator[tuple[str, bytes]]:
    """Names and bytes of what goes beside a submission, one at a time."""
    with app.store.reading() as connection:
        found = stored.enclosures_of(connection, submission)
    for one in found:
        yield one.name, app.store.keyring.unseal(one.protected, enclosure_context(partner, one.name)) if one.protected is not None else _bytes(app, one.paper)


def _bytes(app: App, number: int) -> bytes:
    with app.store.reading() as connection:
        paper = stored.paper_of(connection, number)
    if paper.sealed is None:
        raise NotDelivered(f"the paper {paper.name} is not kept any more")
    return unsealed(app, paper)
