"""The sheets and columns of the import workbook, and how their rows are read (DESIGN.md 6)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any, Final

from config.texts import t
from handlers.imports import cells
from handlers.imports.cells import CellError, is_blank, is_placeholder
from handlers.imports.table import Cell, Notes, Table
from models.forms.typed import fold
from models.group import Group
from models.person import Person, Role
from models.project import STEPS, Direction, Grade, Project, Stage
from models.unit import BranchType, Unit, UnitAlias, UnitKind

TEXT_CHARS: Final = 2000
"""Longest text of 问题 and 机制."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column; ``read`` turns a cell that is not blank into a value."""

    key: str
    read: Callable[[Cell], Any]
    required: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One row as read. ``faulty`` names the columns whose cells were noted as wrong."""

    row: int
    values: Mapping[str, Any]
    faulty: frozenset[str]

    def get(self, key: str) -> Any:  # noqa: ANN401  (the column says what)
        """The value of a column; None if the cell is blank, wrong, or there is no such column."""
        return self.values.get(key)


@dataclass(slots=True)
class Sheet:
    """A sheet that was found: its table, and which heading stands for which column."""

    key: str
    table: Table
    columns: Sequence[Column]
    headings: Mapping[str, str]
    notes: Notes
    ignored: tuple[str, ...] = ()

    def note(self, row: int, column: str, key: str, /, **params: object) -> None:
        """Note a problem at a row and column (by its key)."""
        heading = self.headings.get(column) or _title(self.key, column)
        self.notes.add((self.table.name, row, heading), key, **params)

    def __iter__(self) -> Iterator[Entry]:
        """The rows, cell by cell; whatever cannot be read is noted."""
        columns = [c for c in self.columns if c.key in self.headings]
        for row, found in self.table.rows:
            mine = [(column, found.get(self.headings[column.key])) for column in columns]
            if not all(is_blank(cell) for _, cell in mine):
                yield self._entry(row, mine)

    def _entry(self, row: int, mine: Sequence[tuple[Column, Cell]]) -> Entry:
        values: dict[str, Any] = {}
        faulty = set()
        for column, cell in mine:
            if is_blank(cell) or (not column.required and is_placeholder(cell)):
                if column.required:
                    faulty.add(column.key)
                    self.note(row, column.key, f"imports.blank.{self.key}.{column.key}")
                continue
            try:
                values[column.key] = column.read(cell)
            except CellError as error:
                faulty.add(column.key)
                self.note(row, column.key, error.key, **error.params)
        return Entry(row, values, frozenset(faulty))


@dataclass(frozen=True, slots=True)
class Book:
    """A workbook as it was recognised. ``sheets`` holds all that are known, absent ones empty.

    ``present``  the keys of those that are there, in the order of the file
    ``ignored``  pairs of sheet and column that are none of ours
    """

    sheets: Mapping[str, Sheet]
    present: tuple[str, ...]
    ignored: tuple[tuple[str, str], ...]
    notes: Notes


def _room(column: Any) -> int:  # noqa: ANN401  (a mapped column of any entity)
    """How many characters a column of the database holds."""
    return int(column.type.length)


def _shape(api_base: str) -> Mapping[str, Sequence[Column]]:
    code = partial(cells.code, _room(Unit.code))

    def line(column: Any) -> Callable[[Cell], str]:  # noqa: ANN401  (a mapped column)
        return partial(cells.line, _room(column))

    def choice(kind: type[StrEnum], family: str) -> Callable[[Cell], StrEnum]:
        return partial(cells.one_of, kind, family)

    return {
        "unit": (
            Column("code", code, required=True),
            Column("name", line(Unit.name), required=True),
            Column("kind", choice(UnitKind, "kind"), required=True),
            Column("type", choice(BranchType, "type")),
            Column("parent", code),
            Column("aliases", partial(cells.names, _room(UnitAlias.alias))),
            Column("into", code),
        ),
        "person": (
            Column("userid", cells.userid, required=True),
            Column("name", partial(cells.name, _room(Person.name)), required=True),
            Column("unit", code, required=True),
            Column("standing", line(Person.standing)),
        ),
        "role": (
            Column("userid", cells.userid, required=True),
            Column("role", choice(Role, "role"), required=True),
            Column("unit", code, required=True),
        ),
        "project": (
            Column("unit", code, required=True),
            Column("year", cells.year, required=True),
            Column("name", line(Project.name), required=True),
            Column("business", line(Project.business)),
            Column("problem", partial(cells.long_text, TEXT_CHARS)),
            Column("mechanism", partial(cells.long_text, TEXT_CHARS)),
            Column("indicator", line(Project.indicator)),
            Column("indicator_unit", line(Project.indicator_unit)),
            Column("baseline", line(Project.baseline)),
            Column("target", line(Project.target)),
            Column("direction", choice(Direction, "direction")),
            Column("grade", choice(Grade, "grade")),
            Column("stage", partial(cells.one_of, Stage, "stage", members=tuple(STEPS))),
            Column("owner", cells.userid),
            Column("starts_on", cells.day),
            Column("ends_on", cells.day),
        ),
        "group": (
            Column("chatid", partial(cells.chatid, _room(Group.chatid)), required=True),
            Column("name", line(Group.name)),
            Column("unit", code, required=True),
            Column("webhook", partial(cells.webhook, _room(Group.webhook), api_base)),
        ),
    }


def _title(sheet: str, column: str) -> str:
    return t(f"imports.column.{sheet}.{column}") if column else ""


def sheet_title(key: str) -> str:
    """The name of a sheet as the contract has it."""
    return t(f"imports.sheet.{key}")


def recognise(tables: Mapping[str, Table], api_base: str) -> Book:
    """Find the known sheets and columns; what is missing or stands twice is noted."""
    notes = Notes(tables)
    shape = _shape(api_base)
    keys = {fold(sheet_title(key)): key for key in shape}
    found: dict[str, Sheet] = {}
    ignored: list[tuple[str, str]] = []
    for name, table in tables.items():
        key = keys.get(fold(name))
        if not table.columns:
            continue  # an empty sheet of a template says nothing
        if key is None:
            ignored.append((name, ""))
        elif key in found:
            notes.add((name, 0, ""), "imports.sheet_twice", first=found[key].table.name)
        else:
            found[key] = _sheet(key, table, shape[key], notes)
            ignored.extend((name, column) for column in found[key].ignored)
    if not found:
        titles = "、".join(sheet_title(key) for key in shape)
        notes.add((next(iter(tables), ""), 0, ""), "imports.no_sheet", sheets=titles)
    absent = Table("", (), ())
    sheets = {key: Sheet(key, absent, columns, {}, notes) for key, columns in shape.items()}
    return Book(sheets | found, tuple(found), tuple(ignored), notes)


def _sheet(key: str, table: Table, columns: Sequence[Column], notes: Notes) -> Sheet:
    known = {fold(_title(key, column.key)): column.key for column in columns}
    headings: dict[str, str] = {}
    ignored = []
    for heading in table.columns:
        name = known.get(fold(heading))
        if name is None:
            if fold(heading):
                ignored.append(heading)
        elif name in headings:
            notes.add((table.name, 1, heading), "imports.column_twice")
        else:
            headings[name] = heading
    sheet = Sheet(key, table, columns, headings, notes, tuple(ignored))
    for column in columns:
        if column.required and column.key not in headings:
            sheet.note(1, column.key, "imports.column_missing", column=_title(key, column.key))
    return sheet
