"""Ten thousand pushes to five hundred groups at the platform's rate, on a clock of our own.

``python -m tests.bench.pushes``. The clock moves on a second whenever nothing more may leave, so
what is measured is waste, not the machine. Ideal is what the rate of a webhook allows the busiest
group; the desk enforces it with the same clock and notes each breach.
"""

import asyncio
import logging
import tempfile
import time
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import func, or_, select

from bot.channel import Abilities
from bot.logs import set_up_logs
from handlers.content import Text, dump
from models.group import Group
from models.push import Order, Outlet, Push, PushState, write_pushes
from models.store.schema import migrate
from tests.world import World

GROUPS, PUSHES = 500, 10_000
BUSY, MANY = 25, 200
"""So many groups get so many each; the others share the rest, all of it within a minute's rate."""
TARGET = 0.95


def targets() -> list[str]:
    """The group of each push, in turn, as broadcasts of many days would queue up."""
    left = Counter({f"bench{number}": MANY for number in range(BUSY)})
    few = (PUSHES - BUSY * MANY) // (GROUPS - BUSY)
    left.update({f"bench{number}": few for number in range(BUSY, GROUPS)})
    left["bench0"] += PUSHES - left.total()
    return [name for turn in range(max(left.values())) for name in left if turn < left[name]]


def measure(folder: Path) -> None:
    """Print seconds of the clock against the ideal, and what a push costs the processor."""
    set_up_logs(level=logging.ERROR)
    url = f"sqlite:///{folder / 'pushes.db'}"
    migrate(url)
    asyncio.run(_measure(World(url)))


async def _measure(world: World) -> None:
    world.settle()
    await world.open()
    to = targets()
    try:
        abilities = next(c.abilities for c in world.runtime.doors.channels if c.name == "webhook")
        _queue(world, to)
        begun, clock = time.process_time(), world.clock.now()
        while await _left(world):
            world.clock.move_to(world.clock.now() + timedelta(seconds=1))
            world.runtime.outbox.wake()
        spent = (world.clock.now() - clock).total_seconds()
        cost = (time.process_time() - begun) / len(to) * 1e6
        _print(world, to, abilities, spent, cost)
    finally:
        await world.close()


def _queue(world: World, to: list[str]) -> None:
    now: datetime = world.clock.now()
    for name in sorted(set(to)):
        world.desk.add_group(name, name, ["b1p0"], webhook=f"key-{name}")
    orders = [
        Order(name, True, dump(Text(f"第{number}条")), f"bench:{number}", now)
        for number, name in enumerate(to)
    ]
    with world.store.writing() as session:
        hook = world.desk.webhook_url
        session.add_all(Group(chatid=name, name=name, webhook=hook(name)) for name in set(to))
        session.flush()
        write_pushes(session.connection(), orders, now)
    world.runtime.outbox.wake()


async def _left(world: World) -> int:
    """How many still wait, once nothing more may leave at this hour."""
    while True:
        await asyncio.sleep(0.02)
        with world.store.reading() as session:
            in_hand = session.scalar(
                select(func.count())
                .select_from(Outlet)
                .where(or_(Outlet.holder.is_not(None), Outlet.due_at <= world.clock.now()))
            )
            if not in_hand and not world.runtime.outbox.busy:
                waiting = select(func.count()).select_from(Push)
                return session.scalar(waiting.where(Push.state == PushState.WAITING)) or 0


def _print(world: World, to: list[str], abilities: Abilities, spent: float, cost: float) -> None:
    ideal = 60 * ((max(Counter(to).values()) - 1) // abilities.per_minute)
    with world.store.reading() as session:
        states = Counter(session.scalars(select(Push.state)))
    breaches = len(world.desk.violations)
    if states[PushState.DELIVERED] < len(to):
        raise RuntimeError(str(states))
    print(
        f"{len(to)} pushes, {len(set(to))} groups, the busiest {max(Counter(to).values())}:"
        f" {spent:.0f} s of the clock, ideal {ideal}: {ideal / spent:.3f}   (target >= {TARGET});"
        f" {breaches} breaches of the rate; processor a push, desk included, {cost:.0f} µs"
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="bench-") as made:
        measure(Path(made))
