"""书记听您说: pages, the public digest, the clock's jobs, the calendar, the operator's export."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from openpyxl import load_workbook
from sqlalchemy import select, update

from bot.cli import main
from models.calendar import CalendarDay
from models.classify import LearntWord
from models.group import Group
from models.person import Person, PersonState
from models.push import Content, Push
from models.suggestion import State, Suggestion
from tests.chats.test_suggestion import GLOVES, JY1, one, steps, to_answer, to_end, to_work
from tests.talker import Talker
from tests.visitor import Visitor
from tests.world import World

TUESDAY = datetime(2026, 11, 17, 2, 0, tzinfo=UTC)


@pytest.fixture
async def talker(sqlite_url: str) -> AsyncIterator[Talker]:
    made = Talker(sqlite_url, TUESDAY)
    await made.open()
    yield made
    await made.close()


async def act(visitor: Visitor, number: str, action: str) -> str:
    """Press a button of a record's page."""
    status, html = await visitor.get(f"/record/{number}")
    assert status == 200, html
    assert f'value="{action}"' in html, action
    token = re.search(r'name="token" value="([^"]+)"', html)
    assert token
    url = f"http://127.0.0.1:{visitor.world.runtime.port}/act"
    data = {"token": token[1], "action": action, "back": "/"}
    async with visitor.session.post(url, data=data) as answer:
        return await answer.text()


async def test_by_page_alone(visitor: Visitor, world: World) -> None:
    """From the form to the rating without one word in chat."""
    await visitor.enter("b1p3")
    _, html = await visitor.fill("suggestion", said=GLOVES, level="实名")
    assert JY1 in html
    await visitor.enter("b2p2")
    _, html = await visitor.fill("suggestion", said="手套磨损得太快了，爬几次杆就破，希望多发几副")
    assert JY1 in html
    assert "附议第1条" in html
    _, html = await visitor.fill(
        "suggestion", said="手套磨损得太快了，爬几次杆就破，希望多发几副", same="附议第1条"
    )
    assert "已附议" in html
    await visitor.enter("b1p0")
    await act(visitor, JY1, f"suggestion.acknowledge:{JY1}")
    await visitor.fill("suggestion_assign", number=JY1, person="b1p1")
    await visitor.enter("b1p1")
    await act(visitor, JY1, f"suggestion.accept:{JY1}")
    await visitor.fill("suggestion_answer", number=JY1, said="已联系物资部门，下周补发两副")
    await visitor.enter("b1p0")
    await act(visitor, JY1, f"suggestion.approve:{JY1}")
    await visitor.enter("b1p1")
    await visitor.fill("suggestion_done", number=JY1, said="手套已经发到班组")
    await visitor.enter("b1p0")
    await act(visitor, JY1, f"suggestion.verify:{JY1}")
    await visitor.enter("b1p3")
    await visitor.fill("rate", number=JY1, solved="是", stars="5")
    _, html = await visitor.get(f"/record/{JY1}")
    assert "已解决，5 分" in html
    with world.store.reading() as session:
        assert session.scalars(select(Suggestion.state)).one() is State.RATED
    await visitor.enter("shuji")
    status, html = await visitor.get("/board/suggestions")
    assert status == 200
    assert "100%" in html
    status, html = await visitor.get("/board/suggestions?period=2026-13")
    assert status == 409


async def test_what_was_put_right_is_told_when_somebody_decides_so(
    visitor: Visitor, world: World
) -> None:
    await world.say("b1p3", f"/建议 {GLOVES}")
    with world.store.writing() as session:
        session.execute(update(Suggestion).values(state=State.RECTIFIED, answer="已经补发"))
    refused = await world.say("b2p0", f"/公开建议 {JY1} 否 班组手套由半年一发改为按季发")
    assert "没有找到" in refused.text
    await visitor.enter("b5p2")
    assert (await visitor.get(f"/record/{JY1}"))[0] == 409
    await world.say("b1p0", f"/公开建议 {JY1} 否 班组手套由半年一发改为按季发")
    status, html = await visitor.get(f"/record/{JY1}")
    assert status == 200
    assert GLOVES not in html
    assert "城南员工3" not in html
    status, html = await visitor.get("/board/digest")
    assert "按季发" in html


async def test_last_months_figures_reach_the_groups(talker: Talker) -> None:
    for branch in (1, 2, 3):
        await talker.say(f"b{branch}p2", f"/建议 食堂的饭菜太咸了，希望清淡一点，{branch}号楼")
        await talker.say(f"b{branch}p2", "提交")
    talker.clock.move_to(datetime(2026, 12, 1, 1, 5, tzinfo=UTC))
    await talker.runtime.scheduler.sweep()
    await talker.runtime.scheduler.sweep()
    with talker.store.reading() as session:
        rows = session.execute(
            select(Push.conversation, Content.body)
            .join(Content, Content.digest == Push.digest)
            .where(Push.dedupe.startswith("suggestion-month"))
        ).all()
        chats = set(session.scalars(select(Group.chatid).where(Group.unit_id.is_not(None))))
    assert {row.conversation for row in rows} == chats
    assert len(rows) == 2 * len(chats)
    assert any("征集 **3** 条" in row.body and "食堂" in row.body for row in rows)
    assert any("hot_words" in row.body for row in rows)


async def test_corrections_are_learnt_on_sunday(talker: Talker) -> None:
    for n in range(4):
        await talker.say(f"b1p{n + 1}", f"/建议 智慧杆塔的盒子第{n}次离线，没有人管这个事")
        await talker.say(f"b1p{n + 1}", "提交")
    with talker.store.writing() as session:
        session.execute(update(Suggestion).values(category="equipment", category_confirmed=True))
    talker.clock.move_to(datetime(2026, 11, 21, 20, 11, tzinfo=UTC))
    await talker.runtime.scheduler.sweep()
    with talker.store.reading() as session:
        words = dict(session.execute(select(LearntWord.word, LearntWord.count)).all())
    assert words[""] == 4
    assert words["盒子"] == 4


async def test_a_changed_calendar_lists_what_moves_and_asks(talker: Talker) -> None:
    await talker.say("b1p3", f"/建议 {GLOVES}")
    assert one(talker).due_at == datetime(2026, 11, 18, 10, tzinfo=UTC)
    assert "你的角色办不了" in await talker.say("b1p0", "/工作日 2026年11月18日 休息")
    asked = await talker.say("dangjian", "/工作日 2026年11月18日 休息")
    assert JY1 in asked
    assert "11月18日（周三） → 11月19日（周四）" in asked
    assert one(talker).due_at == datetime(2026, 11, 18, 10, tzinfo=UTC)
    answer = await talker.say("dangjian", "是")
    assert "顺延的待办 1 件" in answer
    assert one(talker).due_at == datetime(2026, 11, 19, 10, tzinfo=UTC)
    assert steps(talker)[-1] == "moved"
    with talker.store.reading() as session:
        (row,) = session.execute(select(CalendarDay.day, CalendarDay.working)).all()
    assert (row.day, row.working) == (date(2026, 11, 18), False)
    await talker.say("dangjian", "/工作日 2026年12月25日 休息")
    with talker.store.reading() as session:
        assert len(session.scalars(select(CalendarDay)).all()) == 2


async def test_whoever_leaves_owes_nothing_any_more(talker: Talker) -> None:
    await to_work(talker)
    assert "答复建议" in await talker.say("b1p1", "/待办")
    with talker.store.writing() as session:
        leaving = session.scalars(select(Person).where(Person.userid == "b1p1")).one()
        leaving.state = PersonState.LEFT
    assert "答复建议" in await talker.say("b1p0", "/待办")


async def test_clocks_reach_the_digest(talker: Talker) -> None:
    await talker.say("b1p3", f"/建议 {GLOVES}")
    assert "受理建议" in await talker.say("b1p0", "/待办")
    await talker.tap("b1p0", f"suggestion.acknowledge:{JY1}")
    assert "分办建议" in await talker.say("b1p0", "/待办")
    await talker.say("b1p0", f"/分办 {JY1} 承办人：b1p1")
    assert "分办建议" not in await talker.say("b1p0", "/待办")
    await talker.tap("b1p1", f"suggestion.accept:{JY1}")
    await talker.say("b1p1", f"/答复 {JY1} 已联系物资部门，下周补发两副")
    assert "审批建议答复" in await talker.say("b1p0", "/待办")
    await to_answer(talker)
    await talker.say("b1p1", f"/办结 {JY1} 手套已经发到班组")
    assert "核实建议整改" in await talker.say("b1p0", "/待办")
    await talker.tap("b1p0", f"suggestion.verify:{JY1}")
    assert "建议" not in (await talker.say("b1p0", "/待办")).replace("没有待办", "")


async def test_the_operator_exports_all_without_senders(
    talker: Talker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sqlite_url: str
) -> None:
    await talker.say("b1p3", f"/建议 {GLOVES}")
    await talker.say("b2p3", "/建议 保密 食堂晚饭排队二十多分钟，希望多开一个窗口")
    monkeypatch.setenv("ZBT_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("ZBT_DATA_KEYS", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
    target = tmp_path / "out.xlsx"
    assert main(["export", "建议", "-o", str(target)]) == 0
    head, *found = load_workbook(target).worksheets[0].iter_rows(values_only=True)
    table = [dict(zip(head, row, strict=True)) for row in found]
    senders = {row["编号"]: row["提出人"] for row in table if row["编号"]}
    assert senders[JY1] == "城南员工3"
    assert not senders["JY-2026-0002"]


async def test_months_without_end_are_no_trouble(talker: Talker) -> None:
    await to_work(talker)
    await to_answer(talker)
    await to_end(talker)
    talker.clock.move_to(TUESDAY + timedelta(days=400))
    assert "没有待办" in await talker.say("b1p1", "/待办")
