"""A project is stuck and asks for help; somebody answers; the branch says whether it helped."""

import pytest

from models.helpcall import HelpCall, HelpState
from tests.chats.projects import heard, press
from tests.visitor import Visitor
from tests.world import World

ASK = "/求助 缺 3 台智能融合终端，物资一直没有到"


def call(world: World) -> HelpCall:
    with world.store.reading() as session:
        return session.get_one(HelpCall, 1)


async def test_asked_answered_and_solved_by_cards(both_worlds: World) -> None:
    world = both_worlds
    saved = await world.say("b1p2", ASK, "wr1")
    assert "QZ-2026-0001" in saved.text
    assert "由 营销部小吴 回应，2026-11-20 前答复" in saved.text  # three working days
    await press(world, "zhuanye", "begin:help_answer/number=QZ-2026-0001")
    await world.say("zhuanye", "本周五前从城北所调拨 3 台")
    assert "确认求助是否解决" in (await world.say("b1p2", "/待办")).text
    await press(world, "b1p2", "help.solved:QZ-2026-0001")
    assert call(world).state is HelpState.SOLVED
    assert any("求助已解决" in text for text in await heard(world, "zhuanye"))


async def test_what_did_not_help_runs_again(world: World) -> None:
    await world.say("b1p2", ASK)
    await world.say("zhuanye", "/回应求助 QZ-2026-0001 请先自己想办法")
    await world.later(days=1)
    await press(world, "b1p2", "help.unsolved:QZ-2026-0001")
    again = call(world)
    assert (again.state, again.again, again.due_on.isoformat()) == (HelpState.OPEN, 1, "2026-11-23")
    assert "回应项目求助" in (await world.say("zhuanye", "/待办")).text
    assert any("没有解决，请再想办法" in text for text in await heard(world, "zhuanye"))


@pytest.mark.parametrize(
    ("who", "typed", "said"),
    [
        ("b2p1", "/回应求助 QZ-2026-0001 我来帮", "由 营销部小吴 回应"),
        ("zhuanye", "/回应求助 QZ-2026-0009 我来帮", "没有求助 QZ-2026-0009"),
        ("b2p1", "/求助 XM-2026-0001 替他们求助", "你不在城南"),
        ("b1p1", "/求助 部门：城北供电所党支部 帮帮我们", "不是部门"),
    ],
)
async def test_who_may_not_is_told_who_may(world: World, who: str, typed: str, said: str) -> None:
    await world.say("b1p2", ASK)
    assert said in (await world.say(who, typed)).text
    assert call(world).state is HelpState.OPEN


async def test_not_more_than_three_at_a_time(world: World) -> None:
    for _ in range(3):
        await world.say("b1p2", ASK)
    assert "已有 3 个求助没有办完" in (await world.say("b1p2", ASK)).text


async def test_others_do_not_see_it(visitor: Visitor) -> None:
    await visitor.world.say("b1p2", ASK)
    await visitor.enter("b2p1")
    assert (await visitor.get("/record/QZ-2026-0001"))[0] == 409
    assert "融合终端" not in (await visitor.get("/ledger/help_call"))[1]
    await visitor.enter("zhuanye")
    assert "融合终端" in (await visitor.get("/record/QZ-2026-0001"))[1]
    assert "融合终端" in (await visitor.get("/ledger/help_call"))[1]
