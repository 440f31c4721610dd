"""走访: what was seen on a visit, the coverage, and what belongs to the family (DOMAIN.md 8)."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from sqlalchemy import ColumnElement, func, or_, select, true
from sqlalchemy.orm import aliased

from config.texts import label, t
from config.visits import topics
from handlers.board import Board, BoardPage, Cell, Figure, TableBlock
from handlers.context import Context
from handlers.dossier import Act, Dossier, Record, Section
from handlers.duties import day_words
from handlers.duty import DutySource
from handlers.figures import minute_text, percent_text
from handlers.organisation import near, seen_units
from handlers.places import OVERSEERS, branch_by_id, may_see
from handlers.spec import Column, Command, Family, Kind, Ledger, Rows, View
from handlers.visits import (
    PLAN,
    PLANNERS,
    SHEET,
    VISIT,
    VISITORS,
    hand_in,
    is_planned,
    make_plan,
    unseen_branches,
    visit,
    visits_to_make,
)
from models.attachment import of_record
from models.errors import UserError
from models.person import Person
from models.unit import Place, Unit, UnitKind, UnitState
from models.visit import (
    PointKind,
    Visit,
    VisitPoint,
    VisitState,
    coverage,
    last_visits,
    points_of_visit,
    visit_by_number,
)


def show_visit(ctx: Context, number: str) -> Dossier:
    """A visit: what was seen and heard, problems and suggestions, photos."""
    one = visit_by_number(ctx.session, number)
    branch = branch_by_id(ctx, one.branch_id) if one else None
    if one is None or branch is None:
        raise UserError("lookup.unknown", number=number)
    if not may_see(ctx.who, branch) and one.visitor_id != ctx.who.id:
        raise UserError("lookup.unknown", number=number)
    visitor = ctx.session.get_one(Person, one.visitor_id)
    points = points_of_visit(ctx.session, one.id)
    titles = {topic.key: f"{topic.part} · {topic.title}" for topic in topics()}
    mine = one.visitor_id == ctx.who.id and one.state is VisitState.PLANNED
    return Dossier(
        number=one.number,
        title=t("visit.title", branch=branch.name),
        state=label(one.state),
        facts=list(_facts(ctx, one, branch, visitor)),
        sections=(
            Section(t("visit.section_said"), one.said),
            *(Section(titles.get(key, key), said) for key, said in one.answers.items()),
            *(
                Section(label(kind), _lines([p for p in points if p.kind is kind]))
                for kind in PointKind
            ),
        ),
        acts=(Act(t("visit.fill"), command="visit_sheet", answers={"number": one.number}),)
        if mine
        else (),
        photos=[photo.id for photo in of_record(ctx.session, one.number)],
    )


def _facts(ctx: Context, one: Visit, branch: Place, visitor: Person) -> Iterator[tuple[str, str]]:
    yield t("visit.fact_branch"), branch.name
    yield t("visit.fact_visitor"), visitor.name
    yield t("visit.fact_plan"), day_words(ctx, one.plan_on) if one.plan_on else "—"
    yield t("visit.fact_day"), day_words(ctx, one.visited_on) if one.visited_on else "—"
    if one.entered_at is not None and ctx.local(one.entered_at).date() != one.visited_on:
        yield t("visit.fact_entered"), minute_text(ctx.local(one.entered_at))


def _lines(points: Sequence[VisitPoint]) -> str:
    return "\n".join(
        t("visit.point", ordinal=p.ordinal, said=p.said, record=p.record) for p in points
    )


def show_board(ctx: Context, params: Mapping[str, str]) -> BoardPage:
    """Coverage, and the branches that were not visited for long. Visitors are not compared."""
    del params
    months = ctx.rules.visits.months
    branches = ctx.session.scalars(
        select(Unit).where(
            Unit.kind == UnitKind.BRANCH, Unit.state == UnitState.ACTIVE, near(ctx.who, *OVERSEERS)
        )
    ).all()
    paths = ctx.who.paths(*OVERSEERS)
    unseen = [unit for path in _tops(paths) for unit in unseen_branches(ctx, path)]
    seen = ctx.once("visits", lambda: last_visits(ctx.session))
    year = date(ctx.today.year, 1, 1)
    made = ctx.session.scalar(
        select(func.count())
        .select_from(Visit)
        .join(Unit, Unit.id == Visit.branch_id)
        .where(
            Visit.state == VisitState.MADE,
            Visit.visited_on >= year,
            near(ctx.who, *OVERSEERS),
        )
    )
    share = coverage(len(branches), len(unseen))
    return BoardPage(
        title=t("board.visits.title"),
        note=t("visit.note", months=months),
        figures=(
            Figure(t("visit.fig_made"), str(made or 0), t("visit.fig_made_note")),
            Figure(
                t("visit.fig_share"), percent_text(share), t("visit.fig_share_note", months=months)
            ),
            Figure(t("visit.fig_unseen"), str(len(unseen)), t("visit.fig_unseen_note")),
        ),
        blocks=(
            TableBlock(
                title=t("visit.unseen", months=months),
                headings=(t("visit.col_branch"), t("visit.col_last"), t("visit.col_planned")),
                rows=[
                    (
                        Cell(unit.name),
                        Cell(
                            day_words(ctx, seen[unit.id]) if unit.id in seen else t("visit.never")
                        ),
                        Cell(t("visit.yes") if is_planned(ctx, unit) else ""),
                    )
                    for unit in unseen
                ],
            ),
        ),
        acts=(Act(t("visit.make_plan"), command="visit_plan"),) if ctx.who.has(*PLANNERS) else (),
    )


def _tops(paths: Sequence[str]) -> list[str]:
    """The paths that lie below no other of them."""
    return [p for p in set(paths) if not any(p != other and p.startswith(other) for other in paths)]


VISITOR = aliased(Person)


def _points(kind: PointKind) -> ColumnElement[int]:
    return (
        select(func.count())
        .where(VisitPoint.visit_id == Visit.id, VisitPoint.kind == kind)
        .correlate(Visit)
        .scalar_subquery()
    )


def _visits(view: View) -> Rows:
    """Visits of the branches the viewer may see, and the viewer's own."""
    own = Visit.visitor_id == view.member.id if view.member else true()
    return (
        select()
        .select_from(Visit)
        .join(Unit, Unit.id == Visit.branch_id)
        .join(VISITOR, VISITOR.id == Visit.visitor_id)
        .where(or_(seen_units(view), own))
    )


VISITS = Ledger(
    key="visit",
    takes="visit_sheet",
    needs=frozenset({"branch", "day"}),
    columns=(
        Column(key="number", expr=Visit.number, width=16),
        Column(key="branch", expr=Unit.name, width=34),
        Column(key="visitor", expr=VISITOR.name, width=10),
        Column(key="day", expr=Visit.visited_on, kind=Kind.DATE, width=12),
        Column(key="state", expr=Visit.state, kind=Kind.WORD, width=8),
        Column(key="problems", expr=_points(PointKind.PROBLEM), kind=Kind.NUMBER, width=8),
        Column(key="suggestions", expr=_points(PointKind.SUGGESTION), kind=Kind.NUMBER, width=8),
        Column(key="plan", expr=Visit.plan_on, kind=Kind.DATE, width=12, wide=True),
        Column(key="entered", expr=Visit.entered_at, kind=Kind.TIME, width=18, wide=True),
        Column(key="said", expr=Visit.said, width=40, wide=True),
    ),
    query=_visits,
    order=(Visit.id.desc(),),
)

FAMILY = Family(
    records=(Record(prefix="ZF", show=show_visit),),
    duties=(DutySource(key="visit", find=visits_to_make),),
    ledgers=(VISITS,),
    boards=(Board(key="visits", show=show_board, roles=frozenset(OVERSEERS)),),
    commands=(
        Command(key="visit", form=VISIT, run=visit),
        Command(
            key="visit_sheet",
            form=SHEET,
            run=hand_in,
            roles=frozenset(VISITORS),
            offline=True,
            sheet=True,
        ),
        Command(key="visit_plan", form=PLAN, run=make_plan, roles=frozenset(PLANNERS)),
    ),
)
