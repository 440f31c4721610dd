"""项目: where a branch's project stands, and everything that is known about it (DOMAIN.md 2)."""

from collections.abc import Iterator, Sequence

from sqlalchemy import select

from config.texts import label, t
from handlers.content import Button, Card, Link, Tone
from handlers.context import Context
from handlers.dossier import Dossier, Record, Section, Step
from handlers.figures import light, minute_text, percent_text, plan_text
from handlers.personal import Access, Holding, Kin, rows_of
from handlers.places import branch_by_id, branch_in_question, may_report_for, may_see
from handlers.projects import alike, mechanism, midterm
from handlers.projects.acts import acts_of
from handlers.projects.forms import indicator_text, milestone_lines
from handlers.projects.scoring import score_facts
from handlers.reply import Reply, fill, lines
from handlers.spec import Command, Family
from models.attachment import of_record
from models.crew import crew_of
from models.errors import UserError
from models.forms.field import Answers
from models.forms.form import Form
from models.forms.kinds import Unit as UnitField
from models.grade import grades_of
from models.person import Person, Role
from models.progress import last_valid, recent_valid
from models.project import (
    CLARITIES,
    DRAWN_UP,
    OPEN_STAGES,
    Project,
    Stage,
    by_number,
    newest_of,
    reached,
    steps_of,
)
from models.unit import Place

FORM = Form(
    key="project", version=1, fields=(UnitField(key="unit", required=False),), positional=("unit",)
)


def show_project(ctx: Context, answers: Answers) -> Reply:
    """``/项目 [支部]``: the project, its percent against plan, the last report."""
    branch = branch_in_question(ctx, answers["unit"])
    if branch is None:
        raise UserError("project.which_branch")
    project = newest_of(ctx.session, branch.id, ctx.today.year)
    if project is None:
        raise UserError("project.none_yet", branch=branch.name, year=ctx.today.year)
    last = last_valid(ctx.session, project.id)
    text = lines(
        fill(
            "project.head",
            number=project.number,
            name=project.name,
            branch=branch.name,
            grade=_grade(project),
            stage=label(project.stage),
        ),
        _percent(ctx, project),
        fill("project.last", at=minute_text(ctx.local(last.at)), said=last.said)
        if last
        else t("project.never"),
    )
    return Reply(text, card=_card(ctx, branch, project))


def _grade(project: Project) -> str:
    return label(project.grade) if project.grade else t("project.ungraded")


def _percent(ctx: Context, project: Project) -> str:
    planned = project.planned(ctx.today)
    percent = percent_text(project.percent)
    if project.percent is None:
        return fill("project.percent", percent=percent, planned=percent_text(planned))
    plan = plan_text(project.percent - planned)
    return fill("project.percent_plan", percent=percent, plan=plan)


def _card(ctx: Context, branch: Place, project: Project) -> Card | None:
    """Two taps to report, for those who may."""
    if ctx.room or project.percent is None or not may_report_for(ctx.who, branch):
        return None
    if project.stage not in OPEN_STAGES:
        return None
    return Card(
        title=t("project.report_title"),
        desc=project.name,
        buttons=(Button(t("project.no_change"), f"progress.same:{project.number}", Tone.PRIMARY),),
        links=(Link(t("project.open_form"), ctx.page("/form/progress")),),
    )


def show_dossier(ctx: Context, number: str) -> Dossier:
    """A project as everybody may see it; its branch finds the way to report."""
    project = by_number(ctx.session, number)
    if project is None:
        raise UserError("lookup.unknown", number=number)
    branch = branch_by_id(ctx, project.unit_id)
    planned = project.planned(ctx.today)
    ahead = None if project.percent is None else project.percent - planned
    rules = ctx.rules.progress
    open_ = project.stage in OPEN_STAGES
    return Dossier(
        number=project.number,
        title=project.name,
        state=label(project.stage),
        light=light(ahead, rules.behind_yellow, rules.behind_red) if open_ else "",
        facts=tuple(_facts(ctx, project, branch)),
        sections=tuple(_sections(ctx, project)),
        steps=sorted(_steps(ctx, project), key=lambda step: step.at)
        if may_see(ctx.who, branch)
        else (),
        acts=acts_of(ctx, project, branch),
        photos=[photo.id for photo in of_record(ctx.session, project.number)]
        if may_see(ctx.who, branch)
        else (),
    )


def _facts(ctx: Context, project: Project, branch: Place) -> Iterator[tuple[str, str]]:
    session = ctx.session
    owner = session.get(Person, project.owner_id) if project.owner_id else None
    yield t("project.fact_branch"), branch.name
    yield t("project.fact_year"), str(project.year)
    grade = t("project.key_grade", grade=_grade(project)) if project.is_key else _grade(project)
    yield t("project.fact_grade"), grade
    if project.outstanding:
        yield t("project.fact_honour"), t("project.outstanding")
    if may_see(ctx.who, branch):
        yield from score_facts(ctx, project)
    yield t("project.fact_percent"), percent_text(project.percent)
    yield t("project.fact_planned"), percent_text(project.planned(ctx.today))
    yield t("project.fact_indicator"), indicator_text(project) or "—"
    if project.actual:
        yield t("project.fact_actual"), actual_text(project)
    if project.jury_points is not None:
        yield t("project.fact_jury"), f"{project.jury_points:.1f}"
    kinds = [label(project.direction) if project.direction else "", project.area]
    kinds.append("、".join(label(blend) for blend in project.blended))
    if any(kinds):
        yield t("project.fact_kind"), " · ".join(kind for kind in kinds if kind)
    if project.specialty:
        department = project.department_id and branch_by_id(ctx, project.department_id)
        routed = t("project.routed", department=department.name) if department else ""
        yield t("project.fact_specialty"), project.specialty + routed
    yield t("project.fact_dates"), f"{project.starts_on} — {project.ends_on}"
    yield t("project.fact_owner"), owner.name if owner else "—"
    for kind, names in crew_of(session, project.id).items():
        yield label(kind), "、".join(names)


def actual_text(project: Project) -> str:
    """The figure that was reached, and whether it is what was aimed at."""
    done = reached(project)
    words = "" if done is None else t("project.reached" if done else "project.not_reached")
    return f"{project.actual} {project.indicator_unit}{words}"


def _sections(ctx: Context, project: Project) -> Iterator[Section]:
    for key in ("business", "problem", "mechanism"):
        yield Section(t(f"project.section_{key}"), getattr(project, key))
    for key in CLARITIES:
        yield Section(t(f"form.clarity.{key}.label"), getattr(project, key))
    yield Section(t("form.clarity.milestones.label"), milestone_lines(ctx, project))
    yield from midterm.sections(ctx, project)
    yield from mechanism.sections(ctx, project)
    if project.stage in (*DRAWN_UP, Stage.SUBMITTED):
        yield Section(t("alike.section"), alike.section(ctx, project))
    for key in ("carrier", "result", "evidence"):
        yield Section(t(f"form.conclude.{key}.label"), getattr(project, key))


def _steps(ctx: Context, project: Project) -> Iterator[Step]:
    """Reports, steps and grades: what happened, with who and why."""
    moves, grades = steps_of(ctx.session, project.id), grades_of(ctx.session, project.id)
    names = _names(ctx, [*(m.person_id for m in moves), *(g.person_id for g in grades)])
    for row in recent_valid(ctx.session, project.id):
        yield Step(row.at, percent_text(row.percent), "", row.said)
    for move in moves:
        yield Step(move.at, label(move.after), names.get(move.person_id, ""), move.note)
    for change in grades:
        before = label(change.before) if change.before else t("project.ungraded")
        what = t("project.regraded", before=before, after=label(change.after))
        yield Step(change.at, what, names.get(change.person_id, ""), change.reason)


def _names(ctx: Context, ids: Sequence[int | None]) -> dict[int | None, str]:
    rows = ctx.session.execute(select(Person.id, Person.name).where(Person.id.in_(ids)))
    return dict(rows.all())


FAMILY = Family(
    commands=(Command(key="project", form=FORM, run=show_project),),
    records=(Record(prefix="XM", show=show_dossier),),
    holdings=(
        Holding(
            key="project",
            tables=("project",),
            find=rows_of(
                Project,
                Project.owner_id,
                Project.starts_on,
                title=lambda row: row.name,
                number=lambda row: row.number,
            ),
            readers=dict.fromkeys((Kin.COLLEAGUE, *Role), Access.TEXT),
        ),
    ),
)
