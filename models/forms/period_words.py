"""The ways in which people name a period: 2026年第47周, 上周, 本季度, 3—4月, 9月上旬, 上半年.

Pure; every rule belongs to the pattern of the same name in ``config/lexicon/periods.toml``. 上周 or
本季度 say beyond doubt what is meant today; a period without its year does not.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from config.lexicon import mapped, patterns
from config.texts import t, words
from models.forms.numerals import whole
from models.forms.periods import CalendarPeriod, PeriodKind

_PARTS: Final = 3
_THURSDAY: Final = 3  # the day whose month a week belongs to, as with the weeks of ISO 8601
_SIZES: Final = {
    1: PeriodKind.MONTH,
    2: PeriodKind.BIMONTH,
    3: PeriodKind.QUARTER,
    6: PeriodKind.HALF,
    12: PeriodKind.YEAR,
}

_Found = re.Match[str]
# (what was found, year) -> the period; ``ValueError`` if there is none
_Rule = Callable[[_Found, int], CalendarPeriod]


@dataclass(frozen=True, slots=True)
class Understood:
    """A period as it was understood; ``certain`` if its year was said."""

    period: CalendarPeriod
    certain: bool


def write_period(period: CalendarPeriod) -> str:
    """Like 2026年第47周, 2026年9月上旬, 2026年3—4月, 2026年第3季度, 2026年上半年."""
    kind, index = period.kind, period.index
    values: dict[str, object] = {"year": period.year, "index": index}
    if kind is PeriodKind.TENDAYS:
        month, part = divmod(index - 1, _PARTS)
        values.update(month=month + 1, part=words("echo.period.tendays_parts")[part])
    elif kind is PeriodKind.HALF:
        values.update(part=words("echo.period.half_parts")[index - 1])
    elif kind in (PeriodKind.MONTH, PeriodKind.BIMONTH):
        first, last = period.days()
        values.update(month=first.month, last=last.month)
    return t(f"echo.period.{kind}", **values)


def _number(text: str) -> int:
    value = whole(text)
    return -1 if value is None else value


def _plain(kind: PeriodKind) -> _Rule:
    def rule(found: _Found, year: int) -> CalendarPeriod:
        return CalendarPeriod(kind, year, _number(found["index"]))

    return rule


def _half(found: _Found, year: int) -> CalendarPeriod:
    return CalendarPeriod(PeriodKind.HALF, year, mapped("periods", "half")[found["index"]])


def _whole_year(found: _Found, year: int) -> CalendarPeriod:
    del found
    return CalendarPeriod(PeriodKind.YEAR, year, 1)


def _tendays(found: _Found, year: int) -> CalendarPeriod:
    part = mapped("periods", "part")[found["part"]]
    month = CalendarPeriod(PeriodKind.MONTH, year, _number(found["month"]))
    return CalendarPeriod(PeriodKind.TENDAYS, year, (month.index - 1) * _PARTS + part)


def _week_of_month(found: _Found, year: int) -> CalendarPeriod:
    """9月第3周 is the week of the third Thursday of September."""
    first, last = CalendarPeriod(PeriodKind.MONTH, year, _number(found["month"])).days()
    thursday = first + timedelta(days=(_THURSDAY - first.weekday()) % 7)
    thursday += timedelta(weeks=_number(found["week"]) - 1)
    if not first <= thursday <= last:
        raise ValueError("no such week in the month")
    return CalendarPeriod.holding(PeriodKind.WEEK, thursday)


def _months(found: _Found, year: int) -> CalendarPeriod:
    """3—4月 is a double month, 1—3月 a quarter, 1—6月 a half-year."""
    first, last = _number(found["first"]), _number(found["last"])
    size = last - first + 1
    if size not in _SIZES or (first - 1) % size:
        raise ValueError("no such span of months")
    return CalendarPeriod(_SIZES[size], year, (first - 1) // size + 1)


_RULES: Final[Mapping[str, _Rule]] = {
    "year": _whole_year,
    "near_year": _whole_year,
    "half": _half,
    "tendays": _tendays,
    "week": _plain(PeriodKind.WEEK),
    "week_mark": _plain(PeriodKind.WEEK),
    "week_of_month": _week_of_month,
    "quarter": _plain(PeriodKind.QUARTER),
    "quarter_mark": _plain(PeriodKind.QUARTER),
    "months": _months,
    "month": _plain(PeriodKind.MONTH),
    "month_marks": _plain(PeriodKind.MONTH),
}


def _near(found: _Found, today: date) -> CalendarPeriod:
    """上周, 本季度, 下月: counted from the period that today lies in."""
    kind = PeriodKind(mapped("periods", "unit")[found["unit"]])
    count = mapped("periods", "near")[found["near"]]
    return CalendarPeriod.holding(kind, today).shifted(count)


def _near_tendays(found: _Found, today: date) -> CalendarPeriod:
    month = CalendarPeriod.holding(PeriodKind.MONTH, today)
    if found["near"]:
        month = month.shifted(mapped("periods", "near")[found["near"]])
    part = mapped("periods", "part")[found["part"] or found["part2"]]
    return CalendarPeriod(PeriodKind.TENDAYS, month.year, (month.index - 1) * _PARTS + part)


def _distance(period: CalendarPeriod, today: date) -> int:
    """Days from today; those ahead count double, since people rather speak of what has been."""
    first, last = period.days()
    return max(2 * (first - today).days, (today - last).days, 0)


def _nearest(rule: _Rule, found: _Found, today: date) -> CalendarPeriod:
    """Without a year: the period that lies nearest to today, whether over or still to come."""
    known = []
    for year in (today.year, today.year - 1, today.year + 1):
        try:
            known.append(rule(found, year))
        except ValueError:  # the 53rd week of a year that has only 52
            continue
    if not known:
        raise ValueError("in no year")
    return min(known, key=lambda period: _distance(period, today))


def _read(name: str, found: _Found, today: date) -> Understood:
    if name == "near":
        return Understood(_near(found, today), certain=True)
    if name == "near_tendays":
        return Understood(_near_tendays(found, today), certain=bool(found["near"]))
    groups = found.groupdict()
    rule = _RULES[name]
    if groups.get("year"):
        return Understood(rule(found, _number(found["year"])), certain=True)
    if groups.get("near_year"):
        shift = mapped("periods", "near_year")[found["near_year"]]
        return Understood(rule(found, today.year + shift), certain=True)
    return Understood(_nearest(rule, found, today), certain=False)


def resolve(text: str, today: date, kinds: tuple[PeriodKind, ...]) -> Understood | str:
    """The period that a text names (normalised, without blanks), or the name of the problem.

    ``kinds`` are the ones wanted: a bare figure is read if there is only one. Problems:
    ``unread``, ``impossible`` (第54周, 2—3月), ``kind`` (a month where a week is wanted).
    """
    for name, pattern in patterns("periods").items():
        found = pattern.fullmatch(text)
        if found is None or (name == "bare" and len(kinds) > 1):
            continue
        try:
            if name == "bare":
                understood = Understood(_nearest(_plain(kinds[0]), found, today), certain=False)
            else:
                understood = _read(name, found, today)
        except (ValueError, OverflowError):
            return "impossible"
        return understood if understood.period.kind in kinds else "kind"
    return "unread"
