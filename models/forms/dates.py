"""Fields that hold a day or a period of the calendar.

Only a full date is certain. Whatever leans on today's date (月底前, 本周五, 25号, 国庆前) is shown
resolved, with its weekday, and flagged when it is a rest day (PRODUCT.md D.1).
"""

from dataclasses import dataclass
from datetime import date
from typing import ClassVar, Final

from config.lexicon import mapped, patterns
from config.texts import label, t, words
from models.forms import day_words, period_words
from models.forms.field import Description, Field, Problem, Reading, Unsure
from models.forms.numerals import tight
from models.forms.periods import CalendarPeriod, PeriodKind
from models.forms.quantity import quoted
from models.forms.typed import normal

_EXAMPLE_DAY: Final = date(2026, 9, 30)
_MARKS: Final = mapped("marks", "separator")
_LONGEST: Final = 40  # characters of a text that can still be a date


def _short(raw: str) -> str:
    """The text that may name a day: without blanks and end marks; empty if it is too long."""
    if len(raw) > 4 * _LONGEST:
        return ""
    text = tight(normal(raw).strip()).casefold().rstrip(_MARKS["end"])
    return text if len(text) <= _LONGEST else ""


def write_day(day: date) -> str:
    """Like 2026年9月30日（周三）."""
    weekday = words("echo.weekdays")[day.weekday()]
    return t("echo.date", year=day.year, month=day.month, day=day.day, weekday=weekday)


def lead_of(family: str, text: str) -> int:
    """The longest beginning that one of the patterns of a family reads, up to a mark or word.

    What ends in a digit must be followed by a blank or mark: ``9.30`` is no day in ``9.305``.
    """
    ends = (found.end() for found in (p.match(text) for p in patterns(family).values()) if found)
    stops = _MARKS["clause"] + _MARKS["end"] + " \n)]"
    for end in sorted(ends, reverse=True):
        if end == len(text) or text[end] in stops or not text[end - 1].isascii():
            return end
    return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Date(Field[date]):
    """A day.

    ``past`` says that it has come already (an activity that was held): dates without a year or
    month are then looked for backwards, otherwise forwards from today.
    """

    kind: ClassVar[str] = "date"

    past: bool = False

    def parse(self, raw: str, reading: Reading) -> date | Unsure[date] | Problem:
        """Read a day between 1900 and 2199."""
        params = {"typed": quoted(raw)}
        text = _short(raw)
        found = day_words.resolve(text, reading, past=self.past) if text else "unread"
        if isinstance(found, str):
            return Problem(f"problem.date.{found}", params)
        if found.certain:
            return found.day
        doubt = "rest" if not reading.days.is_working(found.day) else "plain"
        if found.conflict:
            doubt = "weekday"
        return Unsure(found.day, f"doubt.date.{doubt}", {**params, "value": self.echo(found.day)})

    def echo(self, value: date) -> str:
        """Like 2026年9月30日（周三）."""
        return write_day(value)

    def describe(self) -> Description:
        """A date box."""
        return Description(
            kind=self.kind,
            key=self.key,
            required=self.required,
            example=t("kind.date.example"),
        )

    def lead(self, text: str) -> int:
        """Any way of naming a day."""
        return lead_of("dates", text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Period(Field[CalendarPeriod]):
    """A week, month, quarter ...; ``kinds`` are those that are wanted.

    上周 and 2026年第47周 are certain; 9月 or 第47周 without a year are asked back.
    """

    kind: ClassVar[str] = "period"

    kinds: tuple[PeriodKind, ...] = tuple(PeriodKind)

    def parse(
        self, raw: str, reading: Reading
    ) -> CalendarPeriod | Unsure[CalendarPeriod] | Problem:
        """Read a period between 1900 and 2199."""
        params = {"typed": quoted(raw)}
        text = _short(raw)
        found = period_words.resolve(text, reading.today, self.kinds) if text else "unread"
        if isinstance(found, str):
            wanted = t("echo.list").join(label(kind) for kind in self.kinds)
            params.update(kinds=wanted, example=self._example(reading.today))
            return Problem(f"problem.period.{found}", params)
        if found.certain:
            return found.period
        first, last = map(write_day, found.period.days())
        params.update(value=self.echo(found.period), first=first, last=last)
        return Unsure(found.period, "doubt.period.plain", params)

    def _example(self, today: date) -> str:
        return self.echo(CalendarPeriod.holding(self.kinds[0], today))

    def echo(self, value: CalendarPeriod) -> str:
        """Like 2026年第47周 or 2026年3—4月."""
        return period_words.write_period(value)

    def describe(self) -> Description:
        """A text box; the example is one of the first kind."""
        return Description(
            kind=self.kind,
            key=self.key,
            required=self.required,
            example=self._example(_EXAMPLE_DAY),
        )

    def lead(self, text: str) -> int:
        """Any way of naming a period."""
        return lead_of("periods", text)
