"""Keeping book of duties: what is found now is compared with what is known (``models.duty``)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select

from handlers.clocks import hours_at, moved
from handlers.context import Context
from handlers.duty import Duty, DutySource
from handlers.ladder import (
    days_late,
    hours_late,
    rung_by_days,
    rung_by_hours,
    stage_by_days,
    stage_by_hours,
)
from handlers.owners import Owner, Owners
from models.duty import Owed, OwedState, Rung, Stage, known_duties
from models.push import insert_new
from models.unit import Unit

DETAIL, TITLE = 400, 120


@dataclass(frozen=True, slots=True)
class Standing:
    """A duty that is owed now, with its owners and what is kept of it."""

    duty: Duty
    row: Owed
    owners: Sequence[Owner]


def due_of(ctx: Context, duty: Duty) -> date:
    """The day a duty is due, after pauses."""
    if duty.since is None:
        return duty.due
    return moved(ctx, duty.unit_path, duty.since, duty.due)


def observe(ctx: Context, source: DutySource) -> list[Standing]:
    """Ask a source for everything owed, and write down what is new, has moved or is done.

    Nothing is told and nothing raised here; twice on a day changes nothing.
    """
    duties = {duty.key: duty for duty in source.find(ctx, None)}
    owners = Owners(ctx.session).of_all(list(duties.values()))
    known = known_duties(ctx.session, source.key, duties)
    fresh = []
    for duty, own in zip(duties.values(), owners, strict=True):
        values = _values(ctx, source, duty, own)
        row = known.get(duty.key)
        if row is None:
            fresh.append({**values, "key": duty.key, "opened_on": ctx.today})
        else:
            _follow(row, values)
    if fresh:
        # Another process may look at the same hour: what it has written first stands.
        fresh.sort(key=lambda row: row["key"])
        insert_new(ctx.session.connection(), Owed.__table__, fresh)
        known = {**known, **_written(ctx, [row["key"] for row in fresh])}
    for key, row in known.items():
        if key not in duties and row.state is OwedState.OPEN:
            row.state, row.closed_on = OwedState.DONE, ctx.today
    ctx.session.flush()
    pairs = zip(duties.values(), owners, strict=True)
    return [Standing(duty, known[duty.key], own) for duty, own in pairs]


def _written(ctx: Context, keys: Sequence[str]) -> Mapping[str, Owed]:
    found: dict[str, Owed] = {}
    for start in range(0, len(keys), 500):
        rows = ctx.session.scalars(select(Owed).where(Owed.key.in_(keys[start : start + 500])))
        found.update({row.key: row for row in rows})
    return found


def _values(
    ctx: Context, source: DutySource, duty: Duty, owners: Sequence[Owner]
) -> dict[str, Any]:
    unit_id = int(duty.unit_path.rstrip("/").rpartition("/")[2])
    return {
        "source": source.key,
        "number": duty.number,
        "title": duty.title[:TITLE],
        "detail": duty.detail[:DETAIL],
        "private": duty.private,
        "unit_id": unit_id,
        "branch_id": _branches(ctx).get(unit_id),
        "owner_id": owners[0].id if owners else None,
        "planned_on": duty.due,
        "due": due_of(ctx, duty),
        "due_at": duty.due_at,
        "state": OwedState.OPEN,
        "closed_on": None,
    }


def _branches(ctx: Context) -> Mapping[int, int | None]:
    """The branch of every unit, read once a transaction."""
    return ctx.once(
        "branches", lambda: dict(ctx.session.execute(select(Unit.id, Unit.branch_id)).all())
    )


def _follow(row: Owed, values: Mapping[str, Any]) -> None:
    """Change only what changed: an untouched row costs no statement."""
    for name, value in values.items():
        if getattr(row, name) != value:
            setattr(row, name, value)


def lateness(ctx: Context, standing: Standing) -> tuple[Stage, Rung | None]:
    """The stage of a duty now, and how far up it belongs."""
    duty, rules = standing.duty, ctx.rules.duties
    hours = hours_at(ctx, duty.unit_path)
    if duty.due_at is not None:
        late = hours_late(hours, duty.due_at, ctx.now)
        return stage_by_hours(rules, late), rung_by_hours(rules, late)
    days = days_late(hours, standing.row.due, ctx.today)
    return stage_by_days(rules, days), rung_by_days(rules, days)
