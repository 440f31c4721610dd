"""管控进展情况通报: twelve issues a year, frozen when they are drawn up (A-15, A-97)."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, insert, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base, coded
from models.issue import Issue, Note
from models.unit import BranchType


class BulletinNote(Note, Base):
    """A correction of a bulletin."""

    __tablename__ = "bulletin_note"
    __table_args__ = (Index("ix_bulletin_note_issue", "issue_id", "id"),)

    issue_id: Mapped[int] = mapped_column(ForeignKey("bulletin.id"))


class Bulletin(Issue, Base):
    """What one month brought; ``issue`` is the month."""

    PREFIX = "QK"
    NOTE = BulletinNote

    __tablename__ = "bulletin"
    __table_args__ = (
        UniqueConstraint("year", "issue"),
        Index("ix_bulletin_state", "state", "told_at"),
    )

    @property
    def first(self) -> date:
        """The first day of its month."""
        return date(self.year, self.issue, 1)


class BulletinFigure(Base):
    """One figure of one type of branch, as it was when the bulletin was drawn up."""

    __tablename__ = "bulletin_figure"

    bulletin_id: Mapped[int] = mapped_column(ForeignKey("bulletin.id"), primary_key=True)
    branch_type: Mapped[BranchType] = coded(BranchType, primary_key=True)
    figure: Mapped[str] = mapped_column(String(16), primary_key=True)
    count: Mapped[int]


def month_before(day: date) -> tuple[int, int]:
    """Year and month of the whole month before the one of a day."""
    last = day.replace(day=1) - timedelta(days=1)
    return last.year, last.month


def write_figures(
    session: Session, bulletin: Bulletin, counts: Mapping[BranchType, Mapping[str, int]]
) -> None:
    """Freeze the figures of a bulletin."""
    rows = [
        {"bulletin_id": bulletin.id, "branch_type": of, "figure": figure, "count": count}
        for of, mine in counts.items()
        for figure, count in mine.items()
    ]
    if rows:
        session.execute(insert(BulletinFigure), rows)


def figures_of(session: Session, bulletin_id: int) -> Iterator[tuple[BranchType, str, int]]:
    """The figures of a bulletin; those that were nought may be left out."""
    yield from session.execute(
        select(BulletinFigure.branch_type, BulletinFigure.figure, BulletinFigure.count).where(
            BulletinFigure.bulletin_id == bulletin_id
        )
    )
