"""What changed on units and people, and when: the past stays readable (DOMAIN.md 1)."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, coded


class Change(StrEnum):
    """What happened to a unit or a person."""

    CREATED = "created"
    RENAMED = "renamed"
    MOVED = "moved"
    RETYPED = "retyped"
    MERGED = "merged"
    CLOSED = "closed"
    LEFT = "left"
    RETURNED = "returned"


class History(Base):
    """One change. ``subject`` is ``unit`` or ``person``, ``key`` its code or userid."""

    __tablename__ = "history"
    __table_args__ = (Index("ix_history_subject", "subject", "key", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(String(16))
    key: Mapped[str] = mapped_column(String(64))
    change: Mapped[Change] = coded(Change)
    before: Mapped[dict[str, Any]] = mapped_column(JSON)
    after: Mapped[dict[str, Any]] = mapped_column(JSON)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(64), default="")
