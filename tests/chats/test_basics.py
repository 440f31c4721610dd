"""Chains, sheets, duties, webhooks, greetings: what every branch does beside reporting."""

from datetime import timedelta
from decimal import Decimal

from sqlalchemy import select, update

from bot.sim.messages import Kind
from handlers.content import Text, dump
from models.group import Group
from models.progress import Progress
from models.project import Project
from models.push import Order, Push, PushState, write_pushes
from tests.world import World


def percents(world: World) -> dict[int, Decimal | None]:
    with world.store.reading() as session:
        rows = session.execute(select(Project.unit_id, Project.percent).order_by(Project.unit_id))
        return {unit - 1: percent for unit, percent in rows}


def count(world: World) -> int:
    with world.store.reading() as session:
        return len(session.scalars(select(Progress.id)).all())


CHAIN = """#接龙 11月进展
1. 城南供电所党支部 85％ 完成巡视
2、城北供电所：60%
（3）变电运维一班 已完成
④ 输电运检党支部 70% 换线
5. 城东供电所党支部 90%
6. 财务部党支部：过半
"""


async def test_one_paste_many_rows_the_unmatched_named(both_worlds: World) -> None:
    answer = await both_worlds.say("dangjian", CHAIN)
    assert "已记录 3 条" in answer.text
    assert "城东供电所党支部" in answer.text
    assert "财务部党支部：没看出进度" in answer.text
    assert "理解为 100%" in answer.text
    assert count(both_worlds) == 3
    assert percents(both_worlds)[3] is None
    answer = await both_worlds.say("dangjian", "是")
    assert "已记录 1 条" in answer.text
    assert percents(both_worlds)[3] == Decimal(100)
    assert percents(both_worlds)[1] == Decimal(85)


async def test_a_branch_that_stands_twice_in_a_chain_is_asked_about(world: World) -> None:
    twice = "#接龙 11月进展\n1. 城南供电所党支部 85%\n2. 城南供电所 88%\n3. 城北供电所党支部 60%"
    answer = await world.say("dangjian", twice)
    assert "已记录 1 条" in answer.text
    assert answer.text.count("写了两次") == 2
    answer = await world.say("dangjian", "是")
    assert "已记录 1 条" in answer.text
    assert percents(world)[1] == Decimal(88)
    assert count(world) == 2


async def test_a_chain_that_grew_is_not_stored_twice(world: World) -> None:
    first = "#接龙 11月进展\n1. 城南供电所党支部 85%\n"
    await world.say("dangjian", first)
    answer = await world.say("dangjian", first + "2. 城北供电所党支部 60%\n")
    assert "没有重复记录：城南供电所党支部" in answer.text
    assert count(world) == 2
    answer = await world.say("dangjian", first.replace("85%", "88%"))
    assert "今天已报过 85%" in answer.text
    assert count(world) == 2
    await world.say("dangjian", "不")
    assert count(world) == 2


async def test_members_chain_only_for_their_own_branch(world: World) -> None:
    answer = await world.say("b1p1", CHAIN, "wr1")
    assert "已记录 1 条" in answer.text
    assert "不能替这个支部报" in answer.text
    assert count(world) == 1


async def test_a_template_comes_back_filled_in(world: World) -> None:
    asked = await world.say("b1p1", "/模板 进展")
    assert "【进展填报】" in asked.text
    sheet = asked.text.split("\n", 1)[1]
    filled = (
        "各位同事好\n"
        + sheet.replace("支部：", "支部：城南供电所")
        .replace("进度：", "进度：７２％")
        .replace("说明：", "说明：完成了三件事：\n一、巡视\n二、消缺")
        + "\n收到"
    )
    answer = await world.say("b1p1", filled)
    assert "JZ-2026-0001" in answer.text
    with world.store.reading() as session:
        row = session.scalars(select(Progress)).one()
    assert row.said == "完成了三件事：\n一、巡视\n二、消缺"
    assert row.percent == Decimal(72)


async def test_silent_projects_are_owed_by_their_secretary(world: World) -> None:
    await world.say("b1p1", "/进展 50% 一", "wr1")
    assert "没有待办" in (await world.say("b1p0", "/待办")).text
    await world.later(days=15)
    answer = await world.say("b1p0", "/待办")
    assert "1 件待办" in answer.text
    assert "15 天没有更新" in answer.text
    card = await world.desk.until(
        lambda: next((m for m in world.desk.heard("b1p0") if "progress.same" in str(m.card)), None),
        5,
    )
    await world.desk.click("b1p0", card, "progress.same:XM-2026-0001")
    await world.desk.settled()
    assert "没有待办" in (await world.say("b1p0", "/待办")).text
    assert count(world) == 2
    assert [v for v in world.desk.violations if v.hard] == []


async def test_the_digest_reaches_the_secretary_privately_once_a_day(world: World) -> None:
    await world.say("b1p1", "/进展 50% 一", "wr1")
    await world.later(days=15, hours=22, minutes=31)
    await world.later(seconds=10)
    today = world.clock.now() - timedelta(minutes=10)
    digests = [m for m in world.desk.heard("b1p0") if "今日待办" in m.text and m.at > today]
    assert len(digests) == 1
    assert "城南供电所党支部" in digests[0].text
    assert not [m for m in world.desk.heard("wr1") if "待办" in m.text]
    assert not [m for m in world.desk.heard("b1p1") if "待办" in m.text]


async def test_groups_where_nobody_spoke_get_the_ranking_by_webhook(world: World) -> None:
    world.desk.add_group("wr3", "变电群", [f"b3p{n}" for n in range(6)], webhook="k" * 36)
    with world.store.writing() as session:
        group = session.scalars(select(Group).where(Group.chatid == "wr3")).one()
        group.webhook = world.desk.webhook_url("wr3")
    await world.later(days=6)
    await world.desk.until(lambda: len(world.desk.heard("wr3")) == 3 or None, 10)
    heard = world.desk.heard("wr3")
    assert "变电运维一班党支部" in heard[0].text
    assert [m.kind for m in heard][1:] == [Kind.IMAGE, Kind.FILE]


async def test_who_opens_the_chat_is_greeted_once_a_day(world: World) -> None:
    def greetings() -> int:
        return len([m for m in world.desk.heard("b1p1") if "我是支部通" in m.text])

    await world.desk.enter("b1p1")
    await world.desk.until(lambda: greetings() == 1 or None, 5)
    await world.desk.enter("b1p1")
    await world.later(days=1)
    await world.desk.enter("b1p1")
    await world.desk.until(lambda: greetings() == 2 or None, 5)


async def test_help_depends_on_who_asks_and_where(world: World) -> None:
    member = (await world.say("b1p1", "/帮助")).text
    office = (await world.say("dangjian", "/帮助", "wr1")).text
    assert "/进展" in member
    assert "/绑定" not in member
    assert "/绑定" in office
    assert "例如 60%" in (await world.say("b1p1", "/帮助 进展")).text


async def test_a_ledger_without_a_name_or_rows_says_what_there_is(world: World) -> None:
    answer = await world.say("b1p1", "/台账")
    assert "请写明要哪个台账" in answer.text
    assert "进展" in answer.text
    assert "审计" not in answer.text
    assert "没有含“火星”的内容" in (await world.say("b1p1", "/台账 单位 火星")).text


async def test_a_command_that_there_is_not_is_named(world: World) -> None:
    answer = await world.say("b1p1", "/飞行 50%")
    assert "没有“/飞行”这个命令" in answer.text
    assert "/帮助" in answer.text


async def test_the_administrator_sends_again_what_was_parked(world: World) -> None:
    await world.open_chats(["wr1"])
    assert "没有停放" in (await world.say("admin", "/重发")).text
    assert "办不了" in (await world.say("b1p0", "/重发")).text
    with world.store.writing() as session:
        order = Order("wr1", True, dump(Text("周三停电")), "x", world.clock.now())
        write_pushes(session.connection(), [order], world.clock.now())
        parked = update(Push).where(Push.dedupe == "x").returning(Push.id)
        number = session.scalar(parked.values(state=PushState.PARKED, attempts=8, code=93006))
    listed = (await world.say("admin", "/台账 推送 停放")).text
    assert f"{number} · 群 · 城南供电所党支部群 · 停放" in listed
    assert "共 1 行" in listed
    assert "没有含“周三停电”" in (await world.say("admin", "/台账 推送 周三停电")).text
    assert "没有停放" in (await world.say("admin", "/重发 700")).text
    assert "已重新发送 1 条" in (await world.say("admin", f"/重发 {number}")).text
    await world.desk.until(
        lambda: [m for m in world.desk.heard("wr1") if m.text == "周三停电"] or None, 10
    )
