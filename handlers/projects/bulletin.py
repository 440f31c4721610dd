"""管控进展情况通报: what a month brought, by type of branch; organisations only (A-15, A-97)."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, func, select

from config.texts import label, t
from handlers.board import Board, BoardPage, Cell, Figure, TableBlock
from handlers.content import Content, Document
from handlers.context import Context
from handlers.dossier import Section
from handlers.figures import light
from handlers.paper import Grid, Heading, Paper, Para
from handlers.projects.issues import (
    OFFERED,
    Publication,
    acts_on,
    choice,
    heading,
    issue_table,
    note_blocks,
    note_lines,
    paper_of,
    papers_of,
    readable,
    sees_drafts,
    shown,
)
from handlers.reply import Markdown, fill, lines
from handlers.spec import Family
from models.bulletin import Bulletin, figures_of, month_before, write_figures
from models.forms.form import Form
from models.forms.record import RecordNumber
from models.grade import GradeChange
from models.helpcall import HelpCall
from models.issue import draw_up, newest_issues
from models.latest import latest_reports
from models.overview import lines_of
from models.progress import Progress, ReportState
from models.project import OPEN_STAGES, Project, ProjectStep, Stage
from models.promotion import Promotion, PromotionState
from models.unit import BranchType, Place, Unit

SHOW: Final = Form(
    key="bulletin",
    version=1,
    fields=(RecordNumber(key="number", required=False, aside=True),),
    positional=("number",),
)
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


def _month(ctx: Context, period: tuple[int, int]) -> Month:
    first = date(*period, 1)
    after = (first + timedelta(days=31)).replace(day=1)
    start, end = (datetime.combine(day, time(), ctx.zone) for day in (first, after))
    return Month(first, start, end)


Counts = Mapping[BranchType, Mapping[str, int]]


def make_bulletin(ctx: Context, period: tuple[int, int], cutoff: datetime) -> Bulletin:
    """Draw up the bulletin of a year and month; what is known at the cut-off (aware) counts."""
    bulletin = draw_up(ctx.session, Bulletin, period, cutoff, ctx.now)
    write_figures(ctx.session, bulletin, _counted(ctx, _month(ctx, period)))
    return bulletin


def counts_of(ctx: Context, bulletin: Bulletin) -> Counts:
    """Each figure by type of branch, as it was drawn up."""
    counts: dict[BranchType, Counter[str]] = {of: Counter() for of in BranchType}
    for of, figure, count in figures_of(ctx.session, bulletin.id):
        counts[of][figure] = count
    return counts


def _counted(ctx: Context, month: Month) -> Counts:
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


def title_of(bulletin: Bulletin) -> str:
    """``2026年10月管控进展情况通报``."""
    return t("bulletin.title", year=bulletin.year, month=bulletin.issue)


def bulletin_text(ctx: Context, bulletin: Bulletin, branch: Place | None) -> Markdown:
    """What groups read: counts by type of branch, nobody by name."""
    del branch
    counts = counts_of(ctx, bulletin)
    rows = [
        fill("bulletin.line", type=label(of), **{key: mine[key] for key in FIGURES})
        for of, mine in counts.items()
        if mine["branches"]
    ]
    total = whole(counts.values())
    head = fill("bulletin.head", title=title_of(bulletin))
    all_ = fill("bulletin.whole", **{key: total[key] for key in FIGURES})
    return lines(head, all_, *rows, *note_lines(ctx, bulletin), _rule(ctx))


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
    """A month at a glance, and as an official paper."""
    issues = newest_issues(ctx.session, Bulletin, OFFERED, drafts=sees_drafts(ctx.who))
    if not issues:
        return BoardPage(title=t("board.bulletin.title"), note=t("bulletin.none_yet"))
    wanted = params.get("number", "")
    bulletin = next((one for one in issues if one.number == wanted), issues[0])
    counts = counts_of(ctx, bulletin)
    total = whole(counts.values())
    title, corrected = heading(ctx, BULLETINS, bulletin)
    return BoardPage(
        title=title,
        note=" ".join(part for part in (_rule(ctx), corrected) if part),
        figures=[
            Figure(t(f"bulletin.figure_{key}"), str(total[key]))
            for key in ("reports", "reporting", "silent", "red")
        ],
        filters=(choice(BULLETINS, issues, bulletin.number),),
        blocks=(
            TableBlock(
                headings=_headings(),
                rows=[[Cell(cell) for cell in row] for row in _table(counts)],
                numeric=frozenset(range(1, len(BranchType) + 2)),
            ),
            issue_table(BULLETINS, issues),
        ),
        acts=tuple(acts_on(ctx, bulletin)),
        papers=papers_of(BULLETINS, bulletin),
    )


def paper(ctx: Context, params: Mapping[str, Any]) -> Paper:
    """The same in the layout of an official paper; parameter ``number``."""
    bulletin = readable(ctx, BULLETINS, params.get("number"))
    counts = counts_of(ctx, bulletin)
    total = whole(counts.values())
    body = [
        Heading(t("bulletin.part_1")),
        Para(t("bulletin.whole", **{key: total[key] for key in FIGURES})),
        Heading(t("bulletin.part_2")),
        Grid(_headings(), _table(counts), (34, 18, 18, 18, 12)),
        *note_blocks(ctx, bulletin),
        Heading(t("bulletin.part_3")),
        Para(_rule(ctx)),
    ]
    return paper_of(ctx, BULLETINS, bulletin, body)


def _facts(ctx: Context, bulletin: Bulletin) -> tuple[Sequence[tuple[str, str]], Sequence[Section]]:
    total = whole(counts_of(ctx, bulletin).values())
    return [(t(f"bulletin.figure_{key}"), str(total[key])) for key in FIGURES], ()


def _files(bulletin: Bulletin) -> Mapping[str, Content]:
    params = {"number": bulletin.number}
    return {"paper": Document("bulletin", title_of(bulletin), params=params)}


BULLETINS: Final = Publication(
    key="bulletin",
    kind=Bulletin,
    job="monthly-bulletin",
    title=title_of,
    short=lambda one: t("bulletin.month", year=one.year, month=one.issue),
    due=month_before,
    make=make_bulletin,
    text=bulletin_text,
    facts=_facts,
    files=_files,
    gate=lambda rules: rules.project.bulletin_gate,
)

FAMILY = Family(
    commands=(shown(BULLETINS, SHOW),),
    boards=(Board(key="bulletin", show=board),),
    papers={"bulletin": paper},
)
