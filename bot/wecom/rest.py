"""The REST side of the platform: one way to ask, one token per secret (pages 91039, 90313).

The platform answers HTTP 200 always and says in ``errcode`` what it thinks. What did not get
there is told apart by whether the request had been written: a refused connection or a 5xx is
``Later``, a time-out or reset afterwards is ``Unconfirmed``, unless the call may safely be
repeated. Addresses hold secrets, so no error and no log line quotes one.
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from http import HTTPStatus
from io import BytesIO
from typing import Any, Final

import aiohttp
import structlog
from yarl import URL

from bot.channel import Later, PushError, Unconfirmed
from bot.clock import Clock
from bot.wecom import codes, limits
from bot.wecom.flight import Flight
from bot.wecom.wire import Malformed, parse_json, to_json

_log = structlog.get_logger()
_TIMEOUT: Final = aiohttp.ClientTimeout(total=15, connect=5)
_UPLOAD_TIMEOUT: Final = aiohttp.ClientTimeout(total=90, connect=5)
_BEFORE_WRITING: Final = (
    aiohttp.ClientConnectorError,
    aiohttp.ClientHttpProxyError,
    aiohttp.ConnectionTimeoutError,
)
_AWAY: Final = 10  # seconds until a platform that was away is asked again


@dataclass(frozen=True, slots=True)
class Upload:
    """A file to be sent as the multipart part ``media`` (pages 90253, 99110)."""

    name: str
    data: bytes

    def form(self) -> aiohttp.FormData:
        """A fresh form, for aiohttp consumes it; the name stays readable, not percent-encoded."""
        form = aiohttp.FormData(quote_fields=False)
        name = "".join(filter(str.isprintable, self.name))
        form.add_field(
            "media", BytesIO(self.data), filename=name, content_type="application/octet-stream"
        )
        return form


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request: ``path`` below the base, or a whole address the platform gave out.

    ``repeatable``  sending it twice does no harm, so a lost answer is no mystery
    """

    path: str
    method: str = "POST"
    params: Mapping[str, str] = field(default_factory=dict)
    json: object = None
    upload: Upload | None = None
    repeatable: bool = False


def new_session(base: str) -> aiohttp.ClientSession:
    """A session for the platform's addresses.

    The proxy of the environment is used (a trusted IP often is a proxy's), but not towards this
    very machine, where the desk simulator listens. Idle connections are given up early: a POST
    on one that the peer has closed meanwhile would count as unconfirmed.
    """
    connector = aiohttp.TCPConnector(keepalive_timeout=10)
    return aiohttp.ClientSession(
        connector=connector,
        trust_env=not _is_loopback(URL(base).host or ""),
        timeout=_TIMEOUT,
        cookie_jar=aiohttp.DummyCookieJar(),
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def same_host(address: str, base: str) -> bool:
    """Whether an address given to us lies on the platform's own host (scheme and port too)."""
    try:
        given, ours = URL(address), URL(base)
    except ValueError:
        return False
    return (given.scheme, given.host, given.port) == (ours.scheme, ours.host, ours.port)


def errcode(answer: Mapping[str, Any]) -> int:
    """The platform's number; 0 is success."""
    code = answer.get("errcode", 0)
    return code if isinstance(code, int) else codes.BUSY


def check(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    """Pass a successful answer through; raise the delivery error of any other."""
    if code := errcode(answer):
        raise codes.fault(code)
    return answer


class Rest:
    """Asks the platform and gets JSON."""

    def __init__(self, session: aiohttp.ClientSession, base: str) -> None:
        self._session = session
        self.base = base.rstrip("/")

    async def ask(self, call: Call) -> Mapping[str, Any]:
        """Ask once; the answer may still hold an ``errcode``. Raises ``Later``, ``Unconfirmed``."""
        whole = "://" in call.path
        url = URL(call.path, encoded=True) if whole else URL(self.base + call.path)
        try:
            async with self._session.request(
                call.method,
                url.extend_query(call.params) if call.params else url,
                data=_body(call),
                headers={"Content-Type": "application/json"} if call.json else None,
                timeout=_UPLOAD_TIMEOUT if call.upload else _TIMEOUT,
                allow_redirects=False,
            ) as response:
                if response.status != HTTPStatus.OK:
                    raise Later(_AWAY, note=f"http {response.status}")
                return parse_json(await response.read())
        except Malformed as error:
            raise Later(_AWAY, note="no json") from error
        except _BEFORE_WRITING as error:
            raise Later(_AWAY, note=type(error).__name__) from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            # "from None": the text of these errors quotes the address, and with it secrets.
            note = type(error).__name__
            safe = call.repeatable or call.method == "GET"
            raise (Later(_AWAY, note=note) if safe else Unconfirmed(note=note)) from None

    async def fetch(self, path: str, *, params: Mapping[str, str], most: int) -> tuple[str, bytes]:
        """Get bytes: their content type, and at most ``most`` + 1 of them. Raises ``Later``."""
        try:
            async with self._session.get(
                self.base + path, params=params, timeout=_UPLOAD_TIMEOUT, allow_redirects=False
            ) as response:
                if response.status != HTTPStatus.OK:
                    raise Later(_AWAY, note=f"http {response.status}")
                return response.content_type, await read_most(response, most)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Later(_AWAY, note=type(error).__name__) from None


def _body(call: Call) -> aiohttp.FormData | BytesIO | None:
    """What a request carries; as a file, for a picture of megabytes must not block the loop."""
    if call.upload:
        return call.upload.form()
    return BytesIO(to_json(call.json)) if call.json else None


async def read_most(response: aiohttp.ClientResponse, most: int) -> bytes:
    """Read a body, but stop when it is longer than ``most`` bytes."""
    data = bytearray()
    async for part in response.content.iter_any():
        data += part
        if len(data) > most:
            break
    return bytes(data)


class Token:
    """The access token of one secret, renewed early, by one at a time (page 91039).

    A refused secret is not tried again for a minute: failing calls of gettoken get the whole
    address blocked.
    """

    def __init__(self, rest: Rest, corp_id: str, secret: str, *, clock: Clock) -> None:
        self._rest = rest
        self._params = {"corpid": corp_id, "corpsecret": secret}
        self._clock = clock
        self._value = ""
        self._until: datetime | None = None
        self._refused = 0
        self._flight: Flight[None] = Flight()

    async def get(self) -> str:
        """A token that is good for minutes; raises a ``PushError``."""
        if self._until is None or self._clock.now() >= self._until:
            await self._flight.join("token", self._renew)
        if self._refused:
            raise codes.fault(self._refused)
        return self._value

    def forget(self, value: str) -> None:
        """The platform has ended this token. Late complaints about an older one change nothing."""
        if value == self._value and not self._refused:
            self._until = None

    async def _renew(self) -> None:
        answer = await self._rest.ask(
            Call(path="/cgi-bin/gettoken", method="GET", params=self._params)
        )
        self._refused = errcode(answer)
        if self._refused:
            _log.warning("wecom_token_refused", code=self._refused)
            life = limits.BLOCKED
        else:
            self._value = str(answer.get("access_token", ""))
            lasts = answer.get("expires_in")
            lasts = lasts if isinstance(lasts, int) else 2 * limits.TOKEN_EARLY
            life = max(lasts - limits.TOKEN_EARLY, lasts // 2)
        self._until = self._clock.now() + timedelta(seconds=life)


class AppRest:
    """Calls that need the token of the self-built app."""

    def __init__(self, rest: Rest, corp_id: str, secret: str, *, clock: Clock) -> None:
        self._rest = rest
        self._token = Token(rest, corp_id, secret, clock=clock)

    async def ask(self, call: Call) -> Mapping[str, Any]:
        """Ask; after 40014 or 42001 with a new token, once. Raises a ``PushError``."""
        answer: Mapping[str, Any] = {}
        for _attempt in range(2):
            token = await self._token.get()
            params = {**call.params, "access_token": token}
            answer = await self._rest.ask(replace(call, params=params))
            if errcode(answer) not in codes.TOKEN_ENDED:
                break
            self._token.forget(token)
        return answer

    async def call(self, call: Call) -> Mapping[str, Any]:
        """Ask for something to be done; any ``errcode`` is raised as its ``PushError``."""
        return check(await self.ask(call))

    async def fetch(self, path: str, *, params: Mapping[str, str], most: int) -> bytes:
        """Get bytes (media); JSON in their place is an error and raised as its ``PushError``."""
        for last in (False, True):
            token = await self._token.get()
            kind, data = await self._rest.fetch(
                path, params={**params, "access_token": token}, most=most
            )
            if kind not in ("application/json", "text/plain"):
                return data
            try:
                check(parse_json(data))
            except Malformed:
                return data
            except PushError as error:
                if last or error.code not in codes.TOKEN_ENDED:
                    raise
                self._token.forget(token)
        raise codes.fault(codes.BUSY)
