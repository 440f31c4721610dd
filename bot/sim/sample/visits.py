"""A year of visits, and what was brought home from them."""

from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import insert, select

from bot.sim.sample.scene import Scene, numbers
from bot.sim.sample.vocabulary import vocabulary
from models.person import Role
from models.unit import Unit
from models.visit import PointKind, Visit, VisitPoint, VisitState

VISITS: Final = 831
"""As published (DOMAIN.md 8); the suggestions heard there are told in ``suggestions``."""
PROBLEMS: Final = 73
UNSEEN: Final = 0.07
"""Share of the branches that nobody visited this year."""


def write_visits(scene: Scene) -> None:
    """A year of visits by those who lead; a few branches were seen by nobody."""
    chance, today = scene.chance, scene.now.astimezone(scene.zone).date()
    branches = list(scene.branches.values())
    unseen = set(chance.sample(range(len(branches)), round(UNSEEN * len(branches))))
    seen = [branch for at, branch in enumerate(branches) if at not in unseen]
    first = date(today.year, 1, 1)
    days = sorted(
        first + timedelta(days=chance.randrange(max((today - first).days, 1)))
        for _ in range(VISITS)
    )
    calendar = scene.context(scene.now).calendar
    rows: list[dict[str, Any]] = []
    for number, day in enumerate(days):
        branch = seen[number % len(seen)] if number < len(seen) else chance.choice(seen)
        visitors = scene.office(branch.path, Role.COMMITTEE_SECRETARY, Role.PARTY_OFFICE)
        worked = calendar.on_or_before(day)
        if worked < first or not visitors:
            worked = calendar.on_or_after(first)
        rows.append(_visit(scene, branch, chance.choice(visitors), worked))
    rows.sort(key=lambda row: row["at"])
    for row, name in zip(rows, numbers(scene, "ZF", rows), strict=True):
        row["number"] = name
    scene.session.execute(
        insert(Visit), [{k: v for k, v in row.items() if k != "at"} for row in rows]
    )
    _brought_home(scene)


def _visit(scene: Scene, branch: Unit, visitor: int, day: date) -> dict[str, Any]:
    chance, words = scene.chance, vocabulary("checks")["visits"]
    topics = ("look_meeting", "look_project", "ask_need", "ask_hard", "care_front")
    chosen = chance.sample(topics, chance.randint(1, 3))
    moment = scene.at(day, chance.choice((10, 11, 15, 16, 17)))
    return {
        "branch_id": branch.id,
        "visitor_id": visitor,
        "state": VisitState.MADE,
        "visited_on": day,
        "entered_at": moment,
        "at": moment,
        "said": chance.choice(words["said"]),
        "answers": {key: chance.choice(words[key]) for key in chosen},
    }


def _brought_home(scene: Scene) -> None:
    """Problems that were seen; what people wished for comes with the suggestions."""
    chance, words = scene.chance, vocabulary("checks")["visits"]
    ids = list(scene.session.scalars(select(Visit.id).order_by(Visit.id)))
    rows = [
        {
            "visit_id": visit,
            "ordinal": 1,
            "kind": PointKind.PROBLEM,
            "said": chance.choice(words["problems"]),
            "record": "",
        }
        for visit in sorted(chance.sample(ids, min(PROBLEMS, len(ids))))
    ]
    scene.session.execute(insert(VisitPoint), rows)
