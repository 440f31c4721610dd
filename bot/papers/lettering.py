"""Measuring, shortening and wrapping Chinese text by its real width in pixels."""

import re
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Final

from bot.papers.fonts import drawable, font
from bot.papers.palette import INK, Colour
from config.texts import t

REGULAR: Final = 400
MEDIUM: Final = 500
BOLD: Final = 700
DOTS: Final = "…"
_NARROWEST: Final = 5
"""No character of a typeface is narrower than a fifth of its size: bounds what is measured."""


@dataclass(frozen=True, slots=True)
class Type:
    """How text looks: size in pixels of the picture, weight, colour."""

    size: int
    weight: int = REGULAR
    colour: Colour = INK


def measure(text: str, style: Type) -> int:
    """The width of one line in pixels."""
    size, weight = style.size, style.weight
    return sum(_advance(character, size, weight) for character in text)


@lru_cache(maxsize=50_000)
def _advance(character: str, size: int, weight: int) -> int:
    """The width of one character; whole pixels, and there is no kerning between them.

    Kept because the font engine loads the whole outline just to tell its width.
    """
    return round(font(size, weight).getlength(character))


def shrink(text: str, style: Type, width: int, smallest: int) -> Type:
    """The style, made smaller until the line fits, though never below ``smallest``."""
    natural = measure(drawable(text)[: _NARROWEST * width // smallest + 1], style)
    if natural <= width:
        return style
    return replace(style, size=max(smallest, style.size * width // natural))


def shorten(text: str, style: Type, width: int) -> str:
    """The line, cut in the middle if it is wider than ``width`` pixels.

    The end stays because it tells names apart that begin alike (第一党支部, 第二党支部).
    """
    text = drawable(text)
    low, high = 0, min(len(text), _NARROWEST * width // style.size + 1)
    if high == len(text) and measure(text, style) <= width:
        return text
    while low < high:
        kept = (low + high + 1) // 2
        if measure(_without_middle(text, kept), style) <= width:
            low = kept
        else:
            high = kept - 1
    return _without_middle(text, low)


def _without_middle(text: str, kept: int) -> str:
    tail = kept * 2 // 5
    return text[: kept - tail].rstrip() + DOTS + text[len(text) - tail :].lstrip()


def wrap(text: str, style: Type, width: int, limit: int) -> list[str]:
    """Break a text into at most ``limit`` lines; dots say that there was more.

    No line begins with closing or ends with opening punctuation, and words and numbers stay whole.
    """
    lines = [""]
    # What lies beyond the last line need not be measured.
    reach = (limit + 1) * (_NARROWEST * width // style.size + 1)
    for atom in _atoms(drawable(text)[:reach], style, width):
        if measure((lines[-1] + atom).rstrip(), style) <= width:
            lines[-1] += atom
        else:
            lines.append(atom.lstrip())
    lines = [line.rstrip() for line in lines if line.strip()]
    if len(lines) <= limit:
        return lines
    last = lines[limit - 1] + DOTS
    while measure(last, style) > width and len(last) > 1:
        last = last[:-2] + DOTS
    return [*lines[: limit - 1], last]


def _atoms(text: str, style: Type, width: int) -> list[str]:
    """The smallest pieces between which a line may break."""
    atoms: list[str] = []
    for atom in _pattern().findall(text):
        atoms.extend([atom] if measure(atom, style) <= width else atom)
    return atoms


@cache
def _pattern() -> re.Pattern[str]:
    closing, opening = re.escape(t("papers.wrap.closing")), re.escape(t("papers.wrap.opening"))
    word = r"[A-Za-z0-9][A-Za-z0-9.,:%/_+-]*"
    return re.compile(rf"[{opening}]*(?:{word}|.)[{closing}]*")
