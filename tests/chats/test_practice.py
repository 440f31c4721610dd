"""践诺 and 督诺 as people do them: entries with evidence, the monthly look, the reminder."""

import re
from datetime import UTC, datetime, timedelta
from io import BytesIO

import aiohttp
from PIL import Image
from sqlalchemy import select, update

from bot.sim.messages import Upload
from models.attachment import Attachment
from models.person import Person
from models.pledge import EntryState, Pledge, PledgeCheck, PledgeEntry
from tests.chats.test_pledges import POST, SERVICE, caught_up, tap, words
from tests.visitor import Visitor
from tests.world import World

JANUARY = datetime(2027, 1, 4, 1, 30, tzinfo=UTC)
"""Half past nine on the first working day of January."""


async def publish(world: World, *said: tuple[str, str]) -> None:
    """Let people of branch 1 pledge, and the secretary (or the office) publish all of it."""
    await caught_up(world)
    for userid, text in said:
        answer = await world.say(userid, text)
        number = answer.text.split("**")[1].removeprefix("已提交 ")
        reviewer = "dangjian" if userid == "b1p0" else "b1p0"
        await world.say(reviewer, f"/审诺 {number} 是 是 是 是")
    await world.say("b1p0", "/公诺")


def entries(world: World) -> list[PledgeEntry]:
    with world.store.reading() as session:
        return list(session.scalars(select(PledgeEntry).order_by(PledgeEntry.id)))


def pledge(world: World, number: str = "CN-2026-0001") -> Pledge:
    with world.store.reading() as session:
        return session.scalars(select(Pledge).where(Pledge.number == number)).one()


def photo() -> bytes:
    out = BytesIO()
    Image.new("RGB", (60, 40), "green").save(out, "JPEG")
    return out.getvalue()


async def test_an_entry_in_one_line_in_the_group(world: World) -> None:
    await publish(world, ("b1p1", POST))
    answer = await world.say("b1p1", "/践诺 当天处理 3 处缺陷", "wr1")
    assert "LN-2026-0001" in answer.text
    assert "今年第 1 次践诺" in answer.text
    assert "收不到" in answer.text  # photos go to the private chat
    (row,) = entries(world)
    assert row.said == "当天处理 3 处缺陷"
    assert pledge(world).entries == 1
    assert "践诺中" in (await world.say("b1p3", "/查 CN-2026-0001")).text


async def test_with_two_pledges_the_kind_says_which(world: World) -> None:
    await publish(world, ("b1p1", POST), ("b1p1", SERVICE))
    await world.say("b1p1", "/践诺 服务 帮王大爷家换了老化线路")
    answer = await world.say("b1p1", "/践诺 当天处理 3 处缺陷")
    assert "岗位承诺，还是服务承诺" in answer.text
    answer = await world.say("b1p1", "岗位")
    assert "LN-2026-0002" in answer.text
    await world.say("b1p1", "/践诺 CN-2026-0002 又走访了一户")
    assert [pledge(world, f"CN-2026-000{n}").entries for n in (1, 2)] == [1, 2]
    assert entries(world)[2].said == "又走访了一户"


async def test_evidence_from_the_tray_and_an_entry_taken_back(world: World) -> None:
    await publish(world, ("b1p1", POST))
    await world.desk.say("b1p1", None, "", images=[Upload("p.jpg", photo())])
    await world.desk.settled()
    await world.say("b1p1", "/践诺 当天处理 3 处缺陷")
    await tap(world, "b1p1", "practice.attach")
    with world.store.reading() as session:
        assert session.scalars(select(Attachment.record)).all() == ["LN-2026-0001"]
    assert "佐证：1 个" in (await world.say("b1p2", "/查 LN-2026-0001")).text
    await world.say("b1p1", "/查 LN-2026-0001")
    await tap(world, "b1p1", "practice.withdraw")
    assert [row.state for row in entries(world)] == [EntryState.WITHDRAWN]
    assert (pledge(world).entries, pledge(world).entry_at) == (0, None)


async def test_evidence_from_the_page_is_seen_by_those_who_may_read_the_pledge(
    visitor: Visitor,
) -> None:
    await publish(visitor.world, ("b1p1", POST))
    await visitor.enter("b1p1")
    _, html = await visitor.get("/form/practice?number=CN-2026-0001")
    assert 'value="CN-2026-0001"' in html
    _, html = await visitor.fill("practice", number="CN-2026-0001", said="当天处理 3 处缺陷")
    assert "LN-2026-0001" in html
    assert "涉密不上网" in await send_evidence(visitor, "机密 线路图.jpg")
    with visitor.world.store.reading() as session:
        assert session.scalars(select(Attachment.name)).all() == []
    assert "LN-2026-0002" in await send_evidence(visitor, "消缺.jpg")
    await visitor.enter("b2p1")
    assert (await visitor.get("/record/LN-2026-0001"))[0] == 200


async def send_evidence(visitor: Visitor, name: str) -> str:
    """An entry from the page with a photo of this name; the page that follows."""
    _, html = await visitor.get("/form/practice?number=CN-2026-0001")
    token = re.search(r'name="token" value="([^"]+)"', html)
    assert token
    typed = {"token": token[1], "number": "CN-2026-0001", "said": "又处理 2 处"}
    data = aiohttp.FormData(typed, quote_fields=False)  # names in UTF-8, as browsers send them
    data.add_field("photos.files", photo(), filename=name, content_type="image/jpeg")
    return (await visitor.send("practice", data))[1]


REFUSED = [
    ("b1p2", "/践诺 帮了一户老人", "还没有公开的承诺"),
    ("b1p2", "/践诺 CN-2026-0001 帮了一户老人", "不是你的承诺"),
    ("b1p1", "/践诺 CN-2026-0002 帮了一户老人", "只有已公开"),
    ("b1p1", "/践诺 机密：变电站图纸已上交", "涉密不上网"),
    ("b1p1", "/践诺 服务 帮了一户老人", "换一类"),
    ("b1p2", "/督诺", "你的角色办不了"),
    ("b2p0", "/督诺 城南供电所党支部", "你的角色办不了"),
    ("dangjian", "/督诺", "请写明支部"),
]


async def test_what_is_not_allowed_says_why_and_changes_nothing(world: World) -> None:
    await publish(world, ("b1p1", POST))
    await world.say("b1p1", SERVICE)
    for who, typed, hint in REFUSED:
        answer = await world.say(who, typed)
        assert hint in answer.text, (typed, answer.text)
    assert "请私聊我办" in (await world.say("b1p0", "/督诺", "wr1")).text
    assert entries(world) == []


async def test_the_months_job_reminds_in_private_and_once(both_worlds: World) -> None:
    world = both_worlds
    await world.open_chats(["wr1"])
    await publish(world, ("b1p1", POST), ("b1p1", SERVICE), ("b1p2", POST))
    world.clock.move_to(JANUARY - timedelta(days=7))
    await world.desk.connected(20)
    await world.say("b1p2", "/践诺 当天处理 3 处缺陷")
    world.clock.move_to(JANUARY)
    await world.desk.connected(20)
    for _ in range(2):
        await world.runtime.scheduler.sweep()
        await world.delivered()
    told = await world.desk.until(lambda: words(world, "b1p1") or None, 20)
    assert told.count("最近还没有践诺记录") == 1
    assert "岗位承诺“全年带头消缺 200 处" in told
    assert "服务承诺“每月上门帮 2 户" in told
    assert "最近还没有践诺记录" not in words(world, "b1p2")
    assert "公开 3 项，其中 2 项 30 天以上没有践诺" in words(world, "b1p0")
    told = next(m.text for m in world.desk.heard("b1p0") if "1 月督诺" in m.text)
    assert "员工" not in told  # names only when the secretary asks
    assert "践诺" not in words(world, "wr1").replace("承诺", "")
    answer = await world.say("b1p0", "/督诺")
    assert answer.text.count("城南员工1") == 2
    assert "城南员工2" not in answer.text
    assert "没写全" not in answer.text  # whose standing is not known owes nothing
    with world.store.writing() as session:
        party = update(Person).where(Person.userid.in_(["b1p2", "b1p3"]))
        session.execute(party.values(standing="中共党员"))
    answer = await world.say("b1p0", "/督诺")
    assert "还没写全的党员 2 人：城南员工2、城南员工3" in answer.text
    await tap(world, "b1p0", "pledge.remind")  # this month's reminder has gone out already
    await world.delivered()
    assert words(world, "b1p1").count("最近还没有践诺记录") == 1
    await tap(world, "b1p1", "begin:practice/number=CN-2026-0001")
    await world.desk.settled()
    assert "LN-2027-0001" in (await world.say("b1p1", "当天处理 5 处缺陷")).text


async def test_the_check_is_owed_once_a_month_and_noted_in_one_tap(world: World) -> None:
    await publish(world, ("b1p1", POST))
    assert "本月督诺" not in (await world.say("b1p0", "/待办")).text
    world.clock.move_to(JANUARY)
    await world.desk.connected(20)
    assert "本月督诺" in (await world.say("b1p0", "/待办")).text
    assert "本月督诺" not in (await world.say("b1p1", "/待办")).text
    await tap(world, "b1p0", "begin:pledge_check")
    await tap(world, "b1p0", "pledge.checked")
    with world.store.reading() as session:
        check = session.scalars(select(PledgeCheck)).one()
    assert (check.month, check.pledges, check.silent) == ("2027-01", 1, 1)
    assert "2027-01" in (await world.say("b1p3", "/台账 督诺")).text
    assert "本月督诺" not in (await world.say("b1p0", "/待办")).text
    assert "已经督过了" in (await world.say("b1p0", "/督诺")).text


async def test_the_pledge_wall_comes_as_a_picture(world: World) -> None:
    await world.open_chats(["wr1"])
    assert "还没有公开的承诺" in (await world.say("b1p1", "/承诺墙", "wr1")).text
    await publish(world, ("b1p1", POST), ("b1p1", SERVICE), ("b1p2", POST))
    answer = await world.say("b1p1", "/承诺墙", "wr1")
    assert "3 项" in answer.text
    message = await world.desk.until(
        lambda: next((m for m in world.desk.heard("wr1") if m.media), None), 20
    )
    picture = Image.open(BytesIO(world.desk.platform.media[message.media[0]].data))
    assert picture.width == 1080
    assert picture.height > 700
