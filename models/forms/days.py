"""Plain calendar arithmetic that the date and period fields share. No clock, no holidays."""

from calendar import monthrange
from collections.abc import Iterable
from datetime import date

FIRST_YEAR = 1900
LAST_YEAR = 2199
MONTHS = 12


def day_of(year: int, month: int, day: int) -> date | None:
    """The day, if there is one and its year is one that people write."""
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None


def month_end(year: int, month: int) -> date | None:
    """The last day of a month; None outside the years and months that there are."""
    if not (FIRST_YEAR <= year <= LAST_YEAR and 1 <= month <= MONTHS):
        return None
    return date(year, month, monthrange(year, month)[1])


def month_after(day: date, count: int) -> tuple[int, int]:
    """Year and month that lie ``count`` months after the month of a day (before, if negative)."""
    years, month = divmod(day.month - 1 + count, MONTHS)
    return day.year + years, month + 1


def pick(days: Iterable[date | None], today: date, *, past: bool) -> date | None:
    """The first of the days that is not over, or with ``past`` the last that has come."""
    known = [day for day in days if day]
    if past:
        return max((day for day in known if day <= today), default=None)
    return min((day for day in known if day >= today), default=None)
