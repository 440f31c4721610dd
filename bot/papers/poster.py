"""From a plan to the picture: one look for rankings, walls and lists alike."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from bot.papers.canvas import WIDTH, Align, Canvas
from bot.papers.lettering import BOLD, Type, shrink, wrap
from bot.papers.palette import CREAM, GOLD, LIGHTS, LINE, MUTED, PAGE, RED, TILE
from bot.papers.part import MARGIN, Part
from bot.papers.table import INNER, LIGHT, LIGHT_MARKS, NOTE, table
from bot.papers.wall import wall
from bot.papers.wordcards import cards
from config.texts import t
from handlers.board import TilesBlock
from handlers.spec import Block, Poster, WordCards

HIGHEST: Final = 10_000
"""Phones scale taller pictures down until nothing can be read; the rest stands in the workbook."""
ROOM: Final = WIDTH - 2 * MARGIN
HEAD: Final = Type(66, BOLD, TILE)
HEAD_SMALLEST: Final = 54
SUBTITLE: Final = Type(34, colour=CREAM)
NOTES: Final = 6
NOTE_LINES: Final = 8


def draw(poster: Poster) -> bytes:
    """Draw a plan as a PNG, 1080 pixels wide and at most 2 MB (WeCom page 99110).

    The same plan gives the same bytes. Characters without a glyph become the geta mark; rows that
    do not fit the height are left out, and the picture says so.
    """
    return stack(layout(poster))


def stack(parts: Sequence[Part]) -> bytes:
    """Draw parts one below the other as a PNG."""
    canvas = Canvas(sum(part.height for part in parts), PAGE)
    top = 0
    for part in parts:
        part.draw(canvas, top)
        top += part.height
    return canvas.png()


def layout(poster: Poster) -> tuple[Part, ...]:
    """What a plan becomes, from head to foot; never higher than ``HIGHEST``."""
    foot = (*_legend(poster), *_notes(poster))
    room = HIGHEST - sum(part.height for part in foot)
    return (*_fitting(_body(poster), room), *foot)


def _body(poster: Poster) -> Iterator[Part]:
    style = shrink(poster.title, HEAD, ROOM, HEAD_SMALLEST)
    subtitle = tuple(wrap(poster.subtitle, SUBTITLE, ROOM, 2))
    yield Head(tuple(wrap(poster.title, style, ROOM, 3)), subtitle, style)
    per_row = _tiles_per_row(len(poster.figures))
    for start in range(0, len(poster.figures), per_row):
        figures = poster.figures[start : start + per_row]
        yield Tiles(figures, per_row, first=start == 0)
    for block in poster.blocks:
        if isinstance(block, WordCards):
            yield from cards(block)
        else:
            yield from wall(block) if isinstance(block, TilesBlock) else table(block)


def _tiles_per_row(count: int) -> int:
    """Up to four stand in one row; five and six look better as two rows of three."""
    return 3 if count in {5, 6} else max(1, min(count, 4))


def _fitting(parts: Iterator[Part], room: int) -> Iterator[Part]:
    """The parts that fit into a height, and a line where the rest would be."""
    cut = Cut()
    room -= cut.height
    for part in parts:
        room -= part.height
        if room < 0:
            yield cut
            return
        yield part


def _legend(poster: Poster) -> Iterator[Part]:
    used = {light for block in poster.blocks for light in _lights(block)}
    if lights := tuple(light for light in LIGHT_MARKS if light in used):
        yield Legend(lights)


def _lights(block: Block | TilesBlock | WordCards) -> Iterator[str]:
    if isinstance(block, WordCards):
        return iter(())
    rows = block.tiles if isinstance(block, TilesBlock) else block.rows
    return (row.light for row in rows)


def _notes(poster: Poster) -> Iterator[Part]:
    wrapped = (tuple(wrap(note, NOTE, ROOM, NOTE_LINES)) for note in poster.notes[:NOTES])
    yield Notes(tuple(filter(None, wrapped)))


@dataclass(frozen=True, slots=True)
class Head:
    """The title and subtitle on a red band."""

    title: tuple[str, ...]
    subtitle: tuple[str, ...]
    style: Type

    @property
    def height(self) -> int:
        """Grows with the lines."""
        return 88 + 84 * len(self.title) + 50 * len(self.subtitle)

    def draw(self, canvas: Canvas, top: int) -> None:
        """Draw it."""
        canvas.box(0, top, WIDTH, self.height, RED)
        canvas.box(0, top + self.height - 6, WIDTH, 6, GOLD)
        middle = top + 44 + 42
        for line in self.title:
            canvas.text(MARGIN, middle, line, self.style, ROOM)
            middle += 84
        middle -= 12
        for line in self.subtitle:
            canvas.text(MARGIN, middle, line, SUBTITLE, ROOM)
            middle += 50


@dataclass(frozen=True, slots=True)
class Tiles:
    """A row of figures, each with its name; the first row hangs half on the red band."""

    figures: tuple[tuple[str, str], ...]
    per_row: int
    first: bool
    height: int = 176
    gap: int = 20

    def draw(self, canvas: Canvas, top: int) -> None:
        """Draw them."""
        if self.first:
            canvas.box(0, top - 6, WIDTH, 78, RED)
            canvas.box(0, top + 72, WIDTH, 6, GOLD)
        width = (ROOM - self.gap * (self.per_row - 1)) // self.per_row
        for index, (name, value) in enumerate(self.figures):
            left = MARGIN + index * (width + self.gap)
            canvas.rounded(left, top, width, 156, 18, LINE)
            canvas.rounded(left + 2, top + 2, width - 4, 152, 16, TILE)
            x, room = left + width // 2, width - 32
            style = shrink(value, Type(60, BOLD, RED), room, 34)
            canvas.text(x, top + 56, value, style, room, Align.CENTRE)
            style = shrink(name, Type(34, colour=MUTED), room, 28)
            canvas.text(x, top + 118, name, style, room, Align.CENTRE)


@dataclass(frozen=True, slots=True)
class Cut:
    """Says that the picture ends before the list does."""

    height: int = 90

    def draw(self, canvas: Canvas, top: int) -> None:
        """Draw it."""
        text = t("papers.poster.cut")
        canvas.text(WIDTH // 2, top + 45, text, Type(34, colour=MUTED), ROOM, Align.CENTRE)


@dataclass(frozen=True, slots=True)
class Legend:
    """What the lights mean."""

    lights: tuple[str, ...]
    height: int = 84

    def draw(self, canvas: Canvas, top: int) -> None:
        """Draw it."""
        step = 240
        for index, light in enumerate(self.lights):
            left = MARGIN + INNER + index * step
            canvas.mark(left + 13, top + 52, LIGHT, LIGHT_MARKS[light], LIGHTS[light])
            text = t(f"papers.poster.light_{light}")
            canvas.text(left + 40, top + 52, text, NOTE, step - 40)


@dataclass(frozen=True, slots=True)
class Notes:
    """Small print at the foot under a thin line, one tuple of lines a note."""

    notes: tuple[tuple[str, ...], ...]

    @property
    def height(self) -> int:
        """Without notes a margin is left."""
        return 80 + sum(46 * len(note) + 10 for note in self.notes) if self.notes else 48

    def draw(self, canvas: Canvas, top: int) -> None:
        """Draw them."""
        if self.notes:
            canvas.box(MARGIN, top + 24, ROOM, 2, LINE)
        middle = top + 66
        for note in self.notes:
            for line in note:
                canvas.text(MARGIN, middle, line, NOTE, ROOM)
                middle += 46
            middle += 10
