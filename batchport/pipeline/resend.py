"""Sending again by hand: the same bytes, under the same name or the one that the partner's settings say."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import PurePath
from typing import Any

from batchport.pipeline.app import App, Unknown
from batchport.pipeline.sending import send_stored
from batchport.pipeline.tally import PassTally
from batchport.store import sendings as stored
from batchport.store.acts import record_act
from batchport.store.enclosures import without_bytes


def one_submission(app: App, name: str, partner: str | None) -> list[Any]:
    """The submission of a name.

    Raises:
        Unknown: there is none, or more than one, or it is not kept any more.
    """
    if partner is not None:
        app.profile(partner)
    with app.store.reading() as connection:
        found = stored.submissions_named(connection, name, partner)
    if not found:
        raise Unknown(f"there is no submission {name!r}{f' to {partner}' if partner else ''}; `batchport trace PON` tells in which file an order went")
    if len(found) > 1:
        raise Unknown(f"{', '.join(one.partner for one in found)} each have a submission {name!r}; name the partner: --partner P")
    return _kept(app, found)


def submissions_between(app: App, partner: str, since: date | datetime, until: date | datetime) -> list[Any]:
    """A partner's submissions from a day or moment until another, days whole, by the installation's own clock.

    Raises:
        Unknown: there is no such partner, or one of them is not kept any more.
    """
    app.profile(partner)
    end = until if isinstance(until, datetime) else until + timedelta(days=1)
    with app.store.reading() as connection:
        found = stored.submissions_between(connection, partner, app.stamp_of(since), app.stamp_of(end))
    return _kept(app, found)


def _kept(app: App, submissions: list[Any]) -> list[Any]:
    """The same submissions.

    Raises:
        Unknown: the bytes of one, or a paper beside it, are not kept any more.
    """
    with app.store.reading() as connection:
        for one in submissions:
            if not one.sealed or without_bytes(connection, one.submission_id):
                raise Unknown(
                    f"{one.first_name} to {one.partner} cannot be sent again: all of it was answered, and {'a paper beside it is' if one.sealed else 'its bytes are'} not kept "
                    "any more (`retention:`)"
                )
    return submissions


def told(app: App, submissions: list[Any]) -> list[dict[str, Any]]:
    """What would be sent again."""
    lines = []
    for one in submissions:
        name = _name(app, one)
        words = f"resend: {one.first_name}: {one.orders} orders, {one.lines} lines to {one.partner}{'' if name == one.first_name else f', as {name}'}"
        lines.append({
            "stage": "resend", "partner": one.partner, "file": one.first_name, "as": name, "orders": one.orders, "lines": one.lines, "sent": one.first_sent,
            "words": words,
        })  # fmt: skip
    return lines


def resend(app: App, tally: PassTally, submissions: list[Any], why: str) -> None:
    """Send some submissions again, now; one that was not known to be sent is sent from the start."""
    numbers = []
    for one in submissions:
        name = _name(app, one)
        with app.store.transaction() as connection:
            if one.state == "sent":
                numbers.append(stored.add_sending(connection, one.submission_id, name, app.stamp))
            else:
                stored.mark(connection, one.id, "taken")
                numbers.append(one.id)
            record_act(connection, at=app.stamp, who=app.user, what="resend", why=why, about=f"{one.partner}/{name}", submission_id=one.submission_id)
    send_stored(app, tally, numbers)


def _name(app: App, submission: Any) -> str:
    """The name under which a submission is sent again."""
    settings = app.settings.partners.get(submission.partner)
    if submission.state != "sent":
        return str(submission.name)
    if settings is None or settings.resend_name is None:
        return str(submission.first_name)
    stem = PurePath(submission.rendered).stem
    return settings.resend_name.format(stem=stem, suffix=submission.first_name[len(stem) :], number=submission.times)
