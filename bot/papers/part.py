"""What a picture is stacked from."""

from typing import Final, Protocol

from bot.papers.canvas import Canvas

MARGIN: Final = 48
"""White on either side of everything but the head."""


class Part(Protocol):
    """A strip as wide as the picture."""

    @property
    def height(self) -> int:
        """How high it is, in pixels."""
        ...

    def draw(self, canvas: Canvas, top: int) -> None:
        """Draw it with its upper edge at ``top``."""
        ...
