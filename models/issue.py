"""What comes out issue by issue: drawn up frozen, looked at, released once, corrected beside it.

A kind of issue is a table of its own with one for its corrections (``models.publicity``,
``models.bulletin``); all that happens to it is here, and in ``handlers.projects.issues``.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, TypeVar

from sqlalchemy import ForeignKey, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Stateful, coded


class IssueState(StrEnum):
    """An issue is drawn up, may be held, and is released once."""

    DRAFT = "draft"
    HELD = "held"
    RELEASED = "released"


class Note:
    """A correction 更正 of a released issue: that stays as it was, the note stands beside it.

    ``issue_id`` is the issue, ``unit_id`` the branch concerned, if it is one.
    """

    id: Mapped[int] = mapped_column(primary_key=True)
    issue_id: Mapped[int]
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    text: Mapped[str] = mapped_column(Text)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    told_at: Mapped[datetime | None]


class Issue(Stateful):
    """One issue. ``cutoff`` is up to when data count; ``told_at`` when all groups were told."""

    MOVES: ClassVar[Mapping[IssueState, frozenset[IssueState]]] = {
        IssueState.DRAFT: frozenset({IssueState.HELD, IssueState.RELEASED}),
        IssueState.HELD: frozenset({IssueState.RELEASED}),
    }
    PREFIX: ClassVar[str]
    NOTE: ClassVar[type[Note]]

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(32), unique=True)
    year: Mapped[int]
    issue: Mapped[int]
    cutoff: Mapped[datetime]
    at: Mapped[datetime]
    state: Mapped[IssueState] = coded(IssueState, default=IssueState.DRAFT)
    released_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    released_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(Text, default="")
    told_at: Mapped[datetime | None]


I = TypeVar("I", bound=Issue)  # noqa: E741  (one of the kinds)


def draw_up(
    session: Session, kind: type[I], period: tuple[int, int], cutoff: datetime, now: datetime
) -> I:
    """A new issue of a year and number, without its lines; its number is ``GK-2026-0005``."""
    year, issue = period
    number = f"{kind.PREFIX}-{year}-{issue:04d}"
    made = kind(number=number, year=year, issue=issue, cutoff=cutoff, at=now)  # type: ignore[call-arg]  # mapped
    session.add(made)
    session.flush()
    return made


def issue_of(session: Session, kind: type[I], period: tuple[int, int]) -> I | None:
    """The issue of a year and number, if it was drawn up."""
    year, issue = period
    return session.scalar(select(kind).where(kind.year == year, kind.issue == issue))


def issue_by_number(session: Session, kind: type[I], number: str) -> I | None:
    """The issue of a number such as ``GK-2026-0005``."""
    return session.scalar(select(kind).where(kind.number == number))


def newest_issues(session: Session, kind: type[I], most: int, *, drafts: bool) -> Sequence[I]:
    """The last issues, the newest first (with ``drafts`` also those that are not released)."""
    query = select(kind).order_by(kind.year.desc(), kind.issue.desc()).limit(most)
    if not drafts:
        query = query.where(kind.state == IssueState.RELEASED)
    return session.scalars(query).all()


def waiting_issues(session: Session, kind: type[I]) -> Sequence[I]:
    """Those that are not released, oldest first."""
    query = select(kind).where(kind.state != IssueState.RELEASED).order_by(kind.id)
    return session.scalars(query).all()


def untold_issues(session: Session, kind: type[I]) -> Sequence[I]:
    """Released issues of which not every group has been told."""
    untold = (kind.state == IssueState.RELEASED, kind.told_at.is_(None))
    return session.scalars(select(kind).where(*untold).order_by(kind.id)).all()


def notes_of(session: Session, issue: Issue) -> Sequence[Note]:
    """The corrections of an issue, oldest first."""
    note = issue.NOTE
    return session.scalars(select(note).where(note.issue_id == issue.id).order_by(note.id)).all()


def untold_notes(session: Session, kind: type[I]) -> Sequence[Note]:
    """Corrections of which not every group has been told."""
    note = kind.NOTE
    return session.scalars(select(note).where(note.told_at.is_(None)).order_by(note.id)).all()
