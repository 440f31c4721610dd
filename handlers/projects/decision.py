"""审批 and 定级: the specialist department decides on a project and its grade (DOMAIN.md 2)."""

from config.texts import label, t
from handlers.content import Text
from handlers.context import Context
from handlers.projects.common import (
    meant,
    need_judge,
    need_open_year,
    need_stage,
    responsible,
    tell,
)
from handlers.reply import Markdown, Reply, fill, lines, say
from handlers.spec import Command, Family
from models.errors import UserError
from models.forms.field import Answers, Option
from models.forms.form import Form
from models.forms.kinds import Choice, LongText
from models.forms.record import RecordNumber
from models.grade import regrade
from models.judges import Side
from models.person import Role
from models.project import Grade, Project, Stage, advance

AGREE, RETURN = "agree", "return"
REASON = LongText(key="reason", min_chars=2, max_chars=500)
GRADES = tuple(
    Option(grade.value, label(grade), (t("decide.grade_word", grade=label(grade)),))
    for grade in Grade
)
JUDGES = frozenset({Role.SPECIALIST, Role.PARTY_OFFICE, Role.COMMITTEE_SECRETARY})

DECIDE = Form(
    key="decide",
    version=1,
    fields=(
        RecordNumber(key="number"),
        Choice(
            key="verdict",
            options=(
                Option(AGREE, t("decide.agree"), (t("decide.agree_word"),)),
                Option(RETURN, t("decide.return"), (t("decide.return_word"),)),
            ),
        ),
        Choice(
            key="grade", options=GRADES, when=lambda answers, _: answers.get("verdict") == AGREE
        ),
        REASON,
    ),
    positional=("number", "verdict", "grade", "reason"),
)

GRADE = Form(
    key="grade",
    version=1,
    fields=(RecordNumber(key="number"), Choice(key="grade", options=GRADES), REASON),
    positional=("number", "grade", "reason"),
)


def decide(ctx: Context, answers: Answers) -> Reply:
    """``/审批 编号 同意 A 理由`` or ``/审批 编号 退回 理由``."""
    project, branch = meant(ctx, answers["number"])
    need_judge(ctx, project, branch, Side.BUSINESS)
    if project.proposer_id == ctx.who.id:
        raise UserError("decide.own", number=project.number)
    need_open_year(ctx, project)
    need_stage(project, Stage.SUBMITTED)
    reason = answers["reason"]
    ctx.subject = project.number
    if answers["verdict"] == RETURN:
        _move(ctx, project, Stage.RETURNED, reason)
        _inform(ctx, project, fill("decide.told_returned", name=project.name, reason=reason))
        return say("decide.returned", number=project.number, branch=branch.name)
    grade = Grade(answers["grade"])
    _move(ctx, project, Stage.APPROVED, reason)
    if project.grade is not grade:
        regrade(ctx.session, project, grade, at=ctx.now, person_id=ctx.who.id, reason=reason)
    key = t("decide.key") if grade is Grade.A else ""
    _inform(
        ctx,
        project,
        fill("decide.told_approved", name=project.name, grade=label(grade), reason=reason, key=key),
    )
    return Reply(
        lines(
            fill(
                "decide.approved",
                number=project.number,
                branch=branch.name,
                grade=label(grade),
            ),
            key,
        )
    )


def _move(ctx: Context, project: Project, to: Stage, note: str) -> None:
    advance(ctx.session, project, to, at=ctx.now, person_id=ctx.who.id, note=note)


def _inform(ctx: Context, project: Project, text: Markdown) -> None:
    """Those who drew it up hear at once what became of it."""
    people = [*responsible(ctx, project), project.proposer_id]
    tell(ctx, people, Text(text), f"decided:{project.number}:{ctx.now.isoformat()}")


def grade_project(ctx: Context, answers: Answers) -> Reply:
    """``/定级 编号 A 理由``: a grade is given, or changed, with a reason that stays."""
    project, branch = meant(ctx, answers["number"])
    need_judge(ctx, project, branch, Side.BUSINESS)
    need_open_year(ctx, project)
    need_stage(project, Stage.APPROVED, Stage.ONGOING, Stage.REVIEW, Stage.JURY)
    grade = Grade(answers["grade"])
    before = label(project.grade) if project.grade else t("project.ungraded")
    regrade(
        ctx.session,
        project,
        grade,
        at=ctx.now,
        person_id=ctx.who.id,
        reason=answers["reason"],
    )
    ctx.subject = project.number
    key = t("decide.key") if grade is Grade.A else ""
    values = {"number": project.number, "before": before, "grade": label(grade)}
    _inform(
        ctx,
        project,
        fill("decide.told_graded", name=project.name, reason=answers["reason"], key=key, **values),
    )
    return Reply(lines(fill("decide.graded", branch=branch.name, **values), key))


FAMILY = Family(
    commands=(
        Command(key="decide", form=DECIDE, run=decide, roles=JUDGES),
        Command(key="grade", form=GRADE, run=grade_project, roles=JUDGES),
    )
)
