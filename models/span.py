"""How long a clock runs: so many working days or working hours (DOMAIN.md 4)."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from models.calendar import WorkHours

_SPAN: Final = re.compile(r"(\d{1,5})([dhm])")


@dataclass(frozen=True, slots=True)
class Span:
    """``10d``, ``2h`` or ``90m``: working days, hours or minutes.

    Days end when the last of them ends; the day on which it begins is not counted (民法典 201).
    Hours and minutes are those worked, the noon break and all rest days left out.
    """

    count: int
    unit: str

    @classmethod
    def read(cls, text: str) -> "Span":
        """Read what ``str`` writes; ``ValueError`` for anything else."""
        found = _SPAN.fullmatch(text)
        if found is None:
            raise ValueError(text)
        return cls(int(found[1]), found[2])

    def __str__(self) -> str:
        return f"{self.count}{self.unit}"

    def end(self, begun: datetime, hours: WorkHours) -> datetime:
        """When it is over if it begins at a moment (aware; the answer is in UTC's zone of it)."""
        if self.unit == "d":
            first = begun.astimezone(hours.zone).date()
            last = hours.calendar.add_working(first, self.count)
            return hours.end_of(last).astimezone(begun.tzinfo)
        return hours.add(begun, timedelta(minutes=self.count * (60 if self.unit == "h" else 1)))
