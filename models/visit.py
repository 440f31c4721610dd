"""走遍支部: visits of branches, planned so that every one is covered (DOMAIN.md 8)."""

from calendar import monthrange
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import ClassVar

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base, Stateful, coded


class VisitState(StrEnum):
    """A planned visit is made, or falls away."""

    PLANNED = "planned"
    MADE = "made"
    DROPPED = "dropped"


class PointKind(StrEnum):
    """What was brought home from a visit."""

    PROBLEM = "problem"
    SUGGESTION = "suggestion"


class Visit(Base, Stateful):
    """One visit of one branch. ``answers`` holds what was seen and heard, by topic key.

    ``plan_on`` is the last day of a planned one; a visit nobody planned has none.
    ``entered_at`` is when it was written down: later than its day it is 补录.
    """

    __tablename__ = "visit"
    __table_args__ = (
        Index("ix_visit_branch", "branch_id", "state", "visited_on"),
        Index("ix_visit_person", "visitor_id", "state"),
    )
    MOVES: ClassVar[Mapping[VisitState, frozenset[VisitState]]] = {
        VisitState.PLANNED: frozenset({VisitState.MADE, VisitState.DROPPED}),
    }

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(32), unique=True)
    branch_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    visitor_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    state: Mapped[VisitState] = coded(VisitState)
    planned_at: Mapped[datetime | None]
    planned_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    plan_on: Mapped[date | None]
    visited_on: Mapped[date | None]
    entered_at: Mapped[datetime | None]
    said: Mapped[str] = mapped_column(Text, default="")
    answers: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)


class VisitPoint(Base):
    """One problem or suggestion from a visit; ``record`` is the number of what it became."""

    __tablename__ = "visit_point"
    __table_args__ = (UniqueConstraint("visit_id", "ordinal"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    visit_id: Mapped[int] = mapped_column(ForeignKey("visit.id"))
    ordinal: Mapped[int]
    kind: Mapped[PointKind] = coded(PointKind)
    said: Mapped[str] = mapped_column(Text)
    record: Mapped[str] = mapped_column(String(32), default="", index=True)


def visit_by_number(session: Session, number: str) -> Visit | None:
    """The visit of a number such as ``ZF-2026-0001``."""
    return session.scalar(select(Visit).where(Visit.number == number))


def points_of_visit(session: Session, visit_id: int) -> Sequence[VisitPoint]:
    """What was brought home, in order."""
    return session.scalars(
        select(VisitPoint).where(VisitPoint.visit_id == visit_id).order_by(VisitPoint.ordinal)
    ).all()


def last_visits(session: Session) -> Mapping[int, date]:
    """The day of the last visit by branch id; branches that were never visited are missing."""
    rows = session.execute(
        select(Visit.branch_id, func.max(Visit.visited_on))
        .where(Visit.state == VisitState.MADE)
        .group_by(Visit.branch_id)
    )
    return {branch: day for branch, day in rows if day is not None}


def visits_on(session: Session, branch_id: int, visitor_id: int, day: date) -> Sequence[Visit]:
    """What somebody has written down of visits to a branch on a day."""
    return session.scalars(
        select(Visit).where(
            Visit.branch_id == branch_id,
            Visit.visitor_id == visitor_id,
            Visit.visited_on == day,
            Visit.state == VisitState.MADE,
        )
    ).all()


def planned_visits(session: Session, visitor_id: int) -> Sequence[Visit]:
    """What somebody still has to visit, the first due first."""
    return session.scalars(
        select(Visit)
        .where(Visit.visitor_id == visitor_id, Visit.state == VisitState.PLANNED)
        .order_by(Visit.plan_on, Visit.id)
    ).all()


def share_out(branches: Sequence[int], visitors: Sequence[int]) -> Mapping[int, int]:
    """Who visits which branch: every branch once, in stretches of neighbours, as even as can be.

    ``branches`` in the order of the tree; returns the visitor by branch.
    """
    if not visitors:
        return {}
    count, few = divmod(len(branches), len(visitors))
    shares: dict[int, int] = {}
    at = 0
    for number, visitor in enumerate(visitors):
        size = count + (number < few)
        shares.update(dict.fromkeys(branches[at : at + size], visitor))
        at += size
    return shares


def coverage(branches: int, unseen: int) -> Decimal | None:
    """Percent of the branches that were visited, one decimal; None without branches."""
    if not branches:
        return None
    exact = Decimal(100 * (branches - unseen)) / branches
    return exact.quantize(Decimal("0.1"), ROUND_HALF_UP)


def months_before(day: date, months: int) -> date:
    """The same day so many months ago, or the last one of that month."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    last = monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))
