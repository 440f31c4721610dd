"""``/search``: one question to everything the reader may see."""

import re
from collections.abc import Sequence

from aiohttp import web
from markupsafe import Markup, escape

from bot.web.home import ways_of
from bot.web.site import Room
from config.texts import t
from handlers.context import Context
from handlers.mine import find
from handlers.search import Question, search
from models.errors import UserError
from models.forms.record import number_in

LONGEST = 60


class SearchRoom(Room):
    """``/search``."""

    def routes(self) -> list[web.AbstractRouteDef]:
        """The addresses of this room."""
        return [web.get("/search", self.search)]

    async def search(self, request: web.Request) -> web.StreamResponse:
        """Hits by ledger; a number leads straight to its thing."""
        return await self.frame.read(request, self._search)

    def _search(self, ctx: Context, request: web.Request) -> web.Response:
        asked = " ".join(request.query.get("q", "").split())[:LONGEST]
        number, problem = number_in(asked), ""
        if number:
            try:
                shown = find(self.site.catalogue.records, ctx, number)
            except UserError as error:
                problem = t(error.key, **error.params)
            else:
                return web.Response(status=303, headers={"Location": f"/record/{shown.number}"})
        ledgers = tuple(self.site.catalogue.ledgers.values())
        question, found = search(ctx, ledgers, asked) if not number else (Question(()), [])
        ways = [tile for _, tile in ways_of(ctx, self.site.catalogue) if asked in tile.title]
        return self.frame.page(
            "search.html",
            me=ctx.member,
            asked=asked,
            period=question.period,
            problem=problem,
            found=found,
            ways=ways if asked else [],
            mark=lambda text: marked(text, question.words),
        )


def marked(text: str, words: Sequence[str]) -> Markup:
    """A text with the words that were looked for marked."""
    if not words:
        return escape(text)
    pattern = re.compile("|".join(re.escape(word) for word in words), re.IGNORECASE)
    pieces: list[Markup] = []
    at = 0
    for match in pattern.finditer(text):
        pieces += [escape(text[at : match.start()]), Markup("<mark>{}</mark>").format(match[0])]
        at = match.end()
    return Markup("").join([*pieces, escape(text[at:])])
