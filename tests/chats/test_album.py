"""The book of outstanding projects, the pages half way, and the wall."""

import re
from datetime import date, timedelta
from io import BytesIO

import docx
import pytest
from PIL import Image
from sqlalchemy import update

from models.project import Project, Stage
from tests.chats.projects import heard
from tests.faces import excel_rows, html_tables
from tests.visitor import Visitor
from tests.world import Company, World

TOLD = "/中期交流 阶段成效：线损率由 6.1% 降到 4.2% 下一步：推广到全部台区 主要做法：党员包台区"


def honour(world: World, *branches: int) -> None:
    """Projects that came to a good end."""
    with world.store.writing() as session:
        for branch in branches:
            session.execute(
                update(Project)
                .where(Project.unit_id == branch + 1)
                .values(
                    outstanding=True,
                    stage=Stage.CONCLUDED,
                    problem=f"第{branch}个问题",
                    indicator=f"指标{branch}",
                    indicator_unit="%",
                    baseline="90",
                    target="95",
                    actual="96.5",
                    better="up",
                    carrier=f"载体{branch}：党员包保",
                    result=f"成效{branch}：提高 6.5 个点",
                    evidence="业务系统月报",
                )
            )


def texts_of(document: bytes) -> list[str]:
    read = docx.Document(BytesIO(document))
    return [paragraph.text for paragraph in read.paragraphs if paragraph.text.strip()]


async def test_the_book_holds_each_outstanding_project_in_four_parts(visitor: Visitor) -> None:
    honour(visitor.world, 1, 5)
    await visitor.enter("b3p1")
    status, _, data = await visitor.fetch("/paper/album.docx?year=2026")
    assert status == 200
    words = texts_of(data)
    joined = "\n".join(words)
    assert "2 个项目成为突出贡献项目，占党支部总数的 28.6%" in joined
    for branch in (1, 5):
        start = words.index(f"第{branch}个问题")
        assert words[start - 1] == "一、解决的问题"
        tail = words[start:]
        for part in (
            f"载体{branch}：党员包保",
            f"成效{branch}：提高 6.5 个点",
            "数据来源：业务系统月报。",
        ):
            assert part in tail
    tables = [
        [cell.text for cell in row.cells]
        for table in docx.Document(BytesIO(data)).tables
        for row in table.rows
    ]
    assert all(any(row) for row in tables)
    assert ["指标1", "%", "90", "95", "96.5 %（达到目标）"] in tables
    assert "第2个问题" not in joined
    status, kind, data = await visitor.fetch("/paper/album.pdf?year=2026")
    assert (status, kind) == (200, "application/pdf")
    _, html = await visitor.get("/board/album")
    assert "/paper/album.pdf?year=2026" in html
    assert "城南供电所党支部" in html


async def test_the_book_comes_through_the_chat(world: World) -> None:
    assert "还没有突出贡献项目" in (await world.say("b3p1", "/项目集")).text
    honour(world, 2)
    assert "（1 个项目）" in (await world.say("b3p1", "/项目集 2026")).text
    await heard(world, "b3p1")
    files = [m for m in world.desk.heard("b3p1") if m.media]
    names = sorted(world.desk.platform.media[m.media[0]].name for m in files)
    assert names == ["2026年度卓越实践项目集.docx", "2026年度卓越实践项目集.pdf"]


async def test_pages_half_way_are_chosen_and_bound(visitor: Visitor) -> None:
    world = visitor.world
    assert "已收到中期交流材料" in (await world.say("b1p1", TOLD)).text
    assert "已收到" in (await world.say("b2p1", TOLD.replace("6.1%", "7.7%"))).text
    assert (
        "用数据说话"
        in (await world.say("b3p1", "/中期交流 阶段成效：效果很好 主要做法：党员包保")).text
    )
    await world.say("b3p1", "/取消")
    shown = (await world.say("dangjian", "/查 XM-2026-0002")).text
    assert "阶段成效：线损率由 7.7% 降到 4.2%" in shown
    await visitor.enter("dangjian")
    words = texts_of((await visitor.fetch("/paper/midterm.docx?year=2026"))[2])
    assert "线损率由 6.1% 降到 4.2%" in words
    assert "线损率由 7.7% 降到 4.2%" in words
    _, html = await visitor.get("/record/XM-2026-0002")
    token = re.search(r'name="token" value="([^"]+)"', html)
    assert token
    form = {"token": token[1], "action": "midterm.choose:XM-2026-0002", "back": "/"}
    url = f"http://127.0.0.1:{world.runtime.port}/act"
    async with visitor.session.post(url, data=form) as answer:
        assert "已选为交流发言" in await answer.text()
    words = texts_of((await visitor.fetch("/paper/midterm.docx?year=2026"))[2])
    assert "线损率由 7.7% 降到 4.2%" in words
    assert "线损率由 6.1% 降到 4.2%" not in words
    assert any("选为中期交流发言" in text for text in await heard(world, "b2p0"))
    await visitor.enter("b1p1")
    async with visitor.session.post(url, data=form) as answer:
        assert answer.status == 403


@pytest.fixture
def walled(visitor: Visitor) -> Visitor:
    """Projects that began a week ago, so that every light is to be had."""
    start = visitor.world.clock.now().date() - timedelta(days=49)
    with visitor.world.store.writing() as session:
        session.execute(update(Project).values(starts_on=start, ends_on=start + timedelta(days=99)))
        session.execute(update(Project).where(Project.unit_id == 8).values(stage=Stage.ENDED))
    return visitor


async def test_the_wall_shows_every_branch_by_light(walled: Visitor) -> None:
    world = walled.world
    for branch, percent in ((1, 50), (2, 41), (3, 40), (4, 21), (5, 20)):
        await world.say(f"b{branch}p1", f"/进展 {percent}% 一")
    await walled.enter("b1p1")
    _, html = await walled.get("/board/wall")
    tiles = re.findall(r'<li class="(\w*)">(.*?)</li>', html, re.DOTALL)
    lights = {}
    for light, tile in tiles:
        name = re.search(r"<b>([^<]+)</b>", tile)
        assert name
        lights[Company.NAMES.index(name[1]) + 1] = light
    # Half of the time is gone: ten points behind are yellow, thirty are red.
    assert lights == {
        1: "green",
        2: "green",
        3: "yellow",
        4: "yellow",
        5: "red",
        6: "",
        7: "",
    }
    assert "未立项" in html
    _, html = await walled.get("/board/wall?light=red&type=management")
    assert re.findall(r"<b>([^<]+)</b>", html.split('class="wall"')[1]) == ["办公室党支部"]


async def test_the_wall_comes_as_a_picture(world: World) -> None:
    await world.say("b1p1", "/挂图作战", "wr1")
    world.runtime.outbox.wake()
    picture = await world.desk.until(
        lambda: next((m for m in world.desk.heard("wr1") if m.media), None), 20
    )
    data = world.desk.platform.media[picture.media[0]].data
    assert Image.open(BytesIO(data)).width == 1080


async def test_the_year_before_can_be_looked_at(visitor: Visitor) -> None:
    with visitor.world.store.writing() as session:
        session.execute(
            update(Project)
            .where(Project.unit_id == 2)
            .values(year=2025, starts_on=date(2025, 1, 1), ends_on=date(2025, 12, 31))
        )
    await visitor.enter("b1p1")
    _, html = await visitor.get("/board/wall?year=2025")
    assert len(re.findall(r"未立项\s*<", html)) == 6
    # The ledger, too, as page, as Excel and in chat.
    _, html = await visitor.get("/ledger/distribution?of=2025&cols=branch,project,number")
    assert '<option value="2025" selected>2025 年度</option>' in html
    old = [row for row in html_tables(html)[0] if row[2] == "XM-2026-0001"]
    assert old == [["城南供电所党支部", "城南供电所党支部提升项目", "XM-2026-0001"]]
    rows = excel_rows((await visitor.fetch("/ledger/distribution.xlsx?of=2025"))[2])
    assert sum(row[1] == "未立项" for row in rows) == 6
    said = (await visitor.world.say("b1p1", "/台账 项目分布明细表 2025")).text
    assert said.count("未立项") == 6
    said = (await visitor.world.say("b1p1", "/台账 项目分布明细表")).text
    assert said.count("未立项") == 1
    await visitor.world.say("b1p1", "/导出 项目分布明细表 2025")
    await heard(visitor.world, "b1p1")
    (file,) = [m for m in visitor.world.desk.heard("b1p1") if m.media]
    rows = excel_rows(visitor.world.desk.platform.media[file.media[0]].data)
    assert sum(row[1] == "未立项" for row in rows) == 6
