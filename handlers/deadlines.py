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
from models.unit import covers

LISTED = 10


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
