"""Charts as SVG, drawn on the server: no script, no inline style (the page's CSP forbids both).

A chart is drawn twice, for phones and for desktops, and the style sheet shows one of them: scaled
down, type could not be read. It is for the eye alone; the same figures stand in the table beside
it. Series differ in lightness, marker and dash as well as in hue.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import Final

from markupsafe import Markup

from handlers.board import ChartBlock

SERIES: Final = 6
"""Looks that can be told apart; a seventh series looks like the first again."""
_STEPS: Final = (1, 2, 2.5, 5, 10)
_PERCENT: Final = 100


@dataclass(frozen=True, slots=True)
class Size:
    """Measures in pixels; ``chars`` is the width of a Chinese character of the axis."""

    name: str
    width: int
    height: int
    char: int
    values: int
    """Up to so many bars carry their figures."""


SIZES: Final = (Size("on-desk", 760, 300, 14, 26), Size("on-phone", 340, 260, 12, 8))


def draw(block: ChartBlock) -> Markup:
    """Both drawings of a chart; empty if there is no figure at all."""
    if not _figures(block):
        return Markup("")
    return Markup("").join(_svg(block, size) for size in SIZES)


def text_of(value: float | None) -> str:
    """A figure as it is read: no needless decimals."""
    return "—" if value is None else f"{round(value, 1):g}"


def _figures(block: ChartBlock) -> list[float]:
    return [value for _, values in block.series for value in values if value is not None]


def top_of(block: ChartBlock) -> tuple[float, float]:
    """The end of the scale and the distance of its lines; it begins at zero, as bars must."""
    most = max([*_figures(block), 0.0])
    if block.unit == "%" and most <= _PERCENT:
        return 100.0, 25.0
    if most <= 0:
        return 1.0, 1.0
    magnitude = 10 ** floor(log10(most / 4))
    step = next(s * magnitude for s in _STEPS if s * magnitude * 4 >= most)
    if block.unit != "%" and all(value == int(value) for value in _figures(block)):
        step = float(max(1, ceil(step)))
    return ceil(most / step) * step, step


def _svg(block: ChartBlock, size: Size) -> Markup:
    across = not block.lines and _long(block.labels, size)
    body = _across(block, size) if across else _upright(block, size)
    height = _across_height(block) if across else size.height
    return Markup(
        '<svg class="chart {}" viewBox="0 0 {} {}" aria-hidden="true" focusable="false">{}</svg>\n'
    ).format(size.name, size.width, height, Markup("").join(body))


def _long(labels: Sequence[str], size: Size) -> bool:
    """Whether names are too wide to stand below upright bars."""
    room = (size.width - 60) / max(len(labels), 1)
    return max((_wide(label) for label in labels), default=0) * size.char > room + size.char


def _wide(label: str) -> float:
    return sum(0.6 if sign.isascii() else 1.0 for sign in label)


# --- upright bars and lines ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Plot:
    """Where upright figures stand."""

    left: float
    top: float
    width: float
    height: float
    most: float
    count: int

    def y(self, value: float) -> float:
        """The height of a value; beyond the scale it ends at its edge."""
        share = min(max(value / self.most, 0.0), 1.0)
        return round(self.top + self.height * (1 - share), 1)

    def x(self, index: float) -> float:
        """The middle of a column."""
        return round(self.left + self.width * (index + 0.5) / self.count, 1)


def _upright(block: ChartBlock, size: Size) -> Iterator[Markup]:
    most, step = top_of(block)
    widest = max(len(text_of(most)), 2)
    left = 10 + widest * size.char * 0.62
    plot = _Plot(left, 22, size.width - left - 8, size.height - 56, most, len(block.labels))
    yield from _scale(plot, step, size)
    yield from _names(block.labels, plot, size)
    for index, (_, values) in enumerate(block.series):
        if block.lines:
            yield from _line(plot, index, values)
        else:
            yield from _bars(plot, index, values, block, size)


def _scale(plot: _Plot, step: float, size: Size) -> Iterator[Markup]:
    value = 0.0
    while value <= plot.most + step / 1000:
        y = plot.y(value)
        yield Markup('<line class="{}" x1="{}" x2="{}" y1="{}" y2="{}"/>').format(
            "axis" if value == 0 else "grid", plot.left, size.width - 8, y, y
        )
        yield _text(plot.left - 6, y + size.char * 0.36, text_of(value), size, "end")
        value += step


def _names(labels: Sequence[str], plot: _Plot, size: Size) -> Iterator[Markup]:
    """Names below; every second or third one only, where there is no room for all."""
    widest = max((_wide(label) for label in labels), default=1) * size.char + 6
    every = max(1, ceil(widest * len(labels) / plot.width))
    last = len(labels) - 1
    for index, label in enumerate(labels):
        if (last - index) % every == 0:
            y = plot.top + plot.height + size.char + 8
            yield _text(plot.x(index), y, label, size, "middle")


def _bars(
    plot: _Plot, number: int, values: Sequence[float | None], block: ChartBlock, size: Size
) -> Iterator[Markup]:
    slot = plot.width / plot.count
    width = min(slot * 0.72 / len(block.series), 44)
    figures = plot.count * len(block.series) <= size.values
    for index, value in enumerate(values):
        if value is None:
            continue
        offset = (number - (len(block.series) - 1) / 2) * width
        left, top = plot.x(index) + offset - width / 2, plot.y(value)
        height = max(plot.y(0) - top, 1 if value else 0)
        yield Markup('<rect class="s{}" x="{}" y="{}" width="{}" height="{}" rx="2"/>').format(
            _look(number), round(left, 1), round(top, 1), round(width - 2, 1), round(height, 1)
        )
        if figures:
            yield _text(left + width / 2 - 1, top - 5, text_of(value), size, "middle", "value")


def _line(plot: _Plot, number: int, values: Sequence[float | None]) -> Iterator[Markup]:
    """A line that breaks where a figure is missing, with a marker of its own at each figure."""
    look = _look(number)
    for run in _runs(values):
        points = " ".join(f"{plot.x(index)},{plot.y(value)}" for index, value in run)
        yield Markup('<polyline class="l{}" points="{}"/>').format(look, points)
    for index, value in enumerate(values):
        if value is not None:
            yield marker(look, plot.x(index), plot.y(value))


def _runs(values: Sequence[float | None]) -> Iterator[list[tuple[int, float]]]:
    run: list[tuple[int, float]] = []
    for index, value in enumerate(values):
        if value is None:
            if run:
                yield run
            run = []
        else:
            run.append((index, value))
    if run:
        yield run


def marker(look: int, x: float, y: float) -> Markup:
    """The sign of a series: disc, square, triangle, diamond, ring, bar."""
    shapes = {
        1: Markup('<circle class="s1" cx="{0}" cy="{1}" r="4"/>').format(x, y),
        2: Markup('<rect class="s2" x="{}" y="{}" width="8" height="8"/>').format(x - 4, y - 4),
        3: Markup('<path class="s3" d="M{} {}l5 9h-10z"/>').format(x, y - 6),
        4: Markup('<path class="s4" d="M{} {}l5 5-5 5-5-5z"/>').format(x, y - 5),
        5: Markup('<circle class="l5" cx="{}" cy="{}" r="4"/>').format(x, y),
        6: Markup('<rect class="s6" x="{}" y="{}" width="10" height="4"/>').format(x - 5, y - 2),
    }
    return shapes[look]


def _look(number: int) -> int:
    return number % SERIES + 1


def legend(block: ChartBlock) -> list[tuple[str, Markup]]:
    """Names of the series with their signs."""
    return [
        (
            name,
            Markup('<svg class="sign" viewBox="0 0 16 16" aria-hidden="true">{}</svg>').format(
                marker(_look(index), 8, 8)
                if block.lines
                else Markup('<rect class="s{}" x="2" y="2" width="12" height="12"/>').format(
                    _look(index)
                )
            ),
        )
        for index, (name, _) in enumerate(block.series)
    ]


# --- bars that lie, one name a line -------------------------------------------------------------

BAR: Final = 16
GAP: Final = 30


def _across_height(block: ChartBlock) -> int:
    return 12 + len(block.labels) * (len(block.series) * BAR + GAP)


def _across(block: ChartBlock, size: Size) -> Iterator[Markup]:
    """Each name above its bars: there it has the whole width."""
    most, _ = top_of(block)
    room = size.width - 12 - 4 * size.char
    y = 6.0
    for index, label in enumerate(block.labels):
        yield _text(4, y + size.char, label, size, "start", "name")
        y += size.char + 6
        for number, (_, values) in enumerate(block.series):
            value = values[index]
            width = 0.0 if value is None else round(room * min(max(value / most, 0), 1), 1)
            yield Markup('<rect class="s{}" x="4" y="{}" width="{}" height="{}" rx="2"/>').format(
                _look(number), y, max(width, 1), BAR - 3
            )
            yield _text(width + 10, y + 11, text_of(value), size, "start", "value")
            y += BAR
        y += GAP - size.char - 6


def _text(x: float, y: float, text: str, size: Size, anchor: str, kind: str = "tick") -> Markup:
    return Markup(
        '<text class="{}" x="{}" y="{}" font-size="{}" text-anchor="{}">{}</text>'
    ).format(kind, round(x, 1), round(y, 1), size.char, anchor, text)
