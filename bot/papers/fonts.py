"""The typeface of every picture: Noto Sans SC, variable, under the Open Font License.

It comes with the package ``justmytype-intl-cjk``; no font of the system is ever used, so the same
plan gives the same picture on every machine.
"""

import unicodedata
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from PIL import ImageFont

PACKAGE: Final = "justmytype_intl_cjk"
FILE: Final = "fonts/ofl/notosanssc/NotoSansSC[wght].ttf"
GETA: Final = "\N{GETA MARK}"
"""What typesetters put where a character is not at hand."""


@cache
def font_file() -> Path:
    """Where the font lies; ``FileNotFoundError`` if the installation is not whole."""
    spec = find_spec(PACKAGE)  # finds the folder without running the package
    for folder in (spec and spec.submodule_search_locations) or ():
        path = Path(folder, FILE)
        if path.is_file():
            return path
    raise FileNotFoundError(f"{FILE} of the package {PACKAGE}")


@cache
def font(size: int, weight: int) -> ImageFont.FreeTypeFont:
    """The typeface at a size in pixels and a weight from 100 (thin) to 900 (black).

    Basic layout: the other engine depends on a library of the system, and pictures would differ.
    """
    face = ImageFont.truetype(font_file(), size, layout_engine=ImageFont.Layout.BASIC)
    face.set_variation_by_axes([weight])
    return face


@cache
def _drawn() -> frozenset[int]:
    """Code points for which the font has a glyph (some 31,000)."""
    # Reading the table takes a tenth of a second: paid by the first picture, not at import.
    from fontTools.ttLib import TTFont  # noqa: PLC0415  (slow to import, rarely needed)

    with TTFont(font_file(), lazy=True) as face:
        return frozenset(face.getBestCmap())


def missing_glyphs(text: str) -> str:
    """The characters of a text that the font cannot draw, each once, in order of appearance."""
    return "".join(dict.fromkeys(c for c in text if ord(c) not in _drawn() and not _unseen(c)))


def drawable(text: str) -> str:
    """A text as one line that can be drawn: blanks single, nothing invisible, no empty boxes.

    A character without a glyph becomes the geta mark, as in print.
    """
    seen = "".join(c for c in text if c.isspace() or not _unseen(c))
    line = unicodedata.normalize("NFC", " ".join(seen.split()))
    return "".join(c if ord(c) in _drawn() else GETA for c in line)


def _unseen(character: str) -> bool:
    """Whether a character has no shape of its own: controls, joiners, variation selectors."""
    return (
        unicodedata.category(character) in {"Cc", "Cf"}
        or "\N{VARIATION SELECTOR-1}" <= character <= "\N{VARIATION SELECTOR-16}"
        or "\N{VARIATION SELECTOR-17}" <= character <= "\N{VARIATION SELECTOR-256}"
    )
