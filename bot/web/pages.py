"""The pages: home, forms, ledgers, help. Every page asks the same rights as the commands."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from pathlib import Path
from typing import Any, Protocol, TypeVar
from urllib.parse import quote, urlencode

import jinja2
from aiohttp import web
from sqlalchemy.orm import Session

from bot.channel import Abilities, Answer, Click, Dialect, Incoming, Submission
from bot.clock import Clock
from bot.faces import page
from bot.forms import Forms
from bot.papers.studio import Studio
from bot.web import views
from bot.web.access import (
    COOKIE,
    SESSION_HOURS,
    Links,
    Signer,
    form_once,
    form_token,
    session_cookie,
    session_userid,
)
from bot.web.markdown import to_html
from bot.web.uploads import Upload
from config.texts import t
from handlers.catalogue import Catalogue
from handlers.context import Context
from handlers.help import usable
from handlers.mine import find
from handlers.paper import PaperForm
from handlers.spec import Command, Kind, Ledger, View
from handlers.table import cell_text, page_of, read_wish
from models.attachment import Attachment, Blob
from models.audit import Entry
from models.errors import Unavailable, UserError
from models.person import Member
from models.store.engine import Store

HERE = Path(__file__).parent
ROWS = 50
T = TypeVar("T")
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
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PAPERS = {
    PaperForm.DOCX: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    PaperForm.PDF: "application/pdf",
}
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'self'; object-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


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
    write: Write


def environment() -> jinja2.Environment:
    """The templates, strict and escaping."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["t"] = t
    return made


class Pages:
    """Handlers of the pages' addresses."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._jinja = environment()

    def routes(self) -> list[web.AbstractRouteDef]:
        """All addresses of the pages."""
        return [
            web.get("/", self.home),
            web.get("/go", self.enter),
            web.get("/help", self.help),
            web.get("/form/{command}", self.form),
            web.post("/form/{command}", self.submit),
            web.get("/record/{number}", self.record),
            web.get("/board/{key}", self.board),
            web.get("/photo/{id:-?\\d+}", self.photo),
            web.get("/mydata.zip", self.own_data),
            web.get("/paper/{key}.{form:docx|pdf}", self.paper),
            web.post("/act", self.act),
            web.get("/ledger/{key}.xlsx", self.export),
            web.get("/ledger/{key}", self.ledger),
            web.get("/sw.js", self.worker),
            web.static("/static", HERE / "static"),
        ]

    async def enter(self, request: web.Request) -> web.StreamResponse:
        """A personal link from a message: begin a session, then show the page."""
        found = self._site.links.read(request.query.get("t", ""))
        if found is None:
            return self.message("web.link_expired", 403)
        userid, path = found
        answer = web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": path})
        answer.set_cookie(
            COOKIE,
            session_cookie(self._site.signer, userid),
            max_age=SESSION_HOURS * 3600,
            httponly=True,
            samesite="Lax",
            secure=self._site.links.base.startswith("https:"),
            path="/",
        )
        return answer

    async def home(self, request: web.Request) -> web.StreamResponse:
        """What this person can fill in and look at."""
        return await self.read(request, self._home)

    def _home(self, ctx: Context, request: web.Request) -> web.Response:
        del request
        commands = [c for c in usable(ctx, self._site.catalogue.commands) if c.sheet]
        ledgers = [x for x in self._site.catalogue.ledgers.values() if x.may(ctx.member)]
        boards = [b for b in self._site.catalogue.boards.values() if b.may(ctx.member)]
        return self.page(
            "home.html",
            member=ctx.member,
            commands=commands,
            ledgers=ledgers,
            boards=[board for board in boards if not board.hidden],
        )

    async def help(self, request: web.Request) -> web.StreamResponse:
        """How to use it; for everybody."""
        del request
        commands = [c for c in self._site.catalogue.commands if not c.hidden]
        return self.page("help.html", commands=commands)

    async def form(self, request: web.Request) -> web.StreamResponse:
        """An empty form, filled with what is known."""
        return await self.read(request, self._empty_form)

    def _empty_form(self, ctx: Context, request: web.Request) -> web.Response:
        command = self._command(ctx, request)
        raw = {f.key: request.query.get(f.key, "") for f in command.form.fields}
        _, known = self._site.forms.opening(ctx, command, raw)
        raw = {key: typed or known.get(key, "") for key, typed in raw.items()}
        return self._form_page(ctx, command, raw, {}, self._site.token())

    async def worker(self, request: web.Request) -> web.StreamResponse:
        """The service worker; at the root, so that it may keep any page that works offline."""
        del request
        headers = {"Content-Type": "text/javascript; charset=utf-8", "Cache-Control": "no-cache"}
        return web.FileResponse(HERE / "static" / "sw.js", headers=headers)

    async def submit(self, request: web.Request) -> web.StreamResponse:
        """Check everything first, so that problems stand beside their fields; then hand it in."""
        userid = self.userid(request)
        if userid is None:
            return self.message("web.no_session", 403)
        try:
            posted = await self._posted(request, userid)
        except UserError as error:
            return self.page("message.html", 409, text=t(error.key, **error.params))
        checked = await self.read(request, lambda ctx, req: self._check(ctx, req, posted))
        if checked.headers.get("X-Checked") is None:
            return checked
        key = request.match_info["command"]
        once = form_once(self._site.signer, userid, key, posted.get("token", "")) or ""
        answers = {k: v for k, v in posted.items() if k != "token" and v.strip()}
        now = self._site.clock.now()
        incoming = Incoming(CHANNEL, f"web:{once}", userid, now, form=Submission(key, answers))
        return await self._done(incoming, f"/form/{key}")

    async def _posted(self, request: web.Request, userid: str) -> dict[str, str]:
        """What was filled in. Photos go to the tray at once, so that none is chosen twice."""
        posted: dict[str, str] = {}
        photos: dict[str, list[Upload]] = {}
        for name, value in (await request.post()).items():
            if isinstance(value, web.FileField):
                if value.filename:
                    field = name.removesuffix(".files")
                    photos.setdefault(field, []).append(Upload(value.filename, value.file.read()))
            else:
                text = str(value)
                posted[name] = f"{posted[name]},{text}" if name in posted else text
        token = posted.get("token", "")
        if photos and form_once(self._site.signer, userid, request.match_info["command"], token):
            for field, uploads in photos.items():
                accept = self._accepted(request, field)
                ids = await self._site.keep(userid, uploads, accept)
                kept = [posted[field]] if posted.get(field) else []
                posted[field] = ",".join([*kept, *map(str, ids)])
        return posted

    def _accepted(self, request: web.Request, key: str) -> str:
        """The ending of the files that a field wants; empty for photos."""
        commands = self._site.catalogue.commands
        command = next((c for c in commands if c.key == request.match_info["command"]), None)
        fields = command.form.fields if command else ()
        return next((f.describe().accept for f in fields if f.key == key), "")

    def _check(self, ctx: Context, request: web.Request, posted: Mapping[str, str]) -> web.Response:
        command = self._command(ctx, request)
        token = posted.get("token", "")
        once = form_once(self._site.signer, ctx.who.userid, command.key, token)
        if once is None:
            return self.message("web.form_expired", 403)
        raw = {field.key: posted.get(field.key, "") for field in command.form.fields}
        notes = self._site.forms.problems(ctx, command, raw)
        if notes:
            return self._form_page(ctx, command, raw, notes, once)
        return web.Response(headers={"X-Checked": "yes"})

    def _form_page(
        self,
        ctx: Context,
        command: Command,
        raw: Mapping[str, str],
        notes: Mapping[str, Any],
        once: str,
    ) -> web.Response:
        token = form_token(self._site.signer, ctx.who.userid, command.key, once)
        fields = page.draw(command.form, raw, notes)
        template = "offline.html" if command.offline else "form.html"
        intro = to_html(self._site.forms.opening(ctx, command, raw)[0])
        help_line = ctx.rules.privacy.help_line if command.form.sealed else ""
        return self.page(
            template,
            command=command,
            intro=intro,
            fields=fields,
            token=token,
            help_line=help_line,
        )

    def _command(self, ctx: Context, request: web.Request) -> Command:
        """What may be filled in here, from the home page or by a link; else 404."""
        key, known = request.match_info["command"], self._site.catalogue.commands
        linked = [c for c in known if c.linked and c.may(ctx.member)]
        offered = (*usable(ctx, known), *linked)
        command = next((c for c in offered if c.key == key and c.form.fields), None)
        if command is None:
            raise web.HTTPNotFound
        return command

    async def record(self, request: web.Request) -> web.StreamResponse:
        """One stored thing, with what the reader may do about it."""
        return await self.read(request, self._record)

    def _record(self, ctx: Context, request: web.Request) -> web.Response:
        dossier = find(self._site.catalogue.records, ctx, request.match_info["number"])
        return self.page(
            "record.html", token=self._act_token(ctx), **views.dossier_values(ctx, dossier)
        )

    async def board(self, request: web.Request) -> web.StreamResponse:
        """Many things at a glance."""
        return await self.read(request, self._board)

    def _board(self, ctx: Context, request: web.Request) -> web.Response:
        board = self._site.catalogue.boards.get(request.match_info["key"])
        if board is None or not board.may(ctx.member):
            raise web.HTTPNotFound
        shown = board.show(ctx, request.query)
        return self.page(
            "board.html", key=board.key, token=self._act_token(ctx), **views.board_values(shown)
        )

    async def photo(self, request: web.Request) -> web.StreamResponse:
        """A photo, to those who may see the thing it belongs to, and to its sender."""
        return await self.read(request, self._photo)

    def _photo(self, ctx: Context, request: web.Request) -> web.Response:
        photo = ctx.session.get(Attachment, int(request.match_info["id"]))
        if photo is None or photo.digest is None:
            raise web.HTTPNotFound
        if photo.record:
            shown = find(self._site.catalogue.records, ctx, photo.record)
            allowed = photo.id in shown.photos
        else:
            allowed = photo.person_id == ctx.who.id
        if not allowed:
            raise web.HTTPNotFound
        blob = ctx.session.get_one(Blob, photo.digest)
        return web.Response(body=blob.data, content_type=blob.media_type, headers=HEADERS)

    async def paper(self, request: web.Request) -> web.StreamResponse:
        """A paper as a file, drawn up for the reader; its recipe says who may have it."""
        barred = await self.read(request, self._may_paper)
        if barred.status != HTTPStatus.OK:
            return barred
        form = PaperForm(request.match_info["form"])
        key, params = request.match_info["key"], dict(request.query)
        try:
            made = await self._site.studio.paper(key, form, self.userid(request), params)
        except UserError as error:
            return self.page("message.html", 409, text=t(error.key, **error.params))
        return _file(f"{made.name}.{form}", made.data, PAPERS[form])

    def _may_paper(self, ctx: Context, request: web.Request) -> web.Response:
        del ctx
        if request.match_info["key"] not in self._site.catalogue.papers:
            raise web.HTTPNotFound
        return web.Response()

    async def own_data(self, request: web.Request) -> web.StreamResponse:
        """Everything held about the person of the session, as a zip."""
        barred = await self.read(request, lambda _, __: web.Response())
        userid = self.userid(request)
        if barred.status != HTTPStatus.OK or userid is None:
            return barred
        data = await self._site.studio.own_data(userid)
        return _file(f"{t('mydata.title')}.zip", data, "application/zip")

    def _act_token(self, ctx: Context) -> str:
        return form_token(self._site.signer, ctx.who.userid, ACT, self._site.token())

    async def act(self, request: web.Request) -> web.StreamResponse:
        """A button that is done in one tap; the same action, rights and answer as on a card."""
        userid = self.userid(request)
        if userid is None:
            return self.message("web.no_session", 403)
        posted = await request.post()
        once = form_once(self._site.signer, userid, ACT, str(posted.get("token", "")))
        if once is None:
            return self.message("web.form_expired", 403)
        now = self._site.clock.now()
        click = Click("", str(posted.get("action", "")))
        incoming = Incoming(CHANNEL, f"web:{once}", userid, now, click=click)
        back = str(posted.get("back", "/"))
        return await self._done(incoming, back if back.startswith("/") else "/")

    async def _done(self, incoming: Incoming, back: str) -> web.StreamResponse:
        """Hand in and show what was answered."""
        try:
            answer = await self._site.dispatch(incoming, ABILITIES)
        except Unavailable:
            return self.message("error.world", 503)
        body = to_html(answer.text if answer else "")
        card = (answer.update or answer.card) if answer else None
        page = self.page("result.html", body=body, card=card, back=back)
        page.headers["X-Form"] = "done"  # for scripts: handed in, and not the form with problems
        return page

    async def ledger(self, request: web.Request) -> web.StreamResponse:
        """A ledger as a table."""
        return await self.read(request, self._table)

    def _table(self, ctx: Context, request: web.Request) -> web.Response:
        ledger = self._ledger(ctx.who, request)
        number = int(request.query["page"]) if request.query.get("page", "").isdigit() else 1
        wish = read_wish(ledger, request.query, ROWS, max(number, 1))
        view = View(ctx, ctx.member, {})
        found = page_of(ledger, view, wish)
        rows = [
            [(c, cell_text(c, value, view)) for c, value in zip(ledger.columns, row, strict=True)]
            for row in found.rows
        ]
        pages = max((found.total + ROWS - 1) // ROWS, 1)
        query = {k: v for k, v in request.query.items() if k != "page" and v}
        return self.page(
            "ledger.html",
            ledger=ledger,
            rows=rows,
            total=found.total,
            page=max(number, 1),
            pages=pages,
            wish=wish,
            query=query,
            link=lambda **change: _link(query, change),
            numeric=(Kind.NUMBER, Kind.PERCENT),
        )

    async def export(self, request: web.Request) -> web.StreamResponse:
        """The same rows as an Excel file."""
        barred = await self.read(request, self._may_export)
        if barred.status != HTTPStatus.OK:
            return barred
        ledger = self._site.catalogue.ledgers[request.match_info["key"]]
        wish = read_wish(ledger, request.query, None)
        data = await self._site.studio.export(ledger.key, self.userid(request), wish)
        return _file(f"{ledger.name}.xlsx", data, XLSX)

    def _may_export(self, ctx: Context, request: web.Request) -> web.Response:
        self._ledger(ctx.who, request)
        return web.Response()

    def _ledger(self, member: Member, request: web.Request) -> Ledger:
        ledger = self._site.catalogue.ledgers.get(request.match_info["key"])
        if ledger is None or not ledger.may(member):
            raise web.HTTPNotFound
        return ledger

    def userid(self, request: web.Request) -> str | None:
        """Whose session it is; None if there is none."""
        return session_userid(self._site.signer, request.cookies.get(COOKIE))

    async def read(
        self, request: web.Request, show: Callable[[Context, web.Request], web.Response]
    ) -> web.Response:
        """Do the reading in a thread with a session of its own, as the person of the session.

        Who looked at what about whom is written down before the page leaves.
        """
        userid = self.userid(request)
        if userid is None:
            return self.message("web.no_session", 403)

        notes: list[Entry] = []

        def work() -> web.Response:
            with self._site.store.reading() as session:
                ctx = self._site.context(session, userid)
                if ctx.member is None:
                    return self.message("error.stranger", 403)
                page = show(ctx, request)
                notes.extend(replace(entry, channel=CHANNEL) for entry in ctx.notes)
                return page

        try:
            page = await asyncio.to_thread(work)
            if notes:
                await self._site.note(notes)
        except web.HTTPNotFound:
            return self.message("web.not_found", 404)
        except UserError as error:
            return self.page("message.html", 409, text=t(error.key, **error.params))
        except Unavailable:
            return self.message("error.world", 503)
        return page

    def page(self, template: str, status: int = 200, **values: Any) -> web.Response:  # noqa: ANN401
        """A page from a template."""
        html = self._jinja.get_template(template).render(**values)
        return web.Response(text=html, status=status, content_type="text/html", headers=HEADERS)

    def message(self, key: str, status: int) -> web.Response:
        """A page with one sentence."""
        return self.page("message.html", status, text=t(key))


def _file(name: str, data: bytes, media_type: str) -> web.Response:
    """A download under a Chinese name."""
    headers = {**HEADERS, "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
    return web.Response(body=data, content_type=media_type, headers=headers)


def _link(query: Mapping[str, str], change: Mapping[str, Any]) -> str:
    """The same page with some parameters changed; empty ones are left out."""
    merged = {**query, **{key: str(value) for key, value in change.items()}}
    return "?" + urlencode({key: value for key, value in merged.items() if value})
