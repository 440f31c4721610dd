"""Ledgers on paper, and what is said below them: 口径, when, by whom, narrowed by what."""

from collections.abc import Mapping

from config.texts import t
from handlers.context import Context
from handlers.paper import Grid, Layout, Paper, PaperRecipe
from handlers.spec import Ledger, View
from handlers.table import Wish, cell_text, page_of, read_wish, scope_of, shown_columns
from models.errors import UserError

PRINTED = 2000
"""Rows of a printed sheet: some eighty pages."""


def ledger_paper(ledgers: Mapping[str, Ledger]) -> PaperRecipe:
    """Any ledger as a printed sheet; parameters: ``ledger`` (its key) and what it is narrowed by.

    ``UserError`` if the reader may not open it, or if it holds more rows than anybody prints.
    """

    def draw_up(ctx: Context, params: Mapping[str, str]) -> Paper:
        ledger = ledgers.get(params.get("ledger", ""))
        if ledger is None or not ledger.may(ctx.member):
            raise UserError("error.not_allowed")
        view = View(ctx, ctx.member, {})
        wish = read_wish(ledger, params, PRINTED)
        found = page_of(ledger, view, wish)
        if found.total > PRINTED:
            raise UserError("table.too_long", name=ledger.name, total=found.total, most=PRINTED)
        at = shown_columns(ledger, wish)
        columns = [ledger.columns[n] for n in at]
        rows = tuple(
            tuple(cell_text(ledger.columns[n], row[n], view) for n in at) for row in found.rows
        )
        headings = tuple(ledger.heading(column) for column in columns)
        return Paper(
            title=ledger.name,
            layout=Layout.SHEET,
            body=(Grid(headings, rows, tuple(column.width for column in columns)),),
            foot=about(ledger, view, wish),
        )

    return draw_up


def about(ledger: Ledger, view: View, wish: Wish) -> tuple[tuple[str, str], ...]:
    """What is said of a ledger on paper and in Excel: 口径, number, time, maker, filter."""
    now = view.ctx.local(view.ctx.now)
    who = view.member.name if view.member else t("papers.operator")
    scope = scope_of(ledger, view, wish.of)
    whole = [words for value, words in scope.options if value == scope.chosen] if scope else []
    wanted = [*whole, *(text for text in (wish.search, *wish.filters.values()) if text)]
    return (
        (
            t("papers.about_note"),
            t(f"ledger.{ledger.key}.note").removeprefix(t("papers.note_mark")),
        ),
        (t("papers.about_number"), f"{ledger.key.upper()}-{now:%Y%m%d-%H%M}"),
        (t("papers.about_at"), f"{now:%Y-%m-%d %H:%M}"),
        (t("papers.about_who"), who),
        (t("papers.about_filter"), " / ".join(wanted) or t("papers.all")),
    )
