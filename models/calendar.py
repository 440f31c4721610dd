"""Working days in China: override table, then the package, then a marked fallback (PRODUCT D.4)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import chinese_calendar
from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from config.days import packaged_days
from models.base import Base

SATURDAY = 5
FIXED = {(1, 1): "new_year", (5, 1): "labour", (10, 1): "national", (10, 2): "national"}
"""Rest days that stand in law with a solar date; the fallback knows no others."""
_PACKAGE = {
    "new_year": chinese_calendar.Holiday.new_years_day,
    "spring": chinese_calendar.Holiday.spring_festival,
    "qingming": chinese_calendar.Holiday.tomb_sweeping_day,
    "labour": chinese_calendar.Holiday.labour_day,
    "dragon_boat": chinese_calendar.Holiday.dragon_boat_festival,
    "mid_autumn": chinese_calendar.Holiday.mid_autumn_festival,
    "national": chinese_calendar.Holiday.national_day,
}


class CalendarDay(Base):
    """A day that an administrator has set; it goes before everything else."""

    __tablename__ = "calendar_day"

    day: Mapped[date] = mapped_column(primary_key=True)
    working: Mapped[bool]
    note: Mapped[str] = mapped_column(String(60), default="")


@dataclass(frozen=True, slots=True)
class WorkCalendar:
    """Which days are worked. ``overrides`` are single days, ``years`` those settled by a table.

    A year that neither a table nor the package knows falls back to weekends and the fixed solar
    holidays; ``is_settled`` tells, so that it can be shown as 未核定.
    """

    overrides: Mapping[date, bool] = field(default_factory=dict)
    years: frozenset[int] = frozenset()

    def is_working(self, day: date) -> bool:
        """Whether work is done on that day, shifted days (调休) considered."""
        if day in self.overrides:
            return self.overrides[day]
        try:
            return bool(chinese_calendar.is_workday(day))
        except NotImplementedError:
            return day.weekday() < SATURDAY and (day.month, day.day) not in FIXED

    def is_settled(self, day: date) -> bool:
        """Whether the State Council's notice for that day's year is known here."""
        if day.year in self.years:
            return True
        try:
            chinese_calendar.is_workday(day)
        except NotImplementedError:
            return False
        return True

    def holiday(self, name: str, year: int) -> date | None:
        """First rest day of a statutory holiday in a year, None if unknown."""
        wanted = _PACKAGE.get(name)
        if wanted is None:
            return None
        try:
            days = chinese_calendar.get_holidays(date(year, 1, 1), date(year, 12, 31))
        except NotImplementedError:
            return next((date(year, *day) for day, fixed in FIXED.items() if fixed == name), None)
        names = {day: chinese_calendar.get_holiday_detail(day)[1] for day in days}
        return next((day for day in days if names[day] == wanted.value), None)

    def add_working(self, day: date, count: int) -> date:
        """The working day ``count`` working days after (or, negative, before) a day."""
        step = timedelta(days=1 if count > 0 else -1)
        left = abs(count)
        while left:
            day += step
            left -= self.is_working(day)
        return day

    def nth_working(self, year: int, month: int, count: int) -> date:
        """The ``count``-th working day of a month, counted from 1."""
        return self.add_working(date(year, month, 1) - timedelta(days=1), count)


def read_calendar(session: Session) -> WorkCalendar:
    """The calendar with the packaged table and, over it, all days that were set by hand."""
    days, years = packaged_days()
    rows = session.execute(select(CalendarDay.day, CalendarDay.working))
    return WorkCalendar({**days, **dict(rows.all())}, years)


def is_quiet(
    moment: datetime, calendar: WorkCalendar, start: time, end: time, zone: ZoneInfo
) -> bool:
    """Whether unasked messages wait at this moment: at night or on a rest day (DOMAIN.md 9)."""
    local = moment.astimezone(zone)
    at_night = local.time() >= start or local.time() < end
    return at_night or not calendar.is_working(local.date())


def after_quiet(
    moment: datetime, calendar: WorkCalendar, start: time, end: time, zone: ZoneInfo
) -> datetime:
    """The moment itself, or the end of the quiet time it falls into (aware, same zone as given)."""
    local = moment.astimezone(zone)
    if not is_quiet(moment, calendar, start, end, zone):
        return moment
    day = local.date() if local.time() < end else local.date() + timedelta(days=1)
    while not calendar.is_working(day):
        day += timedelta(days=1)
    return datetime.combine(day, end, zone).astimezone(moment.tzinfo)
