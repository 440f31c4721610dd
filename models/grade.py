"""Grades 等级 A/B/C of projects: who gave which, when and why (DOMAIN.md 2)."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base, coded
from models.errors import UserError
from models.project import Grade, Project


class GradeChange(Base):
    """One change of a grade. ``promotion`` is the number of the application it followed, if any."""

    __tablename__ = "grade_change"
    __table_args__ = (Index("ix_grade_change_project", "project_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"))
    before: Mapped[Grade | None] = coded(Grade)
    after: Mapped[Grade] = coded(Grade)
    reason: Mapped[str] = mapped_column(Text, default="")
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    promotion: Mapped[str] = mapped_column(String(32), default="")
    at: Mapped[datetime]


def regrade(
    session: Session,
    project: Project,
    to: Grade,
    *,
    at: datetime,
    person_id: int | None,
    reason: str,
    promotion: str = "",
) -> None:
    """Give a project a grade; ``UserError`` if it has it, or if somebody changed it just now."""
    before = project.grade
    if before is to:
        raise UserError("grade.same", number=project.number, grade=to.value.upper())
    session.flush()
    unchanged = Project.grade.is_(None) if before is None else Project.grade == before
    done = session.execute(
        update(Project)
        .where(Project.id == project.id, unchanged)
        .values(grade=to)
        .execution_options(synchronize_session=False)
    )
    if done.rowcount != 1:  # type: ignore[attr-defined]  # an UPDATE has a row count
        raise UserError("state.raced")
    session.refresh(project)
    session.add(
        GradeChange(
            project_id=project.id,
            before=before,
            after=to,
            reason=reason,
            person_id=person_id,
            promotion=promotion,
            at=at,
        )
    )


def grades_of(session: Session, project_id: int) -> Sequence[GradeChange]:
    """All changes of a project's grade, oldest first."""
    return session.scalars(
        select(GradeChange).where(GradeChange.project_id == project_id).order_by(GradeChange.id)
    ).all()
