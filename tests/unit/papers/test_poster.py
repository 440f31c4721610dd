"""Posters: whole, within the platform's limits, the same every time, and readable."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from bot.papers.palette import (
    CREAM,
    INK,
    LIGHTS,
    MEDALS,
    MUTED,
    PAGE,
    RED,
    STRIPE,
    TILE,
    Colour,
    palette,
)
from bot.papers.part import MARGIN
from bot.papers.poster import HIGHEST, Cut, Head, Notes, Tiles, draw, layout
from bot.papers.table import LIGHT_MARKS, Role, Row, columns_of
from bot.papers.wall import TileRow
from handlers.board import Tile, TilesBlock
from handlers.ranking import WIDTHS
from handlers.spec import Block, Poster, PosterRow
from tests.unit.papers.plans import HEADINGS, NAMES, NOTE, ranking, row, rows

LIMIT = 2 * 1024 * 1024


def opened(data: bytes) -> Image.Image:
    """The picture as a phone shows it."""
    assert len(data) <= LIMIT
    with Image.open(BytesIO(data)) as image:
        assert image.format == "PNG"
        return image.convert("RGB")


def colours(image: Image.Image) -> set[object]:
    """All colours of a picture."""
    return {colour for _, colour in image.getcolors(1 << 24) or ()}


def drawn_rows(poster: Poster) -> list[Row]:
    return [part for part in layout(poster) if isinstance(part, Row)]


@pytest.mark.parametrize("count", [0, 1, 20, 60])
def test_rankings_of_any_length_are_drawn_whole(count: int) -> None:
    poster = ranking(rows(count))
    image = opened(draw(poster))
    assert image.width == 1080
    assert image.height == sum(part.height for part in layout(poster))
    assert len(drawn_rows(poster)) == count
    assert not any(isinstance(part, Cut) for part in layout(poster))


def test_a_poster_of_twenty_rows_is_light() -> None:
    assert len(draw(ranking(rows(20)))) < 300_000


def test_the_same_plan_gives_the_same_bytes_in_every_process() -> None:
    script = (
        "import hashlib; from bot.papers.poster import draw;"
        "from tests.unit.papers.plans import ranking, rows;"
        "print(hashlib.sha256(draw(ranking(rows(9)))).hexdigest())"
    )
    root = Path(__file__).parents[3]
    env = os.environ | {"PYTHONHASHSEED": "7"}
    other = subprocess.run(
        [sys.executable, "-c", script], cwd=root, env=env, capture_output=True, check=True
    )
    here = hashlib.sha256(draw(ranking(rows(9)))).hexdigest()
    assert other.stdout.decode().strip() == here


def test_nothing_is_drawn_in_the_margins() -> None:
    long = "国网江源市供电公司特高压输电线路运维检修中心带电作业班组联合党支部" * 3
    wide = ranking([row(i, long, 99.95, "red", -1234) for i in range(1, 1200, 150)])
    poster = replace(wide, notes=(NOTE * 9,), subtitle=long, title=long)
    image = opened(draw(poster))
    head = sum(part.height for part in layout(poster) if isinstance(part, Head | Tiles))
    for left in (0, image.width - MARGIN + 4):
        strip = image.crop((left, head, left + MARGIN - 4, image.height))
        assert colours(strip) == {PAGE}
    band = image.crop((0, 0, MARGIN, 80)), image.crop((image.width - MARGIN + 4, 0, 1080, 80))
    assert [colours(strip) for strip in band] == [{RED}, {RED}]


def test_a_list_too_long_for_a_picture_says_where_it_ends() -> None:
    poster = ranking(rows(500))
    parts = layout(poster)
    assert sum(part.height for part in parts) <= HIGHEST
    assert isinstance(parts[-3], Cut)  # then the legend and the notes
    assert isinstance(parts[-1], Notes)
    opened(draw(poster))


def test_a_plan_with_nothing_in_it_is_still_a_picture() -> None:
    opened(draw(Poster(title="")))


def test_places_and_names_and_figures_are_set_each_in_their_way() -> None:
    columns = columns_of(Block(headings=HEADINGS, widths=WIDTHS, rows=rows(5)))
    assert [column.role for column in columns] == [Role.PLACE, Role.TEXT, *[Role.FIGURE] * 3]
    rights = [column.left + column.width for column in columns]
    assert rights == sorted(rights)
    assert rights[-1] <= 1080 - MARGIN


def test_a_column_of_words_stays_on_the_left_even_with_a_number_in_it() -> None:
    block = Block(rows=(PosterRow(cells=("停电", "1203")), PosterRow(cells=("95598", "88"))))
    assert [column.role for column in columns_of(block)] == [Role.TEXT, Role.FIGURE]


def test_rows_shorter_than_the_table_are_filled_up() -> None:
    block = Block(headings=("词", "次数"), rows=(PosterRow(cells=("停电",)),))
    opened(draw(Poster(title="热词", blocks=(block,))))


def test_lights_differ_in_shape_and_not_only_in_colour() -> None:
    assert len(set(LIGHT_MARKS.values())) == len(LIGHT_MARKS) == len(LIGHTS)
    one_ink = [colour_blind(draw(ranking([row(9, light=light)]))) for light in LIGHTS]
    assert len(set(one_ink)) == len(LIGHTS)


def colour_blind(data: bytes) -> bytes:
    """What is left of a picture when every colour but the ground is one."""
    grey = opened(data).convert("L")
    return grey.point(lambda value: 255 if value > 220 else 0).tobytes()


def test_gains_are_marked_in_red_and_losses_in_grey() -> None:
    def ink(change: int | None) -> set[object]:
        plan = Poster(title="", blocks=(Block(widths=WIDTHS, rows=(row(9, change=change),)),))
        return colours(opened(draw(plan)).crop((0, 120, 1080, 220)))

    assert RED in ink(3)
    assert RED not in ink(-3)
    assert ink(-3) == ink(0)


def test_a_bar_is_as_long_as_the_share() -> None:
    def gold(percent: float) -> int:
        plan = Poster(title="", blocks=(Block(widths=WIDTHS, rows=(row(9, percent=percent),)),))
        image = opened(draw(plan)).crop((0, 100, 1080, 300))
        return max(
            sum(image.getpixel((x, y)) == (192, 144, 60) for x in range(1080)) for y in range(200)
        )

    whole = gold(100)
    assert gold(250) == whole
    assert gold(50) == pytest.approx(whole / 2, abs=3)
    assert 0 < gold(0.1) < 20
    assert gold(0) == gold(-5) == gold(float("nan")) == 0


def _contrast(one: Colour, other: Colour) -> float:
    """Contrast of two colours after WCAG 2.2."""

    def luminance(colour: Iterable[int]) -> float:
        parts = (c / 255 for c in colour)
        red, green, blue = (
            p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    dark, bright = sorted((luminance(one), luminance(other)))
    return (bright + 0.05) / (dark + 0.05)


def test_words_and_signs_stand_out_from_what_is_behind_them() -> None:
    words = [(INK, STRIPE), (MUTED, STRIPE), (RED, STRIPE), (RED, TILE), (TILE, RED), (CREAM, RED)]
    assert min(_contrast(*pair) for pair in words) >= 4.5
    signs = [(light, STRIPE) for light in LIGHTS.values()] + [(m, TILE) for m in MEDALS]
    assert min(_contrast(*pair) for pair in signs) >= 3


@pytest.mark.parametrize("colour", [PAGE, STRIPE, TILE, INK, MUTED, RED, *LIGHTS.values(), *MEDALS])
def test_the_palette_keeps_the_colours_as_they_are(colour: Colour) -> None:
    dot = Image.new("RGB", (1, 1), colour)
    kept = dot.quantize(palette=palette(), dither=Image.Dither.NONE).convert("RGB")
    assert kept.getpixel((0, 0)) == colour


WORDS = st.text(max_size=60) | st.sampled_from(NAMES)
ROWS = st.builds(
    PosterRow,
    cells=st.lists(WORDS | st.integers(-9, 999).map(str), max_size=6).map(tuple),
    bar=st.none() | st.floats(),
    light=st.sampled_from(["", "green", "yellow", "red", "?"]),
    change=st.none() | st.integers(),
)
BLOCKS = st.builds(
    Block,
    title=WORDS,
    headings=st.lists(WORDS, max_size=6).map(tuple),
    widths=st.lists(st.floats(0.01, 1), max_size=6).map(tuple),
    rows=st.lists(ROWS, max_size=8).map(tuple),
)
POSTERS = st.builds(
    Poster,
    title=WORDS,
    subtitle=WORDS,
    figures=st.lists(st.tuples(WORDS, WORDS), max_size=8).map(tuple),
    blocks=st.lists(BLOCKS, max_size=3).map(tuple),
    notes=st.lists(WORDS, max_size=4).map(tuple),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(POSTERS)
def test_any_plan_becomes_a_picture_within_the_limits(poster: Poster) -> None:
    image = opened(draw(poster))
    assert image.width == 1080
    assert image.height <= HIGHEST


def test_the_heaviest_picture_stays_within_the_limit() -> None:
    name = "鬱灪麤龘靐齉爨纛彠籲" * 4
    crowd = [PosterRow(cells=(str(i), name, name, name), bar=1, light="red") for i in range(200)]
    poster = Poster(
        title=name * 9,
        subtitle=name * 9,
        figures=((name, name),) * 12,
        blocks=(Block(title=name, headings=(name,) * 4, rows=tuple(crowd)),),
        notes=(name * 40,) * 9,
    )
    opened(draw(poster))


@pytest.mark.parametrize("count", [0, 1, 12, 60, 305])
def test_a_wall_of_any_size_fits_a_picture(count: int) -> None:
    lights = ("green", "yellow", "red", "blue", "")
    tiles = tuple(
        Tile(f"{NAMES[n % 7]}{n}", f"{n % 101}%", lights[n % 5], "停滞 32 天") for n in range(count)
    )
    poster = Poster(title="挂图作战", blocks=(TilesBlock(tiles=tiles, title="生产服务型"),))
    parts = layout(poster)
    assert sum(len(part.tiles) for part in parts if isinstance(part, TileRow)) == count
    assert not any(isinstance(part, Cut) for part in parts)
    image = opened(draw(poster))
    used = {lights[n % 5] for n in range(count)} - {""}
    assert {LIGHTS[light] for light in used} <= colours(image)
    head = sum(part.height for part in parts if isinstance(part, Head))
    edge = image.crop((image.width - MARGIN + 4, head, image.width, image.height))
    assert colours(edge) == {PAGE}
