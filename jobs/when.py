"""When jobs are due, from one line of the rules: five fields of cron and an optional day rule.

``0 9 * * mon``           every Monday at nine
``30 8 * * * workday``    every working day (Chinese calendar) at half past eight
``0 9 * * * workday=1``   the first working day of each month
``0 9 5 1-11/2 *``        the fifth of odd months
``*/5 8-19 * * *``        every five minutes from eight to twenty
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from models.calendar import WorkCalendar

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LOOK_BACK = 400
"""Days searched for the last due moment: a yearly job is found."""


@dataclass(frozen=True, slots=True)
class When:
    """The parsed line. Sets hold what is allowed; ``workday`` 0: any day, -1: working days.

    ``times`` are the times of a day, in order.
    """

    times: tuple[time, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    workday: int = 0

    def on(self, day: date, calendar: WorkCalendar) -> bool:
        """Whether it is due on a day."""
        if day.month not in self.months or day.day not in self.days:
            return False
        if day.weekday() not in self.weekdays:
            return False
        if self.workday == 0:
            return True
        if not calendar.is_working(day):
            return False
        return self.workday < 0 or calendar.nth_working(day.year, day.month, self.workday) == day


def parse_when(line: str) -> When:
    """Read one line; ``ValueError`` if it is none."""
    parts = line.split()
    if len(parts) not in (5, 6):
        raise ValueError(line)
    minute, hour, days, months, weekdays = parts[:5]
    workday = 0
    if len(parts) == 6:  # noqa: PLR2004  (the sixth is the day rule)
        name, _, number = parts[5].partition("=")
        if name != "workday":
            raise ValueError(line)
        workday = int(number) if number else -1
    return When(
        times=tuple(
            time(h, m)
            for h in sorted(_numbers(hour, 0, 23))
            for m in sorted(_numbers(minute, 0, 59))
        ),
        days=_numbers(days, 1, 31),
        months=_numbers(months, 1, 12),
        weekdays=_weekdays(weekdays),
        workday=workday,
    )


def _numbers(text: str, low: int, high: int) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        first, _, last = (f"{low}-{high}" if span == "*" else span).partition("-")
        found.update(range(int(first), int(last or first) + 1, int(step or 1)))
    if not found or min(found) < low or max(found) > high:
        raise ValueError(text)
    return frozenset(found)


def _weekdays(text: str) -> frozenset[int]:
    if text == "*":
        return frozenset(range(7))
    return frozenset(DAYS.index(part) for part in text.lower().split(","))


def last_due(
    when: When, moment: datetime, calendar: WorkCalendar, zone: ZoneInfo
) -> datetime | None:
    """The newest moment at or before ``moment`` at which it is due (aware, zone of ``moment``)."""
    for due in _backwards(when, moment.astimezone(zone).date(), calendar, zone):
        if due <= moment:
            return due.astimezone(moment.tzinfo)
    return None


def next_due(
    when: When, moment: datetime, calendar: WorkCalendar, zone: ZoneInfo
) -> datetime | None:
    """The first moment after ``moment`` at which it is due (aware, zone of ``moment``)."""
    day = moment.astimezone(zone).date()
    for _ in range(LOOK_BACK):
        if when.on(day, calendar):
            for at in when.times:
                due = datetime.combine(day, at, zone)
                if due > moment:
                    return due.astimezone(moment.tzinfo)
        day += timedelta(days=1)
    return None


def _backwards(when: When, day: date, calendar: WorkCalendar, zone: ZoneInfo) -> Iterator[datetime]:
    for _ in range(LOOK_BACK):
        if when.on(day, calendar):
            for at in reversed(when.times):
                yield datetime.combine(day, at, zone)
        day -= timedelta(days=1)


def period_of(due: datetime, zone: ZoneInfo) -> str:
    """The key under which a scheduled moment is claimed: its local date and minute."""
    return f"{due.astimezone(zone):%Y-%m-%dT%H:%M}"
