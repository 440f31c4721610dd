"""Messages taken in: the dedupe key and the stored answer (DESIGN.md 3)."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class Message(Base):
    """One message of the platform. Its text is not kept, only what it led to.

    ``answer`` is what was said at once, as JSON; a redelivery gets it again.
    """

    __tablename__ = "message"

    id: Mapped[str] = mapped_column(String(400), primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    answer: Mapped[str | None] = mapped_column(Text)


class Unsaid(Base):
    """An answer that a process has stored and not yet said, where the platform does not ask again.

    Over the long connection nothing is redelivered: if the process dies here, whoever buries it
    says the answer by push. ``holder`` is the process.
    """

    __tablename__ = "unsaid"

    message_id: Mapped[str] = mapped_column(
        ForeignKey("message.id", ondelete="CASCADE"), primary_key=True
    )
    holder: Mapped[str] = mapped_column(String(64), index=True)
    conversation: Mapped[str] = mapped_column(String(256))
    to_group: Mapped[bool]
    at: Mapped[datetime]
