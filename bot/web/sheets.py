"""Forms on pages: the same fields, rights, drafts and handlers as in chat.

Works without a script. With one (``static/form.js``) what is typed is kept as a draft while it is
typed, fields come and go as they apply, and photos are made smaller and sent one by one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from http import HTTPStatus
from typing import Any, Final

from aiohttp import web
from sqlalchemy.orm import Session

from bot.channel import Incoming, Submission
from bot.faces import page
from bot.web.access import form_token
from bot.web.markdown import to_html
from bot.web.records import done
from bot.web.site import CHANNEL, HEADERS, HERE, Room
from bot.web.uploads import Upload
from config.texts import t
from handlers.context import Context
from handlers.help import usable
from handlers.reply import fill
from handlers.spec import Command
from models.draft import Draft, own_draft, unfinished_of
from models.errors import Unavailable, UnkeptError, UserError

DIGITS: Final = 15
"""Of the id of a draft; longer numbers fit into no column."""
OWN: Final = frozenset({"token", "draft", "keep", "sure"})
"""Names in a posted form that are ours and no field's."""


@dataclass(slots=True)
class Posted:
    """What a browser sent: raw text by field, and what is ours."""

    raw: dict[str, str] = field(default_factory=dict)
    token: str = ""
    draft: int = 0
    keep: bool = False
    sure: str = ""
    photos: dict[str, list[Upload]] = field(default_factory=dict)


class FormRoom(Room):
    """``/form``."""

    def routes(self) -> list[web.AbstractRouteDef]:
        """The addresses of this room."""
        return [
            web.get("/form/{command}", self.form),
            web.post("/form/{command}", self.submit),
            web.post("/form/{command}/draft", self.autosave),
            web.post("/form/{command}/photo", self.photo),
            web.get("/sw.js", self.worker),
        ]

    async def form(self, request: web.Request) -> web.StreamResponse:
        """A form, filled with what is known: from a draft, or from the address."""
        return await self.frame.read(request, self._opened)

    def _opened(self, ctx: Context, request: web.Request) -> web.Response:
        number = request.query.get("draft", "")
        draft = own_draft(ctx.session, int(number), ctx.who.id, ctx.now) if _id(number) else None
        command = self._command(ctx, request, draft)
        if number and draft is None:
            raise UserError("draft.moved_on")
        posted = Posted(draft=draft.id if draft else 0)
        typed = self.site.forms.typed_into(ctx, draft) if draft else dict(request.query)
        typed = {one.key: typed.get(one.key, "") for one in command.form.fields}
        known = self.site.forms.opening(ctx, command, typed)[1] if draft is None else {}
        posted.raw = {key: text or known.get(key, "") for key, text in typed.items()}
        return self._page(ctx, command, posted, {}, self.site.token())

    async def submit(self, request: web.Request) -> web.StreamResponse:
        """Check everything first, so that problems stand beside their fields; then hand it in."""
        userid = self.frame.userid(request)
        if userid is None:
            return self.frame.stranger(request)
        key = request.match_info["command"]
        try:
            posted = await _posted(request)
            if posted.photos and self.frame.once(userid, key, posted.token):
                await self._keep_photos(userid, key, posted)
        except UserError as error:
            return self.frame.refusal(error)
        if posted.keep:
            return await self._put_aside(request, userid, posted)
        checked = await self.frame.read(request, lambda ctx, req: self._check(ctx, req, posted))
        if checked.headers.get("X-Checked") is None:
            return checked
        once = self.frame.once(userid, key, posted.token) or ""
        answers = {name: text for name, text in posted.raw.items() if text.strip()}
        now = self.site.clock.now()
        form = Submission(key, answers, posted.draft)
        incoming = Incoming(CHANNEL, f"web:{once}", userid, now, form=form)
        return await done(self.frame, incoming, f"/form/{key}")

    async def worker(self, request: web.Request) -> web.StreamResponse:
        """The service worker; at the root, so that it may keep any page that works offline."""
        del request
        headers = {"Content-Type": "text/javascript; charset=utf-8", "Cache-Control": "no-cache"}
        return web.FileResponse(HERE / "static" / "sw.js", headers=headers)

    async def _keep_photos(self, userid: str, key: str, posted: Posted) -> None:
        """Photos go to the tray at once, so that none has to be chosen twice."""
        for name, uploads in posted.photos.items():
            ids = await self.site.keep(userid, uploads, self._accepted(key, name))
            kept = [posted.raw[name]] if posted.raw.get(name) else []
            posted.raw[name] = ",".join([*kept, *map(str, ids)])

    def _accepted(self, command: str, key: str) -> str:
        """The ending of the files that a field wants; empty for photos."""
        found = next((c for c in self.site.catalogue.commands if c.key == command), None)
        fields = found.form.fields if found else ()
        return next((f.describe().accept for f in fields if f.key == key), "")

    def _check(self, ctx: Context, request: web.Request, posted: Posted) -> web.Response:
        draft = self._draft(ctx, posted)
        command = self._command(ctx, request, draft)
        once = self.frame.once(ctx.who.userid, command.key, posted.token)
        if once is None:
            return self.frame.message("web.form_expired", 403)
        ctx.params = draft.params if draft else {}
        raw = {one.key: posted.raw.get(one.key, "") for one in command.form.fields}
        notes = self.site.forms.problems(ctx, command, raw)
        if notes:
            return self._page(ctx, command, posted, notes, once)
        if command.form.confirm and posted.sure != _digest(raw):
            effect = command.effect(ctx, self.site.forms.values(ctx, command, raw))
            return self._page(ctx, command, posted, {}, once, (to_html(effect), _digest(raw)))
        return web.Response(headers={"X-Checked": "yes"})

    # --- drafts -------------------------------------------------------------------------------

    async def autosave(self, request: web.Request) -> web.StreamResponse:
        """Keep what is typed so far; answers its draft and which fields apply now (JSON)."""
        userid = self.frame.userid(request)
        if userid is None or not self.frame.brake.allows(userid):
            return _json({}, HTTPStatus.FORBIDDEN)
        posted = await _posted(request)
        if self.frame.once(userid, request.match_info["command"], posted.token) is None:
            return _json({}, HTTPStatus.FORBIDDEN)
        try:
            return _json((await self._kept(request, userid, posted))[0])
        except (UserError, web.HTTPNotFound):
            return _json({}, HTTPStatus.CONFLICT)
        except Unavailable:
            return _json({}, HTTPStatus.SERVICE_UNAVAILABLE)

    async def _put_aside(
        self, request: web.Request, userid: str, posted: Posted
    ) -> web.StreamResponse:
        """The button beside "submit": go on later, here or in chat."""
        if self.frame.once(userid, request.match_info["command"], posted.token) is None:
            return self.frame.message("web.form_expired", 403)
        try:
            _, refused = await self._kept(request, userid, posted)
        except (UserError, web.HTTPNotFound):
            return self.frame.message("draft.moved_on", 409)
        except Unavailable:
            return self.frame.message("error.world", 503)
        if refused is not None:
            return self.frame.refusal(refused)
        return web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": "/"})

    async def _kept(
        self, request: web.Request, userid: str, posted: Posted
    ) -> tuple[Mapping[str, Any], UserError | None]:
        """What the page is told, and why nothing may be kept: what was kept before goes, too."""

        def work(session: Session) -> tuple[Mapping[str, Any], UserError | None]:
            ctx = self.site.context(session, userid)
            draft = self._draft(ctx, posted)
            if draft is None and posted.draft:
                raise UserError("draft.moved_on")
            command = self._command(ctx, request, draft)
            ctx.params = draft.params if draft else {}
            try:
                applying = self._applying(ctx, command, posted.raw)[0]
                if draft is not None or any(text.strip() for text in posted.raw.values()):
                    draft = self.site.forms.keep(ctx, command, posted.raw, draft)
            except UnkeptError as error:
                if draft is not None:
                    self.site.forms.drop(ctx, draft)
                everything = sorted(one.key for one in command.form.fields)
                said = fill(error.key, **error.params)
                return {"draft": 0, "applies": everything, "said": said}, error
            at = f"{ctx.local(ctx.now):%H:%M}"
            kept = {
                "draft": draft.id if draft else 0,
                "applies": sorted(applying),
                "said": t("web.saved", at=at) if draft else "",
            }
            return kept, None

        return await self.site.write(work)

    def _draft(self, ctx: Context, posted: Posted) -> Draft | None:
        if not posted.draft:
            return None
        return own_draft(ctx.session, posted.draft, ctx.who.id, ctx.now)

    # --- photos ---------------------------------------------------------------------------------

    async def photo(self, request: web.Request) -> web.StreamResponse:
        """One photo, sent while the form is filled in; answers its id or what is wrong (JSON)."""
        userid = self.frame.userid(request)
        if userid is None or not self.frame.brake.allows(userid):
            return _json({"problem": t("web.no_session")}, HTTPStatus.FORBIDDEN)
        posted = await _posted(request)
        uploads = [upload for sent in posted.photos.values() for upload in sent]
        known = self.frame.once(userid, request.match_info["command"], posted.token)
        if known is None or len(uploads) != 1:
            return _json({"problem": t("web.form_expired")}, HTTPStatus.FORBIDDEN)
        try:
            (number,) = await self.site.keep(userid, uploads, "")
        except UserError as error:
            return _json({"problem": t(error.key, **error.params)}, HTTPStatus.CONFLICT)
        except Unavailable:
            return _json({"problem": t("error.world")}, HTTPStatus.SERVICE_UNAVAILABLE)
        return _json({"id": number})

    # --- drawing --------------------------------------------------------------------------------

    def _page(
        self,
        ctx: Context,
        command: Command,
        posted: Posted,
        notes: Mapping[str, Any],
        once: str,
        sure: tuple[str, str] = ("", ""),
    ) -> web.Response:
        """A form; ``sure``: what it will do, to be confirmed, and the sign of these answers."""
        applying, trouble = self._applying(ctx, command, posted.raw)
        fields = page.draw(command.form, posted.raw, notes, applying)
        fresh = not posted.draft and not notes
        begun = unfinished_of(ctx.session, ctx.who.id, ctx.now) if fresh else ()
        earlier = next((one for one in begun if one.command == command.key), None)
        return self.frame.page(
            "offline.html" if command.offline else "form.html",
            me=ctx.member,
            command=command,
            title=self.site.catalogue.heading(command),
            intro=to_html(self.site.forms.opening(ctx, command, posted.raw)[0]),
            fields=fields,
            effect=sure[0],
            sure=sure[1],
            wrong=[one for one in fields if one.note or one.doubt],
            trouble=trouble,
            token=form_token(self.site.signer, ctx.who.userid, command.key, once),
            draft=posted.draft,
            earlier=earlier,
            help_line=ctx.rules.privacy.help_line if command.form.sealed else "",
        )

    def _applying(
        self, ctx: Context, command: Command, raw: Mapping[str, str]
    ) -> tuple[set[str], str]:
        """The fields that apply; all of them, and why, where the facts cannot be had."""
        try:
            return self.site.forms.applying(ctx, command, raw), ""
        except UnkeptError:
            raise
        except UserError as error:
            everything = {one.key for one in command.form.fields}
            return everything, fill(error.key, **error.params)

    def _command(self, ctx: Context, request: web.Request, draft: Draft | None) -> Command:
        """What may be filled in here, from the home page, by a link, or as a draft; else 404."""
        key, known = request.match_info["command"], self.site.catalogue.commands
        linked = [one for one in known if one.linked and one.may(ctx.member)]
        offered = [*usable(ctx, known), *linked]
        if draft is not None and draft.command == key:
            offered = [one for one in known if one.may(ctx.member)]
        command = next((c for c in offered if c.key == key and c.form.fields), None)
        if command is None:
            raise web.HTTPNotFound
        return command


async def _posted(request: web.Request) -> Posted:
    """Read a posted form; several values of one name are one list, parted by commas."""
    posted = Posted()
    for name, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            if value.filename:
                upload = Upload(value.filename, value.file.read())
                posted.photos.setdefault(name.removesuffix(".files"), []).append(upload)
        elif name in OWN:
            if name == "token":
                posted.token = str(value)
            elif name == "sure":
                posted.sure = str(value)
            elif name == "draft":
                posted.draft = int(str(value)) if _id(str(value)) else 0
            else:
                posted.keep = True
        elif str(value) or name not in posted.raw:
            text = str(value)
            posted.raw[name] = f"{posted.raw[name]},{text}" if posted.raw.get(name) else text
    return posted


def _digest(raw: Mapping[str, str]) -> str:
    """A sign of answers: what was confirmed is what is done."""
    return sha256(repr(sorted(raw.items())).encode()).hexdigest()[:16]


def _id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= DIGITS


def _json(values: Mapping[str, Any], status: int = HTTPStatus.OK) -> web.Response:
    return web.json_response(values, status=status, headers=HEADERS)
