"""The text of sheets: the customer's own cells and the normalised fields, as sealed Arrow pieces."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from sqlalchemy import Connection, select

from batchport.domain.fields import NAMES
from batchport.domain.requests import Requests
from batchport.domain.table import Column, Ints, Mask
from batchport.store.database import Store, insert_many
from batchport.store.schema import files, pieces
from batchport.store.sealed import piece_context

SIZE = 50_000
#: From so many rows, or bytes, on several threads are worth their beginning: of a small piece that takes twenty times what the rest does.
_MANY_ROWS, _MANY_BYTES = 5_000, 1 << 20


#: Place of the first row in the file, which sheet, how many rows, the sealed bytes.
Piece = tuple[int, int, int, bytes]


@dataclass(frozen=True, slots=True)
class Stored:
    """Rows as they were stored.

    Attributes:
        ids: the database's number of each row.
        requests: the normalised rows.
        account_filled: rows whose account number only stands in for a blank one.
        file: the file each row stands in.
    """

    ids: Ints
    requests: Requests
    account_filled: Mask
    file: Ints


def seal_sheet(store: Store, sha256: str, sheet: int, start: int, cells: pa.Table, requests: Requests, account_filled: Mask) -> Iterator[Piece]:
    """A sheet's pieces; `start` is the place of its first row in the file, `sha256` the file's."""
    columns = {f"s{n}": Column.from_arrow(column) for n, column in enumerate(cells.columns)} | requests.columns
    for low in range(0, len(requests), SIZE):
        high = min(low + SIZE, len(requests))
        arrays = {name: _slice(column, low, high) for name, column in columns.items()}
        arrays["row"] = pa.array(requests.row[low:high])
        arrays["account_filled"] = pa.array(account_filled[low:high])
        yield start + low, sheet, high - low, sealed_piece(store, pa.table(arrays), sha256, start + low)


def insert_pieces(connection: Connection, file_id: int, sealed: list[Piece]) -> None:
    """Store sealed pieces."""
    insert_many(connection, pieces, ("file_id", "start", "sheet", "rows", "sealed"), [(file_id, *piece) for piece in sealed])


def open_pieces(store: Store, connection: Connection, file_id: int) -> Iterator[tuple[int, int, pa.Table]]:
    """The pieces of a file in their order: place of the first row, which sheet, and the table."""
    found = connection.execute(
        select(pieces.c.start, pieces.c.sheet, pieces.c.sealed, files.c.sha256).join(files).where(pieces.c.file_id == file_id).order_by(pieces.c.start)
    )
    for start, sheet, sealed, sha256 in found:
        yield start, sheet, _opened(store, sealed, piece_context(sha256, start))


def opened_piece(store: Store, connection: Connection, file_id: int, start: int) -> pa.Table:
    """All that one piece says."""
    found = connection.execute(select(pieces.c.sealed, files.c.sha256).join(files).where(pieces.c.file_id == file_id, pieces.c.start == start)).one()
    return _opened(store, found.sealed, piece_context(found.sha256, start))


def sealed_piece(store: Store, table: pa.Table, sha256: str, start: int) -> bytes:
    """A piece as it is stored; `sha256` is the file's, `start` the place of the first row in it."""
    return store.keyring.seal(_packed(table), piece_context(sha256, start))


def load_rows(store: Store, connection: Connection, ids: Ints, names: Sequence[str] = NAMES) -> Stored:
    """Some rows by their numbers, in that order, or some fields of them."""
    parts: list[Requests] = []
    filled: list[Mask] = []
    owner: list[Ints] = []
    found: list[Ints] = []
    for file_id, sha256, first_row, start, here in _by_piece(connection, np.sort(ids)):
        sealed = connection.exec_driver_sql("select sealed from pieces where file_id = ? and start = ?", (file_id, start)).scalar_one()
        table = _opened(store, sealed, piece_context(sha256, start), names)
        at = here - first_row - start
        requests = requests_of(table, names)
        parts.append(requests if len(at) == len(requests) else requests.take(at))
        filled.append(table["account_filled"].to_numpy()[at])
        owner.append(np.full(len(at), file_id))
        found.append(here)
    if not parts:
        return Stored(ids, Requests({}, np.zeros(0, np.int64)), np.zeros(0, dtype=bool), np.zeros(0, np.int64))
    together = np.concatenate(found)
    requests, account_filled, file = Requests.concat(parts), np.concatenate(filled), np.concatenate(owner)
    if (together == ids).all():
        return Stored(ids, requests, account_filled, file)
    place = np.searchsorted(together, ids)
    return Stored(ids, requests.take(place), account_filled[place], file[place])


def requests_of(table: pa.Table, names: Sequence[str] = NAMES) -> Requests:
    """The normalised rows of a piece, or some fields of them."""
    return Requests({name: Column.from_arrow(table[name]) for name in names}, table["row"].to_numpy())


def sheets_of(text: str) -> list[dict[str, object]]:
    """What a file's record says of its sheets: name, headers, mapping."""
    found: list[dict[str, object]] = json.loads(text)
    return found


#: The file that a row stands in, and its pieces; by the driver itself, since small sheets are many.
_OF_ROW = """
    select f.id, f.sha256, f.first_row, f.rows, p.start, p.rows
    from (select id, sha256, first_row, rows from files where first_row <= ? and rows > 0 order by first_row desc limit 1) f
    left join pieces p on p.file_id = f.id
    order by p.start
"""


def _by_piece(connection: Connection, ids: Ints) -> Iterator[tuple[int, str, int, int, Ints]]:
    """For each piece that some rows stand in: its file's number and hash, the number of the file's first row, the piece's place, and the rows; `ids` ascend."""
    at = 0
    while at < len(ids):
        found = connection.exec_driver_sql(_OF_ROW, (int(ids[at]),)).all()
        first, length = found[0][2:4]
        for file_id, sha256, _, _, start, rows in found:
            if start is None:  # its text is not there any more
                continue
            begin, end = np.searchsorted(ids, (first + start, first + start + rows)).tolist()
            if begin < end:
                yield int(file_id), str(sha256), int(first), int(start), ids[begin:end]
        at = int(np.searchsorted(ids, first + length))


def _slice(column: Column, low: int, high: int) -> pa.Array:
    """Some rows of a column with only the values that occur in them."""
    if column.codes is None:
        return column.values.slice(low, high - low)
    codes = column.codes[low:high]
    first, last = int(codes.min()), int(codes.max())
    if last - first < 2 * len(codes):
        return pa.DictionaryArray.from_arrays(pa.array((codes - first).astype(np.int32)), column.values.slice(first, last - first + 1))
    used, codes = np.unique(codes, return_inverse=True)
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), column.values.take(pa.array(used)))


def _packed(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=len(table) >= _MANY_ROWS)
    with pa.ipc.new_stream(sink, table.schema, options=options) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def _opened(store: Store, sealed: bytes, context: str, names: Sequence[str] | None = None) -> pa.Table:
    """The table in a piece; where only some fields are wanted, these and what our own record of a row is, without the customer's cells."""
    data = store.keyring.unseal(sealed, context)
    threads = len(data) >= _MANY_BYTES
    if names is None:
        return pa.ipc.open_stream(data, options=pa.ipc.IpcReadOptions(use_threads=threads)).read_all()
    there = pa.ipc.open_stream(data).schema.names
    wanted = [place for place, name in enumerate(there) if name in (*names, "row", "account_filled")]
    return pa.ipc.open_stream(data, options=pa.ipc.IpcReadOptions(included_fields=wanted, use_threads=threads)).read_all()
