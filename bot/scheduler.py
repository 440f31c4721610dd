"""The clock of the jobs: when one is due it is claimed, run piece by piece, and noted as done.

APScheduler only ticks; which periods are done stands in the database (``job_run``), so a job runs
once per period whatever is restarted, killed, late or running twice (DOMAIN.md 10).
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeAlias
from zoneinfo import ZoneInfo

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlalchemy.orm import Session

from bot.clock import Clock
from bot.writer import Writer
from config.rules import Rules
from handlers.context import Context
from jobs.spec import Job
from jobs.when import last_due, parse_when, period_of
from models.calendar import after_quiet, read_calendar
from models.errors import Unavailable
from models.job_run import JobRun, RunState
from models.push import Order, insert_new, write_pushes

log = structlog.get_logger()

Calm: TypeAlias = Callable[[Order, datetime], Order]
"""Gives an order of a moment the time at which people may be disturbed."""
TICK = 5
"""Seconds between looks at the clock: a broadcast of nine o'clock begins within these."""
LEASE = timedelta(seconds=30)
"""A run whose piece takes longer than this is taken for dead and taken over."""


@dataclass(slots=True)
class Running:
    """One run of a job, piece by piece; each ``step`` has a transaction of its own.

    ``calm`` lets what the job says wait for the end of the quiet hours; without it all is due.
    """

    job: Job
    due: datetime
    cutoff: datetime
    make_context: Callable[[Session], Context]
    zone: ZoneInfo
    now: Callable[[], datetime]
    calm: Calm | None = None
    _context: Context | None = None
    _pieces: Iterator[None] | None = None

    @property
    def ctx(self) -> Context:
        """The context of the present transaction (``jobs.spec.Clockwork``)."""
        if self._context is None:
            raise RuntimeError("a job looks at its context outside a piece")
        return self._context

    @property
    def by_hand(self) -> bool:
        """Whether somebody asked for this run (``jobs.spec.Clockwork``)."""
        return self.calm is None

    @property
    def period(self) -> str:
        """The key of the period."""
        return period_of(self.due, self.zone)

    def claim(self, session: Session) -> bool:
        """Take the period in hand; False if it is done or somebody else has it."""
        now = self.now()
        row = {
            "job": self.job.name,
            "period": self.period,
            "at": self.due,
            "state": RunState.RUNNING,
            "started_at": now,
            "lease_until": now,
        }
        insert_new(session.connection(), JobRun.__table__, [row])
        run = session.get_one(JobRun, (self.job.name, self.period), with_for_update=True)
        if run.state is RunState.DONE or run.lease_until > now:
            return False
        run.lease_until = now + LEASE
        return True

    def step(self, session: Session) -> bool:
        """Do the next piece; False when that was the last one and the run is noted as done."""
        now = self.now()
        self._context = self.make_context(session)
        if self._pieces is None:
            self._pieces = self.job.run(self)
        more = next(self._pieces, self) is None  # a piece yields None, the end gives ourselves
        orders = self._context.orders
        if self.calm is not None:
            orders = [self.calm(order, now) for order in orders]
        write_pushes(session.connection(), orders, now)
        run = session.get_one(JobRun, (self.job.name, self.period))
        if more:
            run.lease_until = now + LEASE
        else:
            run.state, run.done_at = RunState.DONE, now
        self._context = None
        return more


def calming(session: Session, rules: Rules, zone: ZoneInfo) -> Calm:
    """Nobody is written to at night, and no person on a rest day (DOMAIN.md 9)."""
    calendar, quiet = read_calendar(session), rules.quiet

    def calm(order: Order, now: datetime) -> Order:
        moment = max(order.not_before, now)
        days = None if order.to_group else calendar
        return replace(order, not_before=after_quiet(moment, quiet.start, quiet.end, zone, days))

    return calm


class Scheduler:
    """Runs what is due, once per period."""

    def __init__(
        self,
        jobs: Sequence[Job],
        writer: Writer,
        clock: Clock,
        rules: Rules,
        zone: ZoneInfo,
        make_context: Callable[[Session], Context],
        wake: Callable[[], None],
    ) -> None:
        self._jobs = jobs
        self._writer = writer
        self._clock = clock
        self._rules = rules
        self._zone = zone
        self._make_context = make_context
        self._wake = wake
        self._ticker: AsyncIOScheduler | None = None
        self._sweeping = asyncio.Lock()
        self._first: asyncio.Task[None] | None = None
        self._stopping = False

    def start(self) -> None:
        """Begin to tick; what was missed while nobody ran is caught up with at once."""
        self._ticker = AsyncIOScheduler(timezone="UTC")
        self._ticker.add_job(
            self.sweep, "interval", seconds=TICK, coalesce=True, misfire_grace_time=None
        )
        self._ticker.start()
        self._first = asyncio.create_task(self.sweep())

    async def stop(self) -> None:
        """Tick no more; a run in hand ends after its piece and is taken up by the next start."""
        self._stopping = True
        if self._first is not None:
            await self._first
        async with self._sweeping:
            if self._ticker is not None:
                self._ticker.shutdown(wait=False)

    async def sweep(self) -> None:
        """Run every job whose last due moment has not been done and is not too long ago."""
        async with self._sweeping:
            try:
                due = await self._writer.do(self._due)
                calm = await self._writer.do(self._calm) if due else None
                for job, moment in due:
                    if not self._stopping:
                        await self.run(job, moment, moment, calm)
            except Unavailable:
                log.warning("sweep_postponed")
            except Exception as error:
                log.exception("sweep_failed", exc_info=error)

    def _due(self, session: Session) -> list[tuple[Job, datetime]]:
        now = self._clock.now()
        calendar = read_calendar(session)
        late = timedelta(hours=self._rules.broadcast.catch_up_hours)
        found = []
        for job in self._jobs:
            due = last_due(parse_when(self._rules.schedule[job.name]), now, calendar, self._zone)
            if due is None or now - due > late:
                continue
            run = session.get(JobRun, (job.name, period_of(due, self._zone)))
            if run is None or (run.state is RunState.RUNNING and run.lease_until <= now):
                found.append((job, due))
        return found

    def _calm(self, session: Session) -> Calm:
        return calming(session, self._rules, self._zone)

    async def run(
        self, job: Job, due: datetime, cutoff: datetime, calm: Calm | None = None
    ) -> bool:
        """Run a job for the period of a due moment; False if it was done before, or is not yet."""
        running = Running(job, due, cutoff, self._make_context, self._zone, self._clock.now, calm)
        if not await self._writer.do(running.claim):
            return False
        while await self._writer.do(running.step):
            self._wake()
            if self._stopping:
                return False
        self._wake()
        log.info("job_done", job=job.name, period=running.period)
        return True
