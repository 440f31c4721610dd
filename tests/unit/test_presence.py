"""Who lives, who has died, and who holds the long connection, whatever the clocks say."""

import asyncio
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from bot.clock import FixedClock
from bot.presence import LINK, Pace, Presence
from bot.watch import Beats, Signs
from bot.writer import Writer
from models.job_run import JobRun
from models.process import Lease, Process
from models.push import Outlet, Push, write_pushes
from models.store.engine import Store
from tests.unit.test_outbox import NoBatch, order_for

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
PACE = Pace(beat=3600, fresh=5, lost=10, gap=4)


# -- judging ---------------------------------------------------------------------------------


@given(pauses=st.lists(st.floats(0.1, 3.9), max_size=40), slow=st.integers(1, 2))
def test_who_beats_is_never_taken_for_dead(pauses: list[float], slow: int) -> None:
    """Beats at least every other look, at any distance below the gap."""
    judge, at = Beats(lost=10, gap=4), 0.0
    for number, pause in enumerate(pauses):
        at += pause
        assert judge.dead({"a": number // slow}, at) == set()


@given(pauses=st.lists(st.floats(0.1, 3.9), min_size=1, max_size=60))
def test_who_stands_still_is_dead_after_the_time_and_not_before(pauses: list[float]) -> None:
    judge, at = Beats(lost=10, gap=4), 0.0
    judge.dead({"a": 7}, at)
    for pause in pauses:
        at += pause
        assert judge.dead({"a": 7}, at) == ({"a"} if at >= 10 else set())


@given(
    looks=st.lists(st.floats(0.1, 3.9), max_size=8),
    away=st.floats(4.1, 4000),
    after=st.lists(st.floats(0.1, 3.9), max_size=8),
)
def test_who_was_away_gives_everybody_the_whole_time_again(
    looks: list[float], away: float, after: list[float]
) -> None:
    judge, at = Beats(lost=10, gap=4), 0.0
    for pause in looks:
        at += pause
        judge.dead({"a": 7}, at)
    at += away
    began = at
    judge.dead({"a": 7}, at)
    for pause in after:
        at += pause
        assert judge.dead({"a": 7}, at) == ({"a"} if at - began >= 10 else set())


HOLDS_A_SIGN = """
    import sys
    from pathlib import Path
    from bot.watch import Beats, Signs
    signs = Signs(Path(sys.argv[1]), Beats(60, 10))
    signs.hold("other")
    print("held", flush=True)
    sys.stdin.read()
"""


def test_the_kernel_tells_at_once_that_a_process_was_killed(tmp_path: Path) -> None:
    other = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(HOLDS_A_SIGN), str(tmp_path)],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert other.stdout is not None
    assert other.stdout.readline() == b"held\n"
    mine = Signs(tmp_path, Beats(60, 10))
    mine.hold("me")
    for at in range(0, 1000, 5):
        assert mine.dead({"other": 1}, at) == set(), "locked: alive, however slow"
    other.kill()
    other.communicate()
    assert mine.dead({"other": 1}, 1000) == {"other"}
    mine.buried("other")
    mine.drop()
    assert list(tmp_path.iterdir()) == []


# -- several processes -----------------------------------------------------------------------


@dataclass
class Crowd:
    """Processes on one database, with one steady clock that only moves when told."""

    url: str
    at: float = 0.0
    names: Iterator[int] = field(default_factory=lambda: count(1))
    writers: list[Writer] = field(default_factory=list)
    stores: list[Store] = field(default_factory=list)

    async def enter(self, *, listens: bool = True, clock: FixedClock | None = None) -> Presence:
        store = Store(self.url)
        writer = Writer(store.writer, NoBatch())
        writer.start()
        self.writers.append(writer)
        self.stores.append(store)
        presence = Presence(
            writer,
            clock or FixedClock(NOW),
            token=lambda: f"p{next(self.names)}",
            steady=lambda: self.at,
            pace=PACE,
        )
        await presence.start(listens=listens)
        return presence

    async def pass_by(self, seconds: float, *living: Presence) -> None:
        """Time passes; only these beat."""
        end = self.at + seconds
        while self.at < end:
            self.at = min(self.at + 1.5, end)
            for presence in living:
                await presence.beat()

    async def leave(self) -> None:
        for writer, store in zip(self.writers, self.stores, strict=True):
            await writer.stop()
            store.close()


@pytest.fixture
async def crowd(database_url: str) -> AsyncIterator[Crowd]:
    made = Crowd(database_url)
    yield made
    await made.leave()


async def test_one_holds_the_link_and_a_standby_takes_over(crowd: Crowd) -> None:
    first, second = await crowd.enter(), await crowd.enter()
    await crowd.pass_by(30, first, second)
    assert (first.epoch, second.epoch) == (1, 0)
    assert first.fresh()
    await crowd.pass_by(8, second)
    assert not first.fresh(), "it stops before the other can have taken over"
    assert second.epoch == 0
    await crowd.pass_by(4, second)
    assert second.epoch == 2, "every change of hands has its number"
    await first.beat()
    assert first.epoch == 0
    assert first.id not in ("p1", "p2"), "buried alive, it comes back as somebody else"
    await crowd.pass_by(30, first, second)
    assert (first.epoch, second.epoch) == (0, 2)


async def test_who_ends_frees_the_link_at_once(crowd: Crowd) -> None:
    first, second = await crowd.enter(), await crowd.enter()
    await first.stop()
    await second.beat()
    assert second.held()


async def test_it_is_handed_over_before_the_end(crowd: Crowd) -> None:
    first, second = await crowd.enter(), await crowd.enter()
    taken = asyncio.Event()

    async def standby() -> None:
        while not second.held():
            await second.beat()
            await asyncio.sleep(0.01)
        taken.set()

    task = asyncio.create_task(standby())
    await first.hand_over(5)
    await task
    assert taken.is_set()
    assert not first.held()
    await first.beat()
    assert not first.held(), "who leaves does not take it back"


async def test_nobody_to_hand_over_to_costs_no_time(crowd: Crowd) -> None:
    alone = await crowd.enter()
    await crowd.enter(listens=False)
    await alone.beat()
    async with asyncio.timeout(1):
        await alone.hand_over(100)
    assert alone.held()


async def test_only_who_may_listen_takes_the_link(crowd: Crowd) -> None:
    deaf = await crowd.enter(listens=False)
    await crowd.pass_by(60, deaf)
    assert not deaf.held()


async def test_clocks_that_jump_kill_nobody(crowd: Crowd) -> None:
    early, late = FixedClock(NOW), FixedClock(NOW.replace(hour=23))
    first, second = await crowd.enter(clock=early), await crowd.enter(clock=late)
    await crowd.pass_by(15, first, second)
    early.move_to(NOW.replace(day=24))
    await crowd.pass_by(15, first, second)
    assert (first.epoch, second.epoch) == (1, 0)
    with crowd.stores[0].reading() as session:
        assert len(session.scalars(select(Process)).all()) == 2


async def test_a_clock_that_is_set_back_is_told_and_one_that_stands_still_is_not(
    crowd: Crowd,
) -> None:
    clock = FixedClock(NOW)
    presence = await crowd.enter(clock=clock)
    told: list[timedelta] = []

    async def went_back(by: timedelta) -> None:
        told.append(by)

    presence.went_back = went_back
    await crowd.pass_by(60, presence)
    await presence._look_at_the_clock()
    clock._moment = NOW - timedelta(seconds=20)
    await presence._look_at_the_clock()
    assert told == []
    clock._moment -= timedelta(hours=1)
    await presence._look_at_the_clock()
    await presence._look_at_the_clock()
    assert told == [timedelta(hours=1)]


async def test_what_a_dead_process_held_is_free(crowd: Crowd) -> None:
    dead, heir = await crowd.enter(), await crowd.enter()
    with crowd.stores[0].writing() as session:
        write_pushes(session.connection(), [order_for("wr1"), order_for("wr2")], NOW)
        session.get_one(Outlet, "wr1").holder = dead.id
        session.get_one(Outlet, "wr1").due_at = None
        run = JobRun(job="j", period="p", at=NOW, started_at=NOW, holder=dead.id)
        session.add(run)
    await crowd.pass_by(12, heir)
    with crowd.stores[0].reading() as session:
        assert {o.holder for o in session.scalars(select(Outlet))} == {None}
        assert session.get_one(Outlet, "wr1").due_at == NOW
        assert session.scalars(select(JobRun)).one().holder is None
        assert session.get_one(Lease, LINK).holder == heir.id
        tried = {p.conversation: p.attempts for p in session.scalars(select(Push))}
        assert tried == {"wr1": 1, "wr2": 0}, "what was in hand may be what killed it"
        assert [p.id for p in session.scalars(select(Process))] == [heir.id]
