"""A year of branches' projects, played by what people type, beside a reckoning of its own.

From 立项 in January to the conclusion in December everything is a message through the product's own
dispatcher (no desk, no polling), or the publicity job on its day. What it comes to is written down
beside it by a clerk (``tests.clerk``).
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime
from typing import Any, Final, Self

import aiohttp

from bot.app import Runtime, build
from bot.channel import Abilities, Answer, Click, Dialect, Incoming
from config.settings import read_settings
from handlers.context import Context
from handlers.imports import Table, import_tables
from models.store.engine import Store
from tests.clerk import COMPANY, HOMES, POINTS, YEAR, Book, Line, Size
from tests.days import SHANGHAI, Days
from tests.faces import Reader
from tests.process import free_port
from tests.world import PATIENT, inline

TOGETHER: Final = 32
HEARS: Final = Abilities(answer_bytes=20_480, answer_cards=True, answer_dialect=Dialect.FULL)


def tables(rows: Mapping[str, Sequence[Sequence[Any]]]) -> dict[str, Table]:
    """Sheets of a workbook: the first row of each is its head."""
    return {
        name: Table(
            name,
            tuple(sheet[0]),
            [(at, dict(zip(sheet[0], row, strict=True))) for at, row in enumerate(sheet[1:], 2)],
        )
        for name, sheet in rows.items()
    }


UNITS: Final = ("编码", "名称", "类别", "支部类型", "上级编码", "并入编码")
PEOPLE: Final = ("userid", "姓名", "单位编码", "政治面貌")
ROLES: Final = ("userid", "角色", "单位编码")


def unit_row(line: Line, into: str | None = None) -> Sequence[Any]:
    return (f"B{line.no}", line.branch, "党支部", line.type, f"C{line.place}", into)


def company(lines: Iterable[Line]) -> dict[str, Table]:
    """The workbook with which the year begins."""
    lines = list(lines)
    return tables(
        {
            "单位": [
                UNITS,
                ("GS", COMPANY, "公司", None, None, None),
                *((f"C{n}", name, "公司", None, "GS", None) for n, name in enumerate(HOMES)),
                ("YX", "市场营销部", "部门", None, "GS", None),
                ("SB", "设备管理部", "部门", None, "GS", None),
                ("DJ", "党委党建部", "部门", None, "GS", None),
                *map(unit_row, lines),
            ],
            "人员": [
                PEOPLE,
                ("zy1", "营销专责", "YX", "中共党员"),
                ("zy2", "设备专责", "SB", "中共党员"),
                ("dj", "党建专责", "DJ", "中共党员"),
                *((f"pw{n}", f"评委{'甲乙丙'[n]}", "DJ", "中共党员") for n in range(3)),
                *(person for line in lines for person in members(line)),
            ],
            "角色": [
                ROLES,
                ("zy1", "专业部门", "GS"),
                ("zy2", "专业部门", "GS"),
                ("dj", "党建部", "GS"),
                *((f"s{line.no}", "书记", f"B{line.no}") for line in lines),
            ],
        }
    )


def members(line: Line) -> Iterator[Sequence[Any]]:
    yield (f"s{line.no}", f"书记{line.no}", f"B{line.no}", "中共党员")
    yield (f"m{line.no}", f"党员{line.no}", f"B{line.no}", "中共党员")


def proposal(line: Line, target: str = "97.5", year: int = YEAR) -> str:
    """What a secretary pastes in January."""
    points = [
        f"{year}年{month}月{day}日 第{n}步 {share}%"
        for n, (day, month, share) in enumerate(POINTS, 1)
        if year > YEAR or date(year, month, day) > line.begun
    ]
    return "\n".join(
        (
            "【立项申报】",
            f"项目名称：{line.name}",
            f"业务：{line.no}号业务",
            f"问题：{line.no}个台区长期不达标，责任不明",
            "机制：党员包台区、周通报月销号",
            "指标名称：合格率",
            "指标单位：%",
            "指标方向：提升",
            "基线：91.2",
            f"目标：{target}",
            "立项方向：安全质量",
            "党建+领域：供电服务",
            "四个融入：安全生产",
            f"专业：{line.specialty}",
            "计划：三月摸排，六月过半",
            "预期目标：清零",
            "措施：一台一策",
            "工作制度：周例会",
            "验收标准：连续三个月达标",
            f"骨干：党员{line.no}",
            "里程碑：" + "\n".join(points),
        )
    )


class Play:
    """The product with its clock, and people who type."""

    def __init__(self, url: str, start: datetime, size: Size) -> None:
        self.size = size
        self.days = Days(Store(url), start, sources=())
        self.clock = self.days.clock
        settings = {"ZBT_DATABASE_URL": url, "ZBT_SECRET_KEY": "a key for tests"}
        self.runtime: Runtime = build(
            read_settings({**settings, "ZBT_LISTEN": f"127.0.0.1:{free_port()}"}),
            clock=self.clock,
            rules=PATIENT,
            executor=inline,
        )
        self.book = Book(size)
        self._count = 0

    async def __aenter__(self) -> Self:
        await self.runtime.start(serve=False, listen=False, deliver=False)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.runtime.stop()
        self.days.store.close()

    @asynccontextmanager
    async def reader(self, who: str) -> AsyncIterator[Reader]:
        """Somebody at the pages; they are opened once, without the clock of the jobs."""
        if not self.runtime.port:
            await self.runtime._serve()
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(cookie_jar=jar) as session:
            reader = Reader(self, session)
            await reader.enter(who)
            yield reader

    def organise(self, sheets: Mapping[str, Table]) -> None:
        """What an administrator's workbook does."""
        now = self.clock.now()
        with self.days.store.writing() as session:
            import_tables(
                session,
                dict(sheets),
                now=now,
                today=self.days.today,
                api_base="",
                actor="test",
            )

    def on(self, month: int, day: int, hour: int = 10, year: int = YEAR) -> datetime:
        """Let it be that hour."""
        moment = datetime(year, month, day, hour, tzinfo=SHANGHAI)
        self.clock.move_to(moment)
        return moment

    async def say(self, who: str, text: str) -> str:
        return await self._do(who, text=text)

    async def press(self, who: str, action: str) -> str:
        return await self._do(who, click=Click("card", action))

    async def _do(self, who: str, **what: Any) -> str:
        self._count += 1
        incoming = Incoming(
            channel="link",
            message_id=f"year:{self._count}",
            sender=who,
            received_at=self.clock.now(),
            **what,
        )
        answer = await self.runtime.handle(incoming, HEARS) or Answer()
        shown = answer.update or answer.card
        return answer.text + (f"\n{shown.title} {shown.body}" if shown else "")

    async def each(
        self, lines: Iterable[Line], what: Callable[[Line], tuple[str, str]], expect: str
    ) -> None:
        """Everybody says something, many at once, and is told what is expected."""
        asked = [(line, *what(line)) for line in lines]
        for at in range(0, len(asked), TOGETHER):
            some = asked[at : at + TOGETHER]
            answers = await asyncio.gather(*(self.say(who, text) for _, who, text in some))
            for (line, who, text), answer in zip(some, answers, strict=True):
                assert expect in answer, (line.no, who, text, answer)

    def look(self, who: str, then: Callable[[Context], Any]) -> Any:
        """What somebody sees on a page."""
        with self.days.store.reading() as session:
            return then(self.runtime.contexts.reading(session, who))
