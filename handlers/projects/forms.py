"""The forms of 立项: what a project says, what must hold between it, and what is still missing."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import select

from config.rules import Rules
from config.texts import label, t
from handlers.context import Context
from models.crew import CrewKind, crew_of
from models.forms.field import Answers, Facts, Field, Option, Problem
from models.forms.form import Form
from models.forms.kinds import Choice, Choices, Date, Figure, Schedule, Text
from models.forms.kinds import Unit as UnitField
from models.forms.record import RecordNumber
from models.milestone import milestones_of, points_of
from models.person import Person, PersonState
from models.project import (
    CLARITIES,
    Better,
    Blend,
    Direction,
    Project,
    curve_problem,
    number_in,
    right_side,
)
from models.unit import Place, Unit

CREW: Final = tuple(kind.value for kind in CrewKind)
TEXTS: Final = ("name", "business", "problem", "mechanism", "indicator", "indicator_unit")
FIGURES: Final = ("baseline", "target")
CHOICES: Final = ("better", "direction", "area", "blends", "specialty")
BASIC: Final = (*TEXTS, *FIGURES, *CHOICES)
DETAIL: Final = (*CLARITIES, *CREW, "milestones")
NEEDED: Final = (*BASIC, *CLARITIES, CrewKind.BACKBONE.value, "milestones")
"""What must be there before a project is handed in, by field key."""
_BETWEEN: Final = re.compile(r"[\s、，,；;/]+")


def options_of(kind: type[StrEnum]) -> tuple[Option, ...]:
    """The members of an enum as options of a form."""
    return tuple(Option(member.value, label(member)) for member in kind)


def _listed(names: Sequence[str]) -> tuple[Option, ...]:
    return tuple(Option(name, name) for name in names)


def _basic(rules: Rules) -> tuple[Field[Any], ...]:
    """The five ones and where they belong."""
    return (
        Text(key="name", min_chars=4, max_chars=60),
        Text(key="business", max_chars=60),
        Text(key="problem", min_chars=4, max_chars=300),
        Text(key="mechanism", min_chars=4, max_chars=300),
        Text(key="indicator", max_chars=60),
        Text(key="indicator_unit", max_chars=20),
        Choice(key="better", options=options_of(Better)),
        Figure(key="baseline"),
        Figure(key="target"),
        Choice(key="direction", options=options_of(Direction)),
        Choice(key="area", options=_listed(rules.project.areas)),
        Choices(key="blends", options=options_of(Blend)),
        Choice(key="specialty", options=_listed(tuple(rules.project.specialties))),
        Date(key="starts_on", required=False, aside=True),
        Date(key="ends_on", required=False, aside=True),
    )


def _detail(*, ask: bool) -> tuple[Field[Any], ...]:
    """Five clarities, task force and milestones; the dialogue asks for those that are missing."""
    return (
        *(
            Text(key=key, required=False, aside=not ask, max_chars=500, when=_when(key, ask=ask))
            for key in CLARITIES
        ),
        *(
            Text(key=key, required=False, aside=not ask, max_chars=120, when=_when(key, ask=ask))
            for key in CREW
        ),
        Schedule(
            key="milestones", required=False, aside=not ask, when=_when("milestones", ask=ask)
        ),
    )


def _when(key: str, *, ask: bool) -> Callable[[Answers, Facts], bool] | None:
    """What is there already is not asked for again."""
    return (lambda _, facts: key in facts.get("missing", ())) if ask else None


# Rules between answers


def check_proposal(answers: Answers, facts: Facts) -> Sequence[tuple[str, Problem]]:
    """The target on the better side, days in order and in the year, people who can be found."""
    given = {key: value for key, value in answers.items() if value is not None}
    all_ = {**facts.get("stored", {}), **given}
    problems = [*_check_target(all_), *_check_days(all_, given, facts)]
    for key, names in facts.get("unknown", {}).items():
        problems.append((key, Problem("problem.crew", {"names": "、".join(names)})))
    return problems


def _check_target(values: Mapping[str, Any]) -> list[tuple[str, Problem]]:
    better, baseline, target = (values.get(key) for key in ("better", "baseline", "target"))
    if better is None or baseline is None or target is None:
        return []
    way = Better(better)
    if right_side(baseline, target, way):
        return []
    params = {"baseline": f"{baseline:f}", "target": f"{target:f}", "better": label(way)}
    return [("target", Problem("problem.target", params))]


def _check_days(
    values: Mapping[str, Any], given: Mapping[str, Any], facts: Facts
) -> list[tuple[str, Problem]]:
    year = facts.get("year")
    if year is None:
        return []
    starts, ends = values.get("starts_on"), values.get("ends_on")
    starts, ends = starts or facts["today"], ends or date(year, 12, 31)
    if ends < starts or starts.year != year or ends.year != year:
        key = "ends_on" if "ends_on" in given or "starts_on" not in given else "starts_on"
        return [(key, Problem("problem.project_days", {"year": year}))]
    curve = [(point.day, point.percent) for point in values.get("milestones") or ()]
    if wrong := curve_problem(curve, starts, ends):
        params = {"starts": str(starts), "ends": str(ends)}
        key = "milestones" if "milestones" in given else "starts_on"
        return [(key, Problem(f"problem.milestones.{wrong}", params))]
    return []


def proposal_form(rules: Rules) -> Form:
    """``/立项``: asks for the five ones; pages and sheets hold all the rest too."""
    return Form(
        key="proposal",
        version=1,
        fields=(
            UnitField(key="branch", when=lambda _, facts: bool(facts.get("ask_branch"))),
            *_basic(rules),
            *_detail(ask=False),
        ),
        positional=("name",),
        check=check_proposal,
    )


def revision_form(rules: Rules) -> Form:
    """``/修改立项``: whatever is given takes the place of what was there."""
    return Form(
        key="proposal",
        version=1,
        fields=(
            RecordNumber(key="number", required=False, aside=True),
            *(replace(field, required=False, aside=True) for field in _basic(rules)),
            *_detail(ask=False),
        ),
        positional=("number",),
        check=check_proposal,
    )


CLARITY: Final = Form(
    key="clarity",
    version=1,
    fields=(RecordNumber(key="number", required=False, aside=True), *_detail(ask=True)),
    positional=("number",),
    check=check_proposal,
)
NUMBER: Final = Form(
    key="project_number",
    version=1,
    fields=(RecordNumber(key="number", required=False, aside=True),),
    positional=("number",),
)


def people_in(ctx: Context, text: str, branch: Place) -> tuple[list[int], list[str]]:
    """Ids of the people named in a text, and the names that fit nobody or several.

    Of two with one name the one of the branch is meant.
    """
    ids, unknown = [], []
    for word in dict.fromkeys(part for part in _BETWEEN.split(text) if part):
        rows = ctx.session.execute(
            select(Person.id, Unit.branch_id)
            .join(Unit, Unit.id == Person.unit_id)
            .where(
                Person.state == PersonState.ACTIVE,
                (Person.name == word) | (Person.userid_key == word.lower()),
            )
        ).all()
        near = [row for row in rows if row.branch_id == branch.id] or rows
        if len(near) == 1:
            ids.append(near[0].id)
        else:
            unknown.append(word)
    return ids, unknown


def unknown_people(ctx: Context, answers: Answers, branch: Place) -> Mapping[str, Sequence[str]]:
    """The names of a task force that fit nobody, or several, by field key."""
    found = {}
    for key in CREW:
        if answers.get(key):
            _, names = people_in(ctx, answers[key], branch)
            if names:
                found[key] = names
    return found


def stored_values(ctx: Context, project: Project) -> dict[str, Any]:
    """What a project holds, as the values of the form's fields; empty ones are left out."""
    values: dict[str, Any] = {
        key: getattr(project, key)
        for key in (*TEXTS, *CLARITIES, "area", "specialty", "starts_on", "ends_on")
    }
    values |= {key: number_in(getattr(project, key)) for key in FIGURES}
    values["better"] = project.better.value if project.better else None
    values["direction"] = project.direction.value if project.direction else None
    values["blends"] = tuple(blend.value for blend in project.blended)
    crew = crew_of(ctx.session, project.id)
    values |= {kind.value: "、".join(crew.get(kind, ())) for kind in CrewKind}
    values["milestones"] = points_of(ctx.session, project.id)
    return {key: value for key, value in values.items() if value not in (None, "", ())}


def missing_of(ctx: Context, project: Project) -> list[str]:
    """Keys of what must still be filled in before a project is handed in."""
    stored = stored_values(ctx, project)
    written = {key for key in FIGURES if getattr(project, key)}  # an import may hold words there
    return [key for key in NEEDED if key not in stored and key not in written]


def labels_of(keys: Sequence[str]) -> str:
    """Field keys as their labels."""
    return "、".join(t(f"form.proposal.{key}.label") for key in keys)


def indicator_text(project: Project) -> str:
    """The indicator in one line; empty if there is none."""
    if not project.indicator:
        return ""
    return t(
        "project.indicator",
        name=project.indicator,
        unit=project.indicator_unit,
        baseline=project.baseline,
        target=project.target,
    )


def milestone_lines(ctx: Context, project: Project) -> str:
    """The milestones as lines, with a tick at those that are reached."""
    rows = [
        t(
            "project.milestone_reached" if m.is_reached(project.percent) else "project.milestone",
            day=m.due_on,
            name=m.name,
            percent=f"{m.percent.normalize():f}%",
        )
        for m in milestones_of(ctx.session, project.id)
    ]
    return "\n".join(rows)
