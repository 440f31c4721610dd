"""The company as the stories of the sample need it: who there is, what time it is, chance."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.rules import default_rules
from handlers.context import Context
from models.directory import Directory
from models.number import next_numbers
from models.person import Grant, Person, Role
from models.unit import Unit, UnitKind, upwards


def view(session: Session, moment: datetime, zone: ZoneInfo) -> Context:
    """The product's view at a moment (aware)."""
    return Context(
        session=session,
        now=moment,
        zone=zone,
        rules=default_rules(),
        directory=Directory(),
        token=str,
        link=lambda path, _: path,
    )


@dataclass
class Scene:
    """The company as the stories need it, read once."""

    session: Session
    now: datetime
    zone: ZoneInfo
    chance: Random
    branches: Mapping[int, Unit] = field(default_factory=dict)
    crews: Mapping[int, list[int]] = field(default_factory=dict)
    holders: Mapping[tuple[Role, str], list[int]] = field(default_factory=dict)

    def context(self, moment: datetime) -> Context:
        """The product's view at a moment (aware)."""
        return view(self.session, moment, self.zone)

    def at(self, day: date, hour: int) -> datetime:
        """Some minute of an hour of a day, in UTC."""
        minute = self.chance.randrange(60)
        return datetime.combine(day, time(hour, minute), self.zone).astimezone(UTC)

    def office(self, path: str, *roles: Role) -> list[int]:
        """The nearest holders of one of the roles above a unit."""
        for above in upwards(path):
            found = [who for role in roles for who in self.holders.get((role, above), ())]
            if found:
                return found
        return []


def read_company(scene: Scene) -> None:
    """Branches, their people (the secretary first), and who holds which role where."""
    units = scene.session.scalars(select(Unit).order_by(Unit.path)).all()
    scene.branches = {unit.id: unit for unit in units if unit.kind is UnitKind.BRANCH}
    crews: dict[int, list[int]] = {}
    homes = {unit.id: unit.branch_id for unit in units}
    for person, unit in scene.session.execute(
        select(Person.id, Person.unit_id).order_by(Person.id)
    ):
        branch = homes[unit]
        if branch is not None:
            crews.setdefault(branch, []).append(person)
    scene.crews = crews
    paths = {unit.id: unit.path for unit in units}
    holders: dict[tuple[Role, str], list[int]] = {}
    for person, role, unit in scene.session.execute(
        select(Grant.person_id, Grant.role, Grant.unit_id).order_by(Grant.id)
    ):
        holders.setdefault((role, paths[unit]), []).append(person)
    scene.holders = holders


def bare(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row without what is only for the story."""
    return {key: value for key, value in row.items() if not key.startswith("_")}


def numbers(scene: Scene, prefix: str, rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """A number for each row, by the year of its moment; rows are in order of time."""
    years = [row["at"].astimezone(scene.zone).year for row in rows]
    dealt = {
        year: iter(next_numbers(scene.session, prefix, year, years.count(year)))
        for year in sorted(set(years))
    }
    return (next(dealt[year]) for year in years)
