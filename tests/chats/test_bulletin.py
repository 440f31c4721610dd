"""管控进展情况通报: a month's counts, frozen, shown first, told once, held, corrected."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO

import aiohttp
import docx
import pytest
from sqlalchemy import update

from config.rules import default_rules
from models.progress import Progress, ReportState
from tests.chats.projects import heard, press
from tests.days import SHANGHAI
from tests.faces import paragraphs
from tests.visitor import Visitor, figures
from tests.world import World

OCTOBER = datetime(2026, 10, 20, 2, 0, tzinfo=UTC)
"""A Tuesday, 10:00 in Shanghai; Monday 2 November is the first working day after the month."""
EARLY = datetime(2026, 11, 2, 8, 30, tzinfo=SHANGHAI)
NINE = datetime(2026, 11, 2, 9, 30, tzinfo=SHANGHAI)
WHOLE = "全部 7 个党支部，立项 7 个；本月报送进展 4 次，3 个支部有报送；停滞 4 个，滞后 1 个"


async def moved(world: World, moment: datetime) -> None:
    """Time passes; the clock looks several times, things happen once."""
    world.clock.move_to(moment)
    await world.desk.connected(20)
    for _ in range(3):
        await world.runtime.scheduler.sweep()
    await world.delivered()
    await world.desk.settled()


@pytest.fixture
async def october(sqlite_url: str) -> AsyncIterator[World]:
    """Three of seven branches report in October; one of them twice."""
    made = await opened(sqlite_url)
    yield made
    await made.close()


@pytest.fixture
async def both_octobers(database_url: str) -> AsyncIterator[World]:
    """The same on each database."""
    made = await opened(database_url)
    yield made
    await made.close()


async def opened(url: str) -> World:
    world = World(url, OCTOBER)
    world.settle()
    await world.open()
    await world.open_chats([f"wr{n}" for n in range(1, 8)])
    for branch, percent in ((1, 40), (1, 85), (2, 60), (5, 20)):
        assert "JZ-" in (await world.say(f"b{branch}p1", f"/进展 {percent}% 做完一批")).text
    await world.say("zhuanye", "/定级 XM-2026-0002 A 支撑线损指标")
    return world


def told(world: World, chat: str) -> list[str]:
    """What a group heard of it unasked."""
    return [m.text for m in world.desk.heard(chat) if "情况通报" in m.text and not m.answers]


async def test_a_month_is_told_once_and_names_nobody(both_octobers: World) -> None:
    world = both_octobers
    assert "还没有发布过" in (await world.say("b4p1", "/情况通报")).text
    await moved(world, EARLY)
    shown = [text for text in await heard(world, "dangjian") if "情况通报" in text]
    assert len([text for text in shown if WHOLE in text]) == 1
    assert not told(world, "wr1")
    assert "还没有发布过" in (await world.say("b4p1", "/情况通报")).text
    assert "待发布，还没有发布" in (await world.say("dangjian", "/情况通报")).text
    # What is said in November does not count for October.
    await world.say("b3p1", "/进展 70% 十一月的")
    await moved(world, NINE)
    for number in range(1, 8):
        (text,) = told(world, f"wr{number}")
        assert WHOLE in text
        assert "定级 1 次" in text
        # 40 and 85, 60 | 20: by the end of October 83.3 are planned, and 30 behind is red.
        assert "生产服务型：4 个支部，报送 3 次（2 个支部），停滞 2 个，滞后 0 个" in text
        assert "管理型：2 个支部，报送 1 次（1 个支部），停滞 1 个，滞后 1 个" in text
        assert "经营型：1 个支部，报送 0 次（0 个支部），停滞 1 个，滞后 0 个" in text
        assert "党支部员工" not in text
        assert "城南" not in text
    assert WHOLE in (await world.say("b4p1", "/情况通报")).text
    await on_paper(world)


async def test_what_was_told_stays_and_is_corrected_beside_it(october: World) -> None:
    world = october
    await moved(world, NINE)
    # A report of October is withdrawn in November: what the groups have read stands.
    with world.store.writing() as session:
        session.execute(update(Progress).values(state=ReportState.WITHDRAWN))
    assert WHOLE in (await world.say("b4p1", "/情况通报 QK-2026-0010")).text
    assert "要由党建部来办" in (await world.say("b1p0", "/更正通报 QK-2026-0010 少算一次")).text
    typed = "/更正通报 QK-2026-0010 输电运检党支部十月报送过一次，漏计"
    assert "更正已登记" in (await world.say("dangjian", typed)).text
    await moved(world, NINE + timedelta(minutes=10))
    for chat in ("wr1", "wr7"):
        first, note = told(world, chat)
        assert WHOLE in first
        assert "**更正**：2026年10月管控进展情况通报" in note
        assert "漏计" in note
    assert "更正：输电运检党支部十月报送过一次，漏计" in (await world.say("b1p1", "/情况通报")).text
    shown = (await world.say("b1p1", "/查 QK-2026-0010")).text
    assert "漏计" in shown
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar) as session:
        visitor = Visitor(world, session)
        await visitor.enter("b3p1")
        _, html = await visitor.get("/board/bulletin")
        assert figures(html)["报送次数"] == "4"
        assert "漏计" in html
        data = (await visitor.fetch("/paper/bulletin.docx"))[2]
        words = paragraphs(docx.Document(BytesIO(data)))
        assert words[words.index("更正") + 1] == "1．输电运检党支部十月报送过一次，漏计"
        # The office corrects by the page as well.
        await visitor.enter("dangjian")
        assert "/form/issue_note?number=QK-2026-0010" in (await visitor.get("/board/bulletin"))[1]
        status, _ = await visitor.fill("issue_note", number="QK-2026-0010", text="另：口径不变")
        assert status == 200
    await moved(world, NINE + timedelta(minutes=20))
    assert len(told(world, "wr1")) == 3


async def test_held_in_chat_and_released_on_the_page(october: World) -> None:
    world = october
    await moved(world, EARLY)
    assert "已暂缓" in (await world.say("dangjian", "/暂缓通报 QK-2026-0010 数据要核对")).text
    await moved(world, NINE)
    assert not told(world, "wr1")
    assert "发布管控进展情况通报" in (await world.say("dangjian", "/待办")).text
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar) as session:
        visitor = Visitor(world, session)
        await visitor.enter("b3p1")
        assert "还没有发布过" in (await visitor.get("/board/bulletin"))[1]
        assert (await visitor.fetch("/paper/bulletin.docx?number=QK-2026-0010"))[0] == 409
        assert (await visitor.get("/record/QK-2026-0010"))[0] == 409
        await visitor.enter("dangjian")
        _, html = await visitor.get("/record/QK-2026-0010")
        assert "数据要核对" in html
        token = re.search(r'name="token" value="([^"]+)"', html)
        assert token
        form = {"token": token[1], "action": "issue.release:QK-2026-0010", "back": "/"}
        url = f"http://127.0.0.1:{world.runtime.port}/act"
        async with session.post(url, data=form) as answer:
            assert "已发布" in await answer.text()
    await moved(world, NINE + timedelta(minutes=10))
    assert len(told(world, "wr1")) == 1
    assert "已经发布过了" in (await world.say("dangjian", "/暂缓通报 QK-2026-0010 晚了")).text


async def test_with_a_gate_nothing_goes_out_by_itself(sqlite_url: str) -> None:
    rules = default_rules()
    project = replace(rules.project, bulletin_gate="approve")
    world = World(sqlite_url, OCTOBER)
    world.settle()
    await world.open(rules=replace(rules, project=project))
    try:
        await world.open_chats(["wr1"])
        await moved(world, NINE)
        assert not told(world, "wr1")
        await press(world, "dangjian", "issue.release:QK-2026-0010")
        await moved(world, NINE + timedelta(minutes=10))
        assert len(told(world, "wr1")) == 1
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
        status, _, data = await visitor.fetch("/paper/bulletin.docx?number=QK-2026-0010")
        assert status == 200
        document = docx.Document(BytesIO(data))
        assert any(WHOLE in paragraph.text for paragraph in document.paragraphs)
        rows = [[cell.text for cell in row.cells] for row in document.tables[0].rows]
        assert ["报送次数", "1", "3", "0", "4"] in rows
