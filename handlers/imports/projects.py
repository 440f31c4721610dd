"""Sheet 项目: one active project per branch and year (DOMAIN.md 2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from config.texts import label
from handlers.imports.known import Known, KnownProject
from handlers.imports.people import Roll, unit_of
from handlers.imports.plan import NewProject, Plan, ProjectChange
from handlers.imports.sheets import Entry, Sheet
from handlers.imports.tree import Tree
from models.forms.typed import fold
from models.project import OVER, STEPS, Better, Stage, number_in
from models.unit import UnitKind

TEXTS: Final = (
    "business",
    "problem",
    "mechanism",
    "indicator",
    "indicator_unit",
    "baseline",
    "target",
)
PLAIN: Final = ("name", *TEXTS, "direction", "grade", "stage", "starts_on", "ends_on")
"""Columns that are written as they are read."""


@dataclass(slots=True)
class Draft:
    """A row on its way: the project it is about (None: a new one) and its owner's userid."""

    entry: Entry
    unit: str
    owner: str | None
    known: KnownProject | None = None

    @property
    def is_open(self) -> bool:
        """Whether the project is not concluded once the row is taken over."""
        stage = self.entry.get("stage")
        if stage is None and self.known is not None:
            stage = self.known.values["stage"]
        return stage not in OVER


def check_projects(sheet: Sheet, tree: Tree, roll: Roll, known: Known, plan: Plan) -> None:
    """Rows are held against the projects of their branch and year."""
    drafts: dict[tuple[str, int], list[Draft]] = {}
    for entry in sheet:
        unit = _branch(sheet, entry, tree)
        owner = roll.check(sheet, entry, "owner")
        year, name = entry.get("year"), entry.get("name")
        if unit is not None and year is not None and name is not None:
            drafts.setdefault((unit, year), []).append(Draft(entry, unit, owner))
    for key, rows in drafts.items():
        _match(rows, known.projects.get(key, ()))
        _check_active(sheet, rows, known.projects.get(key, ()))
    for draft in sorted(_all(drafts), key=lambda d: d.entry.row):
        _check_days(sheet, draft)
        _check_stage(sheet, draft)
        _check_open_unit(sheet, draft, tree)
        _decide(plan, draft, known)


def _all(drafts: Mapping[tuple[str, int], Sequence[Draft]]) -> list[Draft]:
    return [draft for rows in drafts.values() for draft in rows]


def _branch(sheet: Sheet, entry: Entry, tree: Tree) -> str | None:
    """The key of the branch; one that was merged keeps its projects, so merges are not followed."""
    code = entry.get("unit")
    node = tree.nodes.get(fold(code)) if code else None
    if node is None:
        return unit_of(sheet, entry, tree)
    if node.kind is not None and node.kind is not UnitKind.BRANCH:
        sheet.note(entry.row, "unit", "imports.project.no_branch", name=node.name)
        return None
    return node.key


def _match(rows: Sequence[Draft], projects: Sequence[KnownProject]) -> None:
    """Which row is about which project: by name first, else the one that is still open."""
    left = list(projects)

    def pair(draft: Draft, candidates: Sequence[KnownProject]) -> None:
        if draft.known is None and candidates:
            draft.known = candidates[0]
            left.remove(candidates[0])

    for draft in rows:
        name = fold(draft.entry.get("name"))
        pair(draft, [p for p in left if fold(p.values["name"]) == name])
    for draft in rows:
        if draft.is_open:
            pair(draft, [p for p in left if p.values["stage"] not in OVER])
    for draft in rows:
        if not draft.is_open:
            pair(draft, left)


def _check_active(sheet: Sheet, rows: Sequence[Draft], projects: Sequence[KnownProject]) -> None:
    """At most one project that is not concluded."""
    taken = {draft.known.id for draft in rows if draft.known}
    others = [p for p in projects if p.id not in taken]
    running = next((p for p in others if p.values["stage"] not in OVER), None)
    first: Draft | None = None
    for draft in rows:
        if not draft.is_open:
            continue
        if first is not None:
            sheet.note(draft.entry.row, "unit", "imports.project.twice", row=first.entry.row)
        elif running is not None:
            name = running.values["name"]
            sheet.note(draft.entry.row, "unit", "imports.project.running", name=name)
        first = first or draft


def _days(draft: Draft) -> tuple[date, date]:
    """First and last day: as written, else as they were, else those of the year."""
    year = draft.entry.get("year")
    before = draft.known.values if draft.known else {}
    start = draft.entry.get("starts_on") or before.get("starts_on") or date(year, 1, 1)
    end = draft.entry.get("ends_on") or before.get("ends_on") or date(year, 12, 31)
    return start, end


def _check_days(sheet: Sheet, draft: Draft) -> None:
    entry = draft.entry
    if entry.faulty & {"starts_on", "ends_on"}:
        return
    start, end = _days(draft)
    year = entry.get("year")
    column = "starts_on" if entry.get("ends_on") is None else "ends_on"
    if end < start:
        sheet.note(entry.row, column, "imports.project.backwards", start=start, end=end)
    elif end < date(year, 1, 1) or start > date(year, 12, 31):
        sheet.note(entry.row, column, "imports.project.other_year", start=start, end=end, year=year)


def _check_stage(sheet: Sheet, draft: Draft) -> None:
    """The four steps are not walked backwards by a workbook; what is over stays so."""
    wanted = draft.entry.get("stage")
    if draft.known is None or wanted is None:
        return
    before, steps = draft.known.values["stage"], list(STEPS)
    if steps.index(wanted) >= steps.index(_step(before)):
        return
    if before in OVER:
        sheet.note(draft.entry.row, "stage", "imports.project.concluded", stage=label(before))
    else:
        sheet.note(
            draft.entry.row,
            "stage",
            "imports.project.stage_back",
            before=label(before),
            stage=label(wanted),
        )


def _step(stage: Stage) -> Stage:
    """The step to which a stage belongs."""
    return next(step for step, stages in STEPS.items() if stage in stages)


def _check_open_unit(sheet: Sheet, draft: Draft, tree: Tree) -> None:
    """A closed branch keeps the projects it had; it gets no others."""
    node = tree.nodes[draft.unit]
    if node.closed and (draft.known is None or _changes(draft, {})):
        sheet.note(draft.entry.row, "unit", "imports.unit_closed", name=node.name)


def _changes(draft: Draft, values: dict[str, Any]) -> dict[str, Any]:
    """Which columns the row changes, put into ``values``; blank cells change nothing."""
    if draft.known is not None:
        for column in PLAIN:
            value = draft.entry.get(column)
            if column == "stage" and value is _step(draft.known.values["stage"]):
                continue  # a step of four says nothing about where inside it a project stands
            if value is not None and value != draft.known.values[column]:
                values[column] = value
    return values


def _better(values: Mapping[str, Any]) -> Better | None:
    """Which way the indicator goes, by the figures that are there."""
    baseline, target = number_in(values["baseline"]), number_in(values["target"])
    if baseline is None or target is None or baseline == target:
        return None
    return Better.UP if target > baseline else Better.DOWN


def _decide(plan: Plan, draft: Draft, known: Known) -> None:
    tally = plan.tally("project")
    entry = draft.entry
    if draft.known is None:
        start, end = _days(draft)
        values = {column: entry.get(column) for column in PLAIN}
        values |= {column: values[column] or "" for column in TEXTS}
        values["better"] = _better(values)
        values |= {"starts_on": start, "ends_on": end, "stage": values["stage"] or Stage.ONGOING}
        tally.new += 1
        plan.new_projects.append(NewProject(draft.unit, entry.get("year"), draft.owner, values))
        return
    values = _changes(draft, {})
    person = known.people.get(draft.owner) if draft.owner else None
    same = draft.owner is None or (
        person is not None and person.id == draft.known.values["owner_id"]
    )
    if values or not same:
        plan.projects.append(ProjectChange(draft.known.id, None if same else draft.owner, values))
    tally.count(changed=bool(values) or not same)
