"""Boards as pictures: any board of a family becomes a poster for a group or a screen."""

from collections.abc import Callable, Mapping
from typing import Any

from config.texts import t
from handlers.board import Board, BoardBlock, BoardPage, Cell, ChartBlock, TableBlock, TilesBlock
from handlers.context import Context
from handlers.spec import Block, Poster, PosterRow
from models.errors import UserError
from models.person import member_by_userid

ROWS = 40
COLUMNS = 6
FIGURES = 6


def board_picture(boards: Callable[[], Mapping[str, Board]]) -> Callable[..., Poster]:
    """The recipe ``board``: parameters ``board`` (its key), ``viewer`` (a userid), and its own.

    ``UserError`` if the viewer may not open it, and for boards that stay on their page.
    """

    def draw_up(ctx: Context, params: Mapping[str, Any]) -> Poster:
        board = boards().get(str(params.get("board", "")))
        ctx.member = member_by_userid(ctx.session, str(params.get("viewer", "")))
        if board is None or board.confined or not board.may(ctx.member):
            raise UserError("error.not_allowed")
        return poster_of(board.show(ctx, {k: str(v) for k, v in params.items()}))

    return draw_up


def poster_of(page: BoardPage) -> Poster:
    """A board as a poster: its figures, tiles and tables; charts as the tables they show."""
    blocks = [poster_block(block) for block in page.blocks]
    chosen = " · ".join(
        words for one in page.filters for value, words in one.options if value == one.chosen
    )
    notes = [figure.label + t("papers.colon") + _bare(figure.note) for figure in page.figures]
    return Poster(
        title=page.title,
        subtitle=chosen or page.note,
        figures=tuple((figure.label, figure.value) for figure in page.figures[:FIGURES]),
        blocks=tuple(block for block in blocks if block is not None),
        notes=(*([page.note] if chosen and page.note else []), *notes),
    )


def _bare(note: str) -> str:
    return note.removeprefix(t("papers.note_mark"))


def poster_block(block: BoardBlock) -> Block | TilesBlock | None:
    """A block of a board as one of a poster; words alone have no place on a picture."""
    if isinstance(block, TilesBlock):
        return block
    if isinstance(block, TableBlock):
        return _table(block)
    if isinstance(block, ChartBlock):
        return _chart(block)
    return None


def _table(block: TableBlock) -> Block:
    columns = min(len(block.headings), COLUMNS)
    widths = [
        max(2.0, *(len(row[n].text) for row in block.rows[:ROWS]), 0.0) if block.rows else 1.0
        for n in range(columns)
    ]
    widths = [min(max(width, len(block.headings[n])), 14.0) for n, width in enumerate(widths)]
    whole = sum(widths)
    return Block(
        title=block.title,
        headings=tuple(block.headings[:columns]),
        widths=tuple(width / whole for width in widths),
        rows=tuple(_row(row[:columns]) for row in block.rows[:ROWS]),
    )


def _row(cells: tuple[Cell, ...] | Any) -> PosterRow:  # noqa: ANN401  (any sequence of cells)
    light = next((cell.light for cell in cells if cell.light), "")
    return PosterRow(cells=tuple(cell.text for cell in cells), light=light)


def _chart(block: ChartBlock) -> Block:
    """One row a label, one column a series."""
    names = [
        t("papers.poster.with_unit", name=name, unit=block.unit) if block.unit else name
        for name, _ in block.series
    ]
    rows = []
    for index, label in enumerate(block.labels):
        values = [values[index] for _, values in block.series]
        texts = ["—" if value is None else f"{round(value, 1):g}" for value in values]
        rows.append(PosterRow(cells=(label, *texts)))
    share = 1 / (len(names) + 1)
    return Block(
        title=block.title,
        headings=("", *names),
        widths=tuple([share] * (len(names) + 1)),
        rows=tuple(rows[:ROWS]),
    )
