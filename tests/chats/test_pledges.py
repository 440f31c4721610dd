"""双承诺 as people do it: draft, review, return, publication; by line, by dialogue, by cards."""

import asyncio
from datetime import timedelta

from sqlalchemy import select

from bot.sim.messages import Message
from models.pledge import Pledge, PledgeEvent, PledgeKind, PledgeState, PledgeStep
from tests.world import World

POST = "/承诺 岗位 岗位 全年带头消缺 200 处，当天缺陷当天处理"
SERVICE = "/承诺 服务 实事 每月上门帮 2 户孤寡老人检查用电"


def pledges(world: World) -> list[Pledge]:
    with world.store.reading() as session:
        return list(session.scalars(select(Pledge).order_by(Pledge.id)))


def steps(world: World, number: str) -> list[PledgeStep]:
    with world.store.reading() as session:
        return list(
            session.scalars(
                select(PledgeEvent.step)
                .join(Pledge, Pledge.id == PledgeEvent.pledge_id)
                .where(Pledge.number == number)
                .order_by(PledgeEvent.id)
            )
        )


async def tap(world: World, userid: str, key: str) -> None:
    """Press the button with this key on the newest card that has it."""

    def find() -> Message | None:
        for message in reversed(world.desk.heard(userid)):
            card = message.card_for(userid)
            if card and any(b["key"].startswith(key) for b in card.get("button_list", ())):
                return message
        return None

    message = await world.desk.until(find, 20)
    card = message.card_for(userid)
    assert card
    keys = [b["key"] for b in card["button_list"] if b["key"].startswith(key)]
    await world.desk.click(userid, message, keys[0])
    await world.desk.until(lambda: userid not in message.pending or None, 10)


async def caught_up(world: World) -> None:
    """What the clock owed when the product started is done; it publishes nothing by surprise."""
    await world.runtime.scheduler.sweep()


def words(world: World, target: str) -> str:
    return "\n".join(message.text for message in world.desk.heard(target))


async def test_one_line_is_a_pledge_and_goes_to_the_review(both_worlds: World) -> None:
    here, there = both_worlds.say("b1p1", POST), both_worlds.say("b1p1", POST, "wr1")
    answers = [answer.text for answer in await asyncio.gather(here, there)]
    assert sum("还差一项**服务承诺**" in answer for answer in answers) == 1
    assert sum("岗位承诺已经有了（CN-2026-0001）" in answer for answer in answers) == 1
    answer = await both_worlds.say("b1p1", SERVICE)
    assert "两项承诺都交齐了" in answer.text
    rows = pledges(both_worlds)
    assert [row.kind for row in rows] == [PledgeKind.POST, PledgeKind.SERVICE]
    assert rows[0].text == "全年带头消缺 200 处，当天缺陷当天处理"
    assert {row.state for row in rows} == {PledgeState.SUBMITTED}


async def test_a_withdrawn_pledge_and_a_new_year_make_room(world: World) -> None:
    await world.say("b1p1", POST)
    await world.say("b1p1", "/查 CN-2026-0001")
    await tap(world, "b1p1", "pledge.withdraw")
    answer = await world.say("b1p1", POST)
    assert "CN-2026-0002" in answer.text
    assert [row.state for row in pledges(world)] == [PledgeState.WITHDRAWN, PledgeState.SUBMITTED]
    world.clock.move_to(world.clock.now() + timedelta(days=60))
    await world.desk.connected(20)
    assert "CN-2027-0001" in (await world.say("b1p1", POST)).text


async def test_the_dialogue_asks_how_a_vague_pledge_will_be_seen(world: World) -> None:
    answer = await world.say("b1p1", "/承诺")
    assert "2026 年双承诺" in answer.text
    await tap(world, "b1p1", "answer:1.1/服务承诺")
    await tap(world, "b1p1", "answer:1.2/实事")
    answer = await world.say("b1p1", "努力做好供电服务")
    assert "到年底，大家怎么看得出来" in answer.text
    answer = await world.say("b1p1", "全年走访 24 户，零投诉")
    assert "CN-2026-0001" in answer.text
    assert "小提醒" not in answer.text
    assert pledges(world)[0].measure == "全年走访 24 户，零投诉"


async def test_the_helper_advises_and_does_not_block(world: World) -> None:
    answer = await world.say("b1p1", "/承诺 服务 共性 努力做好服务，进一步提升客户满意度")
    assert "CN-2026-0001" in answer.text
    assert "“努力”、“做好”、“进一步”、“提升”" in answer.text
    await tap(world, "b1p1", "begin:pledge_change")
    answer = await world.say("b1p1", "每月走访 2 户，全年零投诉")
    assert "已改好" in answer.text
    assert "小提醒" not in answer.text
    (row,) = pledges(world)
    assert (row.text, row.state) == ("每月走访 2 户，全年零投诉", PledgeState.SUBMITTED)


async def test_the_review_asks_four_questions_and_a_return_keeps_the_text(world: World) -> None:
    await world.say("b1p1", POST)
    await world.say("b1p0", "/待办")
    await tap(world, "b1p0", "begin:pledge_review")
    await world.desk.until(lambda: "全年带头消缺 200 处" in words(world, "b1p0") or None, 20)
    for number, said in enumerate(("是", "是", "否", "是"), 1):
        await tap(world, "b1p0", f"answer:1.{number}/{said}")
    answer = await world.say("b1p0", "200 处太多，按 120 处定")
    assert "已退回" in answer.text
    (row,) = pledges(world)
    assert row.state is PledgeState.RETURNED
    assert row.text == "全年带头消缺 200 处，当天缺陷当天处理"
    await world.delivered()
    await world.desk.until(lambda: "没通过的：**切实可行**" in words(world, "b1p1") or None, 20)
    assert "切实可行" not in words(world, "wr1")
    answer = await world.say("b1p1", "/改诺 CN-2026-0001 全年带头消缺 120 处，当天缺陷当天处理")
    assert "等支部审核" in answer.text
    answer = await world.say("b1p0", "/审诺 CN-2026-0001 是 是 是 是")
    assert "审核通过" in answer.text
    assert steps(world, "CN-2026-0001") == [
        PledgeStep.SUBMITTED,
        PledgeStep.RETURNED,
        PledgeStep.REVISED,
        PledgeStep.APPROVED,
    ]
    await world.say("b1p0", "/公诺")
    for who, reads in (("b1p1", True), ("b1p0", True), ("b1p2", False), ("b2p1", False)):
        seen = (await world.say(who, "/查 CN-2026-0001")).text
        assert "全年带头消缺 120 处" in seen
        assert ("200 处" in seen) == reads
        assert ("切实可行" in seen) == reads


async def test_what_passed_is_published_at_once_or_in_the_afternoon(both_worlds: World) -> None:
    world = both_worlds
    await caught_up(world)
    await world.open_chats(["wr1", "wr2"])
    await world.say("b1p1", POST)
    await world.say("b1p2", POST)
    await world.say("b2p1", POST)
    await world.say("b1p0", "/审诺 CN-2026-0001 是 是 是 是")
    await tap(world, "b1p0", "pledge.publish")
    await world.delivered()
    await world.desk.until(lambda: "公开承诺 1 项" in words(world, "wr1") or None, 20)
    await world.say("b1p0", "/审诺 CN-2026-0002 是 是 是 是")
    await world.say("b2p0", "/审诺 CN-2026-0003 是 是 是 是")
    await world.later(hours=7)  # 17:00 of the same day
    await world.desk.until(lambda: "城南员工2（岗位承诺）" in words(world, "wr1") or None, 20)
    await world.desk.until(lambda: "城北员工1（岗位承诺）" in words(world, "wr2") or None, 20)
    assert "城北员工1" not in words(world, "wr1")
    await world.later(hours=1)
    assert words(world, "wr1").count("请大家监督") == 2
    assert {row.state for row in pledges(world)} == {PledgeState.PUBLIC}
    seen = await world.say("b2p3", "/查 CN-2026-0001")
    assert "公开承诺" in seen.text


REFUSED = [
    ("b1p0", "/审诺 CN-2026-0002 是 是 是 是", "自己的承诺不能自己审"),
    ("b2p0", "/审诺 CN-2026-0001 是 是 是 是", "你的角色办不了"),
    ("b1p2", "/审诺 CN-2026-0001 是 是 是 是", "你的角色办不了"),
    ("b1p0", "/审诺 CN-2026-0009 是 是 是 是", "没有找到"),
    ("b1p2", "/改诺 CN-2026-0001 换成我的话，每周 3 次", "不是你的承诺"),
    ("b1p2", "/查 CN-2026-0001", "没有找到"),
    ("b1p0", "/公诺 城北供电所党支部", "你的角色办不了"),
    ("b1p1", "/改诺 CN-2026-0001 机密：变电站图纸 3 份", "涉密不上网"),
    ("b1p2", "/承诺 服务 实事 密级：秘密 的线路 3 条", "涉密不上网"),
    ("b1p3", "/承诺 服务 实事 短", "至少写 6 个字"),
    ("dangjian", POST, "还没有编入党支部"),
    ("stranger", POST, "人员名单"),
    ("b1p1", POST, "岗位承诺已经有了（CN-2026-0001），每年一项"),
    ("b1p2", "/承诺", "一项岗位、一项服务"),
    ("b1p2", SERVICE, "一项岗位、一项服务"),
    ("b1p1", "/改诺 CN-2026-0003 每周 3 次，不间断", "不是你的承诺"),
    ("b1p2", "/改诺 CN-2026-0003 每周 3 次，不间断", "内容不能改了"),
    ("b1p0", "/审诺 CN-2026-0003 否 是 是 是 不行", "不用审核"),
]


async def test_what_is_not_allowed_says_why_and_changes_nothing(world: World) -> None:
    await caught_up(world)
    await world.say("b1p1", POST)
    await world.say("b1p0", POST)
    await world.say("b1p2", POST)
    await world.say("b1p2", SERVICE)
    await world.say("b1p0", "/审诺 CN-2026-0003 是 是 是 是")
    before = [(row.number, row.state, row.text) for row in pledges(world)]
    for who, typed, hint in REFUSED:
        answer = await world.say(who, typed)
        assert hint in answer.text, (typed, answer.text)
        assert [(row.number, row.state, row.text) for row in pledges(world)] == before
    await world.say("b1p0", "/公诺")
    assert "没有等着公开的承诺" in (await world.say("b1p0", "/公诺")).text


async def test_the_review_is_owed_and_the_secretarys_own_by_the_office(world: World) -> None:
    await world.say("b1p0", POST)
    await world.say("b1p1", POST)
    assert "（CN-2026-0002）" in (await world.say("b1p0", "/待办")).text
    assert "（CN-2026-0001）" not in (await world.say("b1p0", "/待办")).text
    assert "（CN-2026-0001）" in (await world.say("dangjian", "/待办")).text
    answer = await world.say("dangjian", "/审诺 CN-2026-0001 是 是 是 是")
    assert "审核通过" in answer.text
    await world.say("b1p0", "/审诺 CN-2026-0002 是 否 是 否 和群众商量后再定")
    assert "没通过：符合群众意愿、本人能做到" in (await world.say("b1p1", "/待办")).text


async def test_the_ledger_shows_drafts_to_those_who_review_them(world: World) -> None:
    await world.say("b1p1", POST)
    assert "CN-2026-0001" in (await world.say("b1p0", "/台账 承诺")).text
    assert "CN-2026-0001" in (await world.say("b1p1", "/台账 承诺")).text
    assert "还没有内容" in (await world.say("b1p2", "/台账 承诺")).text
    await world.say("b1p0", "/审诺 CN-2026-0001 是 是 是 是")
    await world.say("b1p0", "/公诺")
    assert "CN-2026-0001" in (await world.say("b1p2", "/台账 承诺")).text
    assert "还没有内容" in (await world.say("b2p2", "/台账 承诺")).text
