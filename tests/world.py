"""A small company on a desk, with the product beside it: what chat scripts talk to."""

import asyncio
import random
from collections.abc import Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.app import Runtime, build
from bot.clock import FixedClock
from bot.sim.desk import Desk
from bot.sim.messages import Message
from bot.sim.server import Server, serve
from bot.sim.setup import Mode, invent
from config.rules import default_rules
from config.settings import read_settings
from models.group import Group, Heard
from models.number import Counter
from models.person import Grant, Person, Role
from models.project import Grade, Project, Stage
from models.push import Push, PushState
from models.store.engine import Store
from models.unit import BranchType, Unit, UnitAlias, UnitKind
from tests.process import free_port

TUESDAY = datetime(2026, 11, 17, 2, 0, tzinfo=UTC)
"""A Tuesday, 10:00 in Shanghai, in 11月第3周; of the jobs only the digest is caught up with."""


DATA_KEY = "A" * 43 + "="
"""The data key on PostgreSQL; on SQLite there is a key file."""


def inline() -> Executor:
    """Draw in a thread: a process would cost each test a second."""
    return ThreadPoolExecutor(max_workers=1)


class Company:
    """Who there is. Seven branches of three types below one company, each with six people."""

    TYPES = (
        BranchType.SERVICE,
        BranchType.SERVICE,
        BranchType.SERVICE,
        BranchType.SERVICE,
        BranchType.MANAGEMENT,
        BranchType.MANAGEMENT,
        BranchType.BUSINESS,
    )
    NAMES = (
        "城南供电所党支部",
        "城北供电所党支部",
        "变电运维一班党支部",
        "输电运检党支部",
        "办公室党支部",
        "财务部党支部",
        "营销服务党支部",
    )

    def write(self, session: Session) -> None:
        """Everybody and everything, as the import would."""
        session.add(Unit(id=1, code="GS", name="青禾供电公司", kind=UnitKind.COMPANY, path="/1/"))
        session.flush()
        for number, (name, kind) in enumerate(zip(self.NAMES, self.TYPES, strict=True), 1):
            self.branch(session, number, name, kind)
        session.add(Counter(prefix="XM", year=2026, last=len(self.NAMES)))
        self._office(session)

    def branch(self, session: Session, number: int, name: str, kind: BranchType) -> None:
        """One branch with six people, its group ``wr…`` and its project."""
        unit = Unit(
            id=1 + number,
            code=f"B{number}",
            name=name,
            kind=UnitKind.BRANCH,
            branch_type=kind,
            parent_id=1,
            path=f"/1/{1 + number}/",
        )
        session.add(unit)
        session.flush()
        unit.branch_id = unit.id
        session.add(UnitAlias(unit_id=unit.id, alias=name.removesuffix("党支部")))
        for member in range(6):
            userid = f"b{number}p{member}"
            person = Person(
                userid=userid, userid_key=userid, name=f"{name[:2]}员工{member}", unit_id=unit.id
            )
            session.add(person)
            session.flush()
            if member == 0:
                session.add(Grant(person_id=person.id, role=Role.SECRETARY, unit_id=unit.id))
        session.add(Group(chatid=f"wr{number}", name=f"{name}群", unit_id=unit.id))
        session.add(
            Project(
                number=f"XM-2026-{number:04d}",
                unit_id=unit.id,
                year=2026,
                name=f"{name}提升项目",
                stage=Stage.ONGOING,
                grade=Grade.A if number % 2 else Grade.B,
                starts_on=date(2026, 1, 1),
                ends_on=date(2026, 12, 31),
            )
        )

    def _office(self, session: Session) -> None:
        for userid, name, role in (
            ("dangjian", "党建部小周", Role.PARTY_OFFICE),
            ("admin", "系统管理员", Role.ADMIN),
            ("zhuanye", "营销部小吴", Role.SPECIALIST),
            ("shuji", "党委书记", Role.COMMITTEE_SECRETARY),
        ):
            person = Person(userid=userid, userid_key=userid, name=name, unit_id=1)
            session.add(person)
            session.flush()
            session.add(Grant(person_id=person.id, role=role, unit_id=1))


PATIENCE = 60
"""Seconds until an answer is missed: a busy machine is no fault of the product."""
_RULES = default_rules()
_OPEN_DOOR = replace(_RULES.suggestion.anonymous, slow_seconds=0.0, per_second=1000)
PATIENT = replace(
    _RULES,
    intake=replace(_RULES.intake, slow_seconds=PATIENCE),
    suggestion=replace(_RULES.suggestion, anonymous=_OPEN_DOOR),
)
"""Nobody is told "working on it" because the machine that runs the tests is slow, and the anonymous
page, which makes everybody wait alike, does not make the tests wait."""


@cache
def _settled(empty: bytes) -> bytes:
    """A database file with the company in it, made once of what is there before."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "company.db"
        path.write_bytes(empty)
        store = Store(f"sqlite:///{path}")
        with store.writing() as session:
            Company().write(session)
        store.close()
        return path.read_bytes()


class World:
    """The desk and the product, talking over real sockets; time stands still until it is moved."""

    def __init__(self, url: str, start: datetime = TUESDAY, mode: Mode = Mode.LINK) -> None:
        self.url = url
        self.clock = FixedClock(start)
        self.mode = mode
        self.app_hears = True
        self.company = Company()
        self.store = Store(url)

    def settle(self) -> None:
        """Write the company; the schema is there already."""
        path = Path(self.url.removeprefix("sqlite:///"))
        if self.store.is_sqlite and not path.with_name(f"{path.name}-wal").exists():
            path.write_bytes(_settled(path.read_bytes()))
            return
        with self.store.writing() as session:
            self.company.write(session)

    async def open(self, **overrides: Any) -> None:
        """Start the desk, then the product."""
        chance = random.Random(7)
        self.desk = Desk(invent(chance, bot_mode=self.mode), clock=self.clock, chance=chance)
        self._furnish()
        self.server: Server = await serve(self.desk)
        await self.open_product(**overrides)

    async def open_product(self, **overrides: Any) -> None:
        """Start (again) the product beside a desk that is there."""
        environment = {
            **self.server.environment(),
            **({} if self.app_hears else {"ZBT_APP_TOKEN": ""}),
            "ZBT_DATABASE_URL": self.url,
            "ZBT_LISTEN": f"127.0.0.1:{free_port()}",
            "ZBT_SECRET_KEY": "a key for tests",
            "ZBT_DATA_KEYS": "" if self.store.is_sqlite else DATA_KEY,
        }
        overrides.setdefault("rules", PATIENT)
        self.runtime: Runtime = build(
            read_settings(environment), clock=self.clock, executor=inline, **overrides
        )
        await self.runtime.start()
        base = f"http://127.0.0.1:{self.runtime.port}"
        app_url = f"{base}/wecom/app" if self.app_hears else ""
        self.desk.listen(bot_url=f"{base}/wecom/aibot", app_url=app_url, pages=[base])
        if self.mode is Mode.LINK:
            await self.desk.connected()

    def _furnish(self) -> None:
        for number, _ in enumerate(Company.NAMES, 1):
            people = [f"b{number}p{member}" for member in range(6)]
            for userid in people:
                self.desk.add_person(userid, userid)
        for userid in ("dangjian", "admin", "zhuanye", "shuji", "stranger"):
            self.desk.add_person(userid, userid)
        for number, name in enumerate(Company.NAMES, 1):
            members = [f"b{number}p{member}" for member in range(6)]
            self.desk.add_group(f"wr{number}", f"{name}群", [*members, "dangjian", "stranger"])
        self.desk.add_group("wrnew", "新群", ["b1p0", "b1p1", "dangjian"])

    async def close(self) -> None:
        """Stop both."""
        await self.runtime.stop()
        await self.server.stop()
        self.store.close()

    async def say(self, userid: str, text: str, chat: str | None = None, **how: Any) -> Message:
        """Say something (in a group with the mention before it) and read the answer."""
        words = f"@支部通 {text}" if chat else text
        return await self.desk.ask(userid, chat, words, **{"timeout": PATIENCE, **how})

    async def later(self, **distance: float) -> None:
        """Time passes: links notice the silence and come back, jobs that are due are done."""
        await self.runtime.scheduler.sweep()
        await self.delivered()
        self.clock.move_to(self.clock.now() + timedelta(**distance))
        await self.desk.connected(20)
        await self.runtime.scheduler.sweep()
        await self.delivered()

    async def delivered(self) -> None:
        """What is due has left."""
        for _ in range(1000):
            with self.store.reading() as session:
                waiting = session.scalar(
                    select(Push.id)
                    .where(Push.state == PushState.WAITING, Push.not_before <= self.clock.now())
                    .limit(1)
                )
            if waiting is None:
                return
            await asyncio.sleep(0.02)
        raise TimeoutError

    async def open_chats(self, chats: Sequence[str]) -> None:
        """Let the smart bot be known in these groups."""
        with self.store.writing() as session:
            for chat in chats:
                self.desk.activate(chat)
                session.merge(Heard(conversation=chat, channel="link", at=self.clock.now()))
