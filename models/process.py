"""Running processes: who lives, who has died, and what only one of them may hold at a time.

A process shows that it lives by counting up ``beats``. Whether it has died is judged by others from
beats that stand still (``bot/presence.py``), never by comparing clocks: an hour that jumps kills
nobody. Whoever is taken for dead is *buried*: its row goes, and with it everything it held.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import String, delete, func, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base
from models.job_run import JobRun
from models.push import Outlet, Push, PushState, insert_new

ALIVE = timedelta(seconds=15)
"""For the command line: a process seen within this long delivers what is queued."""


class Process(Base):
    """One running process. ``listens``: it may hold the long connection."""

    __tablename__ = "process"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    beats: Mapped[int] = mapped_column(default=0)
    listens: Mapped[bool] = mapped_column(default=False)


class Lease(Base):
    """What one process holds for all. ``epoch`` rises with every change of hands.

    ``yielding``  the holder is about to end and wants somebody else to take over first
    """

    __tablename__ = "lease"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    holder: Mapped[str | None] = mapped_column(String(64))
    epoch: Mapped[int] = mapped_column(default=0)
    yielding: Mapped[bool] = mapped_column(default=False)


def somebody_runs(session: Session, now: datetime) -> bool:
    """Whether a process is at work that will deliver what is queued."""
    newest = session.scalar(select(Process.seen_at).order_by(Process.seen_at.desc()).limit(1))
    return newest is not None and abs(now - newest) < ALIVE


def enter(session: Session, process_id: str, now: datetime, *, listens: bool) -> None:
    """A process begins; what is held by processes that are not listed (a restore) is freed."""
    session.add(Process(id=process_id, started_at=now, seen_at=now, beats=0, listens=listens))
    session.flush()
    living = select(Process.id)
    for change in (
        update(Outlet).where(Outlet.holder.not_in(living)).values(holder=None, due_at=now),
        update(JobRun).where(JobRun.holder.not_in(living)).values(holder=None),
    ):
        session.execute(change.execution_options(synchronize_session=False))


def beat(session: Session, process_id: str, now: datetime) -> bool:
    """A process still lives; False if it has been buried meanwhile."""
    done = session.execute(
        update(Process)
        .where(Process.id == process_id)
        .values(beats=Process.beats + 1, seen_at=now)
        .execution_options(synchronize_session=False)
    )
    return _count(done) == 1


def sightings(session: Session) -> dict[str, tuple[int, bool]]:
    """Every process with its beats, and whether it may hold the long connection."""
    rows = session.execute(select(Process.id, Process.beats, Process.listens))
    return {row.id: (row.beats, row.listens) for row in rows}


def bury(session: Session, process_id: str, beats: int, now: datetime) -> bool:
    """Take a process for dead unless it has beaten since; what it held is free from now on.

    What it was just delivering counts as an attempt: if that is what killed it, it will not kill
    for ever.
    """
    done = session.execute(delete(Process).where(Process.id == process_id, Process.beats == beats))
    if _count(done) != 1:
        return False
    first = (
        select(func.min(Push.id))
        .join(Outlet, Outlet.conversation == Push.conversation)
        .where(Outlet.holder == process_id, Push.state == PushState.WAITING, Push.not_before <= now)
        .group_by(Push.conversation)
    )
    session.execute(
        update(Push)
        .where(Push.id.in_(first))
        .values(attempts=Push.attempts + 1)
        .execution_options(synchronize_session=False)
    )
    _let_go(session, process_id, now, last="")
    return True


def leave(session: Session, process_id: str, now: datetime) -> None:
    """A process ends in an orderly way."""
    session.execute(delete(Process).where(Process.id == process_id))
    _let_go(session, process_id, now, last=process_id)


def _let_go(session: Session, process_id: str, now: datetime, last: str) -> None:
    for change in (
        update(Outlet)
        .where(Outlet.holder == process_id)
        .values(holder=None, due_at=now, last=last),
        update(JobRun).where(JobRun.holder == process_id).values(holder=None),
        update(Lease).where(Lease.holder == process_id).values(holder=None, yielding=False),
    ):
        session.execute(change.execution_options(synchronize_session=False))


def take(session: Session, name: str, process_id: str) -> int:
    """Try to hold a lease; its epoch if it is held now, else 0."""
    insert_new(
        session.connection(),
        Lease.__table__,
        [{"name": name, "holder": None, "epoch": 0, "yielding": False}],
    )
    session.execute(
        update(Lease)
        .where(Lease.name == name)
        .where(
            or_(
                Lease.holder.is_(None),
                Lease.holder.not_in(select(Process.id)),
                Lease.yielding.is_(True) & (Lease.holder != process_id),
            )
        )
        .values(holder=process_id, epoch=Lease.epoch + 1, yielding=False)
        .execution_options(synchronize_session=False)
    )
    return held(session, name, process_id)


def held(session: Session, name: str, process_id: str) -> int:
    """The epoch of a lease that this process holds, else 0."""
    found = session.scalar(
        select(Lease.epoch).where(Lease.name == name, Lease.holder == process_id)
    )
    return found or 0


def offer(session: Session, name: str, process_id: str) -> None:
    """Let somebody else take a lease over from the process that holds it."""
    session.execute(
        update(Lease)
        .where(Lease.name == name, Lease.holder == process_id)
        .values(yielding=True)
        .execution_options(synchronize_session=False)
    )


def _count(done: Any) -> int:  # noqa: ANN401  (a result of UPDATE or DELETE has a row count)
    return int(done.rowcount)
