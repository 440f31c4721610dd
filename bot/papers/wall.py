"""Tiles on a poster: the wall 掛图作战 as a picture."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from bot.papers.canvas import WIDTH, Canvas
from bot.papers.lettering import BOLD, MEDIUM, Type, measure, shorten, shrink, wrap
from bot.papers.palette import LIGHTS, LINE, MUTED, TILE
from bot.papers.part import MARGIN, Part
from bot.papers.table import LIGHT_MARKS, NOTE, Note, Nothing, Title
from handlers.board import Tile, TilesBlock

GAP: Final = 12
FEW: Final = 24
"""Up to so many tiles stand three in a row."""
MANY: Final = 96
"""Up to so many stand four in a row; more stand five in a row, to be enlarged."""


@dataclass(frozen=True, slots=True)
class Size:
    """How tiles are drawn: how many stand in a row, how high they are, sizes of their type."""

    per_row: int
    height: int
    name: int
    value: int
    note: int

    @property
    def width(self) -> int:
        """Of one tile."""
        return (WIDTH - 2 * MARGIN - GAP * (self.per_row - 1)) // self.per_row


SIZES: Final = (Size(3, 176, 34, 48, 28), Size(4, 164, 30, 40, 25), Size(5, 134, 26, 34, 22))


def wall(block: TilesBlock) -> Iterator[Part]:
    """A block from its title to its last row of tiles."""
    if block.title:
        yield Title(block.title)
    if not block.tiles:
        yield Nothing()
        return
    count = len(block.tiles)
    size = SIZES[0 if count <= FEW else 1 if count <= MANY else 2]
    for start in range(0, count, size.per_row):
        yield TileRow(tuple(block.tiles[start : start + size.per_row]), size)
    if block.note:
        yield Note(tuple(wrap(block.note, NOTE, WIDTH - 2 * MARGIN, 3)))


@dataclass(frozen=True, slots=True)
class TileRow:
    """Tiles side by side."""

    tiles: Sequence[Tile]
    size: Size

    @property
    def height(self) -> int:
        """With the gap below."""
        return self.size.height + GAP

    def draw(self, canvas: Canvas, top: int) -> None:
        """Draw them."""
        for index, tile in enumerate(self.tiles):
            left = MARGIN + index * (self.size.width + GAP)
            self._tile(canvas, tile, left, top)

    def _tile(self, canvas: Canvas, tile: Tile, left: int, top: int) -> None:
        size, colour = self.size, LIGHTS.get(tile.light, LINE)
        canvas.rounded(left, top, size.width, size.height, 12, colour)
        canvas.rounded(left + 2, top + 8, size.width - 4, size.height - 10, 8, TILE)
        room = size.width - 28
        name = Type(size.name, MEDIUM)
        # Cut in the middle: the end tells branches apart that begin alike.
        title = shorten(tile.title, name, 2 * room - name.size)
        for line, text in enumerate(wrap(title, name, room, 2)):
            canvas.text(left + 14, top + 32 + line * (size.name + 8), text, name, room)
        foot = top + size.height - size.value // 2 - 12
        mark = LIGHT_MARKS.get(tile.light)
        if mark:
            sign = size.note - 2
            canvas.mark(left + size.width - 14 - sign // 2, foot, sign, mark, colour)
            room -= sign + 8
        value = shrink(tile.value, Type(size.value, BOLD), room // 2 if tile.note else room, 24)
        canvas.text(left + 14, foot, tile.value, value, room)
        if tile.note:
            style = Type(size.note, colour=MUTED)
            beside = min(measure(tile.value, value) + 14, room // 2)
            canvas.text(left + 14 + beside, foot + 4, tile.note, style, room - beside)
