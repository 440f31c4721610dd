"""The tree of units as it will be when a workbook has been taken over, and whether it is one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from config.texts import label
from handlers.imports.sheets import Sheet
from models.forms.typed import fold
from models.unit import BranchType, UnitKind

DEEPEST: Final = 12
"""Levels; the paths of deeper units might not fit their column."""

COMPANY, DEPARTMENT = UnitKind.COMPANY, UnitKind.DEPARTMENT
GENERAL, BRANCH, TEAM = UnitKind.GENERAL_BRANCH, UnitKind.BRANCH, UnitKind.TEAM
ABOVE: Final[Mapping[UnitKind, frozenset[UnitKind]]] = {
    COMPANY: frozenset({COMPANY}),
    DEPARTMENT: frozenset({COMPANY, DEPARTMENT, GENERAL, BRANCH}),
    GENERAL: frozenset({COMPANY, DEPARTMENT}),
    BRANCH: frozenset({COMPANY, DEPARTMENT, GENERAL}),
    TEAM: frozenset(UnitKind),
}
"""What a unit may stand directly below."""


@dataclass(slots=True, eq=False)
class Node:
    """A unit as it will be. ``row`` None: not in the workbook; ``id`` None: not in the database.

    ``parent``  key of the unit above, as it is written (see :meth:`Tree.parent`)
    ``into``    key of the unit it is merged into; ``closed`` then and whenever it was closed
    """

    key: str
    code: str
    name: str
    kind: UnitKind | None
    branch_type: BranchType | None
    parent: str | None
    id: int | None = None
    row: int | None = None
    closed: bool = False
    into: str | None = None


@dataclass(slots=True)
class Tree:
    """All units by key. ``doubtful`` keys stand in faulty rows: known, but nothing more is said."""

    nodes: dict[str, Node] = field(default_factory=dict)
    doubtful: set[str] = field(default_factory=set)

    def settle(self, key: str) -> str:
        """The unit that has taken the place of a merged one, else the unit itself."""
        for _ in range(len(self.nodes)):
            node = self.nodes[key]
            if not node.closed or node.into not in self.nodes:
                break
            key = node.into
        return key

    def parent(self, node: Node) -> Node | None:
        """The unit above, merges followed."""
        if node.parent is None or node.parent not in self.nodes:
            return None
        return self.nodes[self.settle(node.parent)]

    def upwards(self, node: Node) -> Iterator[Node]:
        """The units above, the nearest first; ends where the chain bites its tail."""
        seen = {node.key}
        above = self.parent(node)
        while above is not None and above.key not in seen:
            yield above
            seen.add(above.key)
            above = self.parent(above)


def check_tree(tree: Tree, sheet: Sheet) -> None:
    """Note what would make no tree: cycles, wrong kinds above each other, names twice."""
    _cut_cycles(tree, sheet)
    _Walk(tree, sheet).check()
    _check_names(tree, sheet)


def _cut_cycles(tree: Tree, sheet: Sheet) -> None:
    """Note each cycle once, at its first row, and cut it there so that the rest can be checked."""
    safe: set[str] = set()
    for start in list(tree.nodes.values()):
        trail: dict[str, Node] = {}
        node: Node | None = start
        while node is not None and node.key not in safe and node.key not in trail:
            trail[node.key] = node
            node = tree.parent(node)
        if node is not None and node.key in trail:
            keys = list(trail)
            ring = [trail[key] for key in keys[keys.index(node.key) :]]
            first = min((n for n in ring if n.row is not None), key=lambda n: n.row or 0)
            at = ring.index(first)
            names = [n.name for n in (*ring[at:], *ring[:at], first)]
            sheet.note(first.row or 0, "parent", "imports.unit.cycle", names=" → ".join(names))
            first.parent = None
            tree.doubtful.add(first.key)
        safe.update(trail)


class _Walk:
    """Checks every unit against those above it, each once, from the top down."""

    def __init__(self, tree: Tree, sheet: Sheet) -> None:
        self._tree = tree
        self._sheet = sheet
        self._depth: dict[str, int] = {}
        self._inside: dict[str, str | None] = {}

    def check(self) -> None:
        """Note what is wrong at the row that brings it about."""
        for node in self._tree.nodes.values():
            if not node.closed:
                chain = [node, *self._tree.upwards(node)]
                for one in reversed(chain):
                    if one.key not in self._depth:
                        self._enter(one)

    def _enter(self, node: Node) -> None:
        above = self._tree.parent(node)
        if above is None:
            depth, inside = 1, None
        else:
            depth, inside = self._depth[above.key] + 1, self._inside[above.key]
            if above.kind is BRANCH:
                inside = above.key
            self._judge(node, above, inside)
        self._depth[node.key], self._inside[node.key] = depth, inside
        if depth == DEEPEST + 1:
            self._note(node, "imports.unit.deep", limit=DEEPEST)
        if above is None and node.kind is TEAM and node.key not in self._tree.doubtful:
            self._note(node, "imports.unit.team_alone")

    def _judge(self, node: Node, above: Node, inside: str | None) -> None:
        if node.kind is None or above.kind is None:
            return
        if above.kind not in ABOVE[node.kind]:
            self._note(
                node,
                "imports.unit.wrong_above",
                name=node.name,
                above=above.name,
                above_kind=label(above.kind),
                kind=label(node.kind),
                may="、".join(label(k) for k in UnitKind if k in ABOVE[node.kind]),
            )
        elif node.kind is BRANCH and inside is not None:
            branch = self._tree.nodes[inside].name
            self._note(node, "imports.unit.branch_in_branch", name=node.name, above=branch)

    def _note(self, node: Node, key: str, **params: object) -> None:
        """At the unit's own row, else at the nearest above, else at a merge that leads there."""
        chain = {one.key: one for one in (node, *self._tree.upwards(node))}
        for one in chain.values():
            if one.row is not None:
                column = "parent" if one is node else "kind"
                self._sheet.note(one.row, column, key, **params)
                return
        for one in self._tree.nodes.values():
            if one.row is not None and one.into in chain:
                self._sheet.note(one.row, "into", key, **params)
                return


def _check_names(tree: Tree, sheet: Sheet) -> None:
    """Two units of one name under the same one cannot be told apart by anybody."""
    first: dict[tuple[str, str], Node] = {}
    for node in sorted(tree.nodes.values(), key=lambda n: (n.row is not None, n.row or 0)):
        if node.closed or not node.name or node.key in tree.doubtful:
            continue
        above = tree.parent(node)
        other = first.setdefault((above.key if above else "", fold(node.name)), node)
        if other is not node and node.row is not None:
            sheet.note(node.row, "name", "imports.unit.same_name", name=node.name, code=other.code)
