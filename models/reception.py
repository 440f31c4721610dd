"""Reception days 接待日: slots one can book, minutes, and what becomes of them (DOMAIN.md 4)."""

from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base, coded
from models.errors import UserError

PREFIX: Final = "JD"


class SlotState(StrEnum):
    """What became of a slot."""

    FREE = "free"
    BOOKED = "booked"
    HELD = "held"
    MISSED = "missed"


class Reception(Base):
    """One reception day of a secretary. ``cancelled_at`` is set when it does not take place."""

    __tablename__ = "reception"
    __table_args__ = (Index("ix_reception_unit", "unit_id", "day"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(32), unique=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    host_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    day: Mapped[date]
    place: Mapped[str] = mapped_column(String(120))
    at: Mapped[datetime]
    cancelled_at: Mapped[datetime | None]


class ReceptionSlot(Base):
    """A quarter of an hour or so; ``person_id`` has booked it, ``topic`` is what it is about.

    ``minutes`` are kept short: what was said goes into suggestions, and only if the visitor wants.
    """

    __tablename__ = "reception_slot"
    __table_args__ = (
        UniqueConstraint("reception_id", "starts_at"),
        UniqueConstraint("reception_id", "person_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    reception_id: Mapped[int] = mapped_column(ForeignKey("reception.id"))
    starts_at: Mapped[datetime]
    state: Mapped[SlotState] = coded(SlotState, default=SlotState.FREE)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    topic: Mapped[str] = mapped_column(String(200), default="")
    minutes: Mapped[str] = mapped_column(Text, default="")


class ReceptionSuggestion(Base):
    """A suggestion that came out of a slot."""

    __tablename__ = "reception_suggestion"

    slot_id: Mapped[int] = mapped_column(ForeignKey("reception_slot.id"), primary_key=True)
    suggestion_id: Mapped[int] = mapped_column(
        ForeignKey("suggestion.id"), primary_key=True, unique=True
    )


def reception_by_number(session: Session, number: str) -> Reception | None:
    """The reception day of a number such as ``JD-2026-0001``."""
    return session.scalar(select(Reception).where(Reception.number == number))


def held_on(session: Session, host_id: int, day: date) -> Reception | None:
    """The reception day that somebody has set on a day, unless it was called off."""
    return session.scalars(
        select(Reception).where(
            Reception.host_id == host_id,
            Reception.day == day,
            Reception.cancelled_at.is_(None),
        )
    ).first()


def slots_of(session: Session, reception_id: int) -> Sequence[ReceptionSlot]:
    """The slots of a day, in order."""
    return session.scalars(
        select(ReceptionSlot)
        .where(ReceptionSlot.reception_id == reception_id)
        .order_by(ReceptionSlot.starts_at)
    ).all()


def coming(session: Session, today: date, limit: int = 5) -> Sequence[Reception]:
    """Reception days from today on that take place, the next first."""
    return session.scalars(
        select(Reception)
        .where(Reception.day >= today, Reception.cancelled_at.is_(None))
        .order_by(Reception.day, Reception.id)
        .limit(limit)
    ).all()


def free_count(session: Session, reception_id: int) -> int:
    """How many slots of a day can still be booked."""
    return (
        session.scalar(
            select(func.count())
            .select_from(ReceptionSlot)
            .where(
                ReceptionSlot.reception_id == reception_id, ReceptionSlot.state == SlotState.FREE
            )
        )
        or 0
    )


def book(session: Session, reception_id: int, person_id: int, topic: str) -> ReceptionSlot:
    """Take the first free slot; of two who want the last one, one gets it (``UserError``)."""
    taken = session.scalar(
        select(ReceptionSlot.id).where(
            ReceptionSlot.reception_id == reception_id, ReceptionSlot.person_id == person_id
        )
    )
    if taken is not None:
        raise UserError("reception.booked_before")
    for slot in slots_of(session, reception_id):
        if slot.state is not SlotState.FREE:
            continue
        done = session.execute(
            update(ReceptionSlot)
            .where(ReceptionSlot.id == slot.id, ReceptionSlot.state == SlotState.FREE)
            .values(state=SlotState.BOOKED, person_id=person_id, topic=topic)
            .execution_options(synchronize_session=False)
        )
        if done.rowcount == 1:  # type: ignore[attr-defined]  # an UPDATE has a row count
            session.refresh(slot)
            return slot
    raise UserError("reception.full")


def unbook(session: Session, slot: ReceptionSlot) -> None:
    """Give a slot back."""
    slot.state, slot.person_id, slot.topic = SlotState.FREE, None, ""
    session.flush()
