"""Cards of words on a poster: a heading and what somebody wrote, whole, two beside each other."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from bot.papers.canvas import WIDTH, Canvas
from bot.papers.lettering import BOLD, MEDIUM, Type, wrap
from bot.papers.palette import GOLD, LINE, RED, TILE
from bot.papers.part import MARGIN, Part
from bot.papers.table import Nothing, Title
from handlers.spec import WordCard, WordCards

BESIDE: Final = 2
GAP: Final = 20
INNER: Final = 28
COLUMN: Final = (WIDTH - 2 * MARGIN - GAP * (BESIDE - 1)) // BESIDE
HEADING: Final = Type(40, BOLD)
LABEL: Final = Type(28, MEDIUM, RED)
WORDS: Final = Type(32)
LINE_HEIGHT: Final = 46
HEAD: Final = 84
MOST: Final = 14
"""Lines of one paragraph; a longer one ends in dots and stands whole on the page."""


def cards(block: WordCards) -> Iterator[Part]:
    """A block from its title to its last row of cards."""
    if block.title:
        yield Title(block.title)
    if not block.cards:
        yield Nothing()
    for start in range(0, len(block.cards), BESIDE):
        yield CardRow(tuple(_set(card) for card in block.cards[start : start + BESIDE]))


@dataclass(frozen=True, slots=True)
class Set:
    """A card with its words broken into lines."""

    heading: str
    paragraphs: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def height(self) -> int:
        """Grows with its words."""
        return HEAD + sum(58 + LINE_HEIGHT * len(lines) for _, lines in self.paragraphs) + 12


def _set(card: WordCard) -> Set:
    room = COLUMN - 2 * INNER
    return Set(
        card.heading,
        tuple((label, tuple(wrap(text, WORDS, room, MOST))) for label, text in card.paragraphs),
    )


@dataclass(frozen=True, slots=True)
class CardRow:
    """Cards side by side, all as high as the highest."""

    row: tuple[Set, ...]

    @property
    def height(self) -> int:
        """With the gap below."""
        return max(card.height for card in self.row) + GAP

    def draw(self, canvas: Canvas, top: int) -> None:
        """Draw them."""
        high = self.height - GAP
        for index, card in enumerate(self.row):
            left = MARGIN + index * (COLUMN + GAP)
            canvas.rounded(left, top, COLUMN, high, 16, LINE)
            canvas.rounded(left + 2, top + 2, COLUMN - 4, high - 4, 14, TILE)
            room = COLUMN - 2 * INNER
            canvas.text(left + INNER, top + 46, card.heading, HEADING, room)
            canvas.box(left + INNER, top + 76, 56, 4, GOLD)
            middle = top + HEAD + 34
            for label, lines in card.paragraphs:
                canvas.text(left + INNER, middle, label, LABEL, room)
                middle += 44
                for line in lines:
                    canvas.text(left + INNER, middle, line, WORDS, room)
                    middle += LINE_HEIGHT
                middle += 14
