"""双月公开单 as page and as ledger."""

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import func, select

from config.texts import label, t
from handlers.board import Board, BoardPage, Cell, Figure, Filter, TableBlock
from handlers.context import Context
from handlers.figures import minute_text, percent_text
from handlers.projects.issues import (
    OFFERED,
    acts_on,
    choice,
    heading,
    issue_table,
    papers_of,
    sees_drafts,
)
from handlers.projects.publicity import LIGHTS, SHEETS, in_order, limits
from handlers.spec import Column, Family, Kind, Ledger, Rows, View
from models.issue import IssueState, newest_issues
from models.publicity import Named, Sheet, SheetLine, SheetNote, counts_of, lines_of_sheet


def board(ctx: Context, params: Mapping[str, str]) -> BoardPage:
    """An issue as a page."""
    sheets = newest_issues(ctx.session, Sheet, OFFERED, drafts=sees_drafts(ctx.who))
    if not sheets:
        return BoardPage(title=t("board.publicity.title"), note=t("publicity.none_yet"))
    wanted = params.get("number", "")
    sheet = next((one for one in sheets if one.number == wanted), sheets[0])
    rows = lines_of_sheet(ctx.session, sheet.id)
    counts = counts_of(ctx.session, sheet.id)
    title, corrected = heading(ctx, SHEETS, sheet)
    at = t("publicity.board_cutoff", at=minute_text(ctx.local(sheet.cutoff)))
    return BoardPage(
        title=title,
        note=" ".join(part for part in (at, t("publicity.rule", **limits(ctx)), corrected) if part),
        filters=(choice(SHEETS, sheets, sheet.number),),
        figures=tuple(
            Figure(t(f"publicity.light_{key or 'none'}"), str(counts.get(key, 0))) for key in LIGHTS
        ),
        blocks=(
            _table(t("publicity.section_best"), rows, Named.BEST),
            _table(t("publicity.section_worst"), rows, Named.WORST),
            _table(t("publicity.section_watched"), rows, None),
            issue_table(SHEETS, sheets),
        ),
        acts=tuple(acts_on(ctx, sheet)),
        papers=papers_of(SHEETS, sheet),
    )


def _table(title: str, rows: Sequence[SheetLine], named: Named | None) -> TableBlock:
    """The named lines, or without a name all that are behind plan; the ledger holds the rest."""
    chosen = [
        row for row in rows if (row.named is named if named else row.light in ("yellow", "red"))
    ]
    keys = ("branch", "type", "project", "percent", "planned", "ahead", "silent", "effect")
    return TableBlock(
        title=title,
        headings=[t(f"ledger.publicity.{key}") for key in keys],
        rows=[_cells(row) for row in in_order(chosen, named)],
        numeric=frozenset({3, 4, 5, 6}),
        note="" if named else t("publicity.rest", name=t("ledger.publicity.title")),
    )


def _cells(row: SheetLine) -> Sequence[Cell]:
    return (
        Cell(row.branch),
        Cell(label(row.branch_type) if row.branch_type else ""),
        Cell(row.name or t("project.missing")),
        Cell(percent_text(row.percent), row.light),
        Cell(percent_text(row.planned)),
        Cell("" if row.ahead is None else f"{row.ahead:+.1f}"),
        Cell("" if row.silent is None else str(row.silent)),
        Cell(row.effect),
    )


def _scope(view: View) -> Filter:
    """The newest issue unless another one is wanted; drafts are for the party office alone."""
    drafts = sees_drafts(view.member)
    sheets = newest_issues(view.ctx.session, Sheet, OFFERED, drafts=drafts)
    return choice(SHEETS, sheets, sheets[0].number if sheets else "")


def _rows(view: View) -> Rows:
    """The lines of an issue."""
    query = select().select_from(SheetLine).join(Sheet, Sheet.id == SheetLine.sheet_id)
    if not sees_drafts(view.member):
        query = query.where(Sheet.state == IssueState.RELEASED)
    return query.where(Sheet.number == view.params["number"])


def _period(value: int, view: View) -> str:
    del view
    return t("publicity.period", year=value // 10, issue=value % 10)


_note = (
    select(func.min(SheetNote.text))
    .where(SheetNote.issue_id == SheetLine.sheet_id, SheetNote.unit_id == SheetLine.unit_id)
    .correlate(SheetLine)
    .scalar_subquery()
)

LEDGER: Final = Ledger(
    key="publicity",
    columns=(
        Column(key="branch", expr=SheetLine.branch, width=34),
        Column(key="project", expr=SheetLine.name, width=40),
        Column(key="percent", expr=SheetLine.percent, kind=Kind.PERCENT, width=8),
        Column(key="ahead", expr=SheetLine.ahead, kind=Kind.NUMBER, width=10),
        Column(key="named", expr=SheetLine.named, kind=Kind.WORD, width=8),
        Column(key="planned", expr=SheetLine.planned, kind=Kind.PERCENT, width=10, wide=True),
        Column(key="silent", expr=SheetLine.silent, kind=Kind.NUMBER, width=12, wide=True),
        Column(key="grade", expr=SheetLine.grade, kind=Kind.WORD, width=8, wide=True),
        Column(key="stage", expr=SheetLine.stage, kind=Kind.WORD, width=10, wide=True),
        Column(key="type", expr=SheetLine.branch_type, kind=Kind.WORD, width=12, wide=True),
        Column(key="effect", expr=SheetLine.effect, width=50, wide=True),
        Column(key="correction", expr=_note, width=30, wide=True),
        Column(
            key="period",
            expr=Sheet.year * 10 + Sheet.issue,
            kind=Kind.NUMBER,
            width=16,
            wide=True,
            show=_period,
        ),
    ),
    query=_rows,
    scope=_scope,
    order=(SheetLine.unit_id.asc(),),
)


FAMILY = Family(ledgers=(LEDGER,), boards=(Board(key="publicity", show=board),))
