"""The smart bot's long connection: sockets, subscription, acks, kicks and faults (page 101463).

One live connection per bot: when a second one subscribes, the first hears ``disconnected_event``
and is closed with 1000. What a frame does is in ``link_commands.py``.
"""

import asyncio
import json
from collections import deque
from typing import Final

import structlog
from aiohttp import WSCloseCode, WSMessage, WSMsgType, web

from bot.sim import codes
from bot.sim.codes import Refusal, verdict
from bot.sim.journal import KEPT
from bot.sim.link_commands import Commands
from bot.sim.link_upload import Uploads
from bot.sim.messages import Cause, Json, Occasion
from bot.sim.platform import Platform
from bot.sim.setup import Mode

MOST_FRAME: Final = 4 * 1024 * 1024
_UNFAILING: Final = frozenset({"aibot_subscribe", "ping"})
_log = structlog.get_logger()


class Connection:
    """One socket of a bot."""

    def __init__(self, request: web.Request, ws: web.WebSocketResponse) -> None:
        self.ws = ws
        self.subscribed = False
        self._request = request

    async def send(self, frame: Json) -> bool:
        """Write a frame; False if the socket is gone."""
        try:
            await self.ws.send_str(json.dumps(frame, ensure_ascii=False))
        except (ConnectionError, RuntimeError):
            return False
        return True

    def abort(self) -> None:
        """Cut the TCP connection without a word (the peer sees 1006)."""
        if self._request.transport is not None:
            self._request.transport.abort()


class Link:
    """The server side of ``wss://openws.work.weixin.qq.com``."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._uploads = Uploads(platform)
        self._commands = Commands(platform, self._uploads)
        self._open: set[Connection] = set()
        self.live: Connection | None = None
        self.frames: deque[Json] = deque(maxlen=KEPT)

    @property
    def connected(self) -> bool:
        """Whether a bot is subscribed now."""
        return self.live is not None and not self.live.ws.closed

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        """Serve one socket until it ends."""
        ws = web.WebSocketResponse(autoping=False, max_msg_size=MOST_FRAME, compress=False)
        await ws.prepare(request)
        connection = Connection(request, ws)
        self._open.add(connection)
        try:
            await self._read(connection)
        finally:
            self._open.discard(connection)
            if self.live is connection:
                self.live = None
                self._platform.journal.log("link", "disconnected")
        return ws

    async def deliver(self, occasion: Occasion, body: Json) -> None:
        """Send a callback frame; without a subscribed bot the message is lost (no replay)."""
        cmd = "aibot_msg_callback" if occasion.cause is Cause.MESSAGE else "aibot_event_callback"
        for _ in range(self._platform.faults.times()):
            await self._platform.hold_back()
            req_id = self._platform.token()
            self._commands.occasions[req_id] = occasion
            frame = {"cmd": cmd, "headers": {"req_id": req_id}, "body": body}
            if not await self.send(frame):
                self._platform.journal.log("link", cmd, note="lost: nobody subscribed")
                self._platform.signals.tell({"type": "lost", "place": occasion.place.key})
                return
            self._platform.journal.log("link", cmd)

    async def send(self, frame: Json) -> bool:
        """Send any frame to the subscribed bot (tests send odd ones); False: nobody there."""
        return self.live is not None and await self.live.send(frame)

    # Faults

    async def close(self, code: int) -> None:
        """Close the live socket with a WebSocket code (1000, 1001, …)."""
        if self.live is not None:
            await self.live.ws.close(code=code)

    def abort(self) -> None:
        """Cut the live TCP connection."""
        if self.live is not None:
            self.live.abort()

    async def kick(self) -> None:
        """Tell the live connection that another one took over, and close it."""
        if self.live is not None:
            await self._disconnect(self.live)

    async def stop(self) -> None:
        """Close every socket."""
        for connection in list(self._open):
            await connection.ws.close(code=WSCloseCode.GOING_AWAY)

    # Reading

    async def _read(self, connection: Connection) -> None:
        silence = self._platform.setup.timings.silence
        while True:
            try:
                message = await connection.ws.receive(timeout=silence)
            except TimeoutError:
                await connection.ws.close(code=WSCloseCode.GOING_AWAY)
                return
            if message.type in {WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED}:
                return
            await self._message(connection, message)

    async def _message(self, connection: Connection, message: WSMessage) -> None:
        if message.type is WSMsgType.PING:
            if not self._platform.faults.silent:
                await connection.ws.pong(message.data)
        elif message.type is WSMsgType.TEXT:
            frame = self._parse(message.data)
            if frame is not None:
                await self._frame(connection, frame)
        elif message.type is not WSMsgType.PONG:
            self._platform.journal.violate("link", "frame is not text")

    def _parse(self, text: str) -> Json | None:
        try:
            frame = json.loads(text)
        except ValueError:
            frame = None
        if not isinstance(frame, dict):
            self._platform.journal.violate("link", "frame is not a JSON object")
            return None
        headers = frame.get("headers")
        if not isinstance(headers, dict) or not isinstance(headers.get("req_id"), str):
            self._platform.journal.violate("link", "headers.req_id missing")
            return None
        for name in frame.keys() - {"cmd", "headers", "body"}:
            self._platform.journal.violate("link", f"unknown key {name[:40]!r}", hard=False)
        return frame

    async def _frame(self, connection: Connection, frame: Json) -> None:
        cmd, req_id = str(frame.get("cmd")), frame["headers"]["req_id"]
        self.frames.append(frame)
        self._platform.signals.wake()
        try:
            more = await self._do(connection, cmd, req_id, frame.get("body"))
            code = codes.OK
        except Refusal as refusal:
            more, code = {}, refusal.code
        if cmd != "ping":
            self._platform.journal.log("link", cmd[:40], code)
        ack = {"headers": {"req_id": req_id}, **verdict(code), **({"body": more} if more else {})}
        await self._acknowledge(connection, cmd, ack)

    async def _do(self, connection: Connection, cmd: str, req_id: str, body: object) -> Json:
        if cmd == "aibot_subscribe":
            await self._subscribe(connection, body)
            return {}
        if not connection.subscribed:
            self._platform.journal.violate("link", f"{cmd[:40]} before subscribing")
            raise Refusal(codes.NOT_SUBSCRIBED, cmd)
        if cmd == "ping":
            return {}
        if self._platform.faults.link_codes:
            raise Refusal(self._platform.faults.link_codes.popleft(), "fault")
        return self._commands.run(cmd, req_id, body)

    async def _acknowledge(self, connection: Connection, cmd: str, ack: Json) -> None:
        faults = self._platform.faults
        if faults.silent:
            return
        if cmd not in _UNFAILING:
            if faults.spend("drop_acks"):
                return
            if faults.delay_acks:
                self._platform.errands.start(self._later(connection, ack, faults.delay_acks))
                return
        await connection.send(ack)

    async def _later(self, connection: Connection, ack: Json, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await connection.send(ack)

    async def _subscribe(self, connection: Connection, body: object) -> None:
        setup = self._platform.setup
        given = body if isinstance(body, dict) else {}
        right = (given.get("bot_id"), given.get("secret")) == (setup.bot_id, setup.bot_secret)
        if not right or setup.bot_mode is not Mode.LINK:
            raise Refusal(codes.SUBSCRIBE_REFUSED, "subscribe")
        for name in given.keys() - {"bot_id", "secret", "scene", "plug_version"}:
            self._platform.journal.violate("aibot_subscribe", f"unknown key {str(name)[:40]!r}")
        if connection.subscribed:
            self._platform.journal.violate("aibot_subscribe", "twice on one socket", hard=False)
            return
        older, self.live = self.live, connection
        connection.subscribed = True
        _log.info("desk.bot_subscribed")
        if older is not None:
            self._platform.errands.start(self._disconnect(older))
        self._platform.signals.wake()

    async def _disconnect(self, connection: Connection) -> None:
        body = {
            "msgid": self._platform.token(),
            "create_time": int(self._platform.now().timestamp()),
            "aibotid": self._platform.setup.bot_id,
            "msgtype": "event",
            "event": {"eventtype": "disconnected_event"},
        }
        req_id = self._platform.token()
        frame = {"cmd": "aibot_event_callback", "headers": {"req_id": req_id}, "body": body}
        await connection.send(frame)
        await connection.ws.close(code=WSCloseCode.OK)
