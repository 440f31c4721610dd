"""A job runs once per period, whatever is killed, late or running twice."""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.app import build
from bot.clock import FixedClock
from bot.contexts import Contexts
from bot.scheduler import Gone, Running
from config.rules import default_rules
from config.settings import Settings
from handlers.content import Text
from jobs import JOBS
from jobs.spec import Clockwork, Job
from jobs.when import last_due, next_due, parse_when, period_of
from models.calendar import WorkCalendar, after_quiet
from models.directory import Directory
from models.job_run import JobRun, RunState
from models.process import bury, enter
from models.push import Push
from models.store.engine import Store
from tests.world import World

ZONE = ZoneInfo("Asia/Shanghai")
DUE = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
PIECES = 10


def pieces(work: Clockwork) -> Iterator[None]:
    """Ten pieces, each telling somebody once."""
    for number in range(PIECES):
        work.ctx.push_person(f"p{number}", Text("词"), f"job:{number}")
        yield


JOB = Job("pieces", pieces)


def running(clock: FixedClock, me: str = "first", job: Job = JOB) -> Running:
    contexts = Contexts(clock, ZONE, default_rules(), Directory(), lambda: "t", lambda p, _: p)
    return Running(job, DUE, DUE, contexts.nobody, ZONE, clock.now, me)


def alive(store: Store, *names: str) -> None:
    with store.writing() as session:
        for name in names:
            enter(session, name, DUE, listens=False)


def dies(store: Store, name: str) -> None:
    with store.writing() as session:
        assert bury(session, name, 0, DUE)


def pushes(store: Store) -> int:
    with store.reading() as session:
        return session.scalar(select(func.count()).select_from(Push)) or 0


def work_through(store: Store, run: Running, at_most: int = 100) -> bool:
    """Steps in transactions of their own; False when the run was not to be had."""
    with store.writing() as session:
        if not run.claim(session):
            return False
    for _ in range(at_most):
        with store.writing() as session:
            more = run.step(session)
        run.stepped()
        if not more:
            return True
    return True


def test_a_run_happens_once(store: Store) -> None:
    clock = FixedClock(DUE)
    assert work_through(store, running(clock)) is True
    assert work_through(store, running(clock)) is False
    assert pushes(store) == PIECES


@pytest.mark.parametrize("killed_after", range(PIECES + 1))
def test_killed_anywhere_it_goes_on_where_it_stopped(sqlite_url: str, killed_after: int) -> None:
    store = Store(sqlite_url)
    clock = FixedClock(DUE)
    alive(store, "first", "second")
    assert work_through(store, running(clock), at_most=killed_after)
    assert work_through(store, running(clock, "second")) is False, "the first still lives"
    dies(store, "first")
    assert work_through(store, running(clock, "second")) is True
    assert pushes(store) == PIECES
    with store.reading() as session:
        assert session.scalars(select(JobRun)).one().state is RunState.DONE
    store.close()


def test_who_was_buried_and_lives_can_do_no_more(store: Store) -> None:
    """Stopped in the middle, taken for dead, and woken up again."""
    clock = FixedClock(DUE)
    alive(store, "first", "second")
    sleeper = running(clock)
    assert work_through(store, sleeper, at_most=2)
    dies(store, "first")
    with pytest.raises(Gone), store.writing() as session:
        sleeper.step(session)
    assert pushes(store) == 2
    assert work_through(store, running(clock, "second"))
    with pytest.raises(Gone), store.writing() as session:
        sleeper.step(session)
    assert pushes(store) == PIECES


def test_a_piece_that_fails_leaves_nothing_of_itself(store: Store) -> None:
    clock = FixedClock(DUE)

    def broken(work: Clockwork) -> Iterator[None]:
        work.ctx.push_person("p", Text("词"), "broken")
        yield
        work.ctx.push_person("q", Text("词"), "never")
        raise RuntimeError

    run = running(clock, job=Job("pieces", broken))
    with store.writing() as session:
        run.claim(session)
    with store.writing() as session:
        assert run.step(session)
    run.stepped()
    with pytest.raises(RuntimeError), store.writing() as session:
        run.step(session)
    assert pushes(store) == 1


@pytest.mark.parametrize("undone", range(PIECES))
def test_a_piece_whose_commit_failed_is_done_again(sqlite_url: str, undone: int) -> None:
    """Its batch was rolled back through a neighbour's fault: the generator must not go on."""
    store = Store(sqlite_url)
    run = running(FixedClock(DUE))
    work_through(store, run, at_most=undone)
    with Session(store.writer) as session:
        run.step(session)
        session.rollback()
    assert pushes(store) == undone
    work_through(store, run)
    assert pushes(store) == PIECES
    store.close()


@pytest.mark.faults
async def test_a_job_that_always_fails_is_parked_and_the_others_go_on(world: World) -> None:
    tries: list[int] = []

    def broken(work: Clockwork) -> Iterator[None]:
        tries.append(1)
        yield
        raise RuntimeError(work.due)

    bad, good = Job("duty-digest", broken), Job("cleaning", pieces)
    scheduler = world.runtime.scheduler
    await scheduler.sweep()  # what was due when the world began is done by the shipped jobs
    before = pushes(world.store)
    world.clock.move_to(world.clock.now() + timedelta(days=1))
    scheduler._jobs = (bad, good)
    world.clock.move_to(world.clock.now() + timedelta(days=1))  # today's may be done already
    for _ in range(30):
        await scheduler.sweep()
        world.clock.move_to(world.clock.now() + timedelta(minutes=10))
    assert len(tries) == world.runtime.rules.delivery.attempts
    assert pushes(world.store) - before == PIECES
    with world.store.reading() as session:
        runs = session.scalars(select(JobRun).order_by(JobRun.at)).all()
    states = {run.job: run.state for run in runs}
    assert states["duty-digest"] is RunState.PARKED
    assert states["cleaning"] is RunState.DONE
    scheduler._jobs = (Job("duty-digest", pieces),)
    due = world.clock.now().replace(hour=0, minute=30)
    assert not await scheduler.run(scheduler._jobs[0], due, due, lambda order, _: order)
    assert await scheduler.run(scheduler._jobs[0], due, due), "a person asked for it"


async def test_the_shipped_schedule_can_be_read(sqlite_url: str) -> None:
    runtime = build(Settings(database_url=sqlite_url, secret_key="x"), chance=random.Random(1))
    for job in JOBS:
        parse_when(runtime.rules.schedule[job.name])
    runtime.store.close()


CALENDAR = WorkCalendar()


@pytest.mark.parametrize(
    ("line", "moment", "due"),
    [
        ("0 9 * * mon", "2026-11-23T09:00", "2026-11-23T09:00"),
        ("0 9 * * mon", "2026-11-23T08:59", "2026-11-16T09:00"),
        ("30 8 * * * workday", "2026-10-07T12:00", "2026-09-30T08:30"),  # the national days
        ("30 8 * * * workday", "2026-09-20T08:30", "2026-09-20T08:30"),  # a Sunday that is worked
        ("30 8 * * * workday", "2026-10-10T09:00", "2026-10-10T08:30"),  # a Saturday too
        ("0 9 * * * workday=1", "2026-10-31T09:00", "2026-10-08T09:00"),
        ("0 9 5 1-11/2 *", "2026-12-01T00:00", "2026-11-05T09:00"),
    ],
)
def test_when_a_job_was_last_due(line: str, moment: str, due: str) -> None:
    at = datetime.fromisoformat(moment).replace(tzinfo=ZONE)
    assert last_due(parse_when(line), at, CALENDAR, ZONE) == datetime.fromisoformat(due).replace(
        tzinfo=ZONE
    )


LINES = st.sampled_from([*default_rules().schedule.values(), "0 9 * * * workday=1", "5 7 1 * *"])


@given(line=LINES, minutes=st.integers(0, 3 * 365 * 24 * 60))
def test_last_and_next_meet(line: str, minutes: int) -> None:
    """Between the last due moment and the next there is none."""
    when = parse_when(line)
    moment = datetime(2025, 6, 1, tzinfo=ZONE) + timedelta(minutes=minutes)
    last = last_due(when, moment, CALENDAR, ZONE)
    following = next_due(when, moment, CALENDAR, ZONE)
    assert last is not None
    assert following is not None
    assert last <= moment < following
    assert next_due(when, last, CALENDAR, ZONE) == following
    assert last_due(when, following, CALENDAR, ZONE) == following


@pytest.mark.parametrize("line", ["", "0 9 * *", "0 9 * * mon tue", "0 9 32 * *", "x 9 * * mon"])
def test_a_broken_schedule_is_refused(line: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  (any reason is good)
        parse_when(line)


def test_periods_are_local() -> None:
    assert period_of(DUE, ZONE) == "2026-11-23T09:00"


@pytest.mark.parametrize(
    ("moment", "at_night", "on_rest_days_too"),
    [
        ("2026-11-23T08:00", "2026-11-23T08:00", "2026-11-23T08:00"),
        ("2026-11-23T19:59", "2026-11-23T19:59", "2026-11-23T19:59"),
        ("2026-11-23T20:00", "2026-11-24T08:00", "2026-11-24T08:00"),
        ("2026-11-24T07:59", "2026-11-24T08:00", "2026-11-24T08:00"),
        ("2026-11-27T21:00", "2026-11-28T08:00", "2026-11-30T08:00"),  # a Friday
        ("2026-09-30T23:00", "2026-10-01T08:00", "2026-10-08T08:00"),  # the national days
        ("2026-10-10T12:00", "2026-10-10T12:00", "2026-10-10T12:00"),  # a Saturday that is worked
    ],
)
def test_quiet_hours_end_in_the_morning(moment: str, at_night: str, on_rest_days_too: str) -> None:
    start, end = time(20), time(8)
    at, night, rest = (
        datetime.fromisoformat(text).replace(tzinfo=ZONE)
        for text in (moment, at_night, on_rest_days_too)
    )
    assert after_quiet(at, start, end, ZONE) == night
    assert after_quiet(at, start, end, ZONE, CALENDAR) == rest


def test_the_calendar_of_2026_and_the_marked_fallback() -> None:
    assert CALENDAR.is_working(date(2026, 9, 20))
    assert CALENDAR.is_working(date(2026, 10, 10))
    assert not CALENDAR.is_working(date(2026, 10, 1))
    assert CALENDAR.is_settled(date(2026, 12, 31))
    assert not CALENDAR.is_settled(date(2027, 3, 1))
    assert not CALENDAR.is_working(date(2027, 1, 1))
    assert CALENDAR.is_working(date(2027, 3, 1))
    assert not WorkCalendar({date(2027, 3, 1): False}).is_working(date(2027, 3, 1))
