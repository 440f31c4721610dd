"""A worker that does what waits, sleeps, and is woken when something came."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from models.errors import Unavailable

log = structlog.get_logger()


class Pump:
    """Calls ``stroke`` until it says that nothing waits; looks again when woken or after a while.

    It ends between two strokes and is never cancelled in one: what a stroke has taken in hand it
    also puts down.
    """

    def __init__(self, name: str, stroke: Callable[[], Awaitable[bool]], poll: float) -> None:
        self._name = name
        self._stroke = stroke
        self._poll = poll
        self._wake = asyncio.Event()
        self._stopping = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; call it inside the event loop."""
        self._task = asyncio.create_task(self._run(), name=self._name)

    def wake(self) -> None:
        """There may be something to do now."""
        self._wake.set()

    async def stop(self) -> None:
        """Finish the stroke in hand and end."""
        self._stopping = True
        self._wake.set()
        if self._task is not None:
            await self._task

    async def _run(self) -> None:
        while not self._stopping:
            self._wake.clear()
            try:
                while await self._stroke() and not self._stopping:
                    pass
            except Unavailable:
                log.warning("pump_waits", pump=self._name)
            except Exception as error:
                log.exception("pump_fault", pump=self._name, exc_info=error)
            if not self._stopping:
                await self._rest()

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(self._poll):
                await self._wake.wait()
        except TimeoutError:
            pass
