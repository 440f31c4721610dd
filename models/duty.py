"""What became of duties 待办: when each was asked, told, raised and done (DOMAIN.md 9).

A duty itself is computed from the facts (``handlers/duty.py``); here is kept what the facts do not
say: that somebody was told, how far up it has gone, and that a branch was asked for something.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base, coded


class OwedState(StrEnum):
    """A duty is open while the facts yield it."""

    OPEN = "open"
    DONE = "done"


class Stage(StrEnum):
    """What an owner was last reminded of, in the order in which it happens."""

    NEW = "new"
    SOON = "soon"
    DUE = "due"
    OVERDUE = "overdue"


STAGES = tuple(Stage)


class Rung(StrEnum):
    """How far up an overdue duty has gone, one rung at a time."""

    SECRETARY = "secretary"
    PARTY_OFFICE = "party_office"
    SUPERVISED = "supervised"


RUNGS = tuple(Rung)
AT_ONCE = 500


class Owed(Base):
    """What is known of one duty. ``key`` is the duty's own, for ever.

    ``owner_id``     who owes it, the first of several; None: nobody holds the role
    ``branch_id``    the branch on which it lies, if it lies within one: a call on that branch
    ``planned_on``   the day it was due as planned; ``due`` after pauses (应急)
    ``told_on``      when its owner was first told; until then it is not raised
    ``private``      those above see the title and the unit, never the detail or the number
    """

    __tablename__ = "owed"
    __table_args__ = (
        Index("ix_owed_source", "source", "state"),
        Index("ix_owed_branch", "branch_id", "told_on"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(200), unique=True)
    source: Mapped[str] = mapped_column(String(32))
    number: Mapped[str] = mapped_column(String(32), default="", index=True)
    title: Mapped[str] = mapped_column(String(120))
    detail: Mapped[str] = mapped_column(String(400))
    private: Mapped[bool]
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    branch_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    planned_on: Mapped[date]
    due: Mapped[date]
    due_at: Mapped[datetime | None]
    state: Mapped[OwedState] = coded(OwedState, default=OwedState.OPEN)
    opened_on: Mapped[date]
    closed_on: Mapped[date | None]
    told_on: Mapped[date | None]
    stage: Mapped[Stage | None] = coded(Stage)
    reminded_on: Mapped[date | None]
    rung: Mapped[Rung | None] = coded(Rung)
    raised_at: Mapped[datetime | None]


class Escalation(Base):
    """One step up of one duty. Each rung is taken once, whatever runs twice.

    ``on``  the day whose sweep found it, ``at`` the moment it was taken: later, if the sweep was
            broken off and gone on with
    """

    __tablename__ = "escalation"
    __table_args__ = (UniqueConstraint("owed_id", "rung"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    owed_id: Mapped[int] = mapped_column(ForeignKey("owed.id"))
    rung: Mapped[Rung] = coded(Rung)
    on: Mapped[date] = mapped_column(index=True)
    at: Mapped[datetime]
    told: Mapped[int]  # how many people were told


class LoadPass(Base):
    """A branch may be asked for more than the limit in one week: who said so, and why."""

    __tablename__ = "load_pass"

    branch_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), primary_key=True)
    week: Mapped[date] = mapped_column(primary_key=True)  # its Monday
    reason: Mapped[str] = mapped_column(String(200))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]


def monday_of(day: date) -> date:
    """The first day of the week of a day."""
    return day - timedelta(days=day.weekday())


@dataclass(frozen=True, slots=True)
class Asked:
    """How often branches were asked for something in a span of days, and on which they were."""

    counts: Mapping[int, int]

    def of(self, branch_id: int) -> int:
        """How often this branch was."""
        return self.counts.get(branch_id, 0)


def asked_between(session: Session, first: date, last: date) -> Asked:
    """Asks per branch: duties within it whose owners were first told on one of the days."""
    rows = session.execute(
        select(Owed.branch_id, func.count())
        .where(Owed.branch_id.is_not(None), Owed.told_on >= first, Owed.told_on <= last)
        .group_by(Owed.branch_id)
    )
    return Asked(dict(rows.all()))  # type: ignore[arg-type]  # none is None


def passes_of(session: Session, week: date) -> frozenset[int]:
    """Branches that may be asked for more in the week that begins on this Monday."""
    return frozenset(session.scalars(select(LoadPass.branch_id).where(LoadPass.week == week)))


def steps_of(session: Session, day: date) -> Mapping[int, Rung]:
    """What the sweep of a day has raised so far: ids of duties, and the rung each has taken."""
    rows = session.execute(
        select(Escalation.owed_id, Escalation.rung)
        .where(Escalation.on == day)
        .order_by(Escalation.id)
    )
    return dict(rows.all())


def next_rung(rung: Rung | None) -> Rung | None:
    """The rung above; None at the top."""
    at = -1 if rung is None else RUNGS.index(rung)
    return RUNGS[at + 1] if at + 1 < len(RUNGS) else None


def known_duties(session: Session, keys: Sequence[str]) -> Mapping[str, Owed]:
    """What is kept of duties, by key; those that nobody has seen are missing."""
    found: dict[str, Owed] = {}
    for start in range(0, len(keys), AT_ONCE):
        some = keys[start : start + AT_ONCE]
        found |= {row.key: row for row in session.scalars(select(Owed).where(Owed.key.in_(some)))}
    return found
