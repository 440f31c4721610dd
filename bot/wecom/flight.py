"""Of several who ask for the same thing at once, one fetches it and all get it."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

V = TypeVar("V")


class Flight(Generic[V]):
    """Fetches in progress, by key. Whoever stops waiting does not stop the fetch."""

    def __init__(self) -> None:
        self._tasks: dict[Hashable, asyncio.Task[V]] = {}

    async def join(self, key: Hashable, fetch: Callable[[], Coroutine[Any, Any, V]]) -> V:
        """Wait for the fetch of ``key``, starting it if nobody has; its error is everybody's."""
        task = self._tasks.get(key)
        if task is None:
            task = self._tasks[key] = asyncio.create_task(fetch())
            task.add_done_callback(lambda done: self._land(key, done))
        return await asyncio.shield(task)

    def _land(self, key: Hashable, task: asyncio.Task[V]) -> None:
        del self._tasks[key]
        if not task.cancelled():
            task.exception()  # looked at, even if everybody has gone
