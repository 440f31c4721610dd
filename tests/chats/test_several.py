"""Two products on one PostgreSQL: one link, one conversation at a time, restarts without loss."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import func, select

from bot.app import Runtime
from bot.presence import Pace
from models.progress import Progress
from models.push import Outlet, Push, PushState
from tests.world import World

pytestmark = pytest.mark.postgres
RATE = 20
"""Answers in one group, well below what the platform allows while its clock stands still."""
QUICK = Pace(beat=0.2)


class Pair(World):
    """A company with two products."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.products: list[Runtime] = []

    async def open_product(self, **overrides: object) -> None:
        await super().open_product(pace=QUICK, **overrides)
        self.products.append(self.runtime)

    @property
    def holders(self) -> list[Runtime]:
        return [product for product in self.products if product.presence.held()]

    async def close(self) -> None:
        for product in self.products[:-1]:
            await product.stop()
        await super().close()


@pytest.fixture
async def pair(postgres_url: str) -> AsyncIterator[Pair]:
    made = Pair(postgres_url)
    made.settle()
    await made.open()
    await made.open_product()
    yield made
    await made.close()


def reports(world: World) -> int:
    with world.store.reading() as session:
        return session.scalar(select(func.count()).select_from(Progress)) or 0


async def test_one_of_them_holds_the_link(pair: Pair) -> None:
    assert pair.holders == [pair.products[0]]
    assert pair.products[1].doors.link is not None
    assert str(pair.products[1].doors.link.state) == "standby"
    answer = await pair.say("b1p1", "/进展 50% 完成两项", "wr1")
    assert "JZ-2026-0001" in answer.text
    assert pair.desk.violations == []


async def test_a_dialogue_goes_on_in_the_other_process(pair: Pair) -> None:
    """Asked by one, answered to the other: drafts belong to nobody's memory."""
    asked = await pair.say("b1p1", "/进展", "wr1")
    assert "百分之多少" in asked.text
    first, second = pair.products
    stopping = asyncio.create_task(first.stop())
    pair.products.remove(first)
    await pair.desk.until(lambda: second.presence.held() or None, 60)
    await stopping
    answer = await pair.say("b1p1", "55%", "wr1")
    while "JZ-2026" not in answer.text:
        answer = await pair.say("b1p1", "没有其他", "wr1")
    assert reports(pair) == 1


async def test_a_rolling_restart_loses_no_message(pair: Pair) -> None:
    """Somebody speaks all the time while each product is replaced in turn."""
    said: list[str] = []
    stop = asyncio.Event()

    async def speak() -> None:
        while not stop.is_set() and len(said) < 7 * RATE:
            said.append(f"第{len(said)}项")
            branch = 1 + len(said) % 7
            words = f"@支部通 /进展 50% {said[-1]}"
            await pair.desk.say(f"b{branch}p1", f"wr{branch}", words)
            await asyncio.sleep(0.1)

    def numbers() -> set[str]:
        heard = [m.text for chat in range(1, 8) for m in pair.desk.heard(f"wr{chat}")]
        return {text.split("JZ-2026-")[1][:4] for text in heard if "JZ-2026-" in text}

    speaking = asyncio.create_task(speak())
    for _ in range(2):
        old = pair.products.pop(0)
        await old.stop()
        await pair.open_product()
        await asyncio.sleep(0.3)
    stop.set()
    await speaking
    lost = [entry for entry in pair.desk.platform.journal.entries if "lost" in entry.note]
    assert lost == [], "the platform found nobody to tell"
    await pair.desk.until(lambda: len(numbers()) == len(said) or None, 60)
    with pair.store.reading() as session:
        assert sorted(session.scalars(select(Progress.said))) == sorted(said)
    assert len(said) > 10
    assert len(pair.holders) == 1
    await pair.desk.settled()
    assert [v for v in pair.desk.violations if v.hard] == []


async def test_pushes_go_through_the_one_with_the_link(pair: Pair) -> None:
    chats = [f"wr{number}" for number in range(1, 8)]
    await pair.open_chats(chats)
    second = pair.products[1]
    ran = await second.scheduler.run(
        next(job for job in second.scheduler._jobs if job.name == "weekly-ranking"),
        pair.clock.now(),
        pair.clock.now(),
    )
    assert ran
    await pair.delivered()
    for chat in chats:
        assert len(pair.desk.heard(chat)) == 3
    with pair.store.reading() as session:
        groups = session.scalars(select(Push.channel).where(Push.to_group)).all()
        assert set(groups) == {"link"}
        assert set(session.scalars(select(Push.state))) == {PushState.DELIVERED}
        assert set(session.scalars(select(Outlet.holder))) == {None}
    assert pair.desk.violations == []


async def test_who_is_cut_off_from_the_database_is_replaced_and_cannot_send(pair: Pair) -> None:
    """It lives, its socket stands, but nobody hears its beats."""
    first, second = pair.products
    real = first.presence.beat

    async def unheard() -> None:
        await asyncio.sleep(0)

    first.presence.beat = unheard  # type: ignore[method-assign]
    try:
        await pair.desk.until(lambda: second.presence.held() or None, 60)
        link = first.doors.link
        assert link is not None
        assert not link.may_send
        answer = await pair.say("b1p1", "/进展 50% 完成两项", "wr1", timeout=60)
        assert "JZ-2026-0001" in answer.text
    finally:
        first.presence.beat = real  # type: ignore[method-assign]
    await first.presence.beat()
    assert not first.presence.held()
    assert [v for v in pair.desk.violations if v.hard] == []
