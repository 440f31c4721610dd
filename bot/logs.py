"""Structured logs on stdout: static event names, ids and figures; never texts, names or secrets.

The message of an exception may quote what somebody typed, so a stack is written without it: the
type and the places are enough to find a fault.
"""

import logging
import sys
import traceback
from collections.abc import MutableMapping
from contextlib import suppress
from types import TracebackType
from typing import Any, TextIO, cast

import structlog


def _stack(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace an exception by its type and the places it passed."""
    error = event.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()[1]
    if isinstance(error, BaseException):
        event["error"] = f"{type(error).__module__}.{type(error).__qualname__}"
        event["stack"] = _places(error.__traceback__)
    return event


def _places(trace: TracebackType | None) -> list[str]:
    return [f"{f.filename}:{f.lineno} {f.name}" for f in traceback.extract_tb(trace)]


class _Sink:
    """A stream that may fail: a full disk or a closed pipe must not fail what is being logged."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, line: str) -> int:
        """Write a line, or lose it."""
        try:
            return self._stream.write(line)
        except (OSError, ValueError):
            return 0

    def flush(self) -> None:
        """Hand what was written to the system, if it takes it."""
        with suppress(OSError, ValueError):
            self._stream.flush()


def set_up_logs(stream: TextIO | None = None, level: int = logging.INFO) -> None:
    """Write one JSON line per event; the standard library's records go the same way."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _stack,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(cast("TextIO", _Sink(stream or sys.stdout))),
    )
    logging.basicConfig(handlers=[_Bridge()], level=logging.WARNING, force=True)


class _Bridge(logging.Handler):
    """Records of libraries: only where they come from, for their words may quote ours."""

    def emit(self, record: logging.LogRecord) -> None:
        """Pass one record on."""
        error = record.exc_info[1] if record.exc_info else None
        structlog.get_logger().log(
            record.levelno,
            "library",
            logger=record.name,
            place=f"{record.module}:{record.lineno}",
            exc_info=error,
        )
