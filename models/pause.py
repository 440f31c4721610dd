"""When nothing is asked of somebody: 外出 (a person is away) and 应急 (a unit is paused)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ForeignKey, Index, String, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base
from models.unit import Unit, covers


class Away(Base):
    """Somebody is away, on shift or out on an emergency repair, from the first to the last day."""

    __tablename__ = "away"
    __table_args__ = (Index("ix_away_days", "last_on", "first_on"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    first_on: Mapped[date]
    last_on: Mapped[date]
    reason: Mapped[str] = mapped_column(String(60), default="")
    at: Mapped[datetime]


class Emergency(Base):
    """A unit and all below it are paused. ``last_on`` None: until somebody ends it."""

    __tablename__ = "emergency"

    id: Mapped[int] = mapped_column(primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    first_on: Mapped[date]
    last_on: Mapped[date | None]
    reason: Mapped[str] = mapped_column(String(200))
    declared_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    ended_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    ended_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True)
class Pause:
    """The days on which a subtree is paused, both included; open ones reach up to today."""

    path: str
    first_on: date
    last_on: date

    def days(self) -> Sequence[date]:
        """Every day of it."""
        count = (self.last_on - self.first_on).days + 1
        return [self.first_on + timedelta(days=n) for n in range(count)]


@dataclass(frozen=True, slots=True)
class Pauses:
    """All pauses of all units."""

    known: tuple[Pause, ...] = ()

    def days(self, path: str) -> frozenset[date]:
        """The days on which nothing runs at the unit of a path."""
        return frozenset(
            day for pause in self.known if covers(pause.path, path) for day in pause.days()
        )


def read_pauses(session: Session, today: date) -> Pauses:
    """Every pause that was ever declared; one without an end reaches up to ``today``."""
    rows = session.execute(
        select(Unit.path, Emergency.first_on, Emergency.last_on)
        .join(Unit, Unit.id == Emergency.unit_id)
        .order_by(Emergency.id)
    )
    return Pauses(
        tuple(
            Pause(path, first, last or max(today, first))
            for path, first, last in rows
            if last is None or last >= first
        )
    )


def emergency_of(session: Session, unit_id: int, today: date) -> Emergency | None:
    """The pause of exactly this unit that is going on or lies ahead, the newest if several."""
    return session.scalar(
        select(Emergency)
        .where(
            Emergency.unit_id == unit_id,
            Emergency.ended_at.is_(None),
            or_(Emergency.last_on.is_(None), Emergency.last_on >= today),
        )
        .order_by(Emergency.id.desc())
        .limit(1)
    )


def away_on(session: Session, day: date) -> frozenset[int]:
    """Ids of the people who are away on a day."""
    return frozenset(
        session.scalars(
            select(Away.person_id).where(Away.first_on <= day, Away.last_on >= day).distinct()
        )
    )


def away_of(session: Session, person_id: int, today: date) -> Away | None:
    """When somebody is away now or later, the newest entry."""
    return session.scalar(
        select(Away)
        .where(Away.person_id == person_id, Away.last_on >= today, Away.last_on >= Away.first_on)
        .order_by(Away.id.desc())
        .limit(1)
    )
