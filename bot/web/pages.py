"""All pages: one list of rooms, and what every request to them has to pass."""

from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

from bot.web.boards import BoardRoom
from bot.web.guide import GuideRoom
from bot.web.home import HomeRoom
from bot.web.intake import IntakeRoom
from bot.web.ledgers import LedgerRoom
from bot.web.login import LogInRoom
from bot.web.records import RecordRoom
from bot.web.search import SearchRoom
from bot.web.sheets import FormRoom
from bot.web.site import HERE, Frame, Room, Site
from bot.web.suggest import SuggestRoom
from bot.web.survey import SurveyRoom

ROOMS: Final[tuple[type[Room], ...]] = (
    LogInRoom,
    HomeRoom,
    GuideRoom,
    SearchRoom,
    FormRoom,
    RecordRoom,
    BoardRoom,
    LedgerRoom,
    IntakeRoom,
    SuggestRoom,
    SurveyRoom,
)
"""A new room is a class in a file of its own and a line here."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Pages:
    """The pages of one installation."""

    def __init__(self, site: Site) -> None:
        self._frame = Frame(site)
        self._rooms = [room(self._frame) for room in ROOMS]

    def routes(self) -> list[web.AbstractRouteDef]:
        """All addresses of the pages."""
        static: web.AbstractRouteDef = web.static("/static", HERE / "static")
        return [static, *(self._guarded(r) for room in self._rooms for r in room.routes())]

    async def nowhere(self, request: web.Request) -> web.StreamResponse:
        """An address that leads to nothing, said in our own words."""
        del request
        return self._frame.message("web.not_found", 404)

    def _guarded(self, route: web.AbstractRouteDef) -> web.AbstractRouteDef:
        """What changes something is taken from our own pages only, beside each form's token."""
        if not isinstance(route, web.RouteDef) or route.method != "POST":
            return route

        async def handle(request: web.Request) -> web.StreamResponse:
            if foreign(request, self._frame.site.links.base):
                return self._frame.message("web.foreign", 403)
            answer: web.StreamResponse = await route.handler(request)
            return answer

        return web.post(route.path, handle)


def foreign(request: web.Request, base: str) -> bool:
    """Whether a browser says that another site sent the request (old browsers say nothing)."""
    if site := request.headers.get("Sec-Fetch-Site"):
        return site not in ("same-origin", "none")
    origin = request.headers.get("Origin", "null")
    if origin == "null":  # some browsers hide it; the token of the form decides then
        return False
    return urlsplit(origin).netloc not in (request.host, urlsplit(base).netloc)
