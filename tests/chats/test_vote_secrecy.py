"""Nothing that is kept joins a vote and a voter (decision 0015).

The same people vote in the same order, once so and once otherwise. Whatever the database and the
log hold must be the same both times, down to the length of what is sealed, as long as the ballot is
open, and for ever if it ends with too few votes. From five votes on only the totals may show.
In the end no sealed counters of before are left in the database's files, log included.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.message import Unsaid
from models.push import Outlet
from models.vault import Secret
from models.vote import SEALED, Counters, Verdict
from tests.chats.test_pledge_pages import press
from tests.chats.test_pledges import POST, caught_up, tap
from tests.chats.test_practice import publish
from tests.hearing import Hearing
from tests.tables import all_tables
from tests.visitor import Visitor
from tests.world import World

NUMBER = "CN-2026-0001"
WORDS = {Verdict.GOOD: "满意", Verdict.FAIR: "基本满意", Verdict.POOR: "不满意"}
TOKEN = re.compile(r"[0-9a-f]{16,64}|\d{16,19}|eyJ[\w.-]+|127\.0\.0\.1:\d+")
"""What chance made: tokens, ids of the platform's messages, signed links, ports."""
SEALS = {("secret", "body"), ("secret", "wrapped")}
NEVER = {"process", "job_run", "alembic_version"}
"""What the machine's own time decides."""

Dump = Mapping[str, Sequence[Sequence[object]]]


def dump(world: World) -> Dump:
    """Every row of every table that is there; of sealed texts the length alone."""
    found: dict[str, list[list[object]]] = {}
    with world.store.reading() as session:
        for table in all_tables(session.connection()):
            if table.name in NEVER:
                continue
            rows = session.execute(select(table)).mappings()
            lines = [[_cell(table.name, key, value) for key, value in row.items()] for row in rows]
            found[table.name] = sorted(lines, key=repr)
    return found


def _cell(table: str, column: str, value: object) -> object:
    if (table, column) in SEALS:
        return len(bytes(value))  # type: ignore[call-overload]
    if table == "outlet" and column != "conversation":
        return "*"  # how far the worker is with what was pushed; nothing is pushed to a voter
    return TOKEN.sub("*", str(value)) if isinstance(value, str | bytes) else value


def differences(one: Dump, other: Dump) -> dict[str, Any]:
    return {
        name: [
            row
            for row in (*one[name], *other[name])
            if row not in one[name] or row not in other[name]
        ]
        for name in one
        if one[name] != other[name]
    }


def said(messages: Sequence[Mapping[str, Any]]) -> list[str]:
    """What was logged of messages; times and what chance made left out."""
    return sorted(
        TOKEN.sub("*", repr({k: v for k, v in one.items() if k not in ("ms", "timestamp")}))
        for one in messages
    )


G, F, P = Verdict.GOOD, Verdict.FAIR, Verdict.POOR
VOTERS = ("b1p0", "b1p2", "b1p3", "b1p4", "b1p5")


@dataclass
class Told:
    """What was kept after each vote and at the end, and what was logged."""

    open: list[Dump] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    ended: Dump = field(default_factory=dict)
    seals: list[bytes] = field(default_factory=list)


def seals(world: World) -> list[bytes]:
    """The sealed counters and their data key, as they lie in the file."""
    with world.store.reading() as session:
        row = session.execute(
            select(Secret.body, Secret.wrapped).where(Secret.kind == SEALED)
        ).one()
    return [*row]


def files(path: Path) -> bytes:
    """Every byte of the database, its log included."""
    return b"".join(file.read_bytes() for file in sorted(path.parent.glob(f"{path.name}*")))


async def cast(world: World, visitor: Visitor, number: int, userid: str, verdict: Verdict) -> None:
    """One vote: in words, by card, on the page, in turn."""
    action = f"vote.cast:{NUMBER}/{verdict.value}"
    match number % 3:
        case 0:
            await visitor.enter(userid)
            await press(visitor, f"/record/{NUMBER}", action)
        case 1:
            await world.say(userid, f"/评诺 {NUMBER} {WORDS[verdict]}")
        case _:
            await tap(world, userid, "vote.next")
            await tap(world, userid, action)
    await world.delivered()


def sealed_counters(world: World, session: Session) -> Counters:
    """The counters of the open ballot, as the holder of the key alone could read them."""
    text = world.runtime.contexts.vault.open(session.connection(), SEALED, NUMBER)
    assert text is not None
    return Counters.read(text)


async def all_said(world: World) -> None:
    """That something has been said is written down in a moment; nothing is left to be."""
    for _ in range(1000):
        await world.runtime.dispatcher.settle()
        with world.store.reading() as session:
            unsaid = session.scalar(select(func.count()).select_from(Unsaid))
            in_hand = select(func.count(Outlet.conversation)).where(Outlet.holder.is_not(None))
            if not unsaid and not session.scalar(in_hand):
                return
        await asyncio.sleep(0.02)
    raise TimeoutError


async def end(world: World) -> None:
    world.clock.move_to(world.clock.now() + timedelta(days=8))
    await world.desk.connected(20)
    await world.runtime.scheduler.sweep()
    await world.delivered()


async def tell(world: World, visitor: Visitor, votes: Mapping[str, Verdict]) -> Told:
    """One story; a look at everything after each vote."""
    await caught_up(world)
    await publish(world, ("b1p1", POST))
    await world.say("b1p0", "/开评")
    await world.delivered()
    told = Told()
    with Hearing() as hearing:
        for number, (userid, verdict) in enumerate(votes.items(), 1):
            world.clock.move_to(world.clock.now() + timedelta(minutes=7))
            await cast(world, visitor, number, userid, verdict)
            await all_said(world)
            told.open.append(dump(world))
            told.seals += seals(world)
        told.said = said(hearing.messages)
    assert len(told.said) >= len(votes)
    assert told.seals[-1] in files(Path(world.url.removeprefix("sqlite:///")))
    with world.store.reading() as session:
        counted = sealed_counters(world, session)
    given = list(votes.values())
    assert counted == Counters(*(given.count(one) for one in Verdict))
    await end(world)
    await all_said(world)
    told.ended = dump(world)
    return told


async def story(tmp_path: Path, template: bytes, name: str, votes: Sequence[Verdict]) -> Told:
    path = tmp_path / name / "test.db"
    path.parent.mkdir()
    path.write_bytes(template)
    world = World(f"sqlite:///{path}")
    world.settle()
    await world.open()
    try:
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(cookie_jar=jar) as session:
            told = await tell(world, Visitor(world, session), dict(zip(VOTERS, votes, strict=True)))
        assert not [seal for seal in told.seals if seal in files(path)]
        return told
    finally:
        await world.close()


async def test_no_row_ties_a_vote_to_a_voter(tmp_path: Path, sqlite_template: bytes) -> None:
    told = await story(tmp_path, sqlite_template, "told", (G, P, F, G, P))
    swapped = await story(tmp_path, sqlite_template, "swapped", (P, G, G, F, P))
    pleased = await story(tmp_path, sqlite_template, "pleased", (G, G, G, G, G))
    for other in (swapped, pleased):
        for number, (one, two) in enumerate(zip(told.open, other.open, strict=True), 1):
            assert differences(one, two) == {}, number
            assert len(one["ballot_roll"]) == number
        assert told.said == other.said
    assert not [line for line in told.said if "'action': 'vote" in line]
    assert differences(told.ended, swapped.ended) == {}
    totals = differences(told.ended, pleased.ended)
    assert set(totals) == {"ballot", "content", "pledge_event"}
    assert told.ended["ballot_roll"] == []
    everything = repr(told.ended["audit"]) + repr(told.ended["message"]) + repr(told.ended["draft"])
    assert "vote.cast" not in everything


async def test_too_few_votes_are_destroyed(both_worlds: World) -> None:
    world = both_worlds
    await caught_up(world)
    await publish(world, ("b1p1", POST))
    await world.say("b1p0", "/开评")
    for userid in VOTERS[:4]:
        await world.say(userid, f"/评诺 {NUMBER} 不满意")
    with world.store.reading() as session:
        assert sealed_counters(world, session) == Counters(poor=4)
    await end(world)
    last = dump(world)
    assert last["ballot_roll"] == []
    assert [row for row in last["secret"] if SEALED in row] == []
    assert [row[-4:] for row in last["ballot"]] == [[4, None, None, None]]
