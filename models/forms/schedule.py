"""A field that holds a plan: lines of a day, what is done by then, and the percent it makes."""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import ClassVar, Final, NamedTuple

from config.lexicon import mapped
from config.texts import t
from models.forms.dates import Date
from models.forms.field import Description, Field, Problem, Reading, Unsure
from models.forms.quantity import Percent, quoted
from models.forms.typed import Typed, clean

_MARKS: Final = mapped("marks", "separator")
_NUMBERED: Final = re.compile(
    rf"[ {re.escape(mapped('marks', 'list')['bullet'])}]*"
    rf"(?:\(?[0-9]{{1,2}}(?:[{re.escape(_MARKS['number'])}](?![0-9]))+)? *"
)
_PERCENT: Final = re.compile(r"(?<![0-9.])(?P<percent>[0-9]{1,3}(?:\.[0-9]{1,2})?) ?%?\s*\Z")
_GAPS: Final = _MARKS["gap"] + ":-"
_LONGEST_NAME: Final = 60
_DAY: Final = Date(key="day")
_SHARE: Final = Percent(key="percent")


class Point(NamedTuple):
    """One line: by the end of ``day``, ``words`` are done and ``percent`` of the whole."""

    day: date
    words: str
    percent: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule(Field[tuple[Point, ...]]):
    """Lines such as ``3月31日 完成方案评审 20%``, at most ``high``, as they were written.

    Whether they stand in order and inside the year is for the form to say.
    """

    kind: ClassVar[str] = "schedule"

    high: int = 12

    def parse(
        self, raw: str, reading: Reading
    ) -> tuple[Point, ...] | Unsure[tuple[Point, ...]] | Problem:
        """Read all lines; days without a year are asked back together, resolved."""
        lines = [
            piece
            for line in clean(raw).splitlines()
            for piece in re.split("[;\uff1b]", line)
            if piece.strip()
        ]
        if not lines:
            return Problem("problem.schedule.empty")
        if len(lines) > self.high:
            return Problem("problem.schedule.many", {"high": self.high, "count": len(lines)})
        points, sure = [], True
        for number, line in enumerate(lines, 1):
            found = _read(line, reading)
            if isinstance(found, str):
                params = {"number": number, "typed": quoted(line)}
                return Problem(f"problem.schedule.{found}", params)
            point, certain = found
            points.append(point)
            sure = sure and certain
        value = tuple(points)
        if sure:
            return value
        return Unsure(value, "doubt.schedule", {"value": self.echo(value)})

    def echo(self, value: tuple[Point, ...]) -> str:
        """One line each, like 2026年3月31日（周二） 完成方案评审 20%."""
        return "\n".join(
            f"{_DAY.echo(point.day)} {point.words} {_SHARE.echo(point.percent)}" for point in value
        )

    def describe(self) -> Description:
        """A box of several lines."""
        return Description(
            kind=self.kind,
            key=self.key,
            required=self.required,
            multiline=True,
            example=t("kind.schedule.example"),
        )


def _read(line: str, reading: Reading) -> tuple[Point, bool] | str:
    """One line and whether its day is certain, or the name of what is wrong with it."""
    typed = Typed.read(line).strip()
    numbered = _NUMBERED.match(typed.text)
    reach = _DAY.lead(typed.text)
    if not reach and numbered:
        typed = typed.part(numbered.end()).strip()
        reach = _DAY.lead(typed.text)
    if not reach:
        return "day"
    day = _DAY.parse(typed.text[:reach], reading)
    if isinstance(day, Problem):
        return "day"
    rest = typed.part(reach).strip(_GAPS)
    share = _PERCENT.search(rest.text)
    if share is None:
        return "percent"
    percent = _SHARE.parse(f"{share['percent']}%", reading)
    if not isinstance(percent, Decimal):
        return "percent"
    words = clean(rest.part(0, share.start()).strip(_GAPS).original())
    if not words or len(words) > _LONGEST_NAME:
        return "words"
    if isinstance(day, Unsure):
        return Point(day.value, words, percent), False
    return Point(day, words, percent), True
