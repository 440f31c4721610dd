"""Working days and hours in China (PRODUCT.md D.4).

Days come from an override table, then the package, then a marked fallback; hours are laid over
them. All arithmetic of deadlines is here: it knows no database beyond the override table.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from functools import lru_cache
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


@lru_cache(maxsize=4096)
def _worked(day: date) -> bool | None:
    """What the package says of a day, None if it does not know its year; it takes 40 us to ask."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return None


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
        worked = _worked(day)
        if worked is None:
            return day.weekday() < SATURDAY and (day.month, day.day) not in FIXED
        return worked

    def is_settled(self, day: date) -> bool:
        """Whether the State Council's notice for that day's year is known here."""
        return day.year in self.years or _worked(day) is not None

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

    def on_or_after(self, day: date) -> date:
        """The day itself, or the first working day after it."""
        while not self.is_working(day):
            day += timedelta(days=1)
        return day

    def on_or_before(self, day: date) -> date:
        """The day itself, or the last working day before it."""
        while not self.is_working(day):
            day -= timedelta(days=1)
        return day

    def working_between(self, start: date, end: date) -> int:
        """Working days after ``start`` up to and with ``end``; negative if ``end`` lies before.

        ``add_working(start, n)`` is the first day for which this gives ``n``.
        """
        if end < start:
            return -self.working_between(end, start)
        days = (end - start).days
        return sum(self.is_working(start + timedelta(days=n)) for n in range(1, days + 1))

    def resting(self, days: Iterable[date]) -> "WorkCalendar":
        """The same calendar with further days on which no deadline runs (应急, DOMAIN.md 9)."""
        further = dict.fromkeys(days, False)
        return replace(self, overrides={**self.overrides, **further}) if further else self

    def nth_working(self, year: int, month: int, count: int) -> date:
        """The ``count``-th working day of a month, counted from 1."""
        return self.add_working(date(year, month, 1) - timedelta(days=1), count)


@dataclass(frozen=True, slots=True)
class WorkHours:
    """The hours that count on a working day, for clocks in hours (DOMAIN.md 4, 9).

    ``spans`` are local times of ``zone``, in order and without overlap, none over midnight.
    """

    calendar: WorkCalendar
    zone: ZoneInfo
    spans: tuple[tuple[time, time], ...]

    @property
    def a_day(self) -> timedelta:
        """Working time of one working day."""
        return sum((self._length(span) for span in self.spans), timedelta())

    def add(self, moment: datetime, amount: timedelta) -> datetime:
        """When ``amount`` of working time has passed since ``moment`` (aware, its zone kept).

        Nothing runs at night, at noon and on rest days. A clock that runs out at the very end of a
        span ends there, not at the beginning of the next one. ``ValueError`` if it is negative.
        """
        if amount < timedelta():
            raise ValueError(amount)
        left = amount
        for start, end in self._ahead(moment.astimezone(self.zone)):
            if left <= end - start:
                return (start + left).astimezone(moment.tzinfo)
            left -= end - start
        raise ValueError("no working hours")  # pragma: no cover  (_ahead never ends)

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Working time from one moment to another (aware); zero if ``end`` is not later."""
        if end <= start:
            return timedelta()
        passed = timedelta()
        for opens, closes in self._ahead(start.astimezone(self.zone)):
            if opens >= end:
                break
            passed += min(closes, end) - opens
        return passed

    def is_open(self, moment: datetime) -> bool:
        """Whether a clock runs at this moment (aware)."""
        local = moment.astimezone(self.zone)
        inside = any(start <= local.time() < end for start, end in self.spans)
        return inside and self.calendar.is_working(local.date())

    def end_of(self, day: date) -> datetime:
        """The end of the working hours of a day (aware, in ``zone``), also of a rest day."""
        return datetime.combine(day, self.spans[-1][1], self.zone)

    def _length(self, span: tuple[time, time]) -> timedelta:
        start, end = (timedelta(hours=t.hour, minutes=t.minute) for t in span)
        return end - start

    def _ahead(self, local: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The working spans from a local moment on, the present one from that moment."""
        day = local.date()
        while True:
            if self.calendar.is_working(day):
                for start, end in self.spans:
                    closes = datetime.combine(day, end, self.zone)
                    if closes > local:
                        yield max(datetime.combine(day, start, self.zone), local), closes
            day += timedelta(days=1)


def read_calendar(session: Session) -> WorkCalendar:
    """The calendar with the packaged table and, over it, all days that were set by hand.

    A year whose New Year's Day was set by hand is settled: every notice begins with it.
    """
    days, years = packaged_days()
    rows = dict(session.execute(select(CalendarDay.day, CalendarDay.working)).all())
    settled = {day.year for day in rows if (day.month, day.day) == (1, 1)}
    return WorkCalendar({**days, **rows}, years | settled)


def set_days(session: Session, days: Mapping[date, bool], note: str) -> None:
    """Set days by hand; what was set before for them is replaced."""
    for day, working in days.items():
        session.merge(CalendarDay(day=day, working=working, note=note))


def after_quiet(
    moment: datetime, start: time, end: time, zone: ZoneInfo, calendar: WorkCalendar | None = None
) -> datetime:
    """The moment itself, or the end of the quiet time it falls into (aware, same zone as given).

    Quiet are the nights and, if a calendar is given, its rest days (DOMAIN.md 9).
    """
    local = moment.astimezone(zone)
    day = local.date() + timedelta(days=local.time() >= start)
    while calendar is not None and not calendar.is_working(day):
        day += timedelta(days=1)
    if day == local.date() and local.time() >= end:
        return moment
    return datetime.combine(day, end, zone).astimezone(moment.tzinfo)
