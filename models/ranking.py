"""Rankings 排名 of branches: the rule over values, and the published tables (DOMAIN.md 7)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base, Tenths, coded
from models.unit import BranchType


class RankState(StrEnum):
    """Whether a branch takes part, and if not, why."""

    RANKED = "ranked"
    MISSING = "missing"  # there is no figure; it is named, and never counted as zero
    NEW = "new"  # unranked in its first full period


class Ranking(Base):
    """One published table: what was true at ``cutoff``, frozen.

    ``kind`` is ``progress`` (weekly); ``period`` such as ``2026-W47``.
    """

    __tablename__ = "ranking"
    __table_args__ = (UniqueConstraint("kind", "period", "branch_type"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    period: Mapped[str] = mapped_column(String(32))
    branch_type: Mapped[BranchType] = coded(BranchType)
    cutoff: Mapped[datetime]
    at: Mapped[datetime]


class RankingLine(Base):
    """One branch in a table. ``ahead`` is points before (or behind) plan: what is ranked."""

    __tablename__ = "ranking_line"
    __table_args__ = (Index("ix_ranking_line_unit", "unit_id"),)

    ranking_id: Mapped[int] = mapped_column(ForeignKey("ranking.id"), primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), primary_key=True)
    state: Mapped[RankState] = coded(RankState)
    place: Mapped[int | None]
    percent: Mapped[Decimal | None] = mapped_column(Tenths)
    planned: Mapped[Decimal | None] = mapped_column(Tenths)
    ahead: Mapped[Decimal | None] = mapped_column(Tenths)
    change: Mapped[int | None]


class Line(NamedTuple):
    """One branch while a ranking is made. ``change`` is places gained against the last table.

    A tuple and not a dataclass: of these there are a hundred thousand, made twice.
    """

    unit_id: int
    name: str
    state: RankState
    percent: Decimal | None = None
    planned: Decimal | None = None
    ahead: Decimal | None = None
    place: int | None = None
    change: int | None = None


def rank(lines: Iterable[Line], before: Mapping[int, int]) -> list[Line]:
    """Give places by points ahead of plan: ties share a place, the next is skipped (1, 2, 2, 4).

    ``before`` holds the places of the last table by unit id. Ranked lines come first, within a tie
    by name; then missing and new ones by name. Every line given comes back exactly once.
    """
    ranked: list[tuple[int, str, int, Line]] = []
    others: list[Line] = []
    for line in lines:
        if line.state is RankState.RANKED and line.ahead is not None:
            ranked.append((-int(line.ahead * 10), line.name, line.unit_id, line))
        else:
            others.append(line)
    ranked.sort()
    placed = []
    place = 0
    last: int | None = None
    for position, (behind, _, unit_id, line) in enumerate(ranked, 1):
        if behind != last:
            place, last = position, behind
        earlier = before.get(unit_id)
        placed.append(Line(*line[:6], place, None if earlier is None else earlier - place))
    others.sort(key=lambda line: (line.state, line.name, line.unit_id))
    return placed + others


def week_of(day: date) -> str:
    """The ISO week of a day as a period key, ``2026-W47``."""
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02d}"


def ranking_of(session: Session, kind: str, period: str, of: BranchType) -> Ranking | None:
    """The table of a period and type, if it was made."""
    return session.scalar(
        select(Ranking).where(
            Ranking.kind == kind, Ranking.period == period, Ranking.branch_type == of
        )
    )


def newest_ranking(
    session: Session, kind: str, of: BranchType, before: datetime | None = None
) -> Ranking | None:
    """The last table of a type (made of data before a moment)."""
    query = select(Ranking).where(Ranking.kind == kind, Ranking.branch_type == of)
    if before is not None:
        query = query.where(Ranking.cutoff < before)
    return session.scalar(query.order_by(Ranking.cutoff.desc()).limit(1))


def places(session: Session, ranking: Ranking) -> dict[int, int]:
    """The places of a table by unit id."""
    rows = session.execute(
        select(RankingLine.unit_id, RankingLine.place).where(
            RankingLine.ranking_id == ranking.id, RankingLine.place.is_not(None)
        )
    )
    return {unit_id: place for unit_id, place in rows if place is not None}


def line_of(session: Session, ranking: Ranking, unit_id: int) -> RankingLine | None:
    """One branch's line in a table."""
    return session.get(RankingLine, (ranking.id, unit_id))


def store_ranking(
    session: Session,
    *,
    kind: str,
    period: str,
    of: BranchType,
    cutoff: datetime,
    now: datetime,
    lines: Sequence[Line],
) -> Ranking:
    """Freeze a table with all its lines."""
    ranking = Ranking(kind=kind, period=period, branch_type=of, cutoff=cutoff, at=now)
    session.add(ranking)
    session.flush()
    if lines:
        session.execute(
            RankingLine.__table__.insert(),  # type: ignore[attr-defined]  # a Table, says SQLAlchemy
            [
                {
                    "ranking_id": ranking.id,
                    "unit_id": line.unit_id,
                    "state": line.state,
                    "place": line.place,
                    "percent": line.percent,
                    "planned": line.planned,
                    "ahead": line.ahead,
                    "change": line.change,
                }
                for line in lines
            ],
        )
    return ranking
