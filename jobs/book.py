"""Keeping book of all duties piece by piece, so that nobody waits for it (DESIGN.md 3)."""

from collections.abc import Iterator, Sequence

from handlers.duty import DutySource
from handlers.owed import Standing, look, strike_off, write_down
from jobs.spec import Clockwork

AT_ONCE = 500
"""Duties in one transaction."""


def keep_book(
    work: Clockwork,
    sources: Sequence[DutySource],
    standings: list[tuple[DutySource, Standing]],
) -> Iterator[None]:
    """Fill ``standings`` with everything owed now; each ``yield`` ends a transaction."""
    for source in sources:
        found = look(work.ctx, source)
        for start in range(0, len(found.duties), AT_ONCE):
            standings += [(source, one) for one in write_down(work.ctx, found, start, AT_ONCE)]
            yield
        strike_off(work.ctx, found)
        yield
