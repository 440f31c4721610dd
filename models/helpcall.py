"""Calls for help 求助: a project is stuck, a department is asked, a clock runs (F-055)."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar

from sqlalchemy import ForeignKey, Index, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base, Stateful, coded


class HelpState(StrEnum):
    """What became of a call; one that did not help is open again."""

    OPEN = "open"
    ANSWERED = "answered"
    SOLVED = "solved"
    WITHDRAWN = "withdrawn"


class HelpCall(Stateful, Base):
    """One call. ``due_on`` is the last day for an answer, ``again`` how often it was reopened.

    ``department_id`` is who was asked, if a department was.
    """

    MOVES: ClassVar[Mapping[HelpState, frozenset[HelpState]]] = {
        HelpState.OPEN: frozenset({HelpState.ANSWERED, HelpState.WITHDRAWN}),
        HelpState.ANSWERED: frozenset({HelpState.SOLVED, HelpState.OPEN}),
    }

    __tablename__ = "help_call"
    __table_args__ = (
        Index("ix_help_call_project", "project_id", "state"),
        Index("ix_help_call_state", "state", "due_on"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(32), unique=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    department_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    said: Mapped[str] = mapped_column(Text)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    asked_at: Mapped[datetime]
    due_on: Mapped[date]
    state: Mapped[HelpState] = coded(HelpState, default=HelpState.OPEN)
    again: Mapped[int] = mapped_column(default=0)
    answer: Mapped[str] = mapped_column(Text, default="")
    answered_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    answered_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]


def call_by_number(session: Session, number: str) -> HelpCall | None:
    """The call of a number such as ``QZ-2026-0001``."""
    return session.scalar(select(HelpCall).where(HelpCall.number == number))


def open_calls(session: Session, project_id: int) -> Sequence[HelpCall]:
    """The calls of a project that are not closed."""
    return session.scalars(
        select(HelpCall)
        .where(
            HelpCall.project_id == project_id,
            HelpCall.state.in_([HelpState.OPEN, HelpState.ANSWERED]),
        )
        .order_by(HelpCall.id)
    ).all()
