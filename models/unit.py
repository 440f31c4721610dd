"""Units 单位: the tree of companies, departments, branches and teams (DOMAIN.md 1)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, ForeignKey, Index, String, and_, select
from sqlalchemy.orm import Mapped, Session, mapped_column
from sqlalchemy.orm.util import identity_key

from models.base import Base, coded

Path = String(255).with_variant(String(255, collation="C"), "postgresql")


class UnitKind(StrEnum):
    """What a unit is."""

    COMPANY = "company"
    DEPARTMENT = "department"
    GENERAL_BRANCH = "general_branch"
    BRANCH = "branch"
    TEAM = "team"


class BranchType(StrEnum):
    """Rankings never mix types."""

    MANAGEMENT = "management"
    SERVICE = "service"
    BUSINESS = "business"


class UnitState(StrEnum):
    """A closed unit keeps its history."""

    ACTIVE = "active"
    CLOSED = "closed"


class Unit(Base):
    """One unit. ``path`` is ``/1/5/23/``: the ids from the root to itself.

    ``branch_id`` is the nearest branch at or above it (what a team reports for), if any.
    ``opened_on`` is None for units that were there when the product was set up.
    """

    __tablename__ = "unit"
    __table_args__ = (Index("ix_unit_branches", "kind", "branch_type", "state"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    kind: Mapped[UnitKind] = coded(UnitKind)
    branch_type: Mapped[BranchType | None] = coded(BranchType)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"), index=True)
    path: Mapped[str] = mapped_column(Path, index=True)
    branch_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"), index=True)
    state: Mapped[UnitState] = coded(UnitState, default=UnitState.ACTIVE)
    opened_on: Mapped[date | None]
    closed_at: Mapped[datetime | None]
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))


class UnitAlias(Base):
    """Another name people type for a unit."""

    __tablename__ = "unit_alias"

    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), primary_key=True)
    alias: Mapped[str] = mapped_column(String(120), primary_key=True)


@dataclass(frozen=True, slots=True)
class Place:
    """A unit as far as rights and names go; a plain value that may be kept in memory."""

    id: int
    code: str
    name: str
    kind: UnitKind
    branch_type: BranchType | None
    path: str
    branch_id: int | None
    state: UnitState


def place_of(session: Session, unit_id: int) -> Place:
    """The unit of an id that is known to exist; one that the session holds is not read again."""
    held = session.identity_map.get(identity_key(Unit, unit_id))
    if held is not None:
        return Place(*(getattr(held, one.name) for one in fields(Place)))
    row = session.execute(
        select(
            Unit.id,
            Unit.code,
            Unit.name,
            Unit.kind,
            Unit.branch_type,
            Unit.path,
            Unit.branch_id,
            Unit.state,
        ).where(Unit.id == unit_id)
    ).one()
    return Place(*row)


def inside(path: str) -> ColumnElement[bool]:
    """Condition: the unit lies at or below the unit of this path (uses the index on ``path``)."""
    return and_(Unit.path >= path, Unit.path < path[:-1] + "0")


def covers(path: str, below: str) -> bool:
    """Whether the unit of ``path`` is the unit of ``below`` or stands above it."""
    return below.startswith(path)


def upwards(path: str) -> Iterator[str]:
    """The paths of a unit and of all above it, the nearest first."""
    while len(path) > 1:
        yield path
        path = path[: path.rstrip("/").rfind("/") + 1]


def unit_by_code(session: Session, code: str) -> Unit | None:
    """The unit of a code, closed ones included."""
    return session.scalar(select(Unit).where(Unit.code == code))


def chain_of(session: Session, unit: Unit) -> Sequence[Unit]:
    """The units from the root down to the unit itself."""
    ids = [int(part) for part in unit.path.strip("/").split("/")]
    found = {u.id: u for u in session.scalars(select(Unit).where(Unit.id.in_(ids)))}
    return [found[i] for i in ids]


def aliases_of(session: Session, unit_ids: Iterable[int] | None = None) -> Mapping[int, list[str]]:
    """All aliases by unit id; of some units or of all."""
    query = select(UnitAlias.unit_id, UnitAlias.alias).order_by(UnitAlias.unit_id, UnitAlias.alias)
    if unit_ids is not None:
        query = query.where(UnitAlias.unit_id.in_(list(unit_ids)))
    result: dict[int, list[str]] = {}
    for unit_id, alias in session.execute(query):
        result.setdefault(unit_id, []).append(alias)
    return result
