"""Versions of sent orders that wait, and orders that go on in new ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from batchport.domain.lifecycle import Act, State, after
from batchport.store.database import insert_many, next_id, run_many
from batchport.store.schema import GOING_ON, NEXT_VERSION, order_findings, orders


def waiting_versions(connection: Connection) -> list[int]:
    """Orders of which a further version waits and is not taken yet."""
    return [int(number) for (number,) in connection.exec_driver_sql(f"select id from orders where {NEXT_VERSION} and taken_by is null order by id")]  # noqa: S608


def differs(order: Any, sup: str, held_by: str) -> bool:
    """Whether a version is another than the one that is stored with its order."""
    return bool((order.next_sup, order.held_by) != (sup, held_by))


def store_version(
    connection: Connection, number: int, *, values: Mapping[str, Any], notes: Sequence[tuple[str, str, str]], leaving: Sequence[int],
    moved: Sequence[tuple[int, int]], sent_as: Sequence[tuple[int, int]], seconds: int,
) -> None:  # fmt: skip
    """Store the version of an order that waits.

    Args:
        connection: of the transaction.
        number: the order.
        values: columns of the order.
        notes: what is to be said of it: code, field, detail.
        leaving: rows that it goes without.
        moved: corrected rows, each with its new state.
        sent_as: rows whose text the partner has, each with the new row that corrects it.
        seconds: the time to go by.
    """
    connection.execute(orders.update().where(orders.c.id == number).values(**values))
    connection.exec_driver_sql("delete from order_findings where order_id = ?", (number,))
    columns = ("order_id", "code", "field", "detail", "rejected_too")
    insert_many(connection, order_findings, columns, [(number, code, name, detail, False) for code, name, detail in notes])
    connection.exec_driver_sql("update rows set leaves = false where order_id = ? and leaves", (number,))
    run_many(connection, "update rows set leaves = true where id = ?", [(row,) for row in leaving])
    run_many(connection, "update rows set state = ?, since = ? where id = ?", [(state, seconds, row) for row, state in moved])
    run_many(connection, "update files set counted = '' where id = (select file_id from rows where id = ?)", [(row,) for row, _ in moved])
    run_many(connection, "update rows set sent_as = ? where id = ?", list(sent_as))
    connection.exec_driver_sql("update files set results_due = true where id in (select distinct file_id from rows where order_id = ?)", (number,))


def cancelled_to_go_on(connection: Connection) -> list[Any]:
    """Orders that were called off so that new ones can take their place, and have been cancelled."""
    statement = f"select * from orders where {GOING_ON} and next_sup = '' and taken_by is null and not live order by id"  # noqa: S608
    return list(connection.exec_driver_sql(statement))


def go_on(connection: Connection, order: Any, stamp: str, seconds: int) -> int | None:
    """Put what was cancelled with an order's newest version into a new order that knows its parent; its number, None where nothing is left."""
    going = "order_id = ? and ver = ? and state = ? and not leaves"
    what = (order.id, order.ver, int(State.CANCELLED))
    connection.exec_driver_sql("update orders set reorders = false where id = ?", (order.id,))
    count = int(connection.exec_driver_sql(f"select count(*) from rows where {going}", what).scalar_one())  # noqa: S608
    if not count:
        return None
    number = next_id(connection, orders)
    connection.execute(
        orders.insert().values(
            id=number, key=order.key, account=order.account, live=True, customer=order.customer, partner=order.partner, number_class=order.number_class,
            country=order.country, losing_carrier=order.losing_carrier, btn=order.btn, partial=order.partial, lines=count, ver=0, sup="", parent_id=order.id,
            held_by="order-account-busy", released=False, requested_date=order.requested_date, redated=order.next_date or order.redated,
            shared=order.next_shared or order.shared, part=order.part, gone_before=order.gone_before, since=stamp,
        )
    )  # fmt: skip
    state = int(after(Act.REORDER, State.CANCELLED))
    connection.exec_driver_sql(f"update files set counted = '' where id in (select file_id from rows where {going})", what)  # noqa: S608
    connection.exec_driver_sql(
        f"""update rows set order_id = ?, state = ?, live = true, ver = 0, answered = false, foc = null, sent_as = null, was = null, was_foc = null,
            since = ? where {going}""",  # noqa: S608
        (number, state, seconds, *what),
    )
    return number
