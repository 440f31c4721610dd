"""Long blocks of a board are shown page by page, and nothing of them is lost."""

from hypothesis import given
from hypothesis import strategies as st

from bot.web.views import ROWS, SLIDE, TILES, Drawn, board_values
from handlers.board import BoardPage, Cell, TableBlock, Tile, TilesBlock


def drawn(block: TableBlock | TilesBlock, **params: str) -> Drawn:
    (group,) = board_values(BoardPage(title="", blocks=(block,)), params)["groups"]
    one: Drawn = group.blocks[0]
    return one


@given(st.integers(0, 3 * ROWS + 1))
def test_every_row_stands_on_exactly_one_page(count: int) -> None:
    block = TableBlock(headings=("x",), rows=[(Cell(str(n)),) for n in range(count)])
    seen: list[str] = []
    page = 1
    while True:
        one = drawn(block, p0=str(page), unit="B&1")
        assert isinstance(one.block, TableBlock)
        seen.extend(row[0].text for row in one.block.rows)
        if one.pager is None or not one.pager.after:
            break
        assert one.pager.after == f"?p0={page + 1}&unit=B%261"
        page += 1
    assert seen == [str(n) for n in range(count)]


def test_a_provinces_wall_stays_whole_and_nonsense_is_the_first_page() -> None:
    wall = TilesBlock(tiles=[Tile(str(n)) for n in range(305)])
    assert drawn(wall).pager is None
    long = TilesBlock(tiles=[Tile(str(n)) for n in range(TILES + 1)])
    for asked in ("x", "-1", "0", "²", ""):
        one = drawn(long, p0=asked)
        assert one.pager is not None
        assert (one.pager.page, one.pager.pages, one.pager.before) == (1, 2, "")
    last = drawn(long, p0="99")
    assert isinstance(last.block, TilesBlock)
    assert [tile.title for tile in last.block.tiles] == [str(TILES)]


@given(st.integers(0, TILES))
def test_a_screen_shows_every_tile_in_turn_and_never_too_many(count: int) -> None:
    block = TilesBlock(title="x", tiles=[Tile(str(n)) for n in range(count)])
    shown = board_values(BoardPage(title="", blocks=(block,)), {})["walls"]
    sizes = [len(slide.tiles) for slide in shown]
    assert [tile for slide in shown for tile in slide.tiles] == block.tiles
    assert max(sizes) <= SLIDE
    assert len(sizes) == max(-(-count // SLIDE), 1)
    assert {slide.title for slide in shown} == {"x"}
