"""双月公开单: six numbered issues a year, frozen when they are drawn up (DOMAIN.md 2)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar

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

from models.base import Base, Stateful, Tenths, coded
from models.project import Grade, Stage
from models.unit import BranchType

ISSUES = 6
"""Issues a year; issue n is about months 2n-1 and 2n."""


class SheetState(StrEnum):
    """A sheet is drawn up, may be held, and is released once."""

    DRAFT = "draft"
    HELD = "held"
    RELEASED = "released"


class Named(StrEnum):
    """Why a line is named in public: by rule, never by hand."""

    BEST = "best"
    WORST = "worst"


class Sheet(Stateful, Base):
    """One issue. ``cutoff`` is up to when data count; ``told_at`` when all groups were told."""

    MOVES: ClassVar[Mapping[SheetState, frozenset[SheetState]]] = {
        SheetState.DRAFT: frozenset({SheetState.HELD, SheetState.RELEASED}),
        SheetState.HELD: frozenset({SheetState.RELEASED}),
    }

    __tablename__ = "publicity"
    __table_args__ = (
        UniqueConstraint("year", "issue"),
        Index("ix_publicity_state", "state", "told_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(32), unique=True)
    year: Mapped[int]
    issue: Mapped[int]
    cutoff: Mapped[datetime]
    at: Mapped[datetime]
    state: Mapped[SheetState] = coded(SheetState, default=SheetState.DRAFT)
    released_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    released_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(Text, default="")
    told_at: Mapped[datetime | None]

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


class SheetNote(Base):
    """A correction 更正 of a released sheet: that stays as it was, the note stands beside it."""

    __tablename__ = "publicity_note"
    __table_args__ = (Index("ix_publicity_note_sheet", "sheet_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    sheet_id: Mapped[int] = mapped_column(ForeignKey("publicity.id"))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    text: Mapped[str] = mapped_column(Text)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    told_at: Mapped[datetime | None]


def issue_before(day: date) -> tuple[int, int]:
    """Year and number of the issue about the last two whole months before a day's month pair.

    Whoever asks in January or February means November and December of the year before.
    """
    pair = (day.month - 1) // 2
    return (day.year - 1, ISSUES) if pair == 0 else (day.year, pair)


def sheet_of(session: Session, year: int, issue: int) -> Sheet | None:
    """The sheet of a year and issue, if it was drawn up."""
    return session.scalar(select(Sheet).where(Sheet.year == year, Sheet.issue == issue))


def sheet_by_number(session: Session, number: str) -> Sheet | None:
    """The sheet of a number such as ``GK-2026-0005``."""
    return session.scalar(select(Sheet).where(Sheet.number == number))


def newest_sheet(session: Session, *, drafts: bool) -> Sheet | None:
    """The last sheet (with ``drafts`` also one that is not released)."""
    query = select(Sheet).order_by(Sheet.year.desc(), Sheet.issue.desc()).limit(1)
    if not drafts:
        query = query.where(Sheet.state == SheetState.RELEASED)
    return session.scalar(query)


def draw_up(
    session: Session,
    year: int,
    issue: int,
    *,
    cutoff: datetime,
    now: datetime,
    lines: Iterable[Mapping[str, Any]],
) -> Sheet:
    """Freeze a sheet with all its lines (columns of ``SheetLine`` without the sheet)."""
    sheet = Sheet(number=f"GK-{year}-{issue:04d}", year=year, issue=issue, cutoff=cutoff, at=now)
    session.add(sheet)
    session.flush()
    rows = [{**line, "sheet_id": sheet.id} for line in lines]
    if rows:
        session.execute(insert(SheetLine), rows)
    return sheet


def lines_of_sheet(session: Session, sheet_id: int) -> Sequence[SheetLine]:
    """All lines of a sheet, in the order of the units."""
    return session.scalars(
        select(SheetLine).where(SheetLine.sheet_id == sheet_id).order_by(SheetLine.unit_id)
    ).all()


def notes_of(session: Session, sheet_id: int) -> Sequence[SheetNote]:
    """The corrections of a sheet, oldest first."""
    return session.scalars(
        select(SheetNote).where(SheetNote.sheet_id == sheet_id).order_by(SheetNote.id)
    ).all()


def counts_of(session: Session, sheet_id: int) -> Mapping[str, int]:
    """How many lines have which light; the empty one are those without a figure."""
    rows = session.execute(
        select(SheetLine.light, func.count())
        .where(SheetLine.sheet_id == sheet_id)
        .group_by(SheetLine.light)
    )
    return dict(rows.all())
