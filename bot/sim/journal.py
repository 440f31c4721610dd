"""The platform's log and its list of broken rules; both without contents."""

from collections import deque
from collections.abc import Iterable
from typing import Final

import structlog

from bot.clock import Clock
from bot.sim.messages import Entry, Violation
from bot.sim.shape import Problem
from bot.sim.signals import Signals

KEPT: Final = 2000
_log = structlog.get_logger()


class Journal:
    """What happened at the platform's doors."""

    def __init__(self, clock: Clock, signals: Signals) -> None:
        self._clock = clock
        self._signals = signals
        self.entries: deque[Entry] = deque(maxlen=KEPT)
        self.violations: list[Violation] = []

    def log(self, door: str, call: str, code: int = 0, note: str = "") -> None:
        """Write one line: which door, which call, its errcode."""
        self.entries.append(Entry(self._clock.now(), door, call, code, note))
        self._signals.tell({"type": "log"})

    def violate(self, where: str, rule: str, *, hard: bool = True) -> None:
        """Note a broken rule; the text names rule and place, never a value."""
        self.violations.append(Violation(self._clock.now(), where, rule, hard))
        _log.warning("desk.violation", where=where, rule=rule, hard=hard)
        self.log("violation", where, note=rule)

    def violate_all(self, where: str, problems: Iterable[Problem]) -> bool:
        """Note every problem; whether one of them is hard."""
        found = list(problems)
        for problem in found:
            self.violate(where, str(problem), hard=problem.hard)
        return any(problem.hard for problem in found)
