"""How often may be sent: sliding windows per channel and conversation.

A window that slides uses the allowed rate whole; fixed minutes would waste up to half of it. What
other processes sent is learnt when a conversation changes hands (``bot/deliveries.py``).
"""

from collections import deque
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from bot.channel import Abilities

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
IDLE = 4_000
"""Conversations remembered before the quiet ones are forgotten."""


class Rates:
    """Remembers when something was sent, by channel and conversation, in this process."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._sent: dict[tuple[str, str], deque[datetime]] = {}

    def delay(self, channel: str, conversation: str, abilities: Abilities) -> float:
        """Seconds until the next send is allowed; zero: now."""
        sent = self._recent(channel, conversation)
        waits = [0.0]
        for allowed, window in ((abilities.per_minute, MINUTE), (abilities.per_hour, HOUR)):
            if allowed and len(sent) >= allowed:
                waits.append((sent[-allowed] + window - self._now()).total_seconds())
        return max(waits)

    def note(self, channel: str, conversation: str) -> None:
        """Something was sent just now."""
        self._recent(channel, conversation).append(self._now())

    def learn(self, channel: str, conversation: str, moments: Iterable[datetime]) -> None:
        """Somebody else sent at these moments too."""
        sent = self._recent(channel, conversation)
        merged = sorted((*sent, *moments))
        sent.clear()
        sent.extend(merged)

    def went_back(self) -> None:
        """The clock was set back: nothing was sent later than now."""
        now = self._now()
        for key, sent in self._sent.items():
            self._sent[key] = deque(min(at, now) for at in sent)

    def _recent(self, channel: str, conversation: str) -> "deque[datetime]":
        if len(self._sent) > IDLE:
            self._forget()
        sent = self._sent.setdefault((channel, conversation), deque())
        while sent and self._now() - sent[0] >= HOUR:
            sent.popleft()
        return sent

    def _forget(self) -> None:
        edge = self._now() - HOUR
        self._sent = {key: sent for key, sent in self._sent.items() if sent and sent[-1] > edge}
