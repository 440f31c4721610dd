"""What the platform's error numbers mean for a delivery.

Pages 90313 (global list) and 99110, and for the 846xxx and 853xxx family what SDKs and users
report. Decided by number alone, never by its text. An unknown number is *refused*: somebody has
to look at it, and nothing is sent twice.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from bot.channel import Elsewhere, Later, PushError, Refused
from bot.wecom import limits

BUSY: Final = -1
BAD_SECRET: Final = frozenset({40001, 40091})
BAD_CORP: Final = 40013
TOKEN_ENDED: Final = frozenset({40014, 42001})
BAD_MEDIA: Final = 40007
TASK_USED: Final = 42014
TOO_OFTEN: Final = 45009
FOREIGN_IP: Final = 60020
FOREIGN_AGENT: Final = frozenset({40056, 301002})
ALL_INVALID: Final = 81013
WINDOW_CLOSED: Final = 846604
BAD_REQUEST_ID: Final = 846605
ALREADY_ANSWERED: Final = 846606
RATE_LIMITED: Final = 846607
STREAM_EXPIRED: Final = 846608
NOT_SUBSCRIBED: Final = 846609
BAD_BOT: Final = 853000

ASK_ANEW: Final = frozenset({WINDOW_CLOSED, BAD_REQUEST_ID, STREAM_EXPIRED})
"""The message can no longer be answered, but something can still be sent to its conversation."""

_LATER: Final[Mapping[int, float]] = MappingProxyType(
    {
        BUSY: 3,
        6000: 1,  # two updates at once
        40014: limits.BLOCKED,  # a token that is invalid even after one refresh
        42001: limits.BLOCKED,
        TOO_OFTEN: limits.BLOCKED,
        45033: 5,  # too many calls at once
        RATE_LIMITED: 3,
        NOT_SUBSCRIBED: 1,
    }
)
_ELSEWHERE: Final = frozenset(
    {
        *BAD_SECRET,
        *FOREIGN_AGENT,
        BAD_CORP,
        FOREIGN_IP,
        48002,  # the API is not allowed to this app
        50003,  # the app is disabled
        93000,  # the webhook's key is wrong, or the robot was removed from the group
        93001,  # the bot is not in the chat
        93006,  # the chat is not known to the bot, or went quiet
        93008,
        93019,
        BAD_BOT,
    }
)


def fault(code: int, otherwise: Callable[[int], PushError] = Refused) -> PushError:
    """The kind of delivery error a number stands for; unknown numbers become ``otherwise``."""
    if code in _LATER:
        return Later(_LATER[code], code)
    if code in _ELSEWHERE:
        return Elsewhere(code)
    return otherwise(code)
