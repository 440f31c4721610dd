"""What comes with a message is fetched here; what is sent along is uploaded once.

The smart bot gives addresses of encrypted files, good for five minutes (pages 100719, 101463);
the app gives ids of plain ones (page 90254).
"""

import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine, Hashable
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Final, TypeVar

import aiohttp
from yarl import URL

from bot.channel import IncomingFile, Later, PushError
from bot.clock import Clock
from bot.wecom import codes, limits
from bot.wecom.crypto import Aes, CryptoError, read_key
from bot.wecom.flight import Flight
from bot.wecom.rest import AppRest, read_most
from models.errors import Unavailable, UserError

V = TypeVar("V")

# The platform's own names and its bucket for files of smart bots; not every tenant's bucket.
_PLATFORM_HOST: Final = re.compile(
    r"(?:[a-z0-9-]+\.)*qq\.com|[a-z0-9-]+-1258476243\.cos\.[a-z0-9-]+\.myqcloud\.com"
)
_REDIRECTS: Final = 3
_TIMEOUT: Final = aiohttp.ClientTimeout(total=60, connect=5)
_MAGIC: Final = (
    (b"\xff\xd8\xff", "jpg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF8", "gif"),
    (b"BM", "bmp"),
    (b"%PDF-", "pdf"),
    (b"PK\x03\x04", "zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
    (b"#!AMR", "amr"),
)
_HEADER: Final = 12


def sniff(data: bytes) -> str:
    """The kind of a file by its first bytes (``jpg png gif bmp webp pdf zip ole amr mp4`` or "").

    Downloads come as ``application/octet-stream``; what a name claims is not asked. The Office
    formats are ``zip`` (new) and ``ole`` (old).
    """
    head = data[:_HEADER]
    if head[4:8] == b"ftyp":
        return "mp4"
    if head[:4] == b"RIFF" and head[8:] == b"WEBP":
        return "webp"
    return next((kind for magic, kind in _MAGIC if head.startswith(magic)), "")


class Downloads:
    """Fetches what came with a message, never from anywhere but the platform.

    ``hosts``         further origins that are trusted (``http://127.0.0.1:9000`` of the desk)
    ``callback_key``  EncodingAESKey of the smart bot's callback; empty if it has none
    ``app``           how the app's media are asked for; None if there is no app
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        hosts: frozenset[str] = frozenset(),
        callback_key: str = "",
        app: AppRest | None = None,
    ) -> None:
        self._session = session
        self._origins = frozenset(URL(host).origin() for host in hosts)
        self._callback_key = callback_key
        self._app = app

    async def fetch(self, file: IncomingFile) -> bytes:
        """The bytes of a file.

        Raises ``UserError`` when it is too large, gone or unreadable, ``Unavailable`` when the
        platform is away.
        """
        data = await (self._from_app(file) if file.media_id else self._from_address(file))
        if len(data) > limits.DOWNLOAD:
            raise UserError("wecom.media.too_large", megabytes=limits.DOWNLOAD // limits.MIB)
        return data

    async def _from_app(self, file: IncomingFile) -> bytes:
        if self._app is None:
            raise UserError("wecom.media.gone")
        try:
            return await self._app.fetch(
                "/cgi-bin/media/get", params={"media_id": file.media_id}, most=limits.DOWNLOAD
            )
        except PushError as error:
            if isinstance(error, Later):
                raise Unavailable("media") from error
            raise UserError("wecom.media.gone") from error

    async def _from_address(self, file: IncomingFile) -> bytes:
        try:
            data = await self._download(file.url)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            # "from None": the text of these errors quotes the address, which is a secret.
            raise Unavailable(type(error).__name__) from None
        if len(data) > limits.DOWNLOAD:
            return data
        try:
            return Aes(read_key(file.aes_key or self._callback_key)).decrypt(data)
        except CryptoError as error:
            raise UserError("wecom.media.unreadable") from error

    async def _download(self, address: str) -> bytes:
        """Get the cipher text; a redirect is followed only to where we would go ourselves."""
        for _hop in range(_REDIRECTS + 1):
            url = self._trusted(address)
            async with self._session.get(url, timeout=_TIMEOUT, allow_redirects=False) as response:
                if response.status == HTTPStatus.OK:
                    return await read_most(response, limits.DOWNLOAD)
                if response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                    raise Unavailable(f"http {response.status}")
                location = response.headers.get("Location", "")
                if not location:
                    raise UserError("wecom.media.gone")
                address = str(url.join(URL(location, encoded=True)))
        raise UserError("wecom.media.gone")

    def _trusted(self, address: str) -> URL:
        """The address, if it is the platform's (https) or of a trusted origin."""
        try:
            url = URL(address, encoded=True)
            known = url.origin() in self._origins
        except ValueError:
            raise UserError("wecom.media.gone") from None
        ours = url.scheme == "https" and url.explicit_port is None
        if known or (ours and _PLATFORM_HOST.fullmatch(url.host or "")):
            return url
        raise UserError("wecom.media.gone")


class Shelf:
    """Ids of what was uploaded within a day, so that fifty groups share one upload."""

    def __init__(self, clock: Clock, *, capacity: int = 64) -> None:
        self._clock = clock
        self._capacity = capacity
        self._ids: OrderedDict[Hashable, tuple[str, datetime]] = OrderedDict()
        self._flight: Flight[str] = Flight()

    async def use(
        self,
        key: Hashable,
        upload: Callable[[], Coroutine[Any, Any, str]],
        send: Callable[[str], Awaitable[V]],
    ) -> V:
        """Send with the id of ``key``; when the platform has lost it, with a new one, once."""
        try:
            return await send(await self._get(key, upload))
        except PushError as error:
            if error.code != codes.BAD_MEDIA:
                raise
            self._ids.pop(key, None)
            return await send(await self._get(key, upload))

    async def _get(self, key: Hashable, upload: Callable[[], Coroutine[Any, Any, str]]) -> str:
        media_id, until = self._ids.get(key, ("", self._clock.now()))
        if media_id and self._clock.now() < until:
            return media_id
        media_id = await self._flight.join(key, upload)
        self._ids[key] = (media_id, self._clock.now() + timedelta(seconds=limits.MEDIA_LIFE))
        self._ids.move_to_end(key)
        while len(self._ids) > self._capacity:
            self._ids.popitem(last=False)
        return media_id
