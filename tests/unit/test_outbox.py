"""Pushes: order, rates, parts, refusals, what is undecidable, and what is degraded."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from bot.channel import (
    ALL_CARDS,
    Abilities,
    CardParcel,
    Dialect,
    Elsewhere,
    FileParcel,
    Later,
    Parcel,
    PictureParcel,
    Receipt,
    Refused,
    Target,
    TextParcel,
    Unconfirmed,
)
from bot.clock import FixedClock
from bot.deliveries import LEASE
from bot.outbox import Outbox
from bot.papers.studio import Studio
from bot.papers.worker import Desk
from bot.rates import Rates
from bot.writer import Work, Writer
from handlers.content import Button, Card, Content, Export, Text, dump
from models.group import Group
from models.push import Order, Push, PushState, send_again, write_pushes
from models.store.engine import Store

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


class NoBatch:
    """Nothing to keep for a batch."""

    def open(self, connection: Connection, works: Any) -> None: ...
    def begin(self, session: Session) -> None: ...
    def failed(self, work: Work[Any], error: Exception) -> bool:
        del work, error
        return False

    def close(self, connection: Connection, works: Any) -> None: ...


@dataclass
class Door:
    """A channel that notes what it is given, and fails as told."""

    name: str = "door"
    abilities: Abilities = field(
        default_factory=lambda: Abilities(
            pushes_groups=True,
            pushes_people=True,
            text_bytes=200,
            dialect=Dialect.FULL,
            cards=ALL_CARDS,
            picture_bytes=2_000_000,
            file_bytes=2_000_000,
            per_minute=30,
        )
    )
    up: bool = True
    needs_heard: bool = False
    errors: list[Exception] = field(default_factory=list)
    sent: list[tuple[str, Parcel]] = field(default_factory=list)

    def reaches(self, target: Target) -> bool:
        return self.up and (not self.needs_heard or self.name in target.heard)

    async def push(self, target: Target, parcel: Parcel) -> Receipt:
        await asyncio.sleep(0)
        if self.errors:
            raise self.errors.pop(0)
        self.sent.append((target.id, parcel))
        return Receipt()


@dataclass
class Post:
    """An outbox with its doors."""

    store: Store
    clock: FixedClock
    writer: Writer
    outbox: Outbox
    doors: list[Door]
    count: int = 0

    def queue(self, content: Content, to: str = "wr1", *, group: bool = True) -> None:
        self.count += 1
        key, now = f"{to}:{self.count}", self.clock.now()
        order = Order(to, group, dump(content), key, now, "task")
        with self.store.writing() as session:
            write_pushes(session.connection(), [order], self.clock.now())

    async def run(self, seconds: float = 0) -> None:
        """Deliver what is due now (after some time has passed on the clock)."""
        self.clock.move_to(self.clock.now() + timedelta(seconds=seconds))
        busy = True
        while busy:
            busy = self.outbox.busy
            busy = await self.outbox.pump() or busy
            await asyncio.sleep(0.002)

    def states(self) -> list[PushState]:
        with self.store.reading() as session:
            return list(session.scalars(select(Push.state).order_by(Push.id)))

    def texts(self, door: int = 0) -> list[str]:
        return [p.markdown for _, p in self.doors[door].sent if isinstance(p, TextParcel)]


@pytest.fixture
async def open_post(database_url: str) -> AsyncIterator[Callable[..., Post]]:
    made: list[Post] = []

    def make(*doors: Door) -> Post:
        store, clock = Store(database_url), FixedClock(NOW)
        writer = Writer(store.writer, NoBatch())
        writer.start()
        desk = Desk(database_url, NOW, "Asia/Shanghai", "")
        studio = Studio(store, writer, clock, desk, lambda: ThreadPoolExecutor(1))
        outbox = Outbox(writer, doors, clock, studio, Rates(clock.now), attempts=3)
        made.append(Post(store, clock, writer, outbox, list(doors)))
        return made[-1]

    yield make
    for post in made:
        await post.outbox.stop()
        await post.writer.stop()
        post.store.close()


async def test_order_within_a_conversation_is_kept(open_post: Callable[..., Post]) -> None:
    post = open_post(Door())
    for number in range(12):
        post.queue(Text(f"{number}"), "wr1" if number % 3 else "wr2")
    await post.run()
    ones = [p.markdown for to, p in post.doors[0].sent if to == "wr1"]  # type: ignore[union-attr]
    assert ones == [str(n) for n in range(12) if n % 3]
    assert set(post.states()) == {PushState.DELIVERED}


async def test_the_same_key_is_one_push(open_post: Callable[..., Post]) -> None:
    post = open_post(Door())
    with post.store.writing() as session:
        order = Order("wr1", True, dump(Text("一")), "same", NOW)
        write_pushes(session.connection(), [order, order], NOW)
        write_pushes(session.connection(), [order], NOW)
    await post.run()
    assert post.texts() == ["一"]


async def test_the_rate_is_kept_and_used_whole(open_post: Callable[..., Post]) -> None:
    post = open_post(Door())
    for number in range(70):
        post.queue(Text(f"{number}"))
    await post.run()
    assert len(post.texts()) == 30
    await post.run(30)
    assert len(post.texts()) == 30
    await post.run(31)
    assert len(post.texts()) == 60
    await post.run(61)
    assert post.texts() == [str(n) for n in range(70)]


async def test_a_long_text_goes_in_parts_and_goes_on_where_it_broke(
    open_post: Callable[..., Post],
) -> None:
    post = open_post(Door())
    long = "\n".join(f"第{n}行，说的是配变轮换和台区巡视。" for n in range(30))
    post.queue(Text(long))
    await post.run()
    assert "".join(post.texts()) == long
    assert len(post.texts()) > 5
    post.doors[0].sent.clear()
    post.queue(Text("头" + long))
    real, calls = post.doors[0].push, []

    async def breaks_at_third(target: Target, parcel: Parcel) -> Receipt:
        calls.append(parcel)
        if len(calls) == 3:
            raise Later(20)
        return await real(target, parcel)

    post.doors[0].push = breaks_at_third  # type: ignore[method-assign]
    await post.run()
    assert len(post.texts()) == 2
    await post.run(21)
    assert "".join(post.texts()) == "头" + long


async def test_what_the_platform_refuses_is_failed_at_once(open_post: Callable[..., Post]) -> None:
    post = open_post(Door(errors=[Refused(40058)]))
    post.queue(Text("一"))
    post.queue(Text("二"))
    await post.run()
    assert post.states() == [PushState.FAILED, PushState.DELIVERED]


async def test_an_unconfirmed_send_is_parked_and_not_repeated(
    open_post: Callable[..., Post],
) -> None:
    post = open_post(Door(errors=[Unconfirmed()]))
    post.queue(Text("一"))
    await post.run()
    await post.run(3600)
    assert post.states() == [PushState.PARKED]
    assert post.texts() == []
    with post.store.writing() as session:
        assert send_again(session, post.clock.now(), 1) == 1
    await post.run()
    assert post.texts() == ["一"]


async def test_nobody_reached_is_tried_again_then_parked(open_post: Callable[..., Post]) -> None:
    post = open_post(Door(errors=[Elsewhere(93006)] * 9))
    post.queue(Text("一"))
    for _ in range(4):
        await post.run(700)
    assert post.states() == [PushState.PARKED]


async def test_a_link_that_is_down_costs_no_attempt(open_post: Callable[..., Post]) -> None:
    post = open_post(Door(up=False))
    post.queue(Text("一"))
    for _ in range(20):
        await post.run(60)
    assert post.states() == [PushState.WAITING]
    post.doors[0].up = True
    await post.run(60)
    assert post.states() == [PushState.DELIVERED]


async def test_the_next_door_is_tried(open_post: Callable[..., Post]) -> None:
    post = open_post(Door("first", errors=[Elsewhere(93001)]), Door("second"))
    post.queue(Text("一"))
    await post.run()
    assert post.texts(1) == ["一"]


async def test_a_door_where_nobody_spoke_comes_last(open_post: Callable[..., Post]) -> None:
    post = open_post(Door("link", needs_heard=True), Door("hook"))
    post.queue(Text("一"))
    await post.run()
    assert post.texts(1) == ["一"]
    alone = open_post(Door("link", needs_heard=True))
    alone.queue(Text("二"), "wr2")
    await alone.run()
    assert "二" in alone.texts()


async def test_a_card_that_no_door_carries_is_said_in_words(open_post: Callable[..., Post]) -> None:
    plain = Abilities(pushes_groups=True, text_bytes=2000, dialect=Dialect.BASIC)
    post = open_post(Door(abilities=plain))
    post.queue(Card(title="两件待办", desc="请看", buttons=(Button("办", "x"),)))
    await post.run()
    assert "两件待办" in post.texts()[0]
    assert "私聊" in post.texts()[0]


async def test_a_killed_sender_leaves_its_lease(open_post: Callable[..., Post]) -> None:
    post = open_post(Door())
    post.queue(Text("一"))
    with post.store.writing() as session:
        row = session.scalars(select(Push)).one()
        row.lease_until = NOW + LEASE
    await post.run()
    assert post.texts() == []
    await post.run(LEASE.total_seconds() + 1)
    assert post.texts() == ["一"]


async def test_files_are_drawn_once_for_all(open_post: Callable[..., Post]) -> None:
    post = open_post(Door())
    with post.store.writing() as session:
        session.add(Group(chatid="wr1", name="一群"))
    for to in ("wr1", "wr2", "wr3"):
        post.queue(Export("unit", "单位"), to)
    await post.run()
    files = [p for _, p in post.doors[0].sent if isinstance(p, FileParcel)]
    assert [f.name for f in files] == ["单位.xlsx"] * 3
    assert files[0].data == files[1].data


async def test_cards_carry_a_task_of_their_own(open_post: Callable[..., Post]) -> None:
    post = open_post(Door())
    post.queue(Card(title="题"), to="zhang", group=False)
    await post.run()
    (parcel,) = [p for _, p in post.doors[0].sent if isinstance(p, CardParcel)]
    assert parcel.card.task == "task"
    assert not [p for _, p in post.doors[0].sent if isinstance(p, PictureParcel)]
