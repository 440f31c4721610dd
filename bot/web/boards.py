"""Boards: many things at a glance, as a page, on the office's screen, and as a picture."""

from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import urlencode

from aiohttp import web

from bot.web import views
from bot.web.brake import HEAVY
from bot.web.site import Room, file
from handlers.board import Board
from handlers.context import Context
from models.errors import UserError


class BoardRoom(Room):
    """``/board`` and ``/wall``."""

    def routes(self) -> list[web.AbstractRouteDef]:
        """The addresses of this room."""
        return [
            web.get("/board/{key}.png", self.picture),
            web.get("/board/{key}", self.board),
            web.get("/wall/{key}", self.wall),
        ]

    async def board(self, request: web.Request) -> web.StreamResponse:
        """One board with its choices."""
        return await self.frame.read(request, lambda c, r: self._drawn(c, r, "board.html"))

    async def wall(self, request: web.Request) -> web.StreamResponse:
        """Its tiles alone, filling a screen that nobody touches."""
        return await self.frame.read(request, lambda c, r: self._drawn(c, r, "wall.html"))

    def _drawn(self, ctx: Context, request: web.Request, template: str) -> web.Response:
        board = self._board(ctx, request)
        values = views.board_values(board.show(ctx, request.query), request.query)
        if template == "wall.html" and (board.confined or not values["walls"]):
            raise web.HTTPNotFound
        return self.frame.page(
            template,
            me=ctx.member,
            key=board.key,
            confined=board.confined,
            query=_query(request.query),
            token=self.frame.act_token(ctx),
            **values,
        )

    async def picture(self, request: web.Request) -> web.StreamResponse:
        """The same as a PNG, to be sent on."""
        barred = await self.frame.read(request, self._may_picture)
        if barred.status != HTTPStatus.OK:
            return barred
        key = request.match_info["key"]
        params = {**request.query, "board": key, "viewer": self.frame.userid(request)}
        try:
            data = await self.site.studio.picture("board", params)
        except UserError as error:
            return self.frame.refusal(error)
        return file(f"{self.site.catalogue.boards[key].name}.png", data, "image/png")

    def _may_picture(self, ctx: Context, request: web.Request) -> web.Response:
        if self._board(ctx, request).confined:
            raise web.HTTPNotFound
        if not self.frame.brake.allows(ctx.who.userid, HEAVY):
            return self.frame.message("web.too_fast", HTTPStatus.TOO_MANY_REQUESTS)
        return web.Response()

    def _board(self, ctx: Context, request: web.Request) -> Board:
        board = self.site.catalogue.boards.get(request.match_info["key"])
        if board is None or not board.may(ctx.member):
            raise web.HTTPNotFound
        return board


def _query(params: Mapping[str, str]) -> str:
    return "?" + urlencode(dict(params)) if params else ""
