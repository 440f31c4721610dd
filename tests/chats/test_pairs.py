"""结对 as people do it: asked, agreed by both, kept, looked back upon; nobody is labelled."""

import re
from datetime import UTC, date, datetime, time

from sqlalchemy import select, update

from jobs import pair_end
from models.pair import Pair, PairKind, PairSide, PairState, PairView, quarter_of
from models.person import Person
from tests.chats.test_pledges import caught_up, tap, words
from tests.visitor import Visitor
from tests.world import World


def pairs(world: World) -> list[Pair]:
    with world.store.reading() as session:
        return list(session.scalars(select(Pair).order_by(Pair.id)))


def sides(world: World) -> list[PairSide]:
    with world.store.reading() as session:
        return list(session.scalars(select(PairSide).order_by(PairSide.id)))


def stand(world: World, standing: str, *userids: str) -> None:
    with world.store.writing() as session:
        session.execute(update(Person).where(Person.userid.in_(userids)).values(standing=standing))


async def test_one_member_with_two_colleagues_and_both_must_agree(world: World) -> None:
    stand(world, "中共党员", "b1p1")
    stand(world, "群众", "b1p2", "b1p3")
    answer = await world.say(
        "b1p1", "/结对 党员带群众 城南员工2、城南员工3 一起练熟 10 千伏带电作业"
    )
    assert "DZ-2026-0001" in answer.text
    assert pairs(world)[0].state is PairState.PROPOSED
    await world.delivered()
    await tap(world, "b1p2", "pair.yes")
    assert pairs(world)[0].state is PairState.PROPOSED
    answer = await world.say("b1p3", "/回应 DZ-2026-0001 愿意")
    assert "结对开始了" in answer.text
    await world.delivered()
    await world.desk.until(lambda: "都愿意" in words(world, "b1p1") or None, 20)
    await world.say("b1p3", "/互助 DZ-2026-0001 一起完成 3 处带电消缺")
    (pair,) = pairs(world)
    assert (pair.state, pair.kind, pair.entries) == (PairState.ACTIVE, PairKind.MASSES, 1)
    assert "一起完成 3 处带电消缺" in (await world.say("b1p0", "/查 DZ-2026-0001")).text
    assert "没有找到" in (await world.say("b1p4", "/查 DZ-2026-0001")).text


async def test_a_no_needs_no_reason_and_ends_it(world: World) -> None:
    await world.say("b1p1", "/结对 一带一 b1p2 一起学新工单系统")
    await world.delivered()
    await tap(world, "b1p2", "pair.no")
    assert [pair.state for pair in pairs(world)] == [PairState.DECLINED]
    await world.delivered()
    await world.desk.until(lambda: "对方这次不方便" in words(world, "b1p1") or None, 20)
    assert "已经回应过了" in (await world.say("b1p2", "/回应 DZ-2026-0001 是")).text
    await world.say("b1p1", "/结对 一带一 b1p2 一起学新工单系统")
    await world.say("b1p1", "/查 DZ-2026-0002")
    await tap(world, "b1p1", "pair.withdraw")
    assert pairs(world)[1].state is PairState.WITHDRAWN
    for partner in ("b1p2", "b1p3"):
        await world.say("b1p1", f"/结对 一带一 {partner} 一起学新工单系统")
    await world.say("b1p2", "/回应 DZ-2026-0003 是")
    for day, states in (
        (date(2027, 1, 1), [PairState.ACTIVE, PairState.WITHDRAWN]),  # nobody answered in time
        (date(2027, 1, 30), [PairState.ACTIVE, PairState.WITHDRAWN]),
        (date(2027, 1, 31), [PairState.ENDED, PairState.WITHDRAWN]),  # nobody looked back
    ):
        at = datetime.combine(day, time(1), UTC)
        await world.runtime.scheduler.run(pair_end.JOB, at, at)
        assert [pair.state for pair in pairs(world)[2:]] == states


REFUSED = [
    ("b1p1", "/结对 党员带群众 城南员工2 练带电作业", "请写 2 个人（现在是 1 个）"),
    ("b1p1", "/结对 党员带群众 b1p2、b1p3、b1p4 练带电作业", "请写 2 个人（现在是 3 个）"),
    ("b1p1", "/结对 党员带群众 b1p2、b1p5 练带电作业", "城南员工5是党员"),
    ("b1p2", "/结对 党员带群众 b1p3、b1p4 练带电作业", "由党员发起"),
    ("b1p1", "/结对 一带一 b1p2、b1p3 练带电作业", "只写 1 个人"),
    ("b1p1", "/结对 一带N b1p2 练带电作业", "2 到 5 个人"),
    ("b1p1", "/结对 一带一 b1p1 练带电作业", "不能写自己"),
    ("b1p1", "/结对 一带一 查无此人 练带电作业", "没有找到“查无此人”"),
    ("b1p1", "/结对 一带一 b1p3 帮后进员工转变", "“后进”是给同事贴标签"),
    ("b1p1", "/结对 支部共建 城北供电所 联合巡线", "由支部书记发起"),
    ("b1p0", "/结对 支部共建 城南供电所 联合巡线", "不能写自己"),
    ("b1p0", "/结对 支部共建 青禾供电公司 联合巡线", "没有找到支部"),
    ("b1p1", "/结对 一带一 b1p4 练带电作业", "已经有一对同样的结对"),
    ("b1p1", "/互助 DZ-2026-0001 一起练了 3 次", "等回应"),
    ("b1p3", "/互助 DZ-2026-0001 一起练了 3 次", "不是你参加的结对"),
    ("b1p3", "/回应 DZ-2026-0001 是", "不是你参加的结对"),
    ("b1p1", "/回应 DZ-2026-0001 是", "已经回应过了"),
    ("b1p1", "/结对 一带一 b1p3 到期：2026-11-01 做什么：练带电作业", "已经过去了"),
]


async def test_what_is_not_allowed_says_why_and_changes_nothing(world: World) -> None:
    stand(world, "中共党员", "b1p1", "b1p5")
    stand(world, "群众", "b1p2", "b1p3", "b1p4")
    await world.say("b1p1", "/结对 一带一 b1p4 练带电作业")
    for who, typed, hint in REFUSED:
        answer = await world.say(who, typed)
        assert hint in answer.text, (typed, answer.text)
        assert [pair.state for pair in pairs(world)] == [PairState.PROPOSED]
    await world.say("b1p4", "/回应 DZ-2026-0001 是")
    assert "现在还早" in (await world.say("b1p4", "/互评 DZ-2026-0001 很有帮助")).text
    assert "给同事贴标签" in (await world.say("b1p4", "/互助 DZ-2026-0001 带动落后分子")).text


async def test_two_branches_with_a_plan_a_quarterly_entry_and_reviews(both_worlds: World) -> None:
    world = both_worlds
    await caught_up(world)
    answer = await world.say("b1p0", "/结对 共建 城北供电所 每季度联合巡线一次，互派骨干讲一课")
    assert "DZ-2026-0001" in answer.text
    await world.delivered()
    await tap(world, "b2p0", "pair.yes")
    assert pairs(world)[0].state is PairState.ACTIVE
    assert [side.unit_id for side in sides(world)] == [2, 3]
    assert "每季度联合巡线一次" in (await world.say("b2p4", "/查 DZ-2026-0001")).text
    assert "没有找到" in (await world.say("b3p4", "/查 DZ-2026-0001")).text
    world.clock.move_to(datetime(2026, 12, 8, 2, 0, tzinfo=UTC))
    await world.desk.connected(20)
    for userid in ("b1p0", "b2p0"):
        assert "本季度共建记录" in (await world.say(userid, "/待办")).text
    await world.say("b2p0", "/互助 DZ-2026-0001 联合巡视 10 千伏青石线 12 公里")
    assert "本季度共建记录" not in (await world.say("b1p0", "/待办")).text
    await world.say("b1p0", "/互评 DZ-2026-0001 很有帮助 学到了台区治理的办法")
    assert pairs(world)[0].state is PairState.ACTIVE
    world.clock.move_to(datetime(2027, 1, 4, 2, 0, tzinfo=UTC))
    await world.desk.connected(20)
    assert "结对互评" in (await world.say("b2p0", "/待办")).text
    assert "结对互评" not in (await world.say("b1p0", "/待办")).text
    assert "圆满结束" in (await world.say("b2p0", "/互评 DZ-2026-0001 有帮助")).text
    assert [side.view for side in sides(world)] == [PairView.GREAT, PairView.SOME]
    assert "学到了台区治理的办法" in (await world.say("b2p0", "/查 DZ-2026-0001")).text
    assert "学到了台区治理的办法" not in (await world.say("b2p4", "/查 DZ-2026-0001")).text
    assert "学到了" not in (await world.say("dangjian", "/台账 结对")).text
    for who in ("b1p4", "b2p4"):
        assert "10 千伏青石线" in (await world.say(who, "/台账 互助")).text
    assert "还没有内容" in (await world.say("b3p4", "/台账 互助")).text


async def test_by_page_alone_and_the_board_checks_the_ratio(visitor: Visitor) -> None:
    world = visitor.world
    stand(world, "中共党员", "b1p0", "b1p1")
    stand(world, "群众", "b1p2", "b1p3", "b1p4")
    await visitor.enter("b1p1")
    _, html = await visitor.fill(
        "pair", kind="党员带群众", partners="城南员工2、城南员工3", goal="一起练熟带电作业"
    )
    assert "DZ-2026-0001" in html
    for userid in ("b1p2", "b1p3"):
        await visitor.enter(userid)
        _, html = await visitor.get("/record/DZ-2026-0001")
        assert 'value="pair.yes:DZ-2026-0001"' in html
        await visitor.fill("pair_answer", number="DZ-2026-0001", ok="是")
    await visitor.fill("pair_entry", number="DZ-2026-0001", said="一起练了 3 次")
    await visitor.enter("b1p0")
    _, html = await visitor.get("/board/pairs")
    cells = re.findall(r"<td[^>]*>(.*?)</td>", html)
    assert [cell.strip() for cell in cells] == [
        "城南供电所党支部",
        "2",
        "1",
        "2",
        "1∶2 达到",
        "0",
        "0",
    ]
    assert "1∶2</dd>" in html
    _, html = await visitor.get("/ledger/pair")
    assert "城南员工2、城南员工3" in html


def test_quarters() -> None:
    assert [quarter_of(date(2026, month, 1)) for month in (1, 3, 4, 12)] == [
        "2026-Q1",
        "2026-Q1",
        "2026-Q2",
        "2026-Q4",
    ]
