"""A whole installation to break: a desk that plays WeCom, a database, products as real processes.

What people say and what is pushed is written down here, and afterwards held against what the
database holds and what the desk has seen.
"""

import asyncio
import random
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from bot.clock import SystemClock
from bot.sim.codes import BAD_PARAMETER
from bot.sim.desk import Desk
from bot.sim.server import Server, serve
from bot.sim.setup import Mode, Timings, invent
from bot.writer import is_contention
from handlers.content import Text, dump
from models.group import Heard
from models.message import Unsaid
from models.progress import Progress
from models.push import Order, Outlet, Push, PushState, write_pushes
from models.store.engine import Store
from tests.process import Driver, Product, free_port
from tests.world import Company, World

NUMBER = re.compile(r"JZ-\d{4}-\d+")
RECOVERY = 60.0
"""Seconds within which everything works again after a fault has ended (issue H)."""
TRIES, WAITS = 4, 5.0
"""How often the platform delivers a callback, and how long it waits for each answer."""


@dataclass
class Plant:
    """An installation. ``count`` products share the database."""

    url: str
    folder: Path
    mode: Mode = Mode.URL
    count: int = 1
    extra: dict[str, str] = field(default_factory=dict)
    chance: random.Random = field(default_factory=lambda: random.Random(5))
    products: list[Product] = field(default_factory=list)
    ever: list[Product] = field(default_factory=list)
    spoken: dict[str, str] = field(default_factory=dict)
    started: int = 0

    async def open(self) -> None:
        """Everything up."""
        world = World(self.url)
        world.settle()
        world.store.close()
        self.store = Store(self.url)
        timings = Timings(pause=0.5, answer=WAITS)
        setup = invent(self.chance, bot_mode=self.mode, timings=timings)
        self.desk = Desk(setup, clock=SystemClock(), chance=self.chance)
        self._furnish()
        self.port = free_port()
        await self.open_desk()
        await asyncio.gather(*(self.add() for _ in range(self.count)))
        if self.mode is Mode.LINK:
            await self.desk.connected(30)

    async def open_desk(self) -> None:
        """Let WeCom be there, at the address where it was."""
        self.server: Server = await serve(self.desk, port=self.port)

    async def close_desk(self) -> None:
        """WeCom refuses connections."""
        await self.server.stop()

    def _furnish(self) -> None:
        for number, name in enumerate(Company.NAMES, 1):
            people = [f"b{number}p{member}" for member in range(6)]
            for userid in people:
                self.desk.add_person(userid, userid)
            self.desk.add_group(f"wr{number}", f"{name}群", people)
            self.desk.activate(f"wr{number}")
        for userid in ("dangjian", "admin", "zhuanye", "shuji"):
            self.desk.add_person(userid, userid)
        with self.store.writing() as session:
            now = SystemClock().now()
            for number, _ in enumerate(Company.NAMES, 1):
                session.add(Heard(conversation=f"wr{number}", channel="link", at=now))

    async def add(self) -> Product:
        """One more product; the desk's settings, and ours for callbacks."""
        self.started += 1
        folder = self.folder / f"product{self.started}"
        folder.mkdir()
        setup = self.desk.setup
        driven = {"ZBT_AIBOT_TOKEN": setup.bot_token, "ZBT_AIBOT_AES_KEY": setup.bot_aes_key}
        environment = {**driven, **self.server.environment(), **self.extra}
        product = Product(self.url, folder, extra=environment)
        self.ever.append(product)
        await product.start()
        self.desk.listen(app_url=f"{product.base}/wecom/app")
        self.products.append(product)
        return product

    async def close(self) -> None:
        """End everything; a product that cannot end in an orderly way is a fault of its own."""
        ended = await asyncio.gather(
            *(asyncio.to_thread(p.end) for p in self.products if p.is_running)
        )
        await self.server.stop()
        self.store.close()
        assert set(ended) <= {0}

    def kill(self, product: Product) -> None:
        """``kill -9``."""
        product.kill()
        self.products.remove(product)

    async def recovers(self, works: Callable[[], Awaitable[bool]]) -> float:
        """Seconds until something works (again)."""
        begun = time.monotonic()
        while not await works():
            assert time.monotonic() - begun < RECOVERY, self.logs()
            await asyncio.sleep(0.1)
        return time.monotonic() - begun

    async def rest(self, *, lost: int = 0) -> int:
        """Nothing is left in hand, and what was said over the link was answered where it was said.

        Returns how much of that was lost: what the platform could tell nobody, and what at most so
        many processes or connections had just heard when they died.
        """
        nobody = [e for e in self.desk.platform.journal.entries if e.note.startswith("lost")]
        most = len(nobody) + 7 * lost

        async def at_rest() -> bool:
            return await self._is_at_rest() and len(self._unheard()) <= most

        await self.recovers(at_rest)
        assert self._refused() == 0
        missing, numbers = self._unheard(), self._numbers()
        silent = [
            said
            for said, chat in self.spoken.items()
            if said in numbers and not any(numbers[said] in m.text for m in self.desk.heard(chat))
        ]
        assert silent == []
        return len(missing)

    def _numbers(self) -> dict[str, str]:
        with self.store.reading() as session:
            rows = session.execute(select(Progress.said, Progress.number)).all()
        return {row.said: row.number for row in rows}

    def _refused(self) -> int:
        """Pushes that are not what the platform takes: those are ours to mend."""
        ours = (Push.state == PushState.FAILED, Push.code == BAD_PARAMETER)
        with self.store.reading() as session:
            return session.scalar(select(func.count()).select_from(Push).where(*ours)) or 0

    def _unheard(self) -> list[str]:
        numbers = self._numbers()
        return [said for said in self.spoken if said not in numbers]

    async def _is_at_rest(self) -> bool:
        """No process holds a conversation for nothing, and everything that was stored is said."""
        await asyncio.sleep(0)
        with self.store.reading() as session:
            held = select(func.count()).select_from(Outlet).where(Outlet.holder.is_not(None))
            unsaid = select(func.count()).select_from(Unsaid)
            # What jobs say at night waits for the morning.
            due = (Push.state == PushState.WAITING, Push.not_before <= SystemClock().now())
            waiting = select(func.count()).select_from(Push).where(*due)
            return not any(session.scalar(query) for query in (held, unsaid, waiting))

    def logs(self) -> str:
        """The ends of what the products wrote."""
        return "\n".join(
            product.log.read_text("utf-8", "replace")[-1500:] for product in self.products
        )


@asynccontextmanager
async def plant(*args: Any, **how: Any) -> AsyncIterator[Plant]:
    """An open installation, ended afterwards."""
    made = Plant(*args, **how)
    try:
        await made.open()
        yield made
    except BaseException:
        for product in made.ever:
            if product.is_running:
                product.kill()
        await made.server.stop()
        made.store.close()
        raise
    await made.close()


@dataclass
class Crowd:
    """Many people who report at once, through callbacks delivered as the platform does."""

    plant: Plant
    senders: int = 16
    rest: float = 0.0
    said: dict[str, str] = field(default_factory=dict)
    heard: dict[str, str] = field(default_factory=dict)
    slowest: float = 0.0
    _stop: asyncio.Event = field(default_factory=asyncio.Event)
    _task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to speak."""
        self._stop.clear()
        self._task = asyncio.create_task(self._speak())

    async def stop(self) -> None:
        """Let everybody finish what they are saying."""
        self._stop.set()
        assert self._task is not None
        await self._task

    async def _speak(self) -> None:
        async with aiohttp.ClientSession() as session:
            await asyncio.gather(*(self._one(session, n) for n in range(self.senders)))

    async def _one(self, session: aiohttp.ClientSession, number: int) -> None:
        while not self._stop.is_set():
            message_id = f"m{len(self.said)}"
            self.said[message_id] = f"b{1 + number % 7}p{number % 6}"
            begun = time.monotonic()
            if await self.deliver(session, message_id):
                self.slowest = max(self.slowest, time.monotonic() - begun)
            await asyncio.sleep(self.rest)

    async def deliver(self, session: aiohttp.ClientSession, message_id: str) -> bool:
        """Deliver up to four times, to whichever product the balancer picks."""
        for _ in range(TRIES):
            if await self.attempt(session, message_id):
                return True
            await asyncio.sleep(0.5)
        return False

    async def attempt(self, session: aiohttp.ClientSession, message_id: str) -> bool:
        """Deliver once; whether it was answered with a number."""
        products = self.plant.products
        if not products:
            return False
        driver = Driver.of(self.plant.chance.choice(products))
        body = driver.body(message_id, self.said[message_id], f"/进展 99% 第{message_id[1:]}项")
        try:
            async with asyncio.timeout(WAITS):
                answer = await driver.post(session, body)
        except (aiohttp.ClientError, OSError, TimeoutError):
            return False
        found = NUMBER.search(answer)
        if found is None:
            return False  # "working on it": the result follows by push
        known = self.heard.setdefault(message_id, found.group())
        assert known == found.group(), "an acknowledged message changed its number"
        return True

    async def has(self, count: int) -> None:
        """Wait until so many reports have been acknowledged."""
        while len(self.heard) < count:  # noqa: ASYNC110  (real processes, real time)
            await asyncio.sleep(0.05)

    async def works(self) -> bool:
        """Whether a new message is answered."""
        message_id = f"m{len(self.said)}"
        self.said[message_id] = "b1p1"
        async with aiohttp.ClientSession() as session:
            return await self.attempt(session, message_id)

    async def again(self) -> None:
        """The platform delivers everything once more."""
        waiting = list(self.said)
        async with aiohttp.ClientSession() as session:

            async def one() -> None:
                while waiting:
                    message_id = waiting.pop()
                    assert await self.deliver(session, message_id), message_id

            await asyncio.gather(*(one() for _ in range(self.senders)))

    def check(self) -> None:
        """Every acknowledged report is stored once, under its number; nothing is stored twice."""
        with self.plant.store.reading() as session:
            rows = session.execute(select(Progress.said, Progress.number)).all()
        stored = Counter(row.said for row in rows)
        assert {said: n for said, n in stored.items() if n > 1} == {}
        numbers = {row.said: row.number for row in rows}
        for message_id, number in self.heard.items():
            assert numbers.get(f"第{message_id[1:]}项") == number, message_id
        assert len(set(self.heard.values())) == len(self.heard)


@dataclass
class Mail:
    """Pushes to groups and people, and what of them the desk has seen."""

    plant: Plant
    queued: list[str] = field(default_factory=list)

    def queue(
        self, count: int, targets: Iterable[str] = (), *, ahead: timedelta = timedelta(0)
    ) -> None:
        """So many pushes, in turn to all groups and members (or to these).

        ``ahead``  by how much the products' clock is before ours
        """
        people = [f"b{n}p{m}" for n in range(1, 8) for m in range(6)]
        to = list(targets) or [*people, *(f"wr{n}" for n in range(1, 8))]
        now = SystemClock().now() + ahead
        first = len(self.queued)
        self.queued += [f"推{number}号" for number in range(first, first + count)]
        orders = [
            Order(
                conversation=(name := to[n % len(to)]),
                to_group=name.startswith("wr"),
                body=dump(Text(text)),
                dedupe=f"mail:{text}",
                not_before=now,
            )
            for n, text in enumerate(self.queued[first:], first)
        ]
        while not self._write(orders, now):
            pass

    def _write(self, orders: list[Order], now: datetime) -> bool:
        """False if a batch of the products was in the way: again, as their own writer does."""
        try:
            with self.plant.store.writing() as session:
                write_pushes(session.connection(), orders, now)
        except DBAPIError as error:
            if not is_contention(error):
                raise
            return False
        return True

    def arrived(self) -> Counter[str]:
        """How often each push was seen."""
        wanted = set(self.queued)
        return Counter(
            message.text for message in self.plant.desk.platform.messages if message.text in wanted
        )

    async def all_there(self) -> bool:
        """Whether every push has been seen."""
        await asyncio.sleep(0)
        return len(self.arrived()) == len(self.queued)

    def check(self, doubtful: int = 0) -> int:
        """Everything arrived, at most so many twice; nothing is left in hand. How many doubles."""
        seen = self.arrived()
        assert set(seen) == set(self.queued)
        double = {text: n for text, n in seen.items() if n > 1}
        assert len(double) <= doubtful, double
        assert max(seen.values(), default=1) <= 2 + doubtful
        return len(double)

    async def settled(self, parked: int) -> bool:
        """Whether all but so many parked ones are delivered."""
        await asyncio.sleep(0)
        with self.plant.store.reading() as session:
            states = Counter(
                session.scalars(select(Push.state).where(Push.dedupe.startswith("mail:")))
            )
        return states == Counter(
            {PushState.PARKED: parked, PushState.DELIVERED: len(self.queued) - parked}
        )


async def speaks(site: Plant, seconds: float = 40) -> None:
    """One member of each group says something every three seconds: below the platform's rate."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for number in range(1, 8):
            said = f"话{len(site.spoken)}"
            site.spoken[said] = f"wr{number}"
            words = f"@{site.desk.setup.bot_names[0]} /进展 99% {said}"
            await site.desk.say(f"b{number}p2", f"wr{number}", words)
        await asyncio.sleep(3)


def memory_of(product: Product) -> float:
    """MB that a product holds in memory."""
    assert product.process is not None
    status = Path(f"/proc/{product.process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


REPORT: list[str] = []
"""What was measured, for the end of the run."""


def report(name: str, *, crowd: "Crowd | None" = None, **figures: float) -> None:
    """Note what a fault did."""
    if crowd is not None:
        figures["acknowledged"] = len(crowd.heard)
    words = ", ".join(f"{key} {value:.4g}" for key, value in figures.items())
    REPORT.append(f"{name}: {words}")
