"""What the cleaning removed because its time was up: kind, how old, how many; never what."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class Purge(Base):
    """One kind in one run. ``holding`` is a key of a family's holdings; older than ``before``."""

    __tablename__ = "purge"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    holding: Mapped[str] = mapped_column(String(32))
    before: Mapped[datetime]
    count: Mapped[int]
