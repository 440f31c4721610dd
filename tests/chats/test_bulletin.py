"""管控进展情况通报: last month's counts, shown first, told once to every group and on paper."""

from datetime import UTC, datetime
from io import BytesIO

import aiohttp
import docx

from tests.chats.projects import heard
from tests.days import SHANGHAI
from tests.visitor import Visitor, figures
from tests.world import World

OCTOBER = datetime(2026, 10, 20, 2, 0, tzinfo=UTC)
"""A Tuesday, 10:00 in Shanghai; Monday 2 November is the first working day after the month."""
WHOLE = "全部 7 个党支部，立项 7 个；本月报送进展 4 次，3 个支部有报送；停滞 4 个，滞后 1 个"


async def moved(world: World, moment: datetime) -> None:
    """Time passes; the clock looks several times, things happen once."""
    world.clock.move_to(moment)
    await world.desk.connected(20)
    for _ in range(3):
        await world.runtime.scheduler.sweep()
    await world.delivered()
    await world.desk.settled()


async def test_a_month_is_told_once_and_names_nobody(sqlite_url: str) -> None:
    world = World(sqlite_url, OCTOBER)
    world.settle()
    await world.open()
    try:
        await world.open_chats([f"wr{n}" for n in range(1, 8)])
        for branch, percent in ((1, 40), (1, 85), (2, 60), (5, 20)):
            assert "JZ-" in (await world.say(f"b{branch}p1", f"/进展 {percent}% 做完一批")).text
        await world.say("zhuanye", "/定级 XM-2026-0002 A 支撑线损指标")
        await moved(world, datetime(2026, 11, 2, 8, 30, tzinfo=SHANGHAI))
        shown = [text for text in await heard(world, "dangjian") if "情况通报" in text]
        assert len(shown) == 1
        assert not [m for m in world.desk.heard("wr1") if "情况通报" in m.text]
        # What is said in November does not count for October.
        await world.say("b3p1", "/进展 70% 十一月的")
        await moved(world, datetime(2026, 11, 2, 9, 30, tzinfo=SHANGHAI))
        for number in range(1, 8):
            (told,) = [m.text for m in world.desk.heard(f"wr{number}") if "情况通报" in m.text]
            assert WHOLE in told
            assert "定级 1 次" in told
            # 40 and 85, 60 | 20: by the end of October 83.3 are planned, and 30 behind is red.
            assert "生产服务型：4 个支部，报送 3 次（2 个支部），停滞 2 个，滞后 0 个" in told
            assert "管理型：2 个支部，报送 1 次（1 个支部），停滞 1 个，滞后 1 个" in told
            assert "经营型：1 个支部，报送 0 次（0 个支部），停滞 1 个，滞后 0 个" in told
            assert "党支部员工" not in told
            assert "城南" not in told
        assert WHOLE in (await world.say("b4p1", "/情况通报")).text
        await on_paper(world)
    finally:
        await world.close()


async def on_paper(world: World) -> None:
    """The page and the Word file hold the same figures as the words."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar) as session:
        visitor = Visitor(world, session)
        await visitor.enter("b3p1")
        _, html = await visitor.get("/board/bulletin")
        assert figures(html) == {"报送次数": "4", "有报送的支部": "3", "停滞": "4", "滞后": "1"}
        status, _, data = await visitor.fetch("/paper/bulletin.docx?month=2026-10")
        assert status == 200
        document = docx.Document(BytesIO(data))
        assert any(WHOLE in paragraph.text for paragraph in document.paragraphs)
        rows = [[cell.text for cell in row.cells] for row in document.tables[0].rows]
        assert ["报送次数", "1", "3", "0", "4"] in rows
        _, html = await visitor.get("/board/bulletin?month=2026-09")
        assert figures(html)["报送次数"] == "0"
