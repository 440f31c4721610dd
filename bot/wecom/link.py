"""The long connection of the smart bot: dialing, watching, recovering (page 101463).

One process holds it, by a permit. Every end of the socket, clean or not, is a reason to dial
again, with back-off; being replaced (``disconnected_event``) is one to stay away, for as long as
another of our processes has the permit, or for long if a stranger uses the same credentials; wrong
credentials are one to stop. The read loop never waits for business code.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Protocol, TypeAlias

import aiohttp
import structlog

from bot.clock import Clock
from bot.wecom import codes
from bot.wecom.line import Line, Lost, Sleep, Unacknowledged
from bot.wecom.rest import errcode
from bot.wecom.wire import Malformed, mapping, parse_json

_log = structlog.get_logger()
_CALLBACKS: Final = frozenset({"aibot_msg_callback", "aibot_event_callback"})
_CLOSE_SECONDS: Final = 1
_LOOK: Final = 0.05

Frame: TypeAlias = Mapping[str, Any]


class State(StrEnum):
    """How the link stands; the words are those of ``/readyz`` and the metrics."""

    OFF = "off"
    STANDBY = "standby"
    CONNECTING = "connecting"
    SUBSCRIBED = "subscribed"
    KICKED = "kicked"
    REFUSED = "refused"


class End(StrEnum):
    """Why a connection is over."""

    CLOSED = "closed"
    SILENT = "silent"
    KICKED = "kicked"
    REFUSED = "refused"
    LET_GO = "let_go"


class Permit(Protocol):
    """Which of several processes may hold the connection (``bot/presence.py``)."""

    def held(self) -> bool:
        """This one may, as far as it knows."""
        ...

    def fresh(self) -> bool:
        """It knows that from just now: nobody can have been given it meanwhile."""
        ...

    async def beat(self) -> None:
        """Ask again now; may raise ``Unavailable``."""
        ...

    async def changed(self) -> None:
        """Wait until ``held`` may have changed."""
        ...


class Unshared:
    """The permit of who is certainly alone."""

    def held(self) -> bool:
        """Always."""
        return True

    def fresh(self) -> bool:
        """Always."""
        return True

    async def beat(self) -> None:
        """Nobody to ask."""

    async def changed(self) -> None:
        """Never."""
        await asyncio.Event().wait()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Seconds. Only ``ping`` is the platform's wish; the page asks for back-off without figures."""

    ping: float = 30
    ack: float = 5
    dial: float = 10
    first_retry: float = 1
    last_retry: float = 30
    healthy: float = 60
    linger: float = 3
    first_exile: float = 30
    last_exile: float = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Where to dial, and as whom; ``secret`` is the long connection's own."""

    url: str
    bot_id: str
    secret: str


class Link:
    """Keeps one socket up for as long as the permit says that this process may.

    ``chance``  jitter of the back-off, and request ids
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        account: Account,
        *,
        clock: Clock,
        permit: Permit,
        chance: random.Random,
        pace: Pace | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._session = session
        self._account = account
        self._clock = clock
        self.permit = permit
        self._chance = chance
        self._pace = pace or Pace()
        self._sleep = sleep
        self._listener: Callable[[Frame], None] = lambda _frame: None
        self._task: asyncio.Task[None] | None = None
        self.state = State.OFF
        self.line: Line | None = None
        self.last_frame_at: datetime | None = None
        self.counters: Counter[str] = Counter()

    @property
    def may_send(self) -> bool:
        """Whether it is certain that no other process holds the connection."""
        return self.permit.held() and self.permit.fresh()

    def start(self, listener: Callable[[Frame], None]) -> None:
        """Begin to dial; ``listener`` takes each callback frame and must not wait."""
        self._listener = listener
        self._task = asyncio.create_task(self._run())

    async def gone(self, seconds: float) -> None:
        """Wait until the connection has ended, for at most so many seconds."""
        waited = 0.0
        while self.line is not None and waited < seconds:
            await self._sleep(_LOOK)
            waited += _LOOK

    async def stop(self) -> None:
        """Close the socket and dial no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            self._task = None
        self.state = State.OFF

    async def probe(self) -> State:
        """Dial once and subscribe, to see whether it can be done; the socket is closed again."""
        if await self._live(self._subscribe) is End.REFUSED:
            self.state = State.REFUSED
        return self.state

    async def _run(self) -> None:
        """Dial, live, wait; until refused or stopped."""
        retries = exiles = 0
        while True:
            if not self.permit.held():
                self.state = State.STANDBY
                retries = exiles = 0
                await self.permit.changed()
                continue
            began = self._clock.now()
            end = await self._live_safely()
            self.counters[end] += 1
            lived = self._clock.now() - began
            if end is End.REFUSED:
                self.state = State.REFUSED
                return
            if end is End.KICKED:
                self.state = State.KICKED
                await self._ask_again()
                exiles = 0 if lived > timedelta(seconds=self._pace.last_exile) else exiles
                await self._wait(exiles, self._pace.first_exile, self._pace.last_exile)
                exiles += 1
            else:
                self.state = State.CONNECTING
                retries = 0 if lived > timedelta(seconds=self._pace.healthy) else retries
                await self._wait(retries, self._pace.first_retry, self._pace.last_retry)
                retries += 1

    async def _ask_again(self) -> None:
        """Somebody took our place: find out whether it was one of us."""
        try:
            await self.permit.beat()
        except Exception as error:  # noqa: BLE001  (the database may be away; the exile is long enough)
            _log.warning("link_lease_unknown", error=type(error).__name__)

    async def _wait(self, count: int, first: float, last: float) -> None:
        """Back off: doubling, with jitter so that many bots do not come back at once.

        Cut short when the permit changes hands.
        """
        if not self.permit.held():
            return
        seconds = min(first * 2 ** min(count, 16), last) * self._chance.uniform(0.8, 1.2)
        _log.info("link_waits", state=self.state.value, seconds=round(seconds, 1))
        await either(self._sleep(seconds), self.permit.changed())

    async def _live_safely(self) -> End:
        try:
            return await self._live(self._subscribe_and_watch)
        except Exception:  # noqa: BLE001  (a fault of ours must not end the dialing)
            _log.exception("link_failed")
            return End.CLOSED

    async def _live(self, live: Callable[[Line], Awaitable[End]]) -> End:
        """One connection, from dialing to its end, whatever that is."""
        self.state = State.CONNECTING
        self.counters["dialed"] += 1
        try:
            async with asyncio.timeout(self._pace.dial):
                socket = await self._session.ws_connect(
                    self._account.url, timeout=aiohttp.ClientWSTimeout(ws_close=_CLOSE_SECONDS)
                )
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            _log.warning("link_dial_failed", error=type(error).__name__)
            return End.CLOSED
        line = Line(socket, ack_seconds=self._pace.ack, sleep=self._sleep, new_id=self._new_id)
        async with socket:
            reading = asyncio.create_task(self._read(socket, line))
            living = asyncio.ensure_future(live(line))
            leaving = asyncio.create_task(self._until_lost())
            tasks = (reading, living, leaving)
            try:
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                return next(task for task in tasks if task in done).result()
            finally:
                self.line = None
                line.lose()
                await _cancel(*tasks)

    async def _until_lost(self) -> End:
        """Another process may hold the connection now: leave it to that one.

        Until it has subscribed, and this one is kicked, what is said is still heard here.
        """
        while self.permit.held():
            await self.permit.changed()
        await self._sleep(self._pace.linger)
        _log.info("link_let_go")
        return End.LET_GO

    async def _subscribe_and_watch(self, line: Line) -> End:
        end = await self._subscribe(line)
        return await self._watch(line) if self.state is State.SUBSCRIBED else end

    async def _subscribe(self, line: Line) -> End:
        """Say who we are; afterwards the state tells whether it was believed."""
        body = {"bot_id": self._account.bot_id, "secret": self._account.secret}
        try:
            code = errcode(await line.ask("aibot_subscribe", body))
        except (Lost, Unacknowledged):
            return End.SILENT
        if code == codes.BAD_BOT:
            _log.error("link_refused", code=code)
            return End.REFUSED
        if code:
            _log.warning("link_subscribe_failed", code=code)
            return End.CLOSED
        self.line = line
        self.state = State.SUBSCRIBED
        _log.info("link_subscribed")
        return End.CLOSED

    async def _watch(self, line: Line) -> End:
        """Ping; after three pings without any frame the connection is dead."""
        missed = 0
        while missed < 3:  # noqa: PLR2004  (said in the docstring)
            heard = self.counters["frames"]
            try:
                await line.post("ping")
            except Lost:
                return End.CLOSED
            await self._sleep(self._pace.ping)
            missed = 0 if self.counters["frames"] > heard else missed + 1
        _log.warning("link_silent")
        return End.SILENT

    async def _read(self, socket: aiohttp.ClientWebSocketResponse, line: Line) -> End:
        """Take frames until the socket ends, cleanly or not."""
        async for message in socket:
            if message.type not in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
                break
            self.counters["frames"] += 1
            self.last_frame_at = self._clock.now()
            try:
                frame = parse_json(message.data)
            except Malformed:
                self.counters["malformed"] += 1
                continue
            if end := self._take(frame, line):
                return end
        _log.warning("link_closed", code=socket.close_code)
        return End.CLOSED

    def _take(self, frame: Frame, line: Line) -> End | None:
        """Sort one frame: an ack, a callback, or the end of this connection."""
        cmd = frame.get("cmd")
        if not cmd:
            line.hear(frame)
            return End.CLOSED if errcode(frame) == codes.NOT_SUBSCRIBED else None
        if cmd not in _CALLBACKS:
            self.counters["ignored"] += 1
            return None
        event = mapping(mapping(frame.get("body")).get("event"))
        if event.get("eventtype") == "disconnected_event":
            _log.warning("link_kicked")
            return End.KICKED
        self._listener(frame)
        return None

    def _new_id(self, cmd: str) -> str:
        return f"{cmd}_{self._chance.getrandbits(64):016x}"


async def either(*waits: Awaitable[object]) -> None:
    """Wait for whichever ends first."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await _cancel(*tasks)


async def _cancel(*tasks: asyncio.Task[Any]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
