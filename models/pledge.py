"""Pledges 承诺: two per member and year, in five steps (DOMAIN.md 3)."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base, Stateful, coded


class PledgeKind(StrEnum):
    """双承诺: each member makes one of each a year."""

    POST = "post"
    SERVICE = "service"


class PledgeClass(StrEnum):
    """What is promised: something all promise, something of the post, a concrete deed."""

    COMMON = "common"
    POST = "post"
    DEED = "deed"


class Question(StrEnum):
    """The four questions of the branch's review, in the order in which they are put."""

    VANGUARD = "vanguard"
    WANTED = "wanted"
    FEASIBLE = "feasible"
    ABLE = "able"


class PledgeState(StrEnum):
    """Where a pledge stands. ``EXCUSED`` (an objective reason) is neutral: it counts nowhere."""

    SUBMITTED = "submitted"
    RETURNED = "returned"
    APPROVED = "approved"
    PUBLIC = "public"
    VOTING = "voting"
    VOTED = "voted"
    KEPT = "kept"
    PARTLY = "partly"
    UNKEPT = "unkept"
    EXCUSED = "excused"
    WITHDRAWN = "withdrawn"


OPEN_TO_ALL = (
    PledgeState.PUBLIC,
    PledgeState.VOTING,
    PledgeState.VOTED,
    PledgeState.KEPT,
    PledgeState.PARTLY,
    PledgeState.UNKEPT,
    PledgeState.EXCUSED,
)
"""States in which a pledge stands on the public page."""

ENDS = (PledgeState.KEPT, PledgeState.PARTLY, PledgeState.UNKEPT, PledgeState.EXCUSED)
"""How a pledge may end."""


class PledgeStep(StrEnum):
    """What happened to a pledge."""

    SUBMITTED = "submitted"
    REVISED = "revised"
    RETURNED = "returned"
    APPROVED = "approved"
    PUBLISHED = "published"
    REMARKED = "remarked"
    VOTE_OPENED = "vote_opened"
    VOTE_CLOSED = "vote_closed"
    CONCLUDED = "concluded"
    WITHDRAWN = "withdrawn"


class Pledge(Stateful, Base):
    """One pledge. ``unit_id`` is the branch to which the member belonged when it was made.

    ``measure``    how people will see by December that it was kept
    ``failed``     ids of the review's questions that were answered no, comma separated
    ``note``       what the review wrote to them
    ``reason``     why it ended as it did
    ``sent_at``    when it was last handed to the review
    ``entries``    how many valid entries 践诺 there are; ``entry_at`` the time of the newest
    """

    MOVES: ClassVar[Mapping[PledgeState, frozenset[PledgeState]]] = {
        PledgeState.SUBMITTED: frozenset(
            {PledgeState.RETURNED, PledgeState.APPROVED, PledgeState.WITHDRAWN}
        ),
        PledgeState.RETURNED: frozenset({PledgeState.SUBMITTED, PledgeState.WITHDRAWN}),
        PledgeState.APPROVED: frozenset({PledgeState.PUBLIC, PledgeState.WITHDRAWN}),
        PledgeState.PUBLIC: frozenset({PledgeState.VOTING, *ENDS}),
        PledgeState.VOTING: frozenset({PledgeState.VOTED}),
        PledgeState.VOTED: frozenset(ENDS),
    }

    __tablename__ = "pledge"
    __table_args__ = (
        Index("ix_pledge_unit", "unit_id", "year", "state"),
        Index(
            "uq_pledge_one_of_a_kind",
            "person_id",
            "year",
            "kind",
            unique=True,
            sqlite_where=text("state <> 'withdrawn'"),
            postgresql_where=text("state <> 'withdrawn'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(32), unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    year: Mapped[int]
    kind: Mapped[PledgeKind] = coded(PledgeKind)
    category: Mapped[PledgeClass] = coded(PledgeClass)
    text: Mapped[str] = mapped_column(Text)
    measure: Mapped[str] = mapped_column(String(200), default="")
    state: Mapped[PledgeState] = coded(PledgeState, default=PledgeState.SUBMITTED)
    failed: Mapped[str] = mapped_column(String(80), default="")
    note: Mapped[str] = mapped_column(Text, default="")
    reason: Mapped[str] = mapped_column(Text, default="")
    entries: Mapped[int] = mapped_column(default=0)
    entry_at: Mapped[datetime | None]
    at: Mapped[datetime]
    sent_at: Mapped[datetime]
    reviewed_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None]
    concluded_at: Mapped[datetime | None]

    @property
    def questions_failed(self) -> list[Question]:
        """The questions that the last review answered no."""
        return [Question(part) for part in self.failed.split(",") if part]


class PledgeEvent(Base):
    """One step of a pledge: who (None: the clock), when, why."""

    __tablename__ = "pledge_event"

    id: Mapped[int] = mapped_column(primary_key=True)
    pledge_id: Mapped[int] = mapped_column(ForeignKey("pledge.id"), index=True)
    at: Mapped[datetime]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    step: Mapped[PledgeStep] = coded(PledgeStep)
    note: Mapped[str] = mapped_column(Text, default="")


class EntryState(StrEnum):
    """A withdrawn entry stays in the history and counts no more."""

    VALID = "valid"
    WITHDRAWN = "withdrawn"


class PledgeEntry(Stateful, Base):
    """One entry 践诺: what was done for a pledge. Evidence hangs on its number."""

    MOVES: ClassVar[Mapping[EntryState, frozenset[EntryState]]] = {
        EntryState.VALID: frozenset({EntryState.WITHDRAWN}),
    }

    __tablename__ = "pledge_entry"
    __table_args__ = (Index("ix_pledge_entry_pledge", "pledge_id", "state", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(32), unique=True)
    pledge_id: Mapped[int] = mapped_column(ForeignKey("pledge.id"))
    state: Mapped[EntryState] = coded(EntryState, default=EntryState.VALID)
    said: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]


class PledgeCheck(Base):
    """A month's check 督诺 of a branch: who looked, and what there was to see.

    ``month`` is ``2026-11``; ``pledges`` were public then, ``silent`` of them without an entry for
    longer than the rules allow.
    """

    __tablename__ = "pledge_check"
    __table_args__ = (UniqueConstraint("unit_id", "month"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    month: Mapped[str] = mapped_column(String(7))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    pledges: Mapped[int]
    silent: Mapped[int]


def month_of(day: date) -> str:
    """The month of a day, as ``2026-11``."""
    return f"{day:%Y-%m}"


def pledge_by_number(session: Session, number: str) -> Pledge | None:
    """The pledge of a number such as ``CN-2026-0001``."""
    return session.scalar(select(Pledge).where(Pledge.number == number))


def pledges_of(session: Session, person_id: int, year: int) -> Sequence[Pledge]:
    """A person's pledges of a year that were not withdrawn, the post pledge first."""
    return session.scalars(
        select(Pledge)
        .where(
            Pledge.person_id == person_id,
            Pledge.year == year,
            Pledge.state != PledgeState.WITHDRAWN,
        )
        .order_by(Pledge.kind, Pledge.id)
    ).all()


def entry_by_number(session: Session, number: str) -> PledgeEntry | None:
    """The entry of a number such as ``LN-2026-0001``."""
    return session.scalar(select(PledgeEntry).where(PledgeEntry.number == number))


def entries_of(session: Session, pledge_id: int) -> Sequence[PledgeEntry]:
    """The valid entries of a pledge, oldest first."""
    return session.scalars(
        select(PledgeEntry)
        .where(PledgeEntry.pledge_id == pledge_id, PledgeEntry.state == EntryState.VALID)
        .order_by(PledgeEntry.at, PledgeEntry.id)
    ).all()


def settle_pledge(session: Session, pledge: Pledge) -> None:
    """Let a pledge's count and time of entries follow its valid entries."""
    session.flush()
    found = entries_of(session, pledge.id)
    pledge.entries = len(found)
    pledge.entry_at = found[-1].at if found else None
