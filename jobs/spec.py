"""A job: what the clock asks for, and when."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from handlers.context import Context


class Clockwork(Protocol):
    """What a run has in hand: a context whose session changes with every transaction."""

    @property
    def ctx(self) -> Context:
        """The context of the present transaction; ask for it anew after each ``yield``."""
        ...

    @property
    def due(self) -> datetime:
        """The scheduled moment, aware, in UTC."""
        ...

    @property
    def cutoff(self) -> datetime:
        """Data up to here counts, aware, in UTC: the scheduled moment, or the one asked for."""
        ...

    @property
    def by_hand(self) -> bool:
        """Whether somebody asked for this run.

        Then what it says is due at once (DESIGN.md 7a); else it waits for the end of the quiet
        hours, however late the run is made up.
        """
        ...


@dataclass(frozen=True, slots=True)
class Job:
    """``run`` does its work in pieces and yields after each: there the runner commits.

    Killed between two pieces, it is begun again; every piece must therefore find out what is
    done already (pushes do so by their dedupe keys, frozen tables by their unique period).
    ``name`` is contract; its times stand in the rules under ``schedule``. ``shreds``: it destroys
    what must not be found again, and the database's own log is emptied after it.
    """

    name: str
    run: Callable[[Clockwork], Iterator[None]]
    shreds: bool = False
