"""The hour, as a thing that is handed around; nothing else in the product asks the system."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Says what time it is."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        return datetime.now(UTC)


class ShiftedClock:
    """The machine's clock plus a distance that can be moved forward (the desk's clock)."""

    def __init__(self, base: Clock | None = None) -> None:
        self._base = base or SystemClock()
        self._shift = timedelta()

    def now(self) -> datetime:
        """The shifted moment, aware, in UTC."""
        return self._base.now() + self._shift

    def move_to(self, moment: datetime) -> None:
        """Let it be ``moment`` from now on. Time never runs backwards (``ValueError``)."""
        distance = moment - self.now()
        if distance < timedelta():
            raise ValueError("the clock only moves forward")
        self._shift += distance


class FixedClock:
    """A clock that stands still until it is moved (for tests)."""

    def __init__(self, moment: datetime) -> None:
        self._moment = moment

    def now(self) -> datetime:
        """The moment it was set to, aware, in UTC."""
        return self._moment

    def move_to(self, moment: datetime) -> None:
        """Let it be ``moment``. Time never runs backwards (``ValueError``)."""
        if moment < self._moment:
            raise ValueError("the clock only moves forward")
        self._moment = moment


def steady() -> float:
    """Seconds that only go forward, whatever is done to the clock, also while the machine sleeps.

    For how long something has lasted, never for when it was.
    """
    kind = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime(kind)
