"""Groups 群 bound to units, and the conversations in which the bot has been spoken to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base
from models.unit import Unit


class Group(Base):
    """A WeCom group. ``webhook`` is a secret address and is never shown.

    A group without a unit is known (somebody spoke to the bot there) but not bound.
    """

    __tablename__ = "chat_group"

    id: Mapped[int] = mapped_column(primary_key=True)
    chatid: Mapped[str] = mapped_column(String(256), unique=True)
    name: Mapped[str] = mapped_column(String(120), default="")
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"), index=True)
    webhook: Mapped[str] = mapped_column(String(512), default="")
    bound_at: Mapped[datetime | None]
    bound_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))


class Heard(Base):
    """Through which channel somebody last spoke in a conversation.

    The smart bot may push only where it has been spoken to (WeCom page 101463); ``conversation``
    is a chat id, or a userid in lower case for a private chat.
    """

    __tablename__ = "heard"

    conversation: Mapped[str] = mapped_column(String(256), primary_key=True)
    channel: Mapped[str] = mapped_column(String(32), primary_key=True)
    at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Room:
    """The group a message came from. ``unit_id`` is None while it is not bound."""

    chatid: str
    name: str = ""
    unit_id: int | None = None
    path: str = ""
    branch_id: int | None = None


def room_of(session: Session, chatid: str) -> Room:
    """The group of a chat id; an unknown one is a room without a unit."""
    row = session.execute(
        select(Group.name, Group.unit_id, Unit.path, Unit.branch_id)
        .outerjoin(Unit, Unit.id == Group.unit_id)
        .where(Group.chatid == chatid)
    ).one_or_none()
    if row is None:
        return Room(chatid)
    return Room(chatid, row.name, row.unit_id, row.path or "", row.branch_id)


def group_by_chatid(session: Session, chatid: str) -> Group | None:
    """The group of a chat id, bound or not."""
    return session.scalar(select(Group).where(Group.chatid == chatid))


def chats_of(session: Session, unit_id: int) -> Sequence[str]:
    """The chat ids of the groups bound to a unit, in a fixed order."""
    bound = select(Group.chatid).where(Group.unit_id == unit_id).order_by(Group.id)
    return session.scalars(bound).all()
