"""What both callback addresses share: reading, verifying, answering errors (pages 90968, 101033).

Whoever is not the platform gets a bare status. The order is: size, shape, signature, age, nonce,
cipher. Nothing is stored before all of them held, and nothing tells which one did not; the log
has a word for it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, TypeAlias
from urllib.parse import unquote

import structlog
from aiohttp import web

from bot.clock import Clock
from bot.wecom import limits
from bot.wecom.crypto import CryptoError, Envelope
from bot.wecom.guard import Guard, Replayed, Stale
from bot.wecom.wire import Malformed
from models.errors import Unavailable

_log = structlog.get_logger()
_QUERY_FIELDS: Final = 16


class _Oversized(Exception):  # noqa: N818  (what the request is, not a fault of ours)
    """The body is larger than any callback."""


class _Slow(Exception):  # noqa: N818  (what the request is, not a fault of ours)
    """The body does not come to an end."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A verified callback: the decrypted message and the nonce its answer has to bear."""

    message: bytes
    nonce: str


@dataclass(frozen=True, slots=True)
class Sealed:
    """An encrypted answer, ready for its envelope of JSON or XML."""

    cipher_text: str
    signature: str
    timestamp: int
    nonce: str


Unwrap: TypeAlias = Callable[[bytes], str]
"""Takes the cipher text out of a request's body; raises ``wire.Malformed``."""

Respond: TypeAlias = Callable[[Opened], Awaitable[web.Response]]
"""Answers a verified callback; raises ``wire.Malformed``, ``Unavailable``, or a fault of ours."""


class Gate:
    """One callback address. ``reference`` makes the short name under which a fault is logged."""

    def __init__(self, envelope: Envelope, *, clock: Clock, reference: Callable[[], str]) -> None:
        self._envelope = envelope
        self._guard = Guard(clock)
        self._clock = clock
        self._reference = reference

    def seal(self, message: bytes, nonce: str) -> Sealed:
        """Encrypt and sign an answer with the nonce of its request."""
        timestamp = int(self._clock.now().timestamp())
        cipher_text, signature = self._envelope.seal(message, str(timestamp), nonce)
        return Sealed(cipher_text, signature, timestamp, nonce)

    async def greet(self, request: web.Request) -> web.Response:
        """Answer the URL verification: the decrypted echo, bare (page 90968; within a second)."""
        return await self._guarded(request, self._echo)

    async def receive(self, request: web.Request, unwrap: Unwrap, respond: Respond) -> web.Response:
        """Verify and answer one callback; its nonce is used up once the answer is 2xx."""

        async def handle(request: web.Request) -> web.Response:
            query = read_query(request)
            opened = self._open(query, unwrap(await _read_body(request)))
            response = await respond(opened)
            self._guard.spend(opened.nonce)
            return response

        return await self._guarded(request, handle)

    async def _echo(self, request: web.Request) -> web.Response:
        query = read_query(request)
        # A proxy may have turned the "+" of base64 into a blank; base64 itself has none.
        echo = query.get("echostr", "").replace(" ", "+")
        self._envelope.verify(*_seal(query), echo)
        self._guard.check_age(query["timestamp"])
        return web.Response(body=self._envelope.decrypt(echo), content_type="text/plain")

    def _open(self, query: Mapping[str, str], cipher_text: str) -> Opened:
        signature, timestamp, nonce = _seal(query)
        self._envelope.verify(signature, timestamp, nonce, cipher_text)
        self._guard.check_age(timestamp)
        self._guard.admit(nonce, cipher_text)
        return Opened(self._envelope.decrypt(cipher_text), nonce)

    async def _guarded(
        self, request: web.Request, handle: Callable[[web.Request], Awaitable[web.Response]]
    ) -> web.Response:
        """Turn every error into a bare status; the platform tries again after 503 and 500."""
        try:
            return await handle(request)
        except CryptoError as error:
            return _refuse(request, HTTPStatus.FORBIDDEN, f"crypto {error.code}")
        except (Stale, Replayed) as error:
            return _refuse(request, HTTPStatus.FORBIDDEN, type(error).__name__.lower())
        except Malformed as error:
            return _refuse(request, HTTPStatus.BAD_REQUEST, str(error) or "malformed")
        except _Oversized:
            return _refuse(request, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too large")
        except _Slow:
            return _refuse(request, HTTPStatus.REQUEST_TIMEOUT, "too slow")
        except Unavailable:
            _log.warning("callback_unavailable", path=request.path)
            return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE)
        except Exception:  # noqa: BLE001  (the edge: a fault of ours must not end the process)
            _log.exception("callback_failed", path=request.path, reference=self._reference())
            return web.Response(status=HTTPStatus.INTERNAL_SERVER_ERROR)


def read_query(request: web.Request) -> dict[str, str]:
    """The query fields, url-decoded once, a "+" staying a plus (the base64 of ``echostr``)."""
    query = {}
    for field in request.rel_url.raw_query_string.split("&", _QUERY_FIELDS):
        name, _, value = field.partition("=")
        query[name] = unquote(value) if "%" in value else value
    return query


def _seal(query: Mapping[str, str]) -> tuple[str, str, str]:
    seal = query.get("msg_signature", ""), query.get("timestamp", ""), query.get("nonce", "")
    if not all(seal):
        raise Malformed("query")
    return seal


async def _read_body(request: web.Request) -> bytes:
    """The body, unless it is larger or slower than any callback of the platform."""
    if (request.content_length or 0) > limits.BODY:
        raise _Oversized
    body = bytearray()
    try:
        async with asyncio.timeout(limits.BODY_SECONDS):
            async for part in request.content.iter_any():
                body += part
                if len(body) > limits.BODY:
                    raise _Oversized
    except TimeoutError as error:
        raise _Slow from error
    except (web.RequestPayloadError, ConnectionError) as error:
        raise Malformed("body") from error
    return bytes(body)


def _refuse(request: web.Request, status: HTTPStatus, why: str) -> web.Response:
    _log.info("callback_refused", path=request.path, status=status.value, why=why)
    return web.Response(status=status)
