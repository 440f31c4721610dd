"""``kill -9`` at random moments under load loses and doubles nothing."""

import asyncio
import os
import random
import re
from pathlib import Path

import aiohttp
import pytest
from sqlalchemy import func, select

from models.message import Message
from models.progress import Progress
from models.store.engine import Store
from tests.process import Driver, Product
from tests.world import World

NUMBER = re.compile(r"JZ-\d{4}-\d+")
ROUNDS = 5 if os.environ.get("ZBT_TEST_LONG") else 2
SENDERS = 16
ENOUGH = 20
"""Answers in each round before the end: how long they take is the machine's matter."""


async def load(
    driver: Driver, sent: dict[str, str], heard: dict[str, str], stop: asyncio.Event, first: int
) -> None:
    """Many people at once; every message and every answer is noted."""
    counter = iter(range(first, first + 1_000_000))

    async def one(session: aiohttp.ClientSession, number: int) -> None:
        while not stop.is_set():
            n = next(counter)
            message_id, userid = f"m{n}", f"b{1 + number % 7}p{number % 6}"
            text = f"/进展 99% 第{n}项"
            sent[message_id] = f"{userid}|{text}"
            body = driver.body(message_id, userid, text)
            try:
                answer = await driver.post(session, body)
            except (aiohttp.ClientError, ConnectionError):
                return
            if NUMBER.search(answer):  # else the machine is slow: "working on it"
                heard[message_id] = answer

    async with aiohttp.ClientSession() as session:
        await asyncio.gather(*(one(session, number) for number in range(SENDERS)))


async def grown(heard: dict[str, str], count: int) -> None:
    """Wait until so many messages have been answered."""
    async with asyncio.timeout(60):
        while len(heard) < count:  # noqa: ASYNC110  (a real process, real time)
            await asyncio.sleep(0.01)


async def test_nothing_is_lost_and_nothing_doubled(
    database_url: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    world = World(database_url)
    world.settle()
    product = Product(database_url, tmp_path)
    request.addfinalizer(product.leave)
    driver = Driver(product.base)
    sent: dict[str, str] = {}
    heard: dict[str, str] = {}
    chance = random.Random(database_url)
    for _ in range(ROUNDS):
        await product.start()
        stop = asyncio.Event()
        loading = asyncio.create_task(load(driver, sent, heard, stop, len(sent)))
        await grown(heard, len(heard) + ENOUGH)
        await asyncio.sleep(chance.uniform(0, 0.5))
        product.kill()
        stop.set()
        await loading
    await product.start()
    again = await resend(driver, sent)
    assert product.end() == 0
    with world.store.reading() as session:
        assert session.scalar(select(func.count()).select_from(Message)) == len(sent)
        said = session.scalars(select(Progress.said)).all()
    assert sorted(said) == sorted(f"第{n[1:]}项" for n in sent)
    numbers = {message_id: number(text) for message_id, text in again.items()}
    assert len(set(numbers.values())) == len(sent)
    assert len(heard) >= ROUNDS * ENOUGH
    for message_id, text in heard.items():
        assert number(text) == numbers[message_id], "an acknowledged message changed its number"
    world.store.close()


async def resend(driver: Driver, sent: dict[str, str]) -> dict[str, str]:
    """The platform delivers everything again."""
    again: dict[str, str] = {}
    waiting = list(sent.items())

    async def one(session: aiohttp.ClientSession) -> None:
        while waiting:
            message_id, what = waiting.pop()
            userid, text = what.split("|")
            body = driver.body(message_id, userid, text)
            while not NUMBER.search(again.setdefault(message_id, "")):
                again[message_id] = await driver.post(session, body)

    async with aiohttp.ClientSession() as session:
        await asyncio.gather(*(one(session) for _ in range(SENDERS)))
    return again


def number(text: str) -> str:
    found = NUMBER.search(text)
    assert found, text
    return found.group()


async def test_sigterm_drains_and_ends_with_zero(
    sqlite_url: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    world = World(sqlite_url)
    world.settle()
    product = Product(sqlite_url, tmp_path)
    request.addfinalizer(product.leave)
    await product.start()
    sent: dict[str, str] = {}
    heard: dict[str, str] = {}
    stop = asyncio.Event()
    loading = asyncio.create_task(load(Driver(product.base), sent, heard, stop, 0))
    await grown(heard, ENOUGH)
    assert await asyncio.to_thread(product.end) == 0
    stop.set()
    await loading
    with Store(sqlite_url).reading() as session:
        stored = session.scalar(select(func.count()).select_from(Progress))
    assert stored is not None
    assert stored >= len(heard) >= ENOUGH
    world.store.close()
