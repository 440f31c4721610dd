"""Sliding windows: so many a minute, so many an hour, counted on the desk's clock."""

from collections import deque
from collections.abc import Hashable
from datetime import datetime, timedelta

_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)


class Budget:
    """Counts events by key and says when one more is too many."""

    def __init__(self, per_minute: int, per_hour: int | None = None) -> None:
        self._per_minute = per_minute
        self._per_hour = per_hour
        self._seen: dict[Hashable, deque[datetime]] = {}

    def take(self, key: Hashable, now: datetime) -> bool:
        """Count one event at ``now`` if it fits; False (and nothing counted) if it does not."""
        seen = self._seen.setdefault(key, deque())
        while seen and now - seen[0] >= _HOUR:
            seen.popleft()
        if self._per_hour is not None and len(seen) >= self._per_hour:
            return False
        if len(seen) >= self._per_minute and now - seen[-self._per_minute] < _MINUTE:
            return False
        seen.append(now)
        return True
