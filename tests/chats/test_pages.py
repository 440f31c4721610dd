"""The pages by HTTP: who gets in, what they see, what a form does."""

import re
from datetime import timedelta
from io import BytesIO

import aiohttp
from openpyxl import load_workbook
from PIL import Image
from sqlalchemy import select

from bot.sim.messages import Upload
from models.progress import Progress
from tests.visitor import Visitor
from tests.world import World


def reports(world: World) -> list[Progress]:
    with world.store.reading() as session:
        return list(session.scalars(select(Progress).order_by(Progress.id)))


async def test_nobody_gets_in_without_a_link(visitor: Visitor) -> None:
    for path in ("/", "/form/progress", "/ledger/progress", "/ledger/progress.xlsx"):
        status, html = await visitor.get(path)
        assert status == 403
        assert "企业微信" in html
    assert (await visitor.get("/help"))[0] == 200
    assert (await visitor.get("/go?t=forged"))[0] == 403


async def test_a_link_expires(visitor: Visitor) -> None:
    link = visitor.world.runtime.links.make("/", "b1p1")
    visitor.world.clock.move_to(visitor.world.clock.now() + timedelta(hours=25))
    assert (await visitor.get(link))[0] == 403


async def test_a_form_from_the_page_is_the_same_report(visitor: Visitor) -> None:
    status, html = await visitor.enter("b1p1")
    assert status == 200
    assert "城南员工1" in html
    status, html = await visitor.fill("progress", percent="66%", said="完成<b>两项</b>")
    assert status == 200
    assert "JZ-2026-0001" in html
    (row,) = reports(visitor.world)
    assert row.said == "完成<b>两项</b>"
    _, html = await visitor.get("/ledger/progress")
    assert "完成&lt;b&gt;两项&lt;/b&gt;" in html
    assert "<b>两项</b>" not in html


async def test_problems_stand_beside_their_fields_and_nothing_is_stored(visitor: Visitor) -> None:
    await visitor.enter("b1p1")
    _, html = await visitor.fill("progress", percent="150%", said="好")
    assert "0% 到 100%" in html
    assert 'value="150%"' in html
    assert "好</textarea>" in html
    _, html = await visitor.fill("progress", percent="八成", said="好")
    assert "理解为 80%" in html
    assert 'value="80%"' in html
    _, html = await visitor.fill("progress", percent="60%", said="机密：变电站图纸")
    assert "涉密不上网" in html
    assert reports(visitor.world) == []


async def test_sending_a_form_twice_is_one_report(visitor: Visitor) -> None:
    await visitor.enter("b1p1")
    _, html = await visitor.get("/form/progress")
    token = re.search(r'name="token" value="([^"]+)"', html)
    assert token
    data = {"token": token[1], "percent": "40%", "said": "一"}
    first = await visitor.post("progress", data)
    second = await visitor.post("progress", data)
    assert first == second
    assert len(reports(visitor.world)) == 1


async def test_fields_nobody_asked_for_are_passed_over(visitor: Visitor) -> None:
    await visitor.enter("b1p1")
    status, html = await visitor.fill("progress", percent="40%", said="一", number="JZ-1", x="y")
    assert status == 200
    assert "JZ-2026-0001" in html


async def test_a_forged_or_foreign_token_is_refused(visitor: Visitor) -> None:
    await visitor.enter("b1p1")
    _, html = await visitor.get("/form/progress")
    token = re.search(r'name="token" value="([^"]+)"', html)
    assert token
    assert (await visitor.post("progress", {"token": "x", "percent": "40%"}))[0] == 403
    await visitor.enter("b2p1")
    assert (await visitor.post("progress", {"token": token[1], "percent": "40%"}))[0] == 403
    assert reports(visitor.world) == []


async def test_a_ledger_shows_what_the_reader_may_see(visitor: Visitor) -> None:
    for branch in (1, 2):
        await visitor.world.say(f"b{branch}p1", f"/进展 {50 + branch}% 第{branch}家", f"wr{branch}")
    await visitor.enter("b1p1")
    _, html = await visitor.get("/ledger/progress")
    assert "第1家" in html
    assert "第2家" not in html
    assert (await visitor.get("/ledger/audit"))[0] == 404
    assert (await visitor.get("/ledger/person.xlsx"))[0] == 404
    assert (await visitor.get("/ledger/nothing"))[0] == 404
    await visitor.enter("dangjian")
    _, html = await visitor.get("/ledger/progress?q=第2&sort=percent&desc=1&page=1")
    assert "第2家" in html
    assert "第1家" not in html
    assert (await visitor.get("/ledger/audit"))[0] == 200
    assert (await visitor.get("/ledger/progress?q=%27%3B%20drop&page=99999&sort=x"))[0] == 200


async def test_excel_from_the_page_holds_the_same_rows(visitor: Visitor) -> None:
    await visitor.world.say("b1p1", "/进展 51% =1+1", "wr1")
    await visitor.enter("dangjian")
    url = f"http://127.0.0.1:{visitor.world.runtime.port}/ledger/progress.xlsx"
    async with visitor.session.get(url) as answer:
        assert answer.status == 200
        data = await answer.read()
    sheet = load_workbook(BytesIO(data)).worksheets[0]
    head, row = list(sheet.iter_rows(values_only=True))
    found = dict(zip(head, row, strict=True))
    assert found["进度"] == 51
    assert found["说明"] == "=1+1"


async def test_somebody_who_left_sees_nothing(visitor: Visitor) -> None:
    await visitor.enter("b1p1")
    with visitor.world.store.writing() as session:
        session.connection().exec_driver_sql("UPDATE person SET state='left' WHERE userid='b1p1'")
    assert (await visitor.get("/"))[0] == 403


def photo(colour: str) -> bytes:
    out = BytesIO()
    Image.new("RGB", (60, 40), colour).save(out, "JPEG")
    return out.getvalue()


async def test_photos_come_with_the_form_and_are_chosen_once(visitor: Visitor) -> None:
    await visitor.enter("b1p1")
    _, html = await visitor.get("/form/progress")
    token = re.search(r'name="token" value="([^"]+)"', html)
    assert token
    data = aiohttp.FormData()
    data.add_field("token", token[1])
    data.add_field("percent", "150%")
    for colour in ("red", "green"):
        data.add_field("photos.files", photo(colour), filename=f"{colour}.jpg")
    _, html = await visitor.send("progress", data)
    assert "已收到 2 张" in html
    ids = re.search(r'name="photos" value="([^"]+)"', html)
    assert ids
    _, html = await visitor.post(
        "progress", {"token": token[1], "percent": "50%", "photos": ids[1]}
    )
    assert "JZ-2026-0001" in html
    found = await visitor.world.say("b1p1", "/查 JZ-2026-0001")
    assert "附件：2 个" in found.text


async def test_what_is_no_photo_is_refused(visitor: Visitor) -> None:
    await visitor.enter("b1p1")
    _, html = await visitor.get("/form/progress")
    token = re.search(r'name="token" value="([^"]+)"', html)
    assert token
    data = aiohttp.FormData()
    data.add_field("token", token[1])
    data.add_field("percent", "50%")
    data.add_field("photos.files", b"MZ" + bytes(100), filename="photo.jpg")
    status, html = await visitor.send("progress", data)
    assert status == 409
    assert "不是照片" in html
    assert reports(visitor.world) == []


async def test_somebody_elses_photos_are_not_attached(visitor: Visitor) -> None:
    await visitor.world.desk.say("b1p2", None, "", images=[Upload("p.jpg", photo("red"))])
    await visitor.world.desk.settled()
    await visitor.enter("b1p1")
    await visitor.fill("progress", percent="50%", photos="1")
    found = await visitor.world.say("b1p1", "/查 JZ-2026-0001")
    assert "附件：0 个" in found.text


async def test_a_record_page_shows_the_thing_and_its_buttons_work(visitor: Visitor) -> None:
    await visitor.enter("b1p1")
    await visitor.fill("progress", percent="50%", said="完成三个台区")
    status, html = await visitor.get("/record/XM-2026-0001")
    assert status == 200
    assert "完成三个台区" in html
    token = re.search(r'name="token" value="([^"]+)"', html)
    action = re.search(r'name="action" value="([^"]+)"', html)
    assert token
    assert action
    url = f"http://127.0.0.1:{visitor.world.runtime.port}/act"
    data = {"token": token[1], "action": action[1], "back": "/record/XM-2026-0001"}
    async with visitor.session.post(url, data=data) as answer:
        assert "今天已" in await answer.text()
    async with visitor.session.post(url, data={**data, "token": "forged"}) as answer:
        assert answer.status == 403


async def test_a_record_of_another_branch_is_as_if_it_were_not_there(visitor: Visitor) -> None:
    await visitor.world.say("b2p1", "/进展 50% 别的支部")
    await visitor.enter("b1p1")
    for number in ("JZ-2026-0001", "JZ-2026-9999", "QQ-2026-0001"):
        status, html = await visitor.get(f"/record/{number}")
        assert status == 409
        assert "没有找到" in html
        assert "别的支部" not in html


async def test_a_photo_is_shown_to_those_who_may_see_its_record(visitor: Visitor) -> None:
    await visitor.enter("b1p1")
    _, html = await visitor.get("/form/progress")
    token = re.search(r'name="token" value="([^"]+)"', html)
    assert token
    data = aiohttp.FormData()
    data.add_field("token", token[1])
    data.add_field("percent", "50%")
    data.add_field("photos.files", photo("red"), filename="red.jpg")
    await visitor.send("progress", data)
    url = f"http://127.0.0.1:{visitor.world.runtime.port}/photo/1"
    async with visitor.session.get(url) as answer:
        assert answer.content_type == "image/jpeg"
        assert await answer.read() == photo("red")
    await visitor.enter("b2p1")
    assert (await visitor.get("/photo/1"))[0] == 409
    assert (await visitor.get("/photo/99"))[0] == 404


async def test_a_button_of_a_dossier_opens_the_form(world: World) -> None:
    await world.say("b1p1", "/进展 50% 一")
    await world.say("b1p1", "/查 XM-2026-0001")
    card = await world.desk.until(
        lambda: next((m for m in world.desk.heard("b1p1") if m.card is not None), None), 5
    )
    action = "begin:progress/branch=城南供电所党支部"
    await world.desk.click("b1p1", card, action)
    await world.desk.settled()
    assert any("进度" in m.text for m in world.desk.heard("b1p1"))
