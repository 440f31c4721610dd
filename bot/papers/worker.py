"""What the drawing process does: read the database, draw a picture or write a workbook.

Pictures and workbooks hold the interpreter for tens of milliseconds to seconds; here they keep
nobody waiting. Runs in a process of its own, started when it is first needed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from bot.papers.excel import Sheet, write_workbook
from bot.papers.poster import draw
from config.rules import read_rules
from config.texts import t
from handlers.catalogue import catalogue
from handlers.context import Context
from handlers.spec import Ledger, View
from handlers.table import Wish, stream
from models.directory import Directory
from models.person import member_by_userid
from models.store.engine import Store


@dataclass(frozen=True, slots=True)
class Desk:
    """What a drawing has to know: where the data lies, what time it is, under which rules."""

    database_url: str
    now: datetime
    zone: str
    rules_file: str


@cache
def _store(database_url: str) -> Store:
    return Store(database_url)


def _context(desk: Desk, session: Session) -> Context:
    return Context(
        session=session,
        now=desk.now,
        zone=ZoneInfo(desk.zone),
        rules=read_rules(desk.rules_file),
        directory=Directory(),
        token=str,
        link=lambda path, _: path,
    )


def draw_picture(desk: Desk, recipe: str, params: Mapping[str, Any]) -> bytes:
    """A PNG of a registered recipe."""
    with _store(desk.database_url).reading() as session:
        poster = catalogue().pictures[recipe](_context(desk, session), params)
    return draw(poster)


def write_export(
    desk: Desk, ledger: str, viewer: str | None, params: Mapping[str, Any], wish: Wish
) -> bytes:
    """An Excel file of a ledger as a viewer (a userid) may see it; None sees everything."""
    with _store(desk.database_url).reading() as session:
        ctx = _context(desk, session)
        member = None if viewer is None else member_by_userid(session, viewer)
        if viewer is not None and member is None:
            raise PermissionError(ledger)
        chosen = catalogue().ledgers[ledger]
        if not chosen.may(member):
            raise PermissionError(ledger)
        return write_workbook(sheet_of(chosen, View(ctx, member, params), wish))


def sheet_of(ledger: Ledger, view: View, wish: Wish) -> Sheet:
    """A ledger as a sheet: its columns with their kinds, its rows, and what is to be said of it."""
    at = f"{view.ctx.local(view.ctx.now):%Y-%m-%d %H:%M}"
    who = view.member.name if view.member else t("papers.operator")
    wanted = [text for text in (wish.search, *wish.filters.values()) if text]
    return Sheet(
        title=ledger.name,
        headings=tuple(ledger.heading(column) for column in ledger.columns),
        kinds=tuple(column.kind for column in ledger.columns),
        widths=tuple(column.width for column in ledger.columns),
        rows=stream(ledger, view, wish),
        about=(
            (t("papers.about_note"), t(f"ledger.{ledger.key}.note")),
            (t("papers.about_at"), at),
            (t("papers.about_who"), who),
            (t("papers.about_filter"), " / ".join(wanted) or t("papers.all")),
        ),
        zone=view.ctx.zone,
        made_at=view.ctx.now,
    )
