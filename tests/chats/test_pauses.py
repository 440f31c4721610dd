"""外出, 应急 and 减负, as people say them (DOMAIN.md 9, PRODUCT.md F-173, F-174)."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select, update

from models.duty import LoadPass
from models.pause import Away, Emergency, read_pauses
from models.project import Project
from tests.world import World

SHANGHAI = ZoneInfo("Asia/Shanghai")


def silent(world: World) -> None:
    """The first two branches have not reported since 1 November; the others have no project."""
    with world.store.writing() as session:
        session.execute(update(Project).values(starts_on=date(2027, 1, 1)))
        session.execute(
            update(Project)
            .where(Project.unit_id.in_([2, 3]))
            .values(
                starts_on=date(2026, 1, 1),
                percent=50,
                reported_at=datetime(2026, 11, 1, 9, tzinfo=SHANGHAI),
            )
        )


async def test_who_goes_away_says_until_when(world: World) -> None:
    answer = await world.say("b1p0", "/外出 11月20日 抢险")
    assert "11月20日" in answer.text
    if answer.card is None or "已登记" not in answer.text:
        answer = await world.say("b1p0", "是")
    assert "已登记外出，到 11月20日（周五）为止不再提醒你" in answer.text
    with world.store.reading() as session:
        row = session.scalars(select(Away)).one()
    assert (row.first_on, row.last_on, row.reason) == (
        date(2026, 11, 17),
        date(2026, 11, 20),
        "抢险",
    )
    assert "外出：到 11月20日" in (await world.say("b1p0", "/我的")).text
    assert "已恢复提醒" in (await world.say("b1p0", "/回来")).text
    assert "没有登记外出" in (await world.say("b1p0", "/回来")).text
    assert "最多登记 30 天" in (await world.say("b1p0", "/外出 2027年3月1日")).text
    assert "已经过去" in (await world.say("b1p0", "/外出 2026年11月1日")).text


async def test_an_emergency_moves_deadlines_and_lists_them(world: World) -> None:
    silent(world)
    group = await world.say("b1p1", "/待办", "wr1")
    assert "待办 1 件，其中逾期 1 件" in group.text
    assert "没有更新" not in group.text
    assert "办不了" in (await world.say("b1p0", "/应急 台风橙色预警", "wr1")).text
    world.clock.move_to(datetime(2026, 11, 17, 23, 0, tzinfo=SHANGHAI))
    await world.desk.connected(20)
    answer = await world.say("dangjian", "/应急 台风橙色预警", "wr1")
    assert "城南供电所党支部进入应急状态" in answer.text
    assert "期限停走的待办 1 件" in answer.text
    await world.delivered()
    notices = [m for m in world.desk.heard("b1p0") if "安全第一" in m.text]
    assert len(notices) == 1, "an emergency passes the quiet hours"
    assert not [m for m in world.desk.heard("b2p0") if "应急" in m.text]
    assert "已经在应急状态" in (await world.say("dangjian", "/应急 台风", "wr1")).text
    await world.later(hours=40)
    digests = [m for m in world.desk.heard("b1p0") if "今日待办" in m.text]
    assert digests == []
    card = next(m for m in world.desk.heard("wr1") if m.card)
    await world.desk.click("b1p0", card, "emergency.end:1")
    await world.say("b1p0", "/我的")  # whatever was pressed before has been handled
    with world.store.reading() as session:
        assert session.scalars(select(Emergency)).one().last_on is None
    await world.desk.click("dangjian", card, "emergency.end:1")
    await world.say("dangjian", "/我的")
    with world.store.reading() as session:
        row = session.scalars(select(Emergency)).one()
        paused = read_pauses(session, date(2026, 11, 25))
    assert (row.first_on, row.last_on) == (date(2026, 11, 17), date(2026, 11, 19))
    assert len(paused.days("/1/2/")) == 3
    assert paused.days("/1/3/") == frozenset()
    assert "现在没有应急状态" in (await world.say("dangjian", "/应急结束", "wr1")).text


async def test_deadlines_that_lie_in_an_emergency_are_listed_with_both_days(world: World) -> None:
    """Reported on 3 November, due on the 17th: the day the typhoon comes, so one day is lost."""
    silent(world)
    with world.store.writing() as session:
        session.execute(
            update(Project)
            .where(Project.unit_id == 2)
            .values(reported_at=datetime(2026, 11, 3, 0, 30, tzinfo=SHANGHAI))
        )
    answer = await world.say(
        "dangjian", "/应急 单位：城南供电所党支部 到：2026年11月18日 原因：台风"
    )
    assert "到 11月18日（周三）为止暂停" in answer.text
    assert "**顺延的待办 1 件**" in answer.text
    assert "11月17日（周二） → 11月19日（周四）" in answer.text
    assert "11月19日（周四）前" in (await world.say("b1p0", "/待办")).text


async def test_the_load_on_branches_is_everybodys_business(world: World) -> None:
    silent(world)
    world.clock.move_to(datetime(2026, 11, 18, 8, 31, tzinfo=SHANGHAI))
    await world.desk.connected(20)
    await world.runtime.scheduler.sweep()
    answer = await world.say("b1p1", "/减负")
    assert "城南供电所党支部**：本周被布置 1 次（每周上限 5 次）" in answer.text
    assert "办不了" in (await world.say("b1p0", "/放行 城南供电所党支部 理由")).text
    said = "/放行 城南供电所党支部 迎检材料当周必须上报"
    assert "已放行" in (await world.say("dangjian", said)).text
    assert "已经放行过" in (await world.say("dangjian", said)).text
    with world.store.reading() as session:
        row = session.scalars(select(LoadPass)).one()
    assert (row.branch_id, row.week) == (2, date(2026, 11, 16))
