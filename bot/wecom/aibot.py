"""The smart bot by callback URL, at ``/wecom/aibot`` (pages 100719, 101027, 101031, 101138).

It answers in the HTTP response. Later it can speak only through the one-shot ``response_url`` of
a message: one call within an hour, cards in private chats only.
"""

from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from aiohttp import web

from bot.channel import (
    ALL_CARDS,
    Abilities,
    CardParcel,
    Dialect,
    Dispatch,
    Elsewhere,
    Parcel,
    Receipt,
    Target,
    TextParcel,
    Unconfirmed,
)
from bot.clock import Clock
from bot.text import render
from bot.wecom import botreply, codes, limits
from bot.wecom.botmessage import read_message
from bot.wecom.callback import Gate, Opened
from bot.wecom.parcels import admit, card_json
from bot.wecom.rest import Call, Rest, errcode, same_host
from bot.wecom.wire import Malformed, mapping, parse_json, to_json

_log = structlog.get_logger()
PATH: Final = "/wecom/aibot"
NAME: Final = "aibot"
_SNAPSHOTS: Final = 500
_USED: Final = 10_000
ABILITIES: Final = Abilities(
    asks_again=True,
    hears_groups=True,
    pushes_groups=True,
    pushes_people=True,
    answer_bytes=limits.BOT_TEXT,
    answer_cards=True,
    answer_dialect=Dialect.FULL,
    text_bytes=limits.BOT_TEXT,
    dialect=Dialect.FULL,
    cards=ALL_CARDS,
    per_minute=limits.BOT_PER_MINUTE,
    per_hour=limits.BOT_PER_HOUR,
)


class BotCallback:
    """The address WeCom posts a smart bot's messages to.

    ``home``  the address a notice without a link opens
    """

    def __init__(self, gate: Gate, dispatch: Dispatch, *, clock: Clock, home: str) -> None:
        self._gate = gate
        self._dispatch = dispatch
        self._clock = clock
        self._home = home
        self._snapshots: OrderedDict[str, tuple[datetime, dict[str, Any]]] = OrderedDict()

    def routes(self) -> list[web.RouteDef]:
        """The routes of the address."""
        return [web.get(PATH, self._gate.greet, allow_head=False), web.post(PATH, self._receive)]

    async def _receive(self, request: web.Request) -> web.Response:
        return await self._gate.receive(request, _unwrap, self._respond)

    async def _respond(self, opened: Opened) -> web.Response:
        body = parse_json(opened.message)
        if body.get("msgtype") == "stream":
            reply = self._snapshot(mapping(body.get("stream")).get("id"))
        else:
            reply = await self._hear(body)
        if reply is None:
            return web.Response()
        sealed = self._gate.seal(to_json(reply), opened.nonce)
        envelope = {
            "encrypt": sealed.cipher_text,
            "msgsignature": sealed.signature,
            "timestamp": sealed.timestamp,
            "nonce": sealed.nonce,
        }
        return web.Response(body=to_json(envelope), content_type="application/json")

    async def _hear(self, body: Mapping[str, Any]) -> dict[str, Any] | None:
        """Let the dispatcher answer a message or event; None for an empty 200."""
        incoming = read_message(body, channel=NAME, received_at=self._clock.now())
        if incoming is None:
            _log.info("callback_ignored", path=PATH)
            return None
        answer = await self._dispatch(incoming)
        if answer is None:
            return None
        if incoming.click:
            return botreply.update_body(incoming.click, incoming.sender, answer, self._home)
        if incoming.entered:
            return botreply.welcome_body(answer, self._home)
        return self._keep(botreply.answer_body(incoming.message_id, answer, self._home))

    def _keep(self, reply: dict[str, Any] | None) -> dict[str, Any] | None:
        """Remember a finished stream for as long as WeCom may ask how it goes on."""
        now = self._clock.now()
        while self._snapshots and (
            len(self._snapshots) >= _SNAPSHOTS or next(iter(self._snapshots.values()))[0] < now
        ):
            self._snapshots.popitem(last=False)
        if reply and "stream" in reply:
            shown = {"msgtype": "stream", "stream": reply["stream"]}
            until = now + timedelta(seconds=limits.STREAM_LIFE)
            self._snapshots[reply["stream"]["id"]] = (until, shown)
        return reply

    def _snapshot(self, stream: object) -> dict[str, Any] | None:
        kept = self._snapshots.get(stream) if isinstance(stream, str) else None
        return kept[1] if kept else None


def _unwrap(data: bytes) -> str:
    cipher_text = parse_json(data).get("encrypt")
    if not isinstance(cipher_text, str):
        raise Malformed("envelope")
    return cipher_text


class BotUrlChannel:
    """Pushes through the ``response_url`` of the message a push answers."""

    def __init__(self, rest: Rest, *, home: str) -> None:
        self._rest = rest
        self._home = home
        self._used: OrderedDict[str, None] = OrderedDict()

    @property
    def name(self) -> str:
        """Identifier in logs and rows."""
        return NAME

    @property
    def abilities(self) -> Abilities:
        """What this door can do."""
        return ABILITIES

    def reaches(self, target: Target) -> bool:
        """Whether there is an unused address of the platform to answer through."""
        address = target.reply_url
        return bool(address) and address not in self._used and same_host(address, self._rest.base)

    def held_elsewhere(self, target: Target) -> bool:
        """Never: the address belongs to the message, not to a process."""
        del target
        return False

    async def push(self, target: Target, parcel: Parcel) -> Receipt:
        """Use the one call. An address that has ended or was used by others is ``Elsewhere``."""
        if not self.reaches(target):
            raise Elsewhere(note="no response_url")
        admit(parcel, ABILITIES)
        body = self._encode(target, parcel)
        try:
            answer = await self._rest.ask(Call(path=target.reply_url, json=body))
        except Unconfirmed:
            self._mark(target.reply_url)
            raise
        if code := errcode(answer):
            fault = codes.fault(code, otherwise=Elsewhere)
            if isinstance(fault, Elsewhere):
                self._mark(target.reply_url)
            raise fault
        self._mark(target.reply_url)
        return Receipt()

    def _encode(self, target: Target, parcel: Parcel) -> dict[str, Any]:
        match parcel:
            case TextParcel(markdown):
                content = render(markdown, ABILITIES.dialect)
                return {"msgtype": "markdown", "markdown": {"content": content}}
            case CardParcel(card) if not target.group:
                shown = card_json(card, limits.BOT_CARD, self._home)
                return {"msgtype": "template_card", "template_card": shown}
            case _:
                raise Elsewhere(note="response_url")

    def _mark(self, address: str) -> None:
        self._used[address] = None
        if len(self._used) > _USED:
            self._used.popitem(last=False)
