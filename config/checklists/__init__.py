"""What is looked at in a check of a branch: one list per type, as data beside this module.

An item has a key that never changes (findings point to it), a title, the clause that a notice
quotes, where to look, and a weight; the weights of a list add up to 100. Whoever changes a list
raises its version.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
WHOLE = 100


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to look at."""

    key: str
    title: str
    clause: str
    look: str
    weight: int


@dataclass(frozen=True, slots=True)
class Checklist:
    """The list of one type of branches."""

    type: str
    version: str
    items: tuple[Item, ...]

    @property
    def weights(self) -> Mapping[str, int]:
        """Weight by key."""
        return {item.key: item.weight for item in self.items}

    def item(self, key: str) -> Item | None:
        """The item of a key."""
        return next((item for item in self.items if item.key == key), None)


def read_checklist(path: Path) -> Checklist:
    """One file; ``ValueError`` if a key stands twice or the weights do not add up to 100."""
    table = tomllib.loads(path.read_text("utf-8"))
    items = tuple(Item(**row) for row in table["items"])
    if len({item.key for item in items}) != len(items):
        raise ValueError(f"{path.name}: a key stands twice")
    if sum(item.weight for item in items) != WHOLE:
        raise ValueError(f"{path.name}: the weights do not add up to {WHOLE}")
    return Checklist(path.stem, table["version"], items)


@cache
def checklists() -> Mapping[str, Checklist]:
    """All lists, by type of branch (``service`` …)."""
    found = [read_checklist(path) for path in sorted(FOLDER.glob("*.toml"))]
    return {checklist.type: checklist for checklist in found}
