"""Unfinished forms: they survive restarts, new versions and long pauses."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import JSON, ForeignKey, Index, String, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base, coded
from models.errors import UserError

DRAFT: Final = "draft"
"""The kind under which the vault keeps the answers of sealed forms, by the draft's id."""
EMPTY: Final[Mapping[str, dict[str, str]]] = MappingProxyType({"answers": {}, "doubts": {}})


class DraftState(StrEnum):
    """Only open drafts take answers; a person has at most one open draft in a conversation."""

    OPEN = "open"
    PAUSED = "paused"
    DONE = "done"
    CANCELLED = "cancelled"


class Draft(Base):
    """One form in the making, owned by the person who began it.

    ``conversation``  the chat id, or empty for the private chat
    ``form`` / ``form_version``  which form; an older version is begun anew with what still fits
    ``answers``       canonical text (``echo``) by field key; empty for sealed forms and at the end
    ``doubts``        answers that wait for a yes, as canonical text by field key
    ``asking``        key of the field that is asked now, empty at the final confirmation
    ``revision``      rises with every change; buttons of older revisions are stale
    ``params``        what the command was given beside the form (numbers of records)
    """

    __tablename__ = "draft"
    __table_args__ = (Index("ix_draft_owner", "person_id", "conversation", "state"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    conversation: Mapped[str] = mapped_column(String(256), default="")
    form: Mapped[str] = mapped_column(String(64))
    form_version: Mapped[int]
    command: Mapped[str] = mapped_column(String(64))
    answers: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    doubts: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    params: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    skipped: Mapped[list[str]] = mapped_column(JSON, default=list)
    asking: Mapped[str] = mapped_column(String(64), default="")
    asked: Mapped[bool] = mapped_column(default=False)
    confirming: Mapped[bool] = mapped_column(default=False)
    revision: Mapped[int] = mapped_column(default=1)
    state: Mapped[DraftState] = coded(DraftState, default=DraftState.OPEN)
    at: Mapped[datetime]
    changed_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


def open_draft(session: Session, person_id: int, conversation: str, now: datetime) -> Draft | None:
    """The draft that takes the person's next answer in a conversation, unless it has run out."""
    return session.scalar(
        select(Draft)
        .where(
            Draft.person_id == person_id,
            Draft.conversation == conversation,
            Draft.state == DraftState.OPEN,
            Draft.expires_at > now,
        )
        .order_by(Draft.changed_at.desc())
        .limit(1)
    )


def unfinished(session: Session, person_id: int, now: datetime) -> Draft | None:
    """The person's newest unfinished draft anywhere, open or paused."""
    return session.scalar(
        select(Draft)
        .where(
            Draft.person_id == person_id,
            Draft.state.in_([DraftState.OPEN, DraftState.PAUSED]),
            Draft.expires_at > now,
        )
        .order_by(Draft.changed_at.desc())
        .limit(1)
    )


def unfinished_of(session: Session, person_id: int, now: datetime) -> Sequence[Draft]:
    """All drafts of a person that can be gone on with, the newest first."""
    return session.scalars(
        select(Draft)
        .where(
            Draft.person_id == person_id,
            Draft.state.in_([DraftState.OPEN, DraftState.PAUSED]),
            Draft.expires_at > now,
        )
        .order_by(Draft.changed_at.desc())
        .limit(20)
    ).all()


def own_draft(session: Session, draft_id: int, person_id: int, now: datetime) -> Draft | None:
    """A person's draft that can be gone on with; None for anybody else's and for old ones."""
    draft = session.get(Draft, draft_id)
    if draft is None or draft.person_id != person_id or draft.expires_at <= now:
        return None
    return draft if draft.state in (DraftState.OPEN, DraftState.PAUSED) else None


def pause_open(session: Session, person_id: int, conversation: str) -> None:
    """Put the person's open drafts of a conversation aside (``/继续`` brings the newest back)."""
    session.execute(
        update(Draft)
        .where(
            Draft.person_id == person_id,
            Draft.conversation == conversation,
            Draft.state == DraftState.OPEN,
        )
        .values(state=DraftState.PAUSED)
    )


def step(session: Session, draft: Draft, **changes: object) -> None:
    """Change a draft if nobody changed it since it was read (``UserError`` otherwise)."""
    done = session.execute(
        update(Draft)
        .where(Draft.id == draft.id, Draft.revision == draft.revision)
        .values(revision=draft.revision + 1, **changes)
        .execution_options(synchronize_session=False)
    )
    if done.rowcount != 1:  # type: ignore[attr-defined]  # an UPDATE has a row count
        raise UserError("draft.moved_on")
    session.refresh(draft)
