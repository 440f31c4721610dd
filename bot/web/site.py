"""What all rooms of the pages stand on: templates, headers, whose session it is, reading.

A room is a class with ``routes()``; ``bot/web/pages.py`` lists them all. Pages are read in threads
with a session of their own; what changes something goes through the dispatcher like a message.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any, Protocol, TypeVar
from urllib.parse import quote

import jinja2
from aiohttp import web
from sqlalchemy.orm import Session

from bot.channel import Abilities, Answer, Dialect, Incoming
from bot.clock import Clock
from bot.forms import Forms
from bot.papers.studio import Studio
from bot.web.access import Links, Signer, cookie_name, form_once, form_token, session_userid
from bot.web.brake import Brake
from bot.web.markdown import linked
from bot.web.uploads import Upload
from config.texts import t
from handlers.catalogue import Catalogue
from handlers.context import Context
from models.audit import Entry
from models.errors import Unavailable, UserError
from models.store.engine import Store

T = TypeVar("T")
HERE = Path(__file__).parent
CHANNEL = "web"
ACT = "act"
"""What the token of a page's buttons is bound to."""
ABILITIES = Abilities(
    asks_again=True,
    answer_bytes=1_000_000,
    answer_cards=True,
    answer_dialect=Dialect.FULL,
    click_text=True,
)
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data: blob:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}


class LogIn(Protocol):
    """Logging in with WeCom (``bot/wecom/oauth.py``)."""

    def silent(self, back: str, state: str) -> str:
        """Where a browser inside WeCom is sent; it comes ``back`` without a question."""
        ...

    def by_scan(self, back: str, state: str) -> str:
        """Where any other browser is sent: a code to be scanned."""
        ...

    async def who(self, code: str) -> str:
        """The userid a one-time code stands for; empty if it stands for nobody."""
        ...


class Write(Protocol):
    """Runs something that changes the database in a transaction of its own."""

    def __call__(self, run: Callable[[Session], T], /) -> Awaitable[T]:
        """What the work returned, once it is durable; ``Unavailable`` if it cannot be."""
        ...


@dataclass(frozen=True, slots=True)
class Site:
    """What the pages are built with."""

    store: Store
    clock: Clock
    catalogue: Catalogue
    forms: Forms
    studio: Studio
    signer: Signer
    links: Links
    dispatch: Callable[[Incoming, Abilities], Awaitable[Answer | None]]
    context: Callable[[Session, str], Context]
    token: Callable[[], str]
    keep: Callable[[str, Sequence[Upload], str], Awaitable[list[int]]]
    note: Callable[[Sequence[Entry]], Awaitable[None]]
    write: "Write"
    log_in: LogIn | None = None


@cache
def environment() -> jinja2.Environment:
    """The templates, strict and escaping; compiled once a process."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(t=t, linked=linked, me=None)
    return made


class Frame:
    """Draws pages and knows who looks at them."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.brake = Brake(site.clock)
        self.secure = site.links.base.startswith("https:")
        self._jinja = environment()

    def page(self, template: str, status: int = 200, **values: Any) -> web.Response:  # noqa: ANN401
        """A page from a template; ``me`` is the reader, for the head of the page."""
        html = self._jinja.get_template(template).render(**values)
        return web.Response(text=html, status=status, content_type="text/html", headers=HEADERS)

    def message(self, key: str, status: int, **params: object) -> web.Response:
        """A page with one sentence; who is known and only asked for the wrong thing may go on."""
        known = status in (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT)
        return self.page("message.html", status, text=t(key, **params), known=known)

    def refusal(self, error: UserError) -> web.Response:
        """A rule that was not kept, in its own words."""
        return self.message(error.key, 409, **error.params)

    def userid(self, request: web.Request) -> str | None:
        """Whose session it is; None if there is none."""
        return session_userid(self.site.signer, request.cookies.get(cookie_name(self.secure)))

    def act_token(self, ctx: Context) -> str:
        """For the buttons of a page: bound to the reader, good for one press."""
        return form_token(self.site.signer, ctx.who.userid, ACT, self.site.token())

    def once(self, userid: str, purpose: str, token: str) -> str | None:
        """The one-time part of a token of this person for this purpose."""
        return form_once(self.site.signer, userid, purpose, token)

    async def read(
        self, request: web.Request, show: Callable[[Context, web.Request], web.Response]
    ) -> web.StreamResponse:
        """Do the reading in a thread with a session of its own, as the person of the session.

        Who looked at what about whom is written down before the page leaves.
        """
        userid = self.userid(request)
        if userid is None:
            return self.stranger(request)
        if not self.brake.allows(userid):
            return self.message("web.too_fast", 429)

        notes: list[Entry] = []

        def work() -> web.Response:
            with self.site.store.reading() as session:
                ctx = self.site.context(session, userid)
                if ctx.member is None:
                    return self.message("error.stranger", 403)
                page = show(ctx, request)
                notes.extend(replace(entry, channel=CHANNEL) for entry in ctx.notes)
                return page

        try:
            page = await asyncio.to_thread(work)
            if notes:
                await self.site.note(notes)
        except web.HTTPNotFound:
            return self.message("web.not_found", 404)
        except UserError as error:
            return self.refusal(error)
        except Unavailable:
            return self.message("error.world", 503)
        return page

    def stranger(self, request: web.Request) -> web.Response:
        """Nobody is logged in: inside WeCom that is done in passing, elsewhere it is offered."""
        to = quote(request.path_qs if request.method == "GET" else "/")
        if self.site.log_in is None:
            return self.message("web.no_session", 403)
        if in_wecom(request) and request.method == "GET":
            return web.Response(status=303, headers={"Location": f"/login?to={to}"})
        return self.page("login.html", 403, to=to)


def in_wecom(request: web.Request) -> bool:
    """Whether the browser is the one inside the WeCom client."""
    return "wxwork" in request.headers.get("User-Agent", "").lower()


def file(name: str, data: bytes, media_type: str) -> web.Response:
    """A download under a Chinese name."""
    headers = {**HEADERS, "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
    return web.Response(body=data, content_type=media_type, headers=headers)


class Room(ABC):
    """Pages that belong together."""

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        self.site = frame.site

    @abstractmethod
    def routes(self) -> list[web.AbstractRouteDef]:
        """The addresses of this room."""
