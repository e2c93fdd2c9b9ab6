"""The lines of the log, made by structlog: for people, or a JSON object a line.

What cannot be written (the disk is full, whoever listened is gone) is dropped: a log is no reason to stop.

What libraries log goes the same way, from warnings upwards. Of it only the words that their programmers wrote are told, since what is put into these, and the
words of an error, may be what a file or a server said.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog
from structlog.dev import ConsoleRenderer, plain_traceback
from structlog.processors import JSONRenderer, TimeStamper
from structlog.stdlib import ProcessorFormatter, add_log_level, filter_by_level
from structlog.typing import Processor

from batchport.faults import place_of
from batchport.log import Form, Level

_OURS = "batchport"
#: Libraries whose messages are made of nothing but the names of our own jobs, and times.
_HARMLESS = ("apscheduler",)
#: The first keys of every line, in this order.
_FIRST = ("timestamp", "level", "event", "pass", "command")

Told = MutableMapping[str, Any]


class Lines:
    """A log on standard error, until it is ended.

    Args:
        form: for people, or for programs.
        level: the least that is told.
        bound: what lines about libraries tell besides.
    """

    def __init__(self, form: Form, level: Level, bound: Mapping[str, Any]) -> None:
        stamped: tuple[Processor, ...] = (add_log_level, TimeStamper(fmt="iso", utc=True), _printable)
        self._handler = _Unfailing(sys.stderr)
        self._handler.addFilter(lambda record: record.name == _OURS or record.levelno >= logging.WARNING)
        self._handler.setFormatter(
            ProcessorFormatter(
                processors=[ProcessorFormatter.remove_processors_meta, _in_order, _renderer(form)],
                foreign_pre_chain=[_of_a_library, lambda _logger, _name, told: {**bound, **told}, *stamped], use_get_message=False, pass_foreign_args=True,
            )
        )  # fmt: skip
        self._own, self._all = logging.getLogger(_OURS), logging.getLogger()
        self._own.setLevel(level.upper())
        self._own.propagate = False
        for logger in (self._own, self._all):
            logger.addHandler(self._handler)
        made = structlog.wrap_logger(self._own, [filter_by_level, *stamped, ProcessorFormatter.wrap_for_formatter], structlog.stdlib.BoundLogger, dict)
        self._logger: structlog.stdlib.BoundLogger = made.bind()

    def tell(self, what: str, level: Level, facts: Mapping[str, Any]) -> None:
        """Write one line."""
        getattr(self._logger, level)(what, **facts)

    def end(self) -> None:
        """Give the libraries' messages free again."""
        for logger in (self._own, self._all):
            logger.removeHandler(self._handler)
        self._own.propagate = True


class _Unfailing(logging.StreamHandler[Any]):
    """A handler that drops what cannot be written."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Say nothing: there is nowhere to say it."""


def _renderer(form: Form) -> Processor:
    if form == "json":
        return JSONRenderer()
    # The usual way to show an error prints all variables.
    return ConsoleRenderer(colors=sys.stderr.isatty(), sort_keys=False, exception_formatter=plain_traceback, pad_event_to=0, pad_level=False)


def _printable(_logger: Any, _name: str, told: Told) -> Told:
    """Names of files with what a terminal might obey shown as escapes."""
    return {name: _shown(value) if isinstance(value, str) else value for name, value in told.items()}


def _shown(text: str) -> str:
    return text if text.isprintable() else "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text)


def _in_order(_logger: Any, _name: str, told: Told) -> Told:
    first = {name: told[name] for name in _FIRST if name in told}
    return first | {name: value for name, value in told.items() if name not in first}


def _of_a_library(_logger: Any, _name: str, told: Told) -> Told:
    record, values, error = told["_record"], told.pop("positional_args", ()), told.pop("exc_info", None)
    words = str(record.msg)
    if values and record.name.startswith(_HARMLESS):
        words %= values
    told["event"] = next(iter(words.splitlines()), "")
    told["logger"] = record.name
    if error and error[1] is not None:
        told["fault"] = place_of(error[1])
    told.pop("stack_info", None)
    return told
