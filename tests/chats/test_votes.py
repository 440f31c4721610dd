"""评诺 as people do it: by card, by words, by page; once, final, shown from five votes on."""

from datetime import UTC, datetime, timedelta
from functools import partial

from sqlalchemy import func, select

from handlers.catalogue import catalogue
from handlers.spec import View
from handlers.table import Wish, page_of
from models.pledge import Pledge, PledgeState
from models.reorganise import Act, merge_units
from models.vote import Ballot, BallotRoll
from tests.chats.test_pledge_pages import press
from tests.chats.test_pledges import POST, caught_up, tap, words
from tests.chats.test_practice import publish
from tests.visitor import Visitor
from tests.world import World

NUMBER = "CN-2026-0001"


def ballot(world: World) -> Ballot:
    with world.store.reading() as session:
        return session.scalars(select(Ballot).order_by(Ballot.pledge_id)).first()  # type: ignore[return-value]


def voted(world: World) -> int:
    with world.store.reading() as session:
        return session.scalar(select(func.count()).select_from(BallotRoll)) or 0


def state(world: World) -> PledgeState:
    with world.store.reading() as session:
        return session.scalars(select(Pledge.state).order_by(Pledge.id)).first()  # type: ignore[return-value]


def votes_in_ledger(world: World, userid: str) -> tuple[object, ...]:
    """What the first row of the ledger 承诺 tells somebody of the votes."""
    with world.store.reading() as session:
        ctx = world.runtime.contexts.reading(session, userid)
        book = catalogue().ledger_named("承诺")
        assert book
        (row, *_) = page_of(book, View(ctx, ctx.member, {}), Wish()).rows
        return tuple(row[-3:])


async def opened(world: World, *who: str) -> None:
    """Public pledges of branch 1 (without names: of b1p1), and the vote on them."""
    await publish(world, *((one, POST) for one in who or ("b1p1",)))
    answer = await world.say("b1p0", "/开评")
    assert "评诺开始" in answer.text


async def end(world: World) -> None:
    """The night after the last day."""
    world.clock.move_to(world.clock.now() + timedelta(days=8))
    await world.desk.connected(20)
    await world.runtime.scheduler.sweep()
    await world.delivered()


async def test_five_votes_are_shown_after_the_end_and_not_before(both_worlds: World) -> None:
    world = both_worlds
    await world.open_chats(["wr1"])
    await opened(world)
    await world.delivered()
    await world.desk.until(lambda: "评诺开始了" in words(world, "wr1") or None, 20)
    for voter, said in (("b1p0", "满意"), ("b1p2", "满意"), ("b1p3", "基本满意")):
        answer = await world.say(voter, f"/评诺 {NUMBER} {said}")
        assert "已投" in answer.text
        assert "满意" not in answer.text
    await tap(world, "b1p4", "vote.next")
    await tap(world, "b1p4", f"vote.cast:{NUMBER}/poor")
    await world.say("b1p5", "/评诺")
    await tap(world, "b1p5", f"vote.cast:{NUMBER}/good")
    assert voted(world) == 5
    assert "一共投了 5 票" in (await world.say("b1p0", "/开评")).text
    for who in ("b1p0", "b1p1", "b1p2", "dangjian", "admin"):
        seen = (await world.say(who, f"/查 {NUMBER}")).text
        assert "人参评" not in seen
        assert "人参评" not in (await world.say(who, "/台账 承诺")).text
    await end(world)
    assert state(world) is PledgeState.VOTED
    row = ballot(world)
    assert (row.voters, row.good, row.fair, row.poor) == (5, 3, 1, 1)
    result = "5 人参评：满意 3，基本满意 1，不满意 1"
    await world.desk.until(lambda: result in words(world, "b1p1") or None, 20)
    for who in ("b1p2", "dangjian"):
        assert result in (await world.say(who, f"/查 {NUMBER}")).text
        assert votes_in_ledger(world, who) == (3, 1, 1)
    assert "人参评" not in (await world.say("b2p1", f"/查 {NUMBER}")).text
    for who in ("zhuanye", "admin"):
        assert "人参评" not in (await world.say(who, f"/查 {NUMBER}")).text
        assert votes_in_ledger(world, who) == (None, None, None)
    assert voted(world) == 0  # the roll is gone


async def test_four_votes_are_never_shown(world: World) -> None:
    await opened(world)
    for voter in ("b1p0", "b1p2", "b1p3", "b1p4"):
        await world.say(voter, f"/评诺 {NUMBER} 满意")
    await end(world)
    row = ballot(world)
    assert (row.voters, row.good, row.fair, row.poor) == (4, None, None, None)
    for who in ("b1p0", "b1p1", "dangjian"):
        seen = (await world.say(who, f"/查 {NUMBER}")).text
        assert "不足 5 票，按规定不公布" in seen
        assert "满意 4" not in seen


REFUSED = [
    ("b2p1", f"/评诺 {NUMBER} 满意", "你不在城南供电所党支部"),
    ("dangjian", f"/评诺 {NUMBER} 满意", "你不在城南供电所党支部"),
    ("b1p1", f"/评诺 {NUMBER} 满意", "不能给自己投票"),
    ("b1p2", f"/评诺 {NUMBER} 不满意", "已经投过了"),
    ("b1p3", "/评诺 满意", "请写上编号"),
    ("b1p3", f"/评诺 {NUMBER} 还行吧", "满意、基本满意 或 不满意"),
    ("b1p3", "/评诺 CN-2026-0009 满意", "没有找到"),
    ("b1p2", "/开评", "你的角色办不了"),
    ("b2p0", "/开评 城南供电所党支部", "你的角色办不了"),
    ("b2p0", "/开评", "没有可以开评的承诺"),
    ("b1p1", f"/践诺 {NUMBER} 又做了一次好事", "只有已公开"),
    ("b1p0", f"/认定 {NUMBER} 已兑现", "还不能认定"),
]


async def test_what_is_not_allowed_says_why_and_changes_nothing(world: World) -> None:
    await opened(world)
    await world.say("b1p2", f"/评诺 {NUMBER} 满意")
    for who, typed, hint in REFUSED:
        answer = await world.say(who, typed)
        assert hint in answer.text, (typed, answer.text)
        assert voted(world) == 1
    await world.say("b1p3", "取消")
    assert "请私聊我办" in (await world.say("b1p3", f"/评诺 {NUMBER} 满意", "wr1")).text
    await end(world)
    answer = await world.say("b1p3", f"/评诺 {NUMBER} 满意")
    assert "不在评诺时间里" in answer.text
    assert (ballot(world).voters, ballot(world).good) == (1, None)


async def test_a_card_pressed_twice_is_one_vote(world: World) -> None:
    await opened(world)
    await world.delivered()
    await tap(world, "b1p2", "vote.next")
    card = next(m for m in reversed(world.desk.heard("b1p2")) if "vote.cast" in str(m.copies))
    shown = dict(card.copies)
    for _ in range(2):
        await world.desk.click("b1p2", card, f"vote.cast:{NUMBER}/good")
        await world.desk.until(lambda: "b1p2" not in card.pending or None, 10)
        card.copies.update(shown)  # somebody whose screen still shows the buttons
    assert voted(world) == 1


async def test_by_page_alone_one_ballot_after_the_other(visitor: Visitor) -> None:
    world = visitor.world
    await caught_up(world)
    await opened(world, "b1p1", "b1p2")
    await visitor.enter("b1p3")
    _, html = await visitor.get("/board/vote")
    assert "等你评" in html
    assert "查不到谁投了什么" in html
    html = await press(visitor, "/board/vote", f"vote.cast:{NUMBER}/good")
    assert "城南员工2的岗位承诺" in html
    html = await press(visitor, "/record/CN-2026-0002", "vote.cast:CN-2026-0002/poor")
    assert "都评完了" in html
    _, html = await visitor.get("/board/vote")
    assert "没有等你评的承诺" in html
    _, html = await visitor.get("/record/CN-2026-0002")
    assert "vote.cast" not in html
    assert voted(world) == 2
    await visitor.enter("b2p3")
    _, html = await visitor.get(f"/record/{NUMBER}")
    assert "vote.cast" not in html


async def test_the_branch_concludes_and_an_objective_reason_is_neutral(world: World) -> None:
    await opened(world, "b1p1", "b1p2", "b1p0")
    await world.say("b1p0", "/开评")
    await tap(world, "b1p0", "vote.close:B1")
    assert state(world) is PledgeState.VOTED
    assert "认定承诺结果" in (await world.say("b1p0", "/待办")).text
    answer = await world.say("b1p0", f"/认定 {NUMBER} 已兑现")
    assert "已认定：已兑现" in answer.text
    answer = await world.say("b1p0", "/认定 CN-2026-0002 客观原因未兑现")
    assert "请说明原因" in answer.text
    answer = await world.say("b1p0", "台风抢险两个月")
    assert "客观原因未兑现" in answer.text
    assert "不能自己认定" in (await world.say("b1p0", "/认定 CN-2026-0003 已兑现")).text
    assert "CN-2026-0003" in (await world.say("dangjian", "/待办")).text
    await world.say("dangjian", "/认定 CN-2026-0003 部分兑现 差两户没走到")
    with world.store.reading() as session:
        ends = session.scalars(select(Pledge.state).order_by(Pledge.id)).all()
    assert ends == [PledgeState.KEPT, PledgeState.EXCUSED, PledgeState.PARTLY]
    await world.delivered()
    await world.desk.until(lambda: "台风抢险两个月" in words(world, "b1p2") or None, 20)
    for who, reads in (("b1p2", True), ("b1p0", True), ("b1p3", False)):
        seen = (await world.say(who, "/查 CN-2026-0002")).text
        assert "客观原因未兑现" in seen
        assert ("台风抢险两个月" in seen) == reads


async def test_the_vote_of_the_year_is_owed_and_goes_over_when_branches_merge(world: World) -> None:
    await publish(world, ("b1p1", POST))
    assert "组织评诺" not in (await world.say("b1p0", "/待办")).text
    world.clock.move_to(datetime(2026, 12, 1, 2, 0, tzinfo=UTC))
    await world.desk.connected(20)
    assert "2026 年，1 项公开的承诺还没有评诺" in (await world.say("b1p0", "/待办")).text
    with world.store.writing() as session:
        merge_units(session, 2, 3, Act(world.clock.now(), "dangjian"))
    assert "你的角色办不了" in (await world.say("b1p0", f"/认定 {NUMBER} 已兑现")).text
    assert "1 项公开的承诺还没有评诺" in (await world.say("b2p0", "/待办")).text
    assert "评诺开始" in (await world.say("b2p0", "/开评")).text
    assert "组织评诺" not in (await world.say("b2p0", "/待办")).text
    assert "已投" in (await world.say("b2p3", f"/评诺 {NUMBER} 满意")).text


async def test_an_objective_reason_needs_no_vote_and_small_branches_are_told(world: World) -> None:
    await publish(world, ("b1p1", POST), ("b1p2", POST))
    assert "先发 /开评" in (await world.say("b1p0", f"/认定 {NUMBER} 已兑现")).text
    answer = await world.say("b1p0", f"/认定 {NUMBER} 客观原因未兑现 调往抢险指挥部")
    assert "已认定" in answer.text
    assert datetime(2026, 11, 17, tzinfo=UTC) < world.clock.now()
    with world.store.writing() as session:
        session.connection().exec_driver_sql("UPDATE person SET state='left' WHERE userid='b1p5'")
        session.connection().exec_driver_sql("UPDATE counter SET last=last+1 WHERE prefix='org'")
    answer = await world.say("b1p0", "/开评")
    assert "不足 5 人" in answer.text
    assert "/认定 CN-2026-0002 已兑现" in answer.text
    assert "已认定：已兑现" in (await world.say("b1p0", "/认定 CN-2026-0002 已兑现")).text


async def test_anybody_may_speak_about_a_public_pledge_to_its_owner_and_the_secretary(
    world: World,
) -> None:
    await publish(world, ("b1p1", POST))
    assert "不公开" in (await world.say("b2p1", f"/监督 {NUMBER}")).text
    answer = await world.say("b2p1", "上周确实来过，线路换得很好")
    assert "已转给城南员工1和支部书记" in answer.text
    await world.delivered()
    for who in ("b1p1", "b1p0"):
        await world.desk.until(partial(_heard, world, who), 20)
        assert "线路换得很好" in (await world.say(who, f"/查 {NUMBER}")).text
    assert "线路换得很好" not in (await world.say("b1p2", f"/查 {NUMBER}")).text
    assert "监督由别人来" in (await world.say("b1p1", f"/监督 {NUMBER} 我做得很好")).text


def _heard(world: World, who: str) -> bool | None:
    return "线路换得很好" in words(world, who) or None
