"""What became of a frame on the long connection, as one of the kinds of ``PushError``.

Nothing is sent unless it is certain that no other process holds the connection by now.

A frame whose ack is missing has an unknown fate. A snapshot of an answer's stream and a step of
an upload may be sent twice, so they are, once. Everything else is never repeated blindly: while
the connection still answers pings the frame is ``Unconfirmed``. When the connection is gone it is
``Later`` and will be sent again; had the platform taken the first one after all, people see it
twice. That cannot be decided from here and is accepted.
"""

from collections.abc import Mapping
from typing import Any, Final

from bot.channel import Later, Unconfirmed
from bot.wecom import codes
from bot.wecom.line import Line, Lost, Unacknowledged
from bot.wecom.link import Link
from bot.wecom.rest import errcode

_DOWN: Final = 5
_LOST: Final = 1
_STRIKE: Final = 3
_LONGEST_STRIKE: Final = 60
_CONVERSATIONS: Final = 10_000


class Sender:
    """Sends frames over whatever connection stands."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self._strikes: dict[str, int] = {}

    async def send(
        self,
        cmd: str,
        body: object,
        *,
        chat: str = "",
        req_id: str = "",
        twice: bool = False,
        seconds: float = 0,
    ) -> Mapping[str, Any]:
        """Send a frame and return the body of its ack; raises a ``PushError``.

        ``chat``    the conversation whose rate it counts to
        ``req_id``  of the callback it answers
        ``twice``   sending it again does no harm
        ``seconds`` how long the ack is waited for, if not as long as usual
        """
        line = self.link.line
        if line is None or not self.link.may_send:
            raise Later(_DOWN, note="link down")
        try:
            ack = await _ask(line, cmd, body, req_id, twice=twice, seconds=seconds)
        except Lost:
            raise Later(_LOST, note="connection lost") from None
        except Unacknowledged:
            if await _is_alive(line):
                raise Unconfirmed(note="no ack") from None
            await line.drop()
            raise Later(_LOST, note="connection silent") from None
        code = errcode(ack)
        if code == codes.RATE_LIMITED:
            raise Later(self._strike(chat), code)
        self._strikes.pop(chat, None)
        if code:
            raise codes.fault(code)
        body = ack.get("body")
        return body if isinstance(body, dict) else {}

    def _strike(self, chat: str) -> float:
        """Seconds a limited conversation rests: 3, 6, 12 ... a minute."""
        count = self._strikes.get(chat, 0)
        if len(self._strikes) >= _CONVERSATIONS:
            self._strikes.clear()
        self._strikes[chat] = count + 1
        return float(min(_STRIKE << min(count, 8), _LONGEST_STRIKE))


async def _ask(
    line: Line, cmd: str, body: object, req_id: str, *, twice: bool, seconds: float
) -> Mapping[str, Any]:
    try:
        return await line.ask(cmd, body, req_id, seconds=seconds)
    except Unacknowledged:
        if not twice:
            raise
    return await line.ask(cmd, body, req_id, seconds=seconds)


async def _is_alive(line: Line) -> bool:
    """Whether a ping after the missing ack is answered."""
    try:
        await line.ask("ping")
    except (Lost, Unacknowledged):
        return False
    return True
