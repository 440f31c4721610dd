"""谈话覆盖: whom the secretaries have talked with, who is still to come; counts and days only."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final
from urllib.parse import urlencode

from sqlalchemy import ColumnElement, Date, Integer, false, literal_column, or_, select, true
from sqlalchemy.orm import aliased

from config.texts import t
from handlers.board import Board, BoardPage, Cell, Figure, TableBlock
from handlers.content import Text
from handlers.context import Context
from handlers.dossier import Act
from handlers.duty import Duty, DutySource
from handlers.organisation import near
from handlers.reply import Markdown, fill, lines
from handlers.spec import Column, Family, Kind, Ledger, Rows, View
from handlers.talks.erase import certificates
from handlers.talks.recording import COUNTED
from models.coverage import Covered, Talked, coverage, people_of, shares_below
from models.forms.field import Named
from models.forms.named import write_named
from models.forms.periods import CalendarPeriod, PeriodKind
from models.person import Member, Role
from models.unit import Unit, UnitKind, UnitState, inside, unit_by_code, upwards

QUARTERS: Final = 4
PERCENT: Final = 100
GOOD, MIDDLING = 100, 60
"""Percents from which a light is green, or yellow."""
ABOVE = aliased(Unit)


def span_of(ctx: Context, day: date | None = None) -> tuple[date, date]:
    """The first and last day of the period in which everybody is to be talked with once."""
    kind = PeriodKind(ctx.rules.talk.span)
    return CalendarPeriod.holding(kind, day or ctx.today).days()


def share(covered: int, due: int) -> int:
    """Percent, rounded down: a hundred means everybody."""
    return PERCENT if due == 0 else covered * PERCENT // due


# The ledger


def _branches(view: View) -> Rows:
    member = view.member
    seen = true() if member is None else _seen(member)
    found = coverage(*span_of(view.ctx, view.params.get("day")))
    return (
        select()
        .select_from(Unit)
        .outerjoin(found, found.c.branch_id == Unit.id)
        .outerjoin(ABOVE, ABOVE.id == Unit.parent_id)
        .where(Unit.kind == UnitKind.BRANCH, Unit.state == UnitState.ACTIVE, seen)
    )


def _seen(member: Member) -> ColumnElement[bool]:
    below = [inside(path) for path in member.paths(*COUNTED)]
    return or_(false(), *below)


_DUE = literal_column("coalesce(coverage.due, 0)", Integer)
_COVERED = literal_column("coalesce(coverage.covered, 0)", Integer)

LEDGER = Ledger(
    key="talk_coverage",
    found=False,
    columns=(
        Column(key="branch", expr=Unit.name, width=34),
        Column(key="due", expr=_DUE, kind=Kind.NUMBER, width=10),
        Column(key="covered", expr=_COVERED, kind=Kind.NUMBER, width=10),
        Column(
            key="rate",
            expr=literal_column(
                "CASE WHEN coalesce(coverage.due, 0) = 0 THEN NULL"
                " ELSE coverage.covered * 100 / coverage.due END",
                Integer,
            ),
            kind=Kind.PERCENT,
            width=10,
            show=lambda value, _: None if value is None else Decimal(value),
        ),
        Column(
            key="talks",
            expr=literal_column("coalesce(coverage.talks, 0)", Integer),
            kind=Kind.NUMBER,
            width=10,
        ),
        Column(key="last", expr=literal_column("coverage.last", Date), kind=Kind.DATE, width=12),
        Column(key="type", expr=Unit.branch_type, kind=Kind.WORD, width=12, wide=True),
        Column(key="above", expr=ABOVE.name, width=28, wide=True),
    ),
    query=_branches,
    order=(Unit.path.asc(),),
    roles=frozenset(COUNTED),
)


# The matrix


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the matrix: a unit with the share of each quarter and of the period."""

    code: str
    name: str
    is_branch: bool
    quarters: tuple[int | None, ...]
    due: int
    covered: int
    talks: int


def matrix(ctx: Context, unit: Unit, year: int) -> list[Line]:
    """The units right below one (a branch: itself) with their coverage, quarter by quarter."""
    quarters = [CalendarPeriod(PeriodKind.QUARTER, year, n).days() for n in range(1, QUARTERS + 1)]
    begun = [days for days in quarters if days[0] <= ctx.today]
    spans = [span_of(ctx, min(date(year, 12, 31), ctx.today)), *begun]
    children = ctx.session.scalars(
        select(Unit)
        .where(
            Unit.parent_id == unit.id if unit.kind is not UnitKind.BRANCH else Unit.id == unit.id,
            Unit.state == UnitState.ACTIVE,
            Unit.kind != UnitKind.TEAM,
        )
        .order_by(Unit.path)
    ).all()
    sums = _sums(shares_below(ctx.session, unit.path, spans), {one.path for one in children})
    found = []
    for child in children:
        due, shares = sums.get(child.path, (0, []))
        if due == 0:
            continue
        covered = [share for share, _ in shares]
        found.append(
            Line(
                code=child.code,
                name=child.name,
                is_branch=child.kind is UnitKind.BRANCH,
                quarters=(*covered[1:], *[None] * (QUARTERS - len(begun))),
                due=due,
                covered=covered[0],
                talks=shares[0][1],
            )
        )
    return found


def _sums(
    rows: Iterable[tuple[str, int, Sequence[tuple[int, int]]]], paths: Collection[str]
) -> Mapping[str, tuple[int, Sequence[tuple[int, int]]]]:
    """People due and (covered, talks) of each span, below each of units that lie side by side."""
    found: dict[str, tuple[int, Sequence[tuple[int, int]]]] = {}
    for at, due, shares in rows:
        path = next((above for above in upwards(at) if above in paths), None)
        if path is not None:
            before = found.get(path, (0, [(0, 0)] * len(shares)))
            pairs = zip(before[1], shares, strict=True)
            summed = [(c + covered, n + talks) for (c, n), (covered, talks) in pairs]
            found[path] = (before[0] + due, summed)
    return found


def board(ctx: Context, params: Mapping[str, str]) -> BoardPage:
    """The matrix of a unit and, for the secretary of a branch, who is still to be talked with."""
    unit = _chosen(ctx, params.get("unit", ""))
    rows = matrix(ctx, unit, ctx.today.year)
    first, last = span_of(ctx)
    due, covered = sum(row.due for row in rows), sum(row.covered for row in rows)
    figures = (
        Figure(t("coverage.rate"), f"{share(covered, due)}%", t("coverage.rate_note")),
        Figure(t("coverage.covered"), str(covered)),
        Figure(t("coverage.left"), str(due - covered)),
        Figure(t("coverage.talks"), str(sum(row.talks for row in rows))),
    )
    table = TableBlock(
        title=t("coverage.matrix", name=unit.name),
        note=t("coverage.note"),
        headings=(
            t("coverage.unit"),
            t("coverage.due"),
            *(t("coverage.quarter", number=n) for n in range(1, QUARTERS + 1)),
            t("coverage.period"),
        ),
        rows=[_row(row) for row in rows],
        numeric=frozenset(range(1, QUARTERS + 3)),
    )
    return BoardPage(
        title=t("coverage.title"),
        note=t("coverage.span", first=first.isoformat(), last=last.isoformat()),
        figures=figures,
        blocks=(*_left(ctx, unit), table, *certificates(ctx)),
        acts=(Act(t("coverage.record"), command="talk"),),
    )


def _chosen(ctx: Context, code: str) -> Unit:
    """The unit asked for, if the reader sees it; else the highest on which a role is held."""
    chosen = unit_by_code(ctx.session, code) if code else None
    if chosen is not None and ctx.who.has(*COUNTED, over=chosen.path):
        return chosen
    path = min(ctx.who.paths(*COUNTED), key=len)
    return ctx.session.get_one(Unit, int(path.rstrip("/").rpartition("/")[2]))


def _row(row: Line) -> tuple[Cell, ...]:
    percent = share(row.covered, row.due)
    light = "green" if percent >= GOOD else "yellow" if percent >= MIDDLING else "red"
    href = "" if row.is_branch else f"/board/talks?unit={row.code}"
    return (
        Cell(row.name, href=href),
        Cell(str(row.due)),
        *(Cell("—" if n is None else str(n)) for n in row.quarters),
        Cell(f"{row.covered}/{row.due}　{percent}%", light=light),
    )


def _left(ctx: Context, unit: Unit) -> Iterator[TableBlock]:
    """The people of a branch with the day of the last talk: for its own secretaries alone."""
    if unit.kind is not UnitKind.BRANCH or not ctx.who.has(Role.SECRETARY, over=unit.path):
        return
    people = people_of(ctx.session, unit.id, *span_of(ctx))
    yield TableBlock(
        title=t("coverage.people"),
        headings=(t("coverage.name"), t("coverage.last"), ""),
        rows=[
            (
                Cell(one.name),
                Cell(one.last.isoformat() if one.last else t("coverage.not_yet")),
                Cell(t("coverage.record"), href=_form(one)),
            )
            for one in people
        ],
    )


def _form(one: Talked) -> str:
    """The form with the person filled in, as the field itself would write it."""
    return f"/form/talk?{urlencode({'person': write_named(Named(one.userid, one.name))})}"


# Reminding


def still_to_talk(ctx: Context, member: Member | None) -> Iterator[Duty]:
    """Towards the end of the period: branches in which somebody has not been talked with."""
    _, last = span_of(ctx)
    if ctx.today < last - timedelta(days=ctx.rules.talk.remind_days):
        return
    found = coverage(*span_of(ctx))
    query = (
        select(Unit.code, Unit.name, Unit.path, found.c.due, found.c.covered)
        .join(found, found.c.branch_id == Unit.id)
        .where(
            Unit.state == UnitState.ACTIVE,
            found.c.covered < found.c.due,
            near(member, Role.SECRETARY) if member else true(),
        )
        .order_by(Unit.path)
    )
    for code, name, path, due, covered in ctx.session.execute(query):
        yield Duty(
            key=f"coverage:{code}:{last}",
            title=t("coverage.duty"),
            detail=t("coverage.duty_detail", branch=name, count=due - covered),
            due=last,
            unit_path=path,
            act=Act(t("coverage.record"), command="talk"),
        )


def told(ctx: Context, branch: Covered, userid: str) -> Text:
    """The quarter's line for a secretary: how many are done, where the list is."""
    first, last = span_of(ctx)
    url = Markdown(ctx.link("/board/talks", userid))
    return Text(
        lines(
            fill(
                "coverage.told",
                branch=branch.name,
                first=first.isoformat(),
                last=last.isoformat(),
                covered=branch.covered,
                due=branch.due,
            ),
            fill("coverage.told_more", url=url) if branch.covered < branch.due else "",
        )
    )


FAMILY = Family(
    ledgers=(LEDGER,),
    boards=(Board(key="talks", show=board, roles=frozenset(COUNTED), confined=True),),
    duties=(DutySource(key="talk_coverage", find=still_to_talk),),
)
