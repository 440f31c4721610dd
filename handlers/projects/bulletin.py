"""管控进展情况通报: what a month brought, by type of branch; organisations only (A-15, A-97)."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, func, select

from config.texts import label, t
from handlers.board import Board, BoardPage, Cell, Figure, Filter, TableBlock
from handlers.context import Context
from handlers.figures import light
from handlers.paper import Block, Grid, Heading, Paper, Para
from handlers.reply import Markdown, Reply, fill, lines
from handlers.spec import Command, Family
from models.forms.field import Answers
from models.forms.form import Form
from models.grade import GradeChange
from models.helpcall import HelpCall
from models.latest import latest_reports
from models.overview import lines_of
from models.progress import Progress, ReportState
from models.project import OPEN_STAGES, Project, ProjectStep, Stage
from models.promotion import Promotion, PromotionState
from models.unit import BranchType, Unit

NONE: Final = Form(key="nothing", version=1, fields=())
MONTHS: Final = 6
"""So many months are offered on the page."""
FIGURES: Final = (
    "branches",
    "projects",
    "reports",
    "reporting",
    "silent",
    "red",
    "graded",
    "promoted",
    "concluded",
    "help",
)
"""What is counted, in the order in which it is read."""


class Month(NamedTuple):
    """A month in the installation's zone; ``start`` and ``end`` are aware, ``end`` is not in it."""

    first: date
    start: datetime
    end: datetime

    @property
    def key(self) -> str:
        """``2026-10``."""
        return f"{self.first:%Y-%m}"


def month_before(ctx: Context, day: date) -> Month:
    """The whole month before the one of a day."""
    return _month(ctx, (day.replace(day=1) - timedelta(days=1)).replace(day=1))


def _month(ctx: Context, first: date) -> Month:
    after = (first + timedelta(days=31)).replace(day=1)
    start, end = (datetime.combine(day, time(), ctx.zone) for day in (first, after))
    return Month(first, start, end)


def _meant(ctx: Context, params: Mapping[str, Any]) -> Month:
    """The month that the address names, if it is offered; else the last whole one."""
    offered = _offered(ctx)
    return next((one for one in offered if one.key == params.get("month")), offered[0])


def _offered(ctx: Context) -> list[Month]:
    months = [month_before(ctx, ctx.today)]
    while len(months) < MONTHS:
        months.append(month_before(ctx, months[-1].first))
    return months


Counts = Mapping[BranchType, Mapping[str, int]]


def counts_of(ctx: Context, month: Month) -> Counts:
    """Each figure by type of branch; branches in use now, what happened in the month."""
    counts: dict[BranchType, Counter[str]] = {of: Counter() for of in BranchType}
    last = latest_reports(ctx.session, month.first.year, month.end - timedelta(microseconds=1))
    day = month.end.date() - timedelta(days=1)
    rules = ctx.rules.progress
    for line in lines_of(ctx.session, month.first.year):
        if line.branch_type is None:
            continue
        mine = counts[line.branch_type]
        mine["branches"] += 1
        if line.project_id is None:
            continue
        mine["projects"] += 1
        report, planned = last.get(line.project_id), line.planned(day)
        if line.stage in OPEN_STAGES and line.starts_on is not None:
            since = ctx.local(report.at).date() if report else line.starts_on
            mine["silent"] += (day - since).days >= rules.stalled_days
        if report is not None and planned is not None:
            ahead = report.percent - planned
            mine["red"] += light(ahead, rules.behind_yellow, rules.behind_red) == "red"
    for key, query in _events(month).items():
        for of, count in ctx.session.execute(query):
            if of is not None:
                counts[of][key] += count
    return counts


def _events(month: Month) -> Mapping[str, Select[Any, Any]]:
    """What happened in a month, as counts by type of branch."""
    report = and_(Progress.state == ReportState.VALID, _during(Progress.at, month))
    step = and_(ProjectStep.after == Stage.CONCLUDED, _during(ProjectStep.at, month))
    granted = and_(Promotion.state == PromotionState.GRANTED, _during(Promotion.decided_at, month))
    by_type = select(Unit.branch_type, func.count()).group_by(Unit.branch_type)
    reporting = select(Unit.branch_type, func.count(Unit.id.distinct())).group_by(Unit.branch_type)
    through = by_type.select_from(Project).join(Unit, Unit.id == Project.unit_id)
    return {
        "reports": by_type.join(Progress, Progress.unit_id == Unit.id).where(report),
        "reporting": reporting.join(Progress, Progress.unit_id == Unit.id).where(report),
        "graded": through.join(GradeChange, GradeChange.project_id == Project.id).where(
            _during(GradeChange.at, month)
        ),
        "promoted": by_type.join(Promotion, Promotion.unit_id == Unit.id).where(granted),
        "concluded": through.join(ProjectStep, ProjectStep.project_id == Project.id).where(step),
        "help": by_type.join(HelpCall, HelpCall.unit_id == Unit.id).where(
            _during(HelpCall.at, month)
        ),
    }


def _during(column: Any, month: Month) -> ColumnElement[bool]:  # noqa: ANN401  (a mapped column)
    return and_(column >= month.start, column < month.end)


def whole(counts: Iterable[Mapping[str, int]]) -> Mapping[str, int]:
    """All types together."""
    total: Counter[str] = Counter()
    for one in counts:
        total.update(one)
    return total


# Words


def title_of(month: Month) -> str:
    """``2026年10月管控进展情况通报``."""
    return t("bulletin.title", year=month.first.year, month=month.first.month)


def bulletin_text(ctx: Context, month: Month) -> Markdown:
    """What groups read: counts by type of branch, nobody by name."""
    counts = counts_of(ctx, month)
    rows = [
        fill("bulletin.line", type=label(of), **{key: mine[key] for key in FIGURES})
        for of, mine in counts.items()
        if mine["branches"]
    ]
    total = whole(counts.values())
    head = fill("bulletin.head", title=title_of(month))
    all_ = fill("bulletin.whole", **{key: total[key] for key in FIGURES})
    return lines(head, all_, *rows, _rule(ctx))


def _rule(ctx: Context) -> Markdown:
    limits = ctx.rules.progress
    return fill("bulletin.rule", silent=limits.stalled_days, red=limits.behind_red)


def _table(counts: Counts) -> Sequence[Sequence[str]]:
    """A row per figure, a column per type, the sum last."""
    total = whole(counts.values())
    return [
        (
            t(f"bulletin.figure_{key}"),
            *(str(counts[of][key]) for of in BranchType),
            str(total[key]),
        )
        for key in FIGURES
    ]


def _headings() -> Sequence[str]:
    return (t("bulletin.figure"), *(label(of) for of in BranchType), t("bulletin.sum"))


def board(ctx: Context, params: Mapping[str, str]) -> BoardPage:
    """The month at a glance, and as an official paper."""
    month = _meant(ctx, params)
    counts = counts_of(ctx, month)
    total = whole(counts.values())
    options = [
        (one.key, t("bulletin.month", year=one.first.year, month=one.first.month))
        for one in _offered(ctx)
    ]
    return BoardPage(
        title=title_of(month),
        note=_rule(ctx),
        figures=[
            Figure(t(f"bulletin.figure_{key}"), str(total[key]))
            for key in ("reports", "reporting", "silent", "red")
        ],
        filters=(Filter("month", t("bulletin.filter"), options, month.key),),
        blocks=(
            TableBlock(
                headings=_headings(),
                rows=[[Cell(cell) for cell in row] for row in _table(counts)],
                numeric=frozenset(range(1, len(BranchType) + 2)),
            ),
        ),
        papers=((t("bulletin.paper"), "bulletin", {"month": month.key}),),
    )


def paper(ctx: Context, params: Mapping[str, Any]) -> Paper:
    """The same in the layout of an official paper; parameter ``month``."""
    month = _meant(ctx, params)
    counts = counts_of(ctx, month)
    total = whole(counts.values())
    company = ctx.session.scalar(
        select(Unit.name).where(Unit.parent_id.is_(None)).order_by(Unit.id).limit(1)
    )
    body: list[Block] = [
        Heading(t("bulletin.part_1")),
        Para(t("bulletin.whole", **{key: total[key] for key in FIGURES})),
        Heading(t("bulletin.part_2")),
        Grid(_headings(), _table(counts), (34, 18, 18, 18, 12)),
        Heading(t("bulletin.part_3")),
        Para(_rule(ctx)),
    ]
    return Paper(
        title=title_of(month),
        addressee=t("papers.publicity.addressee"),
        body=body,
        issuer=t("papers.publicity.issuer", company=company or ""),
        day=ctx.today,
    )


def show(ctx: Context, answers: Answers) -> Reply:
    """``/情况通报``: the last whole month."""
    del answers
    more = "" if ctx.room else Markdown(t("bulletin.more", url=ctx.page("/board/bulletin")))
    return Reply(lines(bulletin_text(ctx, month_before(ctx, ctx.today)), more))


FAMILY = Family(
    commands=(Command(key="bulletin", form=NONE, run=show),),
    boards=(Board(key="bulletin", show=board),),
    papers={"bulletin": paper},
)
