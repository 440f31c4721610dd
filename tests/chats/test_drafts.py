"""Half-filled forms: kept from a page, gone on with in chat, and the other way round."""

import json
import re
from io import BytesIO
from typing import Any

import aiohttp
from PIL import Image
from sqlalchemy import select

from models.draft import DRAFT, Draft, DraftState
from models.progress import Progress
from models.vault import Secret
from tests.visitor import Visitor
from tests.world import World


def token_of(html: str) -> str:
    found = re.search(r'name="token" value="([^"]+)"', html)
    assert found
    return found[1]


def drafts(world: World) -> list[Draft]:
    with world.store.reading() as session:
        return list(session.scalars(select(Draft).order_by(Draft.id)))


def reports(world: World) -> list[Progress]:
    with world.store.reading() as session:
        return list(session.scalars(select(Progress).order_by(Progress.id)))


async def save(visitor: Visitor, command: str, **data: str) -> tuple[int, Any]:
    """What the script of the page sends while somebody types."""
    url = f"http://127.0.0.1:{visitor.world.runtime.port}/form/{command}/draft"
    async with visitor.session.post(url, data=aiohttp.FormData(data)) as answer:
        return answer.status, await answer.json()


async def test_what_is_typed_on_a_page_goes_on_in_chat(visitor: Visitor) -> None:
    await visitor.enter("b1p1")
    _, html = await visitor.get("/form/progress")
    token = token_of(html)
    status, kept = await save(visitor, "progress", token=token, draft="0", said="换了两台配变")
    assert status == 200
    assert "自动存好" in kept["said"]
    status, again = await save(
        visitor, "progress", token=token, draft=str(kept["draft"]), said="换了三台配变"
    )
    assert again["draft"] == kept["draft"]
    (draft,) = drafts(visitor.world)
    assert (draft.state, draft.answers) == (DraftState.PAUSED, {"said": "换了三台配变"})
    _, html = await visitor.get("/")
    assert f'/form/progress?draft={draft.id}"' in html
    answer = await visitor.world.say("b1p1", "/继续")
    assert "百分之多少" in answer.text
    answer = await visitor.world.say("b1p1", "61%")
    assert "JZ-2026-0001" in answer.text
    (row,) = reports(visitor.world)
    assert row.said == "换了三台配变"
    assert drafts(visitor.world)[0].state is DraftState.DONE


SHEET = "【进展填报】\n进度：61%\n说明：换了三台配变"


async def test_a_sheet_in_the_middle_of_its_own_dialogue_fills_it(world: World) -> None:
    assert "百分之多少" in (await world.say("b1p1", "/进展")).text
    assert "JZ-2026-0001" in (await world.say("b1p1", SHEET.partition("\n")[2])).text
    (row,) = reports(world)
    assert (int(row.percent), row.said) == (61, "换了三台配变")
    assert drafts(world)[0].state is DraftState.DONE


async def test_a_sheet_in_the_middle_of_another_dialogue_is_no_answer(world: World) -> None:
    assert "改进" in (await world.say("b2p0", "/晋级 A")).text
    before = drafts(world)[0].answers
    # By its labels alone it is guessed at: what is meant is asked, nothing is taken.
    asked = await world.say("b2p0", SHEET.partition("\n")[2])
    assert "没有当作“改进情况”的回答" in asked.text
    assert drafts(world)[0].answers == before
    # With its heading it is beyond doubt; what was open is kept.
    told = await world.say("b2p0", SHEET)
    assert "JZ-2026-0001" in told.text
    assert "发 /继续" in told.text
    assert "改进" in (await world.say("b2p0", "/继续")).text
    assert drafts(world)[0].answers == before


async def test_labels_within_a_long_answer_are_its_words(world: World) -> None:
    await world.say("b2p0", "/晋级 A 改进情况：覆盖全部台区")
    said = "进度：61%\n说明：见系统五月报表"
    assert "已申报" in (await world.say("b2p0", said)).text
    assert "进度：61%" in (await world.say("b2p0", "/查 JJ-2026-0001")).text


async def test_what_is_begun_in_chat_is_finished_on_the_page(visitor: Visitor) -> None:
    answer = await visitor.world.say("b1p1", "/进展")
    link = re.search(r"\((http[^)]+/go\?t=[^)]+)\)", answer.text)
    assert link
    _, html = await visitor.get(link[1])
    assert "进展填报" in html
    data = {"token": token_of(html), "draft": re.findall(r'name="draft" value="(\d+)"', html)[0]}
    _, html = await visitor.post("progress", {**data, "percent": "55%", "said": "网页上填完"})
    assert "JZ-2026-0001" in html
    assert [draft.state for draft in drafts(visitor.world)] == [DraftState.DONE]
    assert "没有没填完" in (await visitor.world.say("b1p1", "/继续")).text


async def test_a_command_that_needs_its_record_can_be_finished_on_the_page(
    visitor: Visitor,
) -> None:
    """A correction is begun by a button of the report; the page knows which report it is about."""
    await visitor.world.say("b1p1", "/进展 40% 一")
    answer = await visitor.world.say("b1p1", "/更正 JZ-2026-0001")
    link = re.search(r"\((http[^)]+/go\?t=[^)]+)\)", answer.text)
    assert link
    _, html = await visitor.get(link[1])
    assert 'value="JZ-2026-0001"' in html
    draft = re.findall(r'name="draft" value="(\d+)"', html)[0]
    (command,) = re.findall(r'action="/form/(\w+)"', html)
    _, html = await visitor.post(
        command,
        {
            "token": token_of(html),
            "draft": draft,
            "number": "JZ-2026-0001",
            "percent": "45%",
            "said": "一",
        },
    )
    assert "JZ-2026-0002" in html


async def test_wrong_answers_are_kept_as_they_were_typed(visitor: Visitor) -> None:
    await visitor.enter("b1p1")
    _, html = await visitor.get("/form/progress")
    _, kept = await save(visitor, "progress", token=token_of(html), draft="0", percent="很多")
    _, html = await visitor.get(f"/form/progress?draft={kept['draft']}")
    assert 'value="很多"' in html
    answer = await visitor.world.say("b1p1", "/继续")
    assert "很多" not in answer.text
    assert "百分之多少" in answer.text


async def test_the_button_keeps_without_a_script(visitor: Visitor) -> None:
    await visitor.enter("b1p1")
    _, html = await visitor.get("/form/progress")
    data = {"token": token_of(html), "draft": "0", "percent": "33%", "keep": "1"}
    status, html = await visitor.post("progress", data)
    assert status == 200
    assert "接着填：进展填报" in html
    assert reports(visitor.world) == []
    _, html = await visitor.get("/form/progress")
    assert "没填完" in html


async def test_fields_come_as_they_apply(visitor: Visitor) -> None:
    await visitor.world.say("b1p1", "/进展 60% 一")
    await visitor.enter("b1p1")
    _, html = await visitor.get("/form/progress")
    assert re.search(r'data-field="reason" hidden', html)
    token = token_of(html)
    _, kept = await save(visitor, "progress", token=token, draft="0", percent="50%")
    assert "reason" in kept["applies"]
    _, kept = await save(visitor, "progress", token=token, draft=str(kept["draft"]), percent="70%")
    assert "reason" not in kept["applies"]
    # Without a script the page itself shows the field once it is missed.
    _, html = await visitor.post("progress", {"token": token, "percent": "50%", "said": "二"})
    assert re.search(r'data-field="reason">', html)
    assert "有 1 处要改" in html


async def test_drafts_are_their_owners_alone(visitor: Visitor) -> None:
    await visitor.enter("b1p1")
    _, html = await visitor.get("/form/progress")
    _, kept = await save(visitor, "progress", token=token_of(html), draft="0", said="只给自己看")
    await visitor.enter("b1p2")
    _, html = await visitor.get(f"/form/progress?draft={kept['draft']}")
    assert "这一步已经办过" in html
    assert "只给自己看" not in html
    _, html = await visitor.get("/form/progress")
    mine = token_of(html)
    status, _ = await save(visitor, "progress", token=mine, draft=str(kept["draft"]), said="换掉")
    assert status == 409
    assert drafts(visitor.world)[0].answers == {"said": "只给自己看"}
    assert (await save(visitor, "progress", token="forged", draft="0", said="x"))[0] == 403
    assert "这一步已经" in (await visitor.get("/form/progress?draft=99999999999999999999"))[1]


def picture(width: int = 64) -> bytes:
    out = BytesIO()
    Image.new("RGB", (width, 48), "red").save(out, "JPEG")
    return out.getvalue()


async def test_photos_are_sent_one_by_one_while_the_form_is_filled_in(visitor: Visitor) -> None:
    await visitor.enter("b1p1")
    _, html = await visitor.get("/form/progress")
    token = token_of(html)
    url = f"http://127.0.0.1:{visitor.world.runtime.port}/form/progress/photo"

    async def send(data: bytes, key: str = token) -> tuple[int, Any]:
        body = aiohttp.FormData()
        body.add_field("token", key)
        body.add_field("photos.files", data, filename="a.jpg")
        async with visitor.session.post(url, data=body) as answer:
            return answer.status, await answer.json()

    ids = [str((await send(picture(width)))[1]["id"]) for width in (64, 80)]
    status, said = await send(picture()[:200])
    assert (status, "打不开" in said["problem"]) == (409, True)
    status, said = await send(b"\xff\xd8\xff" + b"MZ" * 500)
    assert status == 409
    assert (await send(picture(), "forged"))[0] == 403
    _, html = await visitor.post(
        "progress", {"token": token, "percent": "50%", "photos": ",".join(ids)}
    )
    assert "JZ-2026-0001" in html
    assert "附件：2 个" in (await visitor.world.say("b1p1", "/查 JZ-2026-0001")).text


async def test_names_are_offered_to_those_who_may_know_them(visitor: Visitor) -> None:
    async def names(path: str) -> list[str]:
        found: list[str] = json.loads((await visitor.get(path))[1])
        return found

    await visitor.enter("b1p1")
    units = await names("/suggest/unit?q=%E8%BE%93%E7%94%B5")
    assert "输电运检党支部" in units
    own = await names("/suggest/person?q=%E5%9F%8E%E5%8D%97")
    assert "城南员工1" in own
    others = await names("/suggest/person?q=%E5%9F%8E%E5%8C%97")
    assert others == []
    await visitor.enter("dangjian")
    others = await names("/suggest/person?q=%E5%9F%8E%E5%8C%97")
    assert "城北员工1" in others
    assert await names("/suggest/person?q=") == []


async def test_what_is_said_in_confidence_waits_sealed_and_anonymous_words_do_not(
    visitor: Visitor,
) -> None:
    """书记听您说 saves itself while somebody types, too: but never who wrote what."""
    words = "值班室的暖气坏了两个冬天没有人管"
    await visitor.enter("b1p1")
    _, html = await visitor.get("/form/suggestion")
    token = token_of(html)
    _, kept = await save(visitor, "suggestion", token=token, draft="0", said=words)
    draft = str(kept["draft"])
    await save(visitor, "suggestion", token=token, draft=draft, said=words, level="保密")
    (row,) = drafts(visitor.world)
    assert (row.answers, row.doubts) == ({}, {})
    _, html = await visitor.get(f"/form/suggestion?draft={draft}")
    assert words in html
    _, kept = await save(visitor, "suggestion", token=token, draft=draft, said=words, level="匿名")
    assert kept["draft"] == 0
    assert "/anonymous" in kept["said"]
    _, html = await visitor.post(
        "suggestion", {"token": token, "draft": "0", "said": words, "level": "匿名", "keep": "1"}
    )
    assert "/anonymous" in html
    assert drafts(visitor.world) == []
    with visitor.world.store.reading() as session:
        assert session.scalars(select(Secret).where(Secret.kind == DRAFT)).all() == []
