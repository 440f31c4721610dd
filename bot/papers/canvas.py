"""The drawing board of all pictures: text, smooth shapes, bars and discs on one image."""

from enum import StrEnum
from functools import lru_cache
from io import BytesIO
from typing import Final

from PIL import Image, ImageDraw

from bot.papers.fonts import font
from bot.papers.lettering import Type, shorten
from bot.papers.palette import GOLD, TRACK, Colour, palette

WIDTH: Final = 1080
SMOOTH: Final = 4
"""Shapes are drawn this many times larger and scaled down, so that their edges are smooth."""
MIDDLE: Final = 0.37
"""From the baseline to the middle of a Chinese character, in sizes; figures have it there too."""


class Align(StrEnum):
    """Where the given x lies in a line of text; the value is Pillow's anchor."""

    LEFT = "ls"
    CENTRE = "ms"
    RIGHT = "rs"


class Mark(StrEnum):
    """A small solid sign."""

    DISC = "disc"
    SQUARE = "square"
    UP = "up"
    DOWN = "down"
    DIAMOND = "diamond"


class Canvas:
    """A picture that is being drawn. All measures are pixels; y grows downwards."""

    def __init__(self, height: int, ground: Colour) -> None:
        self.image = Image.new("RGB", (WIDTH, height), ground)
        self._draw = ImageDraw.Draw(self.image)

    def text(
        self, x: int, middle: int, text: str, style: Type, width: int, align: Align = Align.LEFT
    ) -> None:
        """Write one line, its middle at ``middle``, shortened to ``width``."""
        baseline = middle + round(style.size * MIDDLE)
        line = shorten(text, style, width)
        face = font(style.size, style.weight)
        self._draw.text((x, baseline), line, font=face, fill=style.colour, anchor=align.value)

    def box(self, left: int, top: int, width: int, height: int, colour: Colour) -> None:
        """Fill a rectangle."""
        self._draw.rectangle((left, top, left + width - 1, top + height - 1), fill=colour)

    def rounded(
        self, left: int, top: int, width: int, height: int, radius: int, colour: Colour
    ) -> None:
        """Fill a rectangle with round corners."""
        self.image.paste(colour, (left, top), _rounded(width, height, radius))

    def mark(self, x: int, middle: int, size: int, mark: Mark, colour: Colour) -> None:
        """Draw a sign with its middle at a point."""
        self.image.paste(colour, (x - size // 2, middle - size // 2), _mark(mark, size))

    def bar(self, left: int, middle: int, width: int, height: int, share: float) -> None:
        """Draw a progress bar; a share outside 0..1 is drawn as the nearer end."""
        top = middle - height // 2
        self.rounded(left, top, width, height, height // 2, TRACK)
        if share > 0:
            filled = max(height, round(width * min(share, 1.0)))
            self.rounded(left, top, filled, height, height // 2, GOLD)

    def png(self) -> bytes:
        """The picture as a PNG with a palette: a third of the bytes, the same to the eye."""
        small = self.image.quantize(palette=palette(), dither=Image.Dither.NONE)
        target = BytesIO()
        small.save(target, "PNG", compress_level=6)
        return target.getvalue()


@lru_cache(maxsize=256)
def _rounded(width: int, height: int, radius: int) -> Image.Image:
    large = Image.new("L", (width * SMOOTH, height * SMOOTH), 0)
    box = (0, 0, width * SMOOTH - 1, height * SMOOTH - 1)
    ImageDraw.Draw(large).rounded_rectangle(box, radius * SMOOTH, fill=255)
    return large.reduce(SMOOTH)


@lru_cache(maxsize=64)
def _mark(mark: Mark, size: int) -> Image.Image:
    """The sign as a mask; all signs of a size look equally heavy."""
    side = size * SMOOTH - 1
    large = Image.new("L", (size * SMOOTH, size * SMOOTH), 0)
    draw = ImageDraw.Draw(large)
    if mark is Mark.DISC:
        draw.ellipse((0, 0, side, side), fill=255)
    elif mark is Mark.SQUARE:
        inset = side // 14
        draw.rectangle((inset, inset, side - inset, side - inset), fill=255)
    elif mark is Mark.DIAMOND:
        draw.polygon([(side / 2, 0), (side, side / 2), (side / 2, side), (0, side / 2)], fill=255)
    else:
        tip, foot = (side // 12, side - side // 12)
        points = [(side / 2, tip), (side, foot), (0, foot)]
        if mark is Mark.DOWN:
            points = [(x, side - y) for x, y in points]
        draw.polygon(points, fill=255)
    return large.reduce(SMOOTH)
