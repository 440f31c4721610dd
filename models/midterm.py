"""中期交流: what a branch has to tell the others half way (F-062)."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base
from models.project import Project, Stage
from models.unit import Unit


class MidTerm(Base):
    """One page of a project; ``speaks_at`` is when it was chosen to be told, if it was."""

    __tablename__ = "midterm"

    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"), primary_key=True)
    did: Mapped[str] = mapped_column(Text)
    effect: Mapped[str] = mapped_column(Text)
    trouble: Mapped[str] = mapped_column(Text, default="")
    ahead: Mapped[str] = mapped_column(Text, default="")
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    speaks_at: Mapped[datetime | None]
    chosen_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))


def midterms(session: Session, year: int) -> Sequence[tuple[MidTerm, Project, Unit]]:
    """All pages of a year: those that are told first, in the order in which they were chosen."""
    rows = session.execute(
        select(MidTerm, Project, Unit)
        .join(Project, Project.id == MidTerm.project_id)
        .join(Unit, Unit.id == Project.unit_id)
        .where(Project.year == year, Project.stage != Stage.ENDED)
        .order_by(MidTerm.speaks_at.asc().nulls_last(), Project.id)
    )
    return [(page, project, unit) for page, project, unit in rows]
