"""走访 and 接待日: what was heard there becomes suggestions."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from models.reception import ReceptionSlot, SlotState
from models.suggestion import Source, Suggestion
from models.visit import VisitPoint
from tests.talker import Talker

START = datetime(2026, 11, 17, 2, 0, tzinfo=UTC)


@pytest.fixture
async def talker(sqlite_url: str) -> AsyncIterator[Talker]:
    made = Talker(sqlite_url, START)
    await made.open()
    yield made
    await made.close()


async def test_a_visit_in_one_line_and_its_suggestions_in_the_second_tap(talker: Talker) -> None:
    answer = await talker.say("shuji", "/走访 城南供电所 班组反映手套和雨衣都不够")
    assert "ZF-2026-0001" in answer
    assert "begin:visit_suggestion/number=ZF-2026-0001" in answer
    await talker.tap("shuji", "begin:visit_suggestion/number=ZF-2026-0001")
    assert "太短" in await talker.say("shuji", "雨衣用了三年一折就裂，申请更换\n太短了")
    answer = await talker.say(
        "shuji", "1. 雨衣用了三年一折就裂，申请更换\n2、食堂晚饭排队二十多分钟，希望多开窗口"
    )
    assert "收集建议 2 条" in answer
    with talker.store.reading() as session:
        found = session.scalars(select(Suggestion).order_by(Suggestion.number)).all()
        assert [one.said[:2] for one in found] == ["雨衣", "食堂"]
        assert {one.source for one in found} == {Source.VISIT}
        points = session.execute(select(VisitPoint.record).order_by(VisitPoint.ordinal))
        assert points.scalars().all() == [one.number for one in found]
    shown = await talker.say("b1p1", "/查 ZF-2026-0001")
    assert "JY-2026-0002" in shown
    assert "没有找到" in await talker.say("b2p0", "/走访建议 ZF-2026-0001 我来补一条很长的建议吧")


async def test_the_visit_form_brings_suggestions_at_once(talker: Talker) -> None:
    answer = await talker.say(
        "shuji",
        "【走访表】\n支部：城南供电所\n问题：工具柜老旧\n收到的建议：雨衣用了三年一折就裂，申请更换\n太短了",
    )
    assert "收集建议 1 条" in answer, answer
    with talker.store.reading() as session:
        assert session.scalars(select(Suggestion.number)).all() == ["JY-2026-0001"]
        records = session.scalars(select(VisitPoint.record).order_by(VisitPoint.ordinal)).all()
        assert records == ["", "JY-2026-0001", ""]


async def test_a_reception_day_from_plan_to_suggestion(talker: Talker) -> None:
    assert "安排书记接待日" in await talker.say("shuji", "/待办")
    rest = await talker.say("shuji", "/设接待日 2026年11月21日 9:00 2 20 三楼会议室")
    assert "休息日" in rest
    await talker.say("shuji", "/取消")
    answer = await talker.say("shuji", "/设接待日 2026年11月20日 9:00 2 20 三楼会议室")
    assert "JD-2026-0001" in answer
    assert "安排书记接待日" not in await talker.say("shuji", "/待办")
    listed = await talker.say("b1p1", "/接待日")
    assert "还有 2 个空" in listed
    await talker.tap("b1p1", "begin:reception_book/number=JD-2026-0001")
    assert "09:00" in await talker.say("b1p1", "想谈值班室取暖")
    assert "已经约过" in await talker.say("b1p1", "/约接待 JD-2026-0001 再约一次")
    assert "09:20" in await talker.say("b2p1", "/约接待 JD-2026-0001 想谈班车")
    assert "已经约满" in await talker.say("b3p1", "/约接待 JD-2026-0001 想谈食堂")
    await talker.tap("b2p1", "reception.cancel:JD-2026-0001")
    assert "09:20" in await talker.say("b3p1", "/约接待 JD-2026-0001 想谈食堂")
    hidden = await talker.say("b4p1", "/查 JD-2026-0001")
    assert "取暖" not in hidden
    assert "取暖" in await talker.say("shuji", "/查 JD-2026-0001")
    assert "还没有到" in await talker.say("shuji", "/接待记录 JD-2026-0001 1 是 谈了取暖")
    talker.clock.move_to(START + timedelta(days=3))
    await talker.say("shuji", "/接待记录 JD-2026-0001 2 否")
    answer = await talker.say(
        "shuji",
        "/接待记录 编号：JD-2026-0001 时段：1 来了：是 要点：谈了取暖"
        " 建议：值班室冬天没有暖气，希望装个空调",
    )
    assert "转为建议：JY-2026-0001" in answer
    with talker.store.reading() as session:
        states = session.scalars(
            select(ReceptionSlot.state).order_by(ReceptionSlot.starts_at)
        ).all()
        assert states == [SlotState.HELD, SlotState.MISSED]
        one = session.scalars(select(Suggestion)).one()
        assert one.source is Source.RECEPTION
    assert "JY-2026-0001" in await talker.say("b1p1", "/我的")
    assert "没有找到" in await talker.say("b2p0", "/接待记录 JD-2026-0001 1 是 乱写一笔")
