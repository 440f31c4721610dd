"""Two-way scoring 双向打分: each department for its own side, blind until both are in.

Rules: DOMAIN.md 2. The specialist department scores the support to the central work, the party
office the role of the party carrier, 1 to 5 each with equal weight; only if both reach the pass
mark the project is outstanding.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base, Stateful, Tenths, coded
from models.errors import UserError
from models.judges import Side

LOWEST, HIGHEST = Decimal(1), Decimal(5)


class Score(Base):
    """One side's score of a project. ``round`` rises when a 会商 asks both sides anew."""

    __tablename__ = "score"
    __table_args__ = (UniqueConstraint("project_id", "side", "round"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"))
    side: Mapped[Side] = coded(Side)
    round: Mapped[int] = mapped_column(default=1)
    points: Mapped[Decimal] = mapped_column(Tenths)
    note: Mapped[str] = mapped_column(Text, default="")
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]


class ConferState(StrEnum):
    """A talk between the two departments about scores that lie far apart."""

    OPEN = "open"
    UPHELD = "upheld"  # both scores stay as they are
    AGAIN = "again"  # both sides score anew


class Confer(Stateful, Base):
    """One 会商 about the scores of a ``round``; ``minutes`` is what was agreed on."""

    MOVES: ClassVar[Mapping[ConferState, frozenset[ConferState]]] = {
        ConferState.OPEN: frozenset({ConferState.UPHELD, ConferState.AGAIN}),
    }

    __tablename__ = "confer"
    __table_args__ = (
        UniqueConstraint("project_id", "round"),
        Index("ix_confer_state", "state", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(32), unique=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"))
    round: Mapped[int]
    state: Mapped[ConferState] = coded(ConferState, default=ConferState.OPEN)
    at: Mapped[datetime]
    minutes: Mapped[str] = mapped_column(Text, default="")
    closed_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    closed_at: Mapped[datetime | None]


def is_outstanding(business: Decimal, party: Decimal, least: Decimal) -> bool:
    """Whether a pair of scores makes a project outstanding: both reach the mark, that included.

    (4, 4) does; (5, 3.9) and (3, 5) do not.
    """
    return business >= least and party >= least


def needs_confer(business: Decimal, party: Decimal, gap: Decimal) -> bool:
    """Whether two scores lie so far apart that the departments should talk."""
    return abs(business - party) >= gap


def scale(step: Decimal) -> list[Decimal]:
    """All scores that may be given, the lowest first."""
    count = int((HIGHEST - LOWEST) / step)
    return [LOWEST + step * n for n in range(count + 1)]


@dataclass(frozen=True, slots=True)
class Pair:
    """The scores of the present round, by side; ``is_open`` once both are in."""

    round: int
    scores: Mapping[Side, Score]

    @property
    def is_open(self) -> bool:
        """Whether both are in, so that each may be seen."""
        return len(self.scores) == len(Side)


def round_of(session: Session, project_id: int) -> int:
    """The present round of scoring: one more for each 会商 that asked both sides anew."""
    again = session.scalar(
        select(func.count())
        .select_from(Confer)
        .where(Confer.project_id == project_id, Confer.state == ConferState.AGAIN)
    )
    return 1 + (again or 0)


def pair_of(session: Session, project_id: int) -> Pair:
    """The scores of the present round."""
    number = round_of(session, project_id)
    rows = session.scalars(
        select(Score).where(Score.project_id == project_id, Score.round == number)
    )
    return Pair(number, {score.side: score for score in rows})


def give_score(session: Session, score: Score) -> None:
    """Store one side's score; ``UserError`` if somebody has scored this side meanwhile."""
    try:
        with session.begin_nested():
            session.add(score)
            session.flush()
    except IntegrityError as error:
        raise UserError("state.raced") from error


def open_confer(session: Session, project_id: int) -> Confer | None:
    """The 会商 of a project that is not closed yet."""
    return session.scalar(
        select(Confer).where(Confer.project_id == project_id, Confer.state == ConferState.OPEN)
    )


def confers_of(session: Session, project_id: int) -> Sequence[Confer]:
    """All 会商 of a project, oldest first."""
    return session.scalars(
        select(Confer).where(Confer.project_id == project_id).order_by(Confer.id)
    ).all()
