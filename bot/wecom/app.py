"""The self-built app's callback, at ``/wecom/app`` (pages 90238 to 90241).

Private chats only. Text is answered in the HTTP response; a click is answered with the card that
takes the clicked one's place, for the person who clicked alone.
"""

from dataclasses import replace
from typing import Final

import structlog
from aiohttp import web

from bot.channel import Answer, Dialect, Dispatch, Incoming
from bot.clock import Clock
from bot.text import cut, render
from bot.wecom import limits
from bot.wecom.appmessage import read_message
from bot.wecom.callback import Gate, Opened
from bot.wecom.cards import encode, escape_xml, to_xml
from bot.wecom.wire import Malformed, parse_xml

_log = structlog.get_logger()
PATH: Final = "/wecom/app"


class AppCallback:
    """The address WeCom posts the app's messages and events to.

    ``corp_id``  sender of the answers; also the receiver in the envelope
    ``home``     the address a notice without a link opens
    """

    def __init__(
        self,
        gate: Gate,
        dispatch: Dispatch,
        *,
        corp_id: str,
        clock: Clock,
        home: str,
    ) -> None:
        self._gate = gate
        self._dispatch = dispatch
        self._corp_id = corp_id
        self._clock = clock
        self._home = home

    def routes(self) -> list[web.RouteDef]:
        """The routes of the address."""
        return [web.get(PATH, self._gate.greet, allow_head=False), web.post(PATH, self._receive)]

    async def _receive(self, request: web.Request) -> web.Response:
        return await self._gate.receive(request, _unwrap, self._respond)

    async def _respond(self, opened: Opened) -> web.Response:
        root = parse_xml(opened.message)
        incoming = read_message(root, received_at=self._clock.now())
        if incoming is None:
            _log.info("callback_ignored", path=PATH)
            return web.Response()
        answer = await self._dispatch(incoming)
        inner = self._encode(incoming, answer) if answer else ""
        if not inner:
            return web.Response()
        message = (
            f"<xml><ToUserName>{escape_xml(incoming.sender)}</ToUserName>"
            f"<FromUserName>{escape_xml(self._corp_id)}</FromUserName>"
            f"<CreateTime>{int(self._clock.now().timestamp())}</CreateTime>{inner}</xml>"
        )
        sealed = self._gate.seal(message.encode(), opened.nonce)
        envelope = (
            f"<xml><Encrypt>{sealed.cipher_text}</Encrypt>"
            f"<MsgSignature>{sealed.signature}</MsgSignature>"
            f"<TimeStamp>{sealed.timestamp}</TimeStamp>"
            f"<Nonce>{escape_xml(sealed.nonce)}</Nonce></xml>"
        )
        return web.Response(body=envelope.encode(), content_type="application/xml")

    def _encode(self, incoming: Incoming, answer: Answer) -> str:
        """The inner elements of a passive answer; empty when there is nothing to say."""
        if incoming.click:
            if answer.update is None:
                return ""
            # The task is known from the click; the kinds with buttons demand one all the same.
            card = replace(answer.update, task=incoming.click.task)
            fields = encode(card, lengths=limits.APP_CARD, home=self._home)
            return f"<MsgType>update_template_card</MsgType>{to_xml(fields)}"
        if not answer.text:
            return ""
        content = cut(render(answer.text, Dialect.PLAIN), limits.APP_TEXT)
        return f"<MsgType>text</MsgType><Content>{escape_xml(content)}</Content>"


def _unwrap(data: bytes) -> str:
    cipher_text = parse_xml(data).findtext("Encrypt")
    if not cipher_text:
        raise Malformed("envelope")
    return cipher_text
