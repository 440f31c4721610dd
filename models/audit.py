"""Who did what and when: one row per command, without any text of the message."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class Audit(Base):
    """One act. ``subject`` is the number of the thing concerned, ``outcome`` ``ok`` or a text key.

    ``person_id`` is None for acts of the clock and of the command line (``actor`` names which).
    """

    __tablename__ = "audit"
    __table_args__ = (Index("ix_audit_person", "person_id", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    actor: Mapped[str] = mapped_column(String(32), default="")
    action: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(64), default="", index=True)
    outcome: Mapped[str] = mapped_column(String(64), default="ok")
    channel: Mapped[str] = mapped_column(String(32), default="")
