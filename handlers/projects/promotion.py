"""晋级: a branch applies for a better grade, the department decides (DOMAIN.md 2, 三表之三)."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import aliased

from config.texts import label, t
from handlers.content import Button, Card, Text, Tone
from handlers.context import Context
from handlers.dossier import Act, Dossier, Record, Section, Step
from handlers.duty import Duty, DutySource
from handlers.places import branch_by_id
from handlers.projects.common import (
    all_judges,
    department_of,
    judges_of,
    may_judge,
    meant,
    need_judge,
    need_open_year,
    need_secretary,
    need_stage,
    own_project,
    responsible,
    tell,
)
from handlers.projects.decision import JUDGES, REASON
from handlers.reply import Reply, fill, lines, say
from handlers.spec import Action, Column, Command, Family, Kind, Ledger, Rows, View
from models.attachment import attach, of_record
from models.errors import UserError
from models.forms.field import Answers, Facts, Option
from models.forms.form import Form
from models.forms.kinds import Attachment, Choice, LongText
from models.forms.kinds import Text as TextField
from models.forms.record import RecordNumber
from models.grade import regrade
from models.judges import Side
from models.number import next_number
from models.person import Member, Person, Role
from models.project import Grade, Project, Stage, hold_branch
from models.promotion import Promotion, PromotionState, promotion_by_number, promotions_of
from models.unit import Unit

GRANT, DECLINE = "grant", "decline"
STAGES: Final = (Stage.APPROVED, Stage.ONGOING)
BETTER: Final = {Grade.C: (Grade.B, Grade.A), Grade.B: (Grade.A,), Grade.A: ()}
"""The grades above each."""

FORM: Final = Form(
    key="promotion",
    version=1,
    fields=(
        RecordNumber(key="number", required=False, aside=True),
        Choice(
            key="grade",
            options=tuple(
                Option(grade.value, label(grade), (t("decide.grade_word", grade=label(grade)),))
                for grade in (Grade.A, Grade.B)
            ),
        ),
        TextField(key="changed", min_chars=4, max_chars=500),
        Attachment(key="photos", required=False),
        LongText(key="evidence", min_chars=4, max_chars=1000),
    ),
    positional=("number", "grade", "evidence"),
)

DECISION: Final = Form(
    key="promotion_decision",
    version=1,
    fields=(
        RecordNumber(key="number"),
        Choice(
            key="verdict",
            options=(
                Option(GRANT, t("promotion.grant"), (t("promotion.grant_word"),)),
                Option(DECLINE, t("promotion.decline"), (t("promotion.decline_word"),)),
            ),
        ),
        REASON,
    ),
    positional=("number", "verdict", "reason"),
)


def facts(ctx: Context, answers: Answers) -> Facts:
    """Refuses at once what cannot be applied for, before anybody has written a page."""
    if "number" not in answers and own_project(ctx) is None:
        return {}
    _promotable(ctx, answers.get("number"), answers.get("grade"))
    return {}


def _promotable(ctx: Context, number: str | None, wanted: str | None) -> Project:
    """A project for which the speaker may apply now."""
    project, branch = meant(ctx, number)
    need_secretary(ctx, branch)
    need_open_year(ctx, project)
    need_stage(project, *STAGES)
    if project.grade is None:
        raise UserError("promotion.ungraded", number=project.number)
    above = BETTER[project.grade]
    if not above:
        raise UserError("promotion.highest", number=project.number)
    if wanted is not None and Grade(wanted) not in above:
        raise UserError(
            "promotion.not_better",
            number=project.number,
            grade=label(project.grade),
            above="、".join(label(grade) for grade in above),
        )
    earlier = promotions_of(ctx.session, project.id)
    if pending := [one for one in earlier if one.state is PromotionState.PENDING]:
        raise UserError("promotion.pending", number=pending[0].number)
    _need_rest(ctx, [one.decided_at for one in earlier if one.state is PromotionState.DECLINED])
    return project


def _need_rest(ctx: Context, declined: list[datetime | None]) -> None:
    """After a refusal some time is left for getting better."""
    days = ctx.rules.project.reapply_days
    last = max((at for at in declined if at is not None), default=None)
    if last is not None and ctx.now < last + timedelta(days=days):
        again = ctx.local(last + timedelta(days=days)).date()
        raise UserError("promotion.too_soon", days=days, day=again)


def apply(ctx: Context, answers: Answers) -> Reply:
    """``/晋级 A 改进：… 依据``: the application joins the queue of the department."""
    project, branch = meant(ctx, answers["number"])
    hold_branch(ctx.session, branch.id)
    _promotable(ctx, answers["number"], answers["grade"])
    promotion = Promotion(
        number=next_number(ctx.session, "JJ", ctx.today.year),
        project_id=project.id,
        unit_id=branch.id,
        before=project.grade,
        wanted=Grade(answers["grade"]),
        changed=answers["changed"],
        evidence=answers["evidence"],
        person_id=ctx.who.id,
        at=ctx.now,
    )
    ctx.session.add(promotion)
    ctx.session.flush()
    if answers["photos"]:
        attach(ctx.session, answers["photos"], ctx.who.id, promotion.number)
    ctx.subject = promotion.number
    department = department_of(ctx, project)
    judges = judges_of(ctx, project, branch).nearest(Side.BUSINESS, branch, department)
    begin = f"begin:promotion_decision/number={promotion.number}/verdict="
    card = Card(
        title=t("promotion.request", branch=branch.name),
        desc=project.name,
        lines=(
            (t("promotion.fact_grades"), _grades(promotion)),
            (t("form.promotion.changed.label"), promotion.changed[:26]),
        ),
        buttons=(
            Button(t("promotion.grant"), f"{begin}{t('promotion.grant')}", Tone.PRIMARY),
            Button(t("promotion.decline"), f"{begin}{t('promotion.decline')}"),
        ),
    )
    tell(ctx, judges, card, f"promotion:{promotion.number}")
    return Reply(
        fill(
            "promotion.saved",
            number=promotion.number,
            name=project.name,
            grades=_grades(promotion),
            days=ctx.rules.project.approve_days,
        )
    )


def _grades(promotion: Promotion) -> str:
    before = label(promotion.before) if promotion.before else t("project.ungraded")
    return t("promotion.grades", before=before, wanted=label(promotion.wanted))


def decide(ctx: Context, answers: Answers) -> Reply:
    """``/晋级审批 JJ-2026-0001 同意 理由``: the grade follows, with the reason."""
    promotion = _known(ctx, answers["number"])
    project = ctx.session.get_one(Project, promotion.project_id)
    branch = branch_by_id(ctx, project.unit_id)
    need_judge(ctx, project, branch, Side.BUSINESS)
    need_open_year(ctx, project)
    granted = answers["verdict"] == GRANT
    if promotion.state is not PromotionState.PENDING:
        raise UserError("promotion.decided", number=promotion.number, state=label(promotion.state))
    if granted:
        need_stage(project, *STAGES)
    promotion.move_to(
        ctx.session,
        PromotionState.GRANTED if granted else PromotionState.DECLINED,
        decided_by_id=ctx.who.id,
        decided_at=ctx.now,
        reason=answers["reason"],
    )
    if granted:
        regrade(
            ctx.session,
            project,
            promotion.wanted,
            at=ctx.now,
            person_id=ctx.who.id,
            reason=answers["reason"],
            promotion=promotion.number,
        )
    ctx.subject = promotion.number
    values = {
        "number": promotion.number,
        "name": project.name,
        "grade": label(promotion.wanted),
        "reason": answers["reason"],
    }
    told = fill("promotion.told_granted" if granted else "promotion.told_declined", **values)
    people = [promotion.person_id, *responsible(ctx, project)]
    tell(ctx, people, Text(told), f"promotion:{promotion.number}:decided")
    key = t("decide.key") if granted and promotion.wanted is Grade.A else ""
    done = "promotion.granted" if granted else "promotion.declined"
    return Reply(lines(fill(done, branch=branch.name, **values), key))


def _known(ctx: Context, number: str) -> Promotion:
    promotion = promotion_by_number(ctx.session, number)
    if promotion is None:
        raise UserError("promotion.unknown", number=number)
    return promotion


def withdraw(ctx: Context, argument: str, picked: Mapping[str, tuple[str, ...]]) -> Reply:
    """The branch takes its application back; ``argument`` is the number."""
    del picked
    promotion = _known(ctx, argument)
    need_secretary(ctx, branch_by_id(ctx, promotion.unit_id))
    promotion.move_to(
        ctx.session, PromotionState.WITHDRAWN, decided_by_id=ctx.who.id, decided_at=ctx.now
    )
    ctx.subject = promotion.number
    reply = say("promotion.withdrawn", number=promotion.number)
    return Reply(reply.text, Card(title=t("promotion.withdrawn_title"), desc=promotion.number))


def show(ctx: Context, number: str) -> Dossier:
    """An application with what it says and what became of it."""
    promotion = promotion_by_number(ctx.session, number)
    if promotion is None:
        raise UserError("lookup.unknown", number=number)
    project = ctx.session.get_one(Project, promotion.project_id)
    branch = branch_by_id(ctx, promotion.unit_id)
    people = {
        person.id: person.name
        for person in ctx.session.scalars(
            select(Person).where(Person.id.in_([promotion.person_id, promotion.decided_by_id]))
        )
    }
    steps = [Step(promotion.at, t("promotion.step"), people.get(promotion.person_id, ""))]
    if promotion.decided_at is not None and promotion.decided_by_id is not None:
        who = people.get(promotion.decided_by_id, "")
        steps.append(Step(promotion.decided_at, label(promotion.state), who, promotion.reason))
    return Dossier(
        number=promotion.number,
        title=t("promotion.dossier", branch=branch.name, name=project.name),
        state=label(promotion.state),
        facts=(
            (t("project.fact_number"), project.number),
            (t("promotion.fact_grades"), _grades(promotion)),
        ),
        sections=(
            Section(t("form.promotion.changed.label"), promotion.changed),
            Section(t("form.promotion.evidence.label"), promotion.evidence),
        ),
        steps=steps,
        acts=tuple(_acts(ctx, promotion, project)),
        photos=[photo.id for photo in of_record(ctx.session, promotion.number)],
    )


def _acts(ctx: Context, promotion: Promotion, project: Project) -> Iterator[Act]:
    if promotion.state is not PromotionState.PENDING:
        return
    branch = branch_by_id(ctx, project.unit_id)
    if ctx.who.has(*JUDGES) and may_judge(ctx, project, branch, Side.BUSINESS):
        for verdict, tone in (("grant", Tone.PRIMARY), ("decline", Tone.PLAIN)):
            words = t(f"promotion.{verdict}")
            answers = {"number": promotion.number, "verdict": words}
            yield Act(words, command="promotion_decision", answers=answers, tone=tone)
    if ctx.who.has(Role.SECRETARY, over=branch.path):
        yield Act(t("promotion.withdraw"), action=f"promotion.withdraw:{promotion.number}")


def to_decide(ctx: Context, member: Member | None) -> Iterator[Duty]:
    """Applications that wait for the department."""
    if member is not None and not member.has(*JUDGES):
        return
    judges = all_judges(ctx)
    for promotion, project, unit in ctx.session.execute(
        select(Promotion, Project, Unit)
        .join(Project, Project.id == Promotion.project_id)
        .join(Unit, Unit.id == Project.unit_id)
        .where(Promotion.state == PromotionState.PENDING)
        .order_by(Promotion.id)
    ):
        branch, department = branch_by_id(ctx, unit.id), department_of(ctx, project)
        asked = ctx.local(promotion.at).date()
        yield Duty(
            key=f"promotion:{promotion.number}",
            title=t("promotion.duty"),
            detail=t("project.lies", branch=unit.name, name=project.name),
            due=ctx.calendar.add_working(asked, ctx.rules.project.approve_days),
            since=asked,
            unit_path=unit.path,
            owners=judges.nearest(Side.BUSINESS, branch, department),
            role=Role.PARTY_OFFICE,
            number=promotion.number,
            act=Act(
                t("project.judge"),
                command="promotion_decision",
                answers={"number": promotion.number},
            ),
        )


APPLICANT, DECIDER = aliased(Person), aliased(Person)


def _rows(view: View) -> Rows:
    del view
    return (
        select()
        .select_from(Promotion)
        .join(Project, Project.id == Promotion.project_id)
        .join(Unit, Unit.id == Promotion.unit_id)
        .join(APPLICANT, APPLICANT.id == Promotion.person_id)
        .outerjoin(DECIDER, DECIDER.id == Promotion.decided_by_id)
    )


LEDGER: Final = Ledger(
    key="promotion",
    columns=(
        Column(key="number", expr=Promotion.number, width=16),
        Column(key="branch", expr=Unit.name, width=34),
        Column(key="project", expr=Project.name, width=40),
        Column(key="wanted", expr=Promotion.wanted, kind=Kind.WORD, width=10),
        Column(key="state", expr=Promotion.state, kind=Kind.WORD, width=10),
        Column(key="before", expr=Promotion.before, kind=Kind.WORD, width=8),
        Column(key="changed", expr=Promotion.changed, width=40, wide=True),
        Column(key="evidence", expr=Promotion.evidence, width=40, wide=True),
        Column(key="applicant", expr=APPLICANT.name, width=10, wide=True),
        Column(key="at", expr=Promotion.at, kind=Kind.TIME, width=18),
        Column(key="decider", expr=DECIDER.name, width=10, wide=True),
        Column(key="decided", expr=Promotion.decided_at, kind=Kind.TIME, width=18, wide=True),
        Column(key="reason", expr=Promotion.reason, width=30, wide=True),
        Column(key="xm", expr=Project.number, width=16, wide=True),
    ),
    query=_rows,
    order=(Promotion.at.desc(), Promotion.id.desc()),
)

FAMILY = Family(
    commands=(
        Command(
            key="promote",
            form=FORM,
            facts=facts,
            run=apply,
            sheet=True,
            roles=frozenset({Role.SECRETARY}),
        ),
        Command(key="promotion_decision", form=DECISION, run=decide, roles=JUDGES),
    ),
    actions=(Action(key="promotion.withdraw", run=withdraw),),
    records=(Record(prefix="JJ", show=show),),
    duties=(DutySource(key="promotion", find=to_decide),),
    ledgers=(LEDGER,),
)
