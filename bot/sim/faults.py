"""What can go wrong on the platform's side, switched on by tests and by nobody else."""

from collections import deque
from dataclasses import dataclass, field


@dataclass(slots=True)
class Faults:
    """Switches. Counters count down with each use; everything is off at first.

    ``silent``       the socket reads and never answers (no acks, no pongs)
    ``drop_acks``    so many acks to frames other than subscribe and ping are lost
    ``delay_acks``   seconds before each such ack
    ``link_codes``   errcodes answered to the next frames instead of doing them
    ``duplicate``    so many callbacks come twice, with the same msgid
    ``copies``       every callback comes so many times
    ``disorder``     seconds within which each callback is held back, each for a time of its own
    ``lost_answers`` so many answers of callbacks are lost on their way: delivered again
    ``double_blank`` two blanks after the mention
    ``image_first``  in mixed messages pictures stand before the words
    ``missing``      keys left out of callback bodies (``response_url``, ``chatid``, ``msgid``)
    ``pic_url``      pictures come as ``pic_url`` instead of ``url``
    ``latency``      seconds before each REST call is answered
    ``api_codes``    (call, errcode) pairs, each answered once instead of doing the call
    ``api_status``   HTTP status codes answered to the next REST calls
    ``api_cut``      so many REST calls are done and then cut off before the answer
    """

    silent: bool = False
    drop_acks: int = 0
    delay_acks: float = 0
    link_codes: deque[int] = field(default_factory=deque)
    duplicate: int = 0
    copies: int = 1
    disorder: float = 0
    lost_answers: int = 0
    double_blank: bool = False
    image_first: bool = False
    missing: frozenset[str] = frozenset()
    pic_url: bool = False
    latency: float = 0
    api_codes: deque[tuple[str, int]] = field(default_factory=deque)
    api_status: deque[int] = field(default_factory=deque)
    api_cut: int = 0

    def api_code(self, call: str) -> int:
        """The errcode this call is to fail with now, or 0."""
        for pair in self.api_codes:
            if pair[0] == call:
                self.api_codes.remove(pair)
                return pair[1]
        return 0

    def times(self) -> int:
        """How often the next callback comes."""
        return max(self.copies, 2 if self.spend("duplicate") else 1)

    def spend(self, name: str) -> bool:
        """Use one of a counter up, if there is one left."""
        left: int = getattr(self, name)
        if left <= 0:
            return False
        setattr(self, name, left - 1)
        return True
