"""The notice about personal data: which version somebody was shown, and agreed to."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class Consent(Base):
    """The newest version a person was shown. ``agreed_at`` None: shown, nothing said."""

    __tablename__ = "consent"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    version: Mapped[int]
    shown_at: Mapped[datetime]
    agreed_at: Mapped[datetime | None]
