"""Progress reports 进展, with correction, withdrawal and their history (DOMAIN.md 2)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import ForeignKey, Index, String, Text, bindparam, insert, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base, Stateful, Tenths, coded
from models.project import Project
from models.store.quick import Quick


class ReportKind(StrEnum):
    """What was reported."""

    REPORT = "report"
    NO_CHANGE = "no_change"


class ReportState(StrEnum):
    """A corrected or withdrawn report stays in the history and counts no more."""

    VALID = "valid"
    CORRECTED = "corrected"
    WITHDRAWN = "withdrawn"


class Progress(Stateful, Base):
    """One report. ``said`` is the description as it was typed.

    ``before`` is the project's percent before this report; ``reason`` why it went down;
    ``replaces_id`` the report that this one corrects; ``for_id`` on whose behalf it was made.
    """

    MOVES: ClassVar[Mapping[ReportState, frozenset[ReportState]]] = {
        ReportState.VALID: frozenset({ReportState.CORRECTED, ReportState.WITHDRAWN}),
    }

    __tablename__ = "progress"
    __table_args__ = (
        Index("ix_progress_project", "project_id", "state", "at"),
        Index("ix_progress_at", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(32), unique=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    kind: Mapped[ReportKind] = coded(ReportKind, default=ReportKind.REPORT)
    state: Mapped[ReportState] = coded(ReportState, default=ReportState.VALID)
    percent: Mapped[Decimal] = mapped_column(Tenths)
    before: Mapped[Decimal | None] = mapped_column(Tenths)
    said: Mapped[str] = mapped_column(Text, default="")
    reason: Mapped[str] = mapped_column(Text, default="")
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    on_behalf: Mapped[str] = mapped_column(String(60), default="")
    at: Mapped[datetime]
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("progress.id"))
    ended_at: Mapped[datetime | None]


_PROJECT, _TABLE = Project.__table__, Progress.__table__
_ADD = Quick(
    insert(_TABLE),  # type: ignore[arg-type]  # a Table, says SQLAlchemy
    [column.name for column in _TABLE.columns if column.name != "id"],
)
_FOLLOW = Quick(
    update(_PROJECT)  # type: ignore[arg-type]  # as above
    .where(_PROJECT.c.id == bindparam("project"))
    .values(percent=bindparam("percent"), reported_at=bindparam("at"))
)


def add_report(session: Session, **values: Any) -> None:  # noqa: ANN401  (columns of one row)
    """Write a new valid report and let its project follow.

    Two plain statements instead of two entities: this is a message's way, and the unit of work
    would cost four times as much.
    """
    _ADD.run(session, {"state": ReportState.VALID, "ended_at": None, **values})
    _FOLLOW.run(
        session,
        {"project": values["project_id"], "percent": values["percent"], "at": values["at"]},
    )


def report_by_number(session: Session, number: str) -> Progress | None:
    """The report of a number such as ``JZ-2026-0001``."""
    return session.scalar(select(Progress).where(Progress.number == number))


def last_valid(session: Session, project_id: int, until: datetime | None = None) -> Progress | None:
    """The newest valid report of a project (up to a moment, that one included)."""
    query = select(Progress).where(
        Progress.project_id == project_id, Progress.state == ReportState.VALID
    )
    if until is not None:
        query = query.where(Progress.at <= until)
    return session.scalar(query.order_by(Progress.at.desc(), Progress.id.desc()).limit(1))


def recent_valid(session: Session, project_id: int, limit: int = 12) -> Sequence[Progress]:
    """The last valid reports of a project, oldest first."""
    found = session.scalars(
        select(Progress)
        .where(Progress.project_id == project_id, Progress.state == ReportState.VALID)
        .order_by(Progress.at.desc(), Progress.id.desc())
        .limit(limit)
    ).all()
    return found[::-1]


def latest_by(session: Session, person_id: int, limit: int) -> Sequence[Progress]:
    """The newest valid reports of a person, newest first."""
    return session.scalars(
        select(Progress)
        .where(Progress.person_id == person_id, Progress.state == ReportState.VALID)
        .order_by(Progress.at.desc(), Progress.id.desc())
        .limit(limit)
    ).all()


def settle_project(session: Session, project: Project) -> Decimal | None:
    """Let the project's percent and time follow its newest valid report, if any; its percent."""
    last = last_valid(session, project.id)
    percent, at = (last.percent, last.at) if last else (None, None)
    _FOLLOW.run(session, {"project": project.id, "percent": percent, "at": at})
    return percent
