"""What a clerk with a pencil writes down beside a year of projects.

It shares no rule with the product, and no word but those on the printed forms. The tables are rows
of words, the head first, as they are to be read on every face (``tests.faces``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, NamedTuple

from tests.days import SHANGHAI

YEAR: Final = 2026
Table = list[list[str]]


@dataclass(frozen=True)
class Size:
    """How many branches there are, how many projects become 重点 and 突出贡献 by decisions.

    In June some apply for A: ``promoted`` get it, ``declined`` do not, and one A is graded down. In
    August the last branch goes into the one before it, one hangs elsewhere, a new one is set up.
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
    def rehung(self) -> int:
        return self.branches - 2

    @property
    def created(self) -> int:
        return self.branches + 1


PUBLISHED: Final = Size(305, 213, 113, 33, 7)
"""As published (DOMAIN.md 1 and 2)."""
TENTH: Final = Size(30, 21, 11, 4, 2)
COMPANY: Final = "青禾电力公司"
HOMES: Final = ("东城供电公司", "西城供电公司", "北郊供电公司")
TYPES: Final = ("生产服务型", "管理型", "生产服务型", "经营型", "生产服务型")
KINDS: Final = ("管理型", "生产服务型", "经营型")
"""In the order in which they stand on papers."""
POINTS: Final = ((31, 3, 20), (30, 6, 50), (31, 10, 90))
"""Day, month and percent of the milestones."""
RUBRIC: Final = (25, 25, 30, 20)
PACES: Final[Mapping[int, Sequence[str | None]]] = {
    0: ("22", "45", "70", "88", "100"),
    1: ("15", "36", "60", "80", "100"),
    2: ("9", "20", "41", "66", "100"),
    3: (None, "8", "15", "30", "100"),
    4: ("12", None, None, None, "100"),
    # On plan to the tenth on the fifth of May, and silent for two months: that is lagging, too.
    5: ("31.5", None, "70.5", "90", "100"),
}
"""Percents that are reported in March, May, July, September and November; None: nothing is."""
MONTHS: Final = (3, 5, 7, 9, 11)
LIGHTS: Final = (("green", "正常推进"), ("yellow", "偏慢"), ("red", "滞后"), ("", "没有数据"))


class Report(NamedTuple):
    """What was reported."""

    at: datetime
    percent: Decimal
    said: str


class Applied(NamedTuple):
    """One 晋级申报."""

    line: "Line"
    before: str
    at: datetime
    decided: datetime
    granted: bool


class Moved(NamedTuple):
    """One line of the 动态调整表 as it is in the end."""

    unit: str
    cause: str
    project: str
    outcome: str
    into: str
    joined: str
    at: datetime
    why: str
    settler: str
    settled: datetime


@dataclass
class Line:
    """What the clerk knows of a branch and its project."""

    no: int
    number: str = ""
    grade: str = ""
    stage: str = ""
    begun: date = date(YEAR, 1, 20)
    reports: list[Report] = field(default_factory=list)
    marks: list[tuple[int, ...]] = field(default_factory=list)
    scores: tuple[int, int] | None = None
    gone: bool = False
    hung: int = 0
    """So many companies further on than at first."""
    target: str = "97.5"

    @property
    def branch(self) -> str:
        return f"第{self.no:03d}供电所党支部"

    @property
    def type(self) -> str:
        return TYPES[self.no % len(TYPES)]

    @property
    def place(self) -> int:
        return (self.no + self.hung) % len(HOMES)

    @property
    def home(self) -> str:
        return HOMES[self.place]

    @property
    def name(self) -> str:
        return f"{self.no:03d}号{('线损清零', '缺陷消除', '收费提速')[self.no % 3]}项目"

    @property
    def specialty(self) -> str:
        return "营销服务" if self.no % 2 else "设备运检"

    @property
    def pace(self) -> Sequence[str | None]:
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

    def last(self, at: datetime) -> Report | None:
        """The last report before a moment."""
        return max((report for report in self.reports if report.at <= at), default=None)

    def planned(self, day: date) -> Decimal:
        """Counted day by day, each day its even share of the way to the next milestone."""
        stops = [(date(YEAR, month, d), share) for d, month, share in POINTS]
        if self.begun.month > 1:
            stops = [stop for stop in stops if stop[0] > self.begun]
        stops.append((date(YEAR, 12, 31), 100))
        share, last = 0, self.begun - timedelta(days=1)
        for stop, goal in stops:
            days = (stop - last).days
            if day <= stop:
                reached = share + Decimal((goal - share) * (day - last).days) / days
                return max(reached, Decimal(0)).quantize(Decimal("0.1"))
            share, last = goal, stop
        return Decimal(100)


class Row(NamedTuple):
    """A branch on a 双月公开单; without a project, or without a report, figures are None."""

    line: Line
    grade: str
    stage: str
    percent: Decimal | None = None
    planned: Decimal | None = None
    ahead: Decimal | None = None
    silent: int | None = None
    light: str = ""
    effect: str = ""
    named: str = ""

    @property
    def project(self) -> str:
        return self.line.name if self.line.number and self.stage else ""


@dataclass
class Issue:
    """One 双月公开单 as it was drawn up, and what was corrected since."""

    year: int
    issue: int
    at: datetime
    rows: list[Row]
    notes: list[tuple[str, str]] = field(default_factory=list)
    """(branch, words)."""

    @property
    def number(self) -> str:
        return f"GK-{self.year}-{self.issue:04d}"

    @property
    def title(self) -> str:
        last = 2 * self.issue
        return f"{self.year}年第{self.issue}期双月公开单（{last - 1}—{last}月）"

    def count(self, light: str) -> int:
        return sum(row.light == light for row in self.rows)

    def best(self, kind: str) -> list[Row]:
        """Those named as leading, the furthest first."""
        mine = [row for row in self.rows if row.line.type == kind and row.named == "领先"]
        return sorted(mine, key=lambda row: (-(row.ahead or 0), row.line.no))

    def worst(self, kind: str) -> list[Row]:
        """Those named as lagging, the furthest first; without any report comes before all."""
        mine = [row for row in self.rows if row.line.type == kind and row.named == "滞后"]
        return sorted(mine, key=lambda row: (_depth(row), row.line.no))


def _depth(row: Row) -> Decimal:
    return Decimal(-100) if row.ahead is None else row.ahead


class Book(dict[int, Line]):
    """All branches by their number in the story, and the tables of the year."""

    def __init__(self, size: Size) -> None:
        super().__init__({no: Line(no) for no in range(1, size.branches + 1)})
        self.applied: list[Applied] = []
        self.moved: list[Moved] = []
        self.issues: dict[int, Issue] = {}

    def standing(self) -> list[Line]:
        return [line for line in self.values() if not line.gone]

    # --- the four documents -----------------------------------------------------------------

    def distribution(self, today: date) -> Table:
        """项目分布明细表."""
        return [
            [
                *("支部", "项目名称", "等级", "阶段", "进度", "支部类型", "立项方向", "党建+领域"),
                *("专业", "上级单位", "负责人", "未更新天数", "项目编号", "结束日期"),
            ],
            *(self._spread(line, today) for line in self.standing()),
        ]

    def _spread(self, line: Line, today: date) -> list[str]:
        if not line.number:
            return [line.branch, "未立项", "", "", "", line.type, "", "", "", line.home, *[""] * 4]
        last = line.last(datetime(today.year, today.month, today.day, 23, tzinfo=SHANGHAI))
        since = last.at.astimezone(SHANGHAI).date() if last else None
        percent = f"{last.percent.normalize():f}%" if last else ""
        silent = str((today - since).days) if since else ""
        told = [line.branch, line.name, line.grade, line.stage, percent, line.type, "安全质量"]
        more = ["供电服务", line.specialty, line.home, f"书记{line.no}", silent, line.number]
        return [*told, *more, f"{YEAR}-12-31"]

    def adjustment(self) -> Table:
        """动态调整表."""
        head = ["编号", "变动单位", "变动", "涉及项目", "状态", "去向", "承接支部"]
        head += ["并入或新立项目", "变动时间", "办理期限", "说明", "办理人", "办理时间"]
        rows = [
            [
                *(f"TZ-{YEAR}-{at:04d}", one.unit, one.cause, one.project, "已调整", one.outcome),
                *(one.into, one.joined, minute(one.at), working(one.at, 10), one.why, one.settler),
                *(minute(one.settled),),
            ]
            for at, one in enumerate(self.moved, 1)
        ]
        return [head, *rows]

    def promotion(self) -> Table:
        """晋级申报表."""
        head = ["编号", "支部", "项目名称", "申报等级", "结论", "原等级", "改进情况", "依据"]
        head += ["申报人", "申报时间", "审批人", "审批时间", "审批理由", "项目编号"]
        rows = [
            [
                *(f"JJ-{YEAR}-{at:04d}", one.line.branch, one.line.name, "A"),
                *("同意" if one.granted else "不同意", one.before),
                *(f"{one.line.no}号覆盖面扩大到全部", f"营销系统五月数据第{one.line.no}页"),
                *(f"书记{one.line.no}", minute(one.at)),
                *("营销专责" if one.line.judge == "zy1" else "设备专责", minute(one.decided)),
                *(f"{at}号数据核实过", one.line.number),
            ]
            for at, one in enumerate(self.applied, 1)
        ]
        return [head, *rows]

    def sheet(self, issue: int) -> Table:
        """双月公开单."""
        one = self.issues[issue]
        head = ["支部", "项目名称", "进度", "较计划", "点名", "计划应到", "未更新天数", "等级"]
        head += ["阶段", "支部类型", "进展成效", "更正", "期次"]
        rows = [
            [
                *(row.line.branch, row.project, percent(row.percent), plain(row.ahead), row.named),
                *(percent(row.planned), plain(row.silent), row.grade, row.stage, row.line.type),
                *(row.effect, "".join(said for who, said in one.notes if who == row.line.branch)),
                *(f"{one.year}年第{one.issue}期",),
            ]
            for row in one.rows
        ]
        return [head, *rows]

    def score(self) -> Table:
        """双向打分."""
        head = ["支部", "项目名称", "支撑作用", "载体作用", "状态", "等级", "阶段", "项目编号"]
        rows = [
            [
                *(line.branch, line.name, *map(str, line.scores or ())),
                *(
                    "突出贡献" if line.outstanding else "已公布",
                    line.grade,
                    line.stage,
                    line.number,
                ),
            ]
            for line in self.standing()
        ]
        return [head, *rows]

    # --- drawing up a sheet -----------------------------------------------------------------

    def draw_up(self, due: datetime) -> Issue:
        """What the sheet of a day has to say of every branch."""
        rows = [_row(line, due) for line in self.standing()]
        named = _named(rows)
        pair = (due.month - 1) // 2
        year, issue = (due.year, pair) if pair else (due.year - 1, 6)
        made = Issue(
            year, issue, due, [row._replace(named=named.get(row.line.no, "")) for row in rows]
        )
        self.issues[issue] = made
        return made


def _row(line: Line, due: datetime) -> Row:
    if not line.number:
        return Row(line, "", "")
    day = due.date()
    planned, last = line.planned(day), line.last(due)
    since = last.at.astimezone(SHANGHAI).date() if last else line.begun
    row = Row(line, line.grade, line.stage, planned=planned, silent=max((day - since).days, 0))
    if last is None:
        return row
    ahead = last.percent - planned
    return row._replace(percent=last.percent, ahead=ahead, light=light(ahead), effect=last.said)


def light(ahead: Decimal) -> str:
    return "red" if ahead <= -30 else "yellow" if ahead <= -10 else "green"


def _named(rows: Sequence[Row]) -> Mapping[int, str]:
    """Three of each type at either end."""
    named: dict[int, str] = {}
    for kind in KINDS:
        mine = [row for row in rows if row.line.type == kind and row.line.number]
        good = sorted((-(row.ahead or 0), row.line.no) for row in mine if (row.ahead or 0) > 0)
        named |= {no: "领先" for _, no in good[:3]}
        bad = sorted(
            (_depth(row), row.line.no)
            for row in mine
            if row.stage in ("审批", "实施")
            and row.line.no not in named
            and (row.light == "red" or (row.silent or 0) >= 30 or row.percent is None)
        )
        named |= {no: "滞后" for _, no in bad[:3]}
    return named


# Words


def percent(value: Decimal | None) -> str:
    return "" if value is None else f"{value.normalize():f}%"


def plain(value: Decimal | int | None) -> str:
    return "" if value is None else f"{Decimal(value).normalize():f}"


def signed(value: Decimal | None) -> str:
    return "" if value is None else f"{value:+.1f}"


def share(part: int, whole: int) -> str:
    value = (Decimal(100 * part) / whole).quantize(Decimal("0.1"), ROUND_HALF_UP)
    return f"{value.normalize():f}%"


def minute(moment: datetime) -> str:
    return f"{moment.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"


def working(moment: datetime, days: int) -> str:
    """So many days on, Saturdays and Sundays left out: the story has no feast within."""
    day = moment.astimezone(SHANGHAI).date()
    while days:
        day += timedelta(days=1)
        days -= day.weekday() < 5
    return day.isoformat()
