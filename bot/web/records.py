"""Single things: dossiers with their buttons, photos and papers; and what a button does."""

from http import HTTPStatus
from typing import Final

from aiohttp import web

from bot.channel import Click, Incoming
from bot.web import views
from bot.web.access import form_token
from bot.web.brake import HEAVY
from bot.web.login import own_path
from bot.web.markdown import to_html
from bot.web.site import ABILITIES, ACT, CHANNEL, HEADERS, Frame, Room, file
from config.texts import t
from handlers.context import Context
from handlers.mine import find
from handlers.paper import PaperForm
from models.attachment import Attachment, Blob
from models.errors import Unavailable, UserError

PAPERS: Final = {
    PaperForm.DOCX: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    PaperForm.PDF: "application/pdf",
}


class RecordRoom(Room):
    """``/record``, ``/photo``, ``/paper`` and ``/act``."""

    def routes(self) -> list[web.AbstractRouteDef]:
        """The addresses of this room."""
        return [
            web.get("/record/{number}", self.record),
            web.get("/photo/{id:-?\\d+}", self.photo),
            web.get("/paper/{key}.{form:docx|pdf}", self.paper),
            web.get("/mydata.zip", self.own_data),
            web.post("/act", self.act),
        ]

    async def record(self, request: web.Request) -> web.StreamResponse:
        """One stored thing, with what the reader may do about it."""
        return await self.frame.read(request, self._record)

    def _record(self, ctx: Context, request: web.Request) -> web.Response:
        dossier = find(self.site.catalogue.records, ctx, request.match_info["number"])
        return self.frame.page(
            "record.html",
            me=ctx.member,
            token=self.frame.act_token(ctx),
            **views.dossier_values(ctx, dossier),
        )

    async def photo(self, request: web.Request) -> web.StreamResponse:
        """A photo, to those who may see the thing it belongs to, and to its sender."""
        return await self.frame.read(request, self._photo)

    def _photo(self, ctx: Context, request: web.Request) -> web.Response:
        photo = ctx.session.get(Attachment, int(request.match_info["id"]))
        if photo is None or photo.digest is None:
            raise web.HTTPNotFound
        if photo.record:
            shown = find(self.site.catalogue.records, ctx, photo.record)
            allowed = photo.id in shown.photos
        else:
            allowed = photo.person_id == ctx.who.id
        if not allowed:
            raise web.HTTPNotFound
        blob = ctx.session.get_one(Blob, photo.digest)
        return web.Response(body=blob.data, content_type=blob.media_type, headers=HEADERS)

    async def paper(self, request: web.Request) -> web.StreamResponse:
        """A paper as a file, drawn up for the reader; its recipe says who may have it."""
        barred = await self.frame.read(request, self._may_paper)
        if barred.status != HTTPStatus.OK:
            return barred
        form = PaperForm(request.match_info["form"])
        key, params = request.match_info["key"], dict(request.query)
        try:
            made = await self.site.studio.paper(key, form, self.frame.userid(request), params)
        except UserError as error:
            return self.frame.refusal(error)
        return file(f"{made.name}.{form}", made.data, PAPERS[form])

    def _may_paper(self, ctx: Context, request: web.Request) -> web.Response:
        if request.match_info["key"] not in self.site.catalogue.papers:
            raise web.HTTPNotFound
        if not self.frame.brake.allows(ctx.who.userid, HEAVY):
            return self.frame.message("web.too_fast", HTTPStatus.TOO_MANY_REQUESTS)
        return web.Response()

    async def own_data(self, request: web.Request) -> web.StreamResponse:
        """Everything held about the person of the session, as a zip."""
        barred = await self.frame.read(request, lambda _, __: web.Response())
        userid = self.frame.userid(request)
        if barred.status != HTTPStatus.OK or userid is None:
            return barred
        data = await self.site.studio.own_data(userid)
        return file(f"{t('mydata.title')}.zip", data, "application/zip")

    async def act(self, request: web.Request) -> web.StreamResponse:
        """A button that is done in one tap; the same action, rights and answer as on a card."""
        userid = self.frame.userid(request)
        if userid is None:
            return self.frame.stranger(request)
        posted = await request.post()
        once = self.frame.once(userid, ACT, str(posted.get("token", "")))
        if once is None:
            return self.frame.message("web.form_expired", 403)
        now = self.site.clock.now()
        click = Click("", str(posted.get("action", "")))
        incoming = Incoming(CHANNEL, f"web:{once}", userid, now, click=click)
        return await done(self.frame, incoming, own_path(str(posted.get("back", "/"))))


async def done(frame: Frame, incoming: Incoming, back: str) -> web.StreamResponse:
    """Hand in and show what was answered."""
    try:
        answer = await frame.site.dispatch(incoming, ABILITIES)
    except Unavailable:
        return frame.message("error.world", 503)
    body = to_html(answer.text if answer else "")
    card = (answer.update or answer.card) if answer else None
    acts = views.card_acts(card, frame.site.catalogue.actions) if card else []
    token = form_token(frame.site.signer, incoming.sender, ACT, frame.site.token())
    page = frame.page("result.html", body=body, card=card, back=back, acts=acts, token=token)
    page.headers["X-Form"] = "done"  # for scripts: handed in, and not the form with problems
    return page
