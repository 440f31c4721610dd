"""One's own data: seen, taken along, corrected, deleted; in chat, on the page, by the clock."""

import io
import zipfile
from datetime import timedelta

from openpyxl import load_workbook
from sqlalchemy import func, select, update

from bot.sim.messages import Kind, Upload
from handlers.catalogue import catalogue
from handlers.holdings import rest_of
from models.attachment import Attachment, Blob
from models.audit import Audit, AuditEnd, verify
from models.base import Base
from models.draft import Draft
from models.progress import Progress
from models.purge import Purge
from models.push import Push
from models.request import DataRequest
from tests.chats.test_progress import _photo
from tests.visitor import Visitor
from tests.world import World


def count(world: World, entity: type) -> int:
    with world.store.reading() as session:
        return session.scalar(select(func.count()).select_from(entity)) or 0


async def send_photo(world: World, userid: str) -> Upload:
    photo = _photo()
    await world.desk.say(userid, None, "", images=[photo])
    await world.desk.settled()
    return photo


async def test_what_is_held_is_listed_with_its_purpose(both_worlds: World) -> None:
    await both_worlds.say("b1p1", "/进展 50% 更换配变两台", "wr1")
    answer = await both_worlds.say("b1p1", "/我的数据")
    assert "我报的进展：1 项" in answer.text
    assert "用于项目台账" in answer.text
    refused = await both_worlds.say("b1p1", "/我的数据", "wr1")
    assert "私聊" in refused.text


async def test_one_word_corrects_reports_and_own_data(world: World) -> None:
    await world.say("b1p1", "/进展 50% 好", "wr1")
    assert "已更正" in (await world.say("b1p1", "/更正 JZ-2026-0001 60% 更好")).text
    assert "已更正" in (await world.say("b1p1", "/更正 进度：65% 编号：JZ-2026-0002")).text
    with world.store.reading() as session:
        assert [row.said for row in session.scalars(select(Progress))] == ["好", "更好", "更好"]
    asked = await world.say("b1p1", "/更正")
    assert "写编号" in asked.text
    assert "百分之多少" in (await world.say("b1p1", "jz2026-3")).text
    await world.say("b1p1", "70%")
    assert "已更正" in (await world.say("b1p1", "跳过")).text
    assert "请写编号" in (await world.say("b1p1", "/更正 65%")).text
    assert "请写编号" in (await world.say("b1p1", "/更正 TK-2026-0001 什么")).text
    assert count(world, DataRequest) == 0


async def test_a_wrong_name_is_corrected_by_the_party_office(both_worlds: World) -> None:
    world = both_worlds
    assert "私聊" in (await world.say("b1p1", "/更正 我的姓名应为张珊", "wr1")).text
    asked = await world.say("b1p1", "/更正 我的姓名应为张珊")
    assert "SQ-2026-0001" in asked.text
    assert "2026-12-08" in asked.text  # fifteen working days
    assert "张珊" in (await world.say("b1p1", "/查 SQ-2026-0001")).text
    assert "没有找到" in (await world.say("b1p0", "/查 SQ-2026-0001")).text
    assert "SQ-2026-0001" in (await world.say("dangjian", "/待办")).text
    assert "办不了" in (await world.say("b1p0", "/答复更正 SQ-2026-0001 是 好")).text
    done = await world.say("dangjian", "/答复更正 SQ-2026-0001 是 名单已改")
    assert "已更正" in done.text
    await world.delivered()
    assert any("名单已改" in (m.text or "") for m in world.desk.heard("b1p1"))
    assert (
        "现在的状态不能" in (await world.say("dangjian", "/答复更正 SQ-2026-0001 否 再想想")).text
    )


async def test_loose_things_go_at_once_and_the_rest_says_why_it_stays(world: World) -> None:
    await send_photo(world, "b1p1")
    await world.say("b1p1", "/进展 50% 好", "wr1")
    await world.say("b1p1", "/进展")
    answer = await world.say("b1p1", "/删除")
    assert "我发的照片和文件：1 项" in answer.text
    assert "没填完的表单：1 项" in answer.text
    assert "工作记录" in answer.text
    card = await world.desk.until(
        lambda: next(
            (m for m in world.desk.heard("b1p1") if m.card and "马上删" in str(m.card)), None
        ),
        5,
    )
    await world.desk.click("b1p1", card, "mydata.erase")
    await world.desk.until(lambda: count(world, Draft) == 0, 5)
    assert count(world, Attachment) == 0
    assert count(world, Progress) == 1
    assert "不能删除" in (await world.say("b1p1", "/删除 JZ-2026-0001")).text
    assert count(world, Progress) == 1


async def test_the_zip_holds_all_kinds_and_ones_own_photos(visitor: Visitor) -> None:
    world = visitor.world
    photo = await send_photo(world, "b1p1")
    await world.say("b1p1", "/进展 50% 更换配变两台", "wr1")
    await world.say("b1p2", "/进展 55% 别人的话", "wr1")
    assert (await visitor.get("/mydata.zip"))[0] == 403
    await visitor.enter("b1p1")
    _, kind, data = await visitor.fetch("/mydata.zip")
    assert kind == "application/zip"
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = set(archive.namelist())
        assert {f"{one.name}.xlsx" for one in catalogue().holdings} <= names
        assert archive.read("照片/1.png") == photo.data
        rows = list(load_workbook(archive.open("我报的进展.xlsx")).worksheets[0].values)
        assert [(row[2], row[3]) for row in rows[1:]] == [("JZ-2026-0001", "更换配变两台")]
        assert "城南员工1" in archive.read("说明.txt").decode()
        everything = b"".join(archive.read(name) for name in names)
    assert "别人的话".encode() not in everything


async def test_the_zip_comes_by_chat(world: World) -> None:
    await world.say("b1p1", "/导出我的数据")
    await world.delivered()
    assert any(m.kind is Kind.FILE for m in world.desk.heard("b1p1"))


async def test_the_page_shows_everything_of_ones_own(visitor: Visitor) -> None:
    await visitor.world.say("b1p1", "/进展 50% 更换配变两台", "wr1")
    await visitor.world.say("b1p2", "/进展 55% 别人的话", "wr1")
    await visitor.enter("b1p1")
    status, html = await visitor.get("/board/mydata")
    assert status == 200
    assert "更换配变两台" in html
    assert "别人的话" not in html
    assert "存成图片" not in html, "one's own data are no picture to be sent on"
    for path in ("/board/mydata.png", "/wall/mydata", "/board/duties.png", "/board/consent.png"):
        assert (await visitor.fetch(path))[0] == 404


async def test_what_is_too_old_goes_and_is_reported(both_worlds: World) -> None:
    world = both_worlds
    await send_photo(world, "b1p1")
    await world.say("b1p1", "/进展 50% 好", "wr1")
    await world.say("b1p1", "/进展")
    await world.say("b1p1", "取消")
    await world.later(days=1)
    old = world.clock.now() - timedelta(days=800)
    with world.store.writing() as session:
        for entity in (Attachment, Blob, Push):
            session.execute(update(entity).values(at=old))
        session.execute(update(Draft).values(changed_at=old))
        first = session.scalars(select(Audit).order_by(Audit.id)).first()
        assert first is not None
        rows = session.scalar(select(func.count()).select_from(Audit)) or 0
    await world.later(days=770)
    assert (count(world, Attachment), count(world, Blob), count(world, Draft)) == (0, 0, 0)
    assert count(world, Progress) == 1
    with world.store.reading() as session:
        found = {row.holding: row.count for row in session.scalars(select(Purge))}
        held = verify(session, world.runtime.vault)
        base = session.get_one(AuditEnd, "base")
        assert session.get(Audit, first.id) is None
    assert found["file"] == 1
    assert found["draft"] == 1
    assert found["audit"] == rows - 1
    assert held.broken == ()
    assert base.number == rows - 1
    assert "清理记录" in (await world.say("dangjian", "/台账 清理记录")).text


async def test_nobody_reads_over_my_shoulder_unseen(world: World) -> None:
    assert "还没有人" in (await world.say("b1p1", "/谁看过我")).text


async def test_what_no_family_speaks_for_is_shown_nevertheless(world: World) -> None:
    """A table that refers to a person and is forgotten by its family still is listed."""
    spoken = {table for one in catalogue().holdings for table in one.tables}
    assert spoken <= set(Base.metadata.tables)
    forgotten = rest_of([one for one in catalogue().holdings if one.key != "request"])
    await world.say("b1p1", "/更正 我的姓名应为张珊")
    with world.store.reading() as session:
        ctx = world.runtime.contexts.reading(session, "b1p1")
        assert [held.number for held in forgotten.find(ctx, ctx.who.id)] == ["SQ-2026-0001"]
        assert rest_of(catalogue().holdings).find(ctx, ctx.who.id) == []
