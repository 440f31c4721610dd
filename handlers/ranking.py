"""排名: the weekly progress ranking as text, picture and ledger (DOMAIN.md 7, 10)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from heapq import nsmallest
from typing import Any

from sqlalchemy import select, true

from config.texts import label, t
from handlers.board import Filter
from handlers.context import Context
from handlers.figures import (
    arrow_text,
    light,
    minute_text,
    percent_text,
    plan_text,
    signed_text,
)
from handlers.places import branch_in_question
from handlers.reply import Markdown, Reply, fill, lines
from handlers.spec import (
    Block,
    Column,
    Command,
    Family,
    Kind,
    Ledger,
    Poster,
    PosterRow,
    Rows,
    View,
)
from models.errors import UserError
from models.forms.field import Answers
from models.forms.form import Form
from models.forms.kinds import Unit as UnitField
from models.ranking import Ranking, RankingLine, RankState, newest_ranking
from models.unit import BranchType, Place, Unit

BYTES = 4096
"""What a group's webhook takes in one text (page 99110)."""
DETAIL = ((10, 12), (10, 6), (5, 3), (3, 1), (1, 1))
"""Rows of a text, and names in a line of names: the first that fits is taken."""
TOP_POSTER = 20
TOP_OVERVIEW = 7
TOP_OVERVIEW_TEXT = 3
CLIMBERS = 5
NAMED = 12
"""How many names a line on a poster holds before it says how many more there are."""
WEEKS = 26
"""So many weeks are offered above the ledger."""
HEADINGS = ("place", "branch", "percent", "ahead", "change")
WIDTHS = (0.093, 0.55, 0.14, 0.132, 0.085)
"""Shares of a poster's width: names of thirteen characters stand there whole."""

FORM = Form(
    key="ranking", version=1, fields=(UnitField(key="unit", required=False),), positional=("unit",)
)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a published table with the name of its branch."""

    unit_id: int
    name: str
    state: RankState
    place: int | None
    percent: Decimal | None
    ahead: Decimal | None
    change: int | None


@dataclass(frozen=True, slots=True)
class Head:
    """Which table it is, as plain values: it outlives the transaction it was read in."""

    id: int
    period: str
    branch_type: BranchType
    cutoff: datetime


@dataclass(frozen=True)
class Table:
    """A published table as it is shown: best first; missing and new ones apart.

    Read once and shown to thousands of groups, so what does not depend on who looks is worked
    out once.
    """

    ranking: Head
    ranked: Sequence[Row]
    missing: Sequence[Row]
    new: Sequence[Row]

    def own(self, branch_id: int | None) -> Row | None:
        """One branch's line."""
        return None if branch_id is None else self._by_branch.get(branch_id)

    @cached_property
    def _by_branch(self) -> Mapping[int, Row]:
        return {row.unit_id: row for row in (*self.ranked, *self.missing, *self.new)}

    @cached_property
    def climbers(self) -> Sequence[Row]:
        """Those who gained most places since the last table."""
        rising = (row for row in self.ranked if (row.change or 0) > 0)
        return nsmallest(CLIMBERS, rising, key=lambda row: (-(row.change or 0), row.place))

    def shown(self, most: int, *, full: bool) -> Sequence[Row]:
        """The first so many of what a group may see: all, or the best third (DOMAIN.md 7)."""
        third = -(-len(self.ranked) // 3)
        return self.ranked[: most if full else min(most, third)]

    @cached_property
    def median(self) -> Decimal | None:
        """The percent in the middle."""
        percents = sorted(row.percent for row in self.ranked if row.percent is not None)
        return percents[len(percents) // 2] if percents else None


def table_of(ctx: Context, ranking: Ranking) -> Table:
    """Read a published table."""
    query = (
        select(
            Unit.id,
            Unit.name,
            RankingLine.state,
            RankingLine.place,
            RankingLine.percent,
            RankingLine.ahead,
            RankingLine.change,
        )
        .join(Unit, Unit.id == RankingLine.unit_id)
        .where(RankingLine.ranking_id == ranking.id)
        .order_by(RankingLine.place.asc().nulls_last(), Unit.name, Unit.id)
    )
    by_state: dict[RankState, list[Row]] = {state: [] for state in RankState}
    for values in ctx.session.execute(query):
        row = Row(*values)
        by_state[row.state].append(row)
    head = Head(ranking.id, ranking.period, ranking.branch_type, ranking.cutoff)
    return Table(head, *(by_state[s] for s in RankState))


def week_title(period: str) -> str:
    """``2026-W47`` as offices say it: 11月第3周（第47周)."""
    year, _, week = period.partition("-W")
    monday = date.fromisocalendar(int(year), int(week), 1)
    # The week belongs to the month in which most of it lies, like the ISO week to its year.
    thursday = monday + timedelta(days=3)
    number = (thursday.day - 1) // 7 + 1
    return t("ranking.week", month=thursday.month, number=number, week=int(week))


def group_text(ctx: Context, table: Table, branch: Place | None) -> Markdown:
    """What a branch's group reads; its own line stands out. Fits a webhook's 4,096 bytes."""
    return _fitting(lambda rows, names: _group_text(ctx, table, branch, rows, names))


def _fitting(make: Callable[[int, int], Markdown]) -> Markdown:
    """A text with as many rows and names as one message takes."""
    for rows, names in DETAIL[:-1]:
        text = make(rows, names)
        if len(text.encode()) <= BYTES:
            return text
    return make(*DETAIL[-1])


def _group_text(
    ctx: Context, table: Table, branch: Place | None, rows: int, names: int
) -> Markdown:
    ranking, full = table.ranking, ctx.rules.broadcast.ranking_full
    own = table.own(branch.id) if branch else None
    own_id = own.unit_id if own else None
    shown = table.shown(rows, full=full)
    climbers = [row.name + _moved(row.change) for row in table.climbers]
    return lines(
        fill("ranking.head", week=week_title(ranking.period), type=label(ranking.branch_type)),
        _cutoff(ctx, ranking, len(table.ranked)),
        _own_line(own) if own else "",
        *(_text_row(row, own=row.unit_id == own_id) for row in shown),
        "" if full else t("ranking.median", percent=percent_text(table.median)),
        _names("ranking.climbers", climbers, names),
        _branches("ranking.missing", table.missing, names),
        _branches("ranking.new", table.new, names),
        t("ranking.note"),
    )


def _cutoff(ctx: Context, ranking: Head, count: int) -> Markdown:
    return fill("ranking.cutoff", at=minute_text(ctx.local(ranking.cutoff)), count=count)


def _text_row(row: Row, *, own: bool = False) -> Markdown:
    """No ``2. `` before it: Markdown would number the rows itself and part those that tie."""
    return fill(
        "ranking.own_row" if own else "ranking.row",
        place=row.place,
        name=row.name,
        percent=percent_text(row.percent),
        ahead=signed_text(row.ahead or Decimal(0)),
        moved=_moved(row.change),
    )


def _moved(change: int | None) -> str:
    """The arrow behind a line, if its place changed."""
    return f" {arrow_text(change)}" if change else ""


def _own_line(own: Row) -> Markdown:
    if own.state is RankState.MISSING:
        return fill("ranking.own_missing", name=own.name)
    if own.state is RankState.NEW:
        return fill("ranking.own_new", name=own.name)
    return fill(
        "ranking.own",
        name=own.name,
        place=own.place,
        moved=_moved(own.change),
        percent=percent_text(own.percent),
        plan=plan_text(own.ahead or Decimal(0)),
    )


def _names(key: str, names: Sequence[str], most: int = NAMED, *, count: int | None = None) -> str:
    """The first names; ``count`` says how many there are if not all are given."""
    if not names:
        return ""
    count = len(names) if count is None else count
    shown = "、".join(names[:most])
    more = t("ranking.and_more", count=count - most) if count > most else ""
    return fill(key, count=count, names=shown, more=more)


def _branches(key: str, rows: Sequence[Row], most: int = NAMED) -> str:
    return _names(key, [row.name for row in rows[:most]], most, count=len(rows))


def overview_text(ctx: Context, tables: Sequence[Table], unit: str) -> Markdown:
    """What the group of a company or department reads: the first of each type."""
    return _fitting(lambda rows, names: _overview_text(ctx, tables, unit, rows, names))


def _overview_text(
    ctx: Context, tables: Sequence[Table], unit: str, rows: int, names: int
) -> Markdown:
    first = tables[0].ranking
    parts: list[str] = [
        fill("ranking.head_all", week=week_title(first.period), unit=unit),
        _cutoff(ctx, first, sum(len(table.ranked) for table in tables)),
    ]
    for table in tables:
        parts.append(fill("ranking.type", type=label(table.ranking.branch_type)))
        parts.extend(_text_row(row) for row in table.ranked[: min(rows, TOP_OVERVIEW_TEXT)])
        parts.append(_branches("ranking.missing", table.missing, -(-names // 2)))
    parts.append(t("ranking.note"))
    return lines(*parts)


def _poster_row(ctx: Context, row: Row) -> PosterRow:
    rules = ctx.rules.progress
    return PosterRow(
        cells=(
            str(row.place),
            row.name,
            percent_text(row.percent),
            signed_text(row.ahead or Decimal(0)),
            arrow_text(row.change),
        ),
        bar=None if row.percent is None else float(row.percent) / 100,
        light=light(row.ahead, rules.behind_yellow, rules.behind_red),
        change=row.change,
    )


def _block(ctx: Context, rows: Sequence[Row], title: str = "") -> Block:
    return Block(
        title=title,
        headings=tuple(t(f"ranking.{key}") for key in HEADINGS),
        widths=WIDTHS,
        rows=tuple(_poster_row(ctx, row) for row in rows),
    )


def draw_type(ctx: Context, params: Mapping[str, Any]) -> Poster:
    """The poster of one type: the first twenty, the climbers, who is missing."""
    table = table_of(ctx, ctx.session.get_one(Ranking, params["ranking"]))
    ranking = table.ranking
    shown = table.shown(TOP_POSTER, full=ctx.rules.broadcast.ranking_full)
    blocks = [_block(ctx, shown)]
    if table.climbers:
        blocks.append(_block(ctx, table.climbers, t("ranking.climbers_title")))
    return Poster(
        title=t("ranking.poster", type=label(ranking.branch_type)),
        subtitle=t(
            "ranking.poster_sub",
            week=week_title(ranking.period),
            at=minute_text(ctx.local(ranking.cutoff)),
        ),
        figures=(
            (t("ranking.figure_ranked"), str(len(table.ranked))),
            (t("ranking.figure_median"), percent_text(table.median)),
            (t("ranking.figure_missing"), str(len(table.missing))),
        ),
        blocks=tuple(blocks),
        notes=(
            _branches("ranking.missing_plain", table.missing),
            t("ranking.note_plain"),
        ),
    )


def draw_overview(ctx: Context, params: Mapping[str, Any]) -> Poster:
    """The poster of all types together."""
    tables = [table_of(ctx, ctx.session.get_one(Ranking, i)) for i in params["rankings"]]
    first = tables[0].ranking
    return Poster(
        title=t("ranking.poster_all"),
        subtitle=t(
            "ranking.poster_sub",
            week=week_title(first.period),
            at=minute_text(ctx.local(first.cutoff)),
        ),
        figures=tuple(
            (label(table.ranking.branch_type), percent_text(table.median)) for table in tables
        ),
        blocks=tuple(
            _block(ctx, table.ranked[:TOP_OVERVIEW], label(table.ranking.branch_type))
            for table in tables
        ),
        notes=(t("ranking.figure_note"), t("ranking.note_plain")),
    )


def show_ranking(ctx: Context, answers: Answers) -> Reply:
    """``/排名 [支部]``: where the branch stands in the last published table."""
    branch = branch_in_question(ctx, answers["unit"])
    if branch is None or branch.branch_type is None:
        raise UserError("ranking.which_branch")
    ranking = newest_ranking(ctx.session, "progress", branch.branch_type)
    if ranking is None:
        raise UserError("ranking.none_yet")
    text = group_text(ctx, table_of(ctx, ranking), branch)
    return Reply(lines(text, t("ranking.more", url=ctx.page("/ledger/ranking"))))


def _scope(view: View) -> Filter:
    """The last weeks of which there are tables, the newest first."""
    weeks = select(Ranking.period).where(Ranking.kind == "progress").distinct()
    found = view.ctx.session.scalars(weeks.order_by(Ranking.period.desc()).limit(WEEKS)).all()
    options = [(week, week_title(week)) for week in found]
    return Filter("period", t("ledger.ranking.period"), options, found[0] if found else "")


def _rows(view: View) -> Rows:
    """The tables of a week, or that of one type if the parameters name it."""
    of = view.params.get("type")
    return (
        select()
        .select_from(RankingLine)
        .join(Ranking, Ranking.id == RankingLine.ranking_id)
        .join(Unit, Unit.id == RankingLine.unit_id)
        .where(
            Ranking.kind == "progress",
            Ranking.period == view.params["period"],
            Ranking.branch_type == BranchType(of) if of else true(),
        )
    )


LEDGER = Ledger(
    key="ranking",
    found=False,
    columns=(
        Column(key="period", expr=Ranking.period, width=12),
        Column(key="type", expr=Ranking.branch_type, kind=Kind.WORD, width=12),
        Column(key="place", expr=RankingLine.place, kind=Kind.NUMBER, width=8),
        Column(key="branch", expr=Unit.name, width=34),
        Column(key="percent", expr=RankingLine.percent, kind=Kind.PERCENT, width=8),
        Column(key="planned", expr=RankingLine.planned, kind=Kind.PERCENT, width=8, wide=True),
        Column(key="ahead", expr=RankingLine.ahead, kind=Kind.NUMBER, width=10),
        Column(key="change", expr=RankingLine.change, kind=Kind.NUMBER, width=10),
        Column(key="state", expr=RankingLine.state, kind=Kind.WORD, width=10),
        Column(key="cutoff", expr=Ranking.cutoff, kind=Kind.TIME, width=18, wide=True),
    ),
    query=_rows,
    scope=_scope,
    order=(Ranking.branch_type.asc(), RankingLine.place.asc().nulls_last(), Unit.name, Unit.id),
)

FAMILY = Family(
    commands=(Command(key="ranking", form=FORM, run=show_ranking),),
    ledgers=(LEDGER,),
    pictures={"ranking": draw_type, "ranking_overview": draw_overview},
)
