"""Tables on a poster: columns take their role from what stands in them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import accumulate, pairwise
from typing import Final

from bot.papers.canvas import WIDTH, Align, Canvas, Mark
from bot.papers.lettering import BOLD, MEDIUM, Type, measure, shrink
from bot.papers.palette import LIGHTS, LINE, MEDALS, MUTED, RED, STRIPE, TILE
from bot.papers.part import MARGIN, Part
from config.texts import t
from handlers.figures import arrow_text
from handlers.spec import Block, PosterRow

INNER: Final = 20
"""From the edge of the stripes to the text."""
GAP: Final = 20
LANE: Final = 56
LIGHT: Final = 26
DISC: Final = 58
SMALLEST: Final = 34
"""Smaller type cannot be read once the picture is 360 pixels wide on a phone."""
LIGHT_MARKS: Final = {
    "green": Mark.DISC,
    "yellow": Mark.UP,
    "red": Mark.SQUARE,
    "blue": Mark.DIAMOND,
}
HEADING: Final = Type(34, colour=MUTED)
NOTE: Final = Type(30, colour=MUTED)
NAME: Final = Type(36, MEDIUM)
FIGURE: Final = Type(40, BOLD)
PLACE: Final = Type(36, MEDIUM, MUTED)
_FIGURE: Final = re.compile(r"[+\-−▲▼]?\d[\d,.:/]*[%\uff05]?|[—–-]")


class Role(StrEnum):
    """How a column is set."""

    PLACE = "place"  # whole numbers in the first column: centred, the first three on discs
    TEXT = "text"  # from the left
    FIGURE = "figure"  # to the right, so that digits stand under digits


@dataclass(frozen=True, slots=True)
class Column:
    """Where a column stands and how it is set. ``width`` is what its text may take."""

    left: int
    width: int
    role: Role

    @property
    def anchor(self) -> tuple[int, Align]:
        """The x that its text hangs on."""
        if self.role is Role.PLACE:
            return self.left + self.width // 2, Align.CENTRE
        if self.role is Role.FIGURE:
            return self.left + self.width, Align.RIGHT
        return self.left, Align.LEFT


def table(block: Block) -> Iterator[Part]:
    """A block from its title to its last row."""
    if block.title:
        yield Title(block.title)
    if not block.rows:
        yield Nothing()
        return
    columns = columns_of(block)
    main = max(columns, key=lambda column: (column.role is Role.TEXT, column.width))
    if any(block.headings):
        yield Headings(block.headings, columns)
    barred = any(row.bar is not None for row in block.rows)
    lane = LANE if any(row.light for row in block.rows) else 0
    for index, row in enumerate(block.rows):
        yield Row(row, columns, columns.index(main), lane, barred=barred, striped=index % 2 == 1)


def columns_of(block: Block) -> tuple[Column, ...]:
    """Lay the columns out by their shares of the width; one without a share gets an equal one."""
    count = max(1, len(block.headings), *(len(row.cells) for row in block.rows))
    shares = [*block.widths, *[1 / count] * count][:count]
    room = WIDTH - 2 * (MARGIN + INNER)
    edges = [round(room * edge / sum(shares)) for edge in accumulate(shares, initial=0.0)]
    columns = []
    for index, (left, right) in enumerate(pairwise(edges)):
        cells = [row.cells[index] for row in block.rows if index < len(row.cells)]
        gap = GAP if index < count - 1 else 0
        width = max(right - left - gap, 1)
        columns.append(Column(MARGIN + INNER + left, width, _role(index, cells)))
    return tuple(columns)


def _role(index: int, cells: Sequence[str]) -> Role:
    filled = [cell for cell in cells if cell]
    if index == 0 and filled and all(cell.isdecimal() for cell in filled):
        return Role.PLACE
    if filled and all(_FIGURE.fullmatch(cell) for cell in filled):
        return Role.FIGURE
    return Role.TEXT


@dataclass(frozen=True, slots=True)
class Title:
    """The name of a block behind a golden bar."""

    text: str
    height: int = 100

    def draw(self, canvas: Canvas, top: int) -> None:
        """Draw it."""
        middle = top + 58
        canvas.rounded(MARGIN, middle - 22, 10, 44, 5, RED)
        canvas.text(MARGIN + 28, middle, self.text, Type(44, BOLD), WIDTH - 2 * MARGIN - 28)


@dataclass(frozen=True, slots=True)
class Nothing:
    """Says that a block has no rows."""

    height: int = 110

    def draw(self, canvas: Canvas, top: int) -> None:
        """Draw it."""
        text = t("papers.poster.no_rows")
        middle = top + self.height // 2
        canvas.text(WIDTH // 2, middle, text, HEADING, WIDTH - 2 * MARGIN, Align.CENTRE)


@dataclass(frozen=True, slots=True)
class Note:
    """Small print below a block."""

    lines: tuple[str, ...]

    @property
    def height(self) -> int:
        """Grows with the lines."""
        return 20 + 44 * len(self.lines)

    def draw(self, canvas: Canvas, top: int) -> None:
        """Draw it."""
        for index, line in enumerate(self.lines):
            canvas.text(MARGIN, top + 32 + 44 * index, line, NOTE, WIDTH - 2 * MARGIN)


@dataclass(frozen=True, slots=True)
class Headings:
    """The names of the columns over a thin line."""

    texts: tuple[str, ...]
    columns: tuple[Column, ...]
    height: int = 80

    def draw(self, canvas: Canvas, top: int) -> None:
        """Draw them."""
        for text, column in zip(self.texts, self.columns, strict=False):
            x, align = column.anchor
            canvas.text(x, top + 40, text, HEADING, column.width, align)
        canvas.box(MARGIN, top + self.height - 6, WIDTH - 2 * MARGIN, 2, LINE)


@dataclass(frozen=True, slots=True)
class Row:
    """One row; ``main`` is the column that carries the bar and, in its ``lane``, the light."""

    row: PosterRow
    columns: tuple[Column, ...]
    main: int
    lane: int
    barred: bool
    striped: bool

    @property
    def height(self) -> int:
        """Rows of one table are equally high."""
        return 96 if self.barred else 80

    def draw(self, canvas: Canvas, top: int) -> None:
        """Draw it."""
        if self.striped:
            canvas.rounded(MARGIN, top, WIDTH - 2 * MARGIN, self.height, 14, STRIPE)
        middle = top + self.height // 2
        for index, (cell, column) in enumerate(zip(self.row.cells, self.columns, strict=False)):
            if index == self.main:
                self._main(canvas, column, cell, middle)
            elif self.row.change is not None and cell == arrow_text(self.row.change):
                self._change(canvas, column, self.row.change, middle)
            else:
                _cell(canvas, column, cell, middle)

    def _main(self, canvas: Canvas, column: Column, cell: str, middle: int) -> None:
        column = replace(column, width=max(column.width - self.lane, 1))
        _cell(canvas, column, cell, middle - 14 if self.barred else middle)
        if self.row.bar is not None:
            canvas.bar(column.left, middle + 28, column.width, 12, self.row.bar)
        if mark := LIGHT_MARKS.get(self.row.light):
            x = column.left + column.width + self.lane // 2 + 8
            canvas.mark(x, middle, LIGHT, mark, LIGHTS[self.row.light])

    @staticmethod
    def _change(canvas: Canvas, column: Column, change: int, middle: int) -> None:
        x, align = column.left + column.width, Align.RIGHT
        if change == 0:
            canvas.text(x, middle, arrow_text(0), PLACE, column.width, align)
            return
        colour = RED if change > 0 else MUTED
        style = replace(PLACE, colour=colour)
        number = str(abs(change))
        canvas.text(x, middle, number, style, column.width - 34, align)
        mark = Mark.UP if change > 0 else Mark.DOWN
        beside = min(measure(number, style), column.width - 34)
        canvas.mark(x - beside - 20, middle, 22, mark, colour)


def _cell(canvas: Canvas, column: Column, cell: str, middle: int) -> None:
    x, align = column.anchor
    if column.role is Role.TEXT:
        canvas.text(x, middle, cell, shrink(cell, NAME, column.width, SMALLEST), column.width)
    elif column.role is Role.FIGURE:
        style = shrink(cell, FIGURE, column.width, SMALLEST)
        canvas.text(x, middle, cell, style, column.width, align)
    elif cell in {"1", "2", "3"}:
        canvas.mark(x, middle, DISC, Mark.DISC, MEDALS[int(cell) - 1])
        canvas.text(x, middle, cell, Type(36, BOLD, TILE), DISC, align)
    else:
        canvas.text(x, middle, cell, PLACE, column.width, align)
