"""One subscribed socket of the long connection: frames out, acks in (page 101463).

Requests are ``{cmd, headers: {req_id}, body}``; an ack bears the same ``req_id`` and no ``cmd``.
Frames that answer one message share its ``req_id``, so the next of them waits for the ack of the
one before, or for its time-out.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import aiohttp

from bot.wecom.wire import mapping, to_json

_REMEMBERED: Final = 1000

Sleep: TypeAlias = Callable[[float], Awaitable[None]]
"""How time is waited for; an argument so that tests need not."""


class Lost(Exception):  # noqa: N818  (a state of the world)
    """The connection ended before the ack; nobody knows what arrived."""


class Unacknowledged(Exception):  # noqa: N818  (a state of the world)
    """The connection stands, but no ack came in time."""


@dataclass(slots=True, eq=False)
class _Waiting:
    """A frame that waits for its ack. ``owed`` acks of earlier frames may still come before it."""

    ack: asyncio.Future[Mapping[str, Any]]
    owed: int
    spare: Mapping[str, Any] | None = None


class Line:
    """Sends frames over one socket and matches the acks.

    ``new_id``  makes a fresh request id for a command
    """

    def __init__(
        self,
        socket: aiohttp.ClientWebSocketResponse,
        *,
        ack_seconds: float,
        sleep: Sleep,
        new_id: Callable[[str], str],
    ) -> None:
        self._socket = socket
        self._ack_seconds = ack_seconds
        self._sleep = sleep
        self._new_id = new_id
        self._waiting: dict[str, _Waiting] = {}
        self._owed: OrderedDict[str, int] = OrderedDict()
        self._lost = False

    async def ask(
        self, cmd: str, body: object = None, req_id: str = "", *, seconds: float = 0
    ) -> Mapping[str, Any]:
        """Send a frame and return its ack, whatever its ``errcode``.

        ``req_id`` is the callback's for an answer, else a new one; ``seconds`` is how long the ack
        is waited for, if not as long as usual. Raises :class:`Lost` and :class:`Unacknowledged`.
        """
        key = req_id or self._new_id(cmd)
        while earlier := self._waiting.get(key):
            await asyncio.wait({earlier.ack})
        future: asyncio.Future[Mapping[str, Any]] = asyncio.get_running_loop().create_future()
        waiting = self._waiting[key] = _Waiting(future, self._owed.pop(key, 0))
        try:
            await self._send(cmd, key, body)
            if await self._comes_in_time(future, seconds or self._ack_seconds):
                return future.result()
            if waiting.spare is not None:
                # One ack came: ours, most likely; the earlier one will not come any more.
                return waiting.spare
            if req_id:
                self._owe(key, waiting.owed + 1)
            raise Unacknowledged
        finally:
            del self._waiting[key]
            future.cancel()

    async def _comes_in_time(self, ack: asyncio.Future[Mapping[str, Any]], seconds: float) -> bool:
        timer = asyncio.ensure_future(self._sleep(seconds))
        try:
            either: set[asyncio.Future[Any]] = {ack, timer}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()
        return ack.done()

    async def post(self, cmd: str) -> None:
        """Send a frame without waiting for its ack. Raises :class:`Lost`."""
        await self._send(cmd, self._new_id(cmd), None)

    def hear(self, frame: Mapping[str, Any]) -> None:
        """An ack has come."""
        key = mapping(frame.get("headers")).get("req_id")
        waiting = self._waiting.get(key) if isinstance(key, str) else None
        if waiting is None:
            # Too late. It will not be taken for the ack of a later frame.
            if isinstance(key, str) and (owed := self._owed.pop(key, 0)) > 1:
                self._owe(key, owed - 1)
        elif waiting.owed:
            waiting.owed -= 1
            waiting.spare = frame
        elif not waiting.ack.done():
            waiting.ack.set_result(frame)

    def lose(self) -> None:
        """The socket has ended: whoever waits is told."""
        self._lost = True
        for waiting in self._waiting.values():
            if not waiting.ack.done():
                waiting.ack.set_exception(Lost())

    async def drop(self) -> None:
        """End the socket, so that it is dialed anew."""
        await self._socket.close()

    async def _send(self, cmd: str, req_id: str, body: object) -> None:
        if self._lost:
            raise Lost
        frame: dict[str, object] = {"cmd": cmd, "headers": {"req_id": req_id}}
        if body is not None:
            frame["body"] = body
        try:
            await self._socket.send_str(to_json(frame).decode())
        except (aiohttp.ClientError, ConnectionError) as error:
            raise Lost from error

    def _owe(self, key: str, count: int) -> None:
        self._owed[key] = count
        if len(self._owed) > _REMEMBERED:
            self._owed.popitem(last=False)
