"""Work the platform does in the background: deliveries, polls, late acks."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

_log = structlog.get_logger()


class Errands:
    """Tasks that are kept, waited for and cancelled together."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()
        self._lasting: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, None], *, lasting: bool = False) -> None:
        """Begin; ``lasting`` work (polling a stream) is not waited for by :meth:`settled`."""
        task = asyncio.get_running_loop().create_task(work)
        kept = self._lasting if lasting else self._running
        kept.add(task)
        task.add_done_callback(kept.discard)
        task.add_done_callback(_report)

    async def settled(self, timeout: float) -> None:  # noqa: ASYNC109  (a limit for tests)
        """Wait until all deliveries under way have ended; ``TimeoutError`` after so long."""
        async with asyncio.timeout(timeout):
            while self._running:
                await asyncio.wait(self._running)

    async def stop(self) -> None:
        """Cancel everything."""
        tasks = self._running | self._lasting
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _report(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()):
        _log.error("desk.errand_failed", error=type(error).__name__, exc_info=error)
