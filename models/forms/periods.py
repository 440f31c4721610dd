"""A period of the calendar: week, ten days, month, double month, quarter, half-year, year."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from models.forms.days import FIRST_YEAR, LAST_YEAR, MONTHS

_WEEK: Final = timedelta(weeks=1)
_PARTS: Final = 3  # 上旬, 中旬, 下旬
_TEN: Final = 10


class PeriodKind(StrEnum):
    """How long a period is (PRODUCT.md D.3)."""

    WEEK = "week"
    TENDAYS = "tendays"
    MONTH = "month"
    BIMONTH = "bimonth"
    QUARTER = "quarter"
    HALF = "half"
    YEAR = "year"


_MONTHS: Final = {
    PeriodKind.MONTH: 1,
    PeriodKind.BIMONTH: 2,
    PeriodKind.QUARTER: 3,
    PeriodKind.HALF: 6,
    PeriodKind.YEAR: 12,
}


def _end(year: int, month: int) -> date:
    return date(year, month, monthrange(year, month)[1])


def in_year(kind: PeriodKind, year: int) -> int:
    """How many periods of a kind a year has; weeks are those of ISO 8601 (52 or 53)."""
    if kind is PeriodKind.WEEK:
        return date(year, MONTHS, 28).isocalendar().week  # in the last week or the one before
    if kind is PeriodKind.TENDAYS:
        return MONTHS * _PARTS
    return MONTHS // _MONTHS[kind]


@dataclass(frozen=True, slots=True, order=True)
class CalendarPeriod:
    """One period: the ``index``-th of its kind in ``year``, counted from 1 (``ValueError``).

    Weeks run from Monday to Sunday; their year and number are those of ISO 8601. Ten-day periods
    are counted through the year: 1 to 3 in January, 4 to 6 in February.
    """

    kind: PeriodKind
    year: int
    index: int

    def __post_init__(self) -> None:
        if not FIRST_YEAR <= self.year <= LAST_YEAR:
            raise ValueError(f"year {self.year} is not between {FIRST_YEAR} and {LAST_YEAR}")
        if not 1 <= self.index <= in_year(self.kind, self.year):
            raise ValueError(f"{self.year} has no {self.kind} {self.index}")

    @classmethod
    def holding(cls, kind: PeriodKind, day: date) -> "CalendarPeriod":
        """The period of a kind that a day lies in."""
        if kind is PeriodKind.WEEK:
            iso = day.isocalendar()
            return cls(kind, iso.year, iso.week)
        if kind is PeriodKind.TENDAYS:
            part = min((day.day - 1) // _TEN, _PARTS - 1)
            return cls(kind, day.year, (day.month - 1) * _PARTS + part + 1)
        return cls(kind, day.year, (day.month - 1) // _MONTHS[kind] + 1)

    def days(self) -> tuple[date, date]:
        """Its first and its last day."""
        if self.kind is PeriodKind.WEEK:
            monday = date.fromisocalendar(self.year, self.index, 1)
            return monday, monday + timedelta(days=6)
        if self.kind is PeriodKind.TENDAYS:
            month, part = divmod(self.index - 1, _PARTS)
            first = date(self.year, month + 1, part * _TEN + 1)
            if part < _PARTS - 1:
                return first, first + timedelta(days=_TEN - 1)
            return first, _end(self.year, month + 1)
        size = _MONTHS[self.kind]
        first = date(self.year, (self.index - 1) * size + 1, 1)
        return first, _end(self.year, self.index * size)

    def shifted(self, count: int) -> "CalendarPeriod":
        """The period ``count`` places later, or earlier (``ValueError`` beyond 2199)."""
        if self.kind is PeriodKind.WEEK:
            return self.holding(self.kind, self.days()[0] + count * _WEEK)
        size = in_year(self.kind, self.year)
        years, index = divmod(self.index - 1 + count, size)
        return CalendarPeriod(self.kind, self.year + years, index + 1)
