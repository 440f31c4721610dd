"""Pairs 结对: member with colleagues, one with one, one with several, branch with branch.

Voluntary and among equals: whoever is asked answers yes or no without a reason, and nobody is
called weak, late or behind (DOMAIN.md 8, PRODUCT.md E.5).
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base, Stateful, coded


class PairKind(StrEnum):
    """党员带群众 (one to two), 一带一, 一带N, 支部共建."""

    MASSES = "masses"
    ONE = "one"
    MANY = "many"
    BRANCH = "branch"


class PairState(StrEnum):
    """Where a pair stands."""

    PROPOSED = "proposed"
    ACTIVE = "active"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    ENDED = "ended"


LIVE = (PairState.PROPOSED, PairState.ACTIVE)


class PairView(StrEnum):
    """What a side thinks of it at the end."""

    GREAT = "great"
    SOME = "some"
    LITTLE = "little"


class Pair(Stateful, Base):
    """One pair. ``unit_id`` is the branch of the side that proposed it.

    ``partners``  the names of the other side as they were then
    ``goal``      what is to be learned or done; between branches the joint plan
    """

    MOVES: ClassVar[Mapping[PairState, frozenset[PairState]]] = {
        PairState.PROPOSED: frozenset({PairState.ACTIVE, PairState.DECLINED, PairState.WITHDRAWN}),
        PairState.ACTIVE: frozenset({PairState.ENDED}),
    }

    __tablename__ = "pair"
    __table_args__ = (Index("ix_pair_unit", "unit_id", "state"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(32), unique=True)
    kind: Mapped[PairKind] = coded(PairKind)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    partners: Mapped[str] = mapped_column(String(400))
    goal: Mapped[str] = mapped_column(Text)
    state: Mapped[PairState] = coded(PairState, default=PairState.PROPOSED)
    entries: Mapped[int] = mapped_column(default=0)
    at: Mapped[datetime]
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    ended_at: Mapped[datetime | None]


class PairSide(Base):
    """One who takes part. For a branch (``unit_id``) any of its reviewers may act.

    ``lead`` proposed it; ``confirmed_at`` is the yes; the review is read by the sides alone.
    """

    __tablename__ = "pair_side"
    __table_args__ = (
        UniqueConstraint("pair_id", "person_id"),
        Index("ix_pair_side_person", "person_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    pair_id: Mapped[int] = mapped_column(ForeignKey("pair.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"), index=True)
    lead: Mapped[bool]
    confirmed_at: Mapped[datetime | None]
    view: Mapped[PairView | None] = coded(PairView)
    review: Mapped[str] = mapped_column(Text, default="")
    reviewed_at: Mapped[datetime | None]


class PairEntry(Base):
    """What a pair did. ``quarter`` is ``2026-Q4``."""

    __tablename__ = "pair_entry"
    __table_args__ = (Index("ix_pair_entry_pair", "pair_id", "quarter"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    pair_id: Mapped[int] = mapped_column(ForeignKey("pair.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    quarter: Mapped[str] = mapped_column(String(7))
    said: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]


def quarter_of(day: date) -> str:
    """The quarter of a day, as ``2026-Q4``."""
    return f"{day.year}-Q{(day.month + 2) // 3}"


def sides_of(session: Session, pair_id: int) -> Sequence[PairSide]:
    """All sides of a pair, the one that proposed it first."""
    return session.scalars(
        select(PairSide).where(PairSide.pair_id == pair_id).order_by(PairSide.id)
    ).all()
