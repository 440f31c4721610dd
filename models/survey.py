"""Surveys 思想动态调研 that expose nobody (DOMAIN.md 5, PRODUCT.md E.4).

A ballot is a random serial, signed for a group, handed out once a person; who has taken one and
what was answered lie in two sealed urns per group, each written anew as a whole and sorted, without
a time: neither the order of rows nor a column joins a person to an answer. When a survey ends, what
may be shown is counted once and for all, and urns and key are destroyed.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, ClassVar, Final

from sqlalchemy import JSON, ForeignKey, String, Text, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base, Stateful, coded
from models.errors import UserError
from models.push import insert_new
from models.vault import Vault, shred

KEY: Final = "survey.key"
TAKEN: Final = "survey.taken"
URN: Final = "survey.urn"
SERIAL: Final = 16
SIGNATURE: Final = 16
SCALE: Final = 5


class SurveyState(StrEnum):
    """Open to ballots, then counted."""

    OPEN = "open"
    CLOSED = "closed"


class Survey(Stateful, Base):
    """One survey of a quarter, for everybody below a unit."""

    MOVES: ClassVar[Mapping[SurveyState, frozenset[SurveyState]]] = {
        SurveyState.OPEN: frozenset({SurveyState.CLOSED}),
    }

    __tablename__ = "survey"
    __table_args__ = (UniqueConstraint("unit_id", "year", "quarter"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    year: Mapped[int]
    quarter: Mapped[int]
    questions: Mapped[int]
    opens_on: Mapped[date]
    closes_on: Mapped[date]
    state: Mapped[SurveyState] = coded(SurveyState, default=SurveyState.OPEN)
    opened_at: Mapped[datetime]


class SurveyUrn(Base):
    """That a group has urns; its row is locked while one of them is written anew."""

    __tablename__ = "survey_urn"

    survey_id: Mapped[int] = mapped_column(ForeignKey("survey.id"), primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), primary_key=True)


class SurveyTable(Base):
    """What is shown of a unit: ``answers`` people, per question how often each of 1 to 5."""

    __tablename__ = "survey_table"

    survey_id: Mapped[int] = mapped_column(ForeignKey("survey.id"), primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), primary_key=True)
    answers: Mapped[int]
    counts: Mapped[list[list[int]]] = mapped_column(JSON)


class SurveyWords(Base):
    """An open answer, shown without its unit; rows are ordered by a random key."""

    __tablename__ = "survey_words"

    key: Mapped[str] = mapped_column(String(32), primary_key=True)
    survey_id: Mapped[int] = mapped_column(ForeignKey("survey.id"), index=True)
    words: Mapped[str] = mapped_column(Text)


@dataclass(frozen=True, slots=True)
class Ballot:
    """What a token says: which survey, for which group, with which serial."""

    survey_id: int
    unit_id: int
    serial: bytes

    @property
    def digest(self) -> str:
        """What the urn remembers of it."""
        return hashlib.sha256(self.serial).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Vote:
    """One filled-in ballot: 1 to 5 for each question, and words (may be empty)."""

    marks: tuple[int, ...]
    words: str = ""


def current(session: Session) -> Survey | None:
    """The survey that is open."""
    query = select(Survey).where(Survey.state == SurveyState.OPEN).order_by(Survey.id.desc())
    return session.scalar(query.limit(1))


def last_counted(session: Session) -> Survey | None:
    """The newest survey that was counted."""
    query = select(Survey).where(Survey.state == SurveyState.CLOSED).order_by(Survey.id.desc())
    return session.scalar(query.limit(1))


class Urns:
    """The sealed side of one survey. ``chance`` makes random bytes."""

    def __init__(self, session: Session, vault: Vault, survey: Survey) -> None:
        self._session = session
        self._connection = session.connection()
        self._vault = vault
        self._survey = survey

    def begin(self) -> None:
        """Make the key that signs the ballots."""
        key = base64.b64encode(self._vault.chance(32)).decode()
        self._seal(KEY, str(self._survey.id), key)

    def take(self, person_id: int, unit_id: int) -> str:
        """A ballot for a person of a group, once; ``UserError`` for the second.

        Who took one is written down, which one is not.
        """
        taken = self._taken(unit_id)
        if person_id in taken:
            raise UserError("survey.taken")
        self._seal(TAKEN, self._subject(unit_id), json.dumps(sorted([*taken, person_id])))
        return self._write(Ballot(self._survey.id, unit_id, self._vault.chance(SERIAL)))

    def has_taken(self, person_id: int, unit_id: int) -> bool:
        """Whether a person has taken a ballot."""
        return person_id in self._read(TAKEN, unit_id)

    def cast(self, ballot: Ballot, vote: Vote) -> None:
        """Put a vote into the urn; ``UserError`` for a ballot that was used."""
        self._lock(ballot.unit_id)
        votes = self._read(URN, ballot.unit_id)
        if any(one[0] == ballot.digest for one in votes):
            raise UserError("survey.used")
        votes = sorted([*votes, [ballot.digest, list(vote.marks), vote.words]])
        self._seal(URN, self._subject(ballot.unit_id), json.dumps(votes, ensure_ascii=False))

    def is_used(self, ballot: Ballot) -> bool:
        """Whether a ballot was cast."""
        return any(one[0] == ballot.digest for one in self._read(URN, ballot.unit_id))

    def ballot(self, token: str) -> Ballot:
        """What a token says; ``UserError`` if it is not one of this survey."""
        try:
            raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        except ValueError:
            raise UserError("survey.forged") from None
        body, signature = raw[:-SIGNATURE], raw[-SIGNATURE:]
        if len(body) <= SERIAL or not hmac.compare_digest(self._sign(body), signature):
            raise UserError("survey.forged")
        return Ballot(self._survey.id, int.from_bytes(body[SERIAL:]), body[:SERIAL])

    def votes(self) -> Mapping[int, list[Vote]]:
        """All votes by group."""
        units = self._session.scalars(
            select(SurveyUrn.unit_id).where(SurveyUrn.survey_id == self._survey.id)
        )
        return {
            unit: [Vote(tuple(marks), words) for _, marks, words in self._read(URN, unit)]
            for unit in units
        }

    def destroy(self) -> None:
        """Nothing stays of who took part and of single answers."""
        units = self._session.scalars(
            select(SurveyUrn.unit_id).where(SurveyUrn.survey_id == self._survey.id)
        ).all()
        subjects = [self._subject(unit) for unit in units]
        shred(self._connection, KEY, str(self._survey.id))
        for kind in (TAKEN, URN):
            for start in range(0, len(subjects), 500):
                shred(self._connection, kind, *subjects[start : start + 500])

    def _write(self, ballot: Ballot) -> str:
        body = ballot.serial + ballot.unit_id.to_bytes(8)
        return base64.urlsafe_b64encode(body + self._sign(body)).decode().rstrip("=")

    def _sign(self, body: bytes) -> bytes:
        key = self._vault.open(self._connection, KEY, str(self._survey.id))
        if key is None:
            raise UserError("survey.over")
        return hmac.digest(base64.b64decode(key), body, hashlib.sha256)[:SIGNATURE]

    def _taken(self, unit_id: int) -> Sequence[int]:
        self._lock(unit_id)
        found: list[int] = self._read(TAKEN, unit_id)
        return found

    def _lock(self, unit_id: int) -> None:
        row = {"survey_id": self._survey.id, "unit_id": unit_id}
        insert_new(self._connection, SurveyUrn.__table__, [row])
        self._session.execute(
            select(SurveyUrn.unit_id)
            .where(SurveyUrn.survey_id == self._survey.id, SurveyUrn.unit_id == unit_id)
            .with_for_update()
        )

    def _read(self, kind: str, unit_id: int) -> Any:  # noqa: ANN401  (a list as JSON knows it)
        sealed = self._vault.open(self._connection, kind, self._subject(unit_id))
        return json.loads(sealed) if sealed else []

    def _seal(self, kind: str, subject: str, text: str) -> None:
        """Always with the moment of the opening: nobody learns when something was added."""
        self._vault.seal(self._connection, kind, subject, text, self._survey.opened_at)

    def _subject(self, unit_id: int) -> str:
        return f"{self._survey.id}:{unit_id}"


def tally(votes: Sequence[Vote], questions: int) -> list[list[int]]:
    """Per question how often each mark from 1 to 5 was given."""
    return [
        [sum(vote.marks[question] == mark for vote in votes) for mark in range(1, SCALE + 1)]
        for question in range(questions)
    ]
