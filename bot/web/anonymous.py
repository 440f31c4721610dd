"""``/anonymous``: the one page without log-in (DOMAIN.md 4, PRODUCT.md E.1).

Nothing that leads back is read, let alone kept: no cookie, no address, no user agent. Nothing is
logged, not even that somebody was here; what is stored carries a day and no time. Photos never
touch the disk on their way. Against floods there is work (a puzzle for the browser) or, without
JavaScript, patience: answers that came without work leave no faster than so many a second, whoever
they are for.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final, Protocol, TypeVar
from urllib.parse import parse_qsl

import structlog
from aiohttp import BodyPartReader, web

from bot.contexts import Contexts
from bot.web.access import Signer
from bot.web.photos import cleaned
from bot.web.site import environment
from bot.writer import Writer
from config.rules import Rules
from config.texts import t
from handlers.context import Context
from handlers.suggestions import anonymous as letters
from handlers.suggestions.anonymous import Letter, Standing
from models.directory import Directory
from models.errors import Unavailable, UserError
from models.query_code import make_code, read_code
from models.store.engine import Store

R = TypeVar("R")
log = structlog.get_logger()

TICKET_HOURS: Final = 12
FIELD_BYTES: Final = 16 * 1024
BODY_BYTES: Final = 64 * 1024
PARTS: Final = 20
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'self'; object-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class BusyError(Exception):
    """Too many are waiting; whoever it is may come again later."""


class Gate:
    """Lets so many a second pass, each after a least time; more than ``waiting`` are turned away.

    It knows nothing of who is waiting.
    """

    def __init__(self, per_second: float, waiting: int) -> None:
        self._step = 1 / per_second
        self._most = waiting
        self._waiting = 0
        self._free = 0.0

    async def passed(self, least: float) -> None:
        """Wait one's turn."""
        if self._waiting >= self._most:
            raise BusyError
        now = asyncio.get_running_loop().time()
        turn = max(self._free, now)
        self._free = turn + self._step
        self._waiting += 1
        try:
            await asyncio.sleep(max(turn - now, least))
        finally:
            self._waiting -= 1


class Product(Protocol):
    """What the page needs of the running product."""

    rules: Rules
    store: Store
    writer: Writer
    contexts: Contexts
    signer: Signer
    token: Callable[[], str]


@dataclass(slots=True)
class Posted:
    """A form as it came: its fields, and files in memory."""

    fields: dict[str, str] = field(default_factory=dict)
    files: list[bytes] = field(default_factory=list)


def has_worked(ticket: str, work: str, bits: int) -> bool:
    """Whether the puzzle was solved: SHA-256 of ticket and answer begins with so many zero bits."""
    if not work.isascii() or not work.isdigit() or len(work) > 12:  # noqa: PLR2004  (12 figures)
        return False
    digest = hashlib.sha256(f"{ticket}:{work}".encode()).digest()
    return int.from_bytes(digest[:4]) >> (32 - bits) == 0


class AnonymousPage:
    """The handlers of its addresses."""

    def __init__(self, product: Product) -> None:
        self._product = product
        self._settings = settings = product.rules.suggestion.anonymous
        self._slow = Gate(settings.per_second, settings.waiting)
        self._worked = Gate(settings.worked_per_second, settings.waiting)
        self._wrong = Gate(settings.per_second, settings.waiting)
        self._templates = environment()

    def routes(self) -> list[web.AbstractRouteDef]:
        """All of them; what comes with a code comes in the body, so that no address holds it."""
        return [
            web.get("/anonymous", self._guarded(self.form)),
            web.post("/anonymous", self._guarded(self.hand_in)),
            web.post("/anonymous/follow", self._guarded(self.follow)),
            web.post("/anonymous/say", self._guarded(self.say)),
        ]

    def _guarded(
        self, handle: Callable[[web.Request], Awaitable[web.Response]]
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        """Whatever goes wrong is answered here: the server's own words would name the visitor."""

        async def guarded(request: web.Request) -> web.Response:
            try:
                return await handle(request)
            except UserError as error:
                sentence = t(error.key, **error.params)
                return await self._form({}, sentence, HTTPStatus.BAD_REQUEST)
            except BusyError:
                return await self._form({}, t("anonymous.busy"), HTTPStatus.TOO_MANY_REQUESTS)
            except Unavailable:
                return await self._form({}, t("error.world"), HTTPStatus.SERVICE_UNAVAILABLE)
            except Exception as error:
                log.exception("anonymous_failed", exc_info=error)  # type and places, no words
                return web.Response(
                    status=HTTPStatus.INTERNAL_SERVER_ERROR,
                    text=t("anonymous.failed"),
                    headers=HEADERS,
                )

        return guarded

    async def form(self, request: web.Request) -> web.Response:
        """The empty form, and the one that takes a code."""
        del request
        return await self._form({}, "", HTTPStatus.OK)

    async def hand_in(self, request: web.Request) -> web.Response:
        """Take a letter, give its code: once, and never again."""
        posted = await self._posted(request)
        ticket = posted.fields.get("ticket", "")
        opened = self._product.signer.open("anonymous", ticket, TICKET_HOURS)
        if opened is None:
            return await self._form(posted.fields, t("anonymous.expired"), HTTPStatus.BAD_REQUEST)
        if has_worked(ticket, posted.fields.get("work", ""), self._settings.bits):
            await self._worked.passed(0)
        else:
            await self._slow.passed(self._settings.slow_seconds)
        code = make_code(self._product.signer.digest("query code", str(opened["n"])))
        try:
            photos = [await asyncio.to_thread(cleaned, data) for data in posted.files]
            letter = Letter(
                said=posted.fields.get("said", ""),
                place=posted.fields.get("place", ""),
                category=posted.fields.get("category", ""),
                photos=photos,
            )
            made = await self._write(lambda ctx: letters.hand_in(ctx, letter, code))
        except UserError as error:
            sentence = t(error.key, **error.params)
            return await self._form(posted.fields, sentence, HTTPStatus.BAD_REQUEST)
        return self._page("anonymous_kept.html", code=code, one=made)

    async def follow(self, request: web.Request) -> web.Response:
        """What a code opens."""
        posted = await self._posted(request)
        code = read_code(posted.fields.get("code", ""))
        return await self._opened(code, await self._look(code), "")

    async def say(self, request: web.Request) -> web.Response:
        """Add something, or rate, with the code in hand."""
        posted = await self._posted(request)
        fields = posted.fields
        code = read_code(fields.get("code", ""))
        if await self._look(code) is None:
            return await self._opened(code, None, "")
        try:
            if fields.get("act") == "rate":
                found = await self._write(lambda ctx: _rate(ctx, code, fields))
            else:
                found = await self._write(
                    lambda ctx: letters.add(ctx, code, fields.get("said", ""))
                )
        except UserError as error:
            sentence = t(error.key, **error.params)
            return await self._opened(code, await self._look(code), sentence)
        return await self._opened(code, found, t("anonymous.said"))

    async def _look(self, code: str) -> Standing | None:
        """The same time for any code; wrong ones wait in a line of their own."""
        found: Standing | None = await self._read(lambda ctx: letters.follow(ctx, code))
        if found is None:
            await self._wrong.passed(self._settings.guess_seconds)
        else:
            await asyncio.sleep(self._settings.guess_seconds)
        return found

    async def _opened(self, code: str, found: Standing | None, note: str) -> web.Response:
        if found is None:
            return await self._form({}, t("anonymous.wrong_code"), HTTPStatus.NOT_FOUND)
        return self._page("anonymous_open.html", code=code, one=found, note=note)

    async def _form(self, raw: Mapping[str, str], problem: str, status: int) -> web.Response:
        offered = await self._read(letters.categories)
        chance = self._product.token() + self._product.token()
        return self._page(
            "anonymous.html",
            status,
            ticket=self._product.signer.seal("anonymous", {"n": chance}),
            settings=self._settings,
            help_line=self._product.rules.privacy.help_line,
            categories=offered,
            raw={key: raw.get(key, "") for key in ("said", "place", "category")},
            problem=problem,
        )

    def _page(self, template: str, status: int = HTTPStatus.OK, **values: Any) -> web.Response:  # noqa: ANN401  (whatever a template needs)
        body = self._templates.get_template(template).render(**values)
        return web.Response(text=body, status=status, content_type="text/html", headers=HEADERS)

    async def _read(self, run: Callable[[Context], R]) -> R:
        """In a thread, with a session of its own and without a speaker."""

        def work() -> R:
            with self._product.store.reading() as session:
                ctx = self._product.contexts.nobody(session)
                ctx.directory = Directory()
                return run(ctx)

        return await asyncio.to_thread(work)

    async def _write(self, run: Callable[[Context], R]) -> R:
        nobody = self._product.contexts.nobody
        return await self._product.writer.do(lambda session: run(nobody(session)))

    async def _posted(self, request: web.Request) -> Posted:
        """Read a form in memory alone; aiohttp's own way writes large files to the disk."""
        try:
            if request.content_type.startswith("multipart/"):
                return await self._multipart(request)
            return await self._plain(request)
        except (ValueError, AssertionError, web.HTTPException):
            raise UserError("anonymous.too_much") from None

    async def _plain(self, request: web.Request) -> Posted:
        body = bytearray()
        async for chunk in request.content.iter_any():
            body += chunk
            if len(body) > BODY_BYTES:
                raise UserError("anonymous.too_much")
        text = body.decode("utf-8", "replace")
        return Posted(dict(parse_qsl(text, keep_blank_values=True, max_num_fields=PARTS)))

    async def _multipart(self, request: web.Request) -> Posted:
        settings = self._settings
        posted, parts = Posted(), 0
        async for part in await request.multipart():
            parts += 1
            if not isinstance(part, BodyPartReader) or part.name is None or parts > PARTS:
                raise UserError("anonymous.too_much")
            if part.filename is None:
                data = await _bounded(part, FIELD_BYTES)
                posted.fields[part.name] = data.decode("utf-8", "replace")
            else:
                data = await _bounded(part, settings.photo_megabytes * 2**20)
                if data and len(posted.files) < settings.photos:
                    posted.files.append(data)
        return posted


async def _bounded(part: BodyPartReader, most: int) -> bytes:
    data = bytearray()
    while chunk := await part.read_chunk():
        data += chunk
        if len(data) > most:
            raise UserError("anonymous.photo_large")
    return bytes(data)


def _rate(ctx: Context, code: str, fields: Mapping[str, str]) -> Standing | None:
    stars = fields.get("stars", "")
    if fields.get("solved") not in ("yes", "no") or stars not in ("1", "2", "3", "4", "5"):
        raise UserError("anonymous.rate_how")
    return letters.rate(
        ctx,
        code,
        solved=fields["solved"] == "yes",
        stars=int(stars),
        raw=fields.get("said", ""),
    )
