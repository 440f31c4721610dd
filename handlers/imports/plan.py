"""What an import will write, as values: checked, complete, and the same whenever it is applied."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from models.person import Role
from models.unit import BranchType, UnitKind


@dataclass(slots=True)
class Tally:
    """How many rows of a sheet were new, changed something, or said what was known."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0

    def count(self, *, changed: bool) -> None:
        """Count a row about something that was there before."""
        if changed:
            self.changed += 1
        else:
            self.unchanged += 1


@dataclass(frozen=True, slots=True)
class NewUnit:
    """A unit to be created; ``parent`` is the key of a unit that may be new as well."""

    key: str
    code: str
    name: str
    kind: UnitKind
    branch_type: BranchType | None
    parent: str | None


@dataclass(slots=True)
class UnitPlan:
    """Changes of units by key. ``new`` and ``moves`` stand from the top of the tree downwards."""

    new: list[NewUnit] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    types: dict[str, tuple[UnitKind, BranchType | None]] = field(default_factory=dict)
    moves: dict[str, str | None] = field(default_factory=dict)
    merges: dict[str, str] = field(default_factory=dict)
    aliases: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NewPerson:
    """A person to be created, in the unit of a key."""

    userid: str
    name: str
    unit: str
    standing: str


@dataclass(frozen=True, slots=True)
class PersonChange:
    """A person as to be. ``name_before`` and ``unit_before`` are None where nothing changes."""

    id: int
    userid: str
    name: str
    unit: str
    standing: str
    name_before: str | None = None
    unit_before: str | None = None
    returns: bool = False


@dataclass(frozen=True, slots=True)
class NewProject:
    """A project to be created; ``owner`` is a userid in lower case."""

    unit: str
    year: int
    owner: str | None
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ProjectChange:
    """Columns of a project that change; ``owner`` only if it does."""

    id: int
    owner: str | None
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A group as to be; ``id`` None: it is new. ``binds``: its unit changes."""

    id: int | None
    chatid: str
    name: str
    unit: str
    webhook: str
    binds: bool


@dataclass(slots=True)
class Plan:
    """Everything to be written. ``tallies`` by key of the sheet."""

    units: UnitPlan = field(default_factory=UnitPlan)
    new_people: list[NewPerson] = field(default_factory=list)
    people: list[PersonChange] = field(default_factory=list)
    grants: list[tuple[str, Role, str]] = field(default_factory=list)
    new_projects: list[NewProject] = field(default_factory=list)
    projects: list[ProjectChange] = field(default_factory=list)
    groups: list[GroupRow] = field(default_factory=list)
    tallies: dict[str, Tally] = field(default_factory=dict)

    def tally(self, sheet: str) -> Tally:
        """The count of a sheet."""
        return self.tallies.setdefault(sheet, Tally())

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to write."""
        return not any(tally.new or tally.changed for tally in self.tallies.values())


@dataclass(frozen=True, slots=True)
class Summary:
    """What an import did. ``sheets`` by the sheet's name; ``ignored`` pairs of sheet and column.

    An empty column in ``ignored`` means that the whole sheet is none of ours.
    """

    sheets: Mapping[str, Tally]
    ignored: tuple[tuple[str, str], ...]
