"""The home page: each reader's place of work, drawn from what all families declare."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from bot.web.markdown import to_html
from bot.web.site import Room
from bot.web.views import act_href
from config.texts import has, label, t, words
from handlers.catalogue import Catalogue
from handlers.context import Context
from handlers.dossier import Act, path_of
from handlers.duties import due_words, is_late, owed_by
from handlers.duty import Duty
from handlers.help import usable
from handlers.owed import due_of
from models.draft import Draft, unfinished_of

DUTIES: Final = 6
"""On the home page; all of them stand on their board."""
MINE: Final = 5
"""What is the reader's own and shown at once; the rest is unfolded."""

NEAR: Final = 3
"""Days before its day that a duty is marked as near."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A way to something that can be filled in or looked at."""

    title: str
    kind: str
    about: str
    href: str


@dataclass(frozen=True, slots=True)
class Group:
    """Ways that belong together, as the texts group them (``home.groups``)."""

    title: str
    tiles: Sequence[Tile]


@dataclass(frozen=True, slots=True)
class Owed:
    """A duty as it is shown."""

    duty: Duty
    when: str
    light: str
    act: Act | None
    href: str
    record: str


class HomeRoom(Room):
    """``/``."""

    def routes(self) -> list[web.AbstractRouteDef]:
        """The addresses of this room."""
        return [
            web.get("/", self.home),
        ]

    async def home(self, request: web.Request) -> web.StreamResponse:
        """What this person owes, has begun, can fill in and look at."""
        return await self.frame.read(request, self._home)

    def _home(self, ctx: Context, request: web.Request) -> web.Response:
        del request
        owed = owed_by(ctx, self.site.catalogue.duties, ctx.who)
        mine = [line for own in self.site.catalogue.mine for line in own(ctx)]
        return self.frame.page(
            "home.html",
            me=ctx.member,
            place=ctx.directory.place(ctx.session, ctx.who.unit_id).name,
            roles=_roles(ctx),
            token=self.frame.act_token(ctx),
            duties=[shown(ctx, duty) for duty in owed[:DUTIES]],
            count=len(owed),
            drafts=[_begun(one) for one in unfinished_of(ctx.session, ctx.who.id, ctx.now)],
            mine=[to_html(line) for line in mine],
            first=MINE,
            groups=self._groups(ctx),
        )

    def _groups(self, ctx: Context) -> list[Group]:
        """All ways by the groups of the texts; what no group names stands last."""
        ways = dict(ways_of(ctx, self.site.catalogue))
        groups = []
        for key in words("home.groups"):
            keys = [way for way in words(f"home.{key}.ways") if way in ways]
            tiles = [ways.pop(way) for way in keys]
            if tiles:
                groups.append(Group(t(f"home.{key}.title"), tiles))
        if ways:
            groups.append(Group(t("home.other"), list(ways.values())))
        return groups


def ways_of(ctx: Context, catalogue: Catalogue) -> Iterable[tuple[str, Tile]]:
    """What the reader may open: (``board.x`` | ``form.x`` | ``ledger.x``, tile)."""
    for board in catalogue.boards.values():
        if board.may(ctx.member) and not board.hidden:
            about = t(f"board.{board.key}.about")
            yield (
                f"board.{board.key}",
                Tile(board.name, t("home.kind_board"), about, f"/board/{board.key}"),
            )
    for command in usable(ctx, catalogue.commands):
        if command.sheet:
            about = t(f"command.{command.key}.summary")
            yield (
                f"form.{command.key}",
                Tile(command.name, t("home.kind_form"), about, f"/form/{command.key}"),
            )
    for ledger in catalogue.ledgers.values():
        if ledger.may(ctx.member):
            key = f"ledger.{ledger.key}.about"
            about = t(key) if has(key) else ""
            yield (
                f"ledger.{ledger.key}",
                Tile(ledger.name, t("home.kind_ledger"), about, f"/ledger/{ledger.key}"),
            )


def _begun(draft: Draft) -> Mapping[str, Any]:
    """A form that is not finished, and where it goes on."""
    return {
        "title": t(f"form.{draft.form}.title"),
        "href": f"/form/{draft.command}?draft={draft.id}",
        "count": len(draft.answers) + len(draft.doubts),
    }


def _roles(ctx: Context) -> str:
    return "、".join(dict.fromkeys(label(power.role) for power in ctx.who.powers))


def shown(ctx: Context, duty: Duty) -> Owed:
    """A duty with the words and the light of its day (DOMAIN.md 6: blue near, red overdue)."""
    left = (due_of(ctx, duty) - ctx.today).days
    light = "red" if is_late(ctx, duty) else "blue" if left <= NEAR else ""
    act = duty.act
    return Owed(
        duty=duty,
        when=due_words(ctx, duty),
        light=light,
        act=act,
        href=act_href(act) if act else "",
        record=path_of(duty.number) if duty.number else "",
    )
