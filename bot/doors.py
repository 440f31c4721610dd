"""Which doors of WeCom are open, by what the settings hold; one place knows them all."""

import os
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import aiohttp
from aiohttp import web

from bot.channel import Abilities, Answer, Channel, Dispatch, Incoming, IncomingFile
from bot.clock import Clock
from bot.rates import Rates
from bot.wecom import aibot, apppush, linkpush
from bot.wecom.aibot import BotCallback, BotUrlChannel
from bot.wecom.app import AppCallback
from bot.wecom.apppush import AppChannel
from bot.wecom.callback import Gate
from bot.wecom.crypto import Envelope
from bot.wecom.link import Account, Link, Pace, Permit
from bot.wecom.linkhear import LinkEars, Mind
from bot.wecom.linkpush import LinkChannel
from bot.wecom.linksend import Sender
from bot.wecom.media import Downloads
from bot.wecom.rest import AppRest, Rest, new_session
from bot.wecom.webhook import WebhookChannel
from config.settings import Settings

Handle = Callable[[Incoming, Abilities], Awaitable[Answer | None]]


@dataclass(slots=True)
class Doors:
    """The doors of one installation. ``channels`` in the order in which pushes prefer them."""

    session: aiohttp.ClientSession
    channels: list[Channel] = field(default_factory=list)
    routes: list[web.RouteDef] = field(default_factory=list)
    downloads: Downloads | None = None
    app_rest: AppRest | None = None
    link: Link | None = None
    ears: LinkEars | None = None

    async def fetch(self, file: IncomingFile) -> bytes:
        """The bytes of something that came with a message."""
        if self.downloads is None:
            raise RuntimeError("no door brings files")
        return await self.downloads.fetch(file)

    def start(self) -> None:
        """Begin to listen where the product dials out itself."""
        if self.ears is not None:
            self.ears.start()

    async def stop_listening(self, kicked_within: float) -> None:
        """Take no new messages over the long connection, once another process has it or soon."""
        if self.link is not None and not self.link.permit.held():
            await self.link.gone(kicked_within)
        if self.ears is not None:
            await self.ears.stop()

    async def close(self) -> None:
        """Give up all connections."""
        await self.session.close()


@dataclass(frozen=True, slots=True)
class Means:
    """What the doors are built with."""

    settings: Settings
    clock: Clock
    handle: Handle
    rates: Rates
    token: Callable[[], str]
    said: Callable[[str], None]
    follow: Callable[[Incoming, Answer], Awaitable[None]]
    permit: Permit
    chance: random.Random


def open_doors(means: Means) -> Doors:
    """Build every door whose settings are there; call it inside the event loop."""
    settings = means.settings
    session = new_session(settings.api_base)
    rest = Rest(session, settings.api_base)
    doors = Doors(session)
    if settings.has_link:
        _open_link(doors, means)
    if settings.has_app:
        doors.app_rest = AppRest(rest, settings.corp_id, settings.app_secret, clock=means.clock)
        doors.channels.append(
            AppChannel(
                doors.app_rest,
                settings.app_agent_id,
                hears=settings.has_app_callback,
                clock=means.clock,
                home=settings.public_url,
            )
        )
    doors.channels.append(WebhookChannel(rest, clock=means.clock, home=settings.public_url))
    if settings.has_aibot_callback:
        gate = _gate(means, settings.aibot_token, settings.aibot_aes_key, "")
        callback = BotCallback(
            gate, _to(means, aibot.ABILITIES), clock=means.clock, home=settings.public_url
        )
        doors.routes.extend(callback.routes())
        doors.channels.append(BotUrlChannel(rest, home=settings.public_url))
    if settings.has_app_callback:
        gate = _gate(means, settings.app_token, settings.app_aes_key, settings.corp_id)
        heard = AppCallback(
            gate,
            _to(means, apppush.ABILITIES),
            corp_id=settings.corp_id,
            clock=means.clock,
            home=settings.public_url,
        )
        doors.routes.extend(heard.routes())
    doors.downloads = Downloads(
        session,
        hosts=frozenset({settings.api_base}),
        callback_key=settings.aibot_aes_key,
        app=doors.app_rest,
    )
    return doors


def _to(means: Means, abilities: Abilities) -> Dispatch:
    return lambda incoming: means.handle(incoming, abilities)


def _gate(means: Means, token: str, aes_key: str, receiver: str) -> Gate:
    envelope = Envelope(token, aes_key, receiver, chance=os.urandom)
    return Gate(envelope, clock=means.clock, reference=means.token)


def _open_link(doors: Doors, means: Means) -> None:
    settings = means.settings
    link = Link(
        doors.session,
        Account(url=settings.aibot_ws_url, bot_id=settings.aibot_id, secret=settings.aibot_secret),
        clock=means.clock,
        permit=means.permit,
        chance=means.chance,
        pace=Pace(ping=settings.aibot_ping_seconds),
    )
    sender = Sender(link)

    async def hear(incoming: Incoming) -> Answer | None:
        """Answers count to the same rate as pushes (WeCom page 101463)."""
        answer = await means.handle(incoming, linkpush.ABILITIES)
        if answer is not None:
            means.rates.note(linkpush.NAME, incoming.chat or incoming.sender)
        return answer

    doors.link = link
    doors.ears = LinkEars(
        sender,
        Mind(hear, means.said, means.follow),
        clock=means.clock,
        home=settings.public_url,
        reference=means.token,
    )
    doors.channels.append(LinkChannel(link, sender, clock=means.clock, home=settings.public_url))
