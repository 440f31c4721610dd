"""Deadlines where they run: the calendar and the hours of a unit, its pauses (应急) considered."""

from datetime import date, datetime

from handlers.context import Context
from models.calendar import WorkCalendar, WorkHours, after_quiet
from models.pause import Pauses, read_pauses


def pauses(ctx: Context) -> Pauses:
    """All pauses, read once a message."""
    return ctx.once("pauses", lambda: read_pauses(ctx.session, ctx.today))


def is_paused(ctx: Context, path: str) -> bool:
    """Whether the unit of a path is paused today."""
    return ctx.today in pauses(ctx).days(path)


def calendar_at(ctx: Context, path: str) -> WorkCalendar:
    """Working days of a unit: days of a pause are none. Deadlines counted with it move."""
    days = pauses(ctx).days(path)
    return ctx.once(("calendar", days), lambda: ctx.calendar.resting(days))


def hours_at(ctx: Context, path: str) -> WorkHours:
    """Working time of a unit, for clocks in hours: nothing runs during a pause."""
    return WorkHours(calendar_at(ctx, path), ctx.zone, ctx.rules.hours.spans)


def moved(ctx: Context, path: str, since: date, due: date) -> date:
    """A day that was set without regard to pauses, after those between ``since`` and it."""
    return after_pauses(ctx.calendar, pauses(ctx).days(path), since, due)


def after_pauses(calendar: WorkCalendar, paused: frozenset[date], since: date, due: date) -> date:
    """``due``, later by the working days after ``since`` up to it on which nothing ran.

    What was overdue before a pause began stays overdue: only its ladder stands still.
    """
    lost = sum(since < day <= due and calendar.is_working(day) for day in paused)
    return calendar.resting(paused).add_working(due, lost)


def after_quiet_hours(ctx: Context) -> datetime:
    """Now, or the end of the quiet time it is (DOMAIN.md 9): for what nobody is waiting for."""
    quiet = ctx.rules.quiet
    return after_quiet(ctx.now, quiet.start, quiet.end, ctx.zone, ctx.calendar)
