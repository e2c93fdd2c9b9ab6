"""What an operator does to an order by hand, and whether it may be done.

Each act is one sentence to say what became of it, or an `Unknown` that says why it cannot be: the states of the order do not allow it, or its confirmed
date is too near. An order that was not sent is changed on the spot; of one that was, a further version waits until the next submission.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import Connection

from batchport.domain.lifecycle import Act, State
from batchport.domain.table import known
from batchport.domain.versions import CANCEL, CHANGE, NEW_DATE, frozen
from batchport.pipeline import last_look as dates
from batchport.pipeline.app import App, Unknown
from batchport.pipeline.lease import Busy, alone
from batchport.pipeline.versions import Members, Version, look_again, may_take_new_date, members_of, waiting, write_versions
from batchport.store import acts as stored
from batchport.store import intake as looked_up
from batchport.store import look


def refusal(app: App, members: Members, *, freezes: bool = True) -> str | None:
    """Why a sent order cannot be changed any more; None where it can be.

    Args:
        app: the installation.
        members: the order and its rows.
        freezes: whether the confirmed date may be too near for it.
    """
    order = members.order
    if order.taken_by is not None:
        return "is in a submission file that is not known to be sent; run `batchport submit` first"
    if order.partner not in app.settings.partners:
        return f"went to {order.partner}, which is no partner in the configuration any more"
    if not len(members.rows):
        return "has come to its end"
    if order.next_sup == CANCEL or State.CANCEL_PENDING in members.states:
        return "is being cancelled already"
    profile = app.profile(order.partner)
    confirmed = [date.fromisoformat(str(int(foc))) for state, foc in zip(members.rows.state, members.rows.foc, strict=True) if state == State.CONFIRMED and known(foc)]
    near = frozen(confirmed, app.now, profile.timezone, profile.freeze) if freezes else None
    if near is not None:
        return f"is confirmed for {near}, and nothing can be changed any more within {profile.freeze} hours of that; ask {order.partner} by telephone"
    return None


def may_be_corrected(app: App, members: Members) -> bool:
    """Whether a sheet may correct rejected rows of a sent order."""
    return refusal(app, members, freezes=False) is None


@contextmanager
def _order(app: App, pon: str) -> Iterator[int]:
    """The order that a PON names, with nobody else at work."""
    from batchport.pipeline.status import order_of

    number = order_of(app, pon)
    try:
        with alone(app):
            yield number
    except Busy:
        raise Unknown(f"a pass is at work in {app.settings.home}; try again when it is done") from None


def _record(app: App, connection: Connection, number: int, what: str, why: str) -> None:
    stored.record_act(connection, at=app.stamp, who=app.user, what=what, order_id=number, why=why)


def _members(app: App, number: int) -> Members:
    with app.store.reading() as connection:
        return members_of(app, connection, number)


def _sent(order: Any) -> bool:
    return bool(order.ver or order.taken_by)


def _ask(app: App, members: Members, what: str, why: str, change: Callable[[Version], Version]) -> Version:
    """Let a further version of a sent order wait, as `change` makes it of the one that waits already."""
    with app.store.reading() as connection:
        version = look_again(app, connection, change(waiting(members.order)), members)
    with app.store.transaction() as connection:
        write_versions(app, connection, [version])
        _record(app, connection, int(members.order.id), what, why)
    return version


def _told(pon: str, version: Version) -> str:
    """What became of an order of which a further version waits."""
    kinds = {CANCEL: "its cancellation (SUP 1)", NEW_DATE: "its new date (SUP 2)", CHANGE: "its next version (SUP 3)"}
    if not version.sup:
        return f"{pon}: nothing is left to be sent."
    after = "; what is left goes into a new order when it is cancelled" if version.reorders else ""
    if version.held_by:
        return f"{pon}: {kinds[version.sup]} is held: {version.held_by}."
    return f"{pon}: {kinds[version.sup]} goes with the next submission{after}."


def _settle_unsent(app: App, members: Members, what: str, why: str, change: Callable[[Connection], None]) -> Any:
    """Change an order that was not sent, and look at it once more; its record after that."""
    from batchport.pipeline.submit import settle_again

    number = int(members.order.id)
    with app.store.transaction() as connection:
        change(connection)
        _record(app, connection, number, what, why)
    if members.order.customer in app.settings.customers:
        settle_again(app, members.order.customer, {number})
    with app.store.reading() as connection:
        return look.order_record(connection, number)


def cancel(app: App, pon: str, tn: str | None, why: str) -> str:
    """Call an order off, or one number of it.

    Raises:
        Unknown: there is no such order, the number is not in it, or it cannot be called off.
    """
    with _order(app, pon) as number:
        members = _members(app, number)
        rows = members.rows
        if tn is not None:
            rows = rows[rows.tn == _number(tn)]
            if not len(rows):
                raise Unknown(f"{tn} is not in order {pon}, or has come to its end there")
        chosen = {int(row) for row in rows.id}
        if not _sent(members.order):
            if not chosen:
                raise Unknown(f"order {pon} has come to its end")
            ended = [(int(row), State(int(state))) for row, state in zip(rows.id, rows.state, strict=True)]
            _settle_unsent(app, members, "cancel", why, lambda connection: looked_up.end_rows(connection, ended, Act.CANCEL, app.seconds))
            return f"{pon}: {tn or 'the order'} is cancelled; it had not been sent."
        _refuse(app, pon, members)
        whole = tn is None or not set(members.rows.id[members.rows.leaves == 0]) - chosen
        if whole:
            return _told(pon, _ask(app, members, "cancel", why, lambda version: replace(version, sup=CANCEL, reorders=False)))
        edits = app.profile(members.order.partner).edit_numbers
        asked = CHANGE if edits else CANCEL
        return _told(
            pon, _ask(app, members, "cancel", why, lambda version: replace(version, sup=asked, reorders=not edits, leaving=version.leaving | chosen))
        )


def _number(tn: str) -> int:
    from batchport.pipeline.status import number_of

    return number_of(tn)


def _refuse(app: App, pon: str, members: Members) -> None:
    why_not = refusal(app, members)
    if why_not is not None:
        raise Unknown(f"order {pon} {why_not}")


def redate(app: App, pon: str, day: str, why: str) -> str:
    """Ask for another date for an order.

    Raises:
        Unknown: there is no such order, the date cannot be, or the order cannot get another one.
    """
    with _order(app, pon) as number:
        members = _members(app, number)
        wanted = _date(day)
        asked = wanted.isoformat()
        if not len(members.rows):
            raise Unknown(f"order {pon} has come to its end")
        if _sent(members.order):
            _refuse(app, pon, members)
        if members.order.customer in app.settings.customers and (why_not := dates.refusal(app, members.order.customer, number, wanted)):
            raise Unknown(why_not)
        if not _sent(members.order):
            after = _settle_unsent(app, members, "redate", why, lambda connection: stored.redate_order(connection, number, asked))
            return f"{pon} asks for {asked}" + (f", and is held: {after.held_by}." if after.held_by else " with the next submission.")
        pure = may_take_new_date(members) and members.order.next_sup in ("", NEW_DATE)

        def dated(version: Version) -> Version:
            changes = version.changes if pure else tuple(dict.fromkeys((*version.changes, "requested_date")))
            return replace(version, sup=NEW_DATE if pure else CHANGE, date=asked, changes=changes)

        return _told(pon, _ask(app, members, "redate", why, dated))


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Unknown(f"{text!r} is not a date such as 2026-03-09") from None


def resubmit(app: App, pon: str, why: str) -> str:
    """Send a rejected order once more as it is, with what has been corrected.

    Raises:
        Unknown: there is no such order, or it was not rejected.
    """
    with _order(app, pon) as number:
        members = _members(app, number)
        if not _sent(members.order):
            raise Unknown(f"order {pon} was not sent yet; `batchport release {pon}` lets it go without its rejected rows")
        _refuse(app, pon, members)
        if State.CARRIER_REJECTED not in members.states and not members.rows.sent_as.notna().any():
            states = ", ".join(state.label.replace("_", " ") for state in sorted(members.states))
            raise Unknown(f"order {pon} is {states}; only one that was rejected can be sent again")
        ended = members.cannot_be_ported()
        if ended >= set(members.rows.id):
            raise Unknown(f"none of the numbers of order {pon} can be ported; `batchport cancel {pon}` calls it off")
        # Numbers that cannot be ported stay behind; where the partner does not let numbers be taken out, the rest goes on in a new order.
        as_new = bool(ended) and not app.profile(members.order.partner).edit_numbers

        def once_more(version: Version) -> Version:
            return replace(version, sup=CANCEL if as_new else CHANGE, reorders=as_new or version.reorders, released=True, leaving=version.leaving | ended)

        behind = f" {len(ended)} number{'' if len(ended) == 1 else 's'} that cannot be ported stay{'s' if len(ended) == 1 else ''} behind." if ended else ""
        return _told(pon, _ask(app, members, "resubmit", why, once_more)) + behind


def hold(app: App, pon: str, why: str) -> str:
    """Keep an order, or the next version of one, from being sent until it is released.

    Raises:
        Unknown: there is no such order, or nothing of it waits to be sent.
    """
    with _order(app, pon) as number:
        members = _members(app, number)
        if members.order.taken_by is not None:
            raise Unknown(f"order {pon} is in a submission file already")
        if not members.order.ver:
            if not len(members.rows):
                raise Unknown(f"order {pon} has come to its end")
            _settle_unsent(app, members, "hold", why, lambda connection: stored.hold_order(connection, number, on=True))
        elif members.order.next_sup:
            _hold_version(app, members, "hold", why, on=True)
        else:
            raise Unknown(f"order {pon} was sent, and nothing more of it waits; `batchport cancel {pon}` calls it off")
        return f"{pon} is held until `batchport release {pon}`."


def hold_moved(app: App, number: int, why: str) -> bool:
    """Hold the next version of an order of which a number has moved, so that it is not asked for again; whether there was one to hold."""
    members = _members(app, number)
    if members.order.next_sup not in (NEW_DATE, CHANGE) or members.order.on_hold or members.order.taken_by is not None:
        return False
    _hold_version(app, members, "hold", why, on=True)
    return True


def _hold_version(app: App, members: Members, what: str, why: str, *, on: bool) -> Version:
    number = int(members.order.id)
    with app.store.transaction() as connection:
        stored.hold_order(connection, number, on=on)
    return _ask(app, _members(app, number), what, why, lambda version: version)


#: What still holds an order, in words.
HELD_BY = {
    "order-new-btn": "its billing number is among the numbers that would move, and no new billing number is given for what stays",
    "order-held": "rows of it disagree with each other, which a release does not settle",
    "order-account-busy": "another order of the same account is under way",
    "carrier-no-route": "no route leads to a partner",
    "order-split": "an earlier part of it is under way",
    "date-too-soon": "its date can no longer be met; `batchport redate` gives it another",
    "loa-missing": "its partner asks for a letter of authorization, and its rows name none",
    "loa-not-found": "its letter of authorization is not there",
    "loa-unusable": "its letter of authorization cannot be sent to its partner",
    "invoice-missing": "its partner asks for an invoice, and its rows name none",
    "invoice-not-found": "its invoice is not there",
    "invoice-unusable": "its invoice cannot be sent to its partner",
}


def release(app: App, pon: str, why: str) -> str:
    """Let an order go that an operator holds, or without its rejected rows; what became of it, in a sentence.

    Raises:
        Unknown: there is no such order, or it cannot be released.
    """
    with _order(app, pon) as number:
        members = _members(app, number)
        order = members.order
        if order.on_hold and order.next_sup:
            return _told(pon, _hold_version(app, members, "release", why, on=False))
        if order.next_sup and order.held_by:
            raise Unknown(f"the next version of order {pon} waits for its other rejected rows; `batchport resubmit {pon}` sends it as it is")
        if _sent(order):
            raise Unknown(f"order {pon} was sent already; only an order that is held can be released")
        if not order.held_by:
            raise Unknown(f"order {pon} is not held")
        by_hand = bool(order.on_hold)

        def let_go(connection: Connection) -> None:
            stored.hold_order(connection, number, on=False)
            if not by_hand:
                stored.release_order(connection, number)

        after = _settle_unsent(app, members, "release", why, let_go)
        if not after.held_by:
            return f"{pon} is released: {after.lines} lines go with the next submission."
        return f"{pon} is still held: {HELD_BY.get(after.held_by, after.held_by)}."
