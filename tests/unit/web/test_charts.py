"""Charts: true to the figures, and nothing in them that the page's CSP would refuse."""

import re
from collections.abc import Sequence
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.web.charts import SIZES, draw, legend, text_of, top_of
from handlers.board import ChartBlock

MONTHS = [f"{n}月" for n in range(1, 13)]
values = st.one_of(st.none(), st.floats(0, 5000, allow_nan=False).map(lambda x: round(x, 1)))


def chart(
    labels: Sequence[str], *rows: Sequence[float | None], unit: str = "", lines: bool = False
) -> ChartBlock:
    series = [(f"第{n}组", row) for n, row in enumerate(rows, 1)]
    return ChartBlock(labels=labels, series=series, unit=unit, lines=lines)


def drawings(block: ChartBlock) -> list[ET.Element]:
    """The two drawings; an SVG that is not well-formed raises."""
    text = str(draw(block))
    # Our own drawing, not a stranger's.
    found = [ET.fromstring(one) for one in re.findall(r"<svg.*?</svg>", text, re.DOTALL)]  # noqa: S314
    assert [one.get("class") for one in found] == [f"chart {size.name}" for size in SIZES]
    return found


@given(
    st.integers(1, 24).flatmap(
        lambda n: st.tuples(
            st.lists(st.lists(values, min_size=n, max_size=n), min_size=1, max_size=7),
            st.lists(st.text(max_size=12), min_size=n, max_size=n),
        )
    ),
    st.sampled_from(["lines", "bars"]),
    st.sampled_from(["", "%", "条"]),
)
def test_any_figures_are_drawn_inside_the_frame(
    figures: tuple[list[list[float | None]], list[str]], look: str, unit: str
) -> None:
    rows, labels = figures
    printable = ["".join(c for c in label if c.isprintable()) for label in labels]
    block = chart(printable, *rows, unit=unit, lines=look == "lines")
    if all(value is None for row in rows for value in row):
        assert draw(block) == ""
        return
    for svg in drawings(block):
        _, _, width, height = map(float, svg.attrib["viewBox"].split())
        for shape in svg.iter():
            assert "style" not in shape.attrib
            if shape.tag == "rect":
                x, y = float(shape.attrib["x"]), float(shape.attrib["y"])
                assert -4 <= x <= x + float(shape.attrib["width"]) <= width + 6
                assert -4 <= y <= y + float(shape.attrib["height"]) <= height + 4


def test_bars_are_as_high_as_their_figures() -> None:
    for svg in drawings(chart(MONTHS, [float(n * 7) for n in range(12)])):
        bars = [float(bar.attrib["height"]) for bar in svg.iter("rect")]
        for n, height in enumerate(bars[1:], 1):
            assert height == pytest.approx(bars[1] * n, abs=0.8)


def test_bars_with_long_names_lie() -> None:
    names = ["江源省送变电工程建设公司第一党支部", "江源营销服务中心党支部"] * 4
    for svg in drawings(chart(names, [5.0, 10.0] * 4)):
        widths = [float(bar.attrib["width"]) for bar in svg.iter("rect")]
        assert widths[1] == pytest.approx(widths[0] * 2, abs=0.2)
        assert [text.text for text in svg.iter("text") if text.get("class") == "name"] == names


def test_a_line_breaks_where_a_figure_is_missing() -> None:
    block = chart(MONTHS[:5], [10.0, 20.0, None, 30.0, 40.0], lines=True)
    for svg in drawings(block):
        lines = [line.attrib["points"].split() for line in svg.iter("polyline")]
        assert [len(points) for points in lines] == [2, 2]
        assert len(list(svg.iter("circle"))) == 4


@pytest.mark.parametrize(
    ("most", "unit", "top"),
    [(63, "%", 100), (130, "%", 150), (7, "条", 8), (3, "条", 3), (1463, "条", 1500), (0, "", 1)],
)
def test_the_scale_ends_at_a_round_figure(most: float, unit: str, top: float) -> None:
    found, step = top_of(chart(["甲"], [float(most)], unit=unit))
    assert found == top
    assert found / step == pytest.approx(round(found / step))


def test_series_differ_in_shape_as_well_as_in_colour() -> None:
    block = chart(MONTHS, *[[1.0] * 12] * 6, lines=True)
    shapes = {re.sub(r'class="[ls]\d"', "", str(sign)) for _, sign in legend(block)}
    assert len(shapes) >= 5


def test_what_people_wrote_stays_text() -> None:
    block = chart(["<script>alert(1)</script>"], [1.0])
    assert "<script" not in str(draw(block))
    assert text_of(1.5) == "1.5"
    assert text_of(2.0) == "2"
    assert text_of(None) == "—"
