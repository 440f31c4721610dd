"""动态调整: what becomes of projects when units change (DOMAIN.md 2: 三表之二).

"Where there is a branch there is a project": after every reorganisation
:func:`note_reorganised` compares branches and projects and writes down what has to be settled, and
by whom. It can be called again at any time: what is written down already is passed over.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import ForeignKey, Index, String, Text, exists, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base, Stateful, coded
from models.history import Change, History
from models.number import next_numbers
from models.person import Person
from models.project import OVER, Project, Stage
from models.unit import Unit, UnitKind, UnitState


class Cause(StrEnum):
    """What happened to a unit."""

    MERGED = "merged"
    CLOSED = "closed"
    RETYPED = "retyped"  # it is no branch any more
    CREATED = "created"
    SPLIT = "split"  # it was created with people of another branch
    MOVED = "moved"  # it hangs elsewhere; its project goes along


class AdjustState(StrEnum):
    """Whether it is settled what becomes of the project."""

    OPEN = "open"
    DONE = "done"


class Outcome(StrEnum):
    """What became of the project."""

    TAKEN = "taken"  # it is the project of the branch that takes over
    JOINED = "joined"  # it went into that branch's own project
    ENDED = "ended"
    PROPOSED = "proposed"  # the new branch has a project of its own
    KEPT = "kept"  # it stays with its branch


class Adjustment(Stateful, Base):
    """One line of the 动态调整表.

    ``unit_id``     the unit that changed
    ``project_id``  the project concerned; None for a new branch that has none
    ``into_id``     the branch that has to settle it; None: the office above
    ``origin_id``   for a split, where its people came from
    ``joined_id``   the project into which it went
    """

    MOVES: ClassVar[Mapping[AdjustState, frozenset[AdjustState]]] = {
        AdjustState.OPEN: frozenset({AdjustState.DONE}),
    }

    __tablename__ = "adjustment"
    __table_args__ = (
        Index("ix_adjustment_state", "state", "at"),
        Index("ix_adjustment_unit", "unit_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(32), unique=True)
    cause: Mapped[Cause] = coded(Cause)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    project_id: Mapped[int | None] = mapped_column(ForeignKey("project.id"), index=True)
    into_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    origin_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    at: Mapped[datetime]
    state: Mapped[AdjustState] = coded(AdjustState, default=AdjustState.OPEN)
    outcome: Mapped[Outcome | None] = coded(Outcome)
    joined_id: Mapped[int | None] = mapped_column(ForeignKey("project.id"))
    note: Mapped[str] = mapped_column(Text, default="")
    settled_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    settled_at: Mapped[datetime | None]


def note_reorganised(session: Session, now: datetime, today: date) -> Sequence[Adjustment]:
    """Write down what a reorganisation leaves to be settled; returns the new lines.

    ``now`` is aware, ``today`` the day for the people. What was moved at ``now`` is written down as
    settled: its project goes along.
    """
    session.flush()
    session.expire_all()
    rows = [*_orphans(session, today), *_newcomers(session, today), *_moved(session, now, today)]
    numbers = next_numbers(session, "TZ", today.year, len(rows)) if rows else []
    made = [
        Adjustment(number=number, at=now, **row) for number, row in zip(numbers, rows, strict=True)
    ]
    session.add_all(made)
    session.flush()
    return made


def _orphans(session: Session, today: date) -> Iterator[dict[str, Any]]:
    """Active projects whose unit is no active branch any more."""
    rows = session.execute(
        select(Project, Unit)
        .join(Unit, Unit.id == Project.unit_id)
        .where(
            Project.year >= today.year,
            Project.stage.not_in(list(OVER)),
            (Unit.state == UnitState.CLOSED) | (Unit.kind != UnitKind.BRANCH),
            ~exists().where(
                Adjustment.project_id == Project.id, Adjustment.state == AdjustState.OPEN
            ),
        )
        .order_by(Project.id)
    )
    for project, unit in rows:
        into = _heir(session, unit)
        cause = Cause.RETYPED
        if unit.state is UnitState.CLOSED:
            cause = Cause.MERGED if unit.merged_into_id else Cause.CLOSED
        yield {
            "cause": cause,
            "unit_id": unit.id,
            "project_id": project.id,
            "into_id": into.id if into else None,
        }


def _heir(session: Session, unit: Unit) -> Unit | None:
    """The active branch that takes over from a unit: the one it was merged into, or lies in."""
    seen: set[int] = set()
    while unit.state is UnitState.CLOSED and unit.merged_into_id and unit.id not in seen:
        seen.add(unit.id)
        unit = session.get_one(Unit, unit.merged_into_id)
    if unit.state is UnitState.CLOSED or unit.branch_id is None:
        return None
    branch = session.get_one(Unit, unit.branch_id)
    return branch if branch.state is UnitState.ACTIVE else None


def _newcomers(session: Session, today: date) -> Iterator[dict[str, Any]]:
    """Branches that were opened this year and have no project, nor a line here."""
    units = session.scalars(
        select(Unit)
        .where(
            Unit.kind == UnitKind.BRANCH,
            Unit.state == UnitState.ACTIVE,
            Unit.opened_on >= date(today.year, 1, 1),
            ~exists().where(
                Project.unit_id == Unit.id,
                Project.year == today.year,
                Project.stage != Stage.ENDED,
            ),
            ~exists().where(
                Adjustment.unit_id == Unit.id,
                Adjustment.cause.in_([Cause.CREATED, Cause.SPLIT]),
            ),
        )
        .order_by(Unit.id)
    )
    for unit in units:
        origin = _origin(session, unit)
        yield {
            "cause": Cause.SPLIT if origin else Cause.CREATED,
            "unit_id": unit.id,
            "into_id": unit.id,
            "origin_id": origin,
        }


def _origin(session: Session, unit: Unit) -> int | None:
    """The branch from which most people of a new one came, if any came."""
    people = (
        select(Person.userid).join(Unit, Unit.id == Person.unit_id).where(Unit.branch_id == unit.id)
    )
    moves = session.execute(
        select(History.before)
        .where(
            History.subject == "person",
            History.change == Change.MOVED,
            History.key.in_(people),
        )
        .order_by(History.id)
    )
    counts: dict[str, int] = {}
    for (before,) in moves:
        code = before.get("unit")
        if code and code != unit.code:
            counts[code] = counts.get(code, 0) + 1
    if not counts:
        return None
    code = max(counts, key=lambda one: (counts[one], one))
    return session.scalar(select(Unit.branch_id).where(Unit.code == code))


def _moved(session: Session, now: datetime, today: date) -> Iterator[dict[str, Any]]:
    """Branches that were hung elsewhere just now, with their projects."""
    rows = session.execute(
        select(Project.id, Unit.id)
        .join(Unit, Unit.id == Project.unit_id)
        .join(History, (History.key == Unit.code) & (History.subject == "unit"))
        .where(
            History.at == now,
            History.change == Change.MOVED,
            Unit.kind == UnitKind.BRANCH,
            Unit.state == UnitState.ACTIVE,
            Project.year >= today.year,
            Project.stage.not_in(list(OVER)),
            ~exists().where(Adjustment.unit_id == Unit.id, Adjustment.at == now),
        )
        .order_by(Project.id)
        .distinct()
    )
    for project_id, unit_id in rows:
        yield {
            "cause": Cause.MOVED,
            "unit_id": unit_id,
            "project_id": project_id,
            "into_id": unit_id,
            "state": AdjustState.DONE,
            "outcome": Outcome.KEPT,
            "settled_at": now,
        }


def adjustment_by_number(session: Session, number: str) -> Adjustment | None:
    """The line of a number such as ``TZ-2026-0001``."""
    return session.scalar(select(Adjustment).where(Adjustment.number == number))


def settle_newcomer(session: Session, unit_id: int, project: Project, at: datetime) -> None:
    """A new branch has its project: its line is settled by that."""
    lines = session.scalars(
        select(Adjustment).where(
            Adjustment.unit_id == unit_id,
            Adjustment.state == AdjustState.OPEN,
            Adjustment.project_id.is_(None),
        )
    ).all()
    for line in lines:
        line.move_to(
            session,
            AdjustState.DONE,
            outcome=Outcome.PROPOSED,
            joined_id=project.id,
            settled_by_id=project.proposer_id,
            settled_at=at,
        )
