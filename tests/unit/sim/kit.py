"""Robots and a company for the desk's tests; the robots are as small as robots can be."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from random import Random
from typing import Any
from xml.etree import ElementTree as ET

import aiohttp
from aiohttp import web
from wechatpy.enterprise.crypto import WeChatCrypto

from bot.clock import Clock, FixedClock
from bot.sim.desk import Desk
from bot.sim.server import Server, serve
from bot.sim.setup import Setup, Timings, invent

Json = dict[str, Any]
SATURDAY = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)  # ten in the morning in Shanghai
QUICK = Timings(answer=0.3, verify=0.3, pause=0, refresh=0, silence=5)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(32)
BUTTONS: Json = {
    "card_type": "button_interaction",
    "main_title": {"title": "周例会签到"},
    "button_list": [{"text": "到了", "key": "here"}, {"text": "请假", "key": "leave", "style": 3}],
    "task_id": "task-1",
}
NOTICE: Json = {
    "card_type": "text_notice",
    "main_title": {"title": "进展已记录", "desc": "JZ-2026-0001"},
    "card_action": {"type": 1, "url": "http://127.0.0.1:1/p/1"},
}


def company(clock: Clock | None = None, **known: Any) -> Desk:
    """Three people, two groups; the second one never spoke to the bot."""
    chance = Random(7)
    setup = invent(chance, **{"timings": QUICK, **known})
    desk = Desk(setup, clock=clock or FixedClock(SATURDAY), chance=chance)
    desk.add_department(2, "城南供电公司", 1)
    desk.add_department(3, "检修二班", 2)
    desk.add_person("ZhangSan", "张三", departments=[3], position="党员")
    desk.add_person("lisi", "李四", departments=[2], position="支部书记")
    desk.add_person("wangwu", "王五")
    desk.add_group("wr-south", "城南党支部", ["ZhangSan", "lisi"], webhook="hook-south")
    desk.add_group("wr-quiet", "安静的群", ["lisi", "wangwu"], webhook="hook-quiet")
    return desk


@asynccontextmanager
async def serving(desk: Desk, **options: Any) -> AsyncIterator[Server]:
    """Serve the desk for a block."""
    server = await serve(desk, **options)
    try:
        yield server
    finally:
        await server.stop()


class LinkBot:
    """A client of the long connection that does what a test tells it."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse, setup: Setup) -> None:
        self.ws = ws
        self._setup = setup
        self._serial = 0
        self._frames: asyncio.Queue[Json] = asyncio.Queue()
        self._callbacks: asyncio.Queue[Json] = asyncio.Queue()
        self.closed = asyncio.Event()
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for message in self.ws:
            frame = json.loads(message.data)
            queue = self._callbacks if "cmd" in frame else self._frames
            queue.put_nowait(frame)
        self.closed.set()

    async def callback(self) -> Json:
        """The next callback frame, within three seconds."""
        return await asyncio.wait_for(self.next_callback(), 3)

    async def next_callback(self) -> Json:
        """The next callback frame, however long it takes."""
        return await self._callbacks.get()

    async def call(self, cmd: str, body: Any = None, req_id: str = "") -> Json:
        """Send a frame and wait for its ack."""
        await self.send(cmd, body, req_id)
        return await asyncio.wait_for(self._frames.get(), 3)

    async def send(self, cmd: str, body: Any = None, req_id: str = "") -> None:
        """Send a frame and wait for nothing."""
        self._serial += 1
        frame: Json = {"cmd": cmd, "headers": {"req_id": req_id or f"{cmd}_{self._serial}"}}
        if body is not None:
            frame["body"] = body
        await self.ws.send_str(json.dumps(frame))

    async def subscribe(self, **changed: Any) -> Json:
        """Log in as the company's bot."""
        body = {"bot_id": self._setup.bot_id, "secret": self._setup.bot_secret, **changed}
        return await self.call("aibot_subscribe", body)

    async def reply(self, callback: Json, body: Json, cmd: str = "aibot_respond_msg") -> int:
        """Answer a callback; returns the errcode of the ack."""
        ack = await self.call(cmd, body, callback["headers"]["req_id"])
        return int(ack["errcode"])

    async def push(self, chatid: str, body: Json) -> int:
        """Push; returns the errcode."""
        ack = await self.call("aibot_send_msg", {"chatid": chatid, **body})
        return int(ack["errcode"])

    async def close(self) -> None:
        """Hang up."""
        await self.ws.close()
        await self._reader


@asynccontextmanager
async def linked(server: Server, *, path: str = "") -> AsyncIterator[LinkBot]:
    """A socket to the desk, not subscribed yet."""
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(server.ws_url + path) as ws,
    ):
        bot = LinkBot(ws, server.desk.setup)
        try:
            yield bot
        finally:
            await bot.close()


def markdown(text: str) -> Json:
    """A markdown body."""
    return {"msgtype": "markdown", "markdown": {"content": text}}


def stream(text: str, number: str = "s1", *, finish: bool = True) -> Json:
    """A stream body."""
    return {"msgtype": "stream", "stream": {"id": number, "finish": finish, "content": text}}


def card(body: Json, **changed: Any) -> Json:
    """A template card body."""
    return {"msgtype": "template_card", "template_card": {**body, **changed}}


Answer = Callable[[Json | str], Awaitable[Json | str | None]]


class UrlBot:
    """A robot behind a callback URL; wechatpy does its crypto. ``answer`` gets the plain body."""

    def __init__(self, setup: Setup) -> None:
        self.bot = WeChatCrypto(setup.bot_token, setup.bot_aes_key, "")
        self.app = WeChatCrypto(setup.app_token, setup.app_aes_key, setup.corp_id)
        self.answer: Answer = self._nothing
        self.heard: list[Json | str] = []
        self.nonces: list[str] = []
        self.ciphers: list[str] = []
        self.raw: bytes | None = None
        self.status = 200
        self.delay = 0.0
        self.echo_suffix = ""

    @staticmethod
    async def _nothing(plain: Json | str) -> None:
        del plain

    async def handle(self, request: web.Request) -> web.Response:
        """GET: echo; POST: decrypt, ask ``answer``, encrypt."""
        await asyncio.sleep(self.delay)
        crypto = self.app if request.path.endswith("app") else self.bot
        query = request.query
        keys = (query["msg_signature"], query["timestamp"], query["nonce"])
        if request.method == "GET":
            echo = crypto.check_signature(*keys, query["echostr"])
            return web.Response(text=echo + self.echo_suffix)
        self.nonces.append(query["nonce"])
        if crypto is self.app:
            plain: Json | str = crypto.decrypt_message(await request.text(), *keys)
        else:
            envelope = await request.json()
            self.ciphers.append(envelope["encrypt"])
            body = {"Encrypt": envelope["encrypt"]}
            plain = json.loads(crypto.decrypt_message(body, *keys))
        self.heard.append(plain)
        reply = await self.answer(plain)
        if self.status != 200 or reply is None:
            return web.Response(status=self.status)
        return web.Response(body=self.raw or self._seal(crypto, reply, query["nonce"]))

    def _seal(self, crypto: WeChatCrypto, reply: Json | str, nonce: str) -> bytes:
        text = reply if isinstance(reply, str) else json.dumps(reply, ensure_ascii=False)
        sealed = crypto.encrypt_message(text, nonce, "1800000000")
        if crypto is self.app:
            return str(sealed).encode()
        root = ET.fromstring(str(sealed))  # noqa: S314  (we wrote it)
        parts = {child.tag: child.text for child in root}
        return json.dumps(
            {
                "encrypt": parts["Encrypt"],
                "msgsignature": parts["MsgSignature"],
                "timestamp": 1800000000,
                "nonce": nonce,
            }
        ).encode()


@asynccontextmanager
async def listening(desk: Desk) -> AsyncIterator[UrlBot]:
    """A robot's HTTP server; the desk is told its addresses."""
    bot = UrlBot(desk.setup)
    app = web.Application()
    app.router.add_route("*", "/wecom/{door}", bot.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    desk.listen(bot_url=f"{base}/wecom/aibot", app_url=f"{base}/wecom/app", pages=[base])
    try:
        yield bot
    finally:
        await runner.cleanup()
