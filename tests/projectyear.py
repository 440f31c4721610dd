"""A year of branches' projects, played by what people type, beside a reckoning of its own.

From 立项 in January to the conclusion in December everything is a message through the product's own
dispatcher (no desk, no polling), or the publicity job on its day. ``Book`` is what a clerk with a
pencil would have written down beside it: it shares no rule with the product.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final, Self

from bot.app import Runtime, build
from bot.channel import Abilities, Answer, Click, Dialect, Incoming
from config.settings import read_settings
from handlers.context import Context
from handlers.imports import Table, import_tables
from models.store.engine import Store
from tests.days import SHANGHAI, Days
from tests.world import PATIENT

YEAR: Final = 2026


@dataclass(frozen=True)
class Size:
    """How many branches there are, how many projects become 重点 and 突出贡献 by decisions.

    In June some apply for A: ``promoted`` get it, ``declined`` do not, and one A is graded down. In
    August the last branch goes into the one before it, and a new one is set up.
    """

    branches: int
    keys: int
    outstanding: int
    promoted: int
    declined: int

    @property
    def chosen(self) -> int:
        """So many are A when they are approved."""
        return self.keys - self.promoted + 1

    @property
    def merged(self) -> int:
        return self.branches

    @property
    def heir(self) -> int:
        return self.branches - 1

    @property
    def created(self) -> int:
        return self.branches + 1


PUBLISHED: Final = Size(305, 213, 113, 33, 7)
"""As published (DOMAIN.md 1 and 2)."""
TENTH: Final = Size(30, 21, 11, 4, 2)
HOMES: Final = ("东城供电公司", "西城供电公司", "北郊供电公司")
TYPES: Final = ("生产服务型", "管理型", "生产服务型", "经营型", "生产服务型")
POINTS: Final = ((31, 3, 20), (30, 6, 50), (31, 10, 90))
"""Day, month and percent of the milestones."""
TOGETHER: Final = 32
RUBRIC: Final = (25, 25, 30, 20)
HEARS: Final = Abilities(answer_bytes=20_480, answer_cards=True, answer_dialect=Dialect.FULL)
PACES: Final[Mapping[int, Sequence[int | None]]] = {
    0: (22, 45, 70, 88, 100),
    1: (15, 36, 60, 80, 100),
    2: (9, 20, 41, 66, 100),
    3: (None, 8, 15, 30, 100),
    4: (12, None, None, None, 100),
}
"""Percents that are reported in March, May, July, September and November; None: nothing is."""
MONTHS: Final = (3, 5, 7, 9, 11)
SCORES: Final = ((5, 4), (4, 4), (5, 5))
"""What makes an outstanding project; the others get one of those that do not."""
TOO_LOW: Final = ((5, 3), (3, 5), (4, 3), (3, 3), (5, 2), (2, 2))


@dataclass
class Line:
    """What the clerk knows of a branch and its project."""

    no: int
    number: str = ""
    grade: str = ""
    stage: str = ""
    begun: date = date(YEAR, 1, 20)
    reports: list[tuple[datetime, int]] = field(default_factory=list)
    marks: list[tuple[int, ...]] = field(default_factory=list)
    scores: tuple[int, int] | None = None
    gone: bool = False

    @property
    def branch(self) -> str:
        return f"第{self.no:03d}供电所党支部"

    @property
    def type(self) -> str:
        return TYPES[self.no % len(TYPES)]

    @property
    def home(self) -> str:
        return HOMES[self.no % len(HOMES)]

    @property
    def name(self) -> str:
        return f"{self.no:03d}号{('线损清零', '缺陷消除', '收费提速')[self.no % 3]}项目"

    @property
    def pace(self) -> Sequence[int | None]:
        return PACES[(self.no * 7) % len(PACES)]

    @property
    def judge(self) -> str:
        return "zy1" if self.no % 2 else "zy2"

    @property
    def outstanding(self) -> bool:
        return self.scores is not None and min(self.scores) >= 4

    @property
    def mean(self) -> Decimal:
        """The jury's figure, one decimal, half up."""
        total = sum(w * p for one in self.marks for w, p in zip(RUBRIC, one, strict=True))
        whole = Decimal(total) / 100 / len(self.marks)
        return whole.quantize(Decimal("0.1"), ROUND_HALF_UP)

    def percent(self, at: datetime) -> tuple[datetime, int] | None:
        """The last report before a moment."""
        return max((report for report in self.reports if report[0] <= at), default=None)

    def planned(self, day: date) -> Decimal:
        """Counted day by day, each day its even share of the way to the next milestone."""
        stops = [(date(YEAR, month, d), share) for d, month, share in POINTS]
        if self.begun.month > 1:
            stops = [stop for stop in stops if stop[0] > self.begun]
        stops.append((date(YEAR, 12, 31), 100))
        reached, share, last = Decimal(0), 0, self.begun - timedelta(days=1)
        for stop, goal in stops:
            days = (stop - last).days
            if day <= stop:
                reached = share + Decimal((goal - share) * (day - last).days) / days
                return max(reached, Decimal(0)).quantize(Decimal("0.1"))
            share, last = goal, stop
        return Decimal(100)


class Book(dict[int, Line]):
    """All branches by their number in the story."""

    def standing(self) -> list[Line]:
        return [line for line in self.values() if not line.gone]


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
    parent = f"C{line.no % len(HOMES)}"
    return (f"B{line.no}", line.branch, "党支部", line.type, parent, into)


def company(lines: Iterable[Line]) -> dict[str, Table]:
    """The workbook with which the year begins."""
    lines = list(lines)
    return tables(
        {
            "单位": [
                UNITS,
                ("GS", "青禾电力公司", "公司", None, None, None),
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


def proposal(line: Line, target: str = "97.5") -> str:
    """What a secretary pastes in January."""
    points = [
        f"{YEAR}年{month}月{day}日 第{n}步 {share}%"
        for n, (day, month, share) in enumerate(POINTS, 1)
        if date(YEAR, month, day) > line.begun
    ]
    specialty = "营销服务" if line.no % 2 else "设备运检"
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
            f"专业：{specialty}",
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
            read_settings({**settings, "ZBT_LISTEN": "127.0.0.1:1"}),
            clock=self.clock,
            rules=PATIENT,
        )
        self.book = Book({no: Line(no) for no in range(1, size.branches + 1)})
        self._count = 0

    async def __aenter__(self) -> Self:
        await self.runtime.start(serve=False, listen=False, deliver=False)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.runtime.stop()
        self.days.store.close()

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
