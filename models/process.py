"""Running processes, so that the command line knows whether somebody delivers (DESIGN.md 7a)."""

from datetime import datetime, timedelta

from sqlalchemy import String, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base

ALIVE = timedelta(seconds=15)
"""A process that has not been seen for this long counts as gone."""


class Process(Base):
    """One running process; ``seen_at`` moves on every few seconds."""

    __tablename__ = "process"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]


def somebody_runs(session: Session, now: datetime) -> bool:
    """Whether a process is at work that will deliver what is queued."""
    newest = session.scalar(select(Process.seen_at).order_by(Process.seen_at.desc()).limit(1))
    return newest is not None and now - newest < ALIVE


def seen(session: Session, process_id: str, now: datetime) -> None:
    """Note that a process is alive, and forget those long gone."""
    session.execute(delete(Process).where(Process.seen_at < now - 100 * ALIVE))
    process = session.get(Process, process_id)
    if process is None:
        session.add(Process(id=process_id, started_at=now, seen_at=now))
    else:
        process.seen_at = now


def gone(session: Session, process_id: str) -> None:
    """Note that a process has ended in an orderly way."""
    session.execute(delete(Process).where(Process.id == process_id))
