"""Sending: what was stored is brought to its partner, and it is written down what became of that.

`taken` (stored with its bytes) -> `sending` -> `unknown` (its name is asked for, the answer is not in) -> `sent`; or `failed`, which is to say that it is not
there. A pass that was cut off leaves one of these behind. All but `unknown` can be sent from the start: nothing has the name. `unknown` is looked for first,
and sent again only where it is certain that the name was not given. An answer of the partner to an order of it proves that it is there; `resend` is what an
operator says when the partner has not got it. Sent again means: the same bytes, which are kept as they were sent.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import partial
from itertools import groupby
from typing import Any

from batchport import log
from batchport.carriers.render import Rendered, files_of
from batchport.pipeline.app import App
from batchport.pipeline.enclosures import each_enclosure
from batchport.pipeline.tally import PassTally, Sent
from batchport.pipeline.units import carry_out, forget_all_but
from batchport.pipeline.ways import way_to
from batchport.progress import stepping
from batchport.store import sendings as stored
from batchport.store.acts import record_act
from batchport.store.sealed import sent_context, submission_context
from batchport.store.submissions import mark_sent
from batchport.transport import Found, MaybeDelivered, NotDelivered, TransportError, Unreachable, Way


def sealed_as_sent(app: App, partner: str, rendered: Rendered, sent: Rendered) -> bytes | None:
    """The bytes that are sent, sealed for the database; None where they are those that were rendered."""
    return None if sent.stored == rendered.stored else app.store.keyring.seal(sent.stored, sent_context(partner, rendered.name))


def send_open(app: App, tally: PassTally, *, partner: str | None = None, regardless: bool = False) -> None:
    """Bring every stored submission that is not known to be sent to its partner, or find out what became of it (T3)."""
    with app.store.reading() as connection:
        found = stored.open_sendings(connection)
    if partner is None:
        forget_all_but(app, "sending", {one.partner for one in found})
    send(app, tally, [one for one in found if partner in (None, one.partner)], regardless=regardless)


def send_stored(app: App, tally: PassTally, numbers: list[int]) -> None:
    """Bring some submissions to their partners now."""
    with app.store.reading() as connection:
        found = stored.open_sendings(connection, numbers)
    send(app, tally, found, regardless=True)


def send(app: App, tally: PassTally, sendings: Iterable[Any], *, regardless: bool) -> None:
    """Bring some submissions to their partners; `regardless` of when these take files."""
    for partner, some in groupby(sorted(sendings, key=lambda one: (one.partner, one.id)), key=lambda one: one.partner):
        waiting = list(some)
        if partner not in app.settings.partners:
            tally.trouble(f"{_named(waiting)} cannot be sent: there is no partner {partner!r} in the configuration any more; add it, until they are sent")
        elif regardless or app.profile(partner).may_send(app.now):
            carry_out(app, tally, "sending", partner, partial(_send_to, app, tally, partner, waiting))


def _send_to(app: App, tally: PassTally, partner: str, waiting: list[Any]) -> None:
    done = 0
    try:
        with way_to(app, partner) as way:
            for sending in stepping(app.progress, f"Sending to {partner}", waiting, "files"):
                _send(app, tally, way, sending)
                done += 1
    except Unreachable as error:
        log.event("partner not reached", "error", partner=partner, submissions=len(waiting) - done)
        for sending in waiting[done:]:
            _settle(app, sending.id, "unknown" if sending.state == "unknown" else "failed", str(error))
        tally.trouble(f"{partner} cannot be reached: {error}. {_named(waiting[done:])} kept and tried again in the next pass.")


def _named(sendings: list[Any]) -> str:
    first = sendings[0].name
    return f"{first} is" if len(sendings) == 1 else f"{first} and {len(sendings) - 1} more are"


def _send(app: App, tally: PassTally, way: Way, sending: Any) -> None:
    """Bring one submission to its partner, or find out what became of it.

    Raises:
        Unreachable: the way does not lead there now.
    """
    *before, (_, data) = files_of(sending.name, manifest_of(sending), _bytes(app, sending))
    try:
        if sending.state != "unknown" or _look(way, sending, data):
            _settle(app, sending.id, "sending", again=True)
            _deliver_before(way, each_enclosure(app, sending.partner, sending.submission_id), replace=True)
            _deliver_before(way, before)
            way.deliver(sending.name, data, lambda: _settle(app, sending.id, "unknown"))
    except Unreachable:
        raise
    except MaybeDelivered as error:
        _settle(app, sending.id, "unknown", str(error))
        _tell_log("submission unknown", "error", sending)
        tally.trouble(
            f"it is not known whether {sending.name} has reached {sending.partner}: {error}. It is looked for in the next pass, and not sent again before that is known. "
            f"Ask {sending.partner}; if they have not got it, `batchport resend {sending.name}`."
        )
    except TransportError as error:
        _settle(app, sending.id, "failed", str(error))
        _tell_log("submission failed", "error", sending)
        tally.trouble(f"{sending.name} could not be sent to {sending.partner}: {error}. It is kept and tried again in the next pass.")
    else:
        arrived(app, tally, sending)


def _deliver_before(way: Way, files: Iterable[tuple[str, bytes]], *, replace: bool = False) -> None:
    """Bring what goes before a submission, its manifest last; as long as that is not certain to be there, the submission itself is certain not to be."""
    try:
        for name, data in files:
            way.deliver(name, data, replace=replace)
    except MaybeDelivered as error:
        raise NotDelivered(str(error)) from None


def _look(way: Way, sending: Any, data: bytes) -> bool:
    """Whether a submission whose name was asked for has to be sent from the start; False: it is there."""
    found = way.look(sending.name, data)
    if found is Found.NOTHING:
        raise MaybeDelivered("it is there neither under its name nor under its temporary one, so the partner may have taken it")
    if found is Found.OTHER:
        raise MaybeDelivered("something else is there under its name")
    return found is Found.UNNAMED


def arrived(app: App, tally: PassTally, sending: Any) -> None:
    """T3: a submission is known to be at its partner."""
    with app.store.transaction() as connection:
        stored.mark(connection, sending.id, "sent", sent=app.stamp)
        if sending.submission_state != "sent":
            mark_sent(connection, sending.submission_id, app.stamp, app.seconds)
        record_act(connection, at=app.stamp, who=app.user, what="send", about=f"{sending.partner}/{sending.name}", submission_id=sending.submission_id)
    _tell_log("submission sent", "info", sending)
    tally.sent.append(Sent(sending.partner, sending.name, sending.orders, sending.lines))
    tally.changed = True


def _tell_log(what: str, level: log.Level, sending: Any) -> None:
    log.event(what, level, submission=sending.submission_id, partner=sending.partner, sequence=sending.sequence, name=sending.name, orders=sending.orders, lines=sending.lines)


def proved_by_answer(app: App, tally: PassTally, partner: str, orders: set[int]) -> None:
    """Take submissions that may have arrived for arrived, where a partner has answered to an order of theirs."""
    with app.store.reading() as connection:
        proved = stored.unknown_of_orders(connection, partner, orders)
    for sending in proved:
        arrived(app, tally, sending)


def _settle(app: App, number: int, state: stored.State, trouble: str = "", *, again: bool = False) -> None:
    with app.store.transaction() as connection:
        stored.mark(connection, number, state, trouble=trouble, again=again)


def _bytes(app: App, sending: Any) -> bytes:
    """A submission as it is sent, and behind it what lies beside it."""
    if sending.protected is not None:
        return app.store.keyring.unseal(sending.protected, sent_context(sending.partner, sending.rendered))
    return app.store.keyring.unseal(sending.sealed, submission_context(sending.partner, sending.rendered))


def manifest_of(sending: Any) -> bytes:
    """What stands beside a submission: as it was stored, but for the name where it is sent under another one."""
    said = json.loads(sending.manifest)
    if said["file"] == sending.name:
        return bytes(sending.manifest)
    return json.dumps(said | {"file": sending.name}, indent=2, ensure_ascii=False).encode() + b"\n"

