"""Promotion 晋级申报: a branch applies for a better grade with evidence (DOMAIN.md 2)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from sqlalchemy import ForeignKey, Index, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base, Stateful, coded
from models.project import Grade


class PromotionState(StrEnum):
    """What became of an application."""

    PENDING = "pending"
    GRANTED = "granted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


class Promotion(Stateful, Base):
    """One application. ``before`` is the grade when it was made, ``wanted`` the one applied for.

    ``unit_id`` is the branch that applied; the project may belong to another one later.
    """

    MOVES: ClassVar[Mapping[PromotionState, frozenset[PromotionState]]] = {
        PromotionState.PENDING: frozenset(
            {PromotionState.GRANTED, PromotionState.DECLINED, PromotionState.WITHDRAWN}
        ),
    }

    __tablename__ = "promotion"
    __table_args__ = (
        Index("ix_promotion_project", "project_id", "state"),
        Index("ix_promotion_state", "state", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(32), unique=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    before: Mapped[Grade | None] = coded(Grade)
    wanted: Mapped[Grade] = coded(Grade)
    changed: Mapped[str] = mapped_column(Text, default="")
    evidence: Mapped[str] = mapped_column(Text, default="")
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    state: Mapped[PromotionState] = coded(PromotionState, default=PromotionState.PENDING)
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    decided_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(Text, default="")


def promotion_by_number(session: Session, number: str) -> Promotion | None:
    """The application of a number such as ``JJ-2026-0001``."""
    return session.scalar(select(Promotion).where(Promotion.number == number))


def promotions_of(session: Session, project_id: int) -> Sequence[Promotion]:
    """All applications of a project, oldest first."""
    return session.scalars(
        select(Promotion).where(Promotion.project_id == project_id).order_by(Promotion.id)
    ).all()
