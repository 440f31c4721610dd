"""Carrying encrypted callbacks to a robot's URL: deadlines, redeliveries, verification.

Pages 90930 and 101033: one second for the verification, five for a callback; what is not answered
with HTTP 200 in time is delivered again up to three times, with the same msgid and a new nonce.
"""

import asyncio
from collections.abc import Callable
from http import HTTPStatus

import aiohttp
from yarl import URL

from bot.sim.cipher import BadReply, Envelope, Sealer
from bot.sim.messages import Exchange, Json
from bot.sim.platform import Platform

Accept = Callable[[bytes, str], Json | str | None]
"""Opens an answer: (body, nonce) -> the decrypted reply, or None for an empty body."""


class Courier:
    """Delivers to one URL. It follows no redirect and uses no proxy."""

    def __init__(self, platform: Platform, sealer: Sealer, door: str) -> None:
        self._platform = platform
        self._sealer = sealer
        self._door = door
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Give the connections back."""
        if self._session is not None:
            await self._session.close()

    async def verify(self, url: str) -> bool:
        """The GET that the console makes when the URL is saved; notes what is wrong."""
        plain = str(self._platform.chance.randrange(10**18, 10**19))
        encrypt = self._sealer.encrypt(plain)
        while "+" not in encrypt:  # a server that reads + as a blank shall be found out
            encrypt = self._sealer.encrypt(plain)
        envelope = self._sign(encrypt)
        query = {**envelope.query, "echostr": encrypt}
        status, body = await self._send("GET", URL(url).update_query(query), None, "verify")
        if status == HTTPStatus.OK and body == plain.encode():
            self._platform.journal.log(self._door, "verify")
            return True
        rule = "no answer in time" if status == 0 else f"status {status} or wrong echo"
        self._platform.journal.violate(f"{self._door} verify", rule)
        return False

    async def deliver(
        self,
        url: str,
        msgid: str,
        plain: str,
        wrap: Callable[[str], bytes],
        accept: Accept,
        *,
        once: bool = False,
    ) -> Json | str | None:
        """Deliver until it is taken; returns the last reply.

        ``wrap`` makes the request body out of the cipher text. Redeliveries alternate between the
        same cipher text and a fresh one. A reply that breaks the protocol counts as nothing said.
        """
        exchange = Exchange(msgid, self._door)
        self._platform.exchanges.append(exchange)
        encrypt = self._sealer.encrypt(plain)
        for attempt in range(1 if once else self._platform.setup.timings.attempts):
            if attempt:
                await asyncio.sleep(self._platform.setup.timings.pause)
            if attempt % 2 == 0 and attempt:
                encrypt = self._sealer.encrypt(plain)
            envelope = self._sign(encrypt)
            address = URL(url).update_query(envelope.query)
            status, body = await self._send("POST", address, wrap(encrypt), "callback")
            exchange.statuses.append(status)
            self._platform.journal.log(self._door, "callback", note=f"HTTP {status}")
            if status != HTTPStatus.OK:
                continue
            reply = self._open(accept, body, envelope.nonce)
            exchange.replies.append(reply)
            if not (not once and self._platform.faults.spend("lost_answers")):
                return reply
        return None

    def _open(self, accept: Accept, body: bytes, nonce: str) -> Json | str | None:
        try:
            return accept(body, nonce)
        except BadReply as flaw:
            self._platform.journal.violate(f"{self._door} answer", str(flaw))
            return None

    def _sign(self, encrypt: str) -> Envelope:
        stamp = str(int(self._platform.now().timestamp()))
        nonce = str(self._platform.chance.randrange(10**9, 10**10))
        return self._sealer.sign(encrypt, timestamp=stamp, nonce=nonce)

    async def _send(
        self, method: str, url: URL, body: bytes | None, purpose: str
    ) -> tuple[int, bytes]:
        """Status and body; status 0 when nothing came back in time."""
        timings = self._platform.setup.timings
        seconds = timings.verify if purpose == "verify" else timings.answer
        if self._session is None:
            self._session = aiohttp.ClientSession(trust_env=False)
        try:
            async with self._session.request(
                method,
                url,
                data=body,
                headers={"Content-Type": "text/plain; charset=utf-8"},
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=seconds),
            ) as response:
                return response.status, await response.read()
        except (aiohttp.ClientError, TimeoutError):
            return 0, b""
