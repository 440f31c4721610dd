"""What is alike is shown before a project is handed in; the library of mechanisms."""

import re
from io import BytesIO

import docx
import pytest

from tests.chats.projects import DETAIL, PROPOSAL
from tests.visitor import Visitor
from tests.world import World

OTHER = (
    PROPOSAL.replace("白塔台区线损清零", "青山台区线损治理")
    .replace("18个台区线损率长期高于5%，原因不清", "11个台区线损率高于6%，原因不清")
    .replace("91.2", "90.1")
)
STRANGE = """【立项申报】
项目名称：合同管理规范提升
业务：法律合规
问题：多份合同逾期未结，法务参与晚
机制：法务专员包单位，季度体检
指标名称：合同按期办结率
指标单位：%
指标方向：提升
基线：80
目标：95
立项方向：管理效能
党建+领域：培训学习
四个融入：经营管理
专业：综合管理"""
MECHANISM = """【典型机制】
机制名称：党员包台区、周通报月销号
适用场景：台区线损责任不清、原因不明
案例：XM-2026-0001
主要做法：一台区一名党员，一台一策
每周通报，每月销号"""


async def test_what_is_alike_elsewhere_is_shown_before_it_is_handed_in(
    both_januaries: World,
) -> None:
    world = both_januaries
    first = (await world.say("b1p0", PROPOSAL)).text
    assert "相近" not in first
    second = (await world.say("b2p0", OTHER)).text
    assert "别的支部有相近的项目" in second
    assert "XM-2026-0001 城南供电所党支部《白塔台区线损清零》（立项）" in second
    assert "相近" not in (await world.say("b5p0", STRANGE)).text
    detail = DETAIL.replace("城南", "城北")
    assert "XM-2026-0001" in (await world.say("b2p0", detail)).text
    # Whoever decides sees it as well.
    await world.say("b2p0", "/送审")
    assert "XM-2026-0001" in (await world.say("zhuanye", "/查 XM-2026-0002")).text


async def test_a_mechanism_is_written_down_found_and_recommended(january: World) -> None:
    world = january
    await world.say("b1p0", PROPOSAL)
    assert "还没有典型机制" in (await world.say("b1p1", "/机制")).text
    saved = (await world.say("dangjian", MECHANISM)).text
    assert "已收录 JX-2026-0001" in saved
    assert "案例 1 个" in saved
    assert "JX-2026-0001" in (await world.say("b3p1", "/机制 线损")).text
    assert "JX-2026-0001" in (await world.say("b3p1", "/搜索 月销号")).text
    assert "没有找到和“食堂”有关的机制" in (await world.say("b3p1", "/机制 食堂")).text
    shown = (await world.say("b3p1", "/查 JX-2026-0001")).text
    assert "一台区一名党员" in shown
    assert "XM-2026-0001 城南供电所党支部《白塔台区线损清零》" in shown
    assert "JX-2026-0001" in (await world.say("b1p1", "/查 XM-2026-0001")).text
    hint = (await world.say("b2p0", OTHER)).text
    assert "可以借鉴的典型机制" in hint
    assert "JX-2026-0001 党员包台区、周通报月销号" in hint


@pytest.mark.parametrize(
    ("who", "typed", "said"),
    [
        ("b1p0", "/提炼机制 党员包台区", "党建部"),
        ("dangjian", MECHANISM, "不是项目编号"),
        ("dangjian", "/查 JX-2026-0009", "没有找到"),
    ],
)
async def test_what_is_not_allowed_is_said(january: World, who: str, typed: str, said: str) -> None:
    assert said in (await january.say(who, typed)).text
    assert "还没有典型机制" in (await january.say("b1p1", "/机制")).text


async def test_the_library_as_page_and_book(visitor: Visitor) -> None:
    world = visitor.world
    await world.say("zhuanye", MECHANISM)
    await visitor.enter("b3p1")
    _, html = await visitor.get("/board/mechanisms")
    assert "党员包台区、周通报月销号" in html
    assert "收录一个机制" not in html
    status, _, data = await visitor.fetch("/paper/toolbox.docx")
    assert status == 200
    words = [p.text for p in docx.Document(BytesIO(data)).paragraphs]
    start = words.index("一、适用场景")
    assert words[start + 1] == "台区线损责任不清、原因不明"
    assert words[start + 3 : start + 5] == ["一台区一名党员，一台一策", "每周通报，每月销号"]
    await visitor.enter("dangjian")
    _, html = await visitor.get("/record/JX-2026-0001")
    assert "撤下" in html
    token = re.search(r'name="token" value="([^"]+)"', html)
    assert token
    form = {"token": token[1], "action": "mechanism.turn:JX-2026-0001", "back": "/"}
    url = f"http://127.0.0.1:{world.runtime.port}/act"
    async with visitor.session.post(url, data=form) as answer:
        assert "撤下" in await answer.text()
    assert "还没有典型机制" in (await world.say("b1p1", "/机制")).text
    assert "党员包台区" not in (await visitor.get("/board/mechanisms"))[1]
