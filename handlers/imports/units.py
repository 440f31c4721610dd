"""Sheet 单位: the units of a workbook against those that are there."""

from handlers.imports.known import Known, KnownUnit
from handlers.imports.plan import NewUnit, Plan, UnitPlan
from handlers.imports.sheets import Entry, Sheet
from handlers.imports.tree import Node, Tree, check_tree
from models.forms.typed import fold
from models.unit import UnitKind


def check_units(sheet: Sheet, known: Known, plan: Plan) -> Tree:
    """The tree as it will be; what is wrong is noted, what changes goes into the plan."""
    tree = Tree({key: _node(key, unit) for key, unit in known.units.items()})
    entries = _register(sheet, tree)
    for key, entry in list(entries.items()):
        if not _is_open(sheet, tree, known, key, entry):
            del entries[key]
            plan.tally("unit").count(changed=False)
    for key, entry in entries.items():
        _take(sheet, tree, known, key, entry)
    merging = {key for key, entry in entries.items() if entry.get("into")}
    for key in sorted(merging, key=lambda key: entries[key].row):
        _check_merge(sheet, tree, tree.nodes[key], entries[key], merging)
    check_tree(tree, sheet)
    if not sheet.notes:
        _decide(tree, entries, known, plan)
    return tree


def _node(key: str, unit: KnownUnit) -> Node:
    return Node(
        key=key,
        code=unit.code,
        name=unit.name,
        kind=unit.kind,
        branch_type=unit.branch_type,
        parent=unit.parent,
        id=unit.id,
        closed=unit.closed,
        into=unit.into,
    )


def _register(sheet: Sheet, tree: Tree) -> dict[str, Entry]:
    """Rows by key of the unit; from here on a code counts as known, whatever else is wrong."""
    entries: dict[str, Entry] = {}
    for entry in sheet:
        code = entry.get("code")
        if code is None:
            continue
        key = fold(code)
        if key in entries:
            sheet.note(entry.row, "code", "imports.unit.twice", code=code, row=entries[key].row)
            continue
        entries[key] = entry
        if entry.faulty:
            tree.doubtful.add(key)
        tree.nodes.setdefault(
            key, Node(key, code, entry.get("name") or "", None, None, None)
        ).row = entry.row
    return entries


def _is_open(sheet: Sheet, tree: Tree, known: Known, key: str, entry: Entry) -> bool:
    """Whether the row may change the unit. A closed one may only stand there as it was merged."""
    unit = known.units.get(key)
    if unit is None or not unit.closed:
        return True
    tree.nodes[key].row = None
    wanted = fold(entry.get("into") or "")
    if unit.into and wanted in tree.nodes and tree.settle(wanted) == tree.settle(unit.into):
        return False
    if unit.into:
        other = tree.nodes[tree.settle(unit.into)]
        there = {"into": other.name, "code": other.code}
        sheet.note(entry.row, "code", "imports.unit.merged", name=unit.name, **there)
    else:
        sheet.note(entry.row, "code", "imports.unit.closed", name=unit.name)
    return False


def _take(sheet: Sheet, tree: Tree, known: Known, key: str, entry: Entry) -> None:
    """Let the row's values be the node's; blank cells leave what was there."""
    node = tree.nodes[key]
    node.name = entry.get("name") or node.name
    node.kind = None if "kind" in entry.faulty else entry.get("kind") or node.kind
    _take_type(sheet, node, entry)
    parent = entry.get("parent")
    if parent is None:
        if "parent" in entry.faulty:
            tree.doubtful.add(key)
    elif fold(parent) == key:
        sheet.note(entry.row, "parent", "imports.unit.own_parent")
    elif fold(parent) not in tree.nodes:
        sheet.note(entry.row, "parent", "imports.unit.no_parent", code=parent)
        tree.doubtful.add(key)
    else:
        node.parent = fold(parent)
        above = known.units.get(node.parent)
        if above is not None and above.closed and not above.into:
            sheet.note(entry.row, "parent", "imports.unit.parent_closed", name=above.name)


def _take_type(sheet: Sheet, node: Node, entry: Entry) -> None:
    given = entry.get("type")
    if node.kind is UnitKind.BRANCH:
        node.branch_type = given or node.branch_type
        if node.branch_type is None and "type" not in entry.faulty:
            sheet.note(entry.row, "type", "imports.unit.no_type", name=node.name)
    elif node.kind is not None:
        node.branch_type = None
        if given is not None:
            sheet.note(entry.row, "type", "imports.unit.type_here", name=node.name)


def _check_merge(sheet: Sheet, tree: Tree, node: Node, entry: Entry, merging: set[str]) -> None:
    """并入编码: into an open unit of the same kind that is not merged itself."""
    into: str = entry.values["into"]
    other = tree.nodes.get(fold(into))
    if other is None:
        sheet.note(entry.row, "into", "imports.unit.no_into", code=into)
    elif other is node:
        sheet.note(entry.row, "into", "imports.unit.into_itself")
    elif other.key in merging:
        sheet.note(entry.row, "into", "imports.unit.into_merging", name=other.name)
    elif other.closed:
        sheet.note(entry.row, "into", "imports.unit.into_closed", name=other.name)
    elif node in tree.upwards(other):
        sheet.note(entry.row, "into", "imports.unit.into_below", name=other.name)
    elif node.kind and other.kind and node.kind is not other.kind:
        sheet.note(entry.row, "into", "imports.unit.into_kind", name=node.name, into=other.name)
    else:
        node.closed, node.into = True, other.key


def _decide(tree: Tree, entries: dict[str, Entry], known: Known, plan: Plan) -> None:
    """Hold every unit against what is known; top down, so that parents come first."""
    changes, tally = plan.units, plan.tally("unit")
    depth = {key: sum(1 for _ in tree.upwards(tree.nodes[key])) for key in entries}
    for key in sorted(entries, key=depth.__getitem__):
        node, unit = tree.nodes[key], known.units.get(key)
        if unit is None:
            changes.new.append(_new(tree, node))
            tally.new += 1
            changed = False
        else:
            changed = _change(changes, tree, node, unit)
        aliases = entries[key].get("aliases")
        if aliases is not None and frozenset(aliases) != (unit.aliases if unit else frozenset()):
            changes.aliases[key] = aliases
            changed = True
        if node.closed and node.into is not None:
            changes.merges[key] = node.into
            changed = True
        if unit is not None:
            tally.count(changed=changed)


def _new(tree: Tree, node: Node) -> NewUnit:
    if node.kind is None:
        raise ValueError(node.key)  # a row without a kind was noted, and nothing is decided then
    above = tree.parent(node)
    parent = above.key if above else None
    return NewUnit(node.key, node.code, node.name, node.kind, node.branch_type, parent)


def _change(changes: UnitPlan, tree: Tree, node: Node, unit: KnownUnit) -> bool:
    """Whether name, kind, type or place change. A merge above moves what is below by itself."""
    changed = False
    if node.name != unit.name:
        changes.names[node.key] = node.name
        changed = True
    if node.kind and (node.kind, node.branch_type) != (unit.kind, unit.branch_type):
        changes.types[node.key] = (node.kind, node.branch_type)
        changed = True
    above = tree.parent(node)
    before = tree.settle(unit.parent) if unit.parent else None
    if (above.key if above else None) != before:
        changes.moves[node.key] = above.key if above else None
        changed = True
    return changed
