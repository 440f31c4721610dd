"""The clock of the jobs: when one is due it is claimed, run piece by piece, and noted as done.

APScheduler only ticks; which periods are done stands in the database (``job_run``), so a job runs
once per period whatever is restarted, killed, late or running twice (DOMAIN.md 10). A run belongs
to the process that claimed it for as long as that one lives; one that fails is tried again later,
and parked after some attempts, so that the others go on.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TypeAlias
from zoneinfo import ZoneInfo

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlalchemy import update
from sqlalchemy.orm import Session

from bot.contexts import Contexts
from bot.dispatch import NotingWork
from bot.keeping import write_orders
from bot.presence import Presence
from bot.writer import Writer
from config.rules import Rules
from handlers.context import Context
from jobs.spec import Job
from jobs.when import last_due, parse_when, period_of
from models.audit import Entry
from models.calendar import after_quiet, read_calendar
from models.errors import Unavailable
from models.job_run import JobRun, RunState
from models.push import Order, insert_new

log = structlog.get_logger()

Calm: TypeAlias = Callable[[Order, datetime], Order]
"""Gives an order of a moment the time at which people may be disturbed."""
TICK = 5
"""Seconds between looks at the clock: a broadcast of nine o'clock begins within these."""
BACK_OFF = (30, 60, 120, 300, 600)
"""Seconds until a run that failed is tried again, by the number of attempts."""
LANE = "jobs"
TICKS = "ticks"


class Gone(Exception):  # noqa: N818  (a state of the world)
    """The run is in other hands by now: what was just done here is undone."""


@dataclass(slots=True)
class Running:
    """One run of a job, piece by piece; each ``step`` has a transaction of its own.

    ``me``    the id of this process, to whom the run belongs
    ``calm``  lets what the job says wait for the end of the quiet hours; without it, somebody
              asked for this run: all is due, and a parked one begins anew
    """

    job: Job
    due: datetime
    cutoff: datetime
    make_context: Callable[[Session], Context]
    zone: ZoneInfo
    now: Callable[[], datetime]
    me: str
    calm: Calm | None = None
    notes: list[Entry] = field(default_factory=list)
    _context: Context | None = None
    _pieces: Iterator[None] | None = None
    _doubtful: bool = False

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
        """Take the period in hand; False if it is done, or somebody else has it."""
        now = self.now()
        row = {
            "job": self.job.name,
            "period": self.period,
            "at": self.due,
            "state": RunState.RUNNING,
            "started_at": now,
            "attempts": 0,
        }
        insert_new(session.connection(), JobRun.__table__, [row])
        run = session.get_one(JobRun, (self.job.name, self.period), with_for_update=True)
        if self.by_hand and run.state is RunState.PARKED:
            run.state, run.attempts = RunState.RUNNING, 0
        if run.state is not RunState.RUNNING or run.holder not in (None, self.me):
            return False
        run.holder = self.me
        return True

    def step(self, session: Session) -> bool:
        """Do the next piece; False when that was the last one and the run is noted as done.

        Called again before ``stepped``, the piece was undone (its batch failed): the run begins
        anew, for a generator cannot go back. Pieces find out what is done already.
        """
        run = session.get_one(JobRun, (self.job.name, self.period), with_for_update=True)
        if run.holder != self.me:
            raise Gone
        if self._doubtful or self._pieces is None:
            self._pieces = self.job.run(self)
        self._doubtful = True
        now = self.now()
        self._context = self.make_context(session)
        more = next(self._pieces, self) is None  # a piece yields None, the end gives ourselves
        orders = self._context.orders
        if self.calm is not None:
            orders = [self.calm(order, now) for order in orders]
        write_orders(session, orders, now)
        self.notes[:] = [replace(entry, actor=self.job.name) for entry in self._context.notes]
        if not more:
            run.state, run.done_at, run.holder = RunState.DONE, now, None
        self._context = None
        return more

    def stepped(self) -> None:
        """The last piece is durable."""
        self._doubtful = False

    def failed(self, session: Session, attempts: int) -> RunState:
        """Put the run down after a failure: tried again later, or parked."""
        run = session.get_one(JobRun, (self.job.name, self.period), with_for_update=True)
        if run.holder == self.me:
            seconds = BACK_OFF[min(run.attempts, len(BACK_OFF) - 1)]
            run.attempts += 1
            run.retry_at = self.now() + timedelta(seconds=seconds)
            run.holder = None
            if run.attempts >= attempts:
                run.state = RunState.PARKED
        return run.state

    def put_down(self, session: Session) -> None:
        """Leave the run to whoever comes next."""
        session.execute(
            update(JobRun)
            .where(
                JobRun.job == self.job.name,
                JobRun.period == self.period,
                JobRun.holder == self.me,
            )
            .values(holder=None)
            .execution_options(synchronize_session=False)
        )


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
        contexts: Contexts,
        wake: Callable[[], None],
        presence: Presence,
        scrub: Callable[[], bool],
    ) -> None:
        self._jobs = jobs
        self._scrub = scrub
        self._writer = writer
        self._contexts = contexts
        self._clock = contexts.clock
        self._rules = contexts.rules
        self._zone = contexts.zone
        self._wake = wake
        self._presence = presence
        self._ticker: AsyncIOScheduler | None = None
        self._sweeping = asyncio.Lock()
        self._first: asyncio.Task[None] | None = None
        self._stopping = False

    def start(self) -> None:
        """Begin to tick; what was missed while nobody ran is caught up with at once."""
        # A tick that finds the one before it still at work is no news.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        self._ticker = AsyncIOScheduler(timezone="UTC")
        self._ticker.add_job(
            self.sweep, "interval", id=TICKS, seconds=TICK, coalesce=True, misfire_grace_time=None
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

    def went_back(self) -> None:
        """The clock was set back: tick from now on, not from the hour that was taken back."""
        if self._ticker is not None:
            self._ticker.reschedule_job(TICKS, trigger="interval", seconds=TICK)

    async def sweep(self) -> None:
        """Run every job whose last due moment has not been done and is not too long ago."""
        async with self._sweeping:
            try:
                due = await self._writer.do(self._due, LANE)
                calm = await self._writer.do(self._calm, LANE) if due else None
            except Unavailable:
                log.warning("sweep_postponed")
                return
            for job, moment in due:
                if not self._stopping:
                    await self._run_safely(job, moment, calm)

    async def _run_safely(self, job: Job, due: datetime, calm: Calm | None) -> None:
        """One job's failure is not the others'."""
        try:
            await self.run(job, due, due, calm)
        except Unavailable:
            log.warning("sweep_postponed", job=job.name)
        except Gone:
            log.warning("job_taken_over", job=job.name)
        except Exception as error:
            log.exception("job_failed", job=job.name, exc_info=error)

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
            if run is None or self._is_free(run, now):
                found.append((job, due))
        return found

    def _calm(self, session: Session) -> Calm:
        return calming(session, self._rules, self._zone)

    def _is_free(self, run: JobRun, now: datetime) -> bool:
        """Whether a run that was begun may be gone on with."""
        # A moment further away than any back-off is from before the clock was set back.
        wait = (run.retry_at or now) - now
        rested = not timedelta() < wait <= timedelta(seconds=BACK_OFF[-1])
        mine = run.holder in (None, self._presence.id)
        return run.state is RunState.RUNNING and mine and rested

    async def run(
        self, job: Job, due: datetime, cutoff: datetime, calm: Calm | None = None
    ) -> bool:
        """Run a job for the period of a due moment; False if it was done before, or is not yet.

        A failure is noted on the run and raised.
        """
        me, nobody = self._presence.id, self._contexts.nobody
        running = Running(job, due, cutoff, nobody, self._zone, self._clock.now, me, calm)
        if not await self._writer.do(running.claim, LANE):
            return False
        try:
            while await self._piece(running):
                running.stepped()
                self._wake()
                if self._stopping:
                    await self._writer.do(running.put_down, LANE)
                    return False
        except (Unavailable, Gone):
            raise
        except Exception:
            limit = self._rules.delivery.attempts
            state = await self._writer.do(partial(running.failed, attempts=limit), LANE)
            log.warning("run_failed", job=job.name, period=running.period, state=state.value)
            raise
        self._wake()
        if job.shreds and not await asyncio.to_thread(self._scrub):
            log.warning("log_not_emptied", job=job.name)
        log.info("job_done", job=job.name, period=running.period)
        return True

    async def _piece(self, running: Running) -> bool:
        """One piece, with what it leaves in the audit."""
        work = NotingWork(running.step, running.notes, asyncio.get_running_loop(), LANE)
        self._writer.put(work)
        return await work.future
