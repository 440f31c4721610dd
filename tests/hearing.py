"""What the product logs of messages while a test looks on."""

import io
import json
import logging
from collections.abc import Mapping, Sequence
from typing import Any, Self

import structlog

import bot.dispatch
from bot.logs import set_up_logs
from tests.conftest import WATCH


class Hearing:
    """The log at the level of production.

    A logger keeps the set-up it was first used with, so the dispatcher gets a fresh one.
    """

    def __enter__(self) -> Self:
        self._out, self._before = io.StringIO(), bot.dispatch.log
        set_up_logs(self._out, logging.INFO)
        bot.dispatch.log = structlog.get_logger()
        return self

    def __exit__(self, *_: object) -> None:
        bot.dispatch.log = self._before
        set_up_logs(WATCH, logging.ERROR)

    @property
    def messages(self) -> Sequence[Mapping[str, Any]]:
        """One entry a message, in the order in which they ended."""
        said = [json.loads(line) for line in self._out.getvalue().splitlines()]
        return [one for one in said if one["event"] == "message"]
