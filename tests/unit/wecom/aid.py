"""The platform's side for these tests, made with wechatpy so that no mistake of ours is shared."""

import asyncio
import io
import json
import logging
import xml.etree.ElementTree as ET
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from unittest.mock import patch
from urllib.parse import urlencode

import structlog
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer
from structlog.testing import LogCapture
from wechatpy.enterprise.crypto import PrpCrypto, WeChatCrypto
from wechatpy.utils import WeChatSigner

from bot.channel import Answer, Incoming
from bot.wecom import aibot, app, callback, link, linkhear, rest

FIXTURES = Path(__file__).parents[2] / "fixtures" / "wecom"
NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
TOKEN = "kat_token"
KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
CORP = "wx5823bf96d3bd56c7"
HOME = "https://zbt.example.cn/"


def fixture(name: str) -> Any:
    """A captured payload: parsed JSON, or the bytes of an XML document."""
    path = FIXTURES / name
    return json.loads(path.read_text("utf-8")) if path.suffix == ".json" else path.read_bytes()


def signature(timestamp: str, nonce: str, cipher_text: str, token: str = TOKEN) -> str:
    """What the platform signs with."""
    signer = WeChatSigner()
    signer.add_data(token, timestamp, nonce, cipher_text)
    return str(signer.signature)


def encrypt(message: str, receiver: str) -> str:
    """A cipher text as the platform makes it."""
    crypto = WeChatCrypto(TOKEN, KEY, receiver)
    return str(PrpCrypto(crypto.key).encrypt(message, receiver), "ascii")


def decrypt(cipher_text: str, receiver: str) -> str:
    """What the platform reads out of an answer."""
    crypto = WeChatCrypto(TOKEN, KEY, receiver)
    return str(PrpCrypto(crypto.key).decrypt(cipher_text, receiver))


class Platform:
    """Calls a callback address the way WeCom does."""

    def __init__(self, client: TestClient[Any, Any], path: str, receiver: str) -> None:
        self.client = client
        self.path = path
        self.receiver = receiver
        self.count = 0

    def query(self, cipher_text: str, **changed: str) -> str:
        """The query of a request over ``cipher_text``, correctly signed unless changed."""
        self.count += 1
        fields = {"timestamp": str(int(NOW.timestamp())), "nonce": f"n{self.count}"}
        fields |= {name: value for name, value in changed.items() if name in fields}
        signed = signature(fields["timestamp"], fields["nonce"], cipher_text)
        return urlencode({"msg_signature": signed, **fields, **changed})

    def envelope(self, cipher_text: str) -> bytes:
        """The body around a cipher text: JSON for the smart bot, XML for the app."""
        if self.path.endswith("aibot"):
            return json.dumps({"encrypt": cipher_text}).encode()
        return (
            f"<xml><ToUserName><![CDATA[{CORP}]]></ToUserName><AgentID>1000002</AgentID>"
            f"<Encrypt><![CDATA[{cipher_text}]]></Encrypt></xml>"
        ).encode()

    async def send(self, message: str, **changed: str) -> ClientResponse:
        """Post one callback."""
        cipher_text = encrypt(message, self.receiver)
        return await self.post(self.envelope(cipher_text), self.query(cipher_text, **changed))

    async def post(self, body: bytes, query: str) -> ClientResponse:
        """Post any body with any query."""
        return await self.client.post(f"{self.path}?{query}", data=io.BytesIO(body))

    async def say(self, body: dict[str, Any], **changed: str) -> dict[str, Any] | None:
        """Post a smart bot's callback and read the answer; None for an empty 200."""
        nonce = changed.setdefault("nonce", f"say{self.count}")
        response = await self.send(json.dumps(body, ensure_ascii=False), **changed)
        assert response.status == 200
        text = await response.text()
        if not text:
            return None
        sealed = json.loads(text)
        assert set(sealed) == {"encrypt", "msgsignature", "timestamp", "nonce"}
        assert sealed["nonce"] == nonce
        right = signature(str(sealed["timestamp"]), nonce, sealed["encrypt"])
        assert sealed["msgsignature"] == right
        answer: dict[str, Any] = json.loads(decrypt(sealed["encrypt"], self.receiver))
        return answer

    async def say_xml(self, message: bytes) -> ET.Element | None:
        """Post an app's callback and read the answer; None for an empty 200."""
        response = await self.send(message.decode())
        assert response.status == 200
        text = await response.text()
        if not text:
            return None
        sealed = ET.fromstring(text)  # noqa: S314  (our own answer)
        cipher_text = sealed.findtext("Encrypt") or ""
        right = signature(
            sealed.findtext("TimeStamp") or "", sealed.findtext("Nonce") or "", cipher_text
        )
        assert sealed.findtext("MsgSignature") == right
        return ET.fromstring(decrypt(cipher_text, self.receiver))  # noqa: S314  (our own answer)


class Dispatcher:
    """A dispatcher that remembers what it heard and answers what it was told to."""

    def __init__(self, answer: Answer | None = None) -> None:
        self.heard: list[Incoming] = []
        self.answer = answer
        self.error: Exception | None = None

    async def __call__(self, incoming: Incoming) -> Answer | None:
        """Handle one message."""
        self.heard.append(incoming)
        if self.error:
            raise self.error
        return self.answer


class Served:
    """A little server of the platform's REST side: one handler for every path."""

    def __init__(self, handle: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> None:
        async def route(request: web.Request) -> web.StreamResponse:
            return await handle(request)

        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/{path:.*}", route)
        self._server = TestServer(app)

    @property
    def base(self) -> str:
        """The address to call."""
        return str(self._server.make_url("")).rstrip("/")

    async def __aenter__(self) -> Self:
        await self._server.start_server()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._server.close()


class Api:
    """The platform's REST side, answering what it was told to and remembering what it was asked.

    ``answers`` maps a path to its answers in turn; the last one stays. A number is a bare HTTP
    status, ``"reset"`` cuts the connection after the request was read, ``"hang"`` never answers.
    """

    def __init__(self) -> None:
        self.answers: dict[str, list[Any]] = {"/cgi-bin/gettoken": []}
        self.asked: list[tuple[str, dict[str, str], Any]] = []
        self.tokens = 0

    def paths(self) -> list[str]:
        """The paths asked for, in order."""
        return [path for path, _, _ in self.asked]

    def bodies(self, path: str) -> list[Any]:
        """The bodies sent to one path, in order."""
        return [body for asked, _, body in self.asked if asked == path]

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        if request.content_type == "multipart/form-data":
            form = await request.post()
            body: Any = {
                name: (part.filename, part.file.read())
                for name, part in form.items()
                if isinstance(part, web.FileField)
            }
        else:
            text = await request.text()
            body = json.loads(text) if text else None
        self.asked.append((request.path, dict(request.query), body))
        answers = self.answers.get(request.path, [])
        answer = answers.pop(0) if len(answers) > 1 else (answers or [{}])[0]
        if request.path == "/cgi-bin/gettoken" and not answer:
            self.tokens += 1
            answer = {"access_token": f"TOKEN{self.tokens}", "expires_in": 7200}
        return await self._render(request, answer)

    async def _render(self, request: web.Request, answer: Any) -> web.StreamResponse:
        if isinstance(answer, web.StreamResponse):
            return answer
        if isinstance(answer, bytes):
            return web.Response(body=answer, content_type="image/png")
        if isinstance(answer, int):
            return web.Response(status=answer)
        if answer == "reset":
            transport = request.transport
            assert transport
            transport.abort()
        if answer == "hang":
            await asyncio.sleep(0.5)
        if isinstance(answer, str):
            return web.Response(text=answer)
        return web.json_response({"errcode": 0, "errmsg": "ok"} | answer)


@contextmanager
def capture_logs() -> Iterator[list[MutableMapping[str, Any]]]:
    """What the transport logs inside the block, whatever the tests' own set-up drops or caches."""
    capture = LogCapture()
    level = structlog.make_filtering_bound_logger(logging.DEBUG)
    log = structlog.wrap_logger(
        None, processors=[capture], wrapper_class=level, cache_logger_on_first_use=False
    )
    with ExitStack() as stack:
        for module in (aibot, app, callback, link, linkhear, rest):
            stack.enter_context(patch.object(module, "_log", log))
        yield capture.entries
