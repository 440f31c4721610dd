"""Talks 谈心谈话: that they took place, stays here in clear; what was said lies in the vault.

DOMAIN.md 5. Above the two parties only counts and dates are known, so way, place and occasion are
sealed with the words. Kind ``talk`` of the vault holds a :class:`TalkText` under the number.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar, Final

from sqlalchemy import ForeignKey, Index, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base, Stateful, coded
from models.person import Role

TALK: Final = "talk"
CALL: Final = "talk.call"
STRIKE: Final = "talk.strike"
"""Kinds of sealed texts: what was said, why a talk is due, what shall be deleted."""


class TalkWay(StrEnum):
    """How it was held 线上/线下."""

    FACE = "face"
    ONLINE = "online"
    PHONE = "phone"


class Occasion(StrEnum):
    """Why it was held (PRODUCT.md F-119)."""

    ROUTINE = "routine"
    TRANSFER = "transfer"
    HARDSHIP = "hardship"
    AWARD = "award"
    PENALTY = "penalty"
    ACCIDENT = "accident"
    ASKED = "asked"
    OTHER = "other"


class TalkState(StrEnum):
    """The words are kept, were deleted as somebody asked, or destroyed when their time was up."""

    KEPT = "kept"
    STRUCK = "struck"
    DESTROYED = "destroyed"


class Talk(Stateful, Base):
    """One talk. ``talker_id`` recorded and led it, ``person_id`` was talked with.

    ``unit_id``       the branch of the person at that time (the unit, outside of branches)
    ``as_secretary``  it was led by a secretary over that branch: it counts for the coverage
    ``reader``        the level that the record's notice names, None: nobody but the two
    ``reviewed_at``   the talker decided what becomes of it after the person left the branch
    ``certificate``   number of the certificate of its destruction
    """

    MOVES: ClassVar[Mapping[TalkState, frozenset[TalkState]]] = {
        TalkState.KEPT: frozenset({TalkState.STRUCK, TalkState.DESTROYED}),
        TalkState.STRUCK: frozenset({TalkState.DESTROYED}),
    }

    __tablename__ = "talk"
    __table_args__ = (
        Index("ix_talk_coverage", "unit_id", "as_secretary", "day"),
        Index("ix_talk_person", "person_id", "day"),
        Index("ix_talk_talker", "talker_id", "day"),
        Index("ix_talk_state", "state", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(32), unique=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    talker_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    day: Mapped[date]
    as_secretary: Mapped[bool]
    reader: Mapped[Role | None] = coded(Role)
    state: Mapped[TalkState] = coded(TalkState, default=TalkState.KEPT)
    at: Mapped[datetime]
    reviewed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    certificate: Mapped[str] = mapped_column(String(32), default="")


@dataclass(slots=True)
class TalkText:
    """What was said; only ever kept sealed. ``way`` and ``occasion`` are values, may be empty.

    ``added``  corrections, oldest first: (ISO moment, id of the person, words)
    """

    points: str
    way: str = ""
    occasion: str = ""
    place: str = ""
    promise: str = ""
    reason: str = ""
    added: list[tuple[str, int, str]] = field(default_factory=list)

    def dump(self) -> str:
        """As JSON, to be sealed."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @staticmethod
    def load(text: str) -> "TalkText":
        """What :meth:`dump` wrote."""
        raw = json.loads(text)
        return TalkText(**{**raw, "added": [(at, who, said) for at, who, said in raw["added"]]})


class TaskState(StrEnum):
    """A follow-up is open until it is done or has become pointless."""

    OPEN = "open"
    DONE = "done"
    DROPPED = "dropped"


class TalkTask(Stateful, Base):
    """A follow-up of a talk, written without anything private (PRODUCT.md F-120)."""

    MOVES: ClassVar[Mapping[TaskState, frozenset[TaskState]]] = {
        TaskState.OPEN: frozenset({TaskState.DONE, TaskState.DROPPED}),
    }

    __tablename__ = "talk_task"
    __table_args__ = (Index("ix_talk_task_owner", "owner_id", "state"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    talk_id: Mapped[int] = mapped_column(ForeignKey("talk.id"), index=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    what: Mapped[str] = mapped_column(String(200))
    due_on: Mapped[date]
    state: Mapped[TaskState] = coded(TaskState, default=TaskState.OPEN)
    at: Mapped[datetime]
    done_at: Mapped[datetime | None]


class CallState(StrEnum):
    """A talk that is due is open until it was held or declined with a sentence."""

    OPEN = "open"
    HELD = "held"
    DECLINED = "declined"


class TalkCall(Stateful, Base):
    """A talk that somebody asks for (约谈), or that a secretary has on the list (谈话提醒).

    ``lead_id`` shall hold it with ``person_id``; why is sealed under kind ``talk.call``.
    """

    MOVES: ClassVar[Mapping[CallState, frozenset[CallState]]] = {
        CallState.OPEN: frozenset({CallState.HELD, CallState.DECLINED}),
    }

    __tablename__ = "talk_call"
    __table_args__ = (Index("ix_talk_call_lead", "lead_id", "state"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(32), unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    lead_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    asked: Mapped[bool]
    due_on: Mapped[date]
    state: Mapped[CallState] = coded(CallState, default=CallState.OPEN)
    at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    talk_id: Mapped[int | None] = mapped_column(ForeignKey("talk.id"))


class StrikeState(StrEnum):
    """What became of the wish to have private matters deleted."""

    OPEN = "open"
    ALL = "all"
    PART = "part"
    REFUSED = "refused"


class TalkStrike(Stateful, Base):
    """A wish of the person talked to that private matters be deleted; words sealed."""

    MOVES: ClassVar[Mapping[StrikeState, frozenset[StrikeState]]] = {
        StrikeState.OPEN: frozenset({StrikeState.ALL, StrikeState.PART, StrikeState.REFUSED}),
    }

    __tablename__ = "talk_strike"

    id: Mapped[int] = mapped_column(primary_key=True)
    talk_id: Mapped[int] = mapped_column(ForeignKey("talk.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    state: Mapped[StrikeState] = coded(StrikeState, default=StrikeState.OPEN)
    due_on: Mapped[date]
    at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class OpeningState(StrEnum):
    """Opened only when a second person has agreed."""

    ASKED = "asked"
    AGREED = "agreed"
    REFUSED = "refused"


class TalkOpening(Stateful, Base):
    """A talk opened to two named persons who are no parties, with a reason (PRODUCT.md F-217)."""

    MOVES: ClassVar[Mapping[OpeningState, frozenset[OpeningState]]] = {
        OpeningState.ASKED: frozenset({OpeningState.AGREED, OpeningState.REFUSED}),
    }

    __tablename__ = "talk_opening"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(32), unique=True)
    talk_id: Mapped[int] = mapped_column(ForeignKey("talk.id"), index=True)
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    agreed_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    reason: Mapped[str] = mapped_column(String(500))
    state: Mapped[OpeningState] = coded(OpeningState, default=OpeningState.ASKED)
    at: Mapped[datetime]
    agreed_at: Mapped[datetime | None]
    until: Mapped[datetime | None]


class TalkCertificate(Base):
    """That the words of talks were destroyed: how many, kept since before when."""

    __tablename__ = "talk_certificate"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(32), unique=True)
    at: Mapped[datetime]
    before: Mapped[datetime]
    count: Mapped[int]


def talk_by_number(session: Session, number: str) -> Talk | None:
    """The talk of a number."""
    return session.scalar(select(Talk).where(Talk.number == number))


def open_strike(session: Session, talk_id: int) -> TalkStrike | None:
    """The wish to delete that waits for a decision, if there is one."""
    return session.scalar(
        select(TalkStrike).where(
            TalkStrike.talk_id == talk_id, TalkStrike.state == StrikeState.OPEN
        )
    )


def last_strike(session: Session, talk_id: int) -> TalkStrike | None:
    """The last wish to delete, decided or not."""
    query = select(TalkStrike).where(TalkStrike.talk_id == talk_id)
    return session.scalar(query.order_by(TalkStrike.id.desc()).limit(1))


def tasks_of(session: Session, talk_id: int) -> Sequence[TalkTask]:
    """The follow-ups of a talk."""
    query = select(TalkTask).where(TalkTask.talk_id == talk_id).order_by(TalkTask.id)
    return session.scalars(query).all()


def is_opened_to(session: Session, talk_id: int, person_id: int, now: datetime) -> bool:
    """Whether a talk is opened to somebody who is no party, at this moment."""
    opening = session.scalar(
        select(TalkOpening.id).where(
            TalkOpening.talk_id == talk_id,
            TalkOpening.state == OpeningState.AGREED,
            TalkOpening.until > now,
            (TalkOpening.asked_by_id == person_id) | (TalkOpening.agreed_by_id == person_id),
        )
    )
    return opening is not None


def talks_of(session: Session, person_id: int, limit: int) -> Sequence[Talk]:
    """The talks a person is a party of, newest first."""
    return session.scalars(
        select(Talk)
        .where((Talk.person_id == person_id) | (Talk.talker_id == person_id))
        .order_by(Talk.day.desc(), Talk.id.desc())
        .limit(limit)
    ).all()
