"""The same words through long connection, callback URL and app are the same stored rows."""

from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot.sim.setup import Mode
from models.audit import Audit
from models.progress import Progress
from models.push import Push, PushState
from tests.world import World

WORDS = [
    ("b1p1", "/进展 30% 完成勘察"),
    ("b2p1", "／进展　４０％　完成了　两项"),
    ("b1p1", "/无变化"),
    ("b3p1", "/进展 八成"),
    ("b3p1", "是"),
    ("b1p2", "/进展 20% 下降"),
    ("b1p2", "配合停电计划"),
    ("b2p1", "/撤回"),
    ("b5p1", "/进展 150%"),
    ("b5p1", "取消"),
    ("b6p1", "/进展 60% 机密：图纸"),
]


@asynccontextmanager
async def opened(url: str, mode: Mode, *, app_hears: bool = True) -> AsyncIterator[World]:
    world = World(url, mode=mode)
    world.app_hears = app_hears
    world.settle()
    await world.open()
    try:
        yield world
    finally:
        await world.close()


def stored(world: World) -> list[Any]:
    with world.store.reading() as session:
        reports = session.execute(
            select(
                Progress.number,
                Progress.unit_id,
                Progress.kind,
                Progress.state,
                Progress.percent,
                Progress.before,
                Progress.said,
                Progress.reason,
                Progress.person_id,
            ).order_by(Progress.id)
        ).all()
        audit = session.execute(
            select(Audit.person_id, Audit.action, Audit.subject, Audit.outcome).order_by(Audit.id)
        ).all()
    return [*reports, *audit]


@pytest.fixture
def fresh(sqlite_template: bytes, tmp_path: Path) -> Callable[[str], str]:
    def make(name: str) -> str:
        path = tmp_path / f"{name}.db"
        path.write_bytes(sqlite_template)
        return f"sqlite:///{path}"

    return make


async def test_three_doors_one_story(fresh: Callable[[str], str]) -> None:
    results = {}
    for name, mode, door in (
        ("link", Mode.LINK, "bot"),
        ("url", Mode.URL, "bot"),
        ("app", Mode.LINK, "app"),
    ):
        async with opened(fresh(name), mode) as world:
            for userid, words in WORDS:
                await world.say(userid, words, door=door)
            results[name] = stored(world)
            assert [v for v in world.desk.violations if v.hard] == []
    assert len(results["link"]) > len(WORDS)
    assert results["link"] == results["url"] == results["app"]


@pytest.mark.parametrize("mode", [Mode.LINK, Mode.URL])
async def test_a_redelivery_gets_the_same_answer_and_changes_nothing(
    fresh: Callable[[str], str], mode: Mode
) -> None:
    async with opened(fresh(mode.value), mode) as world:
        world.desk.faults.duplicate = 2
        first = await world.say("b1p1", "/进展 30% 完成勘察", "wr1")
        await world.desk.settled()
        rows = [r for r in stored(world) if r[0] == "JZ-2026-0001"]
        assert len(rows) == 1
        assert "JZ-2026-0001" in first.text
        assert {m.text for m in world.desk.heard("wr1")} == {first.text}


async def test_a_lost_answer_is_given_again(fresh: Callable[[str], str]) -> None:
    async with opened(fresh("lost"), Mode.URL) as world:
        world.desk.faults.lost_answers = 1
        answer = await world.say("b1p1", "/进展 30% 完成勘察", "wr1", timeout=20)
        assert "JZ-2026-0001" in answer.text
        assert sum(r[0] == "JZ-2026-0001" for r in stored(world)) == 1


async def test_a_long_answer_is_cut_for_the_app_and_the_rest_follows(
    fresh: Callable[[str], str],
) -> None:
    async with opened(fresh("long"), Mode.LINK) as world:
        answer = await world.say("b1p1", "/帮助", door="app")
        assert len(answer.text.encode()) <= 2048
        await world.desk.settled()
        assert [v for v in world.desk.violations if v.hard] == []


async def test_an_app_without_a_callback_address_brings_the_digest_in_words(
    fresh: Callable[[str], str],
) -> None:
    """Long connection and no public address: buttons of the app would reach nobody."""
    async with opened(fresh("deaf"), Mode.LINK, app_hears=False) as world:
        await world.runtime.scheduler.sweep()
        await world.delivered()
        with world.store.reading() as session:
            states = Counter(session.scalars(select(Push.state)))
        assert states[PushState.DELIVERED] > 0
        assert set(states) <= {PushState.DELIVERED, PushState.WAITING}
        said = [message for message in world.desk.heard("b1p0", "app") if not message.card]
        assert any("http" in message.text for message in said)
        refused = [v for v in world.desk.violations if v.hard and v.where == "message/send"]
        assert refused == []
