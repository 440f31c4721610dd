"""双月公开单: six numbered issues a year, frozen when they are drawn up (DOMAIN.md 2)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    func,
    insert,
    select,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base, Tenths, coded
from models.issue import Issue, Note
from models.project import Grade, Stage
from models.unit import BranchType

ISSUES = 6
"""Issues a year; issue n is about months 2n-1 and 2n."""


class Named(StrEnum):
    """Why a line is named in public: by rule, never by hand."""

    BEST = "best"
    WORST = "worst"


class SheetNote(Note, Base):
    """A correction of a sheet."""

    __tablename__ = "publicity_note"
    __table_args__ = (Index("ix_publicity_note_sheet", "sheet_id", "id"),)

    issue_id: Mapped[int] = mapped_column("sheet_id", ForeignKey("publicity.id"))


class Sheet(Issue, Base):
    """One 双月公开单; ``issue`` is 1 to 6."""

    PREFIX = "GK"
    NOTE = SheetNote

    __tablename__ = "publicity"
    __table_args__ = (
        UniqueConstraint("year", "issue"),
        Index("ix_publicity_state", "state", "told_at"),
    )

    @property
    def months(self) -> tuple[int, int]:
        """The two months it is about."""
        return 2 * self.issue - 1, 2 * self.issue


class SheetLine(Base):
    """One branch on a sheet, as it was at the cut-off.

    ``ahead`` is points before (or behind) plan, ``silent`` days since the last report; ``effect``
    the words of the last report.
    """

    __tablename__ = "publicity_line"
    __table_args__ = (Index("ix_publicity_line_unit", "unit_id"),)

    sheet_id: Mapped[int] = mapped_column(ForeignKey("publicity.id"), primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), primary_key=True)
    project_id: Mapped[int | None] = mapped_column(ForeignKey("project.id"))
    branch: Mapped[str] = mapped_column(String(120))
    branch_type: Mapped[BranchType | None] = coded(BranchType)
    name: Mapped[str] = mapped_column(String(120), default="")
    grade: Mapped[Grade | None] = coded(Grade)
    stage: Mapped[Stage | None] = coded(Stage)
    percent: Mapped[Decimal | None] = mapped_column(Tenths)
    planned: Mapped[Decimal | None] = mapped_column(Tenths)
    ahead: Mapped[Decimal | None] = mapped_column(Tenths)
    silent: Mapped[int | None]
    light: Mapped[str] = mapped_column(String(8), default="")
    effect: Mapped[str] = mapped_column(Text, default="")
    named: Mapped[Named | None] = coded(Named)


def issue_before(day: date) -> tuple[int, int]:
    """Year and number of the issue about the last two whole months before a day's month pair.

    Whoever asks in January or February means November and December of the year before.
    """
    pair = (day.month - 1) // 2
    return (day.year - 1, ISSUES) if pair == 0 else (day.year, pair)


def write_lines(session: Session, sheet: Sheet, lines: Iterable[Mapping[str, Any]]) -> None:
    """Freeze the lines of a sheet (columns of ``SheetLine`` without the sheet)."""
    rows = [{**line, "sheet_id": sheet.id} for line in lines]
    if rows:
        session.execute(insert(SheetLine), rows)


def lines_of_sheet(session: Session, sheet_id: int) -> Sequence[SheetLine]:
    """All lines of a sheet, in the order of the units."""
    return session.scalars(
        select(SheetLine).where(SheetLine.sheet_id == sheet_id).order_by(SheetLine.unit_id)
    ).all()


def counts_of(session: Session, sheet_id: int) -> Mapping[str, int]:
    """How many lines have which light; the empty one are those without a figure."""
    rows = session.execute(
        select(SheetLine.light, func.count())
        .where(SheetLine.sheet_id == sheet_id)
        .group_by(SheetLine.light)
    )
    return dict(rows.all())
