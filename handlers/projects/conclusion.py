"""结题: a branch hands in what came of its project, the department reviews it (A-56, A-57)."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Final

from sqlalchemy import select, true

from config.texts import t
from handlers.content import Button, Card, Text, Tone
from handlers.context import Context
from handlers.dossier import Act
from handlers.duty import Duty, DutySource
from handlers.organisation import near
from handlers.projects.common import (
    department_of,
    judges_of,
    meant,
    names_of,
    need_judge,
    need_open_year,
    need_secretary,
    need_stage,
    own_project,
    responsible,
    tell,
)
from handlers.projects.decision import JUDGES, REASON
from handlers.projects.duties import waiting
from handlers.reply import Reply, fill, lines, say
from handlers.spec import Command, Family
from models.attachment import attach
from models.forms.field import Answers, Facts, Option, Problem
from models.forms.form import Form
from models.forms.kinds import Attachment, Choice, Figure, LongText
from models.forms.kinds import Text as TextField
from models.forms.record import RecordNumber
from models.forms.typed import normal
from models.judges import Side
from models.likeness import let_be_found
from models.person import Member, Role
from models.project import OPEN_STAGES, Project, Stage, advance, reached
from models.unit import Unit, UnitState

PASS, BACK = "pass", "back"
REMIND: Final = timedelta(days=14)
"""So long before its last day a project's secretary is reminded to conclude it."""


def _says_a_figure(answers: Answers, facts: Facts) -> list[tuple[str, Problem]]:
    """让数据说话: a result without a figure is none (A-56)."""
    del facts
    result = answers.get("result")
    if result and not any(char.isdigit() for char in normal(result)):
        return [("result", Problem("problem.result_figure"))]
    return []


CONCLUDE: Final = Form(
    key="conclude",
    version=1,
    fields=(
        RecordNumber(key="number", required=False, aside=True),
        Figure(key="actual"),
        TextField(key="carrier", min_chars=4, max_chars=500),
        TextField(key="evidence", min_chars=4, max_chars=300),
        Attachment(key="photos", required=False),
        LongText(key="result", min_chars=4, max_chars=1500),
    ),
    positional=("number", "actual", "result"),
    check=_says_a_figure,
)

REVIEW: Final = Form(
    key="review",
    version=1,
    fields=(
        RecordNumber(key="number"),
        Choice(
            key="verdict",
            options=(
                Option(PASS, t("conclusion.pass"), (t("conclusion.pass_word"),)),
                Option(BACK, t("conclusion.back"), (t("conclusion.back_word"),)),
            ),
        ),
        REASON,
    ),
    positional=("number", "verdict", "reason"),
)


def facts(ctx: Context, answers: Answers) -> Facts:
    """Refuses at once where nothing can be concluded."""
    if "number" not in answers and own_project(ctx) is None:
        return {}
    _concludable(ctx, answers.get("number"))
    return {}


def _concludable(ctx: Context, number: str | None) -> Project:
    project, branch = meant(ctx, number)
    need_secretary(ctx, branch)
    need_open_year(ctx, project)
    need_stage(project, Stage.ONGOING)
    return project


def known(ctx: Context, answers: Answers) -> Mapping[str, str]:
    """What was handed in before, for a page that is opened again."""
    project = _concludable(ctx, answers.get("number"))
    fields = ("number", "actual", "carrier", "evidence", "result")
    return {key: value for key in fields if (value := getattr(project, key))}


def conclude(ctx: Context, answers: Answers) -> Reply:
    """``/结题``: the actual figure, the carrier, the source and what came of it."""
    project = _concludable(ctx, answers["number"])
    _, branch = meant(ctx, project.number)
    if answers["photos"]:
        attach(ctx.session, answers["photos"], ctx.who.id, project.number)
    advance(
        ctx.session,
        project,
        Stage.REVIEW,
        at=ctx.now,
        person_id=ctx.who.id,
        actual=f"{answers['actual'].normalize():f}",
        carrier=answers["carrier"],
        evidence=answers["evidence"],
        result=answers["result"],
    )
    let_be_found(ctx.session, [project.id])
    ctx.subject = project.number
    department = department_of(ctx, project)
    judges = judges_of(ctx, project, branch).nearest(Side.BUSINESS, branch, department)
    tell(ctx, judges, _request(project, branch.name), f"review:{project.number}:{ctx.now}")
    return Reply(
        lines(
            fill(
                "conclusion.saved",
                number=project.number,
                name=project.name,
                actual=project.actual,
                unit=project.indicator_unit,
                target=project.target,
                names=names_of(ctx, judges) or t("score.nobody"),
            ),
            t("conclusion.missed") if reached(project) is False else "",
        )
    )


def _request(project: Project, branch: str) -> Card:
    begin = f"begin:review/number={project.number}/verdict="
    figures = t("conclusion.figures", actual=project.actual, target=project.target)
    return Card(
        title=t("conclusion.request", branch=branch),
        desc=project.name,
        lines=(
            (t("form.conclude.actual.label"), figures[:26]),
            (t("form.conclude.evidence.label"), project.evidence[:26]),
            (t("project.fact_number"), project.number),
        ),
        buttons=(
            Button(t("conclusion.pass"), f"{begin}{t('conclusion.pass')}", Tone.PRIMARY),
            Button(t("conclusion.back"), f"{begin}{t('conclusion.back')}"),
        ),
    )


def review(ctx: Context, answers: Answers) -> Reply:
    """``/结题审查 编号 通过|退回 理由``: passed on to the jury, or back to the branch."""
    project, branch = meant(ctx, answers["number"])
    need_judge(ctx, project, branch, Side.BUSINESS)
    need_open_year(ctx, project)
    need_stage(project, Stage.REVIEW)
    passed, reason = answers["verdict"] == PASS, answers["reason"]
    advance(
        ctx.session,
        project,
        Stage.JURY if passed else Stage.ONGOING,
        at=ctx.now,
        person_id=ctx.who.id,
        note=reason,
    )
    ctx.subject = project.number
    values = {"number": project.number, "name": project.name}
    key = "conclusion.told_passed" if passed else "conclusion.told_back"
    text = Text(fill(key, reason=reason, **values))
    tell(ctx, responsible(ctx, project), text, f"reviewed:{project.number}:{ctx.now}")
    return say(
        "conclusion.passed" if passed else "conclusion.returned", branch=branch.name, **values
    )


# Duties


def to_conclude(ctx: Context, member: Member | None) -> Iterator[Duty]:
    """Projects whose last day is near, or gone, and that are not handed in."""
    rows = ctx.session.execute(
        select(Project, Unit)
        .join(Unit, Unit.id == Project.unit_id)
        .where(
            Project.year == ctx.today.year,
            Project.stage.in_(list(OPEN_STAGES)),
            Project.ends_on <= ctx.today + REMIND,
            Unit.state == UnitState.ACTIVE,
            near(member, Role.SECRETARY) if member else true(),
        )
        .order_by(Project.ends_on, Project.id)
    )
    for project, unit in rows:
        yield Duty(
            key=f"conclude:{project.number}:{project.ends_on}",
            title=t("conclusion.duty"),
            detail=t("project.lies", branch=unit.name, name=project.name),
            due=project.ends_on,
            unit_path=unit.path,
            number=project.number,
            act=Act(t("conclusion.go"), command="conclude", answers={"number": project.number}),
        )


def to_review(ctx: Context, member: Member | None) -> Iterator[Duty]:
    """Conclusions that wait for the specialist department."""
    act = Act(t("conclusion.review"), command="review")
    yield from waiting(ctx, member, Stage.REVIEW, "conclusion.duty_review", act)


def acts(project: Project, *, secretary: bool, judge: bool) -> Iterator[Act]:
    """The buttons that lead to an end."""
    number = {"number": project.number}
    if secretary and project.stage is Stage.ONGOING:
        yield Act(t("conclusion.go"), command="conclude", answers=number)
    if judge and project.stage is Stage.REVIEW:
        for verdict, tone in (("pass", Tone.PRIMARY), ("back", Tone.PLAIN)):
            words = t(f"conclusion.{verdict}")
            answers = {**number, "verdict": words}
            yield Act(words, command="review", answers=answers, tone=tone)


FAMILY = Family(
    commands=(
        Command(
            key="conclude",
            form=CONCLUDE,
            facts=facts,
            prefill=known,
            run=conclude,
            sheet=True,
            roles=frozenset({Role.SECRETARY}),
        ),
        Command(key="review", form=REVIEW, run=review, roles=JUDGES),
    ),
    duties=(
        DutySource(key="conclude", find=to_conclude),
        DutySource(key="review", find=to_review),
    ),
)
