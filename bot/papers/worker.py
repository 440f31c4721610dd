"""What the drawing process does: read the database, draw a picture, write a workbook or a paper.

Pictures and files hold the interpreter for tens of milliseconds to seconds; here they keep
nobody waiting. Runs in a process of its own, started when it is first needed. What writes Word and
PDF and draws is loaded there alone: whoever orders a drawing pays neither time nor memory for it.
"""

import multiprocessing
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from bot.papers.bundle import write_bundle
from bot.papers.excel import Sheet, write_workbook
from config.rules import read_rules
from handlers.catalogue import catalogue
from handlers.context import Context
from handlers.paper import PaperForm
from handlers.printed import about
from handlers.spec import Ledger, View
from handlers.table import Wish, shown_columns, stream
from models.attachment import Blob
from models.directory import Directory
from models.errors import UserError
from models.person import Member, member_by_userid
from models.store.engine import Store


@dataclass(frozen=True, slots=True)
class Desk:
    """What a drawing has to know: where the data lies, what time it is, under which rules."""

    database_url: str
    now: datetime
    zone: str
    rules_file: str


@dataclass(frozen=True, slots=True)
class Made:
    """A file and what it is called, without its ending."""

    name: str
    data: bytes


def end_with_parent() -> None:
    """Begin a drawing process: it does not outlive the process that it draws for, if killed."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def wait() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=wait, name="parent", daemon=True).start()


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
    from bot.papers.poster import draw  # noqa: PLC0415  (as said above)

    with _store(desk.database_url).reading() as session:
        poster = catalogue().pictures[recipe](_context(desk, session), params)
    return draw(poster)


def write_export(
    desk: Desk, ledger: str, viewer: str | None, params: Mapping[str, Any], wish: Wish
) -> bytes:
    """An Excel file of a ledger as a viewer (a userid) may see it; None sees everything."""
    with _store(desk.database_url).reading() as session:
        ctx = _context(desk, session)
        member = _viewer(session, viewer)
        chosen = catalogue().ledgers[ledger]
        if not chosen.may(member):
            raise UserError("error.not_allowed")
        return write_workbook(sheet_of(chosen, View(ctx, member, params), wish))


def write_paper(
    desk: Desk, paper: str, form: str, viewer: str | None, params: Mapping[str, Any]
) -> Made:
    """A paper of a registered recipe, drawn up for a viewer (a userid), or for everybody."""
    from bot.papers.pdf import write_pdf  # noqa: PLC0415  (as said above)
    from bot.papers.template import fill_template  # noqa: PLC0415
    from bot.papers.word import write_word  # noqa: PLC0415

    with _store(desk.database_url).reading() as session:
        ctx = _context(desk, session)
        ctx.member = _viewer(session, viewer)
        plan = catalogue().papers[paper](ctx, params)
        if plan.template and PaperForm(form) is PaperForm.DOCX:
            template = session.get_one(Blob, plan.template).data
            return Made(plan.title, fill_template(template, plan.values))
    if PaperForm(form) is PaperForm.DOCX:
        return Made(plan.title, write_word(plan, desk.now))
    return Made(plan.title, write_pdf(plan, desk.now))


def write_own_data(desk: Desk, viewer: str) -> bytes:
    """Everything held about a person (a userid) as a zip."""
    with _store(desk.database_url).reading() as session:
        ctx = _context(desk, session)
        ctx.member = _viewer(session, viewer)
        return write_bundle(ctx, ctx.who, catalogue().holdings)


def _viewer(session: Session, userid: str | None) -> Member | None:
    """Whose eyes it is for; ``UserError`` if that person is not on the list (any more)."""
    member = None if userid is None else member_by_userid(session, userid)
    if userid is not None and member is None:
        raise UserError("error.stranger")
    return member


def sheet_of(ledger: Ledger, view: View, wish: Wish) -> Sheet:
    """A ledger as a sheet: its columns with their kinds, its rows, and what is to be said of it."""
    at = shown_columns(ledger, wish)
    columns = [ledger.columns[n] for n in at]
    return Sheet(
        title=ledger.name,
        headings=tuple(ledger.heading(column) for column in columns),
        kinds=tuple(column.kind for column in columns),
        widths=tuple(column.width for column in columns),
        rows=(tuple(row[n] for n in at) for row in stream(ledger, view, wish)),
        about=about(ledger, view, wish),
        zone=view.ctx.zone,
        made_at=view.ctx.now,
    )
