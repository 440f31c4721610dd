"""评诺: anonymous votes on pledges; nothing that is kept joins a vote and a voter (DOMAIN.md 3).

Two things are kept while a ballot is open, and no third. The roll says who has voted: a row of
ballot and person without order or time (on SQLite a table without row ids). The counters are three
bare figures, sealed with the installation's key in one text of constant length, replaced at each
vote. Nobody, not even this program, reads them before the ballot is closed; then the roll is
destroyed, and the counters become readable only if enough people voted. See decision 0015.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import ForeignKey, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base
from models.pledge import Pledge
from models.vault import Vault, shred

SEALED: Final = "ballot"
"""The kind under which the vault keeps the counters of an open ballot, by the pledge's number."""
DIGITS: Final = 7


class Verdict(StrEnum):
    """The three answers of a ballot."""

    GOOD = "good"
    FAIR = "fair"
    POOR = "poor"


class Ballot(Base):
    """The vote on a pledge. ``until`` is the last day.

    Closed, ``voters`` says how many voted; ``good``, ``fair`` and ``poor`` are None if they were
    fewer than the rules demand: then the counters were destroyed.
    """

    __tablename__ = "ballot"

    pledge_id: Mapped[int] = mapped_column(ForeignKey("pledge.id"), primary_key=True)
    opened_at: Mapped[datetime]
    until: Mapped[date]
    closed_at: Mapped[datetime | None]
    voters: Mapped[int | None]
    good: Mapped[int | None]
    fair: Mapped[int | None]
    poor: Mapped[int | None]


class BallotRoll(Base):
    """Who has voted on an open ballot; emptied when it is closed."""

    __tablename__ = "ballot_roll"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012  (SQLAlchemy's own protocol)

    pledge_id: Mapped[int] = mapped_column(ForeignKey("ballot.pledge_id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)


@dataclass(frozen=True, slots=True)
class Counters:
    """How many votes of each kind."""

    good: int = 0
    fair: int = 0
    poor: int = 0

    @property
    def total(self) -> int:
        """All votes."""
        return self.good + self.fair + self.poor

    def plus(self, verdict: Verdict) -> "Counters":
        """One vote more."""
        values = {one.value: getattr(self, one.value) + (one is verdict) for one in Verdict}
        return Counters(**values)

    def write(self) -> str:
        """A text whose length says nothing."""
        return " ".join(f"{getattr(self, one.value):0{DIGITS}d}" for one in Verdict)

    @classmethod
    def read(cls, text: str) -> "Counters":
        """What :meth:`write` wrote."""
        return cls(*map(int, text.split()))


def open_ballot(
    session: Session, vault: Vault, pledge_id: int, number: str, until: date, now: datetime
) -> None:
    """Open the vote on a pledge; ``UserError`` if nothing can be sealed here."""
    session.add(Ballot(pledge_id=pledge_id, opened_at=now, until=until))
    session.flush()
    vault.seal(session.connection(), SEALED, number, Counters().write(), now)


def cast(
    session: Session, vault: Vault, ballot: Ballot, number: str, person_id: int, verdict: Verdict
) -> bool:
    """One vote on a ballot that the caller holds locked; False if that person has voted.

    The sealed text keeps the time at which the ballot was opened, whenever it is replaced.
    """
    if not _enter(session, ballot.pledge_id, person_id):
        return False
    counters = _read(session, vault, number).plus(verdict)
    vault.seal(session.connection(), SEALED, number, counters.write(), ballot.opened_at)
    return True


def _enter(session: Session, pledge_id: int, person_id: int) -> bool:
    connection = session.connection()
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    row = make(BallotRoll).values(pledge_id=pledge_id, person_id=person_id)
    fresh = row.on_conflict_do_nothing().returning(BallotRoll.person_id)
    return connection.execute(fresh).first() is not None


def _read(session: Session, vault: Vault, number: str) -> Counters:
    text = vault.open(session.connection(), SEALED, number)
    if text is None:
        raise LookupError(number)
    return Counters.read(text)


def close_ballot(
    session: Session, vault: Vault, ballot: Ballot, number: str, least: int, now: datetime
) -> None:
    """End a vote: the roll goes; the counters become readable, or go too if too few voted."""
    counters = _read(session, vault, number)
    ballot.voters, ballot.closed_at = counters.total, now
    if counters.total >= least:
        ballot.good, ballot.fair, ballot.poor = counters.good, counters.fair, counters.poor
    shred(session.connection(), SEALED, number)
    session.execute(delete(BallotRoll).where(BallotRoll.pledge_id == ballot.pledge_id))
    session.flush()


def locked_ballot(session: Session, pledge_id: int) -> Ballot | None:
    """The ballot of a pledge; those who vote on it at once wait for each other."""
    return session.scalar(select(Ballot).where(Ballot.pledge_id == pledge_id).with_for_update())


def has_voted(session: Session, pledge_id: int, person_id: int) -> bool:
    """Whether somebody is on the roll; asked only for that person."""
    return session.get(BallotRoll, (pledge_id, person_id)) is not None


def turnout(session: Session, unit_id: int) -> int:
    """How many votes the open ballots of a branch have had together."""
    of_branch = select(Pledge.id).where(Pledge.unit_id == unit_id)
    query = select(func.count()).where(BallotRoll.pledge_id.in_(of_branch))
    return session.scalar(query) or 0
