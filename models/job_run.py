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
    PARKED = "parked"


class JobRun(Base):
    """One run.

    ``at``        the scheduled moment
    ``holder``    the process that has it in hand; it is free when that one has died
    ``attempts``  how often it failed; after some it is parked, and others go on
    ``retry_at``  not before, after a failure
    """

    __tablename__ = "job_run"

    job: Mapped[str] = mapped_column(String(64), primary_key=True)
    period: Mapped[str] = mapped_column(String(32), primary_key=True)
    at: Mapped[datetime]
    state: Mapped[RunState] = coded(RunState, default=RunState.RUNNING)
    started_at: Mapped[datetime]
    holder: Mapped[str | None] = mapped_column(String(64))
    attempts: Mapped[int] = mapped_column(default=0)
    retry_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
