"""Coverage of talks 谈话覆盖: whom the secretaries of a branch talked with; counts and days only.

Counted are the active people of a branch except its secretaries, and talks led by a secretary over
the branch (DOMAIN.md 5).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Subquery, and_, case, exists, func, select
from sqlalchemy.orm import Session

from models.person import Grant, Person, PersonState, Role
from models.talk import Talk
from models.unit import Unit, UnitState, inside


def _people() -> Subquery:
    leads = exists().where(
        Grant.person_id == Person.id, Grant.role == Role.SECRETARY, Grant.unit_id == Unit.branch_id
    )
    return (
        select(Unit.branch_id.label("branch_id"), Person.id.label("person_id"))
        .join(Unit, Unit.id == Person.unit_id)
        .where(Person.state == PersonState.ACTIVE, Unit.branch_id.is_not(None), ~leads)
        .subquery("due_people")
    )


def _held(first: date, last: date) -> Subquery:
    return (
        select(
            Talk.unit_id.label("branch_id"),
            Talk.person_id.label("person_id"),
            func.count().label("talks"),
            func.max(Talk.day).label("last"),
        )
        .where(Talk.as_secretary, Talk.day.between(first, last))
        .group_by(Talk.unit_id, Talk.person_id)
        .subquery("held_talks")
    )


def coverage(first: date, last: date) -> Subquery:
    """Per branch: people ``due``, of them ``covered`` between two days, ``talks``, the ``last``."""
    people, held = _people(), _held(first, last)
    same = and_(held.c.branch_id == people.c.branch_id, held.c.person_id == people.c.person_id)
    return (
        select(
            people.c.branch_id,
            func.count(people.c.person_id).label("due"),
            func.count(held.c.person_id).label("covered"),
            func.coalesce(func.sum(held.c.talks), 0).label("talks"),
            func.max(held.c.last).label("last"),
        )
        .outerjoin(held, same)
        .group_by(people.c.branch_id)
        .subquery("coverage")
    )


@dataclass(frozen=True, slots=True)
class Covered:
    """One branch in one span of time."""

    code: str
    name: str
    path: str
    due: int
    covered: int
    talks: int
    last: date | None


def covered_below(session: Session, path: str, first: date, last: date) -> Sequence[Covered]:
    """The coverage of all active branches at or below a unit, in the order of the tree."""
    found = coverage(first, last)
    rows = session.execute(
        select(
            Unit.code,
            Unit.name,
            Unit.path,
            found.c.due,
            found.c.covered,
            found.c.talks,
            found.c.last,
        )
        .join(found, found.c.branch_id == Unit.id)
        .where(inside(path), Unit.state == UnitState.ACTIVE)
        .order_by(Unit.path)
    )
    return [Covered(*row) for row in rows]


def shares_below(
    session: Session, path: str, spans: Sequence[tuple[date, date]]
) -> Iterator[tuple[str, int, Sequence[tuple[int, int]]]]:
    """Each active branch at or below a unit: its path, people due, (covered, talks) of each span.

    All spans are counted in one statement: the people and talks of a large company are many.
    """
    people = _people()
    counts = [
        func.count(case((Talk.day.between(first, last), 1))).label(f"talks{at}")
        for at, (first, last) in enumerate(spans)
    ]
    held = (
        select(Talk.unit_id.label("branch_id"), Talk.person_id.label("person_id"), *counts)
        .where(
            Talk.as_secretary,
            Talk.day.between(min(first for first, _ in spans), max(last for _, last in spans)),
        )
        .group_by(Talk.unit_id, Talk.person_id)
        .subquery("held_talks")
    )
    figures: list[ColumnElement[int]] = []
    for at in range(len(spans)):
        talks = held.c[f"talks{at}"]
        figures += [func.count(case((talks > 0, 1))), func.coalesce(func.sum(talks), 0)]
    same = and_(held.c.branch_id == people.c.branch_id, held.c.person_id == people.c.person_id)
    for branch_path, due, *found in session.execute(
        select(Unit.path, func.count(people.c.person_id), *figures)
        .select_from(people)
        .outerjoin(held, same)
        .join(Unit, Unit.id == people.c.branch_id)
        .where(inside(path), Unit.state == UnitState.ACTIVE)
        .group_by(Unit.path)
    ):
        yield branch_path, due, list(zip(found[::2], found[1::2], strict=True))


@dataclass(frozen=True, slots=True)
class Talked:
    """One person of a branch with the day of the last talk in a span of time."""

    id: int
    userid: str
    name: str
    last: date | None


def people_of(session: Session, branch_id: int, first: date, last: date) -> Sequence[Talked]:
    """Whom the secretaries of a branch talk with, those not yet talked with first."""
    people, held = _people(), _held(first, last)
    same = and_(held.c.branch_id == people.c.branch_id, held.c.person_id == people.c.person_id)
    rows = session.execute(
        select(Person.id, Person.userid, Person.name, held.c.last)
        .join(people, people.c.person_id == Person.id)
        .outerjoin(held, same)
        .where(people.c.branch_id == branch_id)
        .order_by(held.c.last.asc().nulls_first(), Person.id)
    )
    return [Talked(*row) for row in rows]
