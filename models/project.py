"""Projects 项目: one branch, one project, one feature (DOMAIN.md 2)."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text, bindparam, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base, Tenths, coded


class Direction(StrEnum):
    """立项方向."""

    MAJOR_TASK = "major_task"
    REFORM = "reform"
    SAFETY = "safety"
    EFFICIENCY = "efficiency"


class Grade(StrEnum):
    """Value to the central work; A enters the year's key projects."""

    A = "a"
    B = "b"
    C = "c"


class Stage(StrEnum):
    """The four steps 四步骤; no step is skipped."""

    INITIATED = "initiated"
    APPROVED = "approved"
    ONGOING = "ongoing"
    CONCLUDED = "concluded"


OPEN_STAGES = (Stage.APPROVED, Stage.ONGOING)
"""Stages in which progress may be reported."""


class Project(Base):
    """A branch's project of a year. ``percent`` and ``reported_at`` follow the valid reports."""

    __tablename__ = "project"
    __table_args__ = (Index("ix_project_unit_year", "unit_id", "year"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(32), unique=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    year: Mapped[int]
    name: Mapped[str] = mapped_column(String(120))
    business: Mapped[str] = mapped_column(String(120), default="")
    problem: Mapped[str] = mapped_column(Text, default="")
    mechanism: Mapped[str] = mapped_column(Text, default="")
    indicator: Mapped[str] = mapped_column(String(120), default="")
    indicator_unit: Mapped[str] = mapped_column(String(20), default="")
    baseline: Mapped[str] = mapped_column(String(40), default="")
    target: Mapped[str] = mapped_column(String(40), default="")
    direction: Mapped[Direction | None] = coded(Direction)
    grade: Mapped[Grade | None] = coded(Grade)
    stage: Mapped[Stage] = coded(Stage, default=Stage.ONGOING)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    percent: Mapped[Decimal | None] = mapped_column(Tenths)
    reported_at: Mapped[datetime | None]

    @property
    def is_key(self) -> bool:
        """重点项目: A grade."""
        return self.grade is Grade.A


def planned_percent(starts_on: date, ends_on: date, today: date) -> Decimal:
    """Percent that should be reached by the end of ``today``: straight from start to end.

    One decimal, 0 before the start, 100 from the last day on (序时进度).
    """
    whole = (ends_on - starts_on).days + 1
    gone = min(max((today - starts_on).days + 1, 0), whole)
    return (Decimal(100 * gone) / whole).quantize(Decimal("0.1"))


_CURRENT = (
    select(Project)
    .where(
        Project.unit_id == bindparam("unit"),
        Project.year == bindparam("year"),
        or_(*(Project.stage == stage for stage in OPEN_STAGES)),
    )
    .order_by(Project.id.desc())
    .limit(1)
)


def project_of(session: Session, unit_id: int, year: int) -> Project | None:
    """The project a branch is working on in a year (the newest that is not concluded)."""
    return session.scalar(_CURRENT, {"unit": unit_id, "year": year})


def by_number(session: Session, number: str) -> Project | None:
    """The project of a number such as ``XM-2026-0001``."""
    return session.scalar(select(Project).where(Project.number == number))
