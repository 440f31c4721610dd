"""Juries as record and live board; and what jurors owe."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from sqlalchemy import select

from config.texts import label, t
from handlers.board import Board, BoardPage, Cell, Figure, Filter, TableBlock
from handlers.content import Tone
from handlers.context import Context
from handlers.dossier import Act, Dossier, Record, Step, path_of
from handlers.duty import Duty, DutySource
from handlers.places import branch_by_id
from handlers.projects.jury import Standing, standings, tenth, unit_of
from handlers.spec import Family
from models.errors import UserError
from models.jury import (
    Criterion,
    Jury,
    JuryState,
    jurors_of,
    jury_by_number,
    marks_of,
    open_juries,
    waiting_for,
)
from models.person import Member, Person, Role
from models.project import Project, Stage, reached
from models.unit import Unit

REFRESH: Final = 30
"""Seconds after which the live board loads itself anew."""


def show(ctx: Context, number: str) -> Dossier:
    """A jury: who sits on it, what waits, and what may be done."""
    jury = jury_by_number(ctx.session, number)
    if jury is None:
        raise UserError("lookup.unknown", number=number)
    unit, names = unit_of(ctx, jury), jurors_of(ctx.session, jury.id)
    chairs = ctx.who.has(Role.PARTY_OFFICE, over=unit.path)
    if not chairs and ctx.who.id not in names:
        raise UserError("lookup.unknown", number=number)
    opener = ctx.session.get_one(Person, jury.opened_by_id)
    waiting = standings(ctx, jury)
    return Dossier(
        number=jury.number,
        title=jury.name,
        state=label(jury.state),
        facts=(
            (t("jury.fact_unit"), unit.name),
            (t("jury.fact_jurors"), "、".join(names.values())),
            (t("jury.fact_waiting"), str(len(waiting))),
            (t("jury.fact_complete"), str(sum(one.is_complete for one in waiting))),
        ),
        steps=(Step(jury.at, t("jury.step_opened"), opener.name),),
        acts=tuple(_acts(jury)) if chairs and jury.state is JuryState.OPEN else (),
    )


def _acts(jury: Jury) -> Iterator[Act]:
    yield Act(t("jury.close"), action=f"jury.close:{jury.number}", tone=Tone.PRIMARY)
    yield Act(t("jury.end"), action=f"jury.end:{jury.number}")


def board(ctx: Context, params: Mapping[str, str]) -> BoardPage:
    """The live board: who has marked what, and the means that are complete."""
    sitting = [
        (jury, unit)
        for jury, unit in open_juries(ctx.session)
        if ctx.who.has(Role.PARTY_OFFICE, Role.COMMITTEE_SECRETARY, over=unit.path)
        or ctx.who.id in jurors_of(ctx.session, jury.id)
    ]
    if not sitting:
        return BoardPage(title=t("board.jury.title"), note=t("jury.nobody_sits"))
    chosen = params.get("jury", "")
    jury, unit = next((one for one in sitting if one[0].number == chosen), sitting[0])
    found = standings(ctx, jury)
    chairs = ctx.who.has(Role.PARTY_OFFICE, over=unit.path)
    return BoardPage(
        title=jury.name,
        note=t("jury.note", rubric=_rubric(ctx), least=ctx.rules.project.jury_least),
        filters=(
            Filter("jury", t("jury.filter"), [(j.number, j.name) for j, _ in sitting], jury.number),
        ),
        figures=(
            Figure(t("jury.fact_waiting"), str(len(found))),
            Figure(t("jury.fact_complete"), str(sum(one.is_complete for one in found))),
            Figure(t("jury.fact_jurors"), str(len(jurors_of(ctx.session, jury.id)))),
        ),
        blocks=(_table(ctx, jury, found),),
        acts=tuple(_acts(jury)) if chairs else (),
        refresh=REFRESH,
    )


def _rubric(ctx: Context) -> str:
    rubric = ctx.rules.project.rubric
    return "、".join(
        t("jury.weight", criterion=label(criterion), weight=rubric.get(criterion, 0))
        for criterion in Criterion
    )


def _table(ctx: Context, jury: Jury, found: Sequence[Standing]) -> TableBlock:
    mine = {
        project_id
        for project_id, jurors in marks_of(ctx.session, jury.id).items()
        if ctx.who.id in jurors
    }
    rows = []
    for one in found:
        done = reached(one.project)
        light = "" if done is None else "green" if done else "red"
        mean = tenth(one.mean) if one.mean is not None and one.is_complete else "—"
        figures = t("conclusion.figures", actual=one.project.actual, target=one.project.target)
        rows.append(
            (
                Cell(one.branch.name),
                Cell(one.project.name, href=path_of(one.project.number)),
                Cell(figures, light),
                Cell(t("jury.progress", done=one.done, may=one.may)),
                Cell(mean),
                Cell(t("jury.mine_done") if one.project.id in mine else ""),
            )
        )
    return TableBlock(
        headings=[t(f"jury.column_{n}") for n in range(1, 7)],
        rows=rows,
        numeric=frozenset({3, 4}),
        note=t("jury.blind"),
    )


# Duties


def to_mark(ctx: Context, member: Member | None) -> Iterator[Duty]:
    """What jurors have not marked; and projects for which nobody sits yet."""
    if member is None or member.has(Role.PARTY_OFFICE, Role.COMMITTEE_SECRETARY):
        yield from _without_jury(ctx)
    for jury, unit in open_juries(ctx.session):
        jurors = jurors_of(ctx.session, jury.id)
        if member is not None and member.id not in jurors:
            continue
        marks = marks_of(ctx.session, jury.id)
        waiting = waiting_for(ctx.session, jury, unit)
        homes = _homes(ctx, jurors)
        for person_id in jurors:
            left = [
                project
                for project, branch in waiting
                if branch.id != homes.get(person_id) and person_id not in marks.get(project.id, {})
            ]
            if left:
                yield _mark_duty(ctx, jury, unit, person_id, left)


def _homes(ctx: Context, people: Mapping[int, str]) -> Mapping[int, int | None]:
    rows = ctx.session.execute(
        select(Person.id, Unit.branch_id)
        .join(Unit, Unit.id == Person.unit_id)
        .where(Person.id.in_(list(people)))
    )
    return dict(rows.all())


def _mark_duty(
    ctx: Context, jury: Jury, unit: Unit, person_id: int, left: Sequence[Project]
) -> Duty:
    since = ctx.local(jury.at).date()
    return Duty(
        key=f"jury:{jury.number}:{person_id}:{since}",
        title=t("jury.duty"),
        detail=t("jury.left", name=jury.name, count=len(left)),
        due=ctx.calendar.add_working(since, ctx.rules.project.approve_days),
        since=since,
        unit_path=unit.path,
        owners=(person_id,),
        number=jury.number,
        act=Act(t("jury.go"), command="marks", answers={"number": left[0].number}),
        escalates=False,
    )


def _without_jury(ctx: Context) -> Iterator[Duty]:
    rows = ctx.session.execute(
        select(Project, Unit)
        .join(Unit, Unit.id == Project.unit_id)
        .where(Project.stage == Stage.JURY, Project.year == ctx.today.year)
        .order_by(Project.id)
    )
    sitting = open_juries(ctx.session, ctx.today.year)
    for project, unit in rows:
        if any(unit.path.startswith(above.path) for _, above in sitting):
            continue
        branch = branch_by_id(ctx, unit.id)
        yield Duty(
            key=f"no-jury:{project.number}",
            title=t("jury.duty_open"),
            detail=t("project.lies", branch=branch.name, name=project.name),
            due=project.ends_on,
            unit_path=unit.path,
            role=Role.PARTY_OFFICE,
            number=project.number,
            act=Act(t("jury.open"), command="jury"),
        )


FAMILY = Family(
    records=(Record(prefix="PS", show=show),),
    duties=(DutySource(key="jury", find=to_mark),),
    boards=(Board(key="jury", show=board),),
)
