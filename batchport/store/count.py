"""Counts over the whole database that cost no more after ten years than after one.

Rows of a file of which none goes on any more are counted once, and the file keeps the numbers (`files.counted`) until one of its rows is taken up again, such as
one that was rejected and comes corrected; a submission all of whose lines are answered is in `closed`. Everything else is counted row by row, each time.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict

from sqlalchemy import Connection

from batchport.domain.lifecycle import State
from batchport.store.database import run_many

_OPEN = "s.state = 'sent' and not exists (select 1 from closed c where c.submission_id = s.id)"
#: How many lines of a version `v` are answered: all of one that a newer one has overtaken, once that was sent.
ANSWERED = """
    case when v.answered = v.lines then v.lines
         when exists (select 1 from versions n join submissions t on t.id = n.submission_id and t.state = 'sent' where n.order_id = v.order_id and n.ver > v.ver) then v.lines
         else v.answered end
"""
#: The rows of a file `f` that may still change, or that an answer is awaited for; those that were rejected are not among them, since many are never put right.
_GOES_ON = f"((r.live and r.state <> {int(State.REJECTED)}) or (r.ver > 0 and not r.answered))"
_UNDER_WAY = f"(select 1 from rows r where r.id >= f.first_row and r.id < f.first_row + f.rows and {_GOES_ON})"  # noqa: S608


def rows_by_customer(connection: Connection) -> tuple[dict[str, Counter[int]], int]:
    """How many rows of each customer are in each state, and of how many in all nothing was heard in their present version."""
    found: defaultdict[str, Counter[int]] = defaultdict(Counter)
    # Of many files of a few rows most are alike.
    for customer, counted, alike in connection.exec_driver_sql("select customer, counted, count(*) from files where counted <> '' group by customer, counted"):
        found[customer].update({int(state): number * alike for state, number in json.loads(counted).items()})
    # A sum for each state is twice as fast as grouping, which would sort the rows.
    sums = ", ".join(f"count(*) filter (where state = {int(state)})" for state in State)
    awaited = 0
    for customer, first, end in _ranges(connection):
        statement = f"select {sums}, count(*) filter (where ver > 0 and not answered) from rows where id >= ? and id < ?"  # noqa: S608
        *numbers, unanswered = connection.exec_driver_sql(statement, (first, end)).one()
        found[customer].update({int(state): number for state, number in zip(State, numbers, strict=True) if number})
        awaited += unanswered
    return dict(found), awaited


def rows_by_state(connection: Connection) -> tuple[dict[int, int], int]:
    """How many rows are in each state, and of how many nothing was heard in their present version."""
    found, awaited = rows_by_customer(connection)
    return dict(sum(found.values(), Counter())), awaited


def _ranges(connection: Connection) -> list[tuple[str, int, int]]:
    """Customer, first and end of the numbers of rows that have to be counted, a customer's files side by side taken together."""
    found: list[tuple[str, int, int]] = []
    for customer, first, rows in connection.exec_driver_sql("select customer, first_row, rows from files where counted = '' and rows > 0 order by first_row"):
        if found and found[-1][0] == customer and found[-1][2] == first:
            found[-1] = (customer, found[-1][1], first + rows)
        else:
            found.append((customer, first, first + rows))
    return found


def rows_read(connection: Connection) -> int:
    """How many rows all files had when they were read."""
    return int(connection.exec_driver_sql("select (select coalesce(sum(rows), 0) from files where counted <> '') + (select coalesce(sum(rows), 0) from files where counted = '')").scalar_one())


def lines_by_partner(connection: Connection) -> dict[str, tuple[int, int]]:
    """For each partner the lines of all versions sent to it, and those of them that an answer was counted for, or that a newer version overtook."""
    closed = "select s.partner, c.lines as sent, c.lines as answered from closed c join submissions s on s.id = c.submission_id"
    versions = f"select s.partner, v.lines, {ANSWERED} from submissions s cross join versions v on v.submission_id = s.id where {_OPEN}"  # noqa: S608
    statement = f"select partner, sum(sent), sum(answered) from ({closed} union all {versions}) group by partner"  # noqa: S608
    return {partner: (int(sent), int(answered)) for partner, sent, answered in connection.exec_driver_sql(statement)}


def lines_sent(connection: Connection) -> tuple[int, int]:
    """The lines of all sent versions, and those of them that an answer was counted for, or that a newer version overtook."""
    found = lines_by_partner(connection).values()
    return sum(sent for sent, _ in found), sum(answered for _, answered in found)


def settle_finished(connection: Connection) -> None:
    """Count files of whose rows none goes on any more, and close submissions whose lines are all answered, once and for all."""
    finished = connection.exec_driver_sql(f"select f.id, f.first_row, f.rows from files f where f.counted = '' and f.rows > 0 and not exists {_UNDER_WAY}").all()  # noqa: S608
    counted = []
    for number, first, rows in finished:
        states = connection.exec_driver_sql("select state, count(*) from rows where id >= ? and id < ? group by state", (first, first + rows)).all()
        counted.append((json.dumps({str(state): count for state, count in states}), number))
    run_many(connection, "update files set counted = ? where id = ?", counted)
    outstanding = f"select 1 from versions v where v.submission_id = s.id and {ANSWERED} < v.lines"  # noqa: S608
    connection.exec_driver_sql(f"insert into closed (submission_id, lines) select s.id, s.lines from submissions s where {_OPEN} and not exists ({outstanding})")  # noqa: S608
