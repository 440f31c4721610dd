"""Demonstration posts 示范岗 and responsibility areas 责任区 (DOMAIN.md 7; PRODUCT.md A-41)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import ClassVar

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base, Stateful, coded
from models.forms.periods import CalendarPeriod, PeriodKind
from models.unit import Unit, upwards


class PostKind(StrEnum):
    """A post or an area."""

    POST = "post"
    AREA = "area"


class PostState(StrEnum):
    """A post that has ended stays in the history."""

    ACTIVE = "active"
    ENDED = "ended"


class Post(Stateful, Base):
    """One card: what it is called, whose it is, how far it reaches."""

    MOVES: ClassVar[Mapping[PostState, frozenset[PostState]]] = {
        PostState.ACTIVE: frozenset({PostState.ENDED}),
    }

    __tablename__ = "post"
    __table_args__ = (Index("ix_post_unit", "unit_id", "state"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(32), unique=True)
    kind: Mapped[PostKind] = coded(PostKind)
    name: Mapped[str] = mapped_column(String(60))
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    owner_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    scope: Mapped[str] = mapped_column(Text)
    state: Mapped[PostState] = coded(PostState, default=PostState.ACTIVE)
    at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class PostStandard(Base):
    """What a unit's posts (or areas) are measured by; it holds below, unless a unit has its own."""

    __tablename__ = "post_standard"

    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), primary_key=True)
    kind: Mapped[PostKind] = coded(PostKind, primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]


class PostMark(Base):
    """A mark of 0 to 100: the owner's of a quarter (``2026-Q3``), the committee's of a year.

    ``year`` is the period's; ``committee`` tells whose it is, ``person_id`` who gave it.
    """

    __tablename__ = "post_mark"
    __table_args__ = (UniqueConstraint("post_id", "period"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("post.id"))
    year: Mapped[int]
    period: Mapped[str] = mapped_column(String(7))
    committee: Mapped[bool]
    score: Mapped[int]
    said: Mapped[str] = mapped_column(Text, default="")
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]


def quarter_key(period: CalendarPeriod) -> str:
    """A quarter as it is stored: ``2026-Q3``; a year is ``2026``."""
    if period.kind is PeriodKind.QUARTER:
        return f"{period.year}-Q{period.index}"
    return str(period.year)


def post_by_number(session: Session, number: str) -> Post | None:
    """The post or area of a number such as ``GQ-2026-0001``."""
    return session.scalar(select(Post).where(Post.number == number))


def post_named(session: Session, unit_id: int, kind: PostKind, name: str) -> Post | None:
    """The post of a name that a branch has."""
    return session.scalars(
        select(Post).where(
            Post.unit_id == unit_id,
            Post.kind == kind,
            Post.name == name,
            Post.state == PostState.ACTIVE,
        )
    ).first()


def standard_of(session: Session, path: str, kind: PostKind) -> PostStandard | None:
    """The standard that holds for a unit: its own, else that of the nearest unit above."""
    order = list(upwards(path))
    rows = session.execute(
        select(PostStandard, Unit.path)
        .join(Unit, Unit.id == PostStandard.unit_id)
        .where(Unit.path.in_(order), PostStandard.kind == kind)
    )
    found = {row_path: standard for standard, row_path in rows}
    return next((found[one] for one in order if one in found), None)


def marks_of(session: Session, post_id: int, year: int) -> Sequence[PostMark]:
    """All marks of a post in a year, in the order of their periods."""
    return session.scalars(
        select(PostMark)
        .where(PostMark.post_id == post_id, PostMark.year == year)
        .order_by(PostMark.committee, PostMark.period)
    ).all()


def mean(scores: Sequence[int]) -> Decimal | None:
    """The mean with one decimal, None without any."""
    if not scores:
        return None
    exact = Decimal(sum(scores)) / len(scores)
    return exact.quantize(Decimal("0.1"), ROUND_HALF_UP)
