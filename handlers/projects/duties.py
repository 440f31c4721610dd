"""What is owed around a project: drawing it up, judging it, its milestones, its reports."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from sqlalchemy import exists, func, or_, select, true

from config.texts import t
from handlers.context import Context
from handlers.dossier import Act
from handlers.duty import Duty, DutySource
from handlers.organisation import near
from handlers.places import branch_by_id
from handlers.projects.common import all_judges, department_of
from handlers.spec import Family
from models.judges import Side
from models.milestone import Milestone
from models.person import Member, Role
from models.project import OPEN_STAGES, Project, ProjectStep, Stage
from models.unit import Unit, UnitKind, UnitState


def silent_projects(ctx: Context, member: Member | None) -> Iterator[Duty]:
    """Projects without a report for longer than allowed, the longest silence first."""
    limit = ctx.rules.progress.silent_days
    since = ctx.now - timedelta(days=limit)
    rows = ctx.session.execute(
        select(Project, Unit)
        .join(Unit, Unit.id == Project.unit_id)
        .where(
            Project.year == ctx.today.year,
            Project.stage.in_(list(OPEN_STAGES)),
            Unit.state == UnitState.ACTIVE,
            Project.starts_on <= ctx.today - timedelta(days=limit),
            or_(Project.reported_at.is_(None), Project.reported_at < since),
            near(member, Role.SECRETARY) if member else true(),
        )
        .order_by(Project.reported_at.asc().nulls_first(), Project.id)
    )
    for project, unit in rows:
        last = ctx.local(project.reported_at).date() if project.reported_at else project.starts_on
        days = (ctx.today - last).days
        stalled = days >= ctx.rules.progress.stalled_days
        yield Duty(
            key=f"silent:{project.number}:{last}",
            title=t("project.duty"),
            detail=t(
                "project.stalled" if stalled else "project.silent",
                branch=unit.name,
                days=days,
                name=project.name,
            ),
            due=last + timedelta(days=limit),
            since=last,
            unit_path=unit.path,
            number=project.number,
            act=report_act(project, unit.name),
            shared=True,
        )


def report_act(project: Project, branch: str) -> Act:
    """The way to report: one tap where nothing changed, the form where nothing was ever said."""
    if project.percent is None:
        return Act(t("project.report"), command="progress", answers={"branch": branch})
    return Act(t("project.no_change"), action=f"progress.same:{project.number}")


def _propose_by(ctx: Context) -> date | None:
    """Until when every branch should have its project.

    Where the first project of all begins later (the product was set up in the course of the year),
    some days after that. None once the day is gone and nobody has begun: such a year runs
    elsewhere, and 305 duties that are months late would teach people to look away.
    """
    month, day = map(int, ctx.rules.project.propose_by.split("-"))
    due = date(ctx.today.year, month, day)
    begun = ctx.session.scalar(
        select(func.min(Project.starts_on)).where(Project.year == ctx.today.year)
    )
    if begun is None:
        return due if ctx.today <= due else None
    return max(due, ctx.calendar.add_working(begun, ctx.rules.project.adjust_days))


def branches_without(ctx: Context, member: Member | None) -> Iterator[Duty]:
    """Branches that have no project this year: there is a project where there is a branch."""
    year = ctx.today.year
    general = _propose_by(ctx)
    if general is None:
        return
    units = ctx.session.scalars(
        select(Unit)
        .where(
            Unit.kind == UnitKind.BRANCH,
            Unit.state == UnitState.ACTIVE,
            ~exists().where(
                Project.unit_id == Unit.id, Project.year == year, Project.stage != Stage.ENDED
            ),
            near(member, Role.SECRETARY) if member else true(),
        )
        .order_by(Unit.id)
    )
    for unit in units:
        due = general
        if unit.opened_on is not None and unit.opened_on > due:
            due = ctx.calendar.add_working(unit.opened_on, ctx.rules.project.approve_days)
        yield Duty(
            key=f"propose:{unit.code}:{year}",
            title=t("project.duty_propose"),
            detail=t("project.without", branch=unit.name, year=year),
            due=due,
            unit_path=unit.path,
            act=Act(t("project.propose"), command="propose"),
        )


def drafts(ctx: Context, member: Member | None) -> Iterator[Duty]:
    """Projects that lie with their branch: not handed in yet, or returned."""
    rows = _at(ctx, (Stage.INITIATED, Stage.RETURNED), member)
    for project, unit, since in rows:
        returned = project.stage is Stage.RETURNED
        yield Duty(
            key=f"draft:{project.number}:{since}",
            title=t("project.duty_mend" if returned else "project.duty_submit"),
            detail=t("project.lies", branch=unit.name, name=project.name),
            due=ctx.calendar.add_working(since, ctx.rules.project.mend_days),
            since=since,
            unit_path=unit.path,
            number=project.number,
            act=Act(t("project.open"), command="clarify", answers={"number": project.number}),
        )


def to_approve(ctx: Context, member: Member | None) -> Iterator[Duty]:
    """Projects that wait for the specialist department."""
    yield from waiting(
        ctx,
        member,
        Stage.SUBMITTED,
        "project.duty_approve",
        Act(t("project.judge"), command="decide"),
    )


def waiting(
    ctx: Context, member: Member | None, stage: Stage, title: str, act: Act
) -> Iterator[Duty]:
    """Projects that wait in a stage for the judges of the business side."""
    if member is not None and not member.has(
        Role.SPECIALIST, Role.PARTY_OFFICE, Role.COMMITTEE_SECRETARY
    ):
        return
    judges = all_judges(ctx)
    for project, unit, since in _at(ctx, (stage,), None):
        branch = branch_by_id(ctx, unit.id)
        department = department_of(ctx, project)
        yield Duty(
            key=f"{stage}:{project.number}:{since}",
            title=t(title),
            detail=t("project.lies", branch=unit.name, name=project.name),
            due=ctx.calendar.add_working(since, ctx.rules.project.approve_days),
            since=since,
            unit_path=unit.path,
            owners=judges.nearest(Side.BUSINESS, branch, department),
            role=Role.PARTY_OFFICE,
            number=project.number,
            act=Act(act.label, command=act.command, answers={"number": project.number}),
        )


def _at(
    ctx: Context, stages: Sequence[Stage], member: Member | None
) -> Iterator[tuple[Project, Unit, date]]:
    """This year's projects in some stages, with the day since which they stand there."""
    since = (
        select(ProjectStep.project_id, func.max(ProjectStep.at).label("at"))
        .group_by(ProjectStep.project_id)
        .subquery()
    )
    rows = ctx.session.execute(
        select(Project, Unit, since.c.at)
        .join(Unit, Unit.id == Project.unit_id)
        .outerjoin(since, since.c.project_id == Project.id)
        .where(
            Project.year == ctx.today.year,
            Project.stage.in_(list(stages)),
            Unit.state == UnitState.ACTIVE,
            near(member, Role.SECRETARY) if member else true(),
        )
        .order_by(Project.id)
    )
    for project, unit, at in rows:
        yield project, unit, ctx.local(at).date() if at else project.starts_on


def milestones(ctx: Context, member: Member | None) -> Iterator[Duty]:
    """Milestones that are due soon, or were, and are not reached."""
    ahead = ctx.calendar.add_working(ctx.today, ctx.rules.project.milestone_days)
    rows = ctx.session.execute(
        select(Milestone, Project, Unit)
        .join(Project, Project.id == Milestone.project_id)
        .join(Unit, Unit.id == Project.unit_id)
        .where(
            Project.year == ctx.today.year,
            Project.stage.in_(list(OPEN_STAGES)),
            Unit.state == UnitState.ACTIVE,
            Milestone.due_on <= ahead,
            or_(Project.percent.is_(None), Project.percent < Milestone.percent),
            near(member, Role.SECRETARY) if member else true(),
        )
        .order_by(Milestone.due_on, Project.id)
    )
    for milestone, project, unit in rows:
        yield Duty(
            key=f"milestone:{project.number}:{milestone.place}:{milestone.due_on}",
            title=t("project.duty_milestone"),
            detail=t(
                "project.milestone_due",
                branch=unit.name,
                name=milestone.name,
                percent=f"{milestone.percent.normalize():f}%",
            ),
            due=milestone.due_on,
            unit_path=unit.path,
            number=project.number,
            act=Act(t("project.report"), command="progress", answers={"branch": unit.name}),
            shared=True,
        )


FAMILY = Family(
    duties=(
        DutySource(key="silent", find=silent_projects),
        DutySource(key="propose", find=branches_without),
        DutySource(key="draft", find=drafts),
        DutySource(key="approve", find=to_approve),
        DutySource(key="milestone", find=milestones),
    )
)
