"""Sheets 人员 and 角色: who is there, and who may do what where."""

from dataclasses import dataclass, field

from handlers.imports.known import Known, KnownPerson
from handlers.imports.plan import NewPerson, PersonChange, Plan
from handlers.imports.sheets import Entry, Sheet
from handlers.imports.tree import Tree
from models.forms.typed import fold
from models.person import Role


@dataclass(slots=True)
class Roll:
    """Everybody a row may name: those of the workbook and, behind them, those in the database."""

    known: Known
    rows: dict[str, int] = field(default_factory=dict)

    def check(self, sheet: Sheet, entry: Entry, column: str) -> str | None:
        """The userid of a cell in lower case, if that person is there; else it is noted."""
        userid = entry.get(column)
        if userid is None:
            return None
        key: str = userid.lower()
        if key not in self.rows:
            person = self.known.people.get(key)
            if person is None:
                sheet.note(entry.row, column, "imports.person.unknown", userid=userid)
                return None
            if person.left:
                sheet.note(entry.row, column, "imports.person.left", name=person.name)
                return None
        return key


def unit_of(sheet: Sheet, entry: Entry, tree: Tree, *, column: str = "unit") -> str | None:
    """The key of the unit a cell names, as it stands after merges; else it is noted."""
    code = entry.get(column)
    if code is None:
        return None
    key = fold(code)
    if key not in tree.nodes:
        sheet.note(entry.row, column, "imports.no_unit", code=code)
        return None
    key = tree.settle(key)
    if tree.nodes[key].closed:
        sheet.note(entry.row, column, "imports.unit_closed", name=tree.nodes[key].name)
        return None
    return key


def check_people(sheet: Sheet, tree: Tree, known: Known, plan: Plan) -> Roll:
    """All people by userid; each stands once."""
    roll = Roll(known)
    for entry in sheet:
        unit = unit_of(sheet, entry, tree)
        userid = entry.get("userid")
        if userid is None:
            continue
        key = userid.lower()
        if key in roll.rows:
            row = roll.rows[key]
            sheet.note(entry.row, "userid", "imports.person.twice", userid=userid, row=row)
            continue
        roll.rows[key] = entry.row
        if unit is not None and entry.get("name"):
            _decide(plan, tree, known.people.get(key), entry, unit)
    return roll


def _decide(plan: Plan, tree: Tree, person: KnownPerson | None, entry: Entry, unit: str) -> None:
    tally = plan.tally("person")
    name, standing = entry.get("name"), entry.get("standing")
    if person is None:
        tally.new += 1
        plan.new_people.append(NewPerson(entry.get("userid"), name, unit, standing or ""))
        return
    if standing is None:
        standing = person.standing
    goes_along = not person.left and tree.settle(person.unit) == unit
    change = PersonChange(
        id=person.id,
        userid=person.userid,
        name=name,
        unit=unit,
        standing=standing,
        name_before=None if name == person.name else person.name,
        unit_before=None if goes_along else person.unit,
        returns=person.left,
    )
    differs = name != person.name or standing != person.standing or not goes_along
    tally.count(changed=differs or person.unit != unit)
    if differs:
        plan.people.append(change)


def check_roles(sheet: Sheet, tree: Tree, roll: Roll, known: Known, plan: Plan) -> None:
    """Roles are only added: whoever is to lose one loses it elsewhere, in the open."""
    seen: dict[tuple[str, Role, str], int] = {}
    for entry in sheet:
        key = roll.check(sheet, entry, "userid")
        role, code = entry.get("role"), entry.get("unit")
        if key is None or role is None or code is None:
            unit_of(sheet, entry, tree)
            continue
        grant = (key, role, fold(code))
        if grant in seen:
            sheet.note(entry.row, "role", "imports.role.twice", row=seen[grant])
        elif grant in known.grants:
            plan.tally("role").count(changed=False)
        elif _may_grant(sheet, entry, tree):
            plan.tally("role").new += 1
            plan.grants.append(grant)
        seen.setdefault(grant, entry.row)


def _may_grant(sheet: Sheet, entry: Entry, tree: Tree) -> bool:
    """Whether the unit is open; a role on a merged one is not carried over by itself."""
    key = unit_of(sheet, entry, tree)
    if key is None:
        return False
    if key != fold(entry.get("unit")):
        node = tree.nodes[key]
        sheet.note(entry.row, "unit", "imports.role.merged", name=node.name, code=node.code)
        return False
    return True
