"""项目: where a branch's project stands, and the ledger 项目分布明细表 (DOMAIN.md 2)."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from sqlalchemy import and_, func, or_, select, true
from sqlalchemy.orm import aliased

from config.texts import label, t
from handlers.content import Button, Card, Link, Tone
from handlers.context import Context
from handlers.dossier import Act, Dossier, Record, Section, Step
from handlers.duty import Duty, DutySource
from handlers.figures import light, minute_text, percent_text, plan_text
from handlers.organisation import near, seen_units
from handlers.personal import Access, Holding, Kin, rows_of
from handlers.places import branch_by_id, branch_in_question, may_report_for, may_see
from handlers.reply import Reply, fill, lines
from handlers.spec import Column, Command, Family, Kind, Ledger, Rows, View
from models.attachment import Attachment, FileState
from models.errors import UserError
from models.forms.field import Answers
from models.forms.form import Form
from models.forms.kinds import Unit as UnitField
from models.person import Member, Person, Role
from models.progress import Progress, last_valid, recent_valid
from models.project import OPEN_STAGES, Project, by_number, planned_percent, project_of
from models.unit import Place, Unit, UnitKind, UnitState

FORM = Form(
    key="project", version=1, fields=(UnitField(key="unit", required=False),), positional=("unit",)
)


def show_project(ctx: Context, answers: Answers) -> Reply:
    """``/项目 [支部]``: the project, its percent against plan, the last report."""
    branch = branch_in_question(ctx, answers["unit"])
    if branch is None:
        raise UserError("project.which_branch")
    project = project_of(ctx.session, branch.id, ctx.today.year)
    if project is None:
        raise UserError("progress.no_project", branch=branch.name, year=ctx.today.year)
    planned = planned_percent(project.starts_on, project.ends_on, ctx.today)
    last = last_valid(ctx.session, project.id)
    text = lines(
        fill(
            "project.head",
            number=project.number,
            name=project.name,
            branch=branch.name,
            grade=label(project.grade) if project.grade else t("project.ungraded"),
            stage=label(project.stage),
        ),
        fill(
            "project.percent", percent=percent_text(project.percent), planned=percent_text(planned)
        )
        if project.percent is None
        else fill(
            "project.percent_plan",
            percent=percent_text(project.percent),
            plan=plan_text(project.percent - planned),
        ),
        fill("project.last", at=minute_text(ctx.local(last.at)), said=last.said)
        if last
        else t("project.never"),
    )
    return Reply(text, card=_card(ctx, branch, project))


def _card(ctx: Context, branch: Place, project: Project) -> Card | None:
    """Two taps to report, for those who may."""
    if ctx.room or project.percent is None or not may_report_for(ctx.who, branch):
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
    owner = ctx.session.get(Person, project.owner_id) if project.owner_id else None
    planned = planned_percent(project.starts_on, project.ends_on, ctx.today)
    ahead = None if project.percent is None else project.percent - planned
    rules = ctx.rules.progress
    indicator = t(
        "project.indicator",
        name=project.indicator,
        unit=project.indicator_unit,
        baseline=project.baseline,
        target=project.target,
    )
    return Dossier(
        number=project.number,
        title=project.name,
        state=label(project.stage),
        light=light(ahead, rules.behind_yellow, rules.behind_red),
        facts=(
            (t("project.fact_branch"), branch.name),
            (t("project.fact_year"), str(project.year)),
            (
                t("project.fact_grade"),
                label(project.grade) if project.grade else t("project.ungraded"),
            ),
            (t("project.fact_percent"), percent_text(project.percent)),
            (t("project.fact_planned"), percent_text(planned)),
            (t("project.fact_indicator"), indicator if project.indicator else "—"),
            (t("project.fact_dates"), f"{project.starts_on} — {project.ends_on}"),
            (t("project.fact_owner"), owner.name if owner else "—"),
        ),
        sections=(
            Section(t("project.section_business"), project.business),
            Section(t("project.section_problem"), project.problem),
            Section(t("project.section_mechanism"), project.mechanism),
        ),
        steps=[
            Step(row.at, percent_text(row.percent), "", row.said)
            for row in recent_valid(ctx.session, project.id)
        ]
        if may_see(ctx.who, branch)
        else (),
        acts=_acts(ctx, project, branch),
    )


def _acts(ctx: Context, project: Project, branch: Place) -> Sequence[Act]:
    if project.stage not in OPEN_STAGES or not may_report_for(ctx.who, branch):
        return ()
    report = Act(t("project.report"), command="progress", answers={"branch": branch.name})
    if project.percent is None:
        return (report,)
    same = Act(t("project.no_change"), action=f"progress.same:{project.number}")
    return (report, same)


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
        if project.percent is None:
            act = Act(t("project.report"), command="progress", answers={"branch": unit.name})
        else:
            act = Act(t("project.no_change"), action=f"progress.same:{project.number}")
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
            act=act,
            shared=True,
        )


OWNER = aliased(Person)
ABOVE = aliased(Unit)


def _distribution(view: View) -> Rows:
    """Every active branch with its project of the year; those without one stand out."""
    year = view.params.get("year", view.ctx.today.year)
    return (
        select()
        .select_from(Unit)
        .outerjoin(Project, and_(Project.unit_id == Unit.id, Project.year == year))
        .outerjoin(OWNER, OWNER.id == Project.owner_id)
        .outerjoin(ABOVE, ABOVE.id == Unit.parent_id)
        .where(Unit.kind == UnitKind.BRANCH, Unit.state == UnitState.ACTIVE)
    )


def _name(value: str | None, view: View) -> str:
    del view
    return value or t("project.missing")


def _days(value: datetime | None, view: View) -> int | None:
    return None if value is None else (view.ctx.today - view.ctx.local(value).date()).days


DISTRIBUTION = Ledger(
    key="distribution",
    columns=(
        Column(key="branch", expr=Unit.name, width=34),
        Column(key="project", expr=Project.name, width=40, show=_name),
        Column(key="grade", expr=Project.grade, kind=Kind.WORD, width=8),
        Column(key="stage", expr=Project.stage, kind=Kind.WORD, width=8),
        Column(key="percent", expr=Project.percent, kind=Kind.PERCENT, width=8),
        Column(key="type", expr=Unit.branch_type, kind=Kind.WORD, width=12, wide=True),
        Column(key="direction", expr=Project.direction, kind=Kind.WORD, width=12, wide=True),
        Column(key="above", expr=ABOVE.name, width=28, wide=True),
        Column(key="owner", expr=OWNER.name, width=10, wide=True),
        Column(key="silent", expr=Project.reported_at, kind=Kind.NUMBER, width=12, show=_days),
        Column(key="number", expr=Project.number, width=16, wide=True),
        Column(key="ends", expr=Project.ends_on, kind=Kind.DATE, width=12, wide=True),
    ),
    query=_distribution,
    order=(Unit.path.asc(), Project.id.asc()),
)

REPORTER = aliased(Person)
_photos = (
    select(func.count())
    .where(Attachment.record == Progress.number, Attachment.state != FileState.LOST)
    .correlate(Progress)
    .scalar_subquery()
)


def _reports(view: View) -> Rows:
    """Every report the viewer may see: the own branch's, and all below the units of their roles."""
    return (
        select()
        .select_from(Progress)
        .join(Unit, Unit.id == Progress.unit_id)
        .join(Project, Project.id == Progress.project_id)
        .join(REPORTER, REPORTER.id == Progress.person_id)
        .where(seen_units(view))
    )


REPORTS = Ledger(
    key="progress",
    columns=(
        Column(key="number", expr=Progress.number, width=16),
        Column(key="branch", expr=Unit.name, width=34),
        Column(key="percent", expr=Progress.percent, kind=Kind.PERCENT, width=8),
        Column(key="said", expr=Progress.said, width=50),
        Column(key="reporter", expr=REPORTER.name, width=10),
        Column(key="at", expr=Progress.at, kind=Kind.TIME, width=18),
        Column(key="project", expr=Project.name, width=34, wide=True),
        Column(key="kind", expr=Progress.kind, kind=Kind.WORD, width=8, wide=True),
        Column(key="state", expr=Progress.state, kind=Kind.WORD, width=8, wide=True),
        Column(key="before", expr=Progress.before, kind=Kind.PERCENT, width=10, wide=True),
        Column(key="reason", expr=Progress.reason, width=30, wide=True),
        Column(key="behalf", expr=Progress.on_behalf, width=10, wide=True),
        Column(key="photos", expr=_photos, kind=Kind.NUMBER, width=8, wide=True),
    ),
    query=_reports,
    order=(Progress.at.desc(), Progress.id.desc()),
)

FAMILY = Family(
    commands=(Command(key="project", form=FORM, run=show_project),),
    records=(Record(prefix="XM", show=show_dossier),),
    duties=(DutySource(key="silent", find=silent_projects),),
    ledgers=(DISTRIBUTION, REPORTS),
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
