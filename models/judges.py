"""Who judges a project: the specialist department on one side, the party office on the other.

Nobody judges the project of the own branch (DOMAIN.md 2: 双向打分, 审批). Where that leaves nobody,
because the department's or the party office's own branch is concerned, the next in the line stands
in: the party office for the specialists, the committee secretary for either.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from models.person import Grant, Person, PersonState, Role
from models.unit import Place, Unit, UnitState, covers, upwards


class Side(StrEnum):
    """The two sides of a judgement; each looks at one thing only."""

    BUSINESS = "business"  # 专业部门: support to the central work
    PARTY = "party"  # 党建部: the role of the party carrier


_LINES: Final = {
    Side.BUSINESS: (Role.SPECIALIST, Role.PARTY_OFFICE, Role.COMMITTEE_SECRETARY),
    Side.PARTY: (Role.PARTY_OFFICE, Role.COMMITTEE_SECRETARY),
}
"""Who judges on each side; the next only where nobody before may."""


@dataclass(frozen=True, slots=True)
class _Holder:
    """Somebody with a role: on which unit, and where that person belongs."""

    person_id: int
    role: Role
    over: str
    home: str
    branch_id: int | None


class Judges:
    """The people who may judge, looked up once for many projects."""

    def __init__(self, holders: Iterable[_Holder]) -> None:
        self._holders: dict[Role, dict[str, list[_Holder]]] = {}
        for holder in holders:
            self._holders.setdefault(holder.role, {}).setdefault(holder.over, []).append(holder)
        self._specialists: dict[str, Sequence[_Holder]] = {}

    @classmethod
    def read(cls, session: Session, unit_ids: Collection[int] | None = None) -> "Judges":
        """Those with a role on one of these units, or all there are."""
        home = aliased(Unit)
        query = (
            select(Person.id, Grant.role, Unit.path, home.path, home.branch_id)
            .join(Grant, Grant.person_id == Person.id)
            .join(Unit, Unit.id == Grant.unit_id)
            .join(home, home.id == Person.unit_id)
            .where(
                Grant.role.in_([Role.SPECIALIST, Role.PARTY_OFFICE, Role.COMMITTEE_SECRETARY]),
                Person.state == PersonState.ACTIVE,
                Unit.state == UnitState.ACTIVE,
            )
            .order_by(Person.id)
        )
        if unit_ids is not None:
            query = query.where(Grant.unit_id.in_(unit_ids))
        return cls(_Holder(*row) for row in session.execute(query))

    @classmethod
    def over(cls, session: Session, branch: Place, department: Place | None) -> "Judges":
        """Those who stand above one branch, or in the department its project is routed to."""
        paths = branch.path + (department.path if department else "")
        return cls.read(session, {int(part) for part in paths.split("/") if part})

    def of(self, side: Side, branch: Place, department: Place | None) -> Sequence[int]:
        """Ids of the people who may judge a branch's project on one side, the nearest first.

        ``department`` narrows the specialists to those who belong to it, or hold the role on it,
        if it has any.
        """
        return list(
            dict.fromkeys(holder.person_id for holder in self._of(side, branch, department))
        )

    def nearest(self, side: Side, branch: Place, department: Place | None) -> tuple[int, ...]:
        """Those of them who stand nearest above the branch: who is asked to do it."""
        found = self._of(side, branch, department)
        return tuple(
            dict.fromkeys(
                holder.person_id for holder in found if len(holder.over) == len(found[0].over)
            )
        )

    def _of(self, side: Side, branch: Place, department: Place | None) -> Sequence[_Holder]:
        for role in _LINES[side]:
            above = self._holders.get(role, {})
            found = [one for path in upwards(branch.path) for one in above.get(path, ())]
            if role is Role.SPECIALIST and department is not None:
                found = list(dict.fromkeys([*found, *self._within(department)]))
                found = [one for one in found if _belongs(one, department)] or found
            others = [holder for holder in found if holder.branch_id != branch.id]
            if others:
                return sorted(others, key=lambda holder: (-len(holder.over), holder.person_id))
        return ()

    def _within(self, department: Place) -> Sequence[_Holder]:
        """Specialists who hold the role in a department or below it."""
        if department.path not in self._specialists:
            self._specialists[department.path] = [
                holder
                for path, holders in self._holders.get(Role.SPECIALIST, {}).items()
                if covers(department.path, path)
                for holder in holders
            ]
        return self._specialists[department.path]


def _belongs(holder: _Holder, department: Place) -> bool:
    return covers(department.path, holder.home) or covers(department.path, holder.over)
