"""Talks: recorded in private, read by the two, known to nobody else (DOMAIN.md 5, E.2)."""

import re
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select, text, update

from bot.sim.messages import Message
from handlers.catalogue import catalogue
from models.audit import LOOK, Audit
from models.person import Grant, Person, PersonState, Role
from models.store.tables import ENTITIES
from models.talk import Talk, TalkCall, TalkState, TalkTask
from models.vault import Secret
from tests.hearing import Hearing
from tests.visitor import Visitor
from tests.world import World

PRIVATE = "他说家里老人住院缺人照顾"
LATER = "补一句：想调到离家近的班组"
SECRETARY, PERSON, COLLEAGUE = "b1p0", "b1p1", "b1p2"
"""The secretary of 城南供电所党支部, whom he talked with, and somebody else of that branch."""


async def talked(world: World, person: str = "城南员工1", said: str = PRIVATE) -> Message:
    line = f"/谈话 {person} 日期：2026年11月16日 方式：面谈 类型：家庭困难 要点：{said}"
    return await world.say(SECRETARY, line)


def talks(world: World) -> list[Talk]:
    with world.store.reading() as session:
        return list(session.scalars(select(Talk).order_by(Talk.id)))


ESCAPED = re.compile(r"\\+u([0-9a-fA-F]{4})")


def everything(world: World) -> str:
    """All that the database holds, as somebody with the file in hand reads it.

    JSON columns hold Chinese as escapes: whoever reads them knows what they say.
    """
    found = []
    with world.store.reading() as session:
        for entity in ENTITIES:
            rows = session.execute(text(f'SELECT * FROM "{entity.__tablename__}"'))
            found += [repr(tuple(row)) for row in rows]
    return ESCAPED.sub(lambda code: chr(int(code[1], 16)), "\n".join(found))


def raw(world: World) -> bytes:
    """The bytes of the database's files, write-ahead log included."""
    path = Path(world.url.removeprefix("sqlite:///"))
    found = b"".join(p.read_bytes() for p in path.parent.glob(f"{path.name}*"))
    escaped = rb"\\u([0-9a-fA-F]{4})"
    return re.sub(escaped, lambda code: chr(int(code[1], 16)).encode("utf-8", "replace"), found)


# Recording


async def test_one_question_after_another_to_the_number(both_worlds: World) -> None:
    world = both_worlds
    assert "和谁谈的" in (await world.say(SECRETARY, "/谈话")).text
    assert "哪天谈的" in (await world.say(SECRETARY, "城南员工1")).text
    assert "理解为" in (await world.say(SECRETARY, "今天")).text
    assert "怎么谈的" in (await world.say(SECRETARY, "是")).text
    assert "哪种谈话" in (await world.say(SECRETARY, "当面")).text
    assert "谈了什么" in (await world.say(SECRETARY, "跳过")).text
    saved = await world.say(SECRETARY, PRIVATE)
    assert "TH-2026-0001" in saved.text
    assert "只有谈话双方能看" in saved.text
    (talk,) = talks(world)
    assert (talk.day, talk.as_secretary) == (date(2026, 11, 17), True)
    found = await world.say(PERSON, "/查 TH-2026-0001")
    assert PRIVATE in found.text
    assert "面谈" in found.text


async def test_a_sheet_and_a_line_and_a_page_are_the_same(visitor: Visitor) -> None:
    world = visitor.world
    await talked(world)
    sheet = (
        "【谈心谈话记录】\n谈话对象：城南员工2\n日期：2026年11月16日\n方式：电话\n类型：日常\n地点：办公室\n"
        "答应办的事：调一次班\n后续事项：落实调班\n完成日期：2026年11月30日\n谈话要点：\n" + PRIVATE
    )
    assert "TH-2026-0002" in (await world.say(SECRETARY, sheet)).text
    await visitor.enter(SECRETARY)
    _, html = await visitor.fill(
        "talk", person="城南员工3", day="2026-11-16", way="面谈", occasion="日常", points=PRIVATE
    )
    assert "TH-2026-0003" in html
    shown = await world.say(SECRETARY, "/查 TH-2026-0002")
    for part in ("办公室", "调一次班", "落实调班", "电话"):
        assert part in shown.text
    assert PRIVATE not in everything(world)


async def test_problems_on_the_page_keep_what_was_typed_and_store_nothing(visitor: Visitor) -> None:
    await visitor.enter(SECRETARY)
    _, html = await visitor.fill("talk", person="城南员工0", day="2027-01-01", points=PRIVATE)
    assert "不能是自己" in html
    assert "日期还没到" in html
    assert f"{PRIVATE}</textarea>" in html
    assert PRIVATE not in everything(visitor.world)
    assert talks(visitor.world) == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("/谈话 城南员工0 日期：2026年11月16日 方式：面谈 类型：日常 要点：好", "不能是自己"),
        ("/谈话 城南员工1 日期：2026年11月18日 方式：面谈 类型：日常 要点：好", "日期还没到"),
        ("/谈话 城北员工1 日期：2026年11月16日 方式：面谈 类型：日常 要点：好", "为什么由你谈"),
        ("/谈话 对象：没有此人 日期：2026年11月16日 方式：面谈 类型：日常 要点：好", "没有此人"),
        ("/谈话 城南员工1 日期：2026年11月16日 类型：日常 方式：面谈 要点：这是机密文件", "涉密"),
    ],
)
async def test_what_cannot_be_is_refused(world: World, line: str, said: str) -> None:
    assert said in (await world.say(SECRETARY, line)).text
    assert talks(world) == []


async def test_with_a_reason_it_may_be_somebody_of_another_branch(world: World) -> None:
    line = "/谈话 城北员工1 日期：2026年11月16日 方式：面谈 类型：日常 跨支部原因：师带徒 要点：好"
    assert "TH-2026-0001" in (await world.say(SECRETARY, line)).text
    (talk,) = talks(world)
    assert talk.as_secretary is False
    assert "师带徒" in (await world.say("b2p1", "/查 TH-2026-0001")).text


async def test_what_is_recorded_late_says_so(world: World) -> None:
    line = "/谈话 城南员工1 日期：2026年10月12日 方式：面谈 类型：日常 要点：好"
    assert "补录" in (await world.say(SECRETARY, line)).text
    assert "补录" in (await world.say(PERSON, "/查 TH-2026-0001")).text


# In a group


@pytest.mark.parametrize(
    "line",
    [
        f"/谈话 城南员工1 {PRIVATE}",
        f"谈话 城南员工1 {PRIVATE}",
        f"／ 谈心谈话：城南员工1，{PRIVATE}",
        f"谈话对象：城南员工1\n日期：昨天\n方式：面谈\n谈话要点：{PRIVATE}",
        f"【谈心谈话记录】\n谈话对象：城南员工1\n谈话要点：{PRIVATE}",
        f"/约谈 {PRIVATE}",
        f"/更正 TH-2026-0001 {PRIVATE}",
        f"/删除 TH-2026-0001 {PRIVATE}",
        "/查 TH-2026-0001",
        "/查 TH-2026-9999",
    ],
)
async def test_in_a_group_it_is_refused_without_echo_or_trace(world: World, line: str) -> None:
    await talked(world, said="私聊里说的")
    with Hearing() as hearing:
        answer = await world.say(SECRETARY, line, "wr1")
    assert "私聊" in answer.text
    for part in (PRIVATE, "城南员工1", "住院", "私聊里说的"):
        assert part not in answer.text
    assert PRIVATE not in everything(world)
    assert PRIVATE.encode() not in raw(world)
    assert "住院" not in hearing.text
    assert len(talks(world)) == 1
    assert PRIVATE not in (await world.say("stranger", line, "wr1")).text


async def test_a_draft_begun_in_private_does_not_go_on_in_a_group(world: World) -> None:
    await world.say(SECRETARY, "/谈话 城南员工1")
    answer = await world.say(SECRETARY, "/继续", "wr1")
    assert "私聊" in answer.text
    assert "城南员工1" not in answer.text
    assert "谈" not in (await world.say(SECRETARY, "/我的", "wr1")).text
    assert "哪天谈的" in (await world.say(SECRETARY, "/继续")).text


# Nobody but the two


async def test_no_table_log_or_file_holds_a_word(both_worlds: World) -> None:
    """Also not while it is being typed, nor in what is stored for a redelivery."""
    world = both_worlds
    with Hearing() as hearing:
        for line in ("/谈话", "城南员工1", "2026年11月16日", "面谈", "家庭困难"):
            await world.say(SECRETARY, line)
            assert "家庭困难" not in everything(world)
        await world.say(SECRETARY, "/取消")
        await talked(world)
        await world.say(PERSON, "/查 TH-2026-0001")
        await world.say(PERSON, f"/更正 TH-2026-0001 {LATER}")
        await world.say(PERSON, f"/删除 TH-2026-0001 别留下{LATER}")
        await world.say(PERSON, f"/约谈 {LATER}")
        await world.say(SECRETARY, f"/谈话提醒 城南员工3 家庭困难 {LATER}")
        await world.delivered()
        held = everything(world)
    for part in (PRIVATE, LATER, "家庭困难", "hardship", "face"):
        assert part not in held, part
    assert "住院" not in hearing.text
    assert "TH-2026-0001" in held
    if world.store.is_sqlite:
        for part in (PRIVATE, LATER):
            assert part.encode() not in raw(world)


READERS = {
    SECRETARY: True,
    PERSON: True,
    COLLEAGUE: False,
    "b2p0": False,  # another secretary
    "dangjian": False,  # the party office
    "shuji": False,  # the superior
    "zhuanye": False,
    "admin": False,
    "stranger": False,
}


async def test_every_role_on_every_talk(visitor: Visitor) -> None:
    """Chat and page, by number, by search, in ledgers and boards: the two read, nobody else."""
    world = visitor.world
    await talked(world)
    await world.say(
        "b2p0", f"/谈话 城北员工1 日期：2026年11月16日 方式：面谈 类型：日常 要点：{LATER}"
    )
    theirs = {"TH-2026-0001": READERS, "TH-2026-0002": {**READERS, SECRETARY: False, PERSON: False}}
    theirs["TH-2026-0002"]["b2p0"] = True
    words = {"TH-2026-0001": PRIVATE, "TH-2026-0002": LATER}
    for userid in READERS:
        await visitor.enter(userid)
        for number, readers in theirs.items():
            answer = await world.say(userid, f"/查 {number}")
            _, html = await visitor.get(f"/record/{number}")
            for shown in (answer.text, html):
                assert (words[number] in shown) is readers[userid], (userid, number)
            if not readers[userid] and userid != "stranger":
                assert "没有找到" in answer.text
        pages = [f"/board/{key}" for key in catalogue().boards]
        pages += [f"/ledger/{key}" for key in catalogue().ledgers]
        for path in pages:
            _, html = await visitor.get(path)
            assert PRIVATE not in html
            assert LATER not in html
        for line in ("/我的", "/待办", "/台账 谈话覆盖", "/台账 审计 TH", "/我的数据"):
            answer = await world.say(userid, line)
            assert "住院" not in (answer.text or "")


async def test_a_named_level_may_read_and_the_notice_says_so(world: World) -> None:
    from dataclasses import replace  # noqa: PLC0415  (only here)

    rules = world.runtime.rules
    named = replace(rules, talk=replace(rules.talk, reader="committee_secretary"))
    await world.runtime.stop()
    await world.open_product(rules=named)
    saved = await talked(world)
    assert "谈话双方和党委书记能看" in saved.text
    assert PRIVATE in (await world.say("shuji", "/查 TH-2026-0001")).text
    assert "没有找到" in (await world.say("dangjian", "/查 TH-2026-0001")).text
    await world.delivered()
    assert any("党委书记能看" in (m.text or "") for m in world.desk.heard(PERSON))
    looked = await world.say(PERSON, "/谁看过我")
    assert "党委书记 看了 TH-2026-0001" in looked.text


async def test_each_reading_is_noted_and_shown(visitor: Visitor) -> None:
    world = visitor.world
    await talked(world)
    assert "本人还没看" in (await world.say(SECRETARY, "/查 TH-2026-0001")).text
    await visitor.enter(SECRETARY)
    await visitor.get("/record/TH-2026-0001")
    await world.say(COLLEAGUE, "/查 TH-2026-0001")
    await world.say(PERSON, "/查 TH-2026-0001")
    with world.store.reading() as session:
        rows = session.execute(
            select(Person.userid, Audit.subject, Audit.channel)
            .join(Person, Person.id == Audit.person_id)
            .where(Audit.action == LOOK)
            .order_by(Audit.id)
        ).all()
    assert [(row.userid, row.subject) for row in rows] == [
        (SECRETARY, "TH-2026-0001"),
        (SECRETARY, "TH-2026-0001"),
        (PERSON, "TH-2026-0001"),
    ]
    assert rows[1].channel == "web"
    looked = (await world.say(PERSON, "/谁看过我")).text
    assert looked.count("城南员工0 看了 TH-2026-0001") == 2
    assert "城南员工1" not in looked
    assert "城南员工1 看了 TH-2026-0001" in (await world.say(SECRETARY, "/谁看过我")).text
    assert "本人已看过" in (await world.say(SECRETARY, "/查 TH-2026-0001")).text


async def test_a_row_moved_under_another_number_does_not_open(world: World) -> None:
    """A database clerk exchanges what is sealed: it is said, and no word is shown."""
    await talked(world)
    await world.say(
        "b2p0", f"/谈话 城北员工1 日期：2026年11月16日 方式：面谈 类型：日常 要点：{LATER}"
    )
    with world.store.writing() as session:
        first, second = session.scalars(
            select(Secret).where(Secret.kind == "talk").order_by(Secret.subject)
        )
        first.body, second.body = second.body, first.body
        first.wrapped, second.wrapped = second.wrapped, first.wrapped
    answer = await world.say(PERSON, "/查 TH-2026-0001")
    assert "改动过" in answer.text
    assert LATER not in answer.text


async def test_a_lost_key_is_said(world: World) -> None:
    await talked(world)
    Path(world.url.removeprefix("sqlite:///")).with_name("data.key").write_text("A" * 43 + "=")
    answer = await world.say(PERSON, "/查 TH-2026-0001")
    assert "没有这把密钥" in answer.text


# What the two can do


async def test_the_person_corrects_and_both_see_it(both_worlds: World) -> None:
    world = both_worlds
    await talked(world)
    assert "补充更正" in (await world.say(PERSON, f"/更正 TH-2026-0001 {LATER}")).text
    for userid in (SECRETARY, PERSON):
        shown = (await world.say(userid, "/查 TH-2026-0001")).text
        assert PRIVATE in shown
        assert LATER in shown
    assert "没有找到" in (await world.say(COLLEAGUE, f"/更正 TH-2026-0001 {LATER}")).text


async def test_private_matters_are_deleted_as_asked(both_worlds: World) -> None:
    world = both_worlds
    await talked(world)
    asked = await world.say(PERSON, "/删除 TH-2026-0001 老人住院的事不要留")
    assert "已转给谈话人" in asked.text
    assert "正在等" in (await world.say(PERSON, "/删除 TH-2026-0001 还有别的")).text
    assert "答复谈话记录删除申请" in (await world.say(SECRETARY, "/待办")).text
    assert "老人住院的事不要留" in (await world.say(SECRETARY, "/查 TH-2026-0001")).text
    assert (
        "只有记录这次谈话的人" in (await world.say(PERSON, "/答复删除 TH-2026-0001 全部删除")).text
    )
    done = await world.say(SECRETARY, "/答复删除 TH-2026-0001 只删私事 谈了工作安排")
    assert "已删去" in done.text
    shown = (await world.say(PERSON, "/查 TH-2026-0001")).text
    assert "谈了工作安排" in shown
    assert "住院" not in shown
    await world.say(PERSON, "/删除 TH-2026-0001 都不要留")
    asked = await world.say(SECRETARY, "/答复删除 编号：TH-2026-0001 处理：不删除")
    assert "请写原因" in asked.text
    await world.say(SECRETARY, "/取消")
    await world.say(SECRETARY, "/答复删除 编号：TH-2026-0001 处理：不删除 内容：还要跟进")
    assert "还要跟进" in (await world.say(PERSON, "/查 TH-2026-0001")).text
    await world.say(PERSON, "/删除 TH-2026-0001 请再想想")
    assert "全部删除" in (await world.say(SECRETARY, "/答复删除 TH-2026-0001 全部删除")).text
    shown = (await world.say(PERSON, "/查 TH-2026-0001")).text
    assert "只留下谈过话这件事" in shown
    (talk,) = talks(world)
    assert talk.state is TalkState.STRUCK
    with world.store.reading() as session:
        kinds = set(session.scalars(select(Secret.kind)))
    assert not kinds & {"talk", "talk.strike", "draft"}


async def test_whoever_led_it_may_delete_it_at_once(world: World) -> None:
    await talked(world)
    assert "全部删除" in (await world.say(SECRETARY, "/删除 TH-2026-0001 记错了")).text
    await world.delivered()
    assert any("全部删除" in (m.text or "") for m in world.desk.heard(PERSON))


async def test_follow_ups_hold_no_words_and_become_duties(world: World) -> None:
    await talked(world)
    added = await world.say(
        SECRETARY, "/谈话事项 编号：TH-2026-0001 事项：落实调班 完成日期：2026年11月30日"
    )
    assert "会提醒你" in added.text
    assert "落实调班" in (await world.say(SECRETARY, "/待办")).text
    assert "落实调班" not in (await world.say(PERSON, "/待办")).text
    assert "落实调班" in (await world.say(PERSON, "/查 TH-2026-0001")).text
    refused = await world.say(
        PERSON, "/谈话事项 编号：TH-2026-0001 事项：好 完成日期：2026年11月30日"
    )
    assert "只有记录这次谈话的人" in refused.text
    card = await world.desk.until(
        lambda: next(
            (m for m in world.desk.heard(SECRETARY) if m.card and "talk.task_done" in str(m.card)),
            None,
        ),
        5,
    )
    await world.desk.click(SECRETARY, card, "talk.task_done:1")
    await world.desk.until(lambda: _task(world).done_at is not None, 5)
    assert "落实调班" not in (await world.say(SECRETARY, "/待办")).text


def _task(world: World) -> TalkTask:
    with world.store.reading() as session:
        return session.get_one(TalkTask, 1)


async def test_asking_for_a_talk(both_worlds: World) -> None:
    world = both_worlds
    asked = await world.say(PERSON, f"/约谈 {LATER}")
    assert "YT-2026-0001" in asked.text
    assert "城南员工0" in asked.text
    await world.delivered()
    told = [m.text for m in world.desk.heard(SECRETARY) if "想约你谈一谈" in (m.text or "")]
    assert len(told) == 1
    assert LATER not in told[0]
    assert "安排谈话" in (await world.say(SECRETARY, "/待办")).text
    assert LATER in (await world.say(SECRETARY, "/查 YT-2026-0001")).text
    for userid in (COLLEAGUE, "dangjian", "shuji", "admin", "b2p0"):
        assert "没有找到" in (await world.say(userid, "/查 YT-2026-0001")).text
    await talked(world)
    assert "安排谈话" not in (await world.say(SECRETARY, "/待办")).text
    assert "已谈" in (await world.say(PERSON, "/查 YT-2026-0001")).text


async def test_a_talk_that_is_declined_gets_a_sentence(world: World) -> None:
    await world.say(PERSON, "/约谈")
    await world.say(PERSON, "跳过")
    assert "没有找到" in (await world.say(COLLEAGUE, "/答复约谈 YT-2026-0001 不")).text
    assert "已结束" in (await world.say(SECRETARY, "/答复约谈 YT-2026-0001 我去现场找你")).text
    assert "我去现场找你" in (await world.say(PERSON, "/查 YT-2026-0001")).text


async def test_the_list_of_talks_to_be_held(world: World) -> None:
    noted = await world.say(SECRETARY, "/谈话提醒 城南员工3 受到表彰")
    assert "YT-2026-0001" in noted.text
    assert "城南员工3" in (await world.say(SECRETARY, "/待办")).text
    assert "没有找到" in (await world.say("b1p3", "/查 YT-2026-0001")).text
    assert (
        "不在你的支部"
        in (
            await world.say(SECRETARY, "/谈话提醒 城北员工3 受到表彰 说明：好 日期：2026年11月30日")
        ).text
    )
    assert "办不了" in (await world.say(COLLEAGUE, "/谈话提醒 城南员工3 受到表彰")).text
    with world.store.reading() as session:
        (call,) = session.scalars(select(TalkCall)).all()
    assert call.asked is False


async def test_somebody_who_moved_is_talked_with_and_old_records_are_looked_at(
    world: World,
) -> None:
    await talked(world)
    with world.store.writing() as session:
        session.execute(
            update(Person).where(Person.userid == PERSON).values(state=PersonState.LEFT)
        )
    assert "请决定记录去留" in (await world.say(SECRETARY, "/待办")).text
    shown = await world.say(SECRETARY, "/查 TH-2026-0001")
    assert PRIVATE in shown.text
    card = await world.desk.until(
        lambda: next(
            (m for m in world.desk.heard(SECRETARY) if m.card and "talk.review:end" in str(m.card)),
            None,
        ),
        5,
    )
    await world.desk.click(SECRETARY, card, "talk.review:end/TH-2026-0001")
    await world.desk.until(lambda: talks(world)[0].state is TalkState.STRUCK, 5)
    assert "去留" not in (await world.say(SECRETARY, "/待办")).text


# Opening and destroying


async def test_opening_takes_two_and_both_parties_are_told(both_worlds: World) -> None:
    world = both_worlds
    await talked(world)
    for userid in (COLLEAGUE, "admin", "zhuanye", SECRETARY):
        answer = await world.say(userid, "/调阅 TH-2026-0001 信访核查需要")
        assert "办不了" in answer.text or "没有找到" in answer.text
    assert "另一个人同意" in (await world.say("dangjian", "/调阅 TH-2026-0001 信访核查需要")).text
    assert "没有找到" in (await world.say("dangjian", "/查 TH-2026-0001")).text
    shown = await world.say("shuji", "/查 DY-2026-0001")
    assert "信访核查需要" in shown.text
    card = await world.desk.until(
        lambda: next(
            (m for m in world.desk.heard("shuji") if m.card and "talk.open:agree" in str(m.card)),
            None,
        ),
        5,
    )
    await world.desk.click("shuji", card, "talk.open:agree/DY-2026-0001")
    await world.desk.until(lambda: _opened(world), 5)
    assert PRIVATE in (await world.say("dangjian", "/查 TH-2026-0001")).text
    assert PRIVATE in (await world.say("shuji", "/查 TH-2026-0001")).text
    await world.delivered()
    for userid in (SECRETARY, PERSON):
        told = "\n".join(m.text or "" for m in world.desk.heard(userid))
        assert "已被调阅" in told
        assert "党建部小周" in told
        assert "党委书记" in told
        assert "信访核查需要" in told
    looked = (await world.say(PERSON, "/谁看过我")).text
    assert "党建部小周 看了 TH-2026-0001" in looked
    assert "党委书记 看了 TH-2026-0001" in looked
    await world.later(hours=25)
    assert "没有找到" in (await world.say("dangjian", "/查 TH-2026-0001")).text


def _opened(world: World) -> bool:
    with world.store.reading() as session:
        found = session.execute(text("SELECT id FROM talk_opening WHERE state = 'agreed'"))
        return len(found.all()) == 1


async def test_nobody_agrees_with_oneself(visitor: Visitor) -> None:
    world = visitor.world
    await talked(world)
    await world.say("dangjian", "/调阅 TH-2026-0001 信访核查需要")
    await visitor.enter("dangjian")
    _, html = await visitor.get("/record/DY-2026-0001")
    assert "同意调阅" not in html
    assert "没有找到" in (await world.say(COLLEAGUE, "/查 DY-2026-0001")).text
    assert "信访核查需要" in (await world.say(PERSON, "/查 DY-2026-0001")).text


async def test_after_two_years_the_words_are_destroyed_with_a_certificate(visitor: Visitor) -> None:
    world = visitor.world
    await talked(world)
    await world.say(PERSON, f"/更正 TH-2026-0001 {LATER}")
    await world.later(days=720)
    assert talks(world)[0].state is TalkState.KEPT
    await world.later(days=12)
    (talk,) = talks(world)
    assert (talk.state, talk.certificate) == (TalkState.DESTROYED, "XH-2028-0001")
    with world.store.reading() as session:
        assert session.scalars(select(Secret).where(Secret.kind == "talk")).all() == []
        note = session.scalars(select(Audit).where(Audit.action == "talk.destroyed")).one()
    assert (note.actor, note.subject) == ("cleaning", "XH-2028-0001")
    assert "已销毁" in (await world.say(PERSON, "/查 TH-2026-0001")).text
    assert "1 份" in (await world.say("dangjian", "/查 XH-2028-0001")).text
    assert "没有找到" in (await world.say(COLLEAGUE, "/查 XH-2028-0001")).text
    with world.store.writing() as session:  # an office of another branch keeps other files
        other = session.scalars(select(Person).where(Person.userid == "b2p1")).one()
        session.add(Grant(person_id=other.id, role=Role.PARTY_OFFICE, unit_id=other.unit_id))
    assert "没有找到" in (await world.say("b2p1", "/查 XH-2028-0001")).text
    await visitor.enter("dangjian")
    status, kind, data = await visitor.fetch("/paper/talk_destruction.docx?number=XH-2028-0001")
    assert (status, data[:2]) == (200, b"PK")
    assert "word" in kind


# Coverage


async def test_coverage_counts_people_and_days(visitor: Visitor) -> None:
    world = visitor.world
    await talked(world)
    await talked(world, "城南员工2")
    await talked(world, "城南员工2")
    await world.say(
        COLLEAGUE, "/谈话 城南员工4 日期：2026年11月16日 方式：面谈 类型：日常 要点：好"
    )
    await visitor.enter("dangjian")
    _, html = await visitor.get("/ledger/talk_coverage")
    line = html.split("城南供电所党支部")[1].split("</tr>")[0]
    cells = [part.split("<")[0].strip() for part in line.split(">") if part.split("<")[0].strip()]
    assert cells[:5] == ["5", "2", "40%", "3", "2026-11-16"]
    await visitor.enter(SECRETARY)
    _, html = await visitor.get("/board/talks")
    assert "2/5" in html
    assert "%EF%BC%88b1p3%EF%BC%89" in html
    await visitor.enter("dangjian")
    _, html = await visitor.get("/board/talks")
    assert "城南供电所党支部" in html
    assert "b1p3" not in html
    await visitor.enter(COLLEAGUE)
    assert (await visitor.get("/board/talks"))[0] == 404
    assert (await visitor.get("/ledger/talk_coverage"))[0] == 404


async def test_whoever_is_left_is_a_duty_towards_the_end(world: World) -> None:
    await talked(world)
    assert "本期没有谈过" not in (await world.say(SECRETARY, "/待办")).text
    await world.later(days=30)
    answer = await world.say(SECRETARY, "/待办")
    assert "城南供电所党支部还有 4 人本期没有谈过" in answer.text
    for number in range(2, 6):
        await talked(world, f"城南员工{number}")
    assert "本期没有谈过" not in (await world.say(SECRETARY, "/待办")).text


async def test_the_quarter_begins_with_a_line_for_each_secretary(world: World) -> None:
    await talked(world)
    due = date(2027, 1, 4)  # the first working day
    await world.later(days=(due - date(2026, 11, 17)).days)
    told = [m.text for m in world.desk.heard("b2p0") if "谈心谈话" in (m.text or "")]
    assert any("城北供电所党支部已谈 0/5 人" in line for line in told)
