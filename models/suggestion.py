"""Suggestions 书记听您说: from what somebody said to what was done about it (DOMAIN.md 4).

Three honest levels: handlers see the name of a named sender; that of a confidential one is sealed
and one keeper may open it; of an anonymous one nothing is known. So an anonymous suggestion has no
moment, only a day, and neither its id nor its number nor the places of its steps tell an order
among things whose moments are known.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any, ClassVar, Final

from sqlalchemy import ForeignKey, Index, String, Text, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base, RowId, Stateful, coded
from models.errors import UserError

PREFIX: Final = "JY"


class Level(StrEnum):
    """How much is known of the sender."""

    NAMED = "named"
    CONFIDENTIAL = "confidential"
    ANONYMOUS = "anonymous"


class Source(StrEnum):
    """How it came in."""

    OWN = "own"
    VISIT = "visit"
    RECEPTION = "reception"


class State(StrEnum):
    """Where it stands."""

    RECEIVED = "received"
    ASSIGNED = "assigned"
    IN_PROGRESS = "in_progress"
    REPLIED = "replied"
    RECTIFIED = "rectified"
    RATED = "rated"
    DECLINED = "declined"
    MERGED = "merged"


OPEN: Final = (State.RECEIVED, State.ASSIGNED, State.IN_PROGRESS, State.REPLIED)
"""States in which somebody still owes something."""
CLOSED: Final = (State.RECTIFIED, State.RATED, State.DECLINED)
"""States in which the sender may say whether it is solved."""


class Clock(StrEnum):
    """What is owed next, and until when."""

    ACKNOWLEDGE = "acknowledge"
    ASSIGN = "assign"
    REPLY = "reply"
    RECTIFY = "rectify"


class Draft(StrEnum):
    """What waits for approval."""

    ANSWER = "answer"
    DECLINE = "decline"


class StepKind(StrEnum):
    """What happened to a suggestion."""

    RECEIVED = "received"
    ACKNOWLEDGED = "acknowledged"
    CATEGORISED = "categorised"
    ASSIGNED = "assigned"
    ACCEPTED = "accepted"
    RETURNED = "returned"
    ASKED = "asked"
    ADDED = "added"
    NOTED = "noted"
    DRAFTED = "drafted"
    SENT_BACK = "sent_back"
    REPLIED = "replied"
    DECLINED = "declined"
    PAUSED = "paused"
    RESUMED = "resumed"
    EXTENDED = "extended"
    MOVED = "moved"
    DONE = "done"
    NOT_DONE = "not_done"
    RECTIFIED = "rectified"
    RATED = "rated"
    REOPENED = "reopened"
    MERGED = "merged"
    HANDED_OVER = "handed_over"
    LOOKED = "looked"


INTERNAL: Final = frozenset(
    {StepKind.NOTED, StepKind.DRAFTED, StepKind.SENT_BACK, StepKind.NOT_DONE, StepKind.MOVED}
)
"""Steps that the sender does not see."""


class Suggestion(Stateful, Base):
    """One suggestion.

    ``id``           without order; ``day`` the local day it was received
    ``received_at``  None for an anonymous one; ``person_id`` the sender of a named one (that of
                     a confidential one is sealed elsewhere); ``code_hash`` opens an anonymous one
    ``place_id``     the unit concerned, or the sender's as far as it may be shown
    ``desk_id``      where it is received; ``receiver_id`` the first receiver 首接
    ``unit_id``/``handler_id``  who deals with it
    ``clock``        what is owed until ``due_at``: ``clock_span`` after ``clock_from``; stopped
                     while ``paused_at`` is set
    ``draft``/``draft_text``/``draft_by_id``  an answer that waits for approval
    ``done_by_id``   who says it is done, until somebody else has verified it
    ``*_in_time``    whether the clock was kept, None while that is open
    ``gist``         what it was about, as 你说我改 says it from ``published_on`` on, with photos
                     before and after if ``shows_photos``
    ``solved``/``stars``  the sender's last verdict; ``raised``: reopened for the last time, it
                          lies with the secretary of the party committee
    """

    MOVES: ClassVar[Mapping[State, frozenset[State]]] = {
        State.RECEIVED: frozenset({State.ASSIGNED, State.MERGED}),
        State.ASSIGNED: frozenset(
            {State.ASSIGNED, State.IN_PROGRESS, State.RECEIVED, State.DECLINED, State.MERGED}
        ),
        State.IN_PROGRESS: frozenset(
            {State.ASSIGNED, State.RECEIVED, State.REPLIED, State.DECLINED, State.MERGED}
        ),
        State.REPLIED: frozenset({State.ASSIGNED, State.RECTIFIED}),
        State.RECTIFIED: frozenset({State.RATED, State.ASSIGNED, State.RECEIVED}),
        State.RATED: frozenset({State.ASSIGNED, State.RECEIVED}),
        State.DECLINED: frozenset({State.ASSIGNED, State.RECEIVED}),
    }

    __tablename__ = "suggestion"
    __table_args__ = (
        Index("ix_suggestion_desk", "desk_id", "state"),
        Index("ix_suggestion_unit", "unit_id", "state"),
        Index("ix_suggestion_due", "state", "due_at"),
        Index("ix_suggestion_day", "day"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=False)
    number: Mapped[str] = mapped_column(String(32), unique=True)
    level: Mapped[Level] = coded(Level)
    source: Mapped[Source] = coded(Source, default=Source.OWN)
    state: Mapped[State] = coded(State, default=State.RECEIVED)
    said: Mapped[str] = mapped_column(Text)
    category: Mapped[str] = mapped_column(String(32))
    category_why: Mapped[str] = mapped_column(String(200), default="")
    category_confirmed: Mapped[bool] = mapped_column(default=False)
    day: Mapped[date]
    received_at: Mapped[datetime | None]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    code_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    place_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    desk_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    receiver_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    handler_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    assigned_at: Mapped[datetime | None]
    tier: Mapped[str] = mapped_column(String(16))
    clock: Mapped[Clock | None] = coded(Clock)
    clock_from: Mapped[datetime | None]
    clock_span: Mapped[str] = mapped_column(String(8), default="")
    due_at: Mapped[datetime | None]
    paused_at: Mapped[datetime | None]
    extended: Mapped[bool] = mapped_column(default=False)
    draft: Mapped[Draft | None] = coded(Draft)
    draft_text: Mapped[str] = mapped_column(Text, default="")
    draft_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    answer: Mapped[str] = mapped_column(Text, default="")
    replied_at: Mapped[datetime | None]
    done_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    rectified_at: Mapped[datetime | None]
    closed_on: Mapped[date | None]
    acknowledged_in_time: Mapped[bool | None]
    replied_in_time: Mapped[bool | None]
    rectified_in_time: Mapped[bool | None]
    solved: Mapped[bool | None]
    stars: Mapped[int | None]
    reopened: Mapped[int] = mapped_column(default=0)
    raised: Mapped[bool] = mapped_column(default=False)
    merged_into_id: Mapped[int | None] = mapped_column(
        ForeignKey("suggestion.id", deferrable=True, initially="DEFERRED")
    )
    supporters: Mapped[int] = mapped_column(default=0)
    gist: Mapped[str] = mapped_column(String(200), default="")
    published_on: Mapped[date | None]
    shows_photos: Mapped[bool] = mapped_column(default=False)
    steps: Mapped[int] = mapped_column(default=0)

    @property
    def is_anonymous(self) -> bool:
        """Whether nothing at all is known of the sender."""
        return self.level is Level.ANONYMOUS


class SuggestionStep(Base):
    """One thing that happened. ``position`` counts within the suggestion.

    ``by_sender`` steps carry no person, whatever the level; those of an anonymous sender have the
    beginning of the day as their moment. ``photos`` are ids of attachments, parted by commas.
    """

    __tablename__ = "suggestion_step"
    __table_args__ = (
        Index("ix_suggestion_step_kind", "kind", "at"),
        {"sqlite_with_rowid": False},  # a hidden row number would tell the order of all steps
    )

    suggestion_id: Mapped[int] = mapped_column(ForeignKey("suggestion.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[StepKind] = coded(StepKind)
    at: Mapped[datetime]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    by_sender: Mapped[bool] = mapped_column(default=False)
    said: Mapped[str] = mapped_column(Text, default="")
    solved: Mapped[bool | None]
    stars: Mapped[int | None]
    photos: Mapped[str] = mapped_column(String(200), default="")


class SuggestionSupport(Base):
    """Somebody seconds 附议 a suggestion. Who it was is never shown."""

    __tablename__ = "suggestion_support"

    suggestion_id: Mapped[int] = mapped_column(ForeignKey("suggestion.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)


def add_step(
    session: Session,
    suggestion: Suggestion,
    kind: StepKind,
    at: datetime,
    *,
    person_id: int | None = None,
    by_sender: bool = False,
    said: str = "",
    **more: Any,  # noqa: ANN401  (further columns)
) -> SuggestionStep:
    """Write down what happened, behind everything that happened before."""
    suggestion.steps += 1
    step = SuggestionStep(
        suggestion_id=suggestion.id,
        position=suggestion.steps,
        kind=kind,
        at=at,
        person_id=None if by_sender else person_id,
        by_sender=by_sender,
        said=said,
        **more,
    )
    session.add(step)
    session.flush()
    return step


def steps_of(session: Session, suggestion: Suggestion) -> Sequence[SuggestionStep]:
    """Everything that happened, in order."""
    return session.scalars(
        select(SuggestionStep)
        .where(SuggestionStep.suggestion_id == suggestion.id)
        .order_by(SuggestionStep.position)
    ).all()


def by_number(session: Session, number: str, *, lock: bool = False) -> Suggestion | None:
    """The suggestion of a number such as ``JY-2026-0001``.

    ``lock`` for whoever is going to change it: two who do so at once come one after the other.
    """
    query = select(Suggestion).where(Suggestion.number == number)
    return session.scalar(query.with_for_update() if lock else query)


def by_code_hash(session: Session, code_hash: str, *, lock: bool = False) -> Suggestion | None:
    """The anonymous suggestion that a query code opens."""
    query = select(Suggestion).where(Suggestion.code_hash == code_hash)
    return session.scalar(query.with_for_update() if lock else query)


def last_of(session: Session, suggestion: Suggestion) -> Suggestion:
    """What a merged suggestion lives on in; itself if it was not merged."""
    while suggestion.merged_into_id is not None:
        suggestion = session.get_one(Suggestion, suggestion.merged_into_id)
    return suggestion


def merged_ones(session: Session, suggestion: Suggestion) -> Sequence[Suggestion]:
    """All suggestions that were merged into one, through others or directly."""
    found: list[Suggestion] = []
    waiting = [suggestion.id]
    while waiting:
        more = session.scalars(
            select(Suggestion)
            .where(Suggestion.merged_into_id.in_(waiting))
            .order_by(Suggestion.number)
        ).all()
        found.extend(more)
        waiting = [one.id for one in more]
    return found


def second(session: Session, suggestion: Suggestion, person_id: int) -> int:
    """Somebody seconds; returns how many there are. ``UserError`` if it was done before."""
    key = (suggestion.id, person_id)
    if session.get(SuggestionSupport, key) is not None:
        raise UserError("suggestion.seconded_before", number=suggestion.number)
    session.add(SuggestionSupport(suggestion_id=suggestion.id, person_id=person_id))
    session.flush()
    count = select(func.count()).where(SuggestionSupport.suggestion_id == suggestion.id)
    suggestion.supporters = session.scalar(count) or 0
    return suggestion.supporters


def seconders(session: Session, suggestion: Suggestion) -> Sequence[int]:
    """Ids of the persons who seconded."""
    return session.scalars(
        select(SuggestionSupport.person_id)
        .where(SuggestionSupport.suggestion_id == suggestion.id)
        .order_by(SuggestionSupport.person_id)
    ).all()
