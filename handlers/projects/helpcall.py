"""求助: a project that is stuck asks a department, a clock runs until it helped (F-055)."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import aliased

from config.texts import label, t
from handlers.content import Button, Card, Text, Tone
from handlers.context import Context
from handlers.dossier import Act, Dossier, Record, Section, Step
from handlers.duty import Duty, DutySource
from handlers.organisation import seen_units
from handlers.places import branch_by_id, may_report_for, may_see
from handlers.projects.common import (
    all_judges,
    department_of,
    meant,
    names_of,
    need_open_year,
    need_own,
    need_stage,
    own_project,
    responsible,
    tell,
)
from handlers.reply import Reply, fill, say
from handlers.spec import Action, Column, Command, Family, Kind, Ledger, Rows, View
from models.attachment import attach, of_record
from models.errors import UserError
from models.forms.field import Answers, Facts
from models.forms.form import Form
from models.forms.kinds import Attachment, LongText
from models.forms.kinds import Unit as UnitField
from models.forms.record import RecordNumber
from models.helpcall import HelpCall, HelpState, call_by_number, open_calls
from models.judges import Judges, Side
from models.number import next_number
from models.person import Member, Person, Role
from models.project import OPEN_STAGES, Project, Stage
from models.unit import Place, Unit, UnitKind, unit_by_code

MOST: Final = 3
"""Calls of one project that may be open at once: more are a meeting, not a message."""

ASK: Final = Form(
    key="help_call",
    version=1,
    fields=(
        RecordNumber(key="number", required=False, aside=True),
        UnitField(key="department", required=False, aside=True),
        Attachment(key="photos", required=False),
        LongText(key="said", min_chars=4, max_chars=1000),
    ),
    positional=("number", "said"),
)
ANSWER: Final = Form(
    key="help_answer",
    version=1,
    fields=(RecordNumber(key="number"), LongText(key="answer", min_chars=2, max_chars=1000)),
    positional=("number", "answer"),
)


def facts(ctx: Context, answers: Answers) -> Facts:
    """Refuses at once where there is no project under way."""
    if "number" not in answers and own_project(ctx) is None:
        return {}
    _stuck(ctx, answers.get("number"))
    return {}


def _stuck(ctx: Context, number: str | None) -> tuple[Project, Place]:
    project, branch = meant(ctx, number)
    need_own(ctx, branch)
    need_open_year(ctx, project)
    need_stage(project, *OPEN_STAGES, Stage.REVIEW)
    return project, branch


def ask(ctx: Context, answers: Answers) -> Reply:
    """``/求助 卡在哪里``: to the department of the specialty, or to the one that is named."""
    project, branch = _stuck(ctx, answers["number"])
    calls = open_calls(ctx.session, project.id)
    if len(calls) >= MOST:
        raise UserError("help_call.many", most=MOST, numbers="、".join(c.number for c in calls))
    department = _asked(ctx, project, answers)
    due = ctx.calendar.add_working(ctx.today, ctx.rules.project.help_days)
    call = HelpCall(
        number=next_number(ctx.session, "QZ", ctx.today.year),
        project_id=project.id,
        unit_id=branch.id,
        department_id=department.id if department else None,
        said=answers["said"],
        person_id=ctx.who.id,
        at=ctx.now,
        asked_at=ctx.now,
        due_on=due,
    )
    ctx.session.add(call)
    ctx.session.flush()
    if answers["photos"]:
        attach(ctx.session, answers["photos"], ctx.who.id, call.number)
    ctx.subject = call.number
    helpers = _helpers(ctx, call, branch)
    _call(ctx, call, project, branch, helpers)
    names = names_of(ctx, helpers) or t("score.nobody")
    return say("help_call.saved", number=call.number, names=names, due=due)


def _asked(ctx: Context, project: Project, answers: Answers) -> Place | None:
    if answers["department"] is None:
        return department_of(ctx, project)
    unit = unit_by_code(ctx.session, answers["department"].key)
    if unit is None or unit.kind in (UnitKind.BRANCH, UnitKind.TEAM):
        raise UserError("help_call.no_department", name=answers["department"].label)
    return ctx.directory.place(ctx.session, unit.id)


def _helpers(ctx: Context, call: HelpCall, branch: Place) -> Sequence[int]:
    """Who should answer: the specialists of the department that was asked."""
    department = _department(ctx, call)
    judges = Judges.over(ctx.session, branch, department)
    return judges.nearest(Side.BUSINESS, branch, department)


def _department(ctx: Context, call: HelpCall) -> Place | None:
    return ctx.directory.place(ctx.session, call.department_id) if call.department_id else None


def _call(
    ctx: Context, call: HelpCall, project: Project, branch: Place, helpers: Sequence[int]
) -> None:
    card = Card(
        title=t("help_call.request", branch=branch.name),
        desc=project.name,
        body=call.said[:110],
        lines=((t("project.fact_number"), call.number), (t("help_call.due"), str(call.due_on))),
        buttons=(
            Button(t("help_call.answer"), f"begin:help_answer/number={call.number}", Tone.PRIMARY),
        ),
    )
    tell(ctx, helpers, card, f"help:{call.number}:{call.again}")


def answer(ctx: Context, answers: Answers) -> Reply:
    """``/回应求助 QZ-2026-0001 …``: the branch says then whether it helped."""
    call = _known(ctx, answers["number"])
    branch = branch_by_id(ctx, call.unit_id)
    if not _may_answer(ctx, call, branch):
        helpers = names_of(ctx, _helpers(ctx, call, branch)) or t("score.nobody")
        raise UserError("help_call.not_asked", number=call.number, names=helpers)
    if call.state is not HelpState.OPEN:
        raise UserError("help_call.not_open", number=call.number, state=label(call.state))
    call.move_to(
        ctx.session,
        HelpState.ANSWERED,
        answer=answers["answer"],
        answered_by_id=ctx.who.id,
        answered_at=ctx.now,
    )
    ctx.subject = call.number
    project = ctx.session.get_one(Project, call.project_id)
    card = Card(
        title=t("help_call.answered", name=ctx.who.name),
        desc=project.name,
        body=call.answer[:110],
        lines=((t("project.fact_number"), call.number),),
        buttons=(
            Button(t("help_call.solved"), f"help.solved:{call.number}", Tone.PRIMARY),
            Button(t("help_call.unsolved"), f"help.unsolved:{call.number}"),
        ),
    )
    people = [call.person_id, *responsible(ctx, project)]
    tell(ctx, people, card, f"help:{call.number}:{call.again}:answer")
    return say("help_call.answer_saved", number=call.number)


def _known(ctx: Context, number: str) -> HelpCall:
    call = call_by_number(ctx.session, number)
    if call is None:
        raise UserError("help_call.unknown", number=number)
    return call


def _may_answer(ctx: Context, call: HelpCall, branch: Place) -> bool:
    """Those who were asked, and the office above: help has no closed shop."""
    if ctx.who.has(Role.PARTY_OFFICE, Role.COMMITTEE_SECRETARY, over=branch.path):
        return True
    return ctx.who.id in _helpers(ctx, call, branch)


def solved(ctx: Context, argument: str, picked: Mapping[str, tuple[str, ...]]) -> Reply:
    """The branch says that it helped."""
    del picked
    call = _own(ctx, argument)
    call.move_to(ctx.session, HelpState.SOLVED, closed_at=ctx.now)
    _hear(ctx, call, "help_call.told_solved")
    return Reply(card=Card(title=t("help_call.solved_title"), desc=call.number))


def unsolved(ctx: Context, argument: str, picked: Mapping[str, tuple[str, ...]]) -> Reply:
    """It did not help: the call is open again, with a new clock."""
    del picked
    call = _own(ctx, argument)
    due = ctx.calendar.add_working(ctx.today, ctx.rules.project.help_days)
    call.move_to(ctx.session, HelpState.OPEN, again=call.again + 1, due_on=due, asked_at=ctx.now)
    _hear(ctx, call, "help_call.told_unsolved")
    return Reply(card=Card(title=t("help_call.unsolved_title"), desc=call.number))


def withdraw(ctx: Context, argument: str, picked: Mapping[str, tuple[str, ...]]) -> Reply:
    """No help is needed any more."""
    del picked
    call = _own(ctx, argument)
    call.move_to(ctx.session, HelpState.WITHDRAWN, closed_at=ctx.now)
    return Reply(card=Card(title=t("help_call.withdrawn_title"), desc=call.number))


def _own(ctx: Context, number: str) -> HelpCall:
    call = _known(ctx, number)
    need_own(ctx, branch_by_id(ctx, call.unit_id))
    ctx.subject = call.number
    return call


def _hear(ctx: Context, call: HelpCall, key: str) -> None:
    """Whoever answered hears what came of it."""
    text = fill(key, number=call.number, said=call.said[:60])
    tell(ctx, [call.answered_by_id], Text(text), f"help:{call.number}:{call.again}:{call.state}")


def show(ctx: Context, number: str) -> Dossier:
    """A call with its answer, for the branch and those above."""
    call = call_by_number(ctx.session, number)
    branch = branch_by_id(ctx, call.unit_id) if call else None
    if call is None or branch is None:
        raise UserError("lookup.unknown", number=number)
    if not (may_see(ctx.who, branch) or _may_answer(ctx, call, branch)):
        raise UserError("lookup.unknown", number=number)
    project = ctx.session.get_one(Project, call.project_id)
    asked = ctx.directory.place(ctx.session, call.department_id) if call.department_id else None
    return Dossier(
        number=call.number,
        title=t("help_call.dossier", branch=branch.name),
        state=label(call.state),
        light=_light(ctx, call),
        facts=(
            (t("help_call.fact_project"), project.name),
            (t("help_call.fact_department"), asked.name if asked else t("enum.Side.business")),
            (t("help_call.due"), str(call.due_on)),
        ),
        sections=(
            Section(t("form.help_call.said.label"), call.said),
            Section(t("form.help_answer.answer.label"), call.answer),
        ),
        steps=_steps(ctx, call),
        acts=tuple(_acts(ctx, call, branch)),
        photos=[photo.id for photo in of_record(ctx.session, call.number)],
    )


def _light(ctx: Context, call: HelpCall) -> str:
    if call.state is not HelpState.OPEN:
        return ""
    return "red" if call.due_on < ctx.today else "yellow" if call.due_on == ctx.today else "green"


def _steps(ctx: Context, call: HelpCall) -> Sequence[Step]:
    names = {
        person.id: person.name
        for person in ctx.session.scalars(
            select(Person).where(Person.id.in_([call.person_id, call.answered_by_id]))
        )
    }
    steps = [Step(call.at, t("help_call.step_asked"), names.get(call.person_id, ""))]
    if call.answered_at is not None and call.answered_by_id is not None:
        who = names.get(call.answered_by_id, "")
        steps.append(Step(call.answered_at, t("help_call.step_answered"), who))
    if call.again:
        again = t("help_call.again", times=call.again)
        steps.append(Step(call.asked_at, again))
    if call.closed_at is not None:
        steps.append(Step(call.closed_at, label(call.state)))
    return sorted(steps, key=lambda step: step.at)


def _acts(ctx: Context, call: HelpCall, branch: Place) -> Iterator[Act]:
    if call.state is HelpState.OPEN and _may_answer(ctx, call, branch):
        number = {"number": call.number}
        yield Act(t("help_call.answer"), command="help_answer", answers=number, tone=Tone.PRIMARY)
    if not may_report_for(ctx.who, branch):
        return
    if call.state is HelpState.ANSWERED:
        action = f"help.solved:{call.number}"
        yield Act(t("help_call.solved"), action=action, tone=Tone.PRIMARY)
        yield Act(t("help_call.unsolved"), action=f"help.unsolved:{call.number}")
    if call.state is HelpState.OPEN:
        yield Act(t("help_call.withdraw"), action=f"help.withdraw:{call.number}")


# Duties


def to_help(ctx: Context, member: Member | None) -> Iterator[Duty]:
    """Calls that wait for an answer, and answers that wait for the branch's word."""
    judges = all_judges(ctx)
    for call, project, unit in ctx.session.execute(
        select(HelpCall, Project, Unit)
        .join(Project, Project.id == HelpCall.project_id)
        .join(Unit, Unit.id == HelpCall.unit_id)
        .where(HelpCall.state.in_([HelpState.OPEN, HelpState.ANSWERED]))
        .order_by(HelpCall.due_on, HelpCall.id)
    ):
        branch = branch_by_id(ctx, unit.id)
        if call.state is HelpState.ANSWERED:
            yield _confirm_duty(ctx, call, unit)
        elif member is None or member.has(
            Role.SPECIALIST, Role.PARTY_OFFICE, Role.COMMITTEE_SECRETARY
        ):
            yield Duty(
                key=f"help:{call.number}:{call.again}",
                title=t("help_call.duty"),
                detail=t("project.lies", branch=unit.name, name=project.name),
                due=call.due_on,
                unit_path=unit.path,
                owners=judges.nearest(Side.BUSINESS, branch, _department(ctx, call)),
                role=Role.PARTY_OFFICE,
                number=call.number,
                act=Act(
                    t("help_call.answer"), command="help_answer", answers={"number": call.number}
                ),
            )


def _confirm_duty(ctx: Context, call: HelpCall, unit: Unit) -> Duty:
    since: date = ctx.local(call.answered_at or call.at).date()
    return Duty(
        key=f"helped:{call.number}:{call.again}",
        title=t("help_call.duty_confirm"),
        detail=call.answer[:40],
        due=ctx.calendar.add_working(since, ctx.rules.project.confirm_days),
        since=since,
        unit_path=unit.path,
        owners=(call.person_id,),
        number=call.number,
        act=Act(t("help_call.solved"), action=f"help.solved:{call.number}"),
        escalates=False,
    )


ASKER, HELPER, ASKED = aliased(Person), aliased(Person), aliased(Unit)


def _rows(view: View) -> Rows:
    """The calls a viewer may see: the own branch's, and all below the units of their roles."""
    return (
        select()
        .select_from(HelpCall)
        .join(Project, Project.id == HelpCall.project_id)
        .join(Unit, Unit.id == HelpCall.unit_id)
        .join(ASKER, ASKER.id == HelpCall.person_id)
        .outerjoin(HELPER, HELPER.id == HelpCall.answered_by_id)
        .outerjoin(ASKED, ASKED.id == HelpCall.department_id)
        .where(seen_units(view))
    )


LEDGER: Final = Ledger(
    key="help_call",
    columns=(
        Column(key="number", expr=HelpCall.number, width=16),
        Column(key="branch", expr=Unit.name, width=34),
        Column(key="said", expr=HelpCall.said, width=40),
        Column(key="state", expr=HelpCall.state, kind=Kind.WORD, width=10),
        Column(key="due", expr=HelpCall.due_on, kind=Kind.DATE, width=12),
        Column(key="department", expr=ASKED.name, width=20, wide=True),
        Column(key="project", expr=Project.name, width=34, wide=True),
        Column(key="asker", expr=ASKER.name, width=10, wide=True),
        Column(key="at", expr=HelpCall.at, kind=Kind.TIME, width=18, wide=True),
        Column(key="helper", expr=HELPER.name, width=10, wide=True),
        Column(key="answer", expr=HelpCall.answer, width=40, wide=True),
        Column(key="answered", expr=HelpCall.answered_at, kind=Kind.TIME, width=18, wide=True),
        Column(key="again", expr=HelpCall.again, kind=Kind.NUMBER, width=10, wide=True),
    ),
    query=_rows,
    order=(HelpCall.at.desc(), HelpCall.id.desc()),
)

FAMILY = Family(
    commands=(
        Command(key="help_call", form=ASK, facts=facts, run=ask, sheet=True),
        Command(key="help_answer", form=ANSWER, run=answer),
    ),
    actions=(
        Action(key="help.solved", run=solved),
        Action(key="help.unsolved", run=unsolved),
        Action(key="help.withdraw", run=withdraw),
    ),
    records=(Record(prefix="QZ", show=show),),
    duties=(DutySource(key="help_call", find=to_help),),
    ledgers=(LEDGER,),
)
