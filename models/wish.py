"""Small wishes 微心愿: made, reviewed, claimed, fulfilled, thanked for (DOMAIN.md 8)."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar

from sqlalchemy import ForeignKey, Index, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base, Stateful, coded


class WishState(StrEnum):
    """Where a wish stands."""

    SUBMITTED = "submitted"
    DECLINED = "declined"
    OPEN = "open"
    CLAIMED = "claimed"
    FULFILLED = "fulfilled"
    THANKED = "thanked"
    WITHDRAWN = "withdrawn"


ON_THE_BOARD = (
    WishState.OPEN,
    WishState.CLAIMED,
    WishState.FULFILLED,
    WishState.THANKED,
)
"""States in which everybody sees a wish."""

COME_TRUE = (WishState.FULFILLED, WishState.THANKED)

UNDER_WAY = (WishState.SUBMITTED, WishState.OPEN, WishState.CLAIMED, WishState.FULFILLED)
"""A person has one wish under way at a time."""


class WishStep(StrEnum):
    """What happened to a wish."""

    SUBMITTED = "submitted"
    OPENED = "opened"
    DECLINED = "declined"
    CLAIMED = "claimed"
    RELEASED = "released"
    LAPSED = "lapsed"
    FULFILLED = "fulfilled"
    NOT_YET = "not_yet"
    THANKED = "thanked"
    WITHDRAWN = "withdrawn"


class Wish(Stateful, Base):
    """One wish. ``unit_id`` is the wisher's branch (or unit, where there is no branch).

    ``named``      whether the board shows the wisher's name
    ``lapses_on``  the last day of the present claim; after it the wish is free again
    ``note``       why it was declined; ``done`` what the claimer wrote; ``thanks`` the wisher
    """

    MOVES: ClassVar[Mapping[WishState, frozenset[WishState]]] = {
        WishState.SUBMITTED: frozenset({WishState.OPEN, WishState.DECLINED, WishState.WITHDRAWN}),
        WishState.OPEN: frozenset({WishState.CLAIMED, WishState.WITHDRAWN}),
        WishState.CLAIMED: frozenset({WishState.OPEN, WishState.FULFILLED}),
        WishState.FULFILLED: frozenset({WishState.CLAIMED, WishState.THANKED}),
    }

    __tablename__ = "wish"
    __table_args__ = (
        Index("ix_wish_unit", "unit_id", "state"),
        Index("ix_wish_state", "state", "lapses_on"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(32), unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    named: Mapped[bool]
    text: Mapped[str] = mapped_column(Text)
    state: Mapped[WishState] = coded(WishState, default=WishState.SUBMITTED)
    claimer_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    claimed_at: Mapped[datetime | None]
    lapses_on: Mapped[date | None]
    note: Mapped[str] = mapped_column(Text, default="")
    done: Mapped[str] = mapped_column(Text, default="")
    thanks: Mapped[str] = mapped_column(Text, default="")
    at: Mapped[datetime]
    fulfilled_at: Mapped[datetime | None]


class WishEvent(Base):
    """One step of a wish: who (None: the clock), when. What was written stands in the wish."""

    __tablename__ = "wish_event"

    id: Mapped[int] = mapped_column(primary_key=True)
    wish_id: Mapped[int] = mapped_column(ForeignKey("wish.id"), index=True)
    at: Mapped[datetime]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    step: Mapped[WishStep] = coded(WishStep)


def wish_by_number(session: Session, number: str) -> Wish | None:
    """The wish of a number such as ``XY-2026-0001``."""
    return session.scalar(select(Wish).where(Wish.number == number))


def under_way(session: Session, person_id: int) -> Wish | None:
    """The wish a person has under way."""
    return session.scalar(
        select(Wish).where(Wish.person_id == person_id, Wish.state.in_(UNDER_WAY)).limit(1)
    )


def free_wishes(session: Session, person_id: int, limit: int) -> Sequence[Wish]:
    """Wishes that somebody may claim (not one's own), the oldest first."""
    return session.scalars(
        select(Wish)
        .where(Wish.state == WishState.OPEN, Wish.person_id != person_id)
        .order_by(Wish.id)
        .limit(limit)
    ).all()
