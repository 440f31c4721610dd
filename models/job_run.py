"""Runs of jobs: one row per job and period, so that each happens once (DOMAIN.md 10)."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, coded


class RunState(StrEnum):
    """A run that was begun and not finished goes on where it stopped."""

    RUNNING = "running"
    DONE = "done"


class JobRun(Base):
    """One run. ``at`` is the scheduled moment; until ``lease_until`` a worker has it in hand."""

    __tablename__ = "job_run"

    job: Mapped[str] = mapped_column(String(64), primary_key=True)
    period: Mapped[str] = mapped_column(String(32), primary_key=True)
    at: Mapped[datetime]
    state: Mapped[RunState] = coded(RunState, default=RunState.RUNNING)
    started_at: Mapped[datetime]
    lease_until: Mapped[datetime]
    done_at: Mapped[datetime | None]
