"""From the draw to 回头看: a branch is checked, gets a notice, answers it, and is struck off."""

import re
from datetime import date, datetime
from io import BytesIO
from zipfile import ZipFile
from zoneinfo import ZoneInfo

from sqlalchemy import select

from bot.sim.messages import Message
from models.check import (
    Check,
    CheckState,
    Finding,
    FindingState,
    Objection,
    ObjectionState,
    Severity,
)
from models.notice import Notice, NoticePoint, NoticeState, PointState
from models.person import Grant, Person, Role
from tests.visitor import Visitor
from tests.world import Company, World

SHANGHAI = ZoneInfo("Asia/Shanghai")


def make_inspector(world: World, userid: str = "zhuanye") -> None:
    """The specialist is in the inspection team of the company as well."""
    with world.store.writing() as session:
        person = session.scalars(select(Person).where(Person.userid == userid)).one()
        session.add(Grant(person_id=person.id, role=Role.INSPECTOR, unit_id=1))


def first(world: World, number: str) -> Notice:
    with world.store.reading() as session:
        return session.scalars(select(Notice).where(Notice.number == number)).one()


def points(world: World) -> list[NoticePoint]:
    with world.store.reading() as session:
        return list(session.scalars(select(NoticePoint).order_by(NoticePoint.id)))


async def card_of(world: World, userid: str, words: str) -> Message:
    """The newest card in somebody's private chat with these words on it."""

    def find() -> Message | None:
        cards = [m for m in world.desk.heard(userid) if m.card and words in str(m.card)]
        return cards[-1] if cards else None

    return await world.desk.until(find, 10)


async def press(world: World, userid: str, words: str, key: str) -> None:
    card = await card_of(world, userid, words)
    await world.desk.click(userid, card, key)
    await world.say(userid, "/我的")  # whatever was pressed before has been handled


async def test_the_draw_says_what_to_relax_and_then_holds(world: World) -> None:
    """Four of seven branches are of one type: not all can be mixed."""
    await world.open_chats([f"wr{n}" for n in range(1, 8)])
    others = "、".join(name.removesuffix("党支部") for name in Company.NAMES[1:])
    alone = await world.say("dangjian", f"/抽签 免查：{others}")
    assert "只有 1 个支部能参加，至少要两个才能互查" in alone.text
    unknown = await world.say("dangjian", "/抽签 免查：没有这个支部")
    assert "没有找到“没有这个支部”" in unknown.text
    assert "已经过去" in (await world.say("dangjian", "/抽签 2026年9月")).text
    refused = await world.say("dangjian", "/抽签")
    assert "生产服务型支部有 4 个，超过参加支部（7 个）的一半" in refused.text
    assert "/抽签 放宽：不同类型互查" in refused.text
    assert "办不了" in (await world.say("b1p0", "/抽签")).text
    drawn = await world.say("dangjian", "/抽签 放宽：不同类型互查")
    assert "7 对" in drawn.text
    assert "抽签种子“2026-11 GS”" in drawn.text
    assert "已经抽过签" in (await world.say("dangjian", "/抽签")).text
    with world.store.reading() as session:
        pairs = {c.checker_id: c.branch_id for c in session.scalars(select(Check))}
    assert set(pairs) == set(pairs.values()) == set(range(2, 9))
    assert not [a for a, b in pairs.items() if a == b or pairs[b] == a]
    mine = await world.say("b1p1", "/互查", "wr1")
    assert "去检查：" in mine.text
    assert "来检查：" in mine.text
    await world.delivered()
    told = [m for m in world.desk.heard("wr1") if "来检查本支部" in m.text]
    assert len(told) == 1


async def test_from_a_finding_to_the_last_look(both_worlds: World) -> None:  # noqa: PLR0915
    world = both_worlds
    make_inspector(world)
    await world.open_chats(["wr1"])
    refused = await world.say("b2p1", "/检查 城南供电所党支部 三会一课记录缺签到")
    assert "没有检查城南供电所党支部的任务" in refused.text
    saved = await world.say("zhuanye", "/检查 城南供电所党支部 三会一课记录缺签到 条款：三会一课")
    assert "WT-2026-0001" in saved.text
    assert "支部党员大会每季度至少一次" in saved.text
    again = await world.say(
        "zhuanye", "/检查 城南供电所党支部 程度：较重 条款：三会一课 问题：党课没有讲稿"
    )
    assert "属于重复问题" in again.text
    assert "没有可以下通知的问题" in (await world.say("zhuanye", "/下通知 支部：城北供电所")).text
    past = await world.say("zhuanye", "/下通知 支部：城南供电所 期限：2026年11月1日")
    assert "已经过去" in past.text
    drafted = await world.say("zhuanye", "/下通知 支部：城南供电所 期限：2026年11月28日")
    assert "ZG-2026-0001" in drafted.text
    assert "问题 2 个" in drafted.text
    assert "期限已顺延到 11月30日（周一）" in drafted.text
    assert first(world, "ZG-2026-0001").paper_number == ""
    assert "没有找到" in (await world.say("b1p0", "/查 ZG-2026-0001")).text
    await world.say("dangjian", "/整改 ZG-2026-0001")
    await press(world, "dangjian", "签发", "notice.sign:ZG-2026-0001")
    notice = first(world, "ZG-2026-0001")
    assert (notice.state, notice.paper_number) == (NoticeState.ISSUED, "党建整〔2026〕1号")
    assert notice.due_on == date(2026, 11, 30)
    await world.delivered()
    group = [m for m in world.desk.heard("wr1") if m.card and "党建整〔2026〕1号" in str(m.card)]
    assert len(group) == 1
    await world.desk.click("b1p3", group[0], "notice.receive:ZG-2026-0001")
    await world.say("b1p3", "/我的", "wr1")
    assert first(world, "ZG-2026-0001").state is NoticeState.ISSUED, "not the secretary"
    await world.desk.click("b1p0", group[0], "notice.receive:ZG-2026-0001")
    await world.say("b1p0", "/我的", "wr1")
    owed = (await world.say("b1p0", "/待办")).text
    assert "整改并回复：党建整〔2026〕1号" in owed
    assert "签收整改通知书" not in owed
    notice = first(world, "ZG-2026-0001")
    assert notice.state is NoticeState.RECEIVED
    assert notice.received_at is not None
    which = await world.say("b1p0", "/整改回复 ZG-2026-0001 已补齐")
    assert "请写明第几个" in which.text
    one = await world.say("b1p0", "/整改回复 ZG-2026-0001 1 已补齐签到表并专题学习")
    assert "还有 1 个问题要回复" in one.text
    two = await world.say("b1p2", "/整改回复 编号：ZG-2026-0001 第几个问题：2 整改措施：已补写讲稿")
    assert "等检查方复核销号" in two.text
    assert first(world, "ZG-2026-0001").state is NoticeState.REPLIED
    back = await world.say("zhuanye", "/退回重改 ZG-2026-0001 2 讲稿没有附上")
    assert "已退回" in back.text
    notice = first(world, "ZG-2026-0001")
    assert (notice.state, notice.round) == (NoticeState.RETURNED, 2)
    assert "讲稿没有附上" in (await world.say("b1p0", "/查 ZG-2026-0001")).text
    await world.say("b1p2", "/整改回复 ZG-2026-0001 2 讲稿已附上")
    await world.say("zhuanye", "/整改 ZG-2026-0001")
    await press(world, "zhuanye", "复核销号", "notice.verify:ZG-2026-0001")
    notice = first(world, "ZG-2026-0001")
    assert notice.state is NoticeState.VERIFIED
    assert notice.look_on == date(2026, 12, 17)
    assert {point.state for point in points(world)} == {PointState.VERIFIED}
    closed = await world.say("b1p0", "/整改回复 ZG-2026-0001 1 再补一点")
    assert "现在是“已销号”，不用再办" in closed.text
    relapse = await world.say("zhuanye", "/回头看 ZG-2026-0001 反弹 签到表又缺两次")
    assert "有反弹" in relapse.text
    assert first(world, "ZG-2026-0001").state is NoticeState.RETURNED
    assert [v for v in world.desk.violations if v.hard] == []


async def test_the_branch_objects_and_somebody_else_decides(world: World) -> None:
    make_inspector(world)
    for words in ("会议记录不全", "公开栏没有更新"):
        await world.say("zhuanye", f"/检查 城南供电所党支部 {words}")
    await world.say("zhuanye", "/下通知 支部：城南供电所")
    await world.say("dangjian", "/整改 ZG-2026-0001")
    await press(world, "dangjian", "签发", "notice.sign:ZG-2026-0001")
    raised = await world.say("b1p0", "/异议 WT-2026-0001 会议记录在另一本上")
    assert "已提异议" in raised.text
    assert "已经提过异议" in (await world.say("b1p0", "/异议 WT-2026-0001 再说一次")).text
    assert "答复异议" in (await world.say("dangjian", "/待办")).text
    await world.say("dangjian", "/查 WT-2026-0001")
    await press(world, "dangjian", "采纳异议", "objection.accept:WT-2026-0001")
    with world.store.reading() as session:
        finding = session.scalars(select(Finding).where(Finding.number == "WT-2026-0001")).one()
        objection = session.scalars(select(Objection)).one()
    assert finding.state is FindingState.WITHDRAWN
    assert objection.state is ObjectionState.ACCEPTED
    assert [point.state for point in points(world)] == [PointState.VOID, PointState.OPEN]
    await world.say("b1p0", "/异议 WT-2026-0002 公开栏上周更新过")
    kept = await world.say("dangjian", "/驳回异议 WT-2026-0002 更新日期是上月")
    assert "维持原结论" in kept.text
    world.clock.move_to(datetime(2026, 11, 30, 10, tzinfo=SHANGHAI))
    await world.desk.connected(20)
    await world.say("zhuanye", "/检查 城北供电所党支部 标识脱落")
    world.clock.move_to(datetime(2026, 12, 8, 10, tzinfo=SHANGHAI))
    await world.desk.connected(20)
    assert "已经过了时间" in (await world.say("b2p0", "/异议 WT-2026-0003 晚了")).text


async def test_more_time_once_and_never_from_oneself(world: World) -> None:
    make_inspector(world)
    await world.say("zhuanye", "/检查 城南供电所党支部 会议记录不全")
    await world.say("zhuanye", "/下通知 WT-2026-0001")
    await world.say("dangjian", "/整改 ZG-2026-0001")
    await press(world, "dangjian", "签发", "notice.sign:ZG-2026-0001")
    assert first(world, "ZG-2026-0001").due_on == date(2026, 12, 1)
    far = await world.say("b1p0", "/延期 ZG-2026-0001 2026年12月31日 物资未到")
    assert "请另写日子" in far.text
    asked = await world.say("b1p0", "/延期 ZG-2026-0001 2026年12月8日 物资未到")
    assert "已申请延期" in asked.text
    assert "答复前期限不变" in asked.text
    await world.say("dangjian", "/整改 ZG-2026-0001")
    await press(world, "dangjian", "同意延期", "notice.grant:ZG-2026-0001")
    assert first(world, "ZG-2026-0001").due_on == date(2026, 12, 8)
    once = await world.say("b1p0", "/延期 ZG-2026-0001 2026年12月10日 再延")
    assert "只能延一次" in once.text
    await world.say("b1p0", "/整改回复 ZG-2026-0001 已补记")
    with world.store.writing() as session:
        person = session.scalars(select(Person).where(Person.userid == "b1p0")).one()
        session.add(Grant(person_id=person.id, role=Role.INSPECTOR, unit_id=1))
    shown = await world.say("b1p0", "/整改 ZG-2026-0001")
    assert shown.card is None or "notice.verify" not in str(shown.card)
    assert first(world, "ZG-2026-0001").state is NoticeState.REPLIED


async def test_the_checklist_on_a_page_makes_score_and_findings(visitor: Visitor) -> None:
    """Service list: 12+8+15+10+8+8+15+12+12; safety failed, meetings partly, theme day left out."""
    world = visitor.world
    await world.say("dangjian", "/抽签 放宽：不同类型互查")
    with world.store.reading() as session:
        check = session.scalars(select(Check).where(Check.branch_id == 2)).one()
    checker = f"b{(check.checker_id or 0) - 1}p2"
    _, html = await visitor.enter(checker, f"/record/{check.number}")
    assert f'href="/form/check_service?number={check.number}"' in html
    answers = {
        f"{key}_verdict": "符合"
        for key in ("project", "pledge", "talk", "suggest", "post", "customer")
    }
    answers |= {
        "number": check.number,
        "meetings_verdict": "基本符合",
        "meetings_remark": "十月支委会没有签到",
        "theme_day_verdict": "不涉及",
        "safety_verdict": "不符合",
        "summary": "总体较好",
    }
    _, html = await visitor.fill("check_service", **answers)
    assert "安全生产：问题" in html, "what is wrong has to be said"
    _, html = await visitor.fill("check_service", **answers, safety_remark="两人未系安全带")
    earned, whole = 65 + 12 * 0.6, 92
    assert f"{100 * earned / whole:.1f}" in html
    assert "问题 2 个" in html
    _, html = await visitor.fill("check_service", **answers, safety_remark="再交一次")
    assert "不能再交" in html
    with world.store.reading() as session:
        found = session.scalars(select(Finding).order_by(Finding.id)).all()
        assert (
            session.scalars(select(Check.state).where(Check.id == check.id)).one()
            is CheckState.DONE
        )
    assert [(f.item, f.severity) for f in found] == [
        ("meetings", Severity.MINOR),
        ("safety", Severity.MAJOR),
    ]
    _, html = await visitor.enter("b1p3", f"/record/{check.number}")
    assert "两人未系安全带" in html
    assert "下整改通知书" not in html
    await world.delivered()
    assert [m for m in world.desk.heard("b1p0") if "检查结果" in m.text]
    status, html = await visitor.enter("b1p3", "/board/rounds")
    assert status == 200
    assert '<option value="GS" selected>青禾供电公司</option>' in html, "the own office first"
    assert check.number in html
    _, every = await visitor.get("/board/rounds?period=2026-11&office=")
    assert '<option value="" selected>全部</option>' in every
    assert check.number in every


async def test_the_notice_comes_as_word_and_pdf(visitor: Visitor) -> None:
    world = visitor.world
    make_inspector(world)
    await world.say("zhuanye", "/检查 城南供电所党支部 会议记录不全")
    await world.say("zhuanye", "/下通知 WT-2026-0001")
    _, html = await visitor.enter("dangjian", "/record/ZG-2026-0001")
    assert "签发" in html
    draft = await paper(visitor, "/paper/notice.docx?number=ZG-2026-0001")
    assert "待签发" in words_of(draft)
    await world.say("dangjian", "/整改 ZG-2026-0001")
    await press(world, "dangjian", "签发", "notice.sign:ZG-2026-0001")
    issued = words_of(await paper(visitor, "/paper/notice.docx?number=ZG-2026-0001"))
    for words in ("党建整〔2026〕1号", "城南供电所党支部：", "1. 会议记录不全。", "青禾供电公司"):
        assert words in issued
    assert "2026年11月17日" in issued
    assert "2026年12月1日前" in issued
    pdf = await paper(visitor, "/paper/notice.pdf?number=ZG-2026-0001")
    assert pdf.startswith(b"%PDF")
    closure = words_of(await paper(visitor, "/paper/notice_closure.docx?number=ZG-2026-0001"))
    for words in ("会议记录不全", "制表人：党建部小周", "审核人（签字）"):
        assert words in closure
    answer = words_of(await paper(visitor, "/paper/notice_reply.docx?number=ZG-2026-0001"))
    assert "一、会议记录不全" in answer
    assert "征求意见稿" in answer
    await visitor.enter("b2p1", "/")
    assert b"%PDF" not in await paper(visitor, "/paper/notice.pdf?number=ZG-2026-0001")


async def paper(visitor: Visitor, path: str) -> bytes:
    _, _, data = await visitor.fetch(path)
    return data


def words_of(data: bytes) -> str:
    """All the words of a Word document, headers and tables too."""
    with ZipFile(BytesIO(data)) as parts:
        xml = [parts.read(n).decode() for n in parts.namelist() if n.endswith(".xml")]
    return "\n".join("".join(re.findall(r"<w:t[^>]*>([^<]*)</w:t>", one)) for one in xml)
