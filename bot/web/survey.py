"""The pages of the survey: a ballot is fetched with a session, and filled in without one.

``/survey`` knows who asks and writes down that a ballot was taken; ``/survey/<ballot>`` reads no
cookie, knows no person and leaves no line in log or audit. Both work without JavaScript.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from aiohttp import web
from sqlalchemy.orm import Session

from bot.web.access import form_once, form_token
from bot.web.site import Room
from config.texts import words
from handlers.context import Context
from handlers.talks.survey import group_of, questions, vote_from
from models.errors import Unavailable, UserError
from models.survey import SCALE, Urns, current

T = TypeVar("T")
PURPOSE = "survey"


class SurveyRoom(Room):
    """``/survey``."""

    def routes(self) -> list[web.AbstractRouteDef]:
        """The addresses of this room."""
        return [
            web.get("/survey", self.offer),
            web.post("/survey", self.take),
            web.get("/survey/{ballot}", self.ballot),
            web.post("/survey/{ballot}", self.cast),
        ]

    async def offer(self, request: web.Request) -> web.StreamResponse:
        """What it is, how it stays nameless, and the button that fetches a ballot."""
        return await self.frame.read(request, self._offer)

    def _offer(self, ctx: Context, request: web.Request) -> web.Response:
        del request
        survey = current(ctx.session)
        taken = survey is not None and Urns(ctx.session, ctx.vault, survey).has_taken(
            ctx.who.id, group_of(ctx.who)
        )
        token = form_token(self.site.signer, ctx.who.userid, PURPOSE, self.site.token())
        return self.frame.page(
            "survey.html",
            me=ctx.member,
            survey=survey,
            taken=taken,
            token=token,
            how=words("survey.how_lines"),
            help_line=ctx.rules.privacy.help_line,
        )

    async def take(self, request: web.Request) -> web.StreamResponse:
        """Hand out a ballot; its address is shown once and kept nowhere."""
        userid = self.frame.userid(request)
        posted = await request.post()
        if userid is None:
            return self.frame.stranger(request)
        if form_once(self.site.signer, userid, PURPOSE, str(posted.get("token", ""))) is None:
            return self.frame.message("web.form_expired", 403)

        def work(session: Session) -> str:
            ctx = self.site.context(session, userid)
            survey = current(session)
            if survey is None:
                raise UserError("survey.closed")
            return Urns(session, ctx.vault, survey).take(ctx.who.id, group_of(ctx.who))

        try:
            ballot = await self.site.write(work)
        except UserError as error:
            return self.frame.refusal(error)
        except Unavailable:
            return self.frame.message("error.world", 503)
        return self.frame.page("survey_taken.html", ballot=ballot)

    async def ballot(self, request: web.Request) -> web.StreamResponse:
        """The questions."""
        return await self._form(request.match_info["ballot"], {}, wrong=False)

    async def _form(
        self, token: str, posted: Mapping[str, str], *, wrong: bool
    ) -> web.StreamResponse:
        def look(session: Session) -> tuple[bool, str, str]:
            ctx = self.site.context(session, "")
            survey = current(session)
            if survey is None:
                raise UserError("survey.over")
            urns = Urns(session, ctx.vault, survey)
            used = urns.is_used(urns.ballot(token))
            return used, survey.closes_on.isoformat(), ctx.rules.privacy.help_line

        try:
            used, closes, help_line = await asyncio.to_thread(self._reading, look)
        except UserError as error:
            return self.frame.refusal(error)
        if used:
            return self.frame.message("survey.used", 409)
        return self.frame.page(
            "survey_ballot.html",
            400 if wrong else 200,
            questions=questions(),
            scale=list(enumerate(words("survey.scale"), 1))[:SCALE],
            posted=posted,
            wrong=wrong,
            closes=closes,
            help_line=help_line,
        )

    def _reading(self, look: Callable[[Session], T]) -> T:
        with self.site.store.reading() as session:
            return look(session)

    async def cast(self, request: web.Request) -> web.StreamResponse:
        """Put the answers into the urn; an unfinished ballot comes back as it was."""
        token = request.match_info["ballot"]
        posted = {key: str(value) for key, value in (await request.post()).items()}
        vote = vote_from(posted)
        if vote is None:
            return await self._form(token, posted, wrong=True)

        def work(session: Session) -> Any:  # noqa: ANN401  (nothing)
            ctx = self.site.context(session, "")
            survey = current(session)
            if survey is None:
                raise UserError("survey.over")
            urns = Urns(session, ctx.vault, survey)
            urns.cast(urns.ballot(token), vote)

        try:
            await self.site.write(work)
        except UserError as error:
            return self.frame.refusal(error)
        except Unavailable:
            return self.frame.message("error.world", 503)
        return self.frame.message("survey.thanks", 200)
