"""What `serve` answers over HTTP while it works: `/metrics` to Prometheus, `/healthz` and `/readyz` to whoever watches over the process.

It answers from threads of its own, so a long pass does not keep it from answering, and it ends with `serve`. Whoever asks is told figures and states, never
what a row or an error says.
"""

from __future__ import annotations

import errno
import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from batchport import log
from batchport.config import ConfigProblem
from batchport.faults import place_of
from batchport.pipeline.app import App, closing
from batchport.pipeline.metrics import scraped
from batchport.store import figures as stored

_TEXT, _JSON, _FIGURES = "text/plain; charset=utf-8", "application/json", "text/plain; version=0.0.4; charset=utf-8"
#: Seconds that somebody who asks may take over it.
_PATIENCE = 5


@dataclass(slots=True)
class Health:
    """What is known of a `serve`, told by itself.

    Attributes:
        leads: whether it starts the passes, or waits to take over.
        stopping: whether it ends as soon as it can.
        failed: the command whose pass, the last one, failed; blank where it did not.
    """

    leads: bool = False
    stopping: bool = False
    failed: str = ""

    def pass_ended(self, command: str, *, failed: bool) -> None:
        """Take note of a pass."""
        self.failed = command if failed else ""


@contextmanager
def observed(app: App) -> Iterator[Health]:
    """What is to be told of this process, and is answered to who asks as long as the context lasts, where a port is set for it.

    Raises:
        ConfigProblem: nothing can be answered at that address and port.
    """
    health, metrics = Health(), app.settings.metrics
    if metrics is None or metrics.port is None:
        yield health
        return
    # With connections of its own, for the threads that answer.
    with closing(App(app.settings, app.now)) as own, _server(metrics.address, metrics.port, _Answers(own, health)) as server:
        thread = Thread(target=server.serve_forever, name="health", kwargs={"poll_interval": 0.1}, daemon=True)
        thread.start()
        try:
            yield health
        finally:
            server.shutdown()
            thread.join()


@dataclass(frozen=True, slots=True)
class _Answer:
    status: HTTPStatus
    form: str
    body: bytes


class _Answers:
    """What is answered to each question."""

    def __init__(self, app: App, health: Health) -> None:
        self._app, self._health = app, health
        self._known: dict[str, Callable[[], _Answer]] = {"/metrics": self._metrics, "/healthz": self._alive, "/readyz": self._ready}
        # Opened here: two threads must not do it at the same time.
        self._store = app.store

    def to(self, path: str) -> _Answer:
        """The answer to a path."""
        found = self._known.get(path.partition("?")[0])
        if found is None:
            return _Answer(HTTPStatus.NOT_FOUND, _TEXT, f"There are {', '.join(self._known)}.\n".encode())
        try:
            return found()
        except Exception as error:  # noqa: BLE001  whatever it was, who asks gets an answer, and none of its words
            log.event("question not answered", "error", path=path.partition("?")[0], fault=place_of(error))
            return _Answer(HTTPStatus.INTERNAL_SERVER_ERROR, _TEXT, b"This cannot be answered now; the log of batchport says where it failed.\n")

    def _metrics(self) -> _Answer:
        return _Answer(HTTPStatus.OK, _FIGURES, scraped(self._app, leads=self._health.leads))

    def _alive(self) -> _Answer:
        return _verdict(() if self._database_answers() else ("the database does not answer",))

    def _ready(self) -> _Answer:
        health = self._health
        reasons = {
            "it is stopping": health.stopping,
            "it does not lead, and waits to take over": not health.leads,
            f"the last pass ({health.failed}) failed": bool(health.failed),
            "the database cannot be written": not (self._database_answers() and stored.is_writable(self._store)),
        }
        return _verdict([reason for reason, holds in reasons.items() if holds])

    def _database_answers(self) -> bool:
        try:
            stored.answers(self._store)
        except SQLAlchemyError:
            return False
        return True


def _verdict(reasons: Any) -> _Answer:
    told = {"status": "unavailable" if reasons else "ok", "reasons": list(reasons)}
    return _Answer(HTTPStatus.SERVICE_UNAVAILABLE if reasons else HTTPStatus.OK, _JSON, json.dumps(told).encode() + b"\n")


class _Server(ThreadingHTTPServer):
    """Answers each who asks in a thread of its own, and says nothing where one goes away in between."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, address: str, port: int, answers: _Answers) -> None:
        if ":" in address:
            self.address_family = socket.AF_INET6
        self.answers = answers
        super().__init__((address, port), _Handler)

    def server_bind(self) -> None:
        """Take the port; without looking up what the machine is called, which may take long."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: whoever asked is gone."""


class _Handler(BaseHTTPRequestHandler):
    """One question and its answer."""

    server: _Server
    timeout = _PATIENCE

    def do_GET(self) -> None:
        """Answer with what is asked for."""
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        """The same without the body."""
        self._answer(with_body=False)

    def _answer(self, *, with_body: bool) -> None:
        self._write(self.server.answers.to(self.path), with_body=with_body)

    def _write(self, answer: _Answer, *, with_body: bool) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.form)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Connection", "close")
        self.end_headers()
        if with_body:
            self.wfile.write(answer.body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002  what was asked is not repeated
        """Refuse a question that is none, without repeating it."""
        if not hasattr(self, "request_version"):
            self.request_version = "HTTP/1.0"
        self.close_connection = True
        status = HTTPStatus.METHOD_NOT_ALLOWED if code == HTTPStatus.NOT_IMPLEMENTED else HTTPStatus(code)
        self._write(_Answer(status, _TEXT, b"Ask with GET or HEAD.\n"), with_body=getattr(self, "command", "") != "HEAD")

    def version_string(self) -> str:
        """Who answers, without the version of Python."""
        return "batchport"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing: who scrapes every few seconds is no event."""


@contextmanager
def _server(address: str, port: int, answers: _Answers) -> Iterator[_Server]:
    try:
        server = _Server(address, port, answers)
    except OSError as error:
        remedy = {
            errno.EADDRINUSE: "another program has this port; choose another one",
            errno.EACCES: "you may not take this port; choose one above 1023",
            errno.EADDRNOTAVAIL: "this machine has no such address; name one of its own",
        }.get(error.errno or 0, error.strerror or os.strerror(error.errno or 0) or "it cannot be used")
        raise ConfigProblem(f"metrics: nothing can be answered at {address}, port {port}: {remedy}") from None
    with server:
        yield server
