"""Reorganising: units move, change their kind, merge and close; people move and leave.

Each change keeps the past readable (``models.history``) and the tree whole: ``parent_id``, ``path``
and ``branch_id`` of every unit below follow in a few statements, however many there are (DOMAIN.md
1, 2: 动态调整). What people owed goes along with their duties, which do not stand here.

The functions with a guard (``move_unit``, ``merge_units`` ...) refuse with a ``UserError`` what
would break the tree, and let every process read the organisation anew. The others (``place_unit``,
``retype_unit``, ``absorb_unit`` ...) are for callers that have checked a whole plan of changes
and call ``touch_organisation`` themselves. All of them take ids and write plain statements;
entities in the session are read again when they are next used.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, func, insert, literal, select, update
from sqlalchemy.orm import Session

from models.base import Base
from models.directory import touch_organisation
from models.errors import UserError
from models.group import Group
from models.history import Change, History
from models.pair import LIVE, Pair, PairSide
from models.person import Grant, Person, PersonState
from models.pledge import ENDS, Pledge, PledgeState
from models.post import Post, PostState
from models.search import follow_unit
from models.unit import BranchType, Place, Unit, UnitKind, UnitState, covers, inside, place_of
from models.wish import UNDER_WAY, Wish


@dataclass(frozen=True, slots=True)
class Act:
    """Who changes the organisation (a userid, or the name of a job or command), and when (UTC)."""

    now: datetime
    actor: str = ""


def remember(session: Session, act: Act, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write changes into the history: ``subject``, ``key``, ``change``, ``before``, ``after``."""
    filled = [{**row, "at": act.now, "actor": act.actor} for row in rows]
    if filled:
        session.execute(insert(History), filled)


def unit_change(
    code: str, change: Change, before: Mapping[str, Any], after: Mapping[str, Any]
) -> dict[str, Any]:
    """One change of a unit, for :func:`remember`."""
    return {
        "subject": "unit",
        "key": code,
        "change": change,
        "before": dict(before),
        "after": dict(after),
    }


def person_change(
    userid: str, change: Change, before: Mapping[str, Any], after: Mapping[str, Any]
) -> dict[str, Any]:
    """One change of a person, for :func:`remember`."""
    return {**unit_change(userid, change, before, after), "subject": "person"}


# Without guards


def place_unit(session: Session, unit_id: int, parent_id: int | None, act: Act) -> None:
    """Hang a unit with everything below it under another one (None: it becomes a root)."""
    unit = place_of(session, unit_id)
    parent = None if parent_id is None else place_of(session, parent_id)
    above = _parent(session, unit_id)
    path = f"{parent.path if parent else '/'}{unit_id}/"
    branch_id = parent.branch_id if parent else None
    _update(session, Unit.id == unit_id, parent_id=parent_id)
    below = literal(path).concat(func.substr(Unit.path, len(unit.path) + 1))
    _update(session, inside(unit.path), path=below)
    follow_unit(session, unit.path, path)
    if unit.kind is not UnitKind.BRANCH and branch_id != unit.branch_id:
        _update(session, inside(path) & _branch_is(unit.branch_id), branch_id=branch_id)
    before, after = _parent_code(above), _parent_code(parent)
    remember(session, act, [unit_change(unit.code, Change.MOVED, before, after)])


def retype_unit(
    session: Session, unit_id: int, kind: UnitKind, branch_type: BranchType | None, act: Act
) -> None:
    """Give a unit another kind or branch type; what lies below reports for it, or no longer."""
    unit = place_of(session, unit_id)
    above = _parent(session, unit_id)
    _update(session, Unit.id == unit_id, kind=kind, branch_type=branch_type)
    branch_id = unit_id if kind is UnitKind.BRANCH else above.branch_id if above else None
    if branch_id != unit.branch_id:
        _update(session, inside(unit.path) & _branch_is(unit.branch_id), branch_id=branch_id)
    before, after = _kind(unit.kind, unit.branch_type), _kind(kind, branch_type)
    remember(session, act, [unit_change(unit.code, Change.RETYPED, before, after)])


def rename_unit(session: Session, unit_id: int, name: str, act: Act) -> None:
    """Give a unit another name."""
    unit = place_of(session, unit_id)
    _update(session, Unit.id == unit_id, name=name)
    change = unit_change(unit.code, Change.RENAMED, {"name": unit.name}, {"name": name})
    remember(session, act, [change])


def absorb_unit(session: Session, unit_id: int, into_id: int, act: Act) -> None:
    """Merge a unit into another: people, teams and groups go over, the unit is closed.

    Pledges, wishes, pairs and posts that are under way go over too, so that somebody can conclude
    them. Reports, projects, roles, people who left and all that has ended stay where they were.
    """
    unit, into = place_of(session, unit_id), place_of(session, into_id)
    below = select(Unit.id).where(Unit.parent_id == unit_id, Unit.state == UnitState.ACTIVE)
    for child in session.scalars(below.order_by(Unit.id)).all():
        place_unit(session, child, into_id, act)
    there = (Person.unit_id == unit_id, Person.state == PersonState.ACTIVE)
    moved = session.scalars(select(Person.userid).where(*there).order_by(Person.id)).all()
    before, after = {"unit": unit.code}, {"unit": into.code}
    remember(session, act, [person_change(who, Change.MOVED, before, after) for who in moved])
    session.execute(update(Person).where(*there).values(unit_id=into_id), execution_options=PLAIN)
    session.execute(
        update(Group).where(Group.unit_id == unit_id).values(unit_id=into_id, bound_at=act.now),
        execution_options=PLAIN,
    )
    _hand_on(session, unit_id, into_id)
    _end(session, unit_id, act, merged_into_id=into_id)
    change = unit_change(unit.code, Change.MERGED, {"name": unit.name}, {"into": into.code})
    remember(session, act, [change])
    _expire(session, Person, Group)


def _hand_on(session: Session, unit_id: int, into_id: int) -> None:
    """What is under way among people goes along with them."""
    session.flush()
    for kind, over in (
        (Pledge, Pledge.state.not_in([*ENDS, PledgeState.WITHDRAWN])),
        (Wish, Wish.state.in_(UNDER_WAY)),
        (Pair, Pair.state.in_(LIVE)),
        (Post, Post.state == PostState.ACTIVE),
    ):
        session.execute(
            update(kind).where(kind.unit_id == unit_id, over).values(unit_id=into_id),
            execution_options=PLAIN,
        )
    live = select(Pair.id).where(Pair.state.in_(LIVE))
    session.execute(
        update(PairSide)
        .where(PairSide.unit_id == unit_id, PairSide.pair_id.in_(live))
        .values(unit_id=into_id),
        execution_options=PLAIN,
    )
    _expire(session, Pledge, Wish, Pair, PairSide, Post)


# With guards


def move_unit(session: Session, unit_id: int, parent_id: int | None, act: Act) -> None:
    """Move a unit with everything below it; ``UserError`` if that would make no tree."""
    unit = _open(session, unit_id)
    if parent_id is not None:
        parent = _open(session, parent_id)
        if covers(unit.path, parent.path):
            raise UserError("reorganise.below_itself", unit=unit.name, parent=parent.name)
        if parent.branch_id is not None and _holds_branch(session, unit):
            raise UserError("reorganise.branch_in_branch", unit=unit.name, parent=parent.name)
    place_unit(session, unit_id, parent_id, act)
    touch_organisation(session)


def mergeable(session: Session, unit_id: int, into_id: int) -> None:
    """``UserError`` if a unit cannot go into another: that is one of its kind, not below it."""
    unit, into = _open(session, unit_id), _open(session, into_id)
    if covers(unit.path, into.path):
        raise UserError("reorganise.into_itself", unit=unit.name, into=into.name)
    if unit.kind is not into.kind:
        raise UserError("reorganise.other_kind", unit=unit.name, into=into.name)


def merge_units(session: Session, unit_id: int, into_id: int, act: Act) -> None:
    """Merge a unit into another of its kind; ``UserError`` if it cannot be."""
    mergeable(session, unit_id, into_id)
    absorb_unit(session, unit_id, into_id, act)
    touch_organisation(session)


def closable(session: Session, unit_id: int) -> Place:
    """The unit, if nobody and nothing belongs to it any more; else ``UserError``."""
    unit = _open(session, unit_id)
    below = select(Unit.id).where(Unit.parent_id == unit_id, Unit.state == UnitState.ACTIVE)
    if session.scalar(below.limit(1)) is not None:
        raise UserError("reorganise.has_units", unit=unit.name)
    people = select(Person.id).where(Person.unit_id == unit_id, Person.state == PersonState.ACTIVE)
    if session.scalar(people.limit(1)) is not None:
        raise UserError("reorganise.has_people", unit=unit.name)
    return unit


def close_unit(session: Session, unit_id: int, act: Act) -> None:
    """Close a unit that nobody belongs to any more; its groups are bound to nothing then."""
    unit = closable(session, unit_id)
    session.execute(
        update(Group).where(Group.unit_id == unit_id).values(unit_id=None),
        execution_options=PLAIN,
    )
    _end(session, unit_id, act)
    remember(session, act, [unit_change(unit.code, Change.CLOSED, {"name": unit.name}, {})])
    _expire(session, Group)
    touch_organisation(session)


def move_person(session: Session, person: Person, unit_id: int, act: Act) -> None:
    """Let a person belong to another unit; roles stay on the units they were granted on."""
    if person.state is PersonState.LEFT:
        raise UserError("reorganise.has_left", person=person.name)
    after = _open(session, unit_id)
    before = place_of(session, person.unit_id)
    if before.id == after.id:
        return
    person.unit_id = unit_id
    change = person_change(person.userid, Change.MOVED, {"unit": before.code}, {"unit": after.code})
    remember(session, act, [change])
    session.flush()


def person_leaves(session: Session, person: Person, act: Act) -> None:
    """Let a person go: history stays, roles end (whoever comes back does not find them again)."""
    if person.state is PersonState.LEFT:
        raise UserError("reorganise.has_left", person=person.name)
    held = session.execute(
        select(Grant.role, Unit.code)
        .join(Unit, Unit.id == Grant.unit_id)
        .where(Grant.person_id == person.id)
        .order_by(Grant.id)
    )
    roles = [[role.value, code] for role, code in held]
    before = {"unit": place_of(session, person.unit_id).code, "roles": roles}
    session.execute(delete(Grant).where(Grant.person_id == person.id))
    person.state, person.left_at = PersonState.LEFT, act.now
    remember(session, act, [person_change(person.userid, Change.LEFT, before, {})])
    session.flush()


PLAIN = {"synchronize_session": False}


def _update(session: Session, where: ColumnElement[bool], **values: Any) -> None:  # noqa: ANN401
    session.flush()
    session.execute(update(Unit).where(where).values(**values), execution_options=PLAIN)
    _expire(session, Unit)


def _expire(session: Session, *kinds: type[Base]) -> None:
    """Let entities of these kinds be read again."""
    for entity in list(session.identity_map.values()):
        if isinstance(entity, kinds):
            session.expire(entity)


def _open(session: Session, unit_id: int) -> Place:
    unit = place_of(session, unit_id)
    if unit.state is UnitState.CLOSED:
        raise UserError("reorganise.closed", unit=unit.name)
    return unit


def _end(session: Session, unit_id: int, act: Act, merged_into_id: int | None = None) -> None:
    _update(
        session,
        Unit.id == unit_id,
        state=UnitState.CLOSED,
        closed_at=act.now,
        merged_into_id=merged_into_id,
    )


def _parent(session: Session, unit_id: int) -> Place | None:
    parent_id = session.scalar(select(Unit.parent_id).where(Unit.id == unit_id))
    return None if parent_id is None else place_of(session, parent_id)


def _branch_is(branch_id: int | None) -> ColumnElement[bool]:
    return Unit.branch_id.is_(None) if branch_id is None else Unit.branch_id == branch_id


def _holds_branch(session: Session, unit: Place) -> bool:
    branches = select(Unit.id).where(
        inside(unit.path), Unit.kind == UnitKind.BRANCH, Unit.state == UnitState.ACTIVE
    )
    return session.scalar(branches.limit(1)) is not None


def _parent_code(parent: Place | None) -> dict[str, str | None]:
    return {"parent": parent.code if parent else None}


def _kind(kind: UnitKind, branch_type: BranchType | None) -> dict[str, str | None]:
    return {"kind": kind.value, "branch_type": branch_type.value if branch_type else None}
