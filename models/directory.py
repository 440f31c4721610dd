"""Names of units and people, to be found by what people type; kept in memory while they hold."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import event, or_, select
from sqlalchemy.orm import Session

from models.consent import Consent
from models.forms.field import Book, Named
from models.forms.names import Entry, NameBook
from models.group import Group, Room, room_of
from models.number import Counter, count_up
from models.person import Grant, Member, Person, PersonState, member_by_userid
from models.store.quick import Quick
from models.unit import Place, Unit, UnitAlias, UnitState, aliases_of, place_of

STAMP = ("org", 0)
"""The counter that rises whenever units, people, roles or groups change."""
AT_MOST = 5
KEPT = 20_000
"""Entries of each kind kept in memory; more are looked up again."""
_READ_STAMP = Quick(
    select(Counter.last).where(Counter.prefix == STAMP[0], Counter.year == STAMP[1])
)
_MISSING: Any = object()
T = TypeVar("T")


def touch_organisation(session: Session) -> None:
    """Let every process read the organisation anew; part of the change's own transaction."""
    count_up(session, *STAMP)
    directory = session.info.get("directory")
    if directory is not None:
        directory.changed(session)


@event.listens_for(Session, "after_flush")
def _notice(session: Session, _: object) -> None:
    """Whoever changes the organisation through entities need not think of the stamp."""
    changed = (*session.new, *session.dirty, *session.deleted)
    if any(isinstance(entity, Unit | UnitAlias | Person | Grant | Group) for entity in changed):
        touch_organisation(session)


class Directory:
    """Who and where, kept in memory while the organisation's stamp holds.

    Read by the threads that write (``enter`` at the beginning of each transaction). What is kept
    are plain values, never entities. Each transaction looks into the book of the stamp it has
    seen: what one thread read a moment before a change never gets into the book after it.
    """

    def __init__(self) -> None:
        self._book: tuple[int, dict[Hashable, Any]] = (-1, {})

    def enter(self, session: Session) -> None:
        """Begin a transaction: a new book if the organisation changed since the last."""
        session.info["directory"] = self
        rows = _READ_STAMP.rows(session, {})
        stamp = int(rows[0][0]) if rows else 0
        book = self._book
        if stamp != book[0]:
            book = self._book = (stamp, {})
        session.info["book"] = book[1]

    def forget(self) -> None:
        """Let transactions that begin from now on read everything anew."""
        self._book = (-1, {})

    def changed(self, session: Session) -> None:
        """Read everything anew; what this transaction changes is nobody else's before its end."""
        session.info["book"] = {}
        session.info["changed"] = True

    def undone(self, session: Session) -> None:
        """A part of the transaction was rolled back: what it changed in the organisation, too."""
        if session.info.get("changed"):
            session.info["book"] = {}

    def _keep(self, session: Session, key: Hashable, find: Callable[[], T]) -> T:
        known: dict[Hashable, Any] = session.info.setdefault("book", {})
        value = known.get(key, _MISSING)
        if value is _MISSING:
            if len(known) > KEPT:
                known.clear()
            value = known[key] = find()
        return value  # type: ignore[no-any-return]  # the key stands for the type

    def member(self, session: Session, userid: str) -> Member | None:
        """Who speaks."""
        key = userid.lower()
        return self._keep(session, ("member", key), lambda: member_by_userid(session, key))

    def was_shown(self, session: Session, person_id: int, version: int) -> bool:
        """Whether a person was shown the notice of a version; only a yes is remembered."""
        key = ("consent", person_id, version)
        if key not in session.info.get("book", {}):
            found = session.scalar(select(Consent.version).where(Consent.person_id == person_id))
            if found != version:
                return False
        return self._keep(session, key, lambda: True)

    def room(self, session: Session, chatid: str) -> Room:
        """Where it is said."""
        return self._keep(session, ("room", chatid), lambda: room_of(session, chatid))

    def place(self, session: Session, unit_id: int) -> Place:
        """A unit as far as rights and names go."""
        return self._keep(session, ("place", unit_id), lambda: place_of(session, unit_id))

    def units(self, session: Session) -> Book:
        """The names of all units in use."""
        return self._keep(session, "units", lambda: _units(session))


def _units(session: Session) -> NameBook:
    aliases = aliases_of(session)
    return NameBook(
        Entry(code, name, tuple(aliases.get(unit_id, ())))
        for unit_id, code, name in session.execute(
            select(Unit.id, Unit.code, Unit.name)
            .where(Unit.state == UnitState.ACTIVE)
            .order_by(Unit.id)
        )
    )


@dataclass(slots=True)
class UnitsOnDemand:
    """A book that is opened only when a field asks for a unit."""

    directory: Directory
    session: Session

    def find(self, text: str) -> Sequence[Named]:
        """Units that ``text`` names exactly."""
        return self.directory.units(self.session).find(text)

    def close(self, text: str) -> Sequence[Named]:
        """Units that ``text`` may mean."""
        return self.directory.units(self.session).close(text)


@dataclass(slots=True)
class People:
    """Active people by userid or exact name; nobody is guessed at.

    Of several with one name the only one in the speaker's own branch (``home``) is meant.
    """

    session: Session
    home: int | None = None

    def find(self, text: str) -> Sequence[Named]:
        """People of that userid or name."""
        rows = self.session.execute(
            select(Person.userid, Person.name, Unit.branch_id)
            .join(Unit, Unit.id == Person.unit_id)
            .where(
                Person.state == PersonState.ACTIVE,
                or_(Person.userid_key == text.strip().lower(), Person.name == text.strip()),
            )
            .order_by(Unit.branch_id.is_not_distinct_from(self.home).desc(), Person.id)
            .limit(AT_MOST)
        ).all()
        near = [row for row in rows if self.home is not None and row.branch_id == self.home]
        return [Named(row.userid, row.name) for row in (near if len(near) == 1 else rows)]

    def close(self, text: str) -> Sequence[Named]:
        """People whose name begins with the text."""
        start = text.strip()
        if not start:
            return ()
        rows = self.session.execute(
            select(Person.userid, Person.name)
            .where(
                Person.state == PersonState.ACTIVE, Person.name.startswith(start, autoescape=True)
            )
            .order_by(Person.id)
            .limit(AT_MOST)
        )
        return [Named(userid, name) for userid, name in rows]
