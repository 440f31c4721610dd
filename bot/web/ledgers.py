"""Ledgers as tables: filtered, sorted, with the columns somebody wants, and as Excel files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from aiohttp import web
from markupsafe import Markup
from sqlalchemy.orm import Session

from bot.web.access import form_token
from bot.web.brake import HEAVY
from bot.web.markdown import linked
from bot.web.site import Frame, Room, file
from config.texts import t
from handlers.context import Context
from handlers.narrow import SPAN, Narrowing, narrowing, options
from handlers.spec import Column, Kind, Ledger, Total, View
from handlers.table import Page, Wish, cell_text, page_of, read_wish, scope_of, shown_columns
from models.errors import Unavailable, UserError
from models.person import Member
from models.saved import drop_view, keep_view, views_of

ROWS: Final = 50
VIEW: Final = "view"
"""What the token of the saved views' buttons is bound to."""
LONGEST: Final = 2000
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_OURS: Final = ("page", "q", "of", "sort", "desc", "cols")


@dataclass(frozen=True, slots=True)
class Chooser:
    """How a column is narrowed on the page, and by what it is now."""

    column: Column
    heading: str
    way: Narrowing
    options: Sequence[str]
    value: str
    first: str
    last: str


class LedgerRoom(Room):
    """``/ledger``."""

    def routes(self) -> list[web.AbstractRouteDef]:
        """The addresses of this room."""
        return [
            web.get("/ledger/{key}.xlsx", self.export),
            web.get("/ledger/{key}", self.ledger),
            web.post("/ledger/{key}/views", self.views),
        ]

    async def ledger(self, request: web.Request) -> web.StreamResponse:
        """A ledger as a table."""
        return await self.frame.read(request, self._table)

    def _table(self, ctx: Context, request: web.Request) -> web.Response:
        ledger = ledger_of(self.frame, ctx.who, request)
        params = params_of(request)
        number = int(params["page"]) if params.get("page", "").isdigit() else 1
        number = min(max(number, 1), 10**6)
        wish = read_wish(ledger, params, ROWS, number)
        view = View(ctx, ctx.member, {})
        found = page_of(ledger, view, wish)
        at = _on_page(ledger, wish)
        query = {k: v for k, v in params.items() if k != "page" and v}
        return self.frame.page(
            "ledger.html",
            me=ctx.member,
            ledger=ledger,
            columns=[ledger.columns[n] for n in at],
            rows=[_cells(ledger, row, view, at) for row in found.rows],
            totals=_totals(ledger, found, at),
            total=found.total,
            page=number,
            pages=max((found.total + ROWS - 1) // ROWS, 1),
            wish=wish,
            scope=scope_of(ledger, view, wish.of),
            query=query,
            choosers=choosers(ledger, wish),
            narrowed=sum(bool(value) for value in wish.filters.values()),
            chips=chips(ledger, wish, query),
            views=views_of(ctx.session, ctx.who.id, ledger.key),
            view_token=form_token(self.site.signer, ctx.who.userid, VIEW, self.site.token()),
            kept=urlencode({k: v for k, v in query.items() if k != "page"}),
            link=lambda **change: _link(query, change),
            numeric=(Kind.NUMBER, Kind.PERCENT),
            takes=_may_take(self.frame, ctx, ledger),
        )

    async def export(self, request: web.Request) -> web.StreamResponse:
        """The same rows as an Excel file."""
        barred = await self.frame.read(request, self._may_export)
        if barred.status != HTTPStatus.OK:
            return barred
        ledger = self.site.catalogue.ledgers[request.match_info["key"]]
        wish = read_wish(ledger, params_of(request), None)
        try:
            data = await self.site.studio.export(ledger.key, self.frame.userid(request), wish)
        except UserError as error:
            return self.frame.refusal(error)
        return file(f"{ledger.name}.xlsx", data, XLSX)

    def _may_export(self, ctx: Context, request: web.Request) -> web.Response:
        ledger_of(self.frame, ctx.who, request)
        if not self.frame.brake.allows(ctx.who.userid, HEAVY):
            return self.frame.message("web.too_fast", HTTPStatus.TOO_MANY_REQUESTS)
        return web.Response()

    async def views(self, request: web.Request) -> web.StreamResponse:
        """Keep the present view under a name, or forget one."""
        userid = self.frame.userid(request)
        if userid is None:
            return self.frame.stranger(request)
        posted = await request.post()
        if self.frame.once(userid, VIEW, str(posted.get("token", ""))) is None:
            return self.frame.message("web.form_expired", 403)
        query = str(posted.get("query", ""))[:LONGEST]
        name = " ".join(str(posted.get("name", "")).split())[:40]
        drop = str(posted.get("drop", ""))

        def work(session: Session) -> None:
            ctx = self.site.context(session, userid)
            ledger = ledger_of(self.frame, ctx.who, request)
            if drop.isdigit():
                drop_view(session, ctx.who.id, int(drop))
            elif name:
                keep_view(session, ctx.who.id, ledger.key, name, clean_query(query), ctx.now)

        try:
            await self.site.write(work)
        except UserError as error:
            return self.frame.refusal(error)
        except Unavailable:
            return self.frame.message("error.world", 503)
        back = f"/ledger/{request.match_info['key']}?{clean_query(query)}"
        return web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": back})


def ledger_of(frame: Frame, member: Member, request: web.Request) -> Ledger:
    """The ledger of an address, if the reader may open it; else "not found"."""
    ledger = frame.site.catalogue.ledgers.get(request.match_info["key"])
    if ledger is None or not ledger.may(member):
        raise web.HTTPNotFound
    return ledger


def params_of(request: web.Request) -> dict[str, str]:
    """The parameters of an address; columns that were ticked one by one become one list."""
    params = {name: request.query[name] for name in request.query}
    if "cols" in params:
        params["cols"] = ",".join(request.query.getall("cols"))
    return params


def clean_query(query: str) -> str:
    """An address's parameters as we write them; nothing else gets into a redirect."""
    pairs = [(name, value) for name, value in parse_qsl(query) if _known(name)]
    return urlencode(pairs)


def _known(name: str) -> bool:
    return (name in _OURS and name != "page") or name.startswith("f.")


def _on_page(ledger: Ledger, wish: Wish) -> list[int]:
    """Chosen columns; without a choice those that are not ``wide``."""
    if wish.columns:
        return shown_columns(ledger, wish)
    return [at for at, column in enumerate(ledger.columns) if not column.wide]


def _cells(
    ledger: Ledger, row: Sequence[Any], view: View, at: Sequence[int]
) -> list[tuple[Column, Markup]]:
    """The cells of a row; numbers of records lead to their pages."""
    return [(ledger.columns[n], linked(cell_text(ledger.columns[n], row[n], view))) for n in at]


def _totals(ledger: Ledger, found: Page, at: Sequence[int]) -> list[str]:
    """What stands below the columns that are shown; nothing if there is nothing below any."""
    if all(value is None for value in found.totals.values()):
        return []
    return [_total(ledger.columns[n], found.totals.get(ledger.columns[n].key)) for n in at]


def _total(column: Column, value: Decimal | int | None) -> str:
    if value is None:
        return ""
    sign = "%" if column.kind is Kind.PERCENT else ""
    key = "web.total_mean" if column.total is Total.MEAN else "web.total_sum"
    return t(key, value=f"{Decimal(value).normalize():f}{sign}")


def choosers(ledger: Ledger, wish: Wish) -> list[Chooser]:
    """How each column can be narrowed."""
    found = []
    for column in ledger.columns:
        way = narrowing(column)
        if way is Narrowing.NONE:
            continue
        value = wish.filters.get(column.key, "")
        first, dots, last = value.partition(SPAN)
        found.append(
            Chooser(
                column=column,
                heading=ledger.heading(column),
                way=way,
                options=options(column),
                value=value,
                first=first if dots else "",
                last=last,
            )
        )
    return found


def chips(ledger: Ledger, wish: Wish, query: Mapping[str, str]) -> list[tuple[str, str]]:
    """What the ledger is narrowed by, each with the address that lets it go."""
    found = []
    for column in ledger.columns:
        if wanted := wish.filters.get(column.key, ""):
            first, dots, last = wanted.partition(SPAN)
            words = t("web.span", first=first or "…", last=last or "…") if dots else wanted
            own = (f"f.{column.key}", f"f.{column.key}.from", f"f.{column.key}.to")
            rest = {name: value for name, value in query.items() if name not in own}
            heading = ledger.heading(column)
            found.append((t("web.chip", heading=heading, words=words), "?" + urlencode(rest)))
    return found


def _may_take(frame: Frame, ctx: Context, ledger: Ledger) -> bool:
    if not ledger.may_take(ctx.who):
        return False
    return frame.site.catalogue.command(ledger.takes).may(ctx.member)


def _link(query: Mapping[str, str], change: Mapping[str, Any]) -> str:
    """The same page with some parameters changed; empty ones are left out."""
    merged = {**query, **{key: str(value) for key, value in change.items()}}
    return "?" + urlencode({key: value for key, value in merged.items() if value})
