"""Old and repeated callbacks are refused (page 101033: a nonce is unique for two hours).

A nonce is used up once its request has been answered with 2xx. The same nonce while the first
attempt is unanswered, or after it failed, is the platform trying again, and passes if it brings
the same cipher text. What WeCom redelivers later carries a new nonce and is recognised by its
message id, in the database. The signature covers nonce and timestamp, so a nonce forgotten
because the memory was full is still refused as soon as it is stale.
"""

from collections import OrderedDict
from dataclasses import dataclass

from bot.clock import Clock
from bot.wecom import limits


class Stale(Exception):  # noqa: N818  (what the request is, not a fault of ours)
    """The timestamp is missing, no number, or too far from now."""


class Replayed(Exception):  # noqa: N818  (what the request is, not a fault of ours)
    """The nonce was answered before, or stood over another cipher text."""


@dataclass(slots=True)
class _Seen:
    at: float
    cipher_hash: int
    answered: bool = False


class Guard:
    """Remembers the nonces of one callback address, at most ``capacity``, for two hours."""

    def __init__(self, clock: Clock, *, capacity: int = limits.NONCES) -> None:
        self._clock = clock
        self._capacity = capacity
        self._seen: OrderedDict[str, _Seen] = OrderedDict()

    def __len__(self) -> int:
        return len(self._seen)

    def check_age(self, timestamp: str) -> None:
        """Refuse a timestamp (seconds since 1970) more than ten minutes away (``Stale``)."""
        if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):  # noqa: PLR2004
            raise Stale
        if abs(int(timestamp) - self._clock.now().timestamp()) > limits.FRESH:
            raise Stale

    def admit(self, nonce: str, cipher_text: str) -> None:
        """Let a verified request in, or raise ``Replayed``."""
        now = self._clock.now().timestamp()
        self._forget(now)
        seen = self._seen.get(nonce)
        if seen is None:
            self._seen[nonce] = _Seen(now, hash(cipher_text))
        elif seen.answered or seen.cipher_hash != hash(cipher_text):
            raise Replayed

    def spend(self, nonce: str) -> None:
        """The request was answered with 2xx: its nonce is used up."""
        if seen := self._seen.get(nonce):
            seen.answered = True

    def _forget(self, now: float) -> None:
        """Drop what is older than two hours, and the oldest when there are too many."""
        while self._seen:
            nonce, oldest = next(iter(self._seen.items()))
            if now - oldest.at <= limits.NONCE_MEMORY and len(self._seen) < self._capacity:
                return
            del self._seen[nonce]
