"""The product as an operator runs it: its own process, the real clock, the desk as WeCom."""

import asyncio
import random
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from bot.clock import SystemClock
from bot.sim.desk import Desk
from bot.sim.messages import Message
from bot.sim.server import Server, serve
from bot.sim.setup import invent
from tests.process import Product
from tests.world import Company, World

LAST_MONDAY = "2026-11-16T09:00:00+08:00"


@pytest.fixture
async def desk() -> AsyncIterator[tuple[Desk, Server]]:
    chance = random.Random(3)
    desk = Desk(invent(chance), clock=SystemClock(), chance=chance)
    for number, name in enumerate(Company.NAMES, 1):
        people = [f"b{number}p{member}" for member in range(6)]
        for userid in people:
            desk.add_person(userid, userid)
        desk.add_group(f"wr{number}", f"{name}群", people)
        desk.activate(f"wr{number}")
    for userid in ("dangjian", "admin", "zhuanye", "shuji"):
        desk.add_person(userid, userid)
    server = await serve(desk)
    yield desk, server
    await server.stop()


def broadcast(desk: Desk, chat: str) -> list[Message]:
    return [message for message in desk.heard(chat) if not message.answers]


def arrived(desk: Desk, chat: str) -> bool | None:
    return len(broadcast(desk, chat)) == 3 or None


async def test_a_job_run_by_hand_is_delivered_by_the_running_process(
    sqlite_url: str, tmp_path: Path, desk: tuple[Desk, Server]
) -> None:
    World(sqlite_url).settle()
    product = Product(sqlite_url, tmp_path, extra=desk[1].environment())
    await product.start()
    await desk[0].connected(20)
    answer = await desk[0].ask("b1p1", "wr1", "@支部通 /进展 60% 完成两项", timeout=20)
    assert "JZ-2026-0001" in answer.text
    done = await asyncio.to_thread(
        product.run, "jobs", "run", "weekly-ranking", "--at", LAST_MONDAY
    )
    assert done.returncode == 0, done.stderr
    for chat in ("wr1", "wr7"):
        await desk[0].until(partial(arrived, desk[0], chat), 20)
    assert "排名" in broadcast(desk[0], "wr1")[0].text
    again = await asyncio.to_thread(
        product.run, "jobs", "run", "weekly-ranking", "--at", LAST_MONDAY
    )
    assert again.returncode == 0
    assert "没有重复" in again.stderr + again.stdout
    await desk[0].settled()
    assert len(broadcast(desk[0], "wr1")) == 3
    assert await asyncio.to_thread(product.end) == 0


async def test_without_a_process_the_command_delivers_itself(
    sqlite_url: str, tmp_path: Path, desk: tuple[Desk, Server]
) -> None:
    World(sqlite_url).settle()
    product = Product(sqlite_url, tmp_path, extra=desk[1].environment())
    done = await asyncio.to_thread(
        product.run, "jobs", "run", "weekly-ranking", "--at", LAST_MONDAY
    )
    assert done.returncode == 0, done.stderr
    for chat in ("wr1", "wr2", "wr7"):
        assert len(broadcast(desk[0], chat)) == 3


async def test_the_doctor_tries_the_doors_without_taking_them_from_a_running_process(
    sqlite_url: str, tmp_path: Path, desk: tuple[Desk, Server]
) -> None:
    World(sqlite_url).settle()
    product = Product(sqlite_url, tmp_path, extra=desk[1].environment())
    well = await asyncio.to_thread(product.run, "check")
    assert well.returncode == 0, well.stdout
    assert "［正常］ 智能机器人（长连接）：凭证有效" in well.stdout
    assert "［正常］ 自建应用：凭证有效" in well.stdout
    wrong = {"ZBT_AIBOT_SECRET": "wrong", "ZBT_APP_SECRET": "wrong"}
    ill = await asyncio.to_thread(partial(product.run, "check", **wrong))
    assert ill.returncode == 1
    assert "［问题］ 智能机器人（长连接）：BotID 或 Secret 不对" in ill.stdout
    assert "［问题］ 自建应用：Secret 不对" in ill.stdout
    assert "{" not in ill.stdout
    await product.start()
    await desk[0].connected(20)
    beside = await asyncio.to_thread(product.run, "check")
    assert beside.returncode == 0, beside.stdout
    assert "程序正在运行" in beside.stdout
    answer = await desk[0].ask("b1p1", "wr1", "@支部通 /进展 60% 完成两项", timeout=20)
    assert "JZ-2026-0001" in answer.text
    assert await asyncio.to_thread(product.end) == 0
