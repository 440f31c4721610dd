"""Pushes 推送: what is delivered after the commit, to whom, and how far it got (DESIGN.md 3)."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    Connection,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    func,
    text,
    update,
)
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
    ``parts_done``    parts of a long text already delivered
    ``reply_url``     one-shot address of the message it answers
    """

    __tablename__ = "push"
    __table_args__ = (
        Index("ix_push_due", "state", "not_before"),
        Index("ix_push_sent", "conversation", "delivered_at"),
        Index(
            "ix_push_waiting",
            "conversation",
            "id",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
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
    delivered_at: Mapped[datetime | None]
    channel: Mapped[str] = mapped_column(String(32), default="")
    code: Mapped[int] = mapped_column(default=0)
    note: Mapped[str] = mapped_column(String(64), default="")


class Outlet(Base):
    """A conversation to which something is to be delivered; one process at a time does so.

    ``due_at``  when it is worth a look; None: nothing waits, or the holder knows of all that does
    ``holder``  the process that has it in hand
    ``last``    the process that had it last and ended well with it: it knows what left lately
    ``linked``  only the process with the long connection can deliver here
    """

    __tablename__ = "outlet"

    conversation: Mapped[str] = mapped_column(String(256), primary_key=True)
    due_at: Mapped[datetime | None] = mapped_column(index=True)
    holder: Mapped[str | None] = mapped_column(String(64), index=True)
    last: Mapped[str] = mapped_column(String(64), default="")
    linked: Mapped[bool] = mapped_column(default=False)


@dataclass(frozen=True, slots=True)
class Order:
    """A push to be written: ``body`` is the JSON of a content.

    ``prompt``  somebody waits for it: conversations with such a push come before broadcasts
    ``sealed``  it says what was told in confidence: kept encrypted until it leaves
    """

    conversation: str
    to_group: bool
    body: str
    dedupe: str
    not_before: datetime
    task: str = ""
    reply_url: str = ""
    prompt: bool = False
    sealed: bool = False


AHEAD = timedelta(hours=1)
"""So much earlier a prompt push counts among the conversations that wait."""


def insert_new(connection: Connection, table: Any, rows: list[dict[str, Any]]) -> None:  # noqa: ANN401
    """Insert rows of a table, passing over those that are there already (both databases)."""
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    connection.execute(make(table).on_conflict_do_nothing(), rows)


def write_pushes(connection: Connection, orders: Iterable[Order], now: datetime) -> None:
    """Queue pushes in the present transaction; a dedupe key that is known is passed over.

    Contents and conversations are written in one order whoever writes: two transactions that
    queue for the same ones wait for each other, but never in a ring.
    """
    contents: dict[str, dict[str, Any]] = {}
    due: dict[str, datetime] = {}
    rows = []
    for order in orders:
        digest = hashlib.sha256(order.body.encode()).hexdigest()
        contents[digest] = {"digest": digest, "body": order.body, "at": now}
        early = order.not_before - AHEAD if order.prompt else order.not_before
        due[order.conversation] = min(due.get(order.conversation, early), early)
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
        insert_new(connection, Content.__table__, [contents[key] for key in sorted(contents)])
        insert_new(connection, Push.__table__, rows)
        call(connection, due)


def send_again(session: Session, now: datetime, number: int | None = None) -> int:
    """Queue parked pushes once more, all of them or one; how many there were."""
    query = update(Push).where(Push.state == PushState.PARKED)
    if number is not None:
        query = query.where(Push.id == number)
    rows = session.execute(
        query.values(state=PushState.WAITING, attempts=0, not_before=now)
        .returning(Push.conversation)
        .execution_options(synchronize_session=False)
    )
    names = list(rows.scalars())
    if names:
        call(session.connection(), dict.fromkeys(names, now))
    return len(names)


def call(connection: Connection, due: Mapping[str, datetime]) -> None:
    """Let conversations be looked at, at these moments or earlier."""
    rows = [
        {"conversation": name, "due_at": due[name], "last": "", "linked": False}
        for name in sorted(due)
    ]
    connection.execute(_CALLS[connection.dialect.name], rows)


def _call(make: Callable[..., Any], least: Callable[..., Any]) -> Any:  # noqa: ANN401  (an INSERT)
    fresh = make(Outlet.__table__)
    return fresh.on_conflict_do_update(
        index_elements=["conversation"],
        set_={
            "due_at": least(
                func.coalesce(Outlet.__table__.c.due_at, fresh.excluded.due_at),
                fresh.excluded.due_at,
            )
        },
    )


_CALLS = {
    "sqlite": _call(sqlite.insert, func.min),
    "postgresql": _call(postgresql.insert, func.least),
}
