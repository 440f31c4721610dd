"""Rectification notices 整改通知书, followed until every problem is struck off (DOMAIN.md 6)."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from config.texts import t
from models.base import Base, Stateful, coded
from models.number import count_up


class NoticeState(StrEnum):
    """Where a notice stands. It is numbered (文号) when a person signs it, not before."""

    DRAFT = "draft"
    ISSUED = "issued"
    RECEIVED = "received"
    REPLIED = "replied"
    RETURNED = "returned"
    VERIFIED = "verified"
    CANCELLED = "cancelled"


class PointState(StrEnum):
    """Where one problem of a notice stands; each is struck off (销号) for itself."""

    OPEN = "open"
    REPLIED = "replied"
    RETURNED = "returned"
    VERIFIED = "verified"
    VOID = "void"  # an objection was accepted


class ExtensionState(StrEnum):
    """More time can be asked for once."""

    ASKED = "asked"
    GRANTED = "granted"
    REFUSED = "refused"


class LookBack(StrEnum):
    """What 回头看 showed."""

    HELD = "held"
    RELAPSED = "relapsed"


RUNNING = (
    NoticeState.ISSUED,
    NoticeState.RECEIVED,
    NoticeState.REPLIED,
    NoticeState.RETURNED,
)
"""States in which something is still to be done."""


class Notice(Base, Stateful):
    """One notice to one branch.

    ``number``      how the bot calls it (``ZG-2026-0001``), from the draft on
    ``serial``      of the year and issuing unit, without gaps; ``paper_number`` is the 文号
    ``due_on``      by when the branch answers, a working day; ``counted_from`` where that began;
                    ``due_given``: somebody named the day, else it is counted anew when it is signed
    ``round``       raised each time it is returned
    ``look_on``     when it is looked at again
    """

    __tablename__ = "notice"
    __table_args__ = (
        UniqueConstraint("issuer_id", "year", "serial"),
        Index("ix_notice_branch", "branch_id", "state"),
    )
    MOVES: ClassVar[Mapping[NoticeState, frozenset[NoticeState]]] = {
        NoticeState.DRAFT: frozenset({NoticeState.ISSUED, NoticeState.CANCELLED}),
        NoticeState.ISSUED: frozenset({NoticeState.RECEIVED, NoticeState.CANCELLED}),
        NoticeState.RECEIVED: frozenset(
            {NoticeState.REPLIED, NoticeState.VERIFIED, NoticeState.CANCELLED}
        ),
        NoticeState.REPLIED: frozenset(
            {NoticeState.VERIFIED, NoticeState.RETURNED, NoticeState.CANCELLED}
        ),
        NoticeState.RETURNED: frozenset(
            {NoticeState.REPLIED, NoticeState.VERIFIED, NoticeState.CANCELLED}
        ),
        NoticeState.VERIFIED: frozenset({NoticeState.RETURNED}),
    }

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(32), unique=True)
    issuer_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    branch_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    state: Mapped[NoticeState] = coded(NoticeState, default=NoticeState.DRAFT)
    year: Mapped[int | None]
    serial: Mapped[int | None]
    paper_number: Mapped[str] = mapped_column(String(60), default="", index=True)
    checked_on: Mapped[date]
    basis: Mapped[str] = mapped_column(String(200), default="")
    demands: Mapped[str] = mapped_column(Text)
    drafted_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    drafted_at: Mapped[datetime]
    signed_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    issued_at: Mapped[datetime | None]
    counted_from: Mapped[date]
    due_on: Mapped[date]
    due_given: Mapped[bool]
    round: Mapped[int] = mapped_column(default=1)
    received_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    received_at: Mapped[datetime | None]
    replied_at: Mapped[datetime | None]
    verified_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    verified_at: Mapped[datetime | None]
    extension: Mapped[ExtensionState | None] = coded(ExtensionState)
    extension_to: Mapped[date | None]
    extension_reason: Mapped[str] = mapped_column(String(200), default="")
    extension_at: Mapped[datetime | None]
    supervised_on: Mapped[date | None]
    look_on: Mapped[date | None]
    looked_at: Mapped[datetime | None]
    looked_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    look_result: Mapped[LookBack | None] = coded(LookBack)


class NoticePoint(Base):
    """One problem of a notice and the branch's answer to it. ``evidence`` holds attachment ids."""

    __tablename__ = "notice_point"
    __table_args__ = (UniqueConstraint("notice_id", "ordinal"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    notice_id: Mapped[int] = mapped_column(ForeignKey("notice.id"))
    ordinal: Mapped[int]
    finding_id: Mapped[int] = mapped_column(ForeignKey("finding.id"), index=True)
    state: Mapped[PointState] = coded(PointState, default=PointState.OPEN)
    measure: Mapped[str] = mapped_column(Text, default="")
    responsible: Mapped[str] = mapped_column(String(60), default="")
    evidence: Mapped[list[int]] = mapped_column(JSON, default=list)
    replied_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    replied_at: Mapped[datetime | None]
    verified_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    verified_at: Mapped[datetime | None]
    returned: Mapped[str] = mapped_column(String(500), default="")


class NoticeStep(Base):
    """What happened to a notice, for its time line; never changed."""

    __tablename__ = "notice_step"

    id: Mapped[int] = mapped_column(primary_key=True)
    notice_id: Mapped[int] = mapped_column(ForeignKey("notice.id"), index=True)
    what: Mapped[str] = mapped_column(String(32))  # a key of the texts notice.step.*
    note: Mapped[str] = mapped_column(String(500), default="")
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]


def paper_number(code: str, year: int, serial: int) -> str:
    """A 文号 with the hexagonal brackets of GB/T 9704, such as 党建整〔2026〕17号."""
    return t("notice.paper_number", code=code, year=year, serial=serial)


def next_serial(session: Session, issuer_id: int, year: int) -> int:
    """The next number of a year and issuing unit.

    Given out inside the transaction that issues the notice: the counter's row is locked until it
    commits, and goes back if it does not, so there is neither a gap nor a double.
    """
    return count_up(session, f"zg:{issuer_id}", year)


def notice_by_number(session: Session, number: str) -> Notice | None:
    """The notice of a number such as ``ZG-2026-0001``."""
    return session.scalar(select(Notice).where(Notice.number == number))


def points_of(session: Session, notice_id: int) -> Sequence[NoticePoint]:
    """The problems of a notice, in order."""
    return session.scalars(
        select(NoticePoint).where(NoticePoint.notice_id == notice_id).order_by(NoticePoint.ordinal)
    ).all()


def steps_of(session: Session, notice_id: int) -> Sequence[NoticeStep]:
    """What happened to a notice, oldest first."""
    return session.scalars(
        select(NoticeStep).where(NoticeStep.notice_id == notice_id).order_by(NoticeStep.id)
    ).all()
