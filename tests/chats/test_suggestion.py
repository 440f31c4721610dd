"""书记听您说: the way of a suggestion, by chat."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text

from models.audit import Audit
from models.draft import Draft
from models.message import Message
from models.push import Content, Push
from models.suggestion import (
    Clock,
    Level,
    State,
    Suggestion,
    SuggestionStep,
    SuggestionSupport,
)
from tests.talker import Talker
from tests.world import World

TUESDAY = datetime(2026, 11, 17, 2, 0, tzinfo=UTC)
GLOVES = "手套磨损太快，爬几次杆就破了，能不能多发一些"
CANTEEN = "食堂晚饭排队二十多分钟，希望多开一个窗口"
JY1, JY2 = "JY-2026-0001", "JY-2026-0002"


@pytest.fixture
async def talker(sqlite_url: str) -> AsyncIterator[Talker]:
    made = Talker(sqlite_url, TUESDAY)
    await made.open()
    yield made
    await made.close()


def stored(world: World | Talker) -> list[Suggestion]:
    with world.store.reading() as session:
        return list(session.scalars(select(Suggestion).order_by(Suggestion.number)))


def one(talker: Talker, number: str = JY1) -> Suggestion:
    with talker.store.reading() as session:
        return session.scalars(select(Suggestion).where(Suggestion.number == number)).one()


def pushes(talker: Talker, userid: str) -> list[str]:
    """What waits in the outbox for somebody, as it lies there."""
    with talker.store.reading() as session:
        rows = session.execute(
            select(Content.body)
            .join(Push, Push.digest == Content.digest)
            .where(Push.conversation == userid, Push.dedupe.not_like("consent%"))
            .order_by(Push.id)
        )
        return [row.body for row in rows]


def steps(talker: Talker, number: str = JY1) -> list[str]:
    with talker.store.reading() as session:
        return [
            kind.value
            for kind in session.scalars(
                select(SuggestionStep.kind)
                .join(Suggestion, Suggestion.id == SuggestionStep.suggestion_id)
                .where(Suggestion.number == number)
                .order_by(SuggestionStep.position)
            )
        ]


async def to_work(talker: Talker, said: str = GLOVES, sender: str = "b1p3") -> None:
    """A suggestion of the first branch, taken by its secretary and given to a member."""
    await talker.say(sender, f"/建议 {said}")
    number = stored(talker)[-1].number
    await talker.tap("b1p0", f"suggestion.acknowledge:{number}")
    await talker.say("b1p0", f"/分办 {number} 承办人：b1p1")
    await talker.tap("b1p1", f"suggestion.accept:{number}")


async def to_answer(talker: Talker, number: str = JY1) -> None:
    await talker.say("b1p1", f"/答复 {number} 已联系物资部门，下周补发两副，以后按季度发")
    await talker.tap("b1p0", f"suggestion.approve:{number}")


async def to_end(talker: Talker, number: str = JY1) -> None:
    await talker.say("b1p1", f"/办结 {number} 手套已经发到班组")
    await talker.tap("b1p0", f"suggestion.verify:{number}")


async def test_through_the_platform_and_on_both_databases(both_worlds: World) -> None:
    answer = await both_worlds.say("b1p3", f"/建议 {GLOVES}", "wr1")
    assert JY1 in answer.text
    assert "劳动保护" in answer.text
    assert "手套" in answer.text
    assert "实名" in answer.text
    (kept,) = stored(both_worlds)
    assert (kept.said, kept.state, kept.category) == (GLOVES, State.RECEIVED, "labour")
    found = await both_worlds.say("b1p0", f"/办理 {JY1}")
    assert "城南员工3" in found.text
    group = await both_worlds.say("b1p0", f"/查 {JY1}", "wr1")
    assert "待受理" in group.text
    assert "城南员工3" not in group.text
    assert GLOVES[:6] not in group.text
    assert "私聊" in (await both_worlds.say("b2p0", f"/查 {JY1}", "wr2")).text
    hidden = await both_worlds.say("b2p0", f"/查 {JY1}")
    assert "没有找到" in hidden.text


async def test_the_levels_are_explained_before_typing(talker: Talker) -> None:
    asked = await talker.say("b1p3", "/建议")
    assert all(word in asked for word in ("实名", "保密", "匿名", "每看一次", "谁也查不到"))
    await talker.say("b1p3", "保密")
    await talker.say("b1p3", "跳过")
    answer = await talker.say("b1p3", GLOVES)
    assert JY1 in answer
    assert "只有保密员 党委书记" in answer
    assert one(talker).level is Level.CONFIDENTIAL


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("手套坏了多发点吧", "至少写 10 个字"),
        ("好" * 2001, "最多 2000 个字"),
        ("机密★三年 变电站平面图的事情要注意一下", "机密"),
    ],
)
async def test_what_cannot_be_taken_is_refused(talker: Talker, said: str, why: str) -> None:
    assert why in await talker.say("b1p3", f"/建议 {said}")
    assert stored(talker) == []


async def test_the_whole_way(talker: Talker) -> None:
    await to_work(talker)
    kept = one(talker)
    assert (kept.state, kept.clock, kept.acknowledged_in_time) == (
        State.IN_PROGRESS,
        Clock.REPLY,
        True,
    )
    await talker.say("b1p1", f"/答复 {JY1} 已联系物资部门，下周补发两副，以后按季度发")
    assert pushes(talker, "b1p3") == []
    assert "不能是同一个人" in await talker.tap("b1p1", f"suggestion.approve:{JY1}")
    assert "按季度发" not in await talker.say("b1p3", f"/查 {JY1}")
    await talker.say("b1p0", f"/退改 {JY1} 请写明具体时间")
    await to_answer(talker)
    assert "按季度发" in pushes(talker, "b1p3")[-1]
    assert one(talker).state is State.REPLIED
    await talker.say("b1p1", f"/办结 {JY1} 手套已经发到班组")
    assert "不能是同一个人" in await talker.tap("b1p1", f"suggestion.verify:{JY1}")
    await talker.say("b1p0", f"/核实未过 {JY1} 二班还没有发")
    await to_end(talker)
    assert one(talker).state is State.RECTIFIED
    assert "解决，满意" in pushes(talker, "b1p3")[-1]
    await talker.tap("b1p3", f"suggestion.rate:{JY1}/1/5")
    kept = one(talker)
    assert (kept.state, kept.solved, kept.stars, kept.due_at) == (State.RATED, True, 5, None)
    shown = await talker.say("b1p3", f"/查 {JY1}")
    assert "已解决，5 分" in shown
    assert "城南员工1" not in shown.split("经过")[-1].replace(
        "承办：城南供电所党支部 城南员工1", ""
    )
    assert steps(talker) == [
        "received", "acknowledged", "assigned", "accepted", "drafted", "sent_back", "drafted",
        "replied", "done", "not_done", "done", "rectified", "rated",
    ]  # fmt: skip


async def test_a_handler_of_another_unit_can_do_nothing(talker: Talker) -> None:
    await to_work(talker)
    before = one(talker)
    for word in ("答复", "不采纳", "批注", "追问", "退办", "挂起", "办结", "补充", "重办"):
        answer = await talker.say("b2p0", f"/{word} {JY1} 这是另一个单位的书记写的话")
        refused = ("没有找到", "不是分给你", "你的角色办不了")
        assert any(words in answer for words in refused), (word, answer)
    assert "没有找到" in await talker.say("b2p0", f"/评价 {JY1} 是 5")
    assert "没有找到" in await talker.say("b2p0", f"/合并建议 {JY1} {JY2}")
    for name in ("acknowledge", "take_over", "accept", "approve", "verify", "resume", "name"):
        await talker.tap("b2p0", f"suggestion.{name}:{JY1}")
    after = one(talker)
    assert (after.state, after.handler_id, after.steps, after.draft) == (
        before.state,
        before.handler_id,
        before.steps,
        None,
    )


async def test_first_come_first_responsible(talker: Talker) -> None:
    await talker.say("b1p3", f"/建议 {GLOVES}")
    await talker.tap("b1p0", f"suggestion.acknowledge:{JY1}")
    assert "城南员工0 已经受理" in await talker.tap("dangjian", f"suggestion.acknowledge:{JY1}")
    await talker.say("b1p0", f"/分办 {JY1} 单位：城北供电所")
    await talker.say("b2p0", f"/退办 {JY1} 不归我们所，应该由城南自己办")
    kept = one(talker)
    assert (kept.state, kept.clock) == (State.RECEIVED, Clock.ASSIGN)
    assert "请重新分办" in pushes(talker, "b1p0")[-1]
    await talker.tap("b1p0", f"suggestion.take_over:{JY1}")
    assert one(talker).state is State.IN_PROGRESS


async def test_seconding_instead_of_saying_it_again(talker: Talker) -> None:
    await talker.say("b1p3", f"/建议 {GLOVES}")
    asked = await talker.say("b2p2", "/建议 手套磨损得太快了，爬几次杆就破，希望多发几副")
    assert JY1 in asked
    assert "手套磨损太快" in asked
    answer = await talker.say("b2p2", "附议第1条")
    assert "已附议 JY-2026-0001" in answer
    assert [kept.supporters for kept in stored(talker)] == [1]
    assert "已经附议过" in await talker.say("b2p2", f"/附议 {JY1}")
    assert "你自己提的" in await talker.say("b1p3", f"/附议 {JY1}")
    shown = await talker.say("b2p2", f"/查 {JY1}")
    assert "附议：1 人" in shown
    assert "城南员工3" not in shown
    await talker.say("b3p2", "/建议 手套磨损得太快了，爬几次杆就破，希望多发几副")
    assert JY2 in await talker.say("b3p2", "提交")
    assert len(stored(talker)) == 2


async def test_a_confidential_one_is_never_offered(talker: Talker) -> None:
    await talker.say("b1p3", f"/建议 保密 {GLOVES}")
    answer = await talker.say("b2p2", "/建议 手套磨损得太快了，爬几次杆就破，希望多发几副")
    assert JY1 not in answer
    assert JY2 in answer
    assert "不能附议" in await talker.say("b2p2", f"/附议 {JY1}")


async def test_the_name_of_a_confidential_sender_lies_nowhere_in_clear(talker: Talker) -> None:
    """Handlers see no name; the database joins no person to it; one keeper looks, and it shows."""
    await talker.say("b1p3", "/建议")
    await talker.say("b1p3", "保密")
    await talker.say("b1p3", "城南供电所")
    await talker.say("b1p3", GLOVES)
    await talker.say("b1p3", f"/查 {JY1}")
    await talker.say("b1p3", "/我的")
    await talker.tap("b1p0", f"suggestion.acknowledge:{JY1}")
    await talker.say("b1p0", f"/分办 {JY1} 承办人：b1p1")
    await to_answer(talker)
    shown = await talker.say("b1p0", f"/查 {JY1}")
    assert "提出人：保密" in shown
    assert "城南员工3" not in shown
    assert JY1 in await talker.say("b1p3", "/我的")
    assert JY1 not in await talker.say("b1p2", "/我的")
    await to_end(talker)
    await talker.say("b1p3", f"/评价 {JY1} 是 4")
    assert one(talker).stars == 4
    assert "你的角色办不了" in await talker.tap("dangjian", f"suggestion.name:{JY1}")
    seen = await talker.tap("shuji", f"suggestion.name:{JY1}")
    assert "城南员工3" in seen
    assert "查看姓名" in await talker.say("b1p3", f"/查 {JY1}")
    joined_in_clear(talker, JY1, "b1p3", "城南员工3")


def joined_in_clear(talker: Talker, number: str, userid: str, name: str) -> None:
    """No row of any table holds both the suggestion and its sender."""
    with talker.store.reading() as session:
        person = session.execute(
            text("SELECT id FROM person WHERE userid = :u"), {"u": userid}
        ).scalar_one()
        key = one(talker, number).id
        tables = session.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'"))
        for table in [row.name for row in tables if not row.name.startswith("search_index")]:
            for row in session.execute(text(f'SELECT * FROM "{table}"')).mappings():
                said = [str(value) for value in row.values()]
                about = any(number in value or value == str(key) for value in said) or any(
                    GLOVES in value for value in said
                )
                whose = any(userid in value or name in value for value in said) or any(
                    row[column] == person
                    for column in row
                    if column.endswith("_id") or column == "person"
                )
                assert not (about and whose), (table, dict(row))


async def test_anonymous_in_chat_keeps_nothing(talker: Talker) -> None:
    secret = "我们所长天天迟到早退，大家敢怒不敢言"
    before = counts(talker)
    for typed in (
        f"/建议 匿名 {secret}",
        f"/建议 匿名：{secret}",
        f"/建议 我想匿名反映，{secret}",
        f"/建议 {secret}，请不要透露我的名字",
        f"／建议　匿名　{secret}",
    ):
        answer = await talker.say("b1p3", typed)
        assert "/anonymous" in answer, typed
        assert "做不到匿名" in answer
    assert "/anonymous" in await talker.say("b1p3", f"/建议 匿名 {secret}", "wr1")
    assert "/anonymous" in await talker.say("b1p3", "/查 ABCDE-FGH23-JKLMN-PQRST")
    assert counts(talker) == before
    with talker.store.reading() as session:
        dump = "\n".join(session.connection().connection.iterdump())
    assert secret[:6] not in dump
    assert "ABCDE" not in dump


def counts(talker: Talker) -> Sequence[int]:
    with talker.store.reading() as session:
        return [
            len(session.scalars(select(table)).all())
            for table in (Message, Audit, Draft, Suggestion, Push)
        ]


async def test_rating_twice_and_reopening(talker: Talker) -> None:
    await to_work(talker)
    assert "办结以后才能评价" in await talker.say("b1p3", f"/评价 {JY1} 是 5")
    await to_answer(talker)
    await to_end(talker)
    answer = await talker.say("b1p3", f"/评价 {JY1} 否 2 只发了一只")
    assert "重新办理" in answer
    kept = one(talker)
    assert (kept.state, kept.reopened, kept.handler_id is not None) == (State.ASSIGNED, 1, True)
    await to_answer(talker)
    await to_end(talker)
    await talker.say("b1p3", f"/重办 {JY1} 还是没有发到班组")
    kept = one(talker)
    assert (kept.state, kept.reopened, kept.raised, kept.receiver_id) == (
        State.RECEIVED,
        2,
        True,
        None,
    )
    assert "受理建议" in await talker.say("shuji", "/待办")
    await talker.tap("shuji", f"suggestion.take_over:{JY1}")
    await talker.say("shuji", f"/答复 {JY1} 我来督办，本周五前全部发到位")
    await talker.tap("dangjian", f"suggestion.approve:{JY1}")
    await talker.say("shuji", f"/办结 {JY1} 已经全部发到位")
    await talker.tap("dangjian", f"suggestion.verify:{JY1}")
    await talker.say("b1p3", f"/评价 {JY1} 否 1 还是不行")
    kept = one(talker)
    assert (kept.state, kept.solved, kept.reopened) == (State.RATED, False, 2)
    assert "不能再重办" in await talker.say("b1p3", f"/重办 {JY1} 还是没有发到班组")
    await talker.say("b1p3", f"/评价 {JY1} 是 4 后来好了")
    kept = one(talker)
    assert (kept.solved, kept.stars) == (True, 4)
    assert steps(talker).count("rated") == 3


async def test_declined_is_explained_and_apart(talker: Talker) -> None:
    await to_work(talker)
    await talker.say("b1p1", f"/不采纳 {JY1} 今年的采购批次已经结束，明年一季度再安排")
    assert "不采纳说明" in await talker.say("b1p0", f"/办理 {JY1}")
    await talker.tap("b1p0", f"suggestion.approve:{JY1}")
    assert one(talker).state is State.DECLINED
    assert "暂不采纳" in pushes(talker, "b1p3")[0]
    await talker.say("b1p3", f"/评价 {JY1} 是 3 理解")
    assert one(talker).state is State.DECLINED


async def test_merged_ones_are_told_alike(talker: Talker) -> None:
    await talker.say("b1p3", f"/建议 {GLOVES}")
    await talker.say("b1p4", f"/建议 保密 {CANTEEN}")
    await talker.say("b2p2", f"/附议 {JY1}")
    await talker.say("b1p5", "/建议 打磨除锈没有防尘口罩，只有一次性的，吸一鼻子铁锈")
    await talker.tap("b1p0", f"suggestion.acknowledge:{JY1}")
    assert "不能合并到它自己" in await talker.say("b1p0", f"/合并建议 {JY1} {JY1}")
    await talker.say("b1p0", f"/合并建议 JY-2026-0003 {JY1}")
    assert one(talker, "JY-2026-0003").state is State.MERGED
    assert JY1 in pushes(talker, "b1p5")[-1]
    assert "不能合并" in await talker.say("b1p0", f"/合并建议 {JY1} JY-2026-0003")
    await talker.say("b1p0", f"/分办 {JY1} 承办人：b1p1")
    await to_answer(talker)
    for userid in ("b1p3", "b1p5", "b2p2"):
        assert "按季度发" in pushes(talker, userid)[-1], userid
    assert "JY-2026-0003" in pushes(talker, "b1p5")[-1]


async def test_clocks_stop_and_are_extended_once(talker: Talker) -> None:
    await to_work(talker)
    due = one(talker).due_at
    assert due == datetime(2026, 12, 1, 10, tzinfo=UTC)  # ten working days, 18:00 in Shanghai
    await talker.say("b1p1", f"/挂起 {JY1} 等厂家到货")
    assert "停钟" in await talker.say("b1p3", f"/查 {JY1}")
    assert "没有在走的期限" in await talker.say("b1p1", f"/挂起 {JY1} 再挂一次看看")
    talker.clock.move_to(TUESDAY + timedelta(days=7))
    await talker.tap("b1p1", f"suggestion.resume:{JY1}")
    assert one(talker).due_at == datetime(2026, 12, 8, 10, tzinfo=UTC)
    assert "最多 10 个" in await talker.say("b1p1", f"/建议延期 {JY1} 11 到货晚了几天")
    await talker.say("b1p1", f"/建议延期 {JY1} 3 到货晚了几天")
    assert one(talker).due_at == datetime(2026, 12, 11, 10, tzinfo=UTC)
    assert "不能再延" in await talker.say("b1p1", f"/建议延期 {JY1} 3 到货晚了几天")


async def test_urgent_ones_run_in_hours(sqlite_url: str) -> None:
    talker = Talker(sqlite_url, datetime(2026, 10, 9, 9, tzinfo=UTC))  # Friday, 17:00
    await talker.open()
    await talker.say("b1p3", "/建议 变压器围栏的锁坏了，附近小孩会钻进去玩，存在触电隐患")
    await talker.say("b1p0", f"/分办 {JY1} 承办人：b1p1 时限：特急")
    # an hour is left of Friday; Saturday, 10 October 2026, is worked from 8:30 on
    assert one(talker).due_at == datetime(2026, 10, 10, 1, 30, tzinfo=UTC)
    assert "10月10日 09:30" in pushes(talker, "b1p1")[-1]
    await talker.close()


async def test_questions_and_further_words(talker: Talker) -> None:
    await to_work(talker)
    await talker.say("b1p1", f"/批注 {JY1} 已电话联系物资部")
    await talker.say("b1p1", f"/追问 {JY1} 是哪个班组的手套？")
    assert "哪个班组" in pushes(talker, "b1p3")[-1]
    await talker.say("b1p3", f"/补充 {JY1} 是变电二班的线手套")
    assert "作了补充" in pushes(talker, "b1p1")[-1]
    shown = await talker.say("b1p3", f"/查 {JY1}")
    assert "变电二班" in shown
    assert "已电话联系" not in shown
    assert "已电话联系" in await talker.say("b1p1", f"/查 {JY1}")


async def test_all_that_is_open_is_handed_over(talker: Talker) -> None:
    await to_work(talker)
    await to_work(talker, "雨衣用了三年一折就裂，下雨抢修里外都湿，申请更换", "b1p4")
    assert "没有你可以移交" in await talker.say("b2p0", "/移交建议 b1p1 b1p2")
    answer = await talker.say("b1p0", "/移交建议 b1p1 b1p2")
    assert "2 件" in answer
    assert "移交给您" in pushes(talker, "b1p2")[-1]
    await talker.say("b1p2", f"/答复 {JY1} 已联系物资部门，下周补发两副")
    assert one(talker).draft is not None


async def test_a_wrong_category_is_put_right(talker: Talker) -> None:
    await talker.say("b1p3", f"/建议 {GLOVES}")
    await talker.say("b1p3", f"/改类别 {JY1} 工器具与装备")
    kept = one(talker)
    assert (kept.category, kept.category_confirmed) == ("equipment", True)


async def test_the_work_list_opens_what_can_be_done(talker: Talker) -> None:
    await talker.say("b1p3", f"/建议 {GLOVES}")
    listed = await talker.say("b1p0", "/办理")
    assert "等你办理的建议 1 件" in listed
    assert f"(suggestion.open:{JY1})" in listed
    opened = await talker.tap("b1p0", f"suggestion.open:{JY1}")
    assert f"(suggestion.acknowledge:{JY1})" in opened
    assert "没有等你办理" in await talker.say("b1p2", "/办理")
    await talker.tap("b1p0", f"begin:suggestion_assign/number={JY1}")
    await talker.say("b1p0", "跳过")
    await talker.say("b1p0", "b1p1")
    await talker.say("b1p0", "1")
    await talker.say("b1p0", "请本周内摸清数量")
    assert one(talker).state is State.ASSIGNED


async def test_supporters_are_known_to_nobody(talker: Talker) -> None:
    await talker.say("b1p3", f"/建议 {GLOVES}")
    await talker.say("b2p2", f"/附议 {JY1}")
    for userid in ("b1p0", "dangjian", "shuji", "b1p3"):
        shown = await talker.say(userid, f"/查 {JY1}")
        assert "附议：1 人" in shown
        assert "城北员工2" not in shown
    with talker.store.reading() as session:
        assert len(session.scalars(select(SuggestionSupport)).all()) == 1
