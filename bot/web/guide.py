"""The users' guide: what there is to type, and a page for each kind of reader. For everybody."""

from typing import Final

from aiohttp import web

from bot.web.guidebook import render
from bot.web.site import HEADERS, Room
from config.help import FOLDER, guides

PICTURES: Final = FOLDER / "pictures"


class GuideRoom(Room):
    """``/help``."""

    def routes(self) -> list[web.AbstractRouteDef]:
        """The addresses of this room."""
        return [
            web.get("/help", self.help),
            web.get("/help/{key:\\w+}", self.guide),
            web.get("/help/pictures/{name:[\\w-]+\\.png}", self.picture),
        ]

    async def help(self, request: web.Request) -> web.StreamResponse:
        """The guides, and every command with an example."""
        del request
        commands = [c for c in self.site.catalogue.commands if not c.hidden]
        return self.frame.page("help.html", commands=commands, guides=guides().values())

    async def guide(self, request: web.Request) -> web.StreamResponse:
        """One guide."""
        found = guides().get(request.match_info["key"])
        if found is None:
            return self.frame.message("web.not_found", 404)
        return self.frame.page("guide.html", guide=found, body=render(found.text))

    async def picture(self, request: web.Request) -> web.StreamResponse:
        """A picture of a guide."""
        path = PICTURES / request.match_info["name"]
        if not path.is_file():
            return self.frame.message("web.not_found", 404)
        return web.FileResponse(path, headers={**HEADERS, "Cache-Control": "max-age=3600"})
