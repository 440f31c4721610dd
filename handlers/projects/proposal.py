"""立项: a branch draws up its project and hands it in (DOMAIN.md 2: 五个一, 五个明确)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from config.rules import default_rules
from config.texts import t
from handlers.content import Button, Card, Link, Tone
from handlers.context import Context
from handlers.dossier import path_of
from handlers.places import branch_in_question
from handlers.projects import alike
from handlers.projects.common import (
    department_of,
    judges_of,
    meant,
    names_of,
    need_open_year,
    need_own,
    need_secretary,
    need_stage,
    own_project,
    routed,
    tell,
)
from handlers.projects.forms import (
    CLARITY,
    CREW,
    DETAIL,
    FIGURES,
    NUMBER,
    TEXTS,
    check_proposal,
    indicator_text,
    labels_of,
    missing_of,
    people_in,
    proposal_form,
    revision_form,
    stored_values,
    unknown_people,
)
from handlers.reply import Begin, Reply, fill, lines
from handlers.spec import Action, Command, Family
from models.adjustment import settle_newcomer
from models.crew import CrewKind, set_crew
from models.errors import UserError
from models.forms.field import Answers, Facts, Named
from models.forms.form import Form
from models.forms.named import write_named
from models.judges import Side
from models.likeness import let_be_found
from models.milestone import set_milestones
from models.number import next_number
from models.person import Role, holders
from models.project import (
    CLARITIES,
    DRAWN_UP,
    OVER,
    Better,
    Direction,
    Project,
    ProjectStep,
    Stage,
    active_of,
    advance,
    hold_branch,
)
from models.unit import Place, Unit

# Facts


def proposal_facts(ctx: Context, answers: Answers) -> Facts:
    """Whether the branch has to be asked for; refuses at once where there can be no project."""
    branch = branch_in_question(ctx, answers.get("branch"))
    if branch is None:
        return {"ask_branch": True}
    _need_room(ctx, branch)
    unknown = unknown_people(ctx, answers, branch)
    return {"year": ctx.today.year, "today": ctx.today, "unknown": unknown}


def _need_room(ctx: Context, branch: Place) -> None:
    """At most so many active projects a branch and year."""
    need_own(ctx, branch)
    year = ctx.today.year
    running = active_of(ctx.session, branch.id, year)
    limit = ctx.rules.project.per_year
    if len(running) >= limit:
        numbers = "、".join(project.number for project in running)
        raise UserError(
            "proposal.running", branch=branch.name, year=year, limit=limit, numbers=numbers
        )


def change_facts(ctx: Context, answers: Answers) -> Facts:
    """What is stored, what is missing, and whether it may be changed now."""
    if "number" not in answers and own_project(ctx) is None:
        return {}
    project, branch = _changeable(ctx, answers.get("number"))
    return {
        "year": project.year,
        "today": ctx.today,
        "stored": stored_values(ctx, project),
        "missing": missing_of(ctx, project),
        "unknown": unknown_people(ctx, answers, branch),
    }


def _changeable(ctx: Context, number: str | None) -> tuple[Project, Place]:
    project, branch = meant(ctx, number)
    need_own(ctx, branch)
    need_open_year(ctx, project)
    if project.stage in (Stage.SUBMITTED, *OVER):
        need_stage(project, *DRAWN_UP)
    return project, branch


def known_values(form: Form) -> Any:  # noqa: ANN401  (the ``prefill`` of a command)
    """What is stored, as texts, for a page that is opened."""

    def known(ctx: Context, answers: Answers) -> Mapping[str, str]:
        project, _ = _changeable(ctx, answers.get("number"))
        stored = stored_values(ctx, project)
        return {"number": project.number} | {
            field.key: field.echo(stored[field.key]) for field in form.fields if field.key in stored
        }

    return known


def known_branch(ctx: Context, answers: Answers) -> Mapping[str, str]:
    """The branch whose project it will be, for a page that is opened."""
    branch = branch_in_question(ctx, answers.get("branch"))
    return {} if branch is None else {"branch": write_named(Named(branch.code, branch.name))}


# Acts


def propose(ctx: Context, answers: Answers) -> Reply:
    """``/立项``: the project gets its number; it is handed in by an act of its own."""
    branch = branch_in_question(ctx, answers.get("branch"))
    if branch is None:
        raise UserError("proposal.which_branch")
    hold_branch(ctx.session, branch.id)
    _need_room(ctx, branch)
    year = ctx.today.year
    unit = ctx.session.get_one(Unit, branch.id)
    owner = next(iter(holders(ctx.session, Role.SECRETARY, unit)), None)
    project = Project(
        number=next_number(ctx.session, "XM", year),
        unit_id=branch.id,
        year=year,
        stage=Stage.INITIATED,
        owner_id=owner.id if owner else ctx.who.id,
        proposer_id=ctx.who.id,
        starts_on=ctx.today,
        ends_on=date(year, 12, 31),
    )
    _apply(ctx, project, branch, answers)
    ctx.session.add(
        ProjectStep(
            project_id=project.id,
            at=ctx.now,
            person_id=ctx.who.id,
            before=None,
            after=Stage.INITIATED,
        )
    )
    settle_newcomer(ctx.session, branch.id, project, ctx.now)
    ctx.subject = project.number
    return _standing(ctx, "proposal.saved", project, branch)


def clarify(ctx: Context, answers: Answers) -> Reply:
    """``/完善``: with nothing said, what is missing is asked for one by one."""
    if any(value is not None for key, value in answers.items() if key != "number"):
        return change(ctx, answers)
    project, branch = _changeable(ctx, answers["number"])
    if not set(missing_of(ctx, project)) & set(DETAIL):
        return _standing(ctx, "proposal.nothing_missing", project, branch)
    return Reply(then=Begin("clarify", {"number": project.number}))


def change(ctx: Context, answers: Answers) -> Reply:
    """``/修改立项``: before it is handed in anything can be changed, later only what is missing."""
    project, branch = _changeable(ctx, answers["number"])
    given = {key: value for key, value in answers.items() if key != "number" and value is not None}
    if not given:
        raise UserError("proposal.nothing_given")
    if project.stage not in DRAWN_UP:
        stored = stored_values(ctx, project)
        fixed = [key for key in given if key in stored and given[key] != stored[key]]
        if fixed:
            raise UserError("proposal.fixed", number=project.number, fields=labels_of(fixed))
    _apply(ctx, project, branch, given)
    ctx.subject = project.number
    return _standing(ctx, "proposal.changed", project, branch)


def _apply(ctx: Context, project: Project, branch: Place, answers: Answers) -> None:
    """Write what was answered; None leaves what is there."""
    values = {key: value for key, value in answers.items() if value is not None}
    for key in (*TEXTS, *CLARITIES, "area", "specialty", "starts_on", "ends_on"):
        if key in values:
            setattr(project, key, values[key])
    for key in FIGURES:
        if key in values:
            setattr(project, key, _figure(values[key]))
    if "better" in values:
        project.better = Better(values["better"])
    if "direction" in values:
        project.direction = Direction(values["direction"])
    if "blends" in values:
        project.blends = ",".join(values["blends"])
    if "specialty" in values:
        department = routed(ctx, branch, project.specialty)
        project.department_id = department.id if department else None
    ctx.session.add(project)
    ctx.session.flush()
    let_be_found(ctx.session, [project.id])
    crew = {CrewKind(key): people_in(ctx, values[key], branch)[0] for key in CREW if key in values}
    set_crew(ctx.session, project.id, crew)
    if "milestones" in values:
        set_milestones(ctx.session, project, values["milestones"])


def _figure(value: Decimal) -> str:
    return f"{value.normalize():f}"


def _standing(ctx: Context, key: str, project: Project, branch: Place) -> Reply:
    """What was stored, what is missing, and the button for what comes next."""
    missing = missing_of(ctx, project)
    head = fill(key, number=project.number, name=project.name, branch=branch.name)
    gap = fill("proposal.missing", missing=labels_of(missing)) if missing else ""
    ready = "" if missing or project.stage not in DRAWN_UP else t("proposal.ready")
    like = alike.hint(ctx, project) if project.stage in DRAWN_UP else ""
    return Reply(lines(head, like, gap, ready), card=_next_card(ctx, project, missing))


def _next_card(ctx: Context, project: Project, missing: Sequence[str]) -> Card | None:
    if project.stage not in DRAWN_UP:
        return None
    if missing:
        button = Button(t("proposal.fill"), f"begin:clarify/number={project.number}", Tone.PRIMARY)
        form = "clarify" if set(missing) <= set(DETAIL) else "revise"
        url = ctx.page(f"/form/{form}?number={project.number}")
    else:
        button = Button(t("proposal.submit"), f"project.submit:{project.number}", Tone.PRIMARY)
        url = ctx.page(path_of(project.number))
    return Card(
        title=project.name,
        desc=project.number,
        buttons=(button,),
        links=(Link(t("dossier.open"), url),),
    )


@dataclass(frozen=True, slots=True)
class _Handed:
    """A project that is being handed in, and who will judge it."""

    project: Project
    branch: Place
    judges: tuple[int, ...]


def submit(ctx: Context, answers: Answers) -> Reply:
    """``/送审``: hand a project in; every missing one of what must be there is named."""
    return _submit(ctx, answers["number"])


def submit_tapped(ctx: Context, argument: str, picked: Mapping[str, tuple[str, ...]]) -> Reply:
    """The same by a button; ``argument`` is the project's number."""
    del picked
    reply = _submit(ctx, argument)
    return Reply(reply.text, Card(title=t("proposal.submitted_title"), desc=ctx.subject))


def _submit(ctx: Context, number: str | None) -> Reply:
    project, branch = meant(ctx, number)
    need_secretary(ctx, branch)
    need_open_year(ctx, project)
    need_stage(project, *DRAWN_UP)
    if missing := missing_of(ctx, project):
        raise UserError("proposal.incomplete", number=project.number, missing=labels_of(missing))
    _recheck(ctx, project)
    advance(ctx.session, project, Stage.SUBMITTED, at=ctx.now, person_id=ctx.who.id)
    ctx.subject = project.number
    department = department_of(ctx, project)
    judges = judges_of(ctx, project, branch).nearest(Side.BUSINESS, branch, department)
    handed = _Handed(project, branch, judges)
    tell(ctx, judges, _request(ctx, handed), f"submitted:{project.number}:{ctx.now.isoformat()}")
    names = names_of(ctx, judges)
    days = ctx.rules.project.approve_days
    key = "proposal.submitted" if names else "proposal.submitted_nobody"
    return Reply(fill(key, number=project.number, names=names, days=days))


def _recheck(ctx: Context, project: Project) -> None:
    """What came by an import may break a rule that the form would have seen."""
    values = stored_values(ctx, project)
    facts = {"year": project.year, "today": ctx.today}
    for key, problem in check_proposal(values, facts):
        reason = t(problem.key, **problem.params)
        raise UserError("proposal.wrong", field=labels_of([key]), reason=reason)


def _request(ctx: Context, handed: _Handed) -> Card:
    """What the judges get: the project in a few lines, and the buttons that decide."""
    del ctx
    project = handed.project
    begin = f"begin:decide/number={project.number}/verdict="
    return Card(
        title=t("proposal.request", branch=handed.branch.name),
        desc=project.name,
        lines=(
            (t("form.proposal.problem.label"), project.problem[:26]),
            (t("form.proposal.indicator.label"), indicator_text(project)[:26]),
            (t("project.fact_number"), project.number),
        ),
        buttons=(
            Button(t("decide.agree"), f"{begin}{t('decide.agree')}", Tone.PRIMARY),
            Button(t("decide.return"), f"{begin}{t('decide.return')}"),
        ),
    )


FAMILY = Family(
    commands=(
        Command(
            key="propose",
            form=proposal_form(default_rules()),
            tailor=proposal_form,
            facts=proposal_facts,
            prefill=known_branch,
            run=propose,
            sheet=True,
        ),
        Command(
            key="clarify",
            form=CLARITY,
            facts=change_facts,
            prefill=known_values(CLARITY),
            run=clarify,
            sheet=True,
        ),
        Command(
            key="revise",
            form=revision_form(default_rules()),
            tailor=revision_form,
            facts=change_facts,
            prefill=known_values(revision_form(default_rules())),
            run=change,
        ),
        Command(key="submit", form=NUMBER, run=submit),
    ),
    actions=(Action(key="project.submit", run=submit_tapped),),
)
