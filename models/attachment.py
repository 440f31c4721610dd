"""Photos and files: their bytes once, and what they belong to."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    ForeignKey,
    Index,
    LargeBinary,
    String,
    bindparam,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base, UtcDateTime, coded


class FileState(StrEnum):
    """Where an attachment stands."""

    WAITING = "waiting"  # still on the platform
    STORED = "stored"
    LOST = "lost"  # could not be fetched; the sender was told


class Blob(Base):
    """Bytes, kept once however often they are used; ``digest`` is their SHA-256 in hex."""

    __tablename__ = "blob"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    media_type: Mapped[str] = mapped_column(String(80))
    size: Mapped[int]
    data: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    at: Mapped[datetime]


class Attachment(Base):
    """A photo or file somebody sent. Without ``record`` it lies in the sender's tray.

    ``record`` is the number of what it belongs to (``JZ-2026-0001``); ``source`` says (as JSON)
    where the platform keeps it until it is fetched, and is emptied then. ``person_id`` is None
    where nobody may know who sent it; ids below zero tell no order (anonymous suggestions).
    """

    __tablename__ = "attachment"
    __table_args__ = (
        Index("ix_attachment_tray", "person_id", "record", "at"),
        Index("ix_attachment_waiting", "state", "next_try_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    record: Mapped[str] = mapped_column(String(32), default="", index=True)
    name: Mapped[str] = mapped_column(String(200), default="")
    state: Mapped[FileState] = coded(FileState, default=FileState.WAITING)
    digest: Mapped[str | None] = mapped_column(ForeignKey("blob.digest"))
    channel: Mapped[str] = mapped_column(String(32), default="")
    source: Mapped[str] = mapped_column(String(2000), default="")
    tries: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[datetime | None]
    at: Mapped[datetime]


def store_blob(
    session: Session, data: bytes, media_type: str, now: datetime, *, order: int | None = None
) -> str:
    """Keep bytes; the same bytes are kept once. Returns the digest.

    ``order`` takes the place of the hidden row number that SQLite gives, where nobody may learn
    what came before and after.
    """
    digest = hashlib.sha256(data).hexdigest()
    if session.get(Blob, digest) is None and order is not None and _is_sqlite(session):
        row = {"digest": digest, "media_type": media_type, "size": len(data), "data": data}
        session.execute(_WITH_ORDER, {**row, "at": now, "order": order})
    elif session.get(Blob, digest) is None:
        session.add(Blob(digest=digest, media_type=media_type, size=len(data), data=data, at=now))
        session.flush()
    return digest


def _is_sqlite(session: Session) -> bool:
    return session.connection().dialect.name == "sqlite"


_WITH_ORDER = text(
    "INSERT INTO blob (rowid, digest, media_type, size, data, at)"
    " VALUES (:order, :digest, :media_type, :size, :data, :at)"
).bindparams(bindparam("at", type_=UtcDateTime()))


def tray(session: Session, person_id: int, since: datetime) -> Sequence[Attachment]:
    """What a person has sent since a moment that belongs to nothing yet, oldest first."""
    return session.scalars(
        select(Attachment)
        .where(
            Attachment.person_id == person_id,
            Attachment.record == "",
            Attachment.state != FileState.LOST,
            Attachment.at >= since,
        )
        .order_by(Attachment.id)
    ).all()


def of_record(session: Session, record: str) -> Sequence[Attachment]:
    """The attachments of a record, oldest first."""
    return session.scalars(
        select(Attachment)
        .where(Attachment.record == record, Attachment.state != FileState.LOST)
        .order_by(Attachment.id)
    ).all()


def attach(session: Session, ids: Sequence[int], person_id: int, record: str) -> int:
    """Let the sender's own loose attachments belong to a record; returns how many did."""
    done = session.execute(
        update(Attachment)
        .where(
            Attachment.id.in_(list(ids)), Attachment.person_id == person_id, Attachment.record == ""
        )
        .values(record=record)
    )
    return done.rowcount  # type: ignore[attr-defined,no-any-return]  # an UPDATE has one


def release(session: Session, ids: Sequence[int], day: datetime) -> None:
    """Forget who sent attachments, at what time, and what their files were called."""
    rows = update(Attachment).where(Attachment.id.in_(list(ids)))
    session.execute(rows.values(person_id=None, name="", at=day))
