"""All branches with their projects of a year, read once: what boards, sheets and rates count."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from models.project import Grade, Project, Stage, planned_percent
from models.unit import BranchType, Unit, UnitKind, UnitState, inside, upwards


class Line(NamedTuple):
    """One active branch with its project of the year; without one the later fields are None."""

    unit_id: int
    branch: str
    path: str
    branch_type: BranchType | None
    project_id: int | None
    number: str | None
    name: str | None
    grade: Grade | None
    stage: Stage | None
    percent: Decimal | None
    reported_at: datetime | None
    starts_on: date | None
    ends_on: date | None
    curve: str | None
    outstanding: bool | None

    @property
    def is_key(self) -> bool:
        """重点项目."""
        return self.grade is Grade.A

    def planned(self, today: date) -> Decimal | None:
        """序时进度; None without a project."""
        if self.starts_on is None or self.ends_on is None:
            return None
        return planned_percent(self.starts_on, self.ends_on, today, self.curve or "")

    def ahead(self, today: date) -> Decimal | None:
        """Points before (or behind) plan; None without a figure."""
        planned = self.planned(today)
        return None if planned is None or self.percent is None else self.percent - planned


class Home(NamedTuple):
    """A unit under which branches are counted together."""

    path: str
    name: str
    code: str


def lines_of(session: Session, year: int, below: str = "") -> list[Line]:
    """Every active branch (below a path) with its newest project, in the order of their ids.

    Projects that ended do not count: such a branch has none.
    """
    query = (
        select(
            Unit.id,
            Unit.name,
            Unit.path,
            Unit.branch_type,
            Project.id,
            Project.number,
            Project.name,
            Project.grade,
            Project.stage,
            Project.percent,
            Project.reported_at,
            Project.starts_on,
            Project.ends_on,
            Project.curve,
            Project.outstanding,
        )
        .outerjoin(
            Project,
            and_(Project.unit_id == Unit.id, Project.year == year, Project.stage != Stage.ENDED),
        )
        .where(Unit.kind == UnitKind.BRANCH, Unit.state == UnitState.ACTIVE)
        .order_by(Unit.id, Project.id)
    )
    if below:
        query = query.where(inside(below))
    found = {row[0]: Line._make(row) for row in session.execute(query)}
    return list(found.values())


def homes_of(session: Session, below: str = "") -> list[Home]:
    """The companies and general branches right below a unit (or the roots), and the unit itself.

    Branches of its departments count under the unit itself.
    """
    top = select(Unit.id, Unit.path, Unit.name, Unit.code).where(Unit.state == UnitState.ACTIVE)
    top = top.where(Unit.path == below) if below else top.where(Unit.parent_id.is_(None))
    roots = session.execute(top.order_by(Unit.id)).all()
    under = session.execute(
        select(Unit.path, Unit.name, Unit.code)
        .where(
            Unit.parent_id.in_([root.id for root in roots]),
            Unit.state == UnitState.ACTIVE,
            Unit.kind.in_([UnitKind.COMPANY, UnitKind.GENERAL_BRANCH]),
        )
        .order_by(Unit.id)
    )
    return [Home(*row) for row in under] + [Home(*root[1:]) for root in roots]


def by_home(lines: Iterable[Line], homes: Sequence[Home]) -> Mapping[Home, list[Line]]:
    """Lines by the first home above them; homes without any are left out."""
    grouped: dict[Home, list[Line]] = {home: [] for home in homes}
    places = {home.path: at for at, home in reversed(list(enumerate(homes)))}
    for line in lines:
        above = [places[path] for path in upwards(line.path) if path in places]
        if above:
            grouped[homes[min(above)]].append(line)
    return {home: rows for home, rows in grouped.items() if rows}


class Funnel(NamedTuple):
    """How many branches there are, with a project, with a key project, with an outstanding one."""

    branches: int
    projects: int
    keys: int
    outstanding: int


def funnel_of(lines: Iterable[Line]) -> Funnel:
    """Count the funnel (A-07: 305 → 213 → 113)."""
    rows = list(lines)
    return Funnel(
        branches=len(rows),
        projects=sum(row.project_id is not None for row in rows),
        keys=sum(row.is_key for row in rows),
        outstanding=sum(bool(row.outstanding) for row in rows),
    )


def share(part: int, whole: int) -> Decimal | None:
    """A share in percent, one decimal, half up; None of nothing."""
    if whole == 0:
        return None
    return (Decimal(100 * part) / whole).quantize(Decimal("0.1"), ROUND_HALF_UP)
