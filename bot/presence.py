"""This process among the others: it lives, and what it may do because of that.

Every process beats in the database. Whoever sees another's beats stand still buries it, and what
it held is free (``models/process.py``). Each process also watches itself: if its own last beat is
too long ago it stops acting before the others can have taken over (``fresh``), by its own steady
clock. So a process that was stopped, cut off or starved cannot send what another one sends already.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy.orm import Session

from bot.clock import Clock
from bot.watch import Beats, Judge, Signs
from bot.writer import Writer
from models import process
from models.errors import Unavailable

log = structlog.get_logger()

LANE: Final = "presence"
"""Beats do not wait behind messages where there are several threads that write."""
LINK: Final = "link"
"""The lease of the long connection."""
STEP: Final = 0.2
JUMP: Final = timedelta(seconds=30)
"""A clock that is set back by more than this is noticed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Seconds: between two beats; how long one's own beat is good; until others are dead.

    ``fresh`` is well below ``lost``: whoever is late stops before somebody else goes on.
    """

    beat: float = 1.5
    fresh: float = 5.0
    lost: float = 10.0
    gap: float = 4.0


ONE_DISK: Final = Pace(beat=2, fresh=50, lost=60, gap=10)
"""On SQLite beats wait for the one writer; there locked files tell at once who has died."""


@dataclass(frozen=True, slots=True)
class _Seen:
    epoch: int
    others: bool


async def _nobody(by: timedelta) -> None:
    """Nobody minds that the clock was set back."""
    del by


class Presence:
    """Keeps this process's row alive. ``id`` changes if it was buried by mistake.

    ``inherit``    does what else has to be done for a process that has died or left
    ``went_back``  told when the clock was set back, and by how much
    """

    def __init__(
        self,
        writer: Writer,
        clock: Clock,
        *,
        token: Callable[[], str],
        steady: Callable[[], float],
        pace: Pace,
        signs: Signs | None = None,
        inherit: Callable[[Session, str, datetime], None] = lambda _session, _dead, _now: None,
    ) -> None:
        self._writer = writer
        self._clock = clock
        self._token = token
        self._steady = steady
        self._pace = pace
        self._signs = signs
        self._inherit = inherit
        self._seen = clock.now()
        self.went_back: Callable[[timedelta], Awaitable[None]] = _nobody
        self._judge: Judge = signs or Beats(pace.lost, pace.gap)
        self._listens = False
        self._beaten = float("-inf")
        self._others = False
        self._beating = asyncio.Lock()
        self._change = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.id = token()
        self.epoch = 0

    def fresh(self) -> bool:
        """Whether nobody can have taken this process for dead yet."""
        return self._steady() - self._beaten < self._pace.fresh

    def held(self) -> bool:
        """Whether this process holds the long connection, as far as it knows."""
        return self.epoch > 0

    async def changed(self) -> None:
        """Wait until ``held`` may have changed."""
        await self._change.wait()

    async def start(self, *, listens: bool) -> None:
        """Enter, as soon as the database is there, and begin to beat."""
        self._listens = listens
        while True:
            try:
                await self._enter()
                await self.beat()
                break
            except Unavailable:
                log.warning("database_awaited")
                await asyncio.sleep(self._pace.beat)
        self._task = asyncio.create_task(self._run(), name="presence")

    async def stop(self) -> None:
        """Leave; what is held is free at once."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        async with self._beating:
            try:
                await self._writer.do(self._leave, LANE)
            except Unavailable:
                log.warning("presence_left_behind", process=self.id)
            if self._signs is not None:
                self._signs.drop()
            self._set(0)

    async def beat(self) -> None:
        """Show that we live, see who else does, and hold what may be held."""
        async with self._beating:
            begun = self._steady()
            seen = await self._writer.do(lambda session: self._beat(session, begun), LANE)
            if seen is None:
                log.warning("process_buried", process=self.id)
                self._set(0)
                self.id = self._token()
                await self._enter()
                return
            self._beaten = begun
            self._others = seen.others
            self._set(seen.epoch)

    async def hand_over(self, patience: float) -> None:
        """Let another process take the long connection, for at most so many seconds."""
        self._listens = False
        until = self._steady() + patience
        try:
            await self.beat()
            if self.held() and self._others:
                await self._writer.do(lambda session: process.offer(session, LINK, self.id), LANE)
            while self.held() and self._others and self._steady() < until:
                await asyncio.sleep(STEP)
                await self.beat()
        except Unavailable:
            log.warning("link_not_handed_over")

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._pace.beat)
            try:
                await self.beat()
                await self._look_at_the_clock()
            except Unavailable:
                log.warning("beat_missed", process=self.id)
            except Exception as error:
                log.exception("beat_failed", process=self.id, exc_info=error)

    async def _look_at_the_clock(self) -> None:
        """Tell whoever keeps moments when the hour was set back; forward is only late."""
        now = self._clock.now()
        back, self._seen = self._seen - now, now
        if back > JUMP:
            log.warning("clock_set_back", seconds=round(back.total_seconds()))
            await self.went_back(back)

    async def _enter(self) -> None:
        now = self._clock.now()
        if self._signs is not None:
            self._signs.hold(self.id)
        await self._writer.do(
            lambda session: process.enter(session, self.id, now, listens=self._listens), LANE
        )

    def _leave(self, session: Session) -> None:
        now = self._clock.now()
        process.leave(session, self.id, now)
        self._inherit(session, self.id, now)

    def _beat(self, session: Session, at: float) -> _Seen | None:
        """One transaction; None if we have been buried."""
        now = self._clock.now()
        if not process.beat(session, self.id, now):
            return None
        others = {k: v for k, v in process.sightings(session).items() if k != self.id}
        beats = {name: count for name, (count, _) in others.items()}
        for name in self._judge.dead(beats, at):
            if process.bury(session, name, beats[name], now):
                log.warning("process_dead", process=name, by=self.id)
                self._inherit(session, name, now)
                self._judge.buried(name)
            del others[name]
        act = process.take if self._listens else process.held
        epoch = act(session, LINK, self.id)
        return _Seen(epoch, any(listens for _, listens in others.values()))

    def _set(self, epoch: int) -> None:
        if epoch == self.epoch:
            return
        self.epoch = epoch
        log.info("link_lease", process=self.id, epoch=epoch)
        self._change.set()
        self._change = asyncio.Event()
