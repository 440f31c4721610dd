"""Writing a checked plan: few statements, however many rows; all of it in one transaction."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any, Final

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from config.texts import t
from handlers.imports.known import AT_ONCE, Known, batches
from handlers.imports.plan import GroupRow, NewUnit, PersonChange, Plan, UnitPlan
from models.directory import touch_organisation
from models.group import Group
from models.history import Change
from models.likeness import let_be_found
from models.number import next_numbers
from models.person import Grant, Person, PersonState
from models.project import Project, ProjectStep
from models.reorganise import (
    Act,
    absorb_unit,
    person_change,
    place_unit,
    remember,
    rename_unit,
    retype_unit,
    unit_change,
)
from models.unit import Unit, UnitAlias, UnitKind, UnitState

ROWS: Final = 5_000
"""Rows written in one statement."""


@dataclass(slots=True)
class _Writer:
    """One plan on its way into the database. ``ids`` of units grow by what is created."""

    session: Session
    plan: Plan
    known: Known
    act: Act
    today: date
    ids: dict[str, int]
    codes: dict[str, str]

    def rows(self, table: Any, values: Iterable[Mapping[str, Any]]) -> None:  # noqa: ANN401
        """Insert rows, so many at a time that memory does not grow with their number."""
        for batch in batches(values, ROWS):
            self.session.connection().execute(insert(table), [dict(row) for row in batch])

    def update_rows(self, table: Any, values: Iterable[Mapping[str, Any]]) -> None:  # noqa: ANN401
        """Update rows by ``id``; rows with the same columns go together."""
        for batch in batches(values, ROWS):
            for names, rows in groupby(sorted(batch, key=sorted), key=sorted):
                columns: dict[str, Any] = {
                    name: bindparam(f"new_{name}") for name in names if name != "id"
                }
                self.session.connection().execute(
                    update(table).where(table.c.id == bindparam("new_id")).values(columns),
                    [{f"new_{name}": value for name, value in row.items()} for row in rows],
                )


def apply(session: Session, plan: Plan, known: Known, *, act: Act, today: date) -> None:
    """Write everything and let every process read the organisation anew; nothing if nothing is new.

    ``today`` (local) becomes ``opened_on`` of units that are added to a database that has some.
    """
    if plan.is_empty:
        return
    ids = {key: unit.id for key, unit in known.units.items()}
    codes = {key: unit.code for key, unit in known.units.items()}
    codes |= {unit.key: unit.code for unit in plan.units.new}
    writer = _Writer(session, plan, known, act, today, ids, codes)
    _create_units(writer, plan.units.new)
    _change_units(writer, plan.units)
    _write_aliases(writer, plan.units)
    _write_people(writer)
    _write_roles_and_projects(writer)
    _write_groups(writer, plan.groups)
    for key, into in plan.units.merges.items():
        absorb_unit(session, ids[key], ids[into], act)
    session.expire_all()
    touch_organisation(session)


def _create_units(writer: _Writer, units: Sequence[NewUnit]) -> None:
    """Insert all, then hang them up: ids, and with them paths, are known only afterwards."""
    first = not writer.known.units
    table = Unit.__table__
    connection = writer.session.connection()
    for batch in batches(units, ROWS):
        rows = [
            {
                "code": unit.code,
                "name": unit.name,
                "kind": unit.kind,
                "branch_type": unit.branch_type,
                "path": "",
                "state": UnitState.ACTIVE,
                "opened_on": None if first else writer.today,
            }
            for unit in batch
        ]
        statement = insert(Unit).returning(Unit.code, Unit.id)
        made = dict(connection.execute(statement, rows).all())
        writer.ids.update({unit.key: made[unit.code] for unit in batch})
    writer.update_rows(table, _places(writer, units))
    if not first:
        created = ({"name": unit.name, "kind": unit.kind.value} for unit in units)
        remember(
            writer.session,
            writer.act,
            [
                unit_change(unit.code, Change.CREATED, {}, after)
                for unit, after in zip(units, created, strict=True)
            ],
        )


def _places(writer: _Writer, units: Sequence[NewUnit]) -> Iterator[dict[str, Any]]:
    """Parent, path and branch of new units, which stand from the top downwards."""
    known = writer.known.units
    above = {known[unit.parent].id for unit in units if unit.parent and unit.parent in known}
    spots: dict[int | None, tuple[str, int | None]] = {None: ("/", None)}
    for batch in batches(sorted(above), AT_ONCE):
        for unit_id, path, branch_id in writer.session.execute(
            select(Unit.id, Unit.path, Unit.branch_id).where(Unit.id.in_(batch))
        ):
            spots[unit_id] = (path, branch_id)
    for unit in units:
        unit_id = writer.ids[unit.key]
        parent_id = writer.ids[unit.parent] if unit.parent else None
        path, branch_id = spots[parent_id]
        if unit.kind is UnitKind.BRANCH:
            branch_id = unit_id
        spots[unit_id] = (f"{path}{unit_id}/", branch_id)
        yield {
            "id": unit_id,
            "parent_id": parent_id,
            "path": f"{path}{unit_id}/",
            "branch_id": branch_id,
        }


def _change_units(writer: _Writer, changes: UnitPlan) -> None:
    """Names and kinds first, then places from the top downwards, so that no step makes a ring."""
    for key, name in changes.names.items():
        rename_unit(writer.session, writer.ids[key], name, writer.act)
    for key, (kind, branch_type) in changes.types.items():
        retype_unit(writer.session, writer.ids[key], kind, branch_type, writer.act)
    for key, parent in changes.moves.items():
        parent_id = writer.ids[parent] if parent else None
        place_unit(writer.session, writer.ids[key], parent_id, writer.act)


def _write_aliases(writer: _Writer, changes: UnitPlan) -> None:
    """The aliases of a row take the place of those the unit had."""
    had = [
        writer.ids[key]
        for key in changes.aliases
        if key in writer.known.units and writer.known.units[key].aliases
    ]
    for batch in batches(had, AT_ONCE):
        writer.session.execute(delete(UnitAlias).where(UnitAlias.unit_id.in_(batch)))
    writer.rows(
        UnitAlias,
        (
            {"unit_id": writer.ids[key], "alias": alias}
            for key, aliases in changes.aliases.items()
            for alias in aliases
        ),
    )


def _write_people(writer: _Writer) -> None:
    plan = writer.plan
    writer.rows(
        Person,
        (
            {
                "userid": person.userid,
                "userid_key": person.userid.lower(),
                "name": person.name,
                "unit_id": writer.ids[person.unit],
                "standing": person.standing,
                "state": PersonState.ACTIVE,
            }
            for person in plan.new_people
        ),
    )
    writer.update_rows(
        Person.__table__,
        (
            {
                "id": person.id,
                "name": person.name,
                "unit_id": writer.ids[person.unit],
                "standing": person.standing,
                "state": PersonState.ACTIVE,
                "left_at": None,
            }
            for person in plan.people
        ),
    )
    for batch in batches(plan.people, ROWS):
        changes = [change for person in batch for change in _person_changes(writer, person)]
        remember(writer.session, writer.act, changes)


def _person_changes(writer: _Writer, person: PersonChange) -> Iterator[dict[str, Any]]:
    if person.returns:
        yield person_change(person.userid, Change.RETURNED, {}, {"unit": writer.codes[person.unit]})
    elif person.unit_before is not None:
        before = {"unit": writer.codes[person.unit_before]}
        yield person_change(
            person.userid, Change.MOVED, before, {"unit": writer.codes[person.unit]}
        )
    if person.name_before is not None:
        before = {"name": person.name_before}
        yield person_change(person.userid, Change.RENAMED, before, {"name": person.name})


def _write_roles_and_projects(writer: _Writer) -> None:
    plan = writer.plan
    named = {userid for userid, _, _ in plan.grants}
    named.update(project.owner for project in plan.new_projects if project.owner)
    named.update(change.owner for change in plan.projects if change.owner)
    people = _person_ids(writer, named)
    writer.rows(
        Grant,
        (
            {"person_id": people[userid], "role": role, "unit_id": writer.ids[unit]}
            for userid, role, unit in plan.grants
        ),
    )
    by_year = sorted(plan.new_projects, key=lambda project: project.year)
    made: list[str] = []
    for year, projects in groupby(by_year, key=lambda project: project.year):
        rows = [
            {
                **project.values,
                "unit_id": writer.ids[project.unit],
                "year": year,
                "owner_id": people[project.owner] if project.owner else None,
            }
            for project in projects
        ]
        numbers = next_numbers(writer.session, "XM", year, len(rows))
        made += numbers
        writer.rows(
            Project,
            ({**row, "number": number} for row, number in zip(rows, numbers, strict=True)),
        )
    _note_steps(writer, made)
    writer.update_rows(
        Project.__table__,
        (
            {"id": change.id, **change.values}
            | ({"owner_id": people[change.owner]} if change.owner else {})
            for change in plan.projects
        ),
    )


def _note_steps(writer: _Writer, numbers: Sequence[str]) -> None:
    """Write down where new projects stand, and which step others take by this import."""
    more = {"at": writer.act.now, "person_id": None, "note": t("imports.step")}
    for batch in batches(numbers):
        rows = writer.session.execute(
            select(Project.id, Project.stage).where(Project.number.in_(batch))
        ).all()
        let_be_found(writer.session, [row.id for row in rows])
        new = ({"project_id": row.id, "before": None, "after": row.stage, **more} for row in rows)
        writer.rows(ProjectStep, list(new))
    let_be_found(writer.session, [change.id for change in writer.plan.projects])
    stood = {p.id: p.values["stage"] for rows in writer.known.projects.values() for p in rows}
    moved = (
        {"project_id": change.id, "before": stood[change.id], "after": stage, **more}
        for change in writer.plan.projects
        if (stage := change.values.get("stage")) is not None
    )
    writer.rows(ProjectStep, moved)


def _person_ids(writer: _Writer, userids: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for batch in batches(sorted(userids), AT_ONCE):
        rows = writer.session.execute(
            select(Person.userid_key, Person.id).where(Person.userid_key.in_(batch))
        )
        found.update(rows.all())
    return found


def _write_groups(writer: _Writer, groups: Sequence[GroupRow]) -> None:
    """A group is bound from now on if it was not, or to another unit."""

    def values(row: GroupRow) -> dict[str, Any]:
        unit_id = writer.ids[row.unit]
        bound = {"unit_id": unit_id, "bound_at": writer.act.now, "bound_by_id": None}
        changes = {"name": row.name, "webhook": row.webhook}
        return {**changes, **bound} if row.binds else changes

    new = [row for row in groups if row.id is None]
    writer.rows(Group, ({**values(row), "chatid": row.chatid} for row in new))
    writer.update_rows(
        Group.__table__, ({"id": row.id, **values(row)} for row in groups if row.id is not None)
    )
