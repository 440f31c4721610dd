"""The ledgers 项目分布明细表 and 进展 (DOMAIN.md 2: 三表一单)."""

from datetime import datetime

from sqlalchemy import and_, func, select
from sqlalchemy.orm import aliased

from config.texts import t
from handlers.organisation import seen_units
from handlers.projects.funnel import year_scope
from handlers.spec import Column, Family, Kind, Ledger, Rows, Total, View
from models.attachment import Attachment, FileState
from models.person import Person
from models.progress import Progress
from models.project import Project, Stage
from models.unit import Unit, UnitKind, UnitState

OWNER = aliased(Person)
ABOVE = aliased(Unit)


def _distribution(view: View) -> Rows:
    """Every active branch with its project of the year; those without one stand out."""
    year = int(view.params["year"])
    return (
        select()
        .select_from(Unit)
        .outerjoin(
            Project,
            and_(Project.unit_id == Unit.id, Project.year == year, Project.stage != Stage.ENDED),
        )
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
        Column(key="project", expr=Project.name, width=40, show=_name, sought=True),
        Column(key="grade", expr=Project.grade, kind=Kind.WORD, width=8),
        Column(key="stage", expr=Project.stage, kind=Kind.WORD, width=8),
        Column(key="percent", expr=Project.percent, kind=Kind.PERCENT, width=8, total=Total.MEAN),
        Column(key="type", expr=Unit.branch_type, kind=Kind.WORD, width=12, wide=True),
        Column(key="direction", expr=Project.direction, kind=Kind.WORD, width=12, wide=True),
        Column(key="area", expr=Project.area, width=14, wide=True),
        Column(key="specialty", expr=Project.specialty, width=12, wide=True),
        Column(key="above", expr=ABOVE.name, width=28, wide=True),
        Column(key="owner", expr=OWNER.name, width=10, wide=True),
        Column(key="silent", expr=Project.reported_at, kind=Kind.NUMBER, width=12, show=_days),
        Column(key="number", expr=Project.number, width=16, wide=True),
        Column(key="ends", expr=Project.ends_on, kind=Kind.DATE, width=12, wide=True),
    ),
    query=_distribution,
    scope=year_scope,
    order=(Unit.path.asc(), Project.id.asc()),
    takes="propose",
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
        Column(key="photos", expr=_photos, kind=Kind.NUMBER, width=8, wide=True, total=Total.SUM),
    ),
    query=_reports,
    order=(Progress.at.desc(), Progress.id.desc()),
    takes="progress",
)

FAMILY = Family(ledgers=(DISTRIBUTION, REPORTS))
