"""动态调整表: after a reorganisation each secretary settles what becomes of which project."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import aliased

from config.texts import label, t
from handlers.content import Text
from handlers.context import Context
from handlers.dossier import Act, Dossier, Record, Step
from handlers.duty import Duty, DutySource
from handlers.projects.common import need_open_year, responsible, tell
from handlers.reply import Markdown, Reply, fill, lines
from handlers.spec import Column, Command, Family, Kind, Ledger, Rows, View
from models.adjustment import Adjustment, AdjustState, Outcome, adjustment_by_number
from models.errors import UserError
from models.forms.field import Answers, Option
from models.forms.form import Form
from models.forms.kinds import Choice, LongText
from models.forms.record import RecordNumber
from models.person import Member, Person, Role, holders
from models.project import Project, Stage, active_of, advance, hold_branch
from models.unit import Place, Unit

SETTLED: Final = (Outcome.TAKEN, Outcome.JOINED, Outcome.ENDED)
"""What a person can decide."""

FORM: Final = Form(
    key="adjustment",
    version=1,
    fields=(
        RecordNumber(key="number"),
        Choice(
            key="outcome",
            options=tuple(Option(outcome.value, label(outcome)) for outcome in SETTLED),
        ),
        LongText(key="note", min_chars=2, max_chars=500),
    ),
    positional=("number", "outcome", "note"),
)
NONE: Final = Form(key="nothing", version=1, fields=())


def settle(ctx: Context, answers: Answers) -> Reply:
    """``/调整 TZ-2026-0001 转入 理由``: by the branch that takes over, or the office above."""
    line = adjustment_by_number(ctx.session, answers["number"])
    if line is None:
        raise UserError("adjustment.unknown", number=answers["number"])
    place = _where(ctx, line)
    if not ctx.who.has(*_roles(line), over=place.path):
        key = "adjustment.not_yours" if line.into_id else "adjustment.office"
        raise UserError(key, number=line.number, branch=place.name)
    if line.state is AdjustState.DONE:
        raise UserError("adjustment.done", number=line.number)
    if line.project_id is None:
        raise UserError("adjustment.propose", branch=place.name)
    project = ctx.session.get_one(Project, line.project_id)
    need_open_year(ctx, project)
    outcome, note = Outcome(answers["outcome"]), answers["note"]
    joined = _carry_out(ctx, line, project, place, outcome, note)
    line.move_to(
        ctx.session,
        AdjustState.DONE,
        outcome=outcome,
        joined_id=joined,
        note=note,
        settled_by_id=ctx.who.id,
        settled_at=ctx.now,
    )
    ctx.subject = line.number
    text = fill(
        "adjustment.settled",
        number=line.number,
        name=project.name,
        outcome=label(outcome),
        branch=place.name,
    )
    tell(ctx, responsible(ctx, project), Text(text), f"adjusted:{line.number}")
    return Reply(text)


def _roles(line: Adjustment) -> Sequence[Role]:
    if line.into_id is None:
        return (Role.PARTY_OFFICE,)
    return (Role.SECRETARY, Role.PARTY_OFFICE)


def _where(ctx: Context, line: Adjustment) -> Place:
    """The branch that takes over; without one the unit that is gone, for the office above it."""
    return ctx.directory.place(ctx.session, line.into_id or line.unit_id)


def _carry_out(
    ctx: Context,
    line: Adjustment,
    project: Project,
    place: Place,
    outcome: Outcome,
    note: str,
) -> int | None:
    """Do with the project what was decided; returns the project into which it went, if any."""
    if outcome is Outcome.ENDED:
        advance(ctx.session, project, Stage.ENDED, at=ctx.now, person_id=ctx.who.id, note=note)
        return None
    if line.into_id is None:
        raise UserError("adjustment.no_heir", number=line.number)
    hold_branch(ctx.session, place.id)
    own = active_of(ctx.session, place.id, project.year)
    if outcome is Outcome.TAKEN:
        limit = ctx.rules.project.per_year
        if len(own) >= limit:
            raise UserError("adjustment.full", branch=place.name, number=own[0].number)
        unit = ctx.session.get_one(Unit, place.id)
        owner = next(iter(holders(ctx.session, Role.SECRETARY, unit)), None)
        project.unit_id = place.id
        project.owner_id = owner.id if owner else project.owner_id
        return None
    if not own:
        raise UserError("adjustment.nothing_to_join", branch=place.name)
    joined = own[0]
    words = t("adjustment.joined", number=joined.number, note=note)
    advance(ctx.session, project, Stage.ENDED, at=ctx.now, person_id=ctx.who.id, note=words)
    return joined.id


def list_open(ctx: Context, answers: Answers) -> Reply:
    """``/动态调整``: what the speaker has to settle, each with the line that does it."""
    del answers
    mine = [
        line for line in _open_lines(ctx) if ctx.who.has(*_roles(line), over=_where(ctx, line).path)
    ]
    if not mine:
        return Reply(t("adjustment.none"))
    rows = [_row(ctx, line) for line in mine]
    return Reply(lines(fill("adjustment.head", count=len(mine)), *rows, t("adjustment.howto")))


def _row(ctx: Context, line: Adjustment) -> Markdown:
    unit = ctx.directory.place(ctx.session, line.unit_id)
    return fill(
        "adjustment.row",
        number=line.number,
        unit=unit.name,
        cause=label(line.cause),
        what=_what(ctx, line),
        due=_due(ctx, line.at),
    )


def _what(ctx: Context, line: Adjustment) -> str:
    """The project concerned, or that one has to be proposed."""
    if line.project_id is None:
        if line.origin_id is None:
            return t("adjustment.needs")
        origin = ctx.directory.place(ctx.session, line.origin_id)
        return t("adjustment.needs_from", origin=origin.name)
    project = ctx.session.get_one(Project, line.project_id)
    return t("adjustment.project", number=project.number, name=project.name)


def _due(ctx: Context, at: datetime) -> str:
    day = ctx.calendar.add_working(ctx.local(at).date(), ctx.rules.project.adjust_days)
    return day.isoformat()


def _open_lines(ctx: Context) -> Sequence[Adjustment]:
    return ctx.session.scalars(
        select(Adjustment).where(Adjustment.state == AdjustState.OPEN).order_by(Adjustment.id)
    ).all()


def show(ctx: Context, number: str) -> Dossier:
    """One line with its project and what became of it."""
    line = adjustment_by_number(ctx.session, number)
    if line is None:
        raise UserError("lookup.unknown", number=number)
    place, unit = _where(ctx, line), ctx.directory.place(ctx.session, line.unit_id)
    steps = [Step(line.at, t("adjustment.step", unit=unit.name, cause=label(line.cause)))]
    if line.settled_at is not None:
        who = ctx.session.get(Person, line.settled_by_id) if line.settled_by_id else None
        what = label(line.outcome) if line.outcome else ""
        steps.append(Step(line.settled_at, what, who.name if who else "", line.note))
    return Dossier(
        number=line.number,
        title=t("adjustment.dossier", unit=unit.name, cause=label(line.cause)),
        state=label(line.state),
        facts=(
            (t("adjustment.fact_what"), _what(ctx, line)),
            (t("adjustment.fact_into"), place.name if line.into_id else t("adjustment.above")),
            (t("adjustment.fact_due"), _due(ctx, line.at)),
        ),
        steps=steps,
        acts=tuple(_acts(ctx, line, place)),
    )


def _acts(ctx: Context, line: Adjustment, place: Place) -> Iterator[Act]:
    if line.state is AdjustState.DONE or not ctx.who.has(*_roles(line), over=place.path):
        return
    if line.project_id is None:
        yield Act(t("project.propose"), command="propose", answers={"branch": place.name})
        return
    for outcome in SETTLED if line.into_id else (Outcome.ENDED,):
        answers = {"number": line.number, "outcome": label(outcome)}
        yield Act(label(outcome), command="adjustment", answers=answers)


def to_settle(ctx: Context, member: Member | None) -> Iterator[Duty]:
    """Each line that is open, with a day by which it is settled."""
    del member
    for line in _open_lines(ctx):
        place = _where(ctx, line)
        since = ctx.local(line.at).date()
        unit = ctx.directory.place(ctx.session, line.unit_id)
        act = Act(t("adjustment.go"), command="adjustment", answers={"number": line.number})
        if line.project_id is None:
            act = Act(t("project.propose"), command="propose")
        yield Duty(
            key=f"adjust:{line.number}",
            title=t("adjustment.duty"),
            detail=t(
                "adjustment.detail",
                unit=unit.name,
                cause=label(line.cause),
                what=_what(ctx, line),
            ),
            due=ctx.calendar.add_working(since, ctx.rules.project.adjust_days),
            since=since,
            unit_path=place.path,
            role=_roles(line)[0],
            number=line.number,
            act=act,
        )


CHANGED, INTO, SETTLER = aliased(Unit), aliased(Unit), aliased(Person)
JOINED = aliased(Project)


def _rows(view: View) -> Rows:
    del view
    return (
        select()
        .select_from(Adjustment)
        .join(CHANGED, CHANGED.id == Adjustment.unit_id)
        .outerjoin(INTO, INTO.id == Adjustment.into_id)
        .outerjoin(Project, Project.id == Adjustment.project_id)
        .outerjoin(JOINED, JOINED.id == Adjustment.joined_id)
        .outerjoin(SETTLER, SETTLER.id == Adjustment.settled_by_id)
    )


def _due_column(value: Any, view: View) -> Any:  # noqa: ANN401  (a column's value)
    return None if value is None else _due(view.ctx, value)


LEDGER: Final = Ledger(
    key="adjustment",
    columns=(
        Column(key="number", expr=Adjustment.number, width=16),
        Column(key="unit", expr=CHANGED.name, width=34),
        Column(key="cause", expr=Adjustment.cause, kind=Kind.WORD, width=10),
        Column(key="project", expr=Project.name, width=36),
        Column(key="state", expr=Adjustment.state, kind=Kind.WORD, width=10),
        Column(key="outcome", expr=Adjustment.outcome, kind=Kind.WORD, width=12),
        Column(key="into", expr=INTO.name, width=34, wide=True),
        Column(key="joined", expr=JOINED.name, width=36, wide=True),
        Column(key="at", expr=Adjustment.at, kind=Kind.TIME, width=18, wide=True),
        Column(key="due", expr=Adjustment.at.label("due"), width=12, wide=True, show=_due_column),
        Column(key="why", expr=Adjustment.note, width=30, wide=True),
        Column(key="settler", expr=SETTLER.name, width=10, wide=True),
        Column(key="settled", expr=Adjustment.settled_at, kind=Kind.TIME, width=18, wide=True),
    ),
    query=_rows,
    order=(Adjustment.at.desc(), Adjustment.id.desc()),
)

FAMILY = Family(
    commands=(
        Command(
            key="adjustment",
            form=FORM,
            run=settle,
            roles=frozenset({Role.SECRETARY, Role.PARTY_OFFICE}),
        ),
        Command(
            key="adjustments",
            form=NONE,
            run=list_open,
            roles=frozenset({Role.SECRETARY, Role.PARTY_OFFICE}),
        ),
    ),
    records=(Record(prefix="TZ", show=show),),
    duties=(DutySource(key="adjust", find=to_settle),),
    ledgers=(LEDGER,),
)
