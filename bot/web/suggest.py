"""Names offered while they are typed into a form. Only a help: the form itself checks them."""

from typing import Any, Final

from aiohttp import web
from sqlalchemy import exists, false, or_, select

from bot.web.site import HEADERS, Room
from handlers.context import Context
from handlers.places import OVERSEERS
from models.person import Person, PersonState
from models.unit import Unit, UnitAlias, UnitState, inside

MOST: Final = 8


class SuggestRoom(Room):
    """``/suggest``."""

    def routes(self) -> list[web.AbstractRouteDef]:
        """The addresses of this room."""
        return [web.get("/suggest/{kind:unit|person}", self.suggest)]

    async def suggest(self, request: web.Request) -> web.StreamResponse:
        """Names that hold what was typed, as a JSON list."""
        return await self.frame.read(request, self._names)

    def _names(self, ctx: Context, request: web.Request) -> web.Response:
        typed = request.query.get("q", "").strip()[:40]
        find = _units if request.match_info["kind"] == "unit" else _people
        names: list[Any] = find(ctx, typed) if typed else []
        return web.json_response(names, headers=HEADERS)


def _units(ctx: Context, typed: str) -> list[str]:
    """Units in use; what they are called is known to everybody."""
    alias = exists().where(
        UnitAlias.unit_id == Unit.id, UnitAlias.alias.contains(typed, autoescape=True)
    )
    found = ctx.session.scalars(
        select(Unit.name)
        .where(
            Unit.state == UnitState.ACTIVE,
            or_(Unit.name.contains(typed, autoescape=True), Unit.code == typed, alias),
        )
        .order_by(Unit.path)
        .limit(MOST)
    )
    return list(dict.fromkeys(found))


def _people(ctx: Context, typed: str) -> list[str]:
    """People of the reader's own branch and of what the reader oversees; nobody else's names."""
    branch = ctx.who.branch_id and ctx.directory.place(ctx.session, ctx.who.branch_id).path
    paths = [*ctx.who.paths(*OVERSEERS), *([branch] if branch else [])]
    found = ctx.session.scalars(
        select(Person.name)
        .join(Unit, Unit.id == Person.unit_id)
        .where(
            Person.state == PersonState.ACTIVE,
            Person.name.startswith(typed, autoescape=True),
            or_(false(), *(inside(path) for path in paths)),
        )
        .order_by(Person.id)
        .limit(MOST)
    )
    return list(dict.fromkeys(found))
