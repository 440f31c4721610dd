"""Several processes and the same conversations: who waits for whom, and in which order."""

import asyncio
import random
import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from bot.turns import take_turns
from bot.writer import Work, Writer
from models.store.engine import Store
from models.store.quick import settle
from tests.unit.test_outbox import NoBatch

pytestmark = pytest.mark.postgres


class Turns(NoBatch):
    """Nothing but the locks of the conversations."""

    def open(self, connection: Connection, works: Sequence[Work[Any]]) -> None:
        take_turns(connection, works)


@contextmanager
def in_hand(store: Store, conversation: str) -> Iterator[Connection]:
    """Another process has it, until the connection's transaction ends."""
    with store.writer.connect() as elsewhere:
        elsewhere.begin()
        take_turns(elsewhere, [Work(lambda _: None, asyncio.get_running_loop(), conversation)])
        settle(elsewhere)
        yield elsewhere


async def test_only_what_others_have_in_hand_is_put_aside(postgres_url: str) -> None:
    store = Store(postgres_url)
    writer = Writer(store.writer, Turns())
    writer.start()
    gate, begun, done = threading.Event(), asyncio.Event(), list[str]()
    loop = asyncio.get_running_loop()

    def wait(_: Session) -> None:
        loop.call_soon_threadsafe(begun.set)
        gate.wait(30)

    def submit(chat: str, what: str) -> Work[None]:
        return writer.submit(lambda _: done.append(what), chat)

    with in_hand(store, "theirs") as elsewhere:
        first = writer.submit(wait, "first")
        await begun.wait()
        held = [submit("theirs", "one"), submit("theirs", "two")]
        free = [submit("ours", "a"), submit("another", "b")]
        gate.set()
        await asyncio.gather(first.future, *(work.future for work in free))
        assert done == ["a", "b"]
        held.append(submit("theirs", "three"))
        elsewhere.rollback()
    await asyncio.gather(*(work.future for work in held))
    assert done == ["a", "b", "one", "two", "three"]
    await writer.stop()
    store.close()


async def test_many_processes_keep_the_order_of_each_conversation(postgres_url: str) -> None:
    chance, said = random.Random(7), defaultdict[str, list[int]](list)
    stores = [Store(postgres_url) for _ in range(3)]
    writers = [Writer(store.writer, Turns()) for store in stores]
    for writer in writers:
        writer.start()

    def note(chat: str, number: int) -> None:
        said[chat].append(number)

    works = []
    for number in range(600):
        chat = f"chat {chance.randrange(12)}"
        where = writers[number // 200]  # each brings a stretch of every conversation
        works.append(where.submit(lambda _, c=chat, n=number: note(c, n), chat))  # type: ignore[misc]
    await asyncio.gather(*(work.future for work in works))
    assert sorted(number for numbers in said.values() for number in numbers) == list(range(600))
    for numbers in said.values():
        for at in range(3):
            mine = [number for number in numbers if number // 200 == at]
            assert mine == sorted(mine)
    await asyncio.gather(*(writer.stop() for writer in writers))
    for store in stores:
        store.close()


async def test_what_stands_aside_is_done_before_the_end(postgres_url: str) -> None:
    store = Store(postgres_url)
    writer = Writer(store.writer, Turns())
    writer.start()
    with in_hand(store, "theirs") as elsewhere:
        works = [writer.submit(lambda _: "done", chat) for chat in ("theirs", "ours")]
        await works[1].future
        stopping = asyncio.create_task(writer.stop())
        elsewhere.rollback()
    await stopping
    assert await works[0].future == "done"
    store.close()
