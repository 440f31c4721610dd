"""Milestones 里程碑: what should be done by when, and how far that brings the project."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from sqlalchemy import ForeignKey, Index, String, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base, Tenths
from models.forms.schedule import Point
from models.project import Project, write_curve


class Milestone(Base):
    """One milestone. It counts as reached while the project's percent is at least its own."""

    __tablename__ = "milestone"
    __table_args__ = (Index("ix_milestone_due", "due_on"),)

    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    due_on: Mapped[date]
    percent: Mapped[Decimal] = mapped_column(Tenths)

    def is_reached(self, percent: Decimal | None) -> bool:
        """Whether a project that stands at ``percent`` has come so far."""
        return percent is not None and percent >= self.percent


def milestones_of(session: Session, project_id: int) -> Sequence[Milestone]:
    """A project's milestones in order."""
    return session.scalars(
        select(Milestone).where(Milestone.project_id == project_id).order_by(Milestone.place)
    ).all()


def set_milestones(session: Session, project: Project, points: Sequence[Point]) -> None:
    """Let these be a project's milestones, and its plan run through them."""
    session.execute(delete(Milestone).where(Milestone.project_id == project.id))
    session.add_all(
        Milestone(
            project_id=project.id,
            place=place,
            name=point.words,
            due_on=point.day,
            percent=point.percent,
        )
        for place, point in enumerate(points, 1)
    )
    project.curve = write_curve([(point.day, point.percent) for point in points])
    session.flush()


def points_of(session: Session, project_id: int) -> tuple[Point, ...]:
    """A project's milestones as a form has them."""
    return tuple(Point(m.due_on, m.name, m.percent) for m in milestones_of(session, project_id))
