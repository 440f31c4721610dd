"""The many ways in which people name a day: 9月底, 月底前, 本周五, 国庆前, 25号, 3个工作日内.

Pure: today and the kind of each day come in. Every rule belongs to the pattern of the same name in
``config/lexicon/dates.toml``.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from config.lexicon import mapped, patterns
from models.forms.days import day_of, month_after, month_end, pick
from models.forms.field import DayKind, Reading
from models.forms.numerals import whole

_NEAR: Final = 8  # years to look forward or back for a date without one (29 February needs them)
_HALF_MONTH: Final = 15
_LONG_BREAK: Final = 20  # days without work after which a calendar is not believed
_MOST_WORKDAYS: Final = 60
_FULL: Final = frozenset({"full", "full_marks", "full_digits"})
_CENTURY: Final = 2000
_SATURDAY: Final = 5

_Found = re.Match[str]


@dataclass(frozen=True, slots=True)
class _When:
    """What a rule may look at."""

    today: date
    days: DayKind
    past: bool


_Rule = Callable[[_Found, _When], date | None]


def _shift(table: str, found: _Found, group: str) -> int:
    """The figure that the lexicon gives for a word; 0 if the word was left out."""
    word = found.groupdict().get(group)
    return int(mapped("dates", table)[word]) if word else 0


def _number(found: _Found, group: str) -> int:
    value = whole(found[group])
    return -1 if value is None else value


def _given_year(found: _Found, now: _When) -> int | None:
    groups = found.groupdict()
    if groups.get("year"):
        return _number(found, "year")
    if groups.get("near"):
        return now.today.year + _shift("year_shift", found, "near")
    return None


def _yearly(
    found: _Found, now: _When, make: Callable[[int], date | None], near: int = _NEAR
) -> date | None:
    """The day in the year that is named, or else in the nearest year on the right side of today."""
    year = _given_year(found, now)
    if year is not None:
        return make(year)
    here = now.today.year  # the eve of New Year's Day lies in the year before its own
    years = range(here + 1, here - near - 1, -1) if now.past else range(here, here + near + 1)
    for day in map(make, years):
        if day and (day <= now.today if now.past else day >= now.today):
            return day
    return None


def _month_day(found: _Found, now: _When) -> date | None:
    month, day = _number(found, "month"), _number(found, "day")
    return _yearly(found, now, lambda year: day_of(year, month, day))


def _short_year(found: _Found, now: _When) -> date | None:
    del now
    written = found["month"] is not None
    month = _number(found, "month" if written else "month2")
    day = _number(found, "day" if written else "day2")
    return day_of(_CENTURY + _number(found, "short"), month, day)


def _day(found: _Found, now: _When) -> date | None:
    """25号: of this month, or of the nearest month that has it on the right side of today."""
    day = _number(found, "day")
    months = (month_after(now.today, count) for count in range(-2, 3))
    return pick((day_of(*month, day) for month in months), now.today, past=now.past)


def _day_of_month(found: _Found, now: _When) -> date | None:
    month = month_after(now.today, _shift("month_shift", found, "shift"))
    return day_of(*month, _number(found, "day"))


def _today(found: _Found, now: _When) -> date | None:
    return now.today + timedelta(days=_shift("today", found, "today"))


def _monday(now: _When, weeks: int) -> date:
    return now.today - timedelta(days=now.today.weekday()) + timedelta(weeks=weeks)


def _weekday(found: _Found, now: _When) -> date | None:
    """周五 alone is the nearest one on the right side of today; 本 and 下 count Mondays."""
    after = timedelta(days=_shift("weekday", found, "weekday"))
    if found["shift"]:
        return _monday(now, _shift("week_shift", found, "shift")) + after
    return pick((_monday(now, weeks) + after for weeks in (-1, 0, 1)), now.today, past=now.past)


def _weekend(found: _Found, now: _When) -> date | None:
    return _monday(now, _shift("week_shift", found, "shift")) + timedelta(days=_SATURDAY)


def _part(year: int, month: int, day: int) -> date | None:
    return day_of(year, month, day) if day else month_end(year, month)


def _month_part(found: _Found, now: _When) -> date | None:
    month, day = _number(found, "month"), _shift("month_part", found, "part")
    return _yearly(found, now, lambda year: _part(year, month, day))


def _month_shift_part(found: _Found, now: _When) -> date | None:
    month = month_after(now.today, _shift("month_shift", found, "shift"))
    return _part(*month, _shift("month_part", found, "part"))


def _year_part(found: _Found, now: _When) -> date | None:
    year = _given_year(found, now) or now.today.year
    return month_end(year, _shift("year_part", found, "part"))


def _quarter_end(found: _Found, now: _When) -> date | None:
    if found["quarter"]:
        month = 3 * _number(found, "quarter")
        return _yearly(found, now, lambda year: month_end(year, month))
    in_quarter = (now.today.month - 1) % 3
    shift = _shift("quarter_shift", found, "shift")
    return month_end(*month_after(now.today, 2 - in_quarter + 3 * shift))


def _half_end(found: _Found, now: _When) -> date | None:
    month = _shift("half", found, "half")
    return month_end(_given_year(found, now) or now.today.year, month)


def _count(found: _Found) -> int:
    """How many units forward; negative for 前. Whatever is no number is out of every calendar."""
    number = whole(found["count"])
    return _shift("way", found, "way") * (10**6 if number is None else number)


def _days(found: _Found, now: _When) -> date | None:
    return _moved(now.today, _count(found))


def _weeks(found: _Found, now: _When) -> date | None:
    return _moved(now.today, 7 * _count(found))


def _moved(day: date, days: int) -> date | None:
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return None


def _months(found: _Found, now: _When) -> date | None:
    if found["half"]:
        return _moved(now.today, _HALF_MONTH * _shift("way", found, "way"))
    month = month_after(now.today, _count(found))
    return day_of(*month, now.today.day) or month_end(*month)


def _workdays(found: _Found, now: _When) -> date | None:
    """Working days from today, which does not count itself."""
    count, day = _count(found), now.today
    step = timedelta(days=1 if count > 0 else -1)
    if abs(count) > _MOST_WORKDAYS:
        return None
    left = abs(count)
    for _ in range(_MOST_WORKDAYS * 3):
        if not left:
            return day
        day += step
        left -= now.days.is_working(day)
    return None


def _holiday(found: _Found, now: _When) -> date | None:
    """The first rest day of a holiday, the day before it, or the first working day after it."""
    name = mapped("dates", "holiday")[found["holiday"]]
    side = _shift("side", found, "side")

    def make(year: int) -> date | None:
        first = now.days.holiday(name, year)
        if first is None or side == 0:
            return first
        if side < 0:
            return first - timedelta(days=1)
        after = (first + timedelta(days=days) for days in range(1, _LONG_BREAK))
        return next((day for day in after if now.days.is_working(day)), None)

    return _yearly(found, now, make, near=1)


def _anniversary(found: _Found, now: _When) -> date | None:
    month, day = mapped("dates", "anniversary")[found["anniversary"]]
    side = timedelta(days=_shift("side", found, "side"))
    return _yearly(found, now, lambda year: date(year, month, day) + side)


_RULES: Final[Mapping[str, _Rule]] = {
    "full": _month_day,
    "full_marks": _month_day,
    "full_digits": _month_day,
    "short_year": _short_year,
    "month_day": _month_day,
    "month_day_marks": _month_day,
    "month_day_digits": _month_day,
    "month_shift_day": _day_of_month,
    "day": _day,
    "today": _today,
    "weekday": _weekday,
    "weekend": _weekend,
    "month_part": _month_part,
    "month_shift_part": _month_shift_part,
    "year_part": _year_part,
    "quarter_end": _quarter_end,
    "half_end": _half_end,
    "workdays": _workdays,
    "days": _days,
    "weeks": _weeks,
    "months": _months,
    "holiday": _holiday,
    "anniversary": _anniversary,
}


@dataclass(frozen=True, slots=True)
class Day:
    """A day as it was understood.

    ``certain``   it was a full date and nothing else
    ``conflict``  the weekday that was written beside it is another one
    """

    day: date
    certain: bool
    conflict: bool


def resolve(text: str, reading: Reading, *, past: bool) -> Day | str:
    """The day that a text names (normalised, without blanks), or the name of the problem.

    Without a year or month the nearest day on the right side of today is meant: not before it, or
    with ``past`` not after it. Problems: ``unread``, ``impossible`` (30 February), ``day`` (only a
    month), ``holiday`` (the calendar does not know it yet).
    """
    for name, pattern in patterns("dates").items():
        found = pattern.fullmatch(text)
        if found is None:
            continue
        if name not in _RULES:
            return "day"
        day = _RULES[name](found, _When(reading.today, reading.days, past))
        if day is None or day_of(day.year, day.month, day.day) is None:
            return "holiday" if name == "holiday" else "impossible"
        groups = found.groupdict()
        written = "weekday" if groups.get("weekday") and name != "weekday" else ""
        conflict = bool(written) and _shift("weekday", found, written) != day.weekday()
        certain = name in _FULL and not conflict and not groups.get("before")
        return Day(day, certain, conflict)
    return "unread"
