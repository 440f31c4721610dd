"""走访, 不放心支部 and the board of what is overdue."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from models.notice import Notice, NoticeState
from models.project import Project
from models.visit import (
    PointKind,
    Visit,
    VisitPoint,
    VisitState,
    coverage,
    months_before,
    share_out,
)
from models.watch import Watch, WatchState
from tests.chats.test_checks import make_inspector, press
from tests.visitor import Visitor
from tests.world import World

SHANGHAI = ZoneInfo("Asia/Shanghai")


@given(st.lists(st.integers(1, 10**6), unique=True, max_size=400), st.integers(1, 30))
def test_every_branch_gets_one_visitor_and_nobody_much_more_than_others(
    branches: list[int], people: int
) -> None:
    visitors = list(range(people))
    shares = share_out(branches, visitors)
    assert list(shares) == branches
    sizes = [list(shares.values()).count(visitor) for visitor in visitors]
    assert sum(sizes) == len(branches)
    assert max(sizes) - min(sizes) <= 1
    assert list(shares.values()) == sorted(shares.values()), "neighbours stay together"
    assert share_out(branches, []) == {}


def test_figures_of_the_visits() -> None:
    assert months_before(date(2026, 8, 31), 6) == date(2026, 2, 28)
    assert months_before(date(2026, 3, 15), 6) == date(2025, 9, 15)
    assert str(coverage(305, 100)) == "67.2"
    assert coverage(0, 0) is None


async def test_a_plan_covers_every_branch_and_a_visit_takes_it_off(world: World) -> None:
    assert "办不了" in (await world.say("b1p0", "/走访计划 12月20日")).text
    made = await world.say("dangjian", "/走访计划 2026年12月20日")
    assert "7 个久未走访的支部分给 2 人" in made.text
    assert "12月18日（周五）前走完" in made.text, "the 20th is a Sunday"
    with world.store.reading() as session:
        planned = session.scalars(select(Visit)).all()
    assert {visit.branch_id for visit in planned} == set(range(2, 9))
    again = await world.say("dangjian", "/走访计划 2026年12月20日")
    assert "0 个久未走访" in again.text
    listed = await world.say("shuji", "/走访")
    assert "个支部要走访" in listed.text
    assert "走访支部" in (await world.say("shuji", "/待办")).text
    said = "/走访 城南供电所党支部 班组反映工具柜老旧"
    assert "走访由上级到支部" in (await world.say("b1p0", said)).text
    assert "走访已记录 ZF-2026-" in (await world.say("shuji", said)).text
    with world.store.reading() as session:
        visits = session.scalars(select(Visit).where(Visit.branch_id == 2)).all()
    made_by = [(v.state, v.visited_on) for v in visits if v.state is VisitState.MADE]
    assert made_by == [(VisitState.MADE, date(2026, 11, 17))]


async def test_the_visit_form_brings_problems_and_suggestions_home(visitor: Visitor) -> None:
    world = visitor.world
    await visitor.enter("shuji")
    _, html = await visitor.fill(
        "visit_sheet",
        branch="城南供电所党支部",
        day="2026年11月13日",
        look_meeting="按期召开",
        problems="1. 台账不全；2、标识脱落",
        suggestions="增加绝缘手套\n食堂延时供餐",
    )
    assert "问题和建议 4 条" in html
    assert "按补录处理" in html
    with world.store.reading() as session:
        (one,) = session.scalars(select(Visit)).all()
        points = session.scalars(select(VisitPoint).order_by(VisitPoint.ordinal)).all()
    assert one.answers == {"look_meeting": "按期召开"}
    assert [(p.kind, p.said) for p in points] == [
        (PointKind.PROBLEM, "台账不全"),
        (PointKind.PROBLEM, "标识脱落"),
        (PointKind.SUGGESTION, "增加绝缘手套"),
        (PointKind.SUGGESTION, "食堂延时供餐"),
    ]
    _, html = await visitor.enter("b1p3", f"/record/{one.number}")
    assert "四查 · 组织生活" in html
    assert "补录时间" in html
    assert (await visitor.enter("b2p3", f"/record/{one.number}"))[0] == 409
    _, html = await visitor.enter("dangjian", "/board/visits")
    assert "14.3%" in html
    assert "城北供电所党支部" in html
    _, html = await visitor.fill("visit_sheet", branch="城北供电所党支部", day="2026年11月30日")
    assert "还没到" in html


async def test_the_watch_list_is_for_a_small_circle(visitor: Visitor) -> None:
    world = visitor.world
    await visitor.enter("dangjian")
    answers = {
        "branch": "城南供电所党支部",
        "superior": "zhuanye",
        "measures": "每月驻点两天",
        "exit": "连续两个月互查 85 分以上",
        "reason": "两次整改逾期",
    }
    _, html = await visitor.fill("watch", **{**answers, "superior": "b1p2"})
    assert "不能是这个支部自己的人" in html
    _, html = await visitor.fill("watch", **answers)
    assert '已提出 <a href="/record/BF-2026-0001">BF-2026-0001</a>' in html
    _, html = await visitor.fill("watch", **answers)
    assert "已经在名单上" in html
    assert (await visitor.enter("b1p0", "/record/BF-2026-0001"))[0] == 409
    assert "请私聊我办" in (await world.say("dangjian", "/查 BF-2026-0001", "wr1")).text
    await world.say("shuji", "/查 BF-2026-0001")
    await press(world, "shuji", "签发", "watch.sign:BF-2026-0001")
    with world.store.reading() as session:
        assert session.scalars(select(Watch)).one().state is WatchState.LISTED
    await world.delivered()
    assert [m for m in world.desk.heard("b1p0") if "两次整改逾期" in m.text]
    assert not [m for m in world.desk.heard("wr1") if "BF-" in m.text]
    _, html = await visitor.enter("dangjian", "/board/watch")
    assert "BF-2026-0001" in html
    assert "存成图片" not in html
    assert (await visitor.fetch("/board/watch.png"))[0] == 404
    assert (await visitor.fetch("/board/overdue.png"))[0] == 200, "others can be sent on"
    status, html = await visitor.enter("b1p0", "/record/BF-2026-0001")
    assert status == 200
    assert "申诉" in html
    for stranger in ("b1p3", "b2p0", "admin"):
        assert (await visitor.enter(stranger, "/record/BF-2026-0001"))[0] == 409
        assert (await visitor.get("/board/watch"))[0] == 404
    await visitor.enter("b1p0")
    _, html = await visitor.fill("watch_appeal", number="BF-2026-0001", said="两次都因台风")
    assert "申诉已提交" in html
    await visitor.enter("zhuanye")
    _, html = await visitor.fill("watch_note", number="BF-2026-0001", said="驻点一天")
    assert "已记录帮扶" in html
    await visitor.enter("shuji")
    _, html = await visitor.fill("watch_lift", number="BF-2026-0001", said="条件达到")
    assert "已摘牌" in html
    for ledger in ("watch", "owed"):
        _, html = await visitor.get(f"/ledger/{ledger}")
        assert "BF-" not in html


async def test_what_is_overdue_by_unit_as_page_words_and_picture(visitor: Visitor) -> None:
    """Two branches are silent; one of them also has a notice that nobody signs for."""
    world = visitor.world
    with world.store.writing() as session:
        session.execute(update(Project).values(starts_on=date(2027, 1, 1)))
        session.execute(
            update(Project)
            .where(Project.unit_id.in_([2, 3]))
            .values(
                starts_on=date(2026, 1, 1),
                percent=50,
                reported_at=datetime(2026, 11, 1, tzinfo=SHANGHAI),
            )
        )
    make_inspector(world)
    await world.say("zhuanye", "/检查 城南供电所党支部 会议记录不全")
    await world.say("zhuanye", "/下通知 WT-2026-0001")
    await world.say("dangjian", "/整改 ZG-2026-0001")
    await press(world, "dangjian", "签发", "notice.sign:ZG-2026-0001")
    for day in (18, 19, 20, 23, 24, 25, 26, 27, 30):
        for hour, minute in ((8, 10), (8, 30)):
            world.clock.move_to(datetime(2026, 11, day, hour, minute, tzinfo=SHANGHAI))
            await world.runtime.scheduler.sweep()
    await world.desk.connected(20)
    with world.store.reading() as session:
        notice = session.scalars(select(Notice)).one()
    assert notice.state is NoticeState.ISSUED
    assert notice.supervised_on == date(2026, 11, 27)
    _, html = await visitor.enter("shuji", "/board/overdue")
    assert "青禾供电公司" in html
    assert html.index("城南供电所党支部") < html.index("城北供电所党支部")
    assert 'href="/board/overdue?unit=B1"' in html
    _, html = await visitor.get("/board/overdue?unit=B1")
    assert "签收整改通知书" in html
    assert "城北供电所党支部" not in html
    assert (await visitor.enter("b1p3", "/board/overdue"))[0] == 404
    assert (await visitor.enter("b2p0", "/board/overdue?unit=B1"))[0] == 409
    said = await world.say("shuji", "/督办")
    assert "逾期待办 3 件" in said.text
    assert "城南供电所党支部：逾期 2 件" in said.text
    picture = await world.desk.until(
        lambda: next((m for m in world.desk.heard("shuji") if m.media), None), 20
    )
    assert picture is not None
