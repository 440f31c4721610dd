"""Keeping book of duties: what is found now is compared with what is known (``models.duty``)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from operator import itemgetter
from typing import Any

from sqlalchemy import select, update

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
AT_ONCE = 500
"""Rows in one statement; both databases limit their parameters."""


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


@dataclass(frozen=True, slots=True)
class Found:
    """What a source yields now, and whose each of it is.

    ``gone``  ids of rows that stood open and that it yields no more
    """

    source: DutySource
    duties: Sequence[Duty]
    owners: Sequence[Sequence[Owner]]
    gone: Sequence[int]


def look(ctx: Context, source: DutySource) -> Found:
    """Ask a source for everything owed; writes nothing."""
    duties = {duty.key: duty for duty in source.find(ctx, None)}
    stood = ctx.session.execute(
        select(Owed.id, Owed.key).where(Owed.source == source.key, Owed.state == OwedState.OPEN)
    )
    gone = [row.id for row in stood if row.key not in duties]
    found = list(duties.values())
    return Found(source, found, Owners(ctx.session).of_all(found), gone)


def write_down(
    ctx: Context, found: Found, start: int = 0, count: int | None = None
) -> list[Standing]:
    """Write down what is new or has moved in a stretch of what was found; twice is no change."""
    stop = len(found.duties) if count is None else start + count
    pairs = list(zip(found.duties[start:stop], found.owners[start:stop], strict=True))
    known = dict(known_duties(ctx.session, [duty.key for duty, _ in pairs]))
    fresh = []
    for duty, own in pairs:
        values = _values(ctx, found.source, duty, own)
        row = known.get(duty.key)
        if row is None:
            fresh.append({**values, "key": duty.key, "opened_on": ctx.today})
        else:
            _follow(row, values)
    if fresh:
        # Another process may look at the same hour: what it has written first stands.
        fresh.sort(key=itemgetter("key"))
        insert_new(ctx.session.connection(), Owed.__table__, fresh)
        known |= known_duties(ctx.session, [row["key"] for row in fresh])
    ctx.session.flush()
    return [Standing(duty, known[duty.key], own) for duty, own in pairs]


def strike_off(ctx: Context, found: Found) -> None:
    """What a source no longer yields is done."""
    for start in range(0, len(found.gone), AT_ONCE):
        ctx.session.execute(
            update(Owed)
            .where(Owed.id.in_(found.gone[start : start + AT_ONCE]))
            .values(state=OwedState.DONE, closed_on=ctx.today)
            .execution_options(synchronize_session="fetch")
        )


def observe(ctx: Context, source: DutySource) -> list[Standing]:
    """All of it at once, for sources that are not large."""
    found = look(ctx, source)
    standings = write_down(ctx, found)
    strike_off(ctx, found)
    return standings


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
