"""Whose a duty is: its owners, or the nearest holders of a role above where it lies."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from handlers.duty import Duty
from models.person import Grant, Member, Person, PersonState, Role
from models.unit import Unit, UnitState, covers, inside, upwards

AT_ONCE = 500
"""Ids in one statement; both databases limit their parameters."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Somebody who may owe something."""

    id: int
    userid: str


class Owners:
    """Looked up for many duties at once; good for one transaction's view of the organisation."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._people: dict[int, Owner | None] = {}
        self._holders: dict[Role, Mapping[str, list[Owner]]] = {}

    def knowing(self, *roles: Role) -> "Owners":
        """Read who holds these roles now, so that ``nearest`` asks no database for them later."""
        for role in roles:
            self._holding(role)
        return self

    def of_all(self, duties: Sequence[Duty]) -> list[Sequence[Owner]]:
        """The owners of each duty, in the same order."""
        self._read({person for duty in duties for person in duty.owners})
        return [self.of(duty) for duty in duties]

    def of(self, duty: Duty) -> Sequence[Owner]:
        """Who owes a duty: those named that are still here, else whoever it falls to."""
        if not duty.owners:
            return self.nearest(duty.role, duty.unit_path)
        self._read(duty.owners)
        here = [owner for person in duty.owners if (owner := self._people[person]) is not None]
        return here or self.nearest(Role.SECRETARY, duty.unit_path)

    def home(self, role: Role, path: str) -> str:
        """The path of the nearest unit above on which somebody holds a role; empty if none."""
        holders = self._holding(role)
        return next((above for above in upwards(path) if above in holders), "")

    def nearest(self, role: Role, path: str) -> Sequence[Owner]:
        """The holders of a role on the unit of a path or the nearest one above."""
        return self._holding(role).get(self.home(role, path), ())

    def _read(self, ids: Iterable[int]) -> None:
        missing = [person for person in ids if person not in self._people]
        self._people.update(dict.fromkeys(missing))
        for start in range(0, len(missing), AT_ONCE):
            rows = self._session.execute(
                select(Person.id, Person.userid).where(
                    Person.id.in_(missing[start : start + AT_ONCE]),
                    Person.state == PersonState.ACTIVE,
                )
            )
            self._people.update({row.id: Owner(row.id, row.userid) for row in rows})

    def _holding(self, role: Role) -> Mapping[str, list[Owner]]:
        if role not in self._holders:
            nearest: dict[str, list[Owner]] = {}
            for person_id, userid, path in self._session.execute(
                select(Person.id, Person.userid, Unit.path)
                .join(Grant, Grant.person_id == Person.id)
                .join(Unit, Unit.id == Grant.unit_id)
                .where(
                    Grant.role == role,
                    Person.state == PersonState.ACTIVE,
                    Unit.state == UnitState.ACTIVE,
                )
                .order_by(Person.id)
            ):
                nearest.setdefault(path, []).append(Owner(person_id, userid))
            self._holders[role] = nearest
        return self._holders[role]


class Own:
    """Whether duties are one person's, without reading the whole organisation."""

    def __init__(self, session: Session, member: Member, branch_path: str) -> None:
        self._session = session
        self._member = member
        self._branch_path = branch_path
        self._below: dict[Role, frozenset[str]] = {}
        self._here: dict[int, bool] = {}

    def concerns(self, duty: Duty) -> bool:
        """Whether the member owes it, or may do it for the own branch."""
        if self._member.id in duty.owners:
            return True
        if duty.shared and self._branch_path and covers(self._branch_path, duty.unit_path):
            return True
        if not duty.owners:
            return self._is_nearest(duty.role, duty.unit_path)
        return self._is_nearest(Role.SECRETARY, duty.unit_path) and not self._any_here(duty.owners)

    def _is_nearest(self, role: Role, path: str) -> bool:
        """Whether the member holds the role above a path and nobody holds it nearer."""
        if not self._member.has(role, over=path):
            return False
        if role not in self._below:
            powers = self._member.paths(role)
            rows = self._session.scalars(
                select(Unit.path)
                .join(Grant, Grant.unit_id == Unit.id)
                .join(Person, Person.id == Grant.person_id)
                .where(
                    Grant.role == role,
                    Person.state == PersonState.ACTIVE,
                    Unit.state == UnitState.ACTIVE,
                    *([inside(powers[0])] if len(powers) == 1 else ()),
                )
            )
            self._below[role] = frozenset(rows)
        held = self._below[role]
        nearest = next((above for above in upwards(path) if above in held), "")
        return nearest in self._member.paths(role)

    def _any_here(self, ids: Sequence[int]) -> bool:
        for person in ids:
            if person not in self._here:
                state = self._session.scalar(select(Person.state).where(Person.id == person))
                self._here[person] = state is PersonState.ACTIVE
        return any(self._here[person] for person in ids)
