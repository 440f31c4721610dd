"""A brake for browsers that run wild: so many requests a minute for one person."""

from datetime import datetime, timedelta

from bot.clock import Clock

PER_MINUTE = 300
"""A person who clicks as fast as possible stays far below; a wall on the office screen as well."""
HEAVY = 20
"""Files of a minute: each costs the drawing process seconds."""
_WINDOW = timedelta(minutes=1)


class Brake:
    """Counts per person and minute, in this process alone. Nothing of it is stored or logged."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since: datetime = clock.now()
        self._counts: dict[tuple[str, int], int] = {}

    def allows(self, userid: str, most: int = PER_MINUTE) -> bool:
        """Count one request; False if it is one too many in this minute."""
        now = self._clock.now()
        if now - self._since >= _WINDOW or now < self._since:
            self._since, self._counts = now, {}
        key = (userid, most)
        self._counts[key] = self._counts.get(key, 0) + 1
        return self._counts[key] <= most
