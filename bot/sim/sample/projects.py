"""One project for each branch, about what it does; 213 of them key projects."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any, Final

from bot.sim.sample.company import Company, Unit
from bot.sim.sample.vocabulary import Theme, themes_of, vocabulary
from models.project import Direction, Grade, Stage

KEY: Final = 213
"""Key projects among the 305 of the published company (DOMAIN.md 2)."""
HALF_A_YEAR: Final = 182
TOWNS: Final = 4
"""Places that a project's reports keep naming."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A project of the sample. ``total`` is how many things there are to be done."""

    branch: Unit
    theme: Theme
    title: str
    grade: Grade
    starts_on: date
    ends_on: date
    total: int
    towns: tuple[str, ...]
    row: dict[str, Any]


def build_projects(company: Company, today: date, seed: int) -> list[Plan]:
    """The projects of the year of ``today``, each begun at least half a year before it."""
    chance = Random(f"projects {seed}")  # noqa: S311  (the same projects every time)
    branches = company.branches
    grades = [Grade.A] * KEY + [Grade.B] * 55
    grades += [Grade.C] * (len(branches) - len(grades))
    chance.shuffle(grades)
    taken: set[str] = set()
    turns: dict[str, Iterator[Theme]] = {}
    plans = []
    for branch, grade in zip(branches, grades, strict=True):
        if branch.field not in turns:
            turns[branch.field] = _in_turn(themes_of(branch.field), chance)
        theme = next(turns[branch.field])
        title = _title(theme, taken, chance)
        plans.append(_plan(company, branch, theme, title, grade, today, chance))
    return plans


def _in_turn(found: Sequence[Theme], chance: Random) -> Iterator[Theme]:
    """Every theme once before one comes again."""
    while True:
        yield from chance.sample(found, len(found))


def _title(theme: Theme, taken: set[str], chance: Random) -> str:
    """A title that no other project has; one that begins with a motto gets no second one."""
    prefixes: list[str] = vocabulary("words")["titles"]["prefixes"]
    while True:
        title = chance.choice(theme.titles)
        quoted = not title[0].isalnum()
        if chance.random() < 0.8:  # noqa: PLR2004  (a fifth stands without a motto)
            title = (prefixes[chance.randrange(2)] if quoted else chance.choice(prefixes)) + title
        if title not in taken:
            taken.add(title)
            return title


def _figure(low: float, high: float, unit: str, chance: Random) -> str:
    value = chance.uniform(low, high)
    return f"{value:.1f}".removesuffix(".0") if unit == "%" else f"{value:.0f}"


def _plan(
    company: Company,
    branch: Unit,
    theme: Theme,
    title: str,
    grade: Grade,
    today: date,
    chance: Random,
) -> Plan:
    year = today.year
    begun = date(year, 1, 1) + timedelta(days=chance.randrange(0, 75))
    starts_on = min(begun, today - timedelta(days=HALF_A_YEAR + chance.randrange(2, 20)))
    ends_on = date(year, *chance.choice(((11, 30), (12, 10), (12, 20), (12, 31), (12, 31))))
    total = chance.randint(*theme.count)
    words = vocabulary("words")["places"]
    towns = tuple(chance.sample(words["towns"], TOWNS))
    if branch.field == "station":
        towns = (branch.place, *towns[1:])
    places = {"total": total, "m": chance.randint(10, 40), "n": chance.randint(3, 9)}
    line = words["line"].format(town=towns[0])
    row = {
        "unit": branch.code,
        "year": year,
        "name": title,
        "business": theme.business,
        "problem": chance.choice(theme.problems).format(**places, line=line),
        "mechanism": chance.choice(theme.mechanisms),
        "indicator": theme.indicator,
        "indicator_unit": theme.unit,
        "baseline": _figure(*theme.base, theme.unit, chance),
        "target": _figure(*theme.goal, theme.unit, chance),
        "direction": Direction(theme.direction),
        "grade": grade,
        "stage": Stage.ONGOING,
        "owner": company.people[branch.code][0].userid,
        "starts_on": starts_on,
        "ends_on": ends_on,
    }
    return Plan(branch, theme, title, grade, starts_on, ends_on, total, towns, row)
