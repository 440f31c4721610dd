"""示范岗 and 责任区: set up, measured by the own department's standard, assessed by both sides."""

import re
from datetime import UTC, datetime

from sqlalchemy import select

from models.person import Person
from models.post import Post, PostMark, PostState
from models.reorganise import Act, person_leaves
from tests.chats.test_pledges import caught_up, tap, words
from tests.visitor import Visitor
from tests.world import World

SET_UP = "/设岗 示范岗 95598工单岗 责任人：b1p1 范围：工单派发和回访"


def marks(world: World) -> list[tuple[str, bool, int]]:
    with world.store.reading() as session:
        rows = session.scalars(select(PostMark).order_by(PostMark.id))
        return [(row.period, row.committee, row.score) for row in rows]


async def day(world: World, year: int, month: int, at: int) -> None:
    world.clock.move_to(datetime(year, month, at, 2, 0, tzinfo=UTC))
    await world.desk.connected(20)


async def test_a_year_of_a_post_and_the_difference_shown_to_both(both_worlds: World) -> None:
    world = both_worlds
    await caught_up(world)
    answer = await world.say("b1p0", SET_UP)
    assert "GQ-2026-0001" in answer.text
    assert "还没有示范岗标准" in answer.text
    await world.say("dangjian", "/岗区标准 示范岗 公司通用：工单 2 小时内派发（100 分）")
    await world.say("b1p0", "/岗区标准 示范岗 本支部：工单 1 小时内派发（100 分）")
    assert "工单 1 小时内派发" in (await world.say("b1p1", "/查 GQ-2026-0001")).text
    await day(world, 2027, 1, 4)
    await world.runtime.scheduler.sweep()
    await world.delivered()
    await world.desk.until(
        lambda: "2026年第4季度岗区自评开始了" in words(world, "b1p0") or None, 20
    )
    assert "岗区季度自评" in (await world.say("b1p1", "/待办")).text
    assert "岗区季度自评" not in (await world.say("b1p2", "/待办")).text
    await tap(world, "b1p1", "begin:post_self")
    await world.say("b1p1", "92分")
    answer = await world.say("b1p1", "跳过")  # the quarter: the one that ended
    answer = await world.say("b1p1", "工单全部按时派发")
    assert "2026年第4季度自评：92 分" in answer.text
    assert "岗区年度评定" in (await world.say("shuji", "/待办")).text
    answer = await world.say("shuji", "/评定 GQ-2026-0001 88 夜间工单有两次超时")
    assert "比自评低 4 分" in answer.text
    await world.delivered()
    await world.desk.until(lambda: "比自评低 4 分" in words(world, "b1p1") or None, 20)
    assert marks(world) == [("2026-Q4", False, 92), ("2026", True, 88)]
    assert "岗区年度评定" not in (await world.say("shuji", "/待办")).text
    assert "92" in (await world.say("b1p1", "/台账 岗区评价")).text
    assert "还没有内容" in (await world.say("b1p2", "/台账 岗区评价")).text
    assert "95598工单岗" in (await world.say("b1p2", "/台账 岗区")).text


REFUSED = [
    ("b1p1", SET_UP, "你的角色办不了"),
    ("b2p0", SET_UP, "你的角色办不了"),
    ("b1p0", "/设岗 示范岗 调度岗 责任人：dangjian 范围：值班调度", "没有编入党支部"),
    ("b1p1", "/自评 GQ-2026-0001 92 按时派发", "还没有结束"),
    ("b1p2", "/自评 GQ-2026-0001 92 按时派发", "不是你的岗区"),
    ("b1p1", "/自评 GQ-2026-0001 101 按时派发", "0 到 100"),
    ("b1p1", "/自评 GQ-2026-0001 92 季度：2026年一季度 说明：按时派发", "那时还没有设"),
    ("b1p0", "/评定 GQ-2026-0001 88 有两次超时", "你的角色办不了"),
    ("dangjian", "/评定 GQ-2026-0001 88 年度：2025年 说明：有超时", "那时还没有设"),
    ("dangjian", "/评定 GQ-2026-0001 88 年度：2027年 说明：有超时", "还没有结束"),
    ("b1p0", "/换岗 GQ-2026-0001 责任人：b2p1", "同一个支部"),
    ("b2p2", "/查 GQ-2026-0001", "没有找到"),
    (
        "b2p0",
        "/岗区标准 示范岗 单位：城南供电所党支部 标准：工单 1 小时内派发完毕",
        "你的角色办不了",
    ),
]


async def test_what_is_not_allowed_says_why_and_changes_nothing(world: World) -> None:
    await world.say("b1p0", SET_UP)
    for who, typed, hint in REFUSED:
        answer = await world.say(who, typed)
        assert hint in answer.text, (typed, answer.text)
    assert marks(world) == []
    await day(world, 2026, 12, 8)  # from the quarter's last month on
    await world.say("b1p1", "/自评 GQ-2026-0001 92 按时派发")
    assert "已经评过了" in (await world.say("b1p1", "/自评 GQ-2026-0001 95 改一下")).text
    await world.say("dangjian", "/评定 GQ-2026-0001 95 做得好")
    assert "已经评过了" in (await world.say("shuji", "/评定 GQ-2026-0001 60 再评")).text
    with world.store.writing() as session:
        person_leaves(
            session,
            session.scalars(select(Person).where(Person.userid == "b1p1")).one(),
            Act(world.clock.now(), "dangjian"),
        )
    await day(world, 2027, 4, 2)
    assert "岗区责任人已离开" in (await world.say("b1p0", "/待办")).text
    await tap(world, "b1p0", "begin:post_owner")
    await world.say("b1p0", "b1p2")
    assert "岗区责任人已离开" not in (await world.say("b1p0", "/待办")).text
    assert "岗区季度自评" in (await world.say("b1p2", "/待办")).text
    await world.say("b1p0", "/查 GQ-2026-0001")
    await tap(world, "b1p0", "post.end")
    assert "已经撤了" in (await world.say("b1p2", "/自评 GQ-2026-0001 92 按时派发")).text
    with world.store.reading() as session:
        assert session.scalars(select(Post.state)).all() == [PostState.ENDED]


async def test_by_page_alone_and_the_board_sets_the_marks_side_by_side(visitor: Visitor) -> None:
    world = visitor.world
    await visitor.enter("b1p0")
    for number in range(1, 4):
        _, html = await visitor.fill(
            "post",
            kind="责任区" if number == 3 else "示范岗",
            name=f"第{number}岗",
            owner=f"b1p{number}",
            scope="工单派发和回访",
        )
        assert f"GQ-2026-000{number}" in html
    await day(world, 2026, 12, 8)
    for number, score in ((1, 92), (2, 80)):
        await visitor.enter(f"b1p{number}")
        _, html = await visitor.get(f"/form/post_self?number=GQ-2026-000{number}")
        assert f"第{number}岗" in html
        await visitor.fill(
            "post_self", number=f"GQ-2026-000{number}", score=str(score), said="按时派发"
        )
    await visitor.enter("shuji")
    await visitor.fill("post_mark", number="GQ-2026-0001", score="95", said="做得好")
    _, html = await visitor.get("/board/posts")
    text = re.sub(r"<[^>]+>", " ", html)
    assert re.search(
        r"第1岗\s+城南供电所党支部\s+城南员工1\s+—\s+—\s+—\s+92\s+92\s+95\s+\+3\s", text
    )
    assert re.search(r"第2岗.*?80\s+80\s+—\s+—\s", text, re.DOTALL)
    assert re.search(r"示范岗\s+2\s", text)
    assert re.search(r"责任区\s+1\s", text)
    await visitor.enter("b1p4")
    _, html = await visitor.get("/board/posts")
    assert "第1岗" in html
    assert "95" not in html
    _, html = await visitor.get("/record/GQ-2026-0001")
    assert "95 分" not in html
    assert "92" not in html
    await visitor.enter("b1p1")
    _, html = await visitor.get("/record/GQ-2026-0001")
    assert "比自评高 3 分" in html
