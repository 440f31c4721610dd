"""Pushes: order, rates, parts, refusals, what is undecidable, and what is degraded."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
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
from bot.deliveries import claim
from bot.outbox import AT_ONCE, Outbox
from bot.papers.studio import Studio
from bot.papers.worker import Desk
from bot.presence import Pace, Presence
from bot.rates import Rates
from bot.writer import Work, Writer
from handlers.content import Button, Card, Content, Export, Text, dump
from models.errors import Unavailable
from models.group import Group, Heard
from models.process import bury, enter
from models.push import Order, Push, PushState, send_again, write_pushes
from models.store.engine import Store

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


class NoBatch:
    """Nothing to keep for a batch."""

    def open(self, connection: Connection, works: Any) -> None: ...
    def begin(self, session: Session) -> None: ...
    def undone(self, session: Session) -> None: ...
    def failed(self, work: Work[Any], error: Exception) -> bool:
        del work, error
        return False

    def close(self, connection: Connection, works: Any) -> None: ...


def order_for(to: str, key: str = "") -> Order:
    return Order(to, True, dump(Text("词")), key or to, NOW, "task")


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

    elsewhere: bool = False

    def reaches(self, target: Target) -> bool:
        there = self.up and not self.elsewhere
        return there and (not self.needs_heard or self.name in target.heard)

    def held_elsewhere(self, target: Target) -> bool:
        return self.elsewhere and self.name in target.heard

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
    presence: Presence
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
        await self.presence.beat()
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


Opens = Callable[..., Awaitable[Post]]


@pytest.fixture
async def open_post(database_url: str) -> AsyncIterator[Opens]:
    made: list[Post] = []

    async def make(*doors: Door, clock: FixedClock | None = None, link: bool = True) -> Post:
        store, clock = Store(database_url), clock or FixedClock(NOW)
        writer = Writer(store.writer, NoBatch())
        writer.start()
        presence = Presence(
            writer,
            clock,
            token=lambda: uuid.uuid4().hex,
            steady=lambda: clock.now().timestamp(),
            pace=Pace(beat=3600),
        )
        await presence.start(listens=link)
        desk = Desk(database_url, NOW, "Asia/Shanghai", "")
        studio = Studio(store, writer, clock, desk, lambda: ThreadPoolExecutor(1))
        outbox = Outbox(writer, doors, clock, studio, Rates(clock.now), presence, attempts=3)
        made.append(Post(store, clock, writer, outbox, list(doors), presence))
        return made[-1]

    yield make
    for post in made:
        await post.outbox.stop()
        await post.presence.stop()
        await post.writer.stop()
        post.store.close()


async def test_order_within_a_conversation_is_kept(open_post: Opens) -> None:
    post = await open_post(Door())
    for number in range(12):
        post.queue(Text(f"{number}"), "wr1" if number % 3 else "wr2")
    await post.run()
    ones = [p.markdown for to, p in post.doors[0].sent if to == "wr1"]  # type: ignore[union-attr]
    assert ones == [str(n) for n in range(12) if n % 3]
    assert set(post.states()) == {PushState.DELIVERED}


async def test_the_same_key_is_one_push(open_post: Opens) -> None:
    post = await open_post(Door())
    with post.store.writing() as session:
        order = Order("wr1", True, dump(Text("一")), "same", NOW)
        write_pushes(session.connection(), [order, order], NOW)
        write_pushes(session.connection(), [order], NOW)
    await post.run()
    assert post.texts() == ["一"]


async def test_the_rate_is_kept_and_used_whole(open_post: Opens) -> None:
    post = await open_post(Door())
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
    open_post: Opens,
) -> None:
    post = await open_post(Door())
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


async def test_what_the_platform_refuses_is_failed_at_once(open_post: Opens) -> None:
    post = await open_post(Door(errors=[Refused(40058)]))
    post.queue(Text("一"))
    post.queue(Text("二"))
    await post.run()
    assert post.states() == [PushState.FAILED, PushState.DELIVERED]


async def test_an_unconfirmed_send_is_parked_and_not_repeated(
    open_post: Opens,
) -> None:
    post = await open_post(Door(errors=[Unconfirmed()]))
    post.queue(Text("一"))
    await post.run()
    await post.run(3600)
    assert post.states() == [PushState.PARKED]
    assert post.texts() == []
    with post.store.writing() as session:
        assert send_again(session, post.clock.now(), 1) == 1
    await post.run()
    assert post.texts() == ["一"]


async def test_nobody_reached_is_tried_again_then_parked(open_post: Opens) -> None:
    post = await open_post(Door(errors=[Elsewhere(93006)] * 9))
    post.queue(Text("一"))
    for _ in range(4):
        await post.run(700)
    assert post.states() == [PushState.PARKED]


async def test_a_link_that_is_down_costs_no_attempt(open_post: Opens) -> None:
    post = await open_post(Door(up=False))
    post.queue(Text("一"))
    for _ in range(20):
        await post.run(60)
    assert post.states() == [PushState.WAITING]
    post.doors[0].up = True
    await post.run(60)
    assert post.states() == [PushState.DELIVERED]


async def test_the_next_door_is_tried(open_post: Opens) -> None:
    post = await open_post(Door("first", errors=[Elsewhere(93001)]), Door("second"))
    post.queue(Text("一"))
    await post.run()
    assert post.texts(1) == ["一"]


async def test_a_door_where_nobody_spoke_comes_last(open_post: Opens) -> None:
    post = await open_post(Door("link", needs_heard=True), Door("hook"))
    post.queue(Text("一"))
    await post.run()
    assert post.texts(1) == ["一"]
    alone = await open_post(Door("link", needs_heard=True))
    alone.queue(Text("二"), "wr2")
    await alone.run()
    assert "二" in alone.texts()


async def test_a_card_that_no_door_carries_is_said_in_words(open_post: Opens) -> None:
    plain = Abilities(pushes_groups=True, text_bytes=2000, dialect=Dialect.BASIC)
    post = await open_post(Door(abilities=plain))
    post.queue(Card(title="两件待办", desc="请看", buttons=(Button("办", "x"),)))
    await post.run()
    assert "两件待办" in post.texts()[0]
    assert "私聊" in post.texts()[0]


async def test_files_are_drawn_once_for_all(open_post: Opens) -> None:
    post = await open_post(Door())
    with post.store.writing() as session:
        session.add(Group(chatid="wr1", name="一群"))
    for to in ("wr1", "wr2", "wr3"):
        post.queue(Export("unit", "单位"), to)
    await post.run()
    files = [p for _, p in post.doors[0].sent if isinstance(p, FileParcel)]
    assert [f.name for f in files] == ["单位.xlsx"] * 3
    assert files[0].data == files[1].data


async def test_cards_carry_a_task_of_their_own(open_post: Opens) -> None:
    post = await open_post(Door())
    post.queue(Card(title="题"), to="zhang", group=False)
    await post.run()
    (parcel,) = [p for _, p in post.doors[0].sent if isinstance(p, CardParcel)]
    assert parcel.card.task == "task"
    assert not [p for _, p in post.doors[0].sent if isinstance(p, PictureParcel)]


# -- several processes -----------------------------------------------------------------------


async def test_two_processes_share_the_work_and_keep_order_and_rate(open_post: Opens) -> None:
    clock = FixedClock(NOW)
    first = await open_post(Door(), clock=clock)
    second = await open_post(Door(), clock=clock, link=False)
    for number in range(100):
        for chat in ("wr1", "wr2", "wr3"):
            first.queue(Text(f"{number}"), chat)
    sent: dict[str, list[tuple[datetime, str]]] = {"wr1": [], "wr2": [], "wr3": []}
    for step in range(60):
        turns = [first, second] if step % 2 else [second, first]
        await asyncio.gather(*(post.run() for post in turns))
        for post in turns:
            for to, parcel in post.doors[0].sent:
                assert isinstance(parcel, TextParcel)
                sent[to].append((clock.now(), parcel.markdown))
            post.doors[0].sent.clear()
        clock.move_to(clock.now() + timedelta(seconds=4))
    for what in sent.values():
        assert [text for _, text in what] == [str(n) for n in range(100)]
        moments = [at for at, _ in what]
        assert all(
            b - a >= timedelta(minutes=1) for a, b in zip(moments, moments[30:], strict=False)
        ), "thirty a minute, whoever sends"


async def test_the_process_with_the_link_delivers_what_needs_it(open_post: Opens) -> None:
    clock = FixedClock(NOW)
    holder = await open_post(Door("link", needs_heard=True), Door("hook"), clock=clock)
    other = await open_post(
        Door("link", needs_heard=True, elsewhere=True), Door("hook"), clock=clock, link=False
    )
    with holder.store.writing() as session:
        session.add(Heard(conversation="wr1", channel="link", at=NOW))
    for number in range(3):
        holder.queue(Text(f"群{number}"), "wr1")
        holder.queue(Text(f"钩{number}"), "wr2")
    await other.run()
    assert other.texts(0) == []
    assert other.texts(1) == ["钩0", "钩1", "钩2"] or other.texts(1) == []
    await holder.run()
    assert holder.texts(0) == ["群0", "群1", "群2"]
    await other.run()
    assert set(holder.states()) <= {PushState.DELIVERED, PushState.WAITING}
    assert [p for p in holder.states() if p is PushState.DELIVERED][:3]


async def test_who_is_not_sure_to_live_sends_nothing(open_post: Opens) -> None:
    post = await open_post(Door())
    post.queue(Text("一"))
    post.clock.move_to(NOW + timedelta(seconds=30))
    assert not post.presence.fresh()
    assert not await post.outbox.pump()
    assert post.texts() == []
    await post.run()
    assert post.texts() == ["一"]


async def test_what_a_killed_process_had_in_hand_is_taken_up(open_post: Opens) -> None:
    clock = FixedClock(NOW)
    dead, heir = await open_post(Door(), clock=clock), await open_post(Door(), clock=clock)
    dead.queue(Text("一"))
    with dead.store.writing() as session:
        taken = claim(session, dead.presence.id, NOW, most=9, linked=True)
    assert [batch.conversation for batch in taken] == ["wr1"]
    await heir.run()
    assert heir.texts() == []
    for _ in range(8):
        await heir.run(1.5)
    assert heir.texts() == ["一"]
    assert heir.states() == [PushState.DELIVERED]


async def test_a_push_that_kills_every_process_is_parked_at_last(open_post: Opens) -> None:
    clock = FixedClock(NOW)
    post = await open_post(Door(), clock=clock)
    post.queue(Text("毒"), "wr1")
    post.queue(Text("好"), "wr1")
    for number in range(3):
        with post.store.writing() as session:
            enter(session, f"victim{number}", NOW, listens=False)
            assert claim(session, f"victim{number}", clock.now(), most=9, linked=True)
            assert bury(session, f"victim{number}", 0, clock.now())
    await post.run()
    assert post.texts() == ["好"]
    assert post.states() == [PushState.PARKED, PushState.DELIVERED]


async def test_what_cannot_be_written_down_is_written_later_and_not_sent_again(
    open_post: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = await open_post(Door())
    post.queue(Text("一"))
    real, failures = post.writer.do, [Unavailable(), Unavailable(), Unavailable()]

    async def away(work: Any, key: str = "") -> Any:
        if post.texts() and failures:
            raise failures.pop()
        return await real(work, key)

    monkeypatch.setattr(post.writer, "do", away)
    monkeypatch.setattr("bot.outbox.AGAIN", (0, 0, 0, 0))
    await post.run()
    assert failures == []
    assert post.texts() == ["一"]
    assert post.states() == [PushState.DELIVERED]


async def test_a_claim_whose_answer_was_lost_is_recovered(
    open_post: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commit happened, the connection broke before we were told."""
    post = await open_post(Door())
    post.queue(Text("一"))
    real = post.writer.do

    async def lost(work: Any, key: str = "") -> Any:
        await real(work, key)
        raise Unavailable

    monkeypatch.setattr(post.writer, "do", lost)
    with pytest.raises(Unavailable):
        await post.outbox.pump()
    monkeypatch.setattr(post.writer, "do", real)
    await post.run()
    assert post.texts() == ["一"]


async def test_a_conversation_taken_in_hand_again_stays_in_hand(
    open_post: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Put down, it is taken up again before the end of its first task is noticed.

    That end must not make the outbox forget the second task: it would end without it, and after a
    lost answer of the database it would free, and send again, what is in hand.
    """
    post = await open_post(Door())
    for number in range(25):
        post.queue(Text(f"{number}"))
    real, outbox = post.writer.do, post.outbox
    begun: list[asyncio.Task[None]] = []

    async def overtaken(work: Any, key: str = "") -> Any:
        result = await real(work, key)
        if len(post.texts()) == 20 and not begun:
            begun.append(outbox._busy["wr1"])
            assert await outbox.pump()
            begun.append(outbox._busy["wr1"])
        return result

    monkeypatch.setattr(post.writer, "do", overtaken)
    assert await outbox.pump()
    await outbox._busy["wr1"]
    first, second = begun
    await asyncio.sleep(0)
    assert first.done()
    assert outbox.busy
    await second
    await asyncio.sleep(0)
    assert not outbox.busy
    assert post.texts() == [str(number) for number in range(25)]


async def test_an_hour_that_is_taken_back_delays_nothing(open_post: Opens) -> None:
    later, clock = NOW + timedelta(hours=1), FixedClock(NOW + timedelta(hours=1))
    post = await open_post(Door(), clock=clock)
    tomorrow = Order("wr2", True, dump(Text("明早")), "morning", later + timedelta(hours=12))
    for number in range(31):
        post.queue(Text(f"{number}"))
    with post.store.writing() as session:
        write_pushes(session.connection(), [tomorrow], later)
    await post.run()
    assert len(post.texts()) == 30
    clock._moment = NOW
    await post.presence.beat()
    await post.outbox.went_back(timedelta(hours=1))
    await post.run()
    await post.run(61)
    assert post.texts() == [str(n) for n in range(31)]


async def test_answers_come_before_broadcasts(open_post: Opens) -> None:
    post = await open_post(Door())
    with post.store.writing() as session:
        orders = [order_for(f"wr{n}") for n in range(200)]
        write_pushes(session.connection(), orders, NOW)
        answer = Order("wr-late", True, dump(Text("答")), "late", NOW, prompt=True)
        write_pushes(session.connection(), [answer], NOW)
    await post.run()
    assert "答" in post.texts()[:AT_ONCE]
    assert len(post.texts()) == 201
