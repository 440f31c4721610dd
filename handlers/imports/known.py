"""What the database holds of everything a workbook mentions, as plain values."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from handlers.imports.cells import CellError, chatid, is_blank, userid, year
from handlers.imports.sheets import Book
from handlers.imports.table import Cell
from models.forms.typed import fold
from models.group import Group
from models.person import Grant, Person, PersonState, Role
from models.project import Project
from models.unit import BranchType, Unit, UnitKind, UnitState, aliases_of

AT_ONCE: Final = 500
"""Keys asked for in one statement; SQLite takes no more than some thousand."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class KnownUnit:
    """A unit in the database. ``parent`` and ``into`` (merged into) are keys."""

    id: int
    code: str
    name: str
    kind: UnitKind
    branch_type: BranchType | None
    parent: str | None
    closed: bool
    into: str | None
    aliases: frozenset[str]


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """A person in the database; ``unit`` is the key of a unit."""

    id: int
    userid: str
    name: str
    unit: str
    standing: str
    left: bool


@dataclass(frozen=True, slots=True)
class KnownGroup:
    """A group in the database; ``unit`` is the key of a unit, if the group is bound."""

    id: int
    name: str
    unit: str | None
    webhook: str


@dataclass(frozen=True, slots=True)
class KnownProject:
    """A project in the database; ``values`` by the names of its columns."""

    id: int
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Units by key (``fold`` of the code), people by userid in lower case, groups by chat id.

    ``grants``    roles held by those people: (userid in lower case, role, key of the unit)
    ``projects``  by key of the branch and year, oldest first
    """

    units: Mapping[str, KnownUnit]
    people: Mapping[str, KnownPerson]
    grants: frozenset[tuple[str, Role, str]]
    projects: Mapping[tuple[str, int], Sequence[KnownProject]]
    groups: Mapping[str, KnownGroup]


def batches(items: Iterable[T], size: int = AT_ONCE) -> Iterator[list[T]]:
    """Items in lists of a size."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch


def read_known(session: Session, book: Book) -> Known:
    """Look up all units, and what else the sheets mention."""
    units = _units(session)
    keys = {unit.id: key for key, unit in units.items()}
    named = {*_cells(book, "person", "userid"), *_cells(book, "role", "userid")}
    named.update(_cells(book, "project", "owner"))
    people = _people(session, {word.lower() for word in _words(named, userid)}, keys)
    years = set(_words(_cells(book, "project", "year"), year))
    chatids = set(_words(_cells(book, "group", "chatid"), _chatid))
    return Known(
        units=units,
        people=people,
        grants=_grants(session, people, keys) if "role" in book.present else frozenset(),
        projects=_projects(session, years, keys),
        groups=_groups(session, chatids, keys),
    )


def _chatid(cell: Cell) -> str:
    return chatid(len(str(cell)), cell)


def _cells(book: Book, sheet: str, column: str) -> Iterator[Cell]:
    found = book.sheets[sheet]
    if heading := found.headings.get(column):
        yield from (row.get(heading) for _, row in found.table.rows)


def _words(found: Iterable[Cell], read: Any) -> Iterator[Any]:  # noqa: ANN401  (a reader of cells)
    """What can be read; what cannot is noted when its row is checked."""
    for cell in found:
        if not is_blank(cell):
            try:
                yield read(cell)
            except CellError:
                continue


def _units(session: Session) -> dict[str, KnownUnit]:
    aliases = aliases_of(session)
    rows = session.execute(
        select(
            Unit.id,
            Unit.code,
            Unit.name,
            Unit.kind,
            Unit.branch_type,
            Unit.parent_id,
            Unit.state,
            Unit.merged_into_id,
        ).order_by(Unit.id)
    ).all()
    keys = {row.id: fold(row.code) for row in rows}
    return {
        keys[row.id]: KnownUnit(
            id=row.id,
            code=row.code,
            name=row.name,
            kind=row.kind,
            branch_type=row.branch_type,
            parent=keys.get(row.parent_id),
            closed=row.state is UnitState.CLOSED,
            into=keys.get(row.merged_into_id),
            aliases=frozenset(aliases.get(row.id, ())),
        )
        for row in rows
    }


def _people(
    session: Session, userids: Iterable[str], keys: Mapping[int, str]
) -> dict[str, KnownPerson]:
    columns = (
        Person.userid_key,
        Person.id,
        Person.userid,
        Person.name,
        Person.unit_id,
        Person.standing,
        Person.state,
    )
    found = {}
    for batch in batches(sorted(userids)):
        rows = session.execute(select(*columns).where(Person.userid_key.in_(batch)))
        for key, person_id, word, name, unit_id, standing, state in rows:
            left = state is PersonState.LEFT
            found[key] = KnownPerson(person_id, word, name, keys[unit_id], standing, left)
    return found


def _grants(
    session: Session, people: Mapping[str, KnownPerson], keys: Mapping[int, str]
) -> frozenset[tuple[str, Role, str]]:
    userids = {person.id: key for key, person in people.items()}
    found: set[tuple[str, Role, str]] = set()
    for batch in batches(userids):
        rows = session.execute(
            select(Grant.person_id, Grant.role, Grant.unit_id).where(Grant.person_id.in_(batch))
        )
        found.update((userids[who], role, keys[unit_id]) for who, role, unit_id in rows)
    return frozenset(found)


def _projects(
    session: Session, years: Iterable[int], keys: Mapping[int, str]
) -> dict[tuple[str, int], list[KnownProject]]:
    table = Project.__table__
    found: dict[tuple[str, int], list[KnownProject]] = {}
    for row in session.execute(
        select(*table.columns).where(Project.year.in_(sorted(years))).order_by(Project.id)
    ):
        project = KnownProject(row.id, dict(row._mapping))  # noqa: SLF001  (SQLAlchemy's public name)
        found.setdefault((keys[row.unit_id], row.year), []).append(project)
    return found


def _groups(
    session: Session, chatids: Iterable[str], keys: Mapping[int, str]
) -> dict[str, KnownGroup]:
    found = {}
    for batch in batches(sorted(chatids)):
        rows = session.execute(
            select(Group.chatid, Group.id, Group.name, Group.unit_id, Group.webhook).where(
                Group.chatid.in_(batch)
            )
        )
        for word, group_id, name, unit_id, hook in rows:
            unit = None if unit_id is None else keys[unit_id]
            found[word] = KnownGroup(group_id, name, unit, hook)
    return found
