"""What is heard over the long connection, and answered there (page 101463).

Each callback becomes a task, started in the order of arrival; the read loop waits for none of
them. There is no redelivery: while our own store is away a message is tried again from here, and an
answer that cannot be said here any more is left to the outbox, whichever process delivers it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import structlog

from bot.channel import Answer, Dispatch, Incoming, Later, PushError, Target
from bot.clock import Clock
from bot.wecom import botreply, codes
from bot.wecom.botmessage import read_message
from bot.wecom.line import Sleep
from bot.wecom.link import Frame, either
from bot.wecom.linkpush import NAME, SEND, push_body
from bot.wecom.linksend import Sender
from bot.wecom.wire import Malformed, ident, mapping
from models.errors import Unavailable

_log = structlog.get_logger()
_RESPOND: Final = "aibot_respond_msg"
_RESPOND_WELCOME: Final = "aibot_respond_welcome_msg"
_RESPOND_UPDATE: Final = "aibot_respond_update_msg"
_ATTEMPTS: Final = 6
_STORE_AWAY: Final = (1, 2, 4, 8, *[10] * 9)
"""Seconds until a message is tried again: soon after the store is back, for a minute and a half."""
_GRACE: Final = 3


@dataclass(frozen=True, slots=True)
class Mind:
    """What stands behind the ears.

    ``hear``    the dispatcher
    ``said``    takes the id of a message whose answer is no more of our concern
    ``follow``  queues an answer that cannot be said here any more
    """

    hear: Dispatch
    said: Callable[[str], None]
    follow: Callable[[Incoming, Answer], Awaitable[None]]


class LinkEars:
    """Hands what the link hears to the dispatcher and says its answers.

    ``reference``  makes the short name under which a fault is logged
    ``home``       the address a notice without a link opens
    """

    def __init__(
        self,
        sender: Sender,
        mind: Mind,
        *,
        clock: Clock,
        home: str,
        reference: Callable[[], str],
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._link = sender.link
        self._sender = sender
        self._mind = mind
        self._clock = clock
        self._home = home
        self._reference = reference
        self._sleep = sleep
        self._tasks: set[asyncio.Task[None]] = set()
        self._ending = asyncio.Event()

    def start(self) -> None:
        """Start the link and listen."""
        self._link.start(self._take)

    async def stop(self) -> None:
        """Let answers in progress go out; leave those that cannot to the outbox; close the link."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_GRACE)
        self._ending.set()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_GRACE)
        for task in self._tasks:
            task.cancel()
        await self._link.stop()

    def _take(self, frame: Frame) -> None:
        """Start a task for a callback; asyncio runs tasks in the order they were made."""
        task = asyncio.create_task(self._serve(frame))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, frame: Frame) -> None:
        try:
            req_id = ident(mapping(frame.get("headers")).get("req_id"))
            incoming = read_message(
                mapping(frame.get("body")),
                channel=NAME,
                received_at=self._clock.now(),
                req_id=req_id,
            )
            if incoming is None:
                _log.info("callback_ignored", channel=NAME)
                return
            if answer := await self._ask_dispatcher(incoming):
                await self._answer(incoming, req_id, answer)
                self._mind.said(incoming.message_id)
        except Malformed as error:
            _log.info("callback_refused", channel=NAME, why=str(error))
        except Unavailable:
            _log.error("message_lost", channel=NAME)
        except Exception:  # noqa: BLE001  (the edge: a fault of ours must not end the process)
            _log.exception("callback_failed", channel=NAME, reference=self._reference())

    async def _ask_dispatcher(self, incoming: Incoming) -> Answer | None:
        """Dispatch; while the store is away try again, for the platform will not."""
        for seconds in _STORE_AWAY:
            try:
                return await self._mind.hear(incoming)
            except Unavailable:
                _log.warning("callback_unavailable", channel=NAME)
                await self._sleep(seconds)
        return await self._mind.hear(incoming)

    async def _answer(self, incoming: Incoming, req_id: str, answer: Answer) -> None:
        """Say an answer: clicks and entries within their five seconds, or not at all."""
        if incoming.click:
            update = botreply.update_body(incoming.click, incoming.sender, answer, self._home)
            if update:
                await self._say_once(_RESPOND_UPDATE, req_id, update)
            return
        if incoming.entered:
            if welcome := botreply.welcome_body(answer, self._home):
                await self._say_once(_RESPOND_WELCOME, req_id, welcome)
            return
        chat = Target(incoming.chat or incoming.sender, bool(incoming.chat))
        if answer.text:
            body = botreply.stream_body(incoming.message_id, answer.text)
            content = {"content": body["stream"]["content"]}
            if not await self._say(chat, req_id, body, push_body(chat, "markdown", content)):
                await self._leave(incoming, answer)
                return
        if answer.card:
            body = botreply.card_body(answer.card, self._home)
            pushed = push_body(chat, "template_card", body["template_card"])
            if not await self._say(chat, req_id, body, pushed):
                await self._leave(incoming, Answer(card=answer.card))

    async def _leave(self, incoming: Incoming, answer: Answer) -> None:
        """Leave an answer to the outbox, as soon as the store takes it."""
        _log.info("answer_follows", channel=NAME, message=incoming.message_id)
        for seconds in _STORE_AWAY:
            try:
                return await self._mind.follow(incoming, answer)
            except Unavailable:
                await self._sleep(seconds)
        return await self._mind.follow(incoming, answer)

    async def _say_once(self, cmd: str, req_id: str, body: dict[str, object]) -> None:
        try:
            await self._sender.send(cmd, body, req_id=req_id)
        except PushError as error:
            _log.warning("answer_lost", channel=NAME, cmd=cmd, code=error.code, note=error.note)

    async def _say(
        self, chat: Target, req_id: str, body: dict[str, object], pushed: dict[str, object]
    ) -> bool:
        """Answer a message; when it cannot be answered any more, push the same instead.

        False if neither can be done from here.
        """
        cmd, twice = _RESPOND, body["msgtype"] == "stream"
        for _attempt in range(_ATTEMPTS):
            try:
                await self._sender.send(cmd, body, chat=chat.id, req_id=req_id, twice=twice)
            except Later as error:
                if self._ending.is_set() or not self._link.permit.held():
                    break
                await either(self._sleep(error.seconds), self._ending.wait())
            except PushError as error:
                if error.code == codes.ALREADY_ANSWERED:
                    return True
                if cmd == SEND or error.code not in codes.ASK_ANEW:
                    _log.warning("answer_lost", channel=NAME, code=error.code, note=error.note)
                    return True
                cmd, req_id, body, twice = SEND, "", pushed, False
            else:
                return True
        return False
