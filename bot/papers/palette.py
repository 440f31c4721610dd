"""The colours of all pictures, and the palette that keeps the files small.

Deep red and gold on warm paper, as on the boards of a party office. The traffic light never rests
on red against green: it differs in shape and lightness, and its hues (after Okabe and Ito) stay
apart for people who do not see red or green.
"""

from functools import cache
from itertools import chain
from typing import Final, TypeAlias

from PIL import Image

Colour: TypeAlias = tuple[int, int, int]

PAGE: Final[Colour] = (255, 252, 246)
STRIPE: Final[Colour] = (250, 243, 232)
TILE: Final[Colour] = (255, 255, 255)
LINE: Final[Colour] = (228, 214, 192)
TRACK: Final[Colour] = (238, 226, 206)
INK: Final[Colour] = (43, 35, 32)
MUTED: Final[Colour] = (112, 100, 92)
RED: Final[Colour] = (179, 32, 42)
CREAM: Final[Colour] = (255, 236, 208)
GOLD: Final[Colour] = (192, 144, 60)
MEDALS: Final[tuple[Colour, ...]] = ((190, 138, 36), (134, 138, 146), (168, 104, 62))
LIGHTS: Final[dict[str, Colour]] = {
    "green": (0, 128, 108),
    "yellow": (202, 120, 0),
    "red": (196, 44, 36),
    "blue": (31, 95, 191),
}

_STEPS: Final = 10
_APART: Final = 6
"""Shades closer than this in every channel are one: the quantiser would mix them up."""
_MEETINGS: Final[tuple[tuple[Colour, Colour], ...]] = (
    *((front, PAGE) for front in (INK, MUTED, RED, GOLD, TRACK, LINE, *LIGHTS.values(), *MEDALS)),
    *((front, STRIPE) for front in (INK, MUTED, RED)),
    *((front, TILE) for front in (INK, MUTED, RED, LINE)),
    *((TILE, medal) for medal in MEDALS),
    *((light, TILE) for light in LIGHTS.values()),
    *((front, RED) for front in (TILE, CREAM)),
    (GOLD, TRACK),
)
"""Which colours meet at an edge; the shades between them smooth it."""


@cache
def palette() -> Image.Image:
    """All colours and the shades between those that meet, as an image to quantise with."""
    shades = list(dict.fromkeys(chain.from_iterable(_MEETINGS)))
    for front, ground in _MEETINGS:
        for step in range(1, _STEPS):
            shade = _between(front, ground, step / _STEPS)
            if all(_distance(shade, other) > _APART for other in shades):
                shades.append(shade)
    image = Image.new("P", (1, 1))
    image.putpalette(list(chain.from_iterable(shades)))
    return image


def _distance(one: Colour, other: Colour) -> int:
    return max(abs(a - b) for a, b in zip(one, other, strict=True))


def _between(front: Colour, ground: Colour, share: float) -> Colour:
    red, green, blue = (
        round(f * share + g * (1 - share)) for f, g in zip(front, ground, strict=True)
    )
    return red, green, blue
