"""Narrowing a ledger column by column: a word, a span of days or numbers, or a piece of text.

What is wanted is one text per column, as it stands in an address: ``A``, ``上周``, ``50..80``,
``2026-11-01..2026-11-30``, ``城南``. Whatever is typed, the database only ever gets parameters.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Final

from sqlalchemy import ColumnElement, Date, Integer, Numeric, false, true

from config.texts import label, labels
from handlers.seek import holds
from handlers.spec import Column, Kind, View
from models.base import Code, Tenths, UtcDateTime
from models.forms.period_words import resolve
from models.forms.periods import PeriodKind
from models.forms.typed import normal

SPAN: Final = ".."
MOST: Final = 10**9
"""Larger numbers fit into no column."""
_FIRST, _LAST = date(1900, 1, 1), date(2199, 12, 31)


class Narrowing(StrEnum):
    """How a column can be narrowed."""

    WORD = "word"
    DAYS = "days"
    NUMBERS = "numbers"
    TEXT = "text"
    NONE = "none"  # what is shown is reckoned from something else


def narrowing(column: Column) -> Narrowing:
    """How a column can be narrowed, by its kind and by what the database holds."""
    kind = getattr(column.expr, "type", None)
    if isinstance(kind, Code):
        return Narrowing.WORD
    if column.kind in (Kind.DATE, Kind.TIME):
        return Narrowing.DAYS if isinstance(kind, Date | UtcDateTime) else Narrowing.NONE
    if column.kind in (Kind.NUMBER, Kind.PERCENT):
        held = isinstance(kind, Integer | Numeric | Tenths)
        return Narrowing.NUMBERS if held else Narrowing.NONE
    return Narrowing.TEXT if searched(column) else Narrowing.NONE


def searched(column: Column) -> bool:
    """Whether text is looked for in a column.

    What is shown otherwise than it is held must not be guessed at word by word.
    """
    return column.kind is Kind.TEXT and (column.show is None or column.sought)


def options(column: Column) -> list[str]:
    """The words a column can hold."""
    kind = getattr(column.expr, "type", None)
    return [label(member) for member in kind.kind] if isinstance(kind, Code) else []


@dataclass(frozen=True, slots=True)
class Days:
    """From the first day to the last, both included; None leaves an end open."""

    first: date | None
    last: date | None


def days_of(wanted: str, today: date) -> Days | None:
    """Days as typed: one day, two parted by dots, or a period such as 上周; None if unread."""
    if SPAN in wanted:
        first, _, last = (part.strip() for part in wanted.partition(SPAN))
        ends = (_day(first) if first else None, _day(last) if last else None)
        if (first and ends[0] is None) or (last and ends[1] is None):
            return None
        return Days(*ends)
    if (day := _day(wanted)) is not None:
        return Days(day, day)
    found = resolve(wanted, today, tuple(PeriodKind))
    return None if isinstance(found, str) else Days(*found.period.days())


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if _FIRST <= day <= _LAST else None


def matches(column: Column, wanted: str, view: View) -> ColumnElement[bool]:
    """Which rows a column's wish leaves; what cannot be understood leaves none."""
    way = narrowing(column)
    if way is Narrowing.WORD:
        member = word_member(column, wanted)
        return false() if member is None else column.expr == member
    if way is Narrowing.DAYS:
        days = days_of(wanted, view.ctx.today)
        return false() if days is None else _within_days(column, days, view)
    if way is Narrowing.NUMBERS:
        return _within_numbers(column, wanted)
    return holds(column.expr, wanted) if way is Narrowing.TEXT else false()


def word_member(column: Column, word: str) -> StrEnum | None:
    """What a word means in a column that holds words."""
    kind = getattr(column.expr, "type", None)
    return labels(kind.kind).get(word) if isinstance(kind, Code) else None


def _within_days(column: Column, days: Days, view: View) -> ColumnElement[bool]:
    parts: list[ColumnElement[bool]] = [column.expr.is_not(None)]
    if isinstance(getattr(column.expr, "type", None), UtcDateTime):
        zone = view.ctx.zone
        if days.first:
            parts.append(column.expr >= datetime.combine(days.first, time(), zone))
        if days.last:
            after = datetime.combine(days.last + timedelta(days=1), time(), zone)
            parts.append(column.expr < after)
    else:
        if days.first:
            parts.append(column.expr >= days.first)
        if days.last:
            parts.append(column.expr <= days.last)
    return _all(parts)


def _within_numbers(column: Column, wanted: str) -> ColumnElement[bool]:
    low, dots, high = normal(wanted).replace("%", "").partition(SPAN)
    exact = not isinstance(getattr(column.expr, "type", None), Integer)
    ends = [_number(low, exact=exact), _number(high, exact=exact)]
    if (low.strip() and ends[0] is None) or (high.strip() and ends[1] is None):
        return false()
    if not dots:
        return false() if ends[0] is None else column.expr == ends[0]
    parts: list[ColumnElement[bool]] = [column.expr.is_not(None)]
    if ends[0] is not None:
        parts.append(column.expr >= ends[0])
    if ends[1] is not None:
        parts.append(column.expr <= ends[1])
    return _all(parts)


def _number(text: str, *, exact: bool) -> Decimal | float | None:
    """A number as the column's type takes it; None if it is none."""
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return None
    if not number.is_finite() or abs(number) >= MOST:
        return None
    return number if exact else float(number)


def _all(parts: list[ColumnElement[bool]]) -> ColumnElement[bool]:
    whole: ColumnElement[bool] = true()
    for part in parts:
        whole = whole & part
    return whole
