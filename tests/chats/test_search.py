"""搜索: what somebody may see is found, in chat and on the page, and nothing else."""

import re

import pytest

from models.audit import Audit
from tests.visitor import Visitor
from tests.world import World

SAID = (
    ("b1p1", "/进展 20% 完成10千伏台区改造摸底，线损异常两处"),
    ("b1p2", "/进展 30% 台区改造开工"),
    ("b2p1", "/进展 40% 线损治理完成三户"),
)


@pytest.fixture
async def told(world: World) -> World:
    return await tell(world)


async def tell(world: World) -> World:
    """Three reports of two branches."""
    for userid, text in SAID:
        assert "JZ-2026" in (await world.say(userid, text)).text
    return world


async def test_words_are_found_in_what_one_may_see(told: World) -> None:
    own = (await told.say("b1p1", "/搜索 线损")).text
    assert "JZ-2026-0001" in own
    assert "线损异常两处" in own
    assert "JZ-2026-0003" not in own, "another branch's report"
    assert "在网页上看全部" in own
    office = (await told.say("dangjian", "/搜索 线损")).text
    assert {"JZ-2026-0001", "JZ-2026-0003"} <= set(re.findall(r"JZ-\d{4}-\d{4}", office))


async def test_all_words_must_occur_and_a_sentence_is_cut(both_worlds: World) -> None:
    told = await tell(both_worlds)
    both = (await told.say("dangjian", "/搜索 台区 线损")).text
    assert "JZ-2026-0001" in both
    assert "JZ-2026-0002" not in both
    cut = (await told.say("dangjian", "/搜索 台区线损异常")).text
    assert "JZ-2026-0001" in cut
    assert "没有找到“食堂”" in (await told.say("dangjian", "/搜索 食堂")).text


async def test_a_period_narrows_it(told: World) -> None:
    this = (await told.say("dangjian", "/搜索 本周 台区")).text
    assert "JZ-2026-0002" in this
    assert "没有找到" in (await told.say("dangjian", "/搜索 上周 台区")).text
    assert "JZ-2026-0002" in (await told.say("dangjian", "/搜索 本季度台区")).text
    assert "没有找到" in (await told.say("dangjian", "/搜索 3—4月 台区")).text


async def test_a_number_leads_straight_to_the_thing(told: World) -> None:
    assert "完成10千伏台区改造摸底" in (await told.say("b1p1", "/搜索 jz 2026 1")).text
    refused = (await told.say("b2p1", "/搜索 JZ-2026-0001")).text
    assert "没有找到 JZ-2026-0001，或者你不能看它" in refused


async def test_never_in_a_group_and_never_written_down(told: World) -> None:
    answer = await told.say("b1p0", "/搜索 线损", "wr1")
    assert "JZ-2026" not in answer.text
    await told.say("b1p1", "/搜索 线损")
    with told.store.reading() as session:
        rows = session.query(Audit).filter(Audit.action == "search").all()
        assert rows
        assert all("线损" not in f"{row.subject}{row.outcome}" for row in rows)


async def test_the_page_marks_the_words_and_opens_the_ledger(told: World, visitor: Visitor) -> None:
    for count in range(4):
        await told.say("b1p1", f"/进展 {40 + count}% 线损治理第{count}步")
    await visitor.enter("b1p1")
    status, html = await visitor.get("/search?q=线损")
    assert status == 200
    assert "<mark>线损</mark>治理第3步" in html
    more = re.search(r'href="(/ledger/progress\?[^"]+)"', html)
    assert more
    _, ledger = await visitor.get(more[1].replace("&amp;", "&"))
    assert "共 5 行" in ledger
    _, html = await visitor.get("/search?q=JZ-2026-0001")
    assert "完成10千伏台区改造摸底" in html
    _, html = await visitor.get("/search?q=JZ-2026-0003")
    assert "或者你不能看它" in html
    _, html = await visitor.get("/search?q=排名")
    assert 'href="/ledger/ranking"' in html


@pytest.mark.usefixtures("told")
async def test_what_is_typed_stays_words(visitor: Visitor) -> None:
    await visitor.enter("dangjian")
    for bad in ("'; drop table person;--", "<script>alert(1)</script>", "%25", "_", "\\"):
        status, html = await visitor.get("/search?q=" + bad)
        assert status == 200
        assert "<script>alert" not in html
    _, html = await visitor.get("/search?q=%25")
    assert "JZ-2026" not in html, "a per cent sign is no wildcard"


async def test_an_address_that_leads_nowhere_is_said_in_our_words(visitor: Visitor) -> None:
    status, html = await visitor.get("/no/such/page")
    assert status == 404
    assert "支部通" in html
