"""The number of a stored thing as an answer: ``JY-2026-0001``, ``jy 2026 1``, full-width too."""

import re
from dataclasses import dataclass
from typing import ClassVar

from models.forms.field import Description, Field, Problem, Reading
from models.forms.typed import normal

_NUMBER = re.compile(r"([A-Za-z]{2})\s*[-–—_ ]?\s*(20\d\d)\s*[-–—_ ]\s*(\d{1,9})(?![\d.%])")


def number_in(text: str) -> str:
    """The first number in a text, in its canonical form; empty if there is none."""
    found = _NUMBER.search(normal(text))
    return _canonical(found) if found else ""


def _canonical(found: re.Match[str]) -> str:
    prefix, year, serial = found.groups()
    return f"{prefix.upper()}-{year}-{int(serial):04d}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordNumber(Field[str]):
    """The number under which something is stored; the value is its canonical form."""

    kind: ClassVar[str] = "record"

    def parse(self, raw: str, reading: Reading) -> str | Problem:
        """``PREFIX-YEAR-NNNN`` with at least four digits; anything else is a problem."""
        del reading
        found = _NUMBER.fullmatch(normal(raw).strip())
        return Problem("problem.record_number") if found is None else _canonical(found)

    def echo(self, value: str) -> str:
        """The canonical form itself."""
        return value

    def describe(self) -> Description:
        """A short text with an example."""
        return Description(self.kind, self.key, self.required, example="JZ-2026-0001")

    def lead(self, text: str) -> int:
        """A number at the beginning of a line is recognised without its label."""
        found = _NUMBER.match(text)
        return found.end() if found else 0
