"""Messages taken in: the dedupe key and the stored answer (DESIGN.md 3)."""

from datetime import datetime

from sqlalchemy import String, Text
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
