"""The board 数据总览: who may open it, and that its figures are the facts'."""

import re
from datetime import timedelta
from io import BytesIO
from statistics import median

from PIL import Image

from tests.visitor import Visitor, figures
from tests.world import Company, World


async def reported(world: World) -> dict[int, float]:
    """Four branches report, two of them three weeks ago; what they reached."""
    reached = {1: 42.0, 2: 97.0, 5: 88.0, 6: 10.0}
    for branch in (1, 6):
        await world.say(f"b{branch}p1", f"/进展 {reached[branch]}% 完成", f"wr{branch}")
    world.clock.move_to(world.clock.now() + timedelta(days=20))
    for branch in (2, 5):
        await world.say(f"b{branch}p1", f"/进展 {reached[branch]}% 完成", f"wr{branch}")
    return reached


async def test_the_overview_shows_what_was_reported(visitor: Visitor) -> None:
    reached = await reported(visitor.world)
    await visitor.enter("dangjian")
    status, html = await visitor.get("/board/overview")
    assert status == 200
    found = figures(html)
    assert found["在用支部"] == "7"
    assert found["立项覆盖率"] == "100%"
    assert found["进度中位数"] == f"{median(reached.values()):g}%"
    assert found["14 天内报过"] == f"{round(2 / 7 * 100, 1):g}%"
    assert found["停滞项目"] == "3"  # never reported since the year began
    for branch, percent in reached.items():
        tile = re.search(rf"<b>{Company.NAMES[branch - 1]}</b>(.*?)</li>", html, re.DOTALL)
        assert tile
        assert f"{percent:g}%" in tile[1]
    assert "口径：" in html
    assert html.count("<svg") > 2
    assert "style=" not in html


async def test_a_year_has_its_months_beside_the_last_years(visitor: Visitor) -> None:
    await reported(visitor.world)
    await visitor.enter("dangjian")
    _, html = await visitor.get("/board/overview")
    table = re.search(r"每月报送</h2>.*?</table>", html, re.DOTALL)
    assert table
    cells = dict(
        re.findall(r'<th scope="row">(\d+月)</th><td class="figure">([^<]+)</td>', table[0])
    )
    assert cells["11月"] == "2"
    assert cells["12月"] == "2"
    assert cells["1月"] == "0"


async def test_only_overseers_open_it(visitor: Visitor) -> None:
    for path in ("/board/overview", "/wall/overview", "/board/overview.png", "/board/none"):
        await visitor.enter("b1p0")
        assert (await visitor.get(path))[0] == 404
    await visitor.enter("dangjian")
    assert (await visitor.get("/board/overview?unit=none"))[0] == 409
    status, html = await visitor.get("/board/overview?unit=GS")
    assert status == 200
    assert "青禾供电公司" in html


async def test_the_wall_and_the_picture_show_the_same_tiles(visitor: Visitor) -> None:
    await reported(visitor.world)
    await visitor.enter("dangjian")
    status, html = await visitor.get("/wall/overview")
    assert status == 200
    assert 'http-equiv="refresh"' in html
    assert all(name in html for name in Company.NAMES)
    status, kind, data = await visitor.fetch("/board/overview.png")
    assert (status, kind) == (200, "image/png")
    with Image.open(BytesIO(data)) as image:
        assert image.width == 1080
        assert image.height > 1500
