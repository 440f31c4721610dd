"""组织评审: juries, their marks, the live board and the decision (A-57, A-58; DOMAIN.md 2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from sqlalchemy import select

from config.texts import t
from handlers.content import Card, Text
from handlers.context import Context
from handlers.projects.common import (
    meant,
    need_judge,
    need_open_year,
    need_stage,
    responsible,
    tell,
)
from handlers.projects.decision import REASON
from handlers.projects.forms import people_in
from handlers.reply import Reply, fill, lines, say
from handlers.spec import Action, Command, Family
from models.errors import UserError
from models.forms.field import Answers, Facts, Option, Problem
from models.forms.form import Form
from models.forms.kinds import Choice, Integer
from models.forms.kinds import Text as TextField
from models.forms.record import RecordNumber
from models.judges import Side
from models.jury import (
    Criterion,
    Juror,
    Jury,
    JuryState,
    give_marks,
    jurors_of,
    jury_by_number,
    jury_over,
    marks_of,
    mean_of,
    next_to_mark,
    waiting_for,
    weighted,
)
from models.number import next_number
from models.person import Person, Role
from models.project import Project, Stage, advance
from models.unit import Unit

PASS, BACK = "pass", "back"
OFFICE: Final = frozenset({Role.PARTY_OFFICE})


def _jurors_found(answers: Answers, facts: Facts) -> Sequence[tuple[str, Problem]]:
    del answers
    names = facts.get("unknown", ())
    if names:
        return [("jurors", Problem("problem.crew", {"names": "、".join(names)}))]
    if facts.get("few"):
        return [("jurors", Problem("problem.jurors", {"least": facts["few"]}))]
    return []


OPEN: Final = Form(
    key="jury",
    version=1,
    fields=(
        TextField(key="name", min_chars=2, max_chars=60),
        TextField(key="jurors", max_chars=300),
    ),
    positional=("name", "jurors"),
    check=_jurors_found,
)
MARKS: Final = Form(
    key="marks",
    version=1,
    fields=(
        RecordNumber(key="number"),
        *(Integer(key=criterion.value, low=0, high=100) for criterion in Criterion),
    ),
    positional=("number", *(criterion.value for criterion in Criterion)),
)
VERDICT: Final = Form(
    key="verdict",
    version=1,
    fields=(
        RecordNumber(key="number"),
        Choice(
            key="verdict",
            options=(Option(PASS, t("jury.pass")), Option(BACK, t("jury.back"))),
        ),
        REASON,
    ),
    positional=("number", "verdict", "reason"),
)


def open_facts(ctx: Context, answers: Answers) -> Facts:
    """Names that fit nobody, and whether there are enough jurors."""
    if not answers.get("jurors"):
        return {}
    home = ctx.directory.place(ctx.session, ctx.who.unit_id)
    ids, unknown = people_in(ctx, answers["jurors"], home)
    least = ctx.rules.project.jury_least
    return {"unknown": unknown, "few": least if len(ids) < least else 0}


def open_jury(ctx: Context, answers: Answers) -> Reply:
    """``/评审会 名称 评委``: a jury for all projects below the office that calls it."""
    unit = _own_unit(ctx)
    home = ctx.directory.place(ctx.session, ctx.who.unit_id)
    ids, _ = people_in(ctx, answers["jurors"], home)
    jury = Jury(
        number=next_number(ctx.session, "PS", ctx.today.year),
        name=answers["name"],
        unit_id=unit.id,
        year=ctx.today.year,
        opened_by_id=ctx.who.id,
        at=ctx.now,
    )
    ctx.session.add(jury)
    ctx.session.flush()
    ctx.session.add_all(Juror(jury_id=jury.id, person_id=person_id) for person_id in ids)
    ctx.session.flush()
    ctx.subject = jury.number
    waiting = len(waiting_for(ctx.session, jury, unit))
    text = fill("jury.invited", name=jury.name, number=jury.number, count=waiting)
    tell(ctx, ids, Text(text), f"jury:{jury.number}")
    names = "、".join(jurors_of(ctx.session, jury.id).values())
    return say("jury.opened", number=jury.number, name=jury.name, names=names, count=waiting)


def _own_unit(ctx: Context) -> Unit:
    """The highest unit on which the speaker is the party office."""
    paths = sorted(ctx.who.paths(Role.PARTY_OFFICE), key=len)
    if not paths:
        raise UserError("error.not_allowed")
    return ctx.session.scalars(select(Unit).where(Unit.path == paths[0])).one()


def mark(ctx: Context, answers: Answers) -> Reply:
    """``/评审 编号 90 85 88 92``: one juror's marks, by the four criteria."""
    project, branch = meant(ctx, answers["number"])
    need_open_year(ctx, project)
    need_stage(project, Stage.JURY)
    jury = _jury_for(ctx, project, branch.path)
    if ctx.who.branch_id == branch.id:
        raise UserError("project.own_branch", number=project.number)
    points = {criterion: answers[criterion.value] for criterion in Criterion}
    give_marks(ctx.session, jury, project.id, ctx.who.id, points)
    ctx.subject = project.number
    mine = tenth(weighted(points, ctx.rules.project.rubric))
    left = next_to_mark(ctx.session, jury, unit_of(ctx, jury), ctx.who)
    more = fill("jury.next", number=left.number, name=left.name) if left else ""
    head = fill("jury.marked", name=project.name, number=project.number, points=mine)
    return Reply(lines(head, more))


def tenth(value: Decimal) -> str:
    """One decimal."""
    return f"{value:.1f}"


def _jury_for(ctx: Context, project: Project, path: str) -> Jury:
    """The jury that sits for a project, if the speaker is on it."""
    jury = jury_over(ctx.session, path, project.year)
    if jury is None:
        raise UserError("jury.none", number=project.number)
    if ctx.who.id not in jurors_of(ctx.session, jury.id):
        raise UserError("jury.not_juror", name=jury.name)
    return jury


def unit_of(ctx: Context, jury: Jury) -> Unit:
    """The unit a jury sits for."""
    return ctx.session.get_one(Unit, jury.unit_id)


# Standing


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a project stands before a jury: how many may mark it, how many did, their mean."""

    project: Project
    branch: Unit
    may: int
    done: int
    mean: Decimal | None

    @property
    def is_complete(self) -> bool:
        """Whether everybody who may has marked it."""
        return self.done >= self.may


def standings(ctx: Context, jury: Jury, project_id: int | None = None) -> list[Standing]:
    """The projects (or this one) that wait, the best first; those without marks last."""
    marks = marks_of(ctx.session, jury.id, project_id)
    people = [
        (person.id, unit.branch_id)
        for person, unit in ctx.session.execute(
            select(Person, Unit)
            .join(Juror, Juror.person_id == Person.id)
            .join(Unit, Unit.id == Person.unit_id)
            .where(Juror.jury_id == jury.id)
        )
    ]
    found = []
    for project, branch in waiting_for(ctx.session, jury, unit_of(ctx, jury), project_id):
        may = [who for who, branch_id in people if branch_id != branch.id]
        given = [m for who, m in marks.get(project.id, {}).items() if who in may]
        mean = mean_of(given, ctx.rules.project.rubric)
        found.append(Standing(project, branch, len(may), len(given), mean))
    return sorted(found, key=lambda one: (-(one.mean or Decimal(-1)), one.project.id))


def _enough(ctx: Context, one: Standing) -> bool:
    return one.done >= min(ctx.rules.project.jury_least, max(one.may, 1))


def decide(ctx: Context, answers: Answers) -> Reply:
    """``/评审结论 编号 通过|退回 意见``: the party office closes what the jury has marked."""
    project, branch = meant(ctx, answers["number"])
    need_judge(ctx, project, branch, Side.PARTY)
    need_open_year(ctx, project)
    need_stage(project, Stage.JURY)
    jury = jury_over(ctx.session, branch.path, project.year)
    one = next(iter(standings(ctx, jury, project.id) if jury else ()), None)
    if one is None or not _enough(ctx, one):
        raise UserError(
            "jury.few",
            number=project.number,
            done=one.done if one else 0,
            least=ctx.rules.project.jury_least,
        )
    passed = answers["verdict"] == PASS
    _close(ctx, one, answers["reason"], passed=passed)
    ctx.subject = project.number
    return say(
        "jury.passed" if passed else "jury.returned",
        number=project.number,
        name=project.name,
        mean=tenth(one.mean or Decimal(0)),
    )


def _close(ctx: Context, one: Standing, note: str, *, passed: bool) -> None:
    project = one.project
    advance(
        ctx.session,
        project,
        Stage.CONCLUDED if passed else Stage.ONGOING,
        at=ctx.now,
        person_id=ctx.who.id,
        note=note,
        jury_points=one.mean if passed else None,
    )
    key = "jury.told_passed" if passed else "jury.told_returned"
    mean = tenth(one.mean or Decimal(0))
    text = fill(key, name=project.name, number=project.number, mean=mean, note=note)
    tell(ctx, responsible(ctx, project), Text(text), f"jury:{project.number}:{ctx.now}")


def close_passed(ctx: Context, argument: str, picked: Mapping[str, tuple[str, ...]]) -> Reply:
    """Conclude at once all that everybody has marked and whose mean is high enough."""
    del picked
    jury = _chaired(ctx, argument)
    mark_ = Decimal(ctx.rules.project.jury_pass)
    done = 0
    for one in standings(ctx, jury):
        if one.branch.id == ctx.who.branch_id or not one.is_complete or not _enough(ctx, one):
            continue
        if one.mean is not None and one.mean >= mark_:
            _close(ctx, one, t("jury.by_mean", name=jury.name), passed=True)
            done += 1
    ctx.subject = jury.number
    left = len(waiting_for(ctx.session, jury, unit_of(ctx, jury)))
    text = fill("jury.closed_passed", done=done, least=ctx.rules.project.jury_pass, left=left)
    return Reply(text, Card(title=t("jury.closed_title", done=done), desc=jury.name))


def end(ctx: Context, argument: str, picked: Mapping[str, tuple[str, ...]]) -> Reply:
    """The jury sits no more; nothing may wait for it."""
    del picked
    jury = _chaired(ctx, argument)
    left = len(waiting_for(ctx.session, jury, unit_of(ctx, jury)))
    if left:
        raise UserError("jury.waiting", count=left)
    jury.move_to(ctx.session, JuryState.CLOSED, closed_at=ctx.now)
    ctx.subject = jury.number
    return Reply(card=Card(title=t("jury.ended"), desc=jury.name))


def _chaired(ctx: Context, number: str) -> Jury:
    jury = jury_by_number(ctx.session, number)
    if jury is None or jury.state is JuryState.CLOSED:
        raise UserError("error.stale")
    ctx.need(Role.PARTY_OFFICE, over=unit_of(ctx, jury).path)
    return jury


FAMILY = Family(
    commands=(
        Command(key="jury", form=OPEN, facts=open_facts, run=open_jury, roles=OFFICE),
        Command(key="marks", form=MARKS, run=mark),
        Command(
            key="verdict",
            form=VERDICT,
            run=decide,
            roles=frozenset({Role.PARTY_OFFICE, Role.COMMITTEE_SECRETARY}),
        ),
    ),
    actions=(
        Action(key="jury.close", run=close_passed),
        Action(key="jury.end", run=end),
    ),
)
