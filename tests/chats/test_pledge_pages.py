"""双承诺 by page alone: what is drafted, sent back, mended, reviewed and published there."""

import re

from models.pledge import PledgeState
from tests.chats.test_pledges import POST as LINE
from tests.chats.test_pledges import caught_up, pledges
from tests.chats.test_practice import publish
from tests.visitor import Visitor

POST = {"kind": "岗位承诺", "category": "岗位", "text": "全年带头消缺 200 处"}
YES = {"vanguard": "是", "wanted": "是", "feasible": "是", "able": "是"}


async def press(visitor: Visitor, page: str, action: str) -> str:
    """Press a button of a page that is done in one tap."""
    _, html = await visitor.get(page)
    return await follow(visitor, html, action, page)


async def follow(visitor: Visitor, html: str, action: str, page: str = "/") -> str:
    """Press a button of the page that is open."""
    token = re.search(r'name="token" value="([^"]+)"', html)
    assert token
    assert f'value="{action}"' in html
    url = f"http://127.0.0.1:{visitor.world.runtime.port}/act"
    data = {"token": token[1], "action": action, "back": page}
    async with visitor.session.post(url, data=data) as answer:
        return await answer.text()


async def test_a_pledge_by_page_alone(visitor: Visitor) -> None:
    await caught_up(visitor.world)
    await visitor.enter("b1p1")
    _, html = await visitor.get("/form/pledge")
    assert "2026 年双承诺" in html
    _, html = await visitor.fill("pledge", **POST)
    assert "CN-2026-0001" in html
    await visitor.enter("b1p0")
    _, html = await visitor.get("/record/CN-2026-0001")
    assert "/form/pledge_review?number=CN-2026-0001" in html
    _, html = await visitor.get("/form/pledge_review?number=CN-2026-0001")
    assert "全年带头消缺 200 处" in html
    _, html = await visitor.fill(
        "pledge_review", number="CN-2026-0001", **{**YES, "feasible": "否"}
    )
    assert "这一项必须填写" in html  # a no needs a word why
    _, html = await visitor.fill(
        "pledge_review", number="CN-2026-0001", **{**YES, "feasible": "否"}, note="按 120 处定"
    )
    assert "已退回" in html
    await visitor.enter("b1p1")
    _, html = await visitor.get("/form/pledge_change?number=CN-2026-0001")
    assert "切实可行" in html
    assert "按 120 处定" in html
    assert ">全年带头消缺 200 处</textarea>" in html
    _, html = await visitor.fill("pledge_change", number="CN-2026-0001", text="全年带头消缺 120 处")
    assert "已改好" in html
    await visitor.enter("b1p0")
    await visitor.fill("pledge_review", number="CN-2026-0001", **YES)
    html = await press(visitor, "/record/CN-2026-0001", "pledge.publish:B1")
    assert "已公开 1 项" in html
    assert [row.state for row in pledges(visitor.world)] == [PledgeState.PUBLIC]


async def test_the_rest_of_the_year_by_page_alone(visitor: Visitor) -> None:
    await publish(visitor.world, ("b1p1", LINE), ("b1p2", LINE))
    await visitor.enter("b2p1")
    _, html = await visitor.fill("pledge_remark", number="CN-2026-0001", said="上周确实来过")
    assert "已转给城南员工1" in html
    await visitor.enter("b1p0")
    _, html = await visitor.fill("pledge_check")
    assert "公开 2 项" in html
    assert "已记下 11 月督诺" in await follow(visitor, html, "pledge.checked:B1/2026-11")
    _, html = await visitor.fill("vote_open")
    assert "评诺开始" in html
    await visitor.enter("b1p3")
    html = await press(visitor, "/board/vote", "vote.cast:CN-2026-0001/good")
    assert "都评完了" in await follow(visitor, html, "vote.cast:CN-2026-0002/poor")
    await visitor.enter("b1p0")
    _, html = await visitor.fill("vote_open")
    assert "一共投了 2 票" in html
    assert "评诺已截止" in await follow(visitor, html, "vote.close:B1")
    _, html = await visitor.fill("pledge_end", number="CN-2026-0001", end="已兑现")
    assert "已认定：已兑现" in html


async def test_the_public_page_is_for_everybody_and_drafts_are_not(visitor: Visitor) -> None:
    await caught_up(visitor.world)
    await visitor.world.say("b1p1", "/承诺 岗位 岗位 全年带头消缺 200 处")
    await visitor.world.say("b1p2", "/承诺 服务 实事 每月走访 2 户老人")
    await visitor.world.say("b1p0", "/审诺 CN-2026-0001 是 是 是 是")
    await visitor.world.say("b1p0", "/公诺")
    await visitor.enter("b2p1")
    _, html = await visitor.get("/board/pledges?unit=B1")
    assert "全年带头消缺 200 处" in html
    assert "每月走访 2 户老人" not in html
    assert (await visitor.get("/record/CN-2026-0001"))[0] == 200
    assert (await visitor.get("/record/CN-2026-0002"))[0] == 409
    _, html = await visitor.get("/board/pledges?all=1")
    assert "城北供电所党支部" in html
    for path in ("?unit=nothing", "?unit=GS", "?year=1999", "?year=x&unit=%27"):
        assert (await visitor.get(f"/board/pledges{path}"))[0] == 200


async def test_somebody_elses_form_is_refused_before_it_is_filled_in(visitor: Visitor) -> None:
    await visitor.world.say("b1p1", "/承诺 岗位 岗位 全年带头消缺 200 处")
    await visitor.enter("b1p2")
    status, html = await visitor.get("/form/pledge_change?number=CN-2026-0001")
    assert status == 409
    assert "不是你的承诺" in html
    assert "消缺" not in html
    assert (await visitor.get("/form/pledge_review?number=CN-2026-0001"))[0] == 404
