"""不放心支部: branches that a superior takes care of until a named condition is met (DOMAIN.md 6).

Internal: read by a small circle only, in no ledger and no export (PRODUCT.md D.5, E.7).
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar

from sqlalchemy import ForeignKey, Index, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base, Stateful, coded


class WatchState(StrEnum):
    """Proposed by the party office, listed when the committee's secretary has signed."""

    PROPOSED = "proposed"
    LISTED = "listed"
    DECLINED = "declined"
    LIFTED = "lifted"


class Watch(Base, Stateful):
    """One branch. ``superior_id`` answers for it; on ``review_on`` it is looked at anew."""

    __tablename__ = "watch"
    __table_args__ = (Index("ix_watch_branch", "branch_id", "state"),)
    MOVES: ClassVar[Mapping[WatchState, frozenset[WatchState]]] = {
        WatchState.PROPOSED: frozenset({WatchState.LISTED, WatchState.DECLINED}),
        WatchState.LISTED: frozenset({WatchState.LIFTED}),
    }

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(32), unique=True)
    branch_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    state: Mapped[WatchState] = coded(WatchState, default=WatchState.PROPOSED)
    reason: Mapped[str] = mapped_column(Text)
    measures: Mapped[str] = mapped_column(Text)
    exit_condition: Mapped[str] = mapped_column(Text)
    superior_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    proposed_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    proposed_at: Mapped[datetime]
    signed_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    signed_at: Mapped[datetime | None]
    review_on: Mapped[date]
    ended_at: Mapped[datetime | None]


class WatchNote(Base):
    """What was done or said about it: help given, an appeal, a decision. Never changed."""

    __tablename__ = "watch_note"

    id: Mapped[int] = mapped_column(primary_key=True)
    watch_id: Mapped[int] = mapped_column(ForeignKey("watch.id"), index=True)
    what: Mapped[str] = mapped_column(String(32))  # a key of the texts watch.step.*
    said: Mapped[str] = mapped_column(Text, default="")
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]


def watch_by_number(session: Session, number: str) -> Watch | None:
    """The entry of a number such as ``BF-2026-0001``."""
    return session.scalar(select(Watch).where(Watch.number == number))


def running_watch(session: Session, branch_id: int) -> Watch | None:
    """The entry of a branch that is proposed or listed."""
    return session.scalar(
        select(Watch).where(
            Watch.branch_id == branch_id,
            Watch.state.in_([WatchState.PROPOSED, WatchState.LISTED]),
        )
    )


def notes_of(session: Session, watch_id: int) -> Sequence[WatchNote]:
    """What was noted about an entry, oldest first."""
    return session.scalars(
        select(WatchNote).where(WatchNote.watch_id == watch_id).order_by(WatchNote.id)
    ).all()
