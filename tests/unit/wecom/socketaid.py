"""A scripted long-connection server, and time that only moves when a test says so."""

import asyncio
import heapq
import itertools
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer

Frame: TypeAlias = dict[str, Any]
WAIT = 20.0


def okay(_frame: Frame) -> Frame | None:
    """Acknowledge."""
    return {"errcode": 0, "errmsg": "ok"}


def never(_frame: Frame) -> Frame | None:
    """Say nothing."""
    return None


def error(code: int) -> Callable[[Frame], Frame | None]:
    """Acknowledge with an error."""
    return lambda _frame: {"errcode": code, "errmsg": "x"}


class Connection:
    """The platform's end of one socket. ``ack`` decides what each frame is answered."""

    def __init__(self, socket: web.WebSocketResponse, request: web.Request) -> None:
        self.socket = socket
        self.request = request
        self.ack: Callable[[Frame], Frame | None] = okay
        self.frames: asyncio.Queue[Frame] = asyncio.Queue()
        self.pings = 0
        self.ended = asyncio.Event()

    async def run(self) -> None:
        """Take frames until the socket ends."""
        async for message in self.socket:
            if message.type is not WSMsgType.TEXT:
                break
            frame = json.loads(message.data)
            if frame["cmd"] == "ping":
                self.pings += 1
            else:
                self.frames.put_nowait(frame)
            answer = self.ack(frame)
            if answer is not None:
                await self.answer(frame, **answer)
        self.ended.set()

    async def answer(self, frame: Frame, **fields: Any) -> None:
        """Acknowledge a frame now."""
        await self.send({"headers": {"req_id": frame["headers"]["req_id"]}, **fields})

    async def send(self, frame: Frame | str | bytes) -> None:
        """Send any frame."""
        if isinstance(frame, bytes):
            await self.socket.send_bytes(frame)
        else:
            await self.socket.send_str(frame if isinstance(frame, str) else json.dumps(frame))

    async def call(self, body: Any, req_id: str = "REQ1") -> None:
        """Deliver a message or an event."""
        event = isinstance(body, dict) and body.get("msgtype") == "event"
        cmd = "aibot_event_callback" if event else "aibot_msg_callback"
        await self.send({"cmd": cmd, "headers": {"req_id": req_id}, "body": body})

    async def kick(self) -> None:
        """Tell this connection that another one has taken its place."""
        await self.call({"msgtype": "event", "event": {"eventtype": "disconnected_event"}})

    async def next(self) -> Frame:
        """The next frame that is no ping."""
        async with asyncio.timeout(WAIT):
            return await self.frames.get()

    def abort(self) -> None:
        """Cut the wire."""
        transport = self.request.transport
        assert transport
        transport.abort()


class Server:
    """Accepts connections one after the other; ``subscribed`` acks the first frame of each.

    ``ack`` is how each connection begins to ack the others.
    """

    def __init__(self) -> None:
        self.subscribed: Callable[[Frame], Frame | None] = okay
        self.ack: Callable[[Frame], Frame | None] = okay
        self.connections: asyncio.Queue[Connection] = asyncio.Queue()
        self.credentials: list[Frame] = []
        self.dialed = 0

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        """One connection, from the handshake to its end."""
        self.dialed += 1
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        connection = Connection(socket, request)
        connection.ack = self.ack
        first = await socket.receive()
        if first.type is not WSMsgType.TEXT:
            return socket
        frame = json.loads(first.data)
        self.credentials.append(frame)
        answer = self.subscribed(frame)
        if answer is not None:
            await connection.answer(frame, **answer)
            self.connections.put_nowait(connection)
        await connection.run()
        return socket

    async def next(self) -> Connection:
        """The next connection that has subscribed."""
        async with asyncio.timeout(WAIT):
            return await self.connections.get()


@asynccontextmanager
async def serve(server: Server) -> AsyncIterator[str]:
    """Listen; yields the address to dial."""
    app = web.Application()
    app.router.add_get("/", server.handle)
    test_server = TestServer(app)
    await test_server.start_server(shutdown_timeout=0)
    try:
        yield str(test_server.make_url("/")).replace("http", "ws", 1)
    finally:
        await test_server.close()


class Pass:
    """A permit that a test gives and takes."""

    def __init__(self, *, given: bool = True) -> None:
        self.given = given
        self.certain = True
        self.asked = 0
        self.when_asked: Callable[[], None] = lambda: None
        self._change = asyncio.Event()

    def held(self) -> bool:
        """Whether it is given."""
        return self.given

    def fresh(self) -> bool:
        """Whether that is certain."""
        return self.certain

    async def beat(self) -> None:
        """Asked for news."""
        self.asked += 1
        self.when_asked()

    async def changed(self) -> None:
        """Wait for the next ``give``."""
        await self._change.wait()

    def give(self, given: bool) -> None:  # noqa: FBT001  (given or taken)
        """Give it or take it away."""
        self.given = given
        self._change.set()
        self._change = asyncio.Event()


class Time:
    """Sleepers wake when the test moves the time."""

    def __init__(self) -> None:
        self.now = 0.0
        self._sleepers: list[tuple[float, int, float, asyncio.Future[None]]] = []
        self._order = itertools.count()
        self._asleep = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        """Sleep until the test says that so much time has passed."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = (self.now + seconds, next(self._order), seconds, future)
        heapq.heappush(self._sleepers, entry)
        self._asleep.set()
        await future

    async def wake(self, least: float, most: float = 0) -> float:
        """Wait for somebody who sleeps so many seconds, and let them pass; how many it were."""
        async with asyncio.timeout(WAIT):
            while True:
                for until, _, seconds, future in sorted(self._sleepers):
                    if not future.done() and least <= seconds <= (most or least):
                        await self.advance(until - self.now)
                        return seconds
                self._asleep.clear()
                await self._asleep.wait()

    async def advance(self, seconds: float) -> None:
        """Let time pass, waking each sleeper in turn."""
        end = self.now + seconds
        while self._sleepers and self._sleepers[0][0] <= end:
            self.now, _, _, future = heapq.heappop(self._sleepers)
            if not future.done():
                future.set_result(None)
            for _ in range(20):
                await asyncio.sleep(0)
        self.now = end


async def eventually(true: Callable[[], object]) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(WAIT):
        while not true():  # noqa: ASYNC110  (any condition, in tests only)
            await asyncio.sleep(0.002)
