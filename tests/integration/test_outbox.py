"""The outbox against a real server: whatever the server does, nothing is lost, and nothing goes twice but where it cannot be known whether it went."""

from __future__ import annotations

import ssl
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from batchport.mail import delivery as deliveries
from batchport.pipeline.pace import MOST_WAITING, Clock
from tests.conftest import EVENING, LOCAL, Home, Result, account
from tests.mailserver import PASSWORD, Mailbox, Server, make_certificate, served

CUSTOMER, OPERATOR = "telecom@acme.example", "operator@batchport.example"
#: A few minutes after the evening, and so on.
AFTER_3, AFTER_10, AFTER_30, FIVE_DAYS = "2026-03-02T20:03:00-05:00", "2026-03-02T20:10:00-05:00", "2026-03-02T20:30:00-05:00", "2026-03-07T21:00:00-05:00"
TRIES = (AFTER_3, AFTER_10, AFTER_30)


@pytest.fixture
def slept() -> Iterator[list[float]]:
    """Pauses are not waited for; their lengths come back, and the clock goes on by them alone, however busy the machine is."""
    pauses: list[float] = []

    async def sleep(_: Clock, seconds: float) -> None:
        pauses.append(seconds)

    with mock.patch.object(Clock, "sleep", sleep), mock.patch.object(Clock, "elapsed", lambda self: sum(pauses)):
        yield pauses


def at_server(home: Home, server: Server, *, more: str = "", tls: str = "plain", host: str = "127.0.0.1") -> None:
    """Have mails sent to a server."""
    home.set("operator: {email", f"smtp: {{host: {host}, port: {server.port}, tls: {tls}, timeout: 5{more}}}\noperator: {{email")


def contacts(*names: str) -> list[dict[str, str]]:
    """Rows of one account, each with a contact of its own."""
    return [row | {"contact_email": f"{name}@acme.example"} for row, name in zip(account(len(names)), names, strict=True)]


def stored(home: Home) -> dict[str, tuple[str, int, str]]:
    """Recipient -> state, tries and trouble of its mail; of the operator's the newest."""
    with home.database() as database:
        rows = database.execute("select recipient, state, attempts, trouble from mails order by id").fetchall()
    return {recipient: (state, attempts, trouble) for recipient, state, attempts, trouble in rows}


def states(home: Home) -> dict[str, str]:
    return {recipient: state for recipient, (state, _, _) in stored(home).items()}


def arrived(mailbox: Mailbox) -> Counter[str]:
    """How often each recipient got its mail; the operator is left out."""
    assert all(len(recipients) == 1 for recipients in mailbox.recipients)
    return Counter(recipients[0] for recipients in mailbox.recipients if recipients[0] != OPERATOR)


def all_of(*names: str) -> set[str]:
    return {CUSTOMER, *(f"{name}@acme.example" for name in names)}


def notify(home: Home, at: str) -> Result:
    return home("notify", "--format", "json", at=at)


def test_a_server_that_refuses_for_a_while_gets_every_mail_once(home: Home) -> None:
    mailbox = Mailbox({"RCPT": ["450 4.2.0 not just now"] * 9})
    with served(mailbox) as server:
        at_server(home, server)
        first = home.take(*contacts("ann", "bea", "cid"))
        assert (first.exit, first.last["mails"]) == (0, {"sent": 0, "waiting": 5, "failed": 0})
        assert stored(home)["ann@acme.example"] == ("waiting", 1, "450 4.2.0 not just now")
        assert notify(home, EVENING).last["mails"]["sent"] == 0, "before its time none is tried again"
        last = [notify(home, at) for at in TRIES][-1]
    assert last.last["mails"]["waiting"] == 0
    assert arrived(mailbox) == Counter(all_of("ann", "bea", "cid"))
    assert stored(home)["ann@acme.example"][0] == "sent"


def test_one_of_three_recipients_that_is_refused_is_told_and_the_others_get_theirs(home: Home) -> None:
    mailbox = Mailbox(refused={"bea@acme.example": "550 5.7.1 not for you"})
    with served(mailbox) as server:
        at_server(home, server)
        done = home.take(*contacts("ann", "bea", "cid"))
        assert (done.exit, done.last["mails"]) == (1, {"sent": 4, "waiting": 0, "failed": 1})
        assert notify(home, AFTER_30).exit == 0, "it was told once"
    assert arrived(mailbox) == Counter(all_of("ann", "cid"))
    assert states(home) == {CUSTOMER: "sent", OPERATOR: "sent", "ann@acme.example": "sent", "bea@acme.example": "failed", "cid@acme.example": "sent"}
    night = next(mail for mail in mailbox.got if mail["To"] == OPERATOR)
    assert "to bea@acme.example was given up: 550 5.7.1 not for you" in " ".join(night.get_body(("plain",)).get_content().split())  # type: ignore[union-attr]
    assert "failed, 550 5.7.1 not for you" in home("trace", account(3)[1]["tn"], "--format", "json").out


def test_a_mail_that_is_refused_for_now_for_four_days_is_given_up(home: Home, slept: list[float]) -> None:
    mailbox = Mailbox(refused={CUSTOMER: "451 4.3.0 our fault"})
    with served(mailbox) as server:
        at_server(home, server)
        home.take(LOCAL)
        for at in TRIES[:2]:
            assert notify(home, at).exit == 0
        given_up = notify(home, FIVE_DAYS)
    assert (given_up.exit, given_up.last["mails"]["failed"]) == (1, 1)
    assert states(home)[CUSTOMER] == "failed"


def test_a_server_that_does_not_answer_costs_no_try_and_is_told_once(home: Home) -> None:
    with served(Mailbox()) as server:
        pass
    at_server(home, server)
    done = home.take(*contacts("ann", "bea"))
    assert (done.exit, done.last["mails"]) == (1, {"sent": 0, "waiting": 4, "failed": 0})
    assert {(state, attempts) for state, attempts, _ in stored(home).values()} == {("waiting", 0)}
    assert home("notify", at=AFTER_3).out.count("no mail could be sent, and all that wait are kept: no session with 127.0.0.1") == 1
    mailbox = Mailbox()
    with served(mailbox) as other:
        home.set(f"port: {server.port}", f"port: {other.port}")
        assert notify(home, FIVE_DAYS).exit == 0
    assert arrived(mailbox) == Counter(all_of("ann", "bea"))


@pytest.mark.parametrize("command", ["greeting", "EHLO", "MAIL", "RCPT", "DATA", "message", "yes", "QUIT"])
def test_a_connection_that_breaks_at_any_command_loses_nothing(home: Home, slept: list[float], command: str) -> None:
    mailbox = Mailbox(drops=[command])
    with served(mailbox) as server:
        at_server(home, server)
        home.take(*contacts("ann"))
        last = notify(home, AFTER_3)
    assert mailbox.drops == []
    assert last.last["mails"]["waiting"] == 0
    assert set(states(home).values()) == {"sent"}
    assert set(arrived(mailbox)) == all_of("ann")
    doubled = [name for name, times in Counter(mailbox.ids).items() if times > 1]
    # Only a mail of which the server has said yes to nobody is there twice, and it is the same mail.
    assert (len(doubled), len(mailbox.ids)) == ((1, 4) if command == "yes" else (0, 3))


@pytest.mark.parametrize("command", ["greeting", "EHLO", "STARTTLS", "AUTH", "MAIL"])
def test_a_connection_under_tls_that_breaks_at_any_command_loses_nothing(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slept: list[float], command: str
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.pem"))
    monkeypatch.setenv("MAIL_PASSWORD", PASSWORD)
    mailbox = Mailbox(drops=[command])
    tls = make_certificate(tmp_path / "server.pem")
    with served(mailbox, tls_context=tls, require_starttls=True, authenticator=mailbox.authenticate, auth_required=True) as server:
        at_server(home, server, tls="starttls", host="localhost", more=", username: desk, password: {env: MAIL_PASSWORD}")
        home.take(*contacts("ann"))
        notify(home, AFTER_3)
    assert mailbox.drops == []
    assert arrived(mailbox) == Counter(all_of("ann"))
    assert set(mailbox.over_tls) == {True}
    assert {attempts for _, attempts, _ in stored(home).values()} == {1}, "none of them was the fault of a mail"


def test_a_server_that_hangs_after_the_message_gets_the_same_mail_again(home: Home, slept: list[float]) -> None:
    import asyncio

    mailbox = Mailbox()

    async def hang(_: Any) -> None:
        mailbox.before_yes = None
        await asyncio.sleep(3)

    mailbox.before_yes = hang
    with served(mailbox) as server, mock.patch.object(deliveries, "DATA_PATIENCE", 0.3):
        at_server(home, server)
        home.set("timeout: 5", "timeout: 0.3")
        home.take(LOCAL)
        assert stored(home)[CUSTOMER][0] == "waiting"
        assert stored(home)[CUSTOMER][2].startswith("it is not known whether 127.0.0.1")
        notify(home, AFTER_3)
    assert states(home)[CUSTOMER] == "sent"
    assert arrived(mailbox) == Counter({CUSTOMER: 2})
    assert len(set(mailbox.ids)) == 2, "the customer's, twice under one name, and the operator's"


def test_a_server_without_starttls_gets_nothing_in_clear(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", PASSWORD)
    mailbox = Mailbox()
    with served(mailbox) as server:
        at_server(home, server, tls="starttls", host="localhost", more=", username: desk, password: {env: MAIL_PASSWORD}")
        done = home.take(LOCAL)
    assert done.exit == 1
    assert (mailbox.heard, mailbox.logins, mailbox.got) == (["EHLO", "QUIT"] if "QUIT" in mailbox.heard else ["EHLO"], [], [])
    assert {(state, attempts) for state, attempts, _ in stored(home).values()} == {("waiting", 0)}


def test_a_server_with_a_certificate_of_nobody_gets_nothing(home: Home, tmp_path: Path) -> None:
    mailbox = Mailbox()
    tls: ssl.SSLContext = make_certificate(tmp_path / "server.pem")
    with served(mailbox, tls_context=tls) as server:
        at_server(home, server, tls="starttls", host="localhost")
        home.take(LOCAL)
        out = home("notify").out
    assert "certificate verify failed" in out
    assert mailbox.got == []
    assert {(state, attempts) for state, attempts, _ in stored(home).values()} == {("waiting", 0)}


def test_mails_go_evenly_and_what_does_not_fit_into_a_pass_waits_for_the_next(home: Home, slept: list[float]) -> None:
    mailbox = Mailbox()
    with served(mailbox) as server:
        at_server(home, server, more=", per_minute: 3")
        first = home.take(*contacts("ann", "bea", "cid", "dan"))
        assert first.exit == 0
        assert first.last["mails"] == {"sent": 4, "waiting": 2, "failed": 0}
        assert sum(slept) <= MOST_WAITING
        assert all(pause == pytest.approx(20) for pause in slept)
        assert {attempts for state, attempts, _ in stored(home).values() if state == "waiting"} == {0}
        assert notify(home, AFTER_3).last["mails"] == {"sent": 2, "waiting": 0, "failed": 0}
    assert arrived(mailbox) == Counter(all_of("ann", "bea", "cid", "dan"))


def test_a_server_that_has_too_much_to_do_is_fed_more_slowly_and_then_left_alone(home: Home, slept: list[float]) -> None:
    mailbox = Mailbox({"RCPT": ["451 4.7.1 too many, slow down"] * 99})
    with served(mailbox) as server:
        at_server(home, server)
        done = home.take(*contacts(*"abcdefghij"))
    assert done.last["mails"] == {"sent": 0, "waiting": 12, "failed": 0}
    assert [round(pause) for pause in slept] == [1, 2, 4, 8, 16]
    assert Counter(attempts for _, attempts, _ in stored(home).values()) == {1: 6, 0: 6}


def test_what_a_process_writes_whose_claim_was_taken_over_is_refused(home: Home) -> None:
    """Two processes cannot be at work here, so the second one's claim is written by hand while the first speaks to the server."""
    mailbox = Mailbox()

    async def taken_over(_: Any) -> None:
        mailbox.before_yes = None
        with home.database() as database:
            database.execute("update mails set taken_by = 'somebody else' where state = 'sending'")
            database.commit()

    mailbox.before_yes = taken_over
    with served(mailbox) as server:
        at_server(home, server)
        assert home.take(LOCAL).last["mails"]["sent"] == 0
        assert stored(home)[CUSTOMER][:2] == ("sending", 0)
        # Whoever took them has died by now, as the lock of the home tells.
        assert notify(home, EVENING).last["mails"] == {"sent": 2, "waiting": 0, "failed": 0}


class Killed(BaseException):
    """The power has gone."""


def test_the_power_goes_at_any_moment_of_sending_and_each_mail_arrives_at_most_twice(make_home: Any) -> None:
    from batchport.store.database import Store

    whole = Store.transaction
    cut_at = 0
    while True:
        cut_at += 1
        home, mailbox, count = make_home(f"cut-{cut_at}"), Mailbox(), [0]
        home.drop(*contacts("ann"))
        with served(Mailbox()) as nobody:
            pass
        at_server(home, nobody)
        home("run")

        def tick(limit: int = cut_at, count: list[int] = count) -> None:
            count[0] += 1
            if count[0] == limit:
                raise Killed

        @contextmanager
        def watched(self: Store) -> Iterator[Any]:
            tick()
            with whole(self) as connection:
                yield connection
            tick()

        with served(mailbox) as server:
            home.set(f"port: {nobody.port}", f"port: {server.port}")
            with mock.patch.object(Store, "transaction", watched):
                try:
                    home("notify")
                    ended = True
                except Killed:
                    ended = False
            again = notify(home, EVENING)
        assert again.last["mails"]["waiting"] == 0
        assert set(states(home).values()) == {"sent"}
        assert set(arrived(mailbox)) == all_of("ann")
        times = Counter(Counter(mailbox.ids).values())
        assert len(set(mailbox.ids)) == 3
        assert times[2] <= 1, "at most one was between the server's yes and the transaction that writes it down"
        assert set(times) <= {1, 2}
        if ended:
            break
    assert cut_at > 8
