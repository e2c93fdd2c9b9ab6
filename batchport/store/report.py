"""What the report asks of the database: sums by what they have in common, never a record a row.

Rejections and waiting times are looked for in what was answered and sent since a day; what is older costs nothing. Of rows only those of files are looked at
in which some go on (`store.count`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Connection

from batchport.domain.lifecycle import Answer, State
from batchport.store.schema import UNDELIVERED

#: Rows `r`, in a state, of the files `f` that are not counted for good. The sign before the state keeps SQLite from making an index of all rows for this query alone.
_ROWS_UNDER_WAY = "files f cross join rows r on f.counted = '' and f.rows > 0 and r.id >= f.first_row and r.id < f.first_row + f.rows and +r.state = {state}"
#: The file in which the first line was that counted for a version `v`, of one kind or of any.
_FIRST = "(select a.response_id from answers a where a.order_id = v.order_id and a.ver = v.ver and a.applied{kind} order by a.id limit 1)"


def _first(answer: Answer | None = None) -> str:
    kind = "" if answer is None else f" and (select y.status from sayings y where y.id = a.saying_id) = '{answer.value}'"  # noqa: S608
    return _FIRST.format(kind=kind)


class Refused(NamedTuple):
    """Numbers that a partner rejected with the same codes and text."""

    partner: str
    losing_carrier: str
    code: str
    text: str
    numbers: int


def refused(connection: Connection, since: str) -> list[Refused]:
    """What was rejected by answers that came since then; a line for a whole order counts for its numbers that have no line of their own in the file."""
    own = "select count(*) from answers b where b.order_id = a.order_id and b.ver = a.ver and b.response_id = a.response_id and b.row_id is not null"
    whole = f"(select v.lines from versions v where v.order_id = a.order_id and v.ver = a.ver) - ({own})"  # noqa: S608
    # Lines that found their order later are numbered after those of their file, so the whole stretch is gone through.
    stretch = "a.id >= coalesce((select min(q.first_answer) from responses q where q.received >= ? and q.answers > 0), 9223372036854775807)"
    found = connection.exec_driver_sql(
        f"""
        select p.partner, o.losing_carrier, y.code, y.text, sum(case when a.row_id is null then {whole} else 1 end)
        from answers a cross join sayings y on y.id = a.saying_id cross join responses p on p.id = a.response_id cross join orders o on o.id = a.order_id
        where {stretch} and a.applied and a.saying_id in (select z.id from sayings z where z.status = '{Answer.REJECT.value}') and p.received >= ?
        group by p.partner, o.losing_carrier, y.code, y.text order by p.partner, o.losing_carrier, y.code, y.text
        """,  # noqa: S608
        (since, since),
    )
    return [Refused(*line) for line in found]


class Sent(NamedTuple):
    """Orders to a losing carrier that were sent, answered, confirmed and completed at the same times; None where they were not."""

    partner: str
    country: str
    losing_carrier: str
    sent: str
    answered: str | None
    confirmed: str | None
    completed: str | None
    orders: int
    lines: int


def sent(connection: Connection, since: str) -> list[Sent]:
    """What became of the versions that were sent since then, but for those that call an order off."""
    versions = f"""
        select s.id as submission, o.country, o.losing_carrier, {_first()} as answered, {_first(Answer.FOC)} as confirmed, {_first(Answer.COMPLETE)} as completed, v.lines
        from submissions s cross join versions v on v.submission_id = s.id cross join orders o on o.id = v.order_id where s.state = 'sent' and s.sent >= ? and v.sup <> '1'
    """  # noqa: S608
    found = connection.exec_driver_sql(
        f"with found as materialized ({versions}) select submission, country, losing_carrier, answered, confirmed, completed, count(*), sum(lines) from found "  # noqa: S608
        "group by submission, country, losing_carrier, answered, confirmed, completed order by submission, country, losing_carrier, answered, confirmed, completed",
        (since,),
    ).all()
    times = {number: (partner, at) for number, partner, at in connection.exec_driver_sql("select id, partner, sent from submissions where state = 'sent' and sent >= ?", (since,))}
    heard = _by_name(connection, "select id, received from responses where received >= ?", since)
    return [
        Sent(times[submission][0], country, carrier, times[submission][1], heard.get(answered), heard.get(confirmed), heard.get(completed), orders, lines)
        for submission, country, carrier, answered, confirmed, completed, orders, lines in found
    ]


def faults(connection: Connection, since: str) -> list[tuple[str, str, int]]:
    """Customer, code and number of rows, of what was found on rows that are rejected, in sheets that came since then."""
    # From what was found to the rows, which are many more.
    found = connection.exec_driver_sql(
        f"""
        select min(f.customer), n.code, count(distinct n.row_id) from files f cross join findings n on n.row_id >= f.first_row and n.row_id < f.first_row + f.rows
        cross join rows r on r.id = n.row_id and +r.state = {int(State.REJECTED)} where f.received >= ? and f.rows > 0 group by f.customer || '', n.code order by min(f.customer), n.code
        """,  # noqa: S608
        (since,),
    )
    return [(customer, code, rows) for customer, code, rows in found]


def moving(connection: Connection, days: Sequence[date]) -> dict[date, int]:
    """How many numbers are confirmed for each of some days; none where it is none."""
    numbers = [int(f"{day:%Y%m%d}") for day in days]
    sums = ", ".join(f"count(*) filter (where r.foc = {number})" for number in numbers)
    found = connection.exec_driver_sql(
        f"select {sums} from {_ROWS_UNDER_WAY.format(state=int(State.CONFIRMED))} and r.foc between ? and ?",  # noqa: S608
        (min(numbers), max(numbers)),
    ).one()
    return {day: count for day, count in zip(days, found, strict=True) if count}


def strange(connection: Connection) -> list[tuple[str, str, int, str]]:
    """Open exception lines: partner, reason, how many, and when the oldest came."""
    found = connection.exec_driver_sql(
        """
        select p.partner, e.reason, count(*), min(e.since) from exceptions e join responses p on p.id = e.response_id
        where e.resolved is null group by p.partner, e.reason order by count(*) desc, p.partner, e.reason
        """
    )
    return [(partner, reason, lines, since) for partner, reason, lines, since in found]


def mails_undelivered(connection: Connection, since: str) -> int:
    """How many mails of since then did not reach whom they were for."""
    return int(connection.exec_driver_sql(f"select count(*) from mails where {UNDELIVERED} and created >= ?", (since,)).scalar_one())  # noqa: S608


def orders_on_hold(connection: Connection) -> int:
    """How many orders somebody keeps back by hand."""
    return int(connection.exec_driver_sql("select count(*) from orders where on_hold and live").scalar_one())


def last_sheets(connection: Connection) -> dict[str, tuple[str, str, str]]:
    """Customer -> name, state and time of the sheet that came last."""
    # From one customer to the next, since to group would go through all files.
    customers = """
        with recursive c (customer) as (
            select min(customer) from files union all select (select min(f.customer) from files f where f.customer > c.customer) from c where c.customer is not null)
        select customer from c where customer is not null
    """
    last = f"select (select max(f.id) from files f where f.customer = each.customer) as id from ({customers}) each"  # noqa: S608
    found = connection.exec_driver_sql(f"select f.customer, f.name, f.state, f.received from ({last}) l cross join files f on f.id = l.id")  # noqa: S608
    return {customer: (name, state, received) for customer, name, state, received in found}


def files_waiting(connection: Connection) -> dict[str, int]:
    """Customer -> files in its inbox that wait for others."""
    return _by_name(connection, "select customer, count(*) from waiting group by customer")


def files_sent(connection: Connection) -> dict[str, tuple[int, str]]:
    """Partner -> submission files sent to it, and when the last one was."""
    # The added nothing keeps SQLite from taking the index of partners, by which it would read through the bytes of each file; the other one has everything.
    found = connection.exec_driver_sql("select min(partner), count(*), max(sent) from submissions where state = 'sent' group by partner || ''")
    return {partner: (files, last) for partner, files, last in found}


def last_heard(connection: Connection) -> dict[str, str]:
    """Partner -> when the last of its response files came."""
    return _by_name(connection, "select partner, max(received) from responses group by partner")


def _by_name(connection: Connection, statement: str, *values: str) -> dict[Any, Any]:
    return {name: value for name, value in connection.exec_driver_sql(statement, values)}  # noqa: C416
