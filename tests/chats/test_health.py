"""What the machines that watch over it are told."""

from collections.abc import Iterator
from datetime import timedelta

import aiohttp
import pytest
from sqlalchemy.exc import OperationalError

from handlers.content import Text, dump
from models.job_run import JobRun, RunState
from models.push import Order, write_pushes
from tests.world import World


async def figures(world: World) -> dict[str, float]:
    base = f"http://127.0.0.1:{world.runtime.port}"
    async with aiohttp.ClientSession() as session, session.get(f"{base}/metrics") as page:
        assert page.status == 200
        lines = (await page.text()).splitlines()
    return {
        name: float(value)
        for name, _, value in (line.rpartition(" ") for line in lines if not line.startswith("#"))
    }


async def test_figures_tell_what_waits(both_worlds: World) -> None:
    world = both_worlds
    before = await figures(world)
    assert before["zhibutong_link_up"] == before["zhibutong_database_up"] == 1
    assert before["zhibutong_push_overdue_seconds"] == before["zhibutong_jobs_parked"] == 0
    await world.say("b1p1", "/进展 50% 完成两项", "wr1")
    await world.say("b1p1", "/进展 500%", "wr1")
    await world.runtime.outbox.stop()
    now = world.clock.now()
    with world.store.writing() as session:
        order = Order("wr1", True, dump(Text("一")), "late", now - timedelta(minutes=5))
        write_pushes(session.connection(), [order], now - timedelta(minutes=5))
        run = JobRun(job="j", period="p", at=now, started_at=now, state=RunState.PARKED)
        session.add(run)
    found = await figures(world)
    assert found['zhibutong_messages_total{outcome="ok"}'] >= 1
    assert found["zhibutong_message_seconds_total"] > 0
    assert found['zhibutong_pushes{state="waiting"}'] == 1
    assert found["zhibutong_push_overdue_seconds"] == 300
    assert found["zhibutong_jobs_parked"] == 1


async def test_with_the_database_away_the_others_are_there(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> Iterator[None]:
        raise OperationalError("", None, OSError())

    monkeypatch.setattr(world.runtime.store, "reading", away)
    found = await figures(world)
    assert found["zhibutong_database_up"] == 0
    assert found["zhibutong_link_up"] == 1
    assert "zhibutong_jobs_parked" not in found
