"""What people keep of ledgers for themselves: views under a name, and their own column names."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base
from models.errors import UserError

MOST = 20
"""Views that somebody keeps of one ledger."""


class SavedView(Base):
    """A ledger as somebody likes to see it; ``query`` is the address without its path."""

    __tablename__ = "saved_view"
    __table_args__ = (UniqueConstraint("person_id", "ledger", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    ledger: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(40))
    query: Mapped[str] = mapped_column(String(2000))
    at: Mapped[datetime]


class ColumnNames(Base):
    """How somebody's own workbook calls the fields of a form: heading -> field key."""

    __tablename__ = "column_names"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    command: Mapped[str] = mapped_column(String(64), primary_key=True)
    names: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    at: Mapped[datetime]


def views_of(session: Session, person_id: int, ledger: str) -> Sequence[SavedView]:
    """Somebody's views of a ledger, by name."""
    return session.scalars(
        select(SavedView)
        .where(SavedView.person_id == person_id, SavedView.ledger == ledger)
        .order_by(SavedView.name)
    ).all()


def view_named(session: Session, person_id: int, ledger: str, name: str) -> SavedView | None:
    """Somebody's view of a name."""
    return session.scalar(
        select(SavedView).where(
            SavedView.person_id == person_id, SavedView.ledger == ledger, SavedView.name == name
        )
    )


def keep_view(
    session: Session, person_id: int, ledger: str, name: str, query: str, now: datetime
) -> None:
    """Keep a view; one of the same name is replaced. ``UserError`` beyond ``MOST``."""
    view = view_named(session, person_id, ledger, name)
    if view is not None:
        view.query, view.at = query, now
        return
    if len(views_of(session, person_id, ledger)) >= MOST:
        raise UserError("saved.too_many", most=MOST)
    session.add(SavedView(person_id=person_id, ledger=ledger, name=name, query=query, at=now))


def drop_view(session: Session, person_id: int, view_id: int) -> None:
    """Forget one of one's own views."""
    session.execute(
        delete(SavedView).where(SavedView.id == view_id, SavedView.person_id == person_id)
    )


def names_of(session: Session, person_id: int, command: str) -> Mapping[str, str]:
    """What somebody's own headings mean: heading -> field key."""
    found = session.get(ColumnNames, (person_id, command))
    return found.names if found else {}


def learn_names(
    session: Session, person_id: int, command: str, names: Mapping[str, str], now: datetime
) -> None:
    """Remember what somebody's headings mean, beside those known before."""
    found = session.get(ColumnNames, (person_id, command))
    if found is None:
        session.add(ColumnNames(person_id=person_id, command=command, names=dict(names), at=now))
    else:
        found.names, found.at = {**found.names, **names}, now
