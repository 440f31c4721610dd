"""微心愿 as people do it: made, reviewed, claimed by the quicker one, fulfilled, thanked for."""

import asyncio
from datetime import timedelta

from sqlalchemy import select, update

from models.person import Person
from models.wish import Wish, WishEvent, WishState, WishStep
from tests.chats.test_pledge_pages import press
from tests.chats.test_pledges import caught_up, tap, words
from tests.visitor import Visitor
from tests.world import World

TEXT = "想在休息室添一台微波炉"


def wish(world: World, number: str = "XY-2026-0001") -> Wish:
    with world.store.reading() as session:
        return session.scalars(select(Wish).where(Wish.number == number)).one()


def steps(world: World) -> list[WishStep]:
    with world.store.reading() as session:
        return list(session.scalars(select(WishEvent.step).order_by(WishEvent.id)))


async def hang(world: World, userid: str = "b1p1", text: str = TEXT) -> str:
    """A wish on the board; its number."""
    answer = await world.say(userid, f"/心愿 {text}")
    number = answer.text.split("**")[1].removeprefix("已收到心愿 ")
    await world.say(f"{userid[:2]}p0", f"/审愿 {number} 是")
    return number


async def test_from_wish_to_thanks_by_chat(world: World) -> None:
    await world.open_chats(["wr1"])
    answer = await world.say("b1p1", f"/心愿 {TEXT}")
    assert "XY-2026-0001" in answer.text
    assert "不显示你的名字" in answer.text
    assert "审核微心愿" in (await world.say("b1p0", "/待办")).text
    await world.say("b1p0", "/审愿 XY-2026-0001 是")
    await world.delivered()
    await world.desk.until(lambda: "/认领 XY-2026-0001" in words(world, "wr1") or None, 20)
    assert "一位同事" in words(world, "wr1")
    assert "城南员工1" not in words(world, "wr1")
    answer = await world.say("b2p3", "/认领 XY-2026-0001")
    assert "城南员工1" in answer.text  # who fulfils it has to know
    assert "2026-12-01" in answer.text
    answer = await world.say("b2p3", "/圆愿 XY-2026-0001 微波炉放在一楼休息室了")
    assert "等许愿人确认" in answer.text
    await world.delivered()
    await tap(world, "b1p1", "wish.not_yet")
    assert wish(world).state is WishState.CLAIMED
    await world.say("b2p3", "/圆愿 XY-2026-0001 已换了一台新的")
    answer = await world.say("b1p1", "/致谢 XY-2026-0001 谢谢，真的很方便")
    assert "圆满了" in answer.text
    await world.delivered()
    await world.desk.until(lambda: "谢谢，真的很方便" in words(world, "b2p3") or None, 20)
    assert steps(world) == [
        WishStep.SUBMITTED,
        WishStep.OPENED,
        WishStep.CLAIMED,
        WishStep.FULFILLED,
        WishStep.NOT_YET,
        WishStep.FULFILLED,
        WishStep.THANKED,
    ]


async def test_of_two_who_claim_at_the_same_moment_one_wins(both_worlds: World) -> None:
    world = both_worlds
    await hang(world)
    people = ["b1p2", "b2p1", "b2p2", "b3p1", "b3p2", "b4p1"]
    answers = await asyncio.gather(*(world.say(one, "/认领 XY-2026-0001") for one in people))
    won = [p for p, a in zip(people, answers, strict=True) if "你认领了" in a.text]
    lost = [a.text for a in answers if "刚刚被别人认领了" in a.text]
    assert (len(won), len(lost)) == (1, 5)
    with world.store.reading() as session:
        claimer = session.scalar(select(Person.userid).where(Person.id == wish(world).claimer_id))
    assert claimer == won[0]
    assert steps(world).count(WishStep.CLAIMED) == 1


async def test_a_claim_lapses_after_its_last_day_and_can_be_given_back(world: World) -> None:
    await hang(world)
    await world.say("b2p3", "/认领")
    await tap(world, "b2p3", "wish.claim:XY-2026-0001")
    assert "圆微心愿" in (await world.say("b2p3", "/待办")).text
    for days, state in ((13, WishState.CLAIMED), (1, WishState.CLAIMED), (1, WishState.OPEN)):
        await world.later(days=days)
        assert wish(world).state is state
    await world.desk.until(lambda: "认领到期了" in words(world, "b2p3") or None, 20)
    assert (wish(world).claimer_id, wish(world).lapses_on) == (None, None)
    await world.say("b3p1", "/认领 XY-2026-0001")
    await world.say("b3p1", "/查 XY-2026-0001")
    await tap(world, "b3p1", "wish.release")
    assert wish(world).state is WishState.OPEN
    await world.later(days=20)
    assert steps(world)[2:] == [
        WishStep.CLAIMED,
        WishStep.LAPSED,
        WishStep.CLAIMED,
        WishStep.RELEASED,
    ]
    assert "城北员工3" in (await world.say("b1p0", "/查 XY-2026-0001")).text
    assert "城北员工3" not in (await world.say("b3p2", "/查 XY-2026-0001")).text


REFUSED = [
    ("b1p1", "/认领 XY-2026-0001", "不能自己认领"),
    ("b1p1", "/心愿 再来一个心愿", "还在办"),
    ("b1p0", "/审愿 XY-2026-0002 是", "不能自己审"),
    ("b2p0", "/审愿 XY-2026-0002 是", "你的角色办不了"),
    ("b1p0", "/审愿 XY-2026-0001 是", "不用审核"),
    ("b2p1", "/认领 XY-2026-0002", "已经不在墙上"),
    ("b2p1", "/圆愿 XY-2026-0001 办好了", "不是你正在办的"),
    ("b1p1", "/致谢 XY-2026-0001 谢谢", "等认领的党员办好"),
    ("b2p1", "/致谢 XY-2026-0001 谢谢", "不是你的心愿"),
    ("b2p1", "/认领 XY-2026-0009", "没有找到"),
    ("b2p1", "/查 XY-2026-0002", "没有找到"),
    ("b2p1", "/心愿 机密文件想要一份", "涉密不上网"),
    ("b2p5", "/认领 XY-2026-0001", "由党员认领"),
]


async def test_what_is_not_allowed_says_why_and_changes_nothing(world: World) -> None:
    await hang(world)
    await world.say("b1p0", "/心愿 想请人教我用新工单系统")
    with world.store.writing() as session:
        session.execute(update(Person).where(Person.userid == "b2p5").values(standing="群众"))
        session.execute(update(Person).where(Person.userid == "b2p4").values(standing="中共党员"))
    before = steps(world)
    for who, typed, hint in REFUSED:
        answer = await world.say(who, typed)
        assert hint in answer.text, (typed, answer.text)
        assert steps(world) == before
    assert "你认领了" in (await world.say("b2p4", "/认领 XY-2026-0001")).text


async def test_a_wish_by_page_alone_and_the_name_stays_off_the_board(visitor: Visitor) -> None:
    world = visitor.world
    await visitor.enter("b1p1")
    _, html = await visitor.fill("wish", text=TEXT, named="否")
    assert "XY-2026-0001" in html
    await visitor.enter("b1p0")
    _, html = await visitor.get("/form/wish_review?number=XY-2026-0001")
    assert "城南员工1的心愿" in html
    await visitor.fill("wish_review", number="XY-2026-0001", fit="是")
    await visitor.enter("b2p3")
    for path in ("/board/wishes?all=1", "/record/XY-2026-0001", "/ledger/wish"):
        _, html = await visitor.get(path)
        assert "城南员工1" not in html, path
    _, html = await visitor.get("/ledger/wish?q=城南员工1")
    assert "没有符合条件" in html
    html = await press(visitor, "/record/XY-2026-0001", "wish.claim:XY-2026-0001")
    assert "城南员工1" in html
    _, html = await visitor.get("/record/XY-2026-0001")
    assert "/form/wish_done?number=XY-2026-0001" in html
    await visitor.fill("wish_done", number="XY-2026-0001", said="放在一楼了")
    await visitor.enter("b1p1")
    html = await press(visitor, "/record/XY-2026-0001", "wish.thank:XY-2026-0001")
    assert "圆满" in html
    assert wish(world).state is WishState.THANKED
    await visitor.fill("wish", text="想请人教我用新工单系统", named="是")
    await visitor.enter("b1p0")
    await visitor.fill("wish_review", number="XY-2026-0002", fit="否", note="请先参加培训班")
    await visitor.enter("b2p3")
    assert (await visitor.get("/record/XY-2026-0002"))[0] == 409


async def test_a_wish_is_private_until_it_hangs_and_can_be_withdrawn(world: World) -> None:
    await caught_up(world)
    await world.say("b1p1", f"/心愿 署名：是 心愿：{TEXT}")
    assert "没有找到" in (await world.say("b1p2", "/查 XY-2026-0001")).text
    await world.say("b1p1", "/查 XY-2026-0001")
    await tap(world, "b1p1", "wish.withdraw")
    assert wish(world).state is WishState.WITHDRAWN
    assert await hang(world, text="想要一副护腕") == "XY-2026-0002"
    assert "一位同事" in (await world.say("b3p1", "/认领")).text
    world.clock.move_to(world.clock.now() + timedelta(minutes=1))
    assert "想要一副护腕" in (await world.say("b1p1", "/我的")).text
