"""What becomes of deadlines when the days change: before, after, and what is said of it."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from config.texts import t
from handlers.context import Context
from handlers.duties import day_words
from handlers.duty import Duty, DutySource
from handlers.owed import due_of
from handlers.reply import Markdown, fill
from models.calendar import WorkCalendar, set_days
from models.unit import covers

LISTED = 10
NONE: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Shift:
    """A deadline that moved, or would move."""

    duty: Duty
    before: date
    after: date


def deadlines(
    ctx: Context,
    sources: Sequence[DutySource],
    path: str,
    known: Mapping[Hashable, Any] | None = None,
) -> dict[str, Duty]:
    """Everything owed below a unit, by key, with its day as it is now.

    ``known`` lays something over what the database says, such as another ``calendar``.
    """
    fresh = replace(ctx, _known=dict(known or {}))
    found = (duty for source in sources for duty in source.find(fresh, None))
    return {
        duty.key: replace(duty, due=due_of(fresh, duty), since=None)
        for duty in found
        if covers(path, duty.unit_path)
    }


def shifts(before: Mapping[str, Duty], after: Mapping[str, Duty]) -> list[Shift]:
    """What differs, in order of the new days."""
    moved = [
        Shift(duty, before[key].due, duty.due)
        for key, duty in after.items()
        if key in before and before[key].due != duty.due
    ]
    return sorted(moved, key=lambda shift: (shift.after, shift.duty.key))


def moved_by(
    ctx: Context,
    sources: Sequence[DutySource],
    days: Mapping[date, bool],
    years: frozenset[int] = NONE,
) -> list[Shift]:
    """What is owed now and would be due on another day if these days were worked or not.

    ``years`` are those of which the whole table is then known.
    """
    calendar = WorkCalendar({**ctx.calendar.overrides, **days}, ctx.calendar.years | years)
    changed: dict[Hashable, Any] = {"calendar": calendar}
    return shifts(deadlines(ctx, sources, "/"), deadlines(ctx, sources, "/", changed))


def change_days(
    ctx: Context, sources: Sequence[DutySource], days: Mapping[date, bool], note: str
) -> None:
    """Write the days down, and let every deadline that is kept follow."""
    set_days(ctx.session, days, note)
    ctx.session.flush()
    fresh = replace(ctx, _known={})
    for source in sources:
        source.renew(fresh)


def shift_lines(ctx: Context, moved: Sequence[Shift]) -> Iterator[Markdown]:
    """The first of them, each with both days; what is private says only that it moved."""
    for shift in moved[:LISTED]:
        yield fill(
            "pause.moved_line",
            title=shift.duty.title,
            detail=t("pause.private") if shift.duty.private else shift.duty.detail,
            before=day_words(ctx, shift.before),
            after=day_words(ctx, shift.after),
        )
    if len(moved) > LISTED:
        yield Markdown(t("pause.moved_more", count=len(moved) - LISTED))


def asked_about(ctx: Context, moved: Sequence[Shift]) -> dict[str, object]:
    """What a question before a change says of them: how many, and which, without marks."""
    listed = [line.removeprefix("> ") for line in shift_lines(ctx, moved)]
    return {"count": len(moved), "list": "\n".join(listed)}
