"""Telling those who wait: pages that stay open and tests that wait for an answer."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from bot.sim.messages import Json

T = TypeVar("T")


class Signals:
    """A small bus inside one event loop. Nothing is kept for those who come later."""

    def __init__(self) -> None:
        self._queues: set[asyncio.Queue[Json]] = set()
        self._waiting: set[asyncio.Future[None]] = set()

    def tell(self, event: Json) -> None:
        """Hand the event to every listener and wake those who wait."""
        for queue in self._queues:
            queue.put_nowait(event)
        self.wake()

    def wake(self) -> None:
        """Let those who wait look again."""
        for future in self._waiting:
            if not future.done():
                future.set_result(None)
        self._waiting.clear()

    @contextmanager
    def listen(self) -> Iterator[asyncio.Queue[Json]]:
        """A queue of all events while the block runs."""
        queue: asyncio.Queue[Json] = asyncio.Queue()
        self._queues.add(queue)
        try:
            yield queue
        finally:
            self._queues.discard(queue)

    async def until(self, find: Callable[[], T | None], timeout: float) -> T:  # noqa: ASYNC109
        """What ``find`` returns as soon as it is truthy; ``TimeoutError`` after so many seconds."""
        async with asyncio.timeout(timeout):
            while True:
                found = find()
                if found:
                    return found
                future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                self._waiting.add(future)
                try:
                    await future
                finally:
                    self._waiting.discard(future)
