"""Mails that wait are claimed, sent and settled.

A few mails are claimed in one transaction, with a lease. Each is made, handed over, and settled in a transaction of its own (T5). While one is on its way the
next is made; and while it is written down that one was taken, the next is begun, but not handed over: no more than one mail is ever in doubt. The lease is renewed while the server is slow, so a living process never loses it. A process that dies leaves its claims behind, and whether
the last of these mails was sent is not known: they are sent again, with the same Message-IDs.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

from batchport import log
from batchport.faults import place_of, words_of
from batchport.mail.delivery import GIVE_UP_AFTER, Delivered, Delivery, Outcome, retry_after
from batchport.mail.message import Packed, message_id
from batchport.pipeline.app import App
from batchport.pipeline.mails import retell
from batchport.pipeline.pace import MOST_WAITING, Clock, Pace
from batchport.pipeline.suppressed import silence
from batchport.pipeline.tally import PassTally
from batchport.pipeline.units import ends_the_pass
from batchport.store import outbox
from batchport.store.acts import record_act

#: How many mails are claimed at once: few enough for others to have some too, and for little to be in doubt when the process dies.
_BATCH = 25
#: A mail that the server could not be asked about for days gets this many tries all the same.
_FEWEST_TRIES = 3


class Unsendable(Exception):
    """A mail that can go to nobody, as it is addressed."""


#: Makes a mail of its record; None where it has nothing to tell any more. It may raise `Unsendable`.
Maker = Callable[[Any], Packed | None]


def message_id_of(app: App, record: Any) -> str:
    """A mail's Message-ID: from its number alone, so that it stays the same, and by a keyed hash, so that nobody guesses it."""
    domain = app.settings.operator.email.rpartition("@")[2]
    return message_id(domain, f"{record.kind}/{app.store.hash(f'mail {record.id}').hex()}")


def free_left_behind(app: App) -> int:
    """Let mails wait again that a process had claimed which is dead by now, and keep back what goes to addresses that nothing is sent to; how many wait.

    The pass is alone in the installation, and no helper has a share of the mails yet: whoever claimed these is dead, whether or not its lease has run out. With `--at`
    the time to go by stands still from one pass to the next, and no lease ever would.
    """
    with app.store.transaction() as connection:
        outbox.take_back(connection)
        # Who is silenced while mails are sent is known to those who send (`_silenced`).
        outbox.keep_back(connection, app.settings.operator.email)
        return outbox.waiting(connection)


def send_waiting(app: App, tally: PassTally, pass_id: int, delivery: Callable[[], Delivery], make: Maker, *, shares: int = 1) -> None:
    """Send the mails whose time has come, as fast as the server may be fed; what does not fit into this pass goes on waiting.

    Args:
        app: the installation, whose lock is held.
        tally: what this pass did.
        pass_id: its number.
        delivery: opens the way that mails take, where there are any.
        make: makes each.
        shares: how many processes do the same at the same time; what the operator is told of the pass goes with the last of it, when it is alone.
    """
    with app.store.reading() as connection:
        if not outbox.due(connection, app.stamp):
            return
    waiting = free_left_behind(app) if shares == 1 else 0
    smtp = app.settings.smtp
    pace = Pace(smtp.per_minute / shares if smtp and smtp.per_minute else None)
    with ThreadPoolExecutor(2, "mails") as helpers:
        asyncio.run(_Round(app, tally, pass_id, delivery(), make, pace, helpers, waiting, alone=shares == 1).send_all())


class _Round:
    """One round of sending."""

    def __init__(self, app: App, tally: PassTally, pass_id: int, delivery: Delivery, make: Maker, pace: Pace, helpers: ThreadPoolExecutor, waiting: int, *, alone: bool) -> None:
        self._app, self._tally, self._pass_id = app, tally, pass_id
        self._delivery, self._make, self._helpers = delivery, make, helpers
        self._clock, self._pace = Clock(app.now), pace
        self._owner = f"{os.getpid()}-{secrets.token_hex(8)}"
        self._lease_ends = self._waited = 0.0
        self._silenced: set[str] = set()
        self._done, self._of, self._alone = 0, waiting, alone
        self._written: asyncio.Future[None] | None = None

    async def send_all(self) -> None:
        """Batch after batch, until nothing is due or nothing gets through."""
        async with self._delivery:
            while (records := self._claimed()) and await self._send(records):
                await self._noted()
            await self._noted()
        if records:
            with self._app.store.transaction() as connection:
                outbox.give_back(connection, self._owner)

    def _claimed(self) -> list[Any]:
        until = self._lease()
        with self._app.store.transaction() as connection:
            found = outbox.claim(connection, owner=self._owner, stamp=self._app.stamp, until=until, most=_BATCH, night=self._alone)
        if found:
            log.event("mails claimed", mails=len(found))
        return found

    def _lease(self) -> str:
        """When a lease that begins now runs out: when two mails may have taken as long as they can."""
        self._lease_ends = self._clock.elapsed() + 2 * self._delivery.patience
        return self._clock.stamp(2 * self._delivery.patience)

    async def _send(self, records: list[Any]) -> bool:
        """Send some claimed mails; False where no more can be sent in this pass."""
        making = self._making(records[0])
        for record, following in zip(records, [*records[1:], None], strict=True):
            self._app.progress("Sending mails", self._done, self._of, "mails")
            made = await making
            # What the operator is told of this pass is not made before the pass has sent the rest.
            if following is not None and following.kind != "night":
                making = self._making(following)
            self._done += 1
            if not await self._send_one(record, made):
                await making
                return False
            if following is not None and following.kind == "night":
                await self._noted()
                making = self._making(following)
        return True

    async def _noted(self) -> None:
        """Wait until it is written down that the last mail was taken."""
        if self._written is not None:
            await self._written

    def _making(self, record: Any) -> asyncio.Future[Packed | Delivered | None]:
        return asyncio.get_running_loop().run_in_executor(self._helpers, self._made, record)

    def _made(self, record: Any) -> Packed | Delivered | None:
        try:
            return self._make(record)
        except Unsendable as error:
            return Delivered(Outcome.REFUSED, str(error))
        except Exception as error:
            if ends_the_pass(error) or words_of(error):
                raise
            # Tried again like one that a server puts off, and given up in the end: the rest need not wait for it.
            why = f"it could not be made, by a fault of the program: {place_of(error)}"
            self._tally.fault(f"a mail ({record.kind}) to {record.recipient} was put off: {why}")
            return Delivered(Outcome.AGAIN, why)

    async def _send_one(self, record: Any, made: Packed | Delivered | None) -> bool:
        if not isinstance(made, Packed) or record.recipient.casefold() in self._silenced:
            await self._noted()
            self._settle(record, made if isinstance(made, Delivered) else None, kept="moot" if made is None else "suppressed")
            return True
        if not await self._may_go():
            return False
        self._app.store.assure()
        began = self._clock.elapsed()
        delivered = await self._delivery.deliver(made, self._written)
        await self._noted()
        ended = self._clock.elapsed()
        if delivered.outcome is Outcome.UNREACHABLE:
            self._tally.trouble(f"no mail could be sent, and all that wait are kept: {delivered.detail}")
            log.event("mail server not reached", "error", mail=record.id)
            return False
        if delivered.strained:
            self._waited += ended - began
        self._pace.sent(ended, strained=delivered.strained)
        if delivered.outcome is Outcome.SENT:
            self._written = asyncio.get_running_loop().run_in_executor(self._helpers, self._settle, record, delivered)
        else:
            self._settle(record, delivered)
        return True

    async def _may_go(self) -> bool:
        """Wait for the next mail's turn; False where that would take longer than this pass may."""
        pause = self._pace.pause(self._clock.elapsed())
        if self._waited + pause > MOST_WAITING:
            return False
        if pause:
            self._waited += pause
            await self._clock.sleep(pause)
        if self._lease_ends - self._clock.elapsed() < self._delivery.patience:
            await self._noted()
            until = self._lease()
            with self._app.store.transaction() as connection:
                outbox.renew(connection, self._owner, until)
        return True

    def _settle(self, record: Any, delivered: Delivered | None, kept: str = "") -> None:
        """T5: what became of a mail that was tried, or in which state one is kept that was not; nothing, where another process has taken it over."""
        values, counted, trouble = ({"state": kept, "trouble": ""}, "", "") if delivered is None else self._fate(record, delivered)
        with self._app.store.transaction() as connection:
            if not outbox.settle_mail(connection, record.id, self._owner, **values):
                return
            if values.get("state") == "failed":
                about = f"mail {record.id} ({record.kind}) of {record.customer}" if record.customer else f"mail {record.id} ({record.kind})"
                record_act(connection, at=self._app.stamp, who=self._app.user, what="give up mail", about=about, pass_id=self._pass_id)
            if delivered is not None and delivered.gone:
                if silence(self._app, self._tally, connection, record, delivered.detail):
                    self._silenced.add(record.recipient.casefold())
            elif trouble:
                self._tally.trouble(trouble)
            if trouble and self._alone:
                retell(connection, self._pass_id, self._tally)
        self._tally.mails.update([counted] if counted else [])
        self._tally.changed = True
        became = counted or kept or "deferred"
        log.event(f"mail {became}", "warning" if became in ("failed", "deferred") else "info", mail=record.id, kind=record.kind, attempts=record.attempts + 1)

    def _fate(self, record: Any, delivered: Delivered) -> tuple[dict[str, Any], str, str]:
        """What is stored of a mail that was tried, as what it counts, and what the operator is told."""
        created = datetime.fromisoformat(record.created)
        if delivered.outcome is Outcome.SENT:
            return {"state": "sent", "sent": self._app.stamp, "trouble": ""}, "sent", ""
        young = self._app.now - created < GIVE_UP_AFTER or record.attempts + 1 < _FEWEST_TRIES
        if delivered.outcome is Outcome.AGAIN and young:
            later = (self._app.now + retry_after(record.attempts + 1)).astimezone(created.tzinfo).isoformat(timespec="seconds")
            return {"next_try": later, "trouble": delivered.detail}, "", ""
        trouble = f"a mail ({record.kind}) to {record.recipient} was given up: {delivered.detail}"
        return {"state": "failed", "trouble": delivered.detail}, "failed", trouble
