"""The smart bot in callback-URL mode: messages, events and polls out, passive replies in."""

import asyncio
import json

from bot.sim import codes, limits
from bot.sim.answers import answer, grow, read_stream, replace_card
from bot.sim.cipher import Sealer, open_json_reply
from bot.sim.codes import Refusal
from bot.sim.contents import GREETING, PASSIVE, Content, read, read_card
from bot.sim.courier import Courier
from bot.sim.messages import Cause, Json, Kind, Message, Occasion
from bot.sim.payloads import bot_refresh
from bot.sim.platform import Platform


class BotCallback:
    """Drives ``platform.bot_url``."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        setup = platform.setup
        self._sealer = Sealer(setup.bot_token, setup.bot_aes_key, "")
        self._courier = Courier(platform, self._sealer, "bot")

    async def close(self) -> None:
        """Give the connections back."""
        await self._courier.close()

    async def verify(self) -> bool:
        """Check the URL as the console does when it is saved."""
        return await self._courier.verify(self._platform.bot_url)

    async def deliver(self, occasion: Occasion, body: Json) -> None:
        """Deliver one message or event and do what the answer says."""
        for _ in range(self._platform.faults.times()):
            await self._platform.hold_back()
            # Clicks and entries are pushed once, messages up to four times (page 101027).
            once = occasion.cause is not Cause.MESSAGE
            reply = await self._call(body, once=once)
            if reply is not None and not occasion.answered:
                self._obey(occasion, reply)

    async def _call(self, body: Json, *, once: bool) -> Json | None:
        reply = await self._courier.deliver(
            self._platform.bot_url,
            str(body.get("msgid", "")),
            json.dumps(body, ensure_ascii=False),
            lambda encrypt: json.dumps({"encrypt": encrypt}).encode(),
            self._open,
            once=once,
        )
        return reply if isinstance(reply, dict) else None

    def _open(self, body: bytes, nonce: str) -> Json | None:
        return open_json_reply(self._sealer, body, nonce) if body else None

    def _obey(self, occasion: Occasion, reply: Json) -> None:
        try:
            message = self._answer(occasion, reply)
        except Refusal as refusal:
            self._platform.journal.log("bot", "passive reply", refusal.code, refusal.rule)
            return
        if message and message.kind is Kind.STREAM and not message.finished:
            self._platform.errands.start(self._poll(occasion, message), lasting=True)

    def _answer(self, occasion: Occasion, reply: Json) -> Message | None:
        if occasion.cause is Cause.CLICK:
            replace_card(self._platform, PASSIVE, occasion, reply)
            return None
        if occasion.cause is Cause.ENTER:
            content = read(self._platform, GREETING, reply)
            return answer(self._platform, occasion, content)
        if occasion.cause is Cause.OTHER:
            self._platform.journal.violate("passive reply", "this event takes an empty body")
            raise Refusal(codes.BAD_MSGTYPE, "event")
        msgtype = str(reply.get("msgtype"))
        if msgtype not in {"stream", "stream_with_template_card"}:
            return answer(self._platform, occasion, read(self._platform, PASSIVE, reply))
        return self._stream(occasion, reply)

    def _stream(self, occasion: Occasion, reply: Json) -> Message:
        both = reply["msgtype"] == "stream_with_template_card"
        known = {"msgtype", "stream"} | ({"template_card"} if both else set())
        for name in reply.keys() - known:
            self._platform.journal.violate("passive reply", f"unknown key {name[:40]!r}")
        stream = read_stream(self._platform, PASSIVE, reply.get("stream"))
        carded = any(m.card for m in self._platform.answers_of(occasion))
        card = None
        if both and "template_card" in reply and not carded:
            card = read_card(self._platform, PASSIVE, reply["template_card"])
        message = grow(self._platform, PASSIVE, occasion, stream)
        if card is not None:
            answer(self._platform, occasion, Content(kind=Kind.CARD, card=card))
        return message

    async def _poll(self, occasion: Occasion, message: Message) -> None:
        """Ask for the rest until it is finished, or six minutes after the user's message."""
        while not message.finished:
            await asyncio.sleep(self._platform.setup.timings.refresh)
            age = (self._platform.now() - occasion.at).total_seconds()
            if age >= limits.POLLING_ENDS:
                self._platform.journal.violate("stream", "not finished in six minutes")
                return
            reply = await self._call(
                bot_refresh(self._platform, occasion, message.stream), once=True
            )
            if reply is None:
                continue
            try:
                self._refreshed(occasion, reply)
            except Refusal as refusal:
                self._platform.journal.log("bot", "refresh", refusal.code, refusal.rule)

    def _refreshed(self, occasion: Occasion, reply: Json) -> None:
        if str(reply.get("msgtype")) not in {"stream", "stream_with_template_card"}:
            self._platform.journal.violate("refresh", "only stream replies are allowed")
            raise Refusal(codes.BAD_MSGTYPE, "refresh")
        self._stream(occasion, reply)
