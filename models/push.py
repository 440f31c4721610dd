"""Pushes 推送: what is delivered after the commit, to whom, and how far it got (DESIGN.md 3)."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, ForeignKey, Index, LargeBinary, String, Text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base, coded


class PushState(StrEnum):
    """Where a push stands; the four words of the ledger 推送 (DESIGN.md 7a)."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"
    PARKED = "parked"


class Content(Base):
    """What is said, once for all who get the same: ``digest`` is the SHA-256 of ``body``."""

    __tablename__ = "content"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    body: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(index=True)


class Rendering(Base):
    """A drawn picture or file of a content, kept while it may be delivered again."""

    __tablename__ = "rendering"

    digest: Mapped[str] = mapped_column(ForeignKey("content.digest"), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    data: Mapped[bytes] = mapped_column(LargeBinary)


class Push(Base):
    """One delivery to one conversation.

    ``conversation``  a chat id if ``to_group``, else a userid
    ``dedupe``        two pushes with the same key are one
    ``not_before``    earliest moment
    ``lease_until``   a worker has it in hand until then
    ``parts_done``    parts of a long text already delivered
    ``reply_url``     one-shot address of the message it answers
    """

    __tablename__ = "push"
    __table_args__ = (
        Index("ix_push_due", "state", "not_before"),
        Index("ix_push_conversation", "conversation", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    dedupe: Mapped[str] = mapped_column(String(480), unique=True)
    conversation: Mapped[str] = mapped_column(String(256))
    to_group: Mapped[bool]
    digest: Mapped[str] = mapped_column(ForeignKey("content.digest"))
    task: Mapped[str] = mapped_column(String(128), default="")
    reply_url: Mapped[str] = mapped_column(String(512), default="")
    at: Mapped[datetime]
    not_before: Mapped[datetime]
    state: Mapped[PushState] = coded(PushState, default=PushState.WAITING)
    attempts: Mapped[int] = mapped_column(default=0)
    parts_done: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    channel: Mapped[str] = mapped_column(String(32), default="")
    code: Mapped[int] = mapped_column(default=0)
    note: Mapped[str] = mapped_column(String(64), default="")


@dataclass(frozen=True, slots=True)
class Order:
    """A push to be written: ``body`` is the JSON of a content."""

    conversation: str
    to_group: bool
    body: str
    dedupe: str
    not_before: datetime
    task: str = ""
    reply_url: str = ""


def insert_new(connection: Connection, table: Any, rows: list[dict[str, Any]]) -> None:  # noqa: ANN401
    """Insert rows of a table, passing over those that are there already (both databases)."""
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    connection.execute(make(table).on_conflict_do_nothing(), rows)


def write_pushes(connection: Connection, orders: Iterable[Order], now: datetime) -> None:
    """Queue pushes in the present transaction; a dedupe key that is known is passed over."""
    contents: dict[str, dict[str, Any]] = {}
    rows = []
    for order in orders:
        digest = hashlib.sha256(order.body.encode()).hexdigest()
        contents[digest] = {"digest": digest, "body": order.body, "at": now}
        rows.append(
            {
                "dedupe": order.dedupe,
                "conversation": order.conversation,
                "to_group": order.to_group,
                "digest": digest,
                "task": order.task,
                "reply_url": order.reply_url,
                "at": now,
                "not_before": order.not_before,
                "state": PushState.WAITING,
                "attempts": 0,
                "parts_done": 0,
                "channel": "",
                "code": 0,
                "note": "",
            }
        )
    if rows:
        insert_new(connection, Content.__table__, list(contents.values()))
        insert_new(connection, Push.__table__, rows)


def send_again(session: Session, now: datetime, number: int | None = None) -> int:
    """Queue parked pushes once more, all of them or one; how many there were."""
    query = update(Push).where(Push.state == PushState.PARKED)
    if number is not None:
        query = query.where(Push.id == number)
    values = {"state": PushState.WAITING, "attempts": 0, "not_before": now, "lease_until": None}
    done = session.execute(query.values(values).execution_options(synchronize_session=False))
    return int(done.rowcount)  # type: ignore[attr-defined]  # an UPDATE has a row count
