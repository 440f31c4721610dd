"""What the product logs while a test looks on."""

import io
import json
import logging
from collections.abc import Mapping, Sequence
from typing import Any, Self

from bot.logs import set_up_logs


class Watch(io.StringIO):
    """Where logs go: never a stream that pytest closes; a fault of ours fails the test."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []

    def write(self, text: str) -> int:
        if text.strip():
            self.faults.append(text.strip())
        return len(text)


WATCH = Watch()


def watch() -> None:
    """As it is in most tests: errors alone, each of which fails the test."""
    set_up_logs(WATCH, logging.ERROR)


class Hearing:
    """The log while a block runs, at the level of production unless another is named."""

    def __init__(self, level: int = logging.INFO) -> None:
        self._level = level
        self._out = io.StringIO()

    def __enter__(self) -> Self:
        set_up_logs(self._out, self._level)
        return self

    def __exit__(self, *_: object) -> None:
        watch()

    @property
    def text(self) -> str:
        """All of it."""
        return self._out.getvalue()

    @property
    def entries(self) -> Sequence[Mapping[str, Any]]:
        """All of it, line by line."""
        return [json.loads(line) for line in self.text.splitlines()]

    @property
    def messages(self) -> Sequence[Mapping[str, Any]]:
        """One entry a message, in the order in which they ended."""
        return [one for one in self.entries if one["event"] == "message"]
