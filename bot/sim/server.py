"""The desk as a server: REST, WebSocket and the page behind one address."""

import ssl
from dataclasses import dataclass
from html import escape
from string import Template

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from bot.sim import rest_chat, rest_hook, rest_media, rest_message, rest_people
from bot.sim.desk import Desk
from bot.sim.page import FILES, Page
from bot.sim.page_acts import ClockHook
from bot.sim.rest import PREFIX, Rest
from bot.sim.rest_people import COOKIE, authorize
from bot.sim.setup import Mode
from config.texts import t

BODY_LIMIT = 32 * 1024 * 1024


@dataclass(slots=True)
class Server:
    """A running desk. ``url`` is the base of REST, OAuth and the page; ``ws_url`` of the socket."""

    desk: Desk
    runner: web.AppRunner
    url: str
    ws_url: str

    def environment(self) -> dict[str, str]:
        """The settings (``ZBT_…``) with which the product talks to this desk."""
        setup = self.desk.setup
        values = {
            "ZBT_BOT_NAME": ",".join(setup.bot_names),
            "ZBT_CORP_ID": setup.corp_id,
            "ZBT_APP_AGENT_ID": str(setup.app_agent_id),
            "ZBT_APP_SECRET": setup.app_secret,
            "ZBT_APP_TOKEN": setup.app_token,
            "ZBT_APP_AES_KEY": setup.app_aes_key,
            "ZBT_WECOM_API_BASE": self.url,
            "ZBT_WECOM_OAUTH_BASE": self.url,
        }
        if setup.bot_mode is Mode.LINK:
            link = {"ZBT_AIBOT_ID": setup.bot_id, "ZBT_AIBOT_SECRET": setup.bot_secret}
            return values | link | {"ZBT_AIBOT_WS_URL": self.ws_url}
        keys = {"ZBT_AIBOT_TOKEN": setup.bot_token, "ZBT_AIBOT_AES_KEY": setup.bot_aes_key}
        return values | keys

    async def stop(self) -> None:
        """Close sockets, cancel deliveries, stop listening."""
        self.desk.platform.signals.tell({"type": "bye"})
        await self.desk.platform.errands.stop()
        await self.desk.robots.stop()
        await self.runner.cleanup()


async def serve(
    desk: Desk,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    tls: ssl.SSLContext | None = None,
    on_clock_moved: ClockHook | None = None,
) -> Server:
    """Start serving; port 0 takes a free one. With ``tls`` everything is https and wss."""
    app = web.Application(middlewares=[_upgrades(desk)], client_max_size=BODY_LIMIT)
    rest = Rest(
        desk.platform,
        {
            **rest_message.routes(),
            **rest_media.routes(),
            **rest_hook.routes(),
            **rest_chat.routes(),
            **rest_people.routes(),
        },
    )
    app.add_routes(Page(desk, on_clock_moved).routes())
    app.router.add_get("/connect/oauth2/authorize", _oauth(desk, scanned=False))
    app.router.add_get("/wwlogin/sso/login", _oauth(desk, scanned=True))
    app.router.add_route("*", PREFIX + "{call:.+}", rest.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    site = web.TCPSite(runner, host, port, ssl_context=tls)
    await site.start()
    address = f"{host}:{runner.addresses[0][1]}"
    secure = "s" if tls else ""
    desk.platform.base = f"http{secure}://{address}"
    return Server(desk, runner, desk.platform.base, f"ws{secure}://{address}")


def _upgrades(desk: Desk) -> Middleware:
    """A WebSocket is the bot's long connection, whatever the path (the real host has none)."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await desk.link.handle(request)
        return await handler(request)

    return middleware


def _oauth(desk: Desk, *, scanned: bool) -> Handler:
    """Log-in as the page's persona: silent, or (``scanned``) as whoever holds the phone.

    Without a persona, and always where a code is scanned, a plain list of people to be.
    """

    async def handler(request: web.Request) -> web.StreamResponse:
        chosen = desk.platform.person(request.query.get(COOKIE, ""))
        response = authorize(desk.platform, request, chosen, scanned=scanned)
        return response if response is not None else _chooser(desk, request)

    return handler


def _chooser(desk: Desk, request: web.Request) -> web.Response:
    rows = []
    for persona in desk.platform.personas:
        address = request.rel_url.update_query({COOKIE: persona.userid})
        words = f"{persona.label} {desk.platform.name(persona.userid)}"
        rows.append(f'<li><a href="{escape(str(address))}">{escape(words)}</a></li>')
    page = Template((FILES / "choose.html").read_text("utf-8")).substitute(
        title=escape(t("desk.choose.title")), people="\n".join(rows)
    )
    return web.Response(
        text=page,
        content_type="text/html",
        headers={"Content-Security-Policy": "default-src 'none'; style-src 'self'"},
    )
