"""Requests to correct what is held about a person (个人信息保护法: the right to correction)."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar

from sqlalchemy import ForeignKey, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base, Stateful, coded


class RequestState(StrEnum):
    """Decided by the party office, with a sentence for the person."""

    OPEN = "open"
    CORRECTED = "corrected"
    DECLINED = "declined"


class DataRequest(Stateful, Base):
    """What a person says is wrong in the own data; ``SQ-2026-0001``."""

    MOVES: ClassVar[Mapping[RequestState, frozenset[RequestState]]] = {
        RequestState.OPEN: frozenset({RequestState.CORRECTED, RequestState.DECLINED}),
    }

    __tablename__ = "data_request"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(32), unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    said: Mapped[str] = mapped_column(Text)
    state: Mapped[RequestState] = coded(RequestState, default=RequestState.OPEN)
    at: Mapped[datetime]
    due_on: Mapped[date]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    decided_at: Mapped[datetime | None]
    answer: Mapped[str] = mapped_column(Text, default="")


def request_by_number(session: Session, number: str) -> DataRequest | None:
    """The request of a number."""
    return session.scalar(select(DataRequest).where(DataRequest.number == number))


def open_requests(session: Session) -> Sequence[DataRequest]:
    """All that wait for a decision, the oldest first."""
    return session.scalars(
        select(DataRequest).where(DataRequest.state == RequestState.OPEN).order_by(DataRequest.id)
    ).all()
