"""Members report progress: the way people type, in groups and privately."""

from datetime import timedelta
from decimal import Decimal
from io import BytesIO

import pytest
from PIL import Image
from sqlalchemy import func, select

from bot.sim.messages import Upload
from models.audit import Audit
from models.draft import Draft, DraftState
from models.message import Message
from models.progress import Progress, ReportKind, ReportState
from models.project import Project
from tests.world import World


def reports(world: World) -> list[Progress]:
    with world.store.reading() as session:
        return list(session.scalars(select(Progress).order_by(Progress.id)))


def percent(world: World, branch: int) -> Decimal | None:
    with world.store.reading() as session:
        return session.scalar(select(Project.percent).where(Project.unit_id == branch + 1))


async def test_one_line_in_the_group_is_stored_and_answered_with_its_number(
    both_worlds: World,
) -> None:
    answer = await both_worlds.say("b1p3", "/进展 60% 完成配变轮换 12 台", "wr1")
    assert "JZ-2026-0001" in answer.text
    assert "60%" in answer.text
    (row,) = reports(both_worlds)
    assert (row.number, row.percent, row.said) == (
        "JZ-2026-0001",
        Decimal(60),
        "完成配变轮换 12 台",
    )
    assert percent(both_worlds, 1) == Decimal(60)


@pytest.mark.parametrize(
    ("typed", "value", "said"),
    [
        ("／进展　８０％", 80, ""),
        ("/进展80%", 80, ""),
        ("/ 进展 QC 小组 80 %", 80, "QC 小组 80 %"),
        ("/进展 进度：85.5% 说明：完成 A 段", 85.5, "完成 A 段"),
        ("/进展 说明：完成 A 段；进度：85.5％", 85.5, "完成 A 段"),
        ("/jz 30 完成勘察", 30, "完成勘察"),
        ("/progress 30% done", 30, "done"),
        ("/进展 百分之八十 收尾", 80, "收尾"),
        ("【项目进展】\n【进度】80%\n\n【说明】完成三项\n收到", 80, "完成三项"),
        ("进展 45% 已完成招标", 45, "已完成招标"),
        ("/进展 66% 完成了　两项，见“附件”", 66, "完成了　两项，见“附件”"),
    ],
)
async def test_as_people_type(world: World, typed: str, value: float, said: str) -> None:
    answer = await world.say("b1p1", typed, "wr1")
    assert "JZ-2026-0001" in answer.text, answer.text
    (row,) = reports(world)
    assert float(row.percent) == value
    assert row.said == said


@pytest.mark.parametrize(
    "mention", ["@支部通 ", "＠支部通　", "@支部通", "@支部通\u2005", "@支部通  "]
)
async def test_any_blank_after_the_mention(world: World, mention: str) -> None:
    answer = await world.desk.ask("b1p1", "wr1", f"{mention}/进展 50% 一半了")
    assert "JZ-2026-0001" in answer.text


@pytest.mark.parametrize("typed", ["/进展 八成", "/进展 0.85 收尾", "/进展 8/10"])
async def test_what_is_uncertain_is_asked_back_and_stored_after_a_yes(
    world: World, typed: str
) -> None:
    answer = await world.say("b1p1", typed, "wr1")
    assert "理解为" in answer.text
    assert reports(world) == []
    answer = await world.say("b1p1", "是", "wr1")
    assert "JZ-2026-0001" in answer.text
    assert len(reports(world)) == 1


async def test_a_no_asks_again_and_another_answer_counts(world: World) -> None:
    await world.say("b1p1", "/进展 八成")
    answer = await world.say("b1p1", "不对")
    assert "百分之多少" in answer.text
    answer = await world.say("b1p1", "75%")
    assert "JZ-2026-0001" in answer.text
    assert reports(world)[0].percent == Decimal(75)


async def test_going_down_needs_a_reason(world: World) -> None:
    await world.say("b1p1", "/进展 60% 一", "wr1")
    answer = await world.say("b1p1", "/进展 40% 二", "wr1")
    assert "原因" in answer.text
    assert len(reports(world)) == 1
    answer = await world.say("b1p1", "检修计划调整", "wr1")
    assert "JZ-2026-0002" in answer.text
    assert reports(world)[1].reason == "检修计划调整"
    assert percent(world, 1) == Decimal(40)


async def test_question_by_question_with_back_and_skip(world: World) -> None:
    answer = await world.say("b1p1", "/进展")
    assert "（1/2）" in answer.text
    answer = await world.say("b1p1", "七十")
    assert "（2/2）" in answer.text
    answer = await world.say("b1p1", "上一步")
    assert "（1/2）" in answer.text
    await world.say("b1p1", "72")
    answer = await world.say("b1p1", "跳过")
    assert "JZ-2026-0001" in answer.text
    assert reports(world)[0].percent == Decimal(72)


async def test_somebody_elses_words_do_not_answer_my_question(world: World) -> None:
    await world.say("b1p1", "/进展", "wr1")
    answer = await world.say("b1p2", "70", "wr1")
    assert "没看懂" in answer.text
    answer = await world.say("b1p1", "70", "wr1")
    assert "（2/2）" in answer.text


async def test_cancel_keeps_nothing(world: World) -> None:
    await world.say("b1p1", "/进展 八成")
    answer = await world.say("b1p1", "取消")
    assert "已取消" in answer.text
    with world.store.reading() as session:
        draft = session.scalars(select(Draft)).one()
    assert draft.state is DraftState.CANCELLED
    assert (draft.answers, draft.doubts) == ({}, {})


async def test_a_draft_survives_a_restart_and_goes_on_elsewhere(both_worlds: World) -> None:
    await both_worlds.say("b1p1", "/进展", "wr1")
    await both_worlds.say("b1p1", "88", "wr1")
    await both_worlds.runtime.stop()
    await both_worlds.open_product()
    answer = await both_worlds.say("b1p1", "/继续")
    assert "（2/2）" in answer.text
    answer = await both_worlds.say("b1p1", "完成投运")
    assert "JZ-2026-0001" in answer.text
    row = reports(both_worlds)[0]
    assert (row.percent, row.said) == (Decimal(88), "完成投运")


async def test_a_draft_runs_out(world: World) -> None:
    await world.say("b1p1", "/进展")
    await world.later(hours=73)
    answer = await world.say("b1p1", "70")
    assert "没看懂" in answer.text
    assert "没有没填完" in (await world.say("b1p1", "/继续")).text


async def test_no_change_counts_as_a_report(world: World) -> None:
    answer = await world.say("b1p1", "/无变化", "wr1")
    assert "先报一次" in answer.text
    await world.say("b1p1", "/进展 50% 开工", "wr1")
    answer = await world.say("b1p1", "/进展 无变化", "wr1")
    assert "无变化" in answer.text
    assert reports(world)[-1].kind is ReportKind.NO_CHANGE
    assert percent(world, 1) == Decimal(50)


async def test_correcting_and_withdrawing_keep_the_history(world: World) -> None:
    await world.say("b1p1", "/进展 50% 开工", "wr1")
    answer = await world.say("b1p1", "/更正 JZ-2026-0001 55% 开工并验收", "wr1")
    assert "JZ-2026-0002" in answer.text
    answer = await world.say("b1p1", "/撤回", "wr1")
    assert "已撤回 JZ-2026-0002" in answer.text
    states = [row.state for row in reports(world)]
    assert states == [ReportState.CORRECTED, ReportState.WITHDRAWN]
    assert percent(world, 1) is None


async def test_a_correction_stands_where_the_old_report_stood(world: World) -> None:
    await world.say("b1p1", "/进展 50% 开工", "wr1")
    world.clock.move_to(world.clock.now() + timedelta(hours=1))
    await world.say("b1p1", "/进展 70% 过半", "wr1")
    await world.say("b1p1", "/更正 JZ-2026-0001 52%", "wr1")
    assert percent(world, 1) == Decimal(70)


async def test_after_a_day_a_report_stands(world: World) -> None:
    await world.say("b1p1", "/进展 50% 开工", "wr1")
    world.clock.move_to(world.clock.now() + timedelta(hours=25))
    answer = await world.say("b1p1", "/撤回 JZ-2026-0001", "wr1")
    assert "不能改" in answer.text
    assert reports(world)[0].state is ReportState.VALID


async def test_only_the_reporter_and_the_secretary_may_change_a_report(world: World) -> None:
    await world.say("b1p1", "/进展 50% 开工", "wr1")
    answer = await world.say("b1p2", "/撤回 JZ-2026-0001", "wr1")
    assert "不是你报的" in answer.text
    answer = await world.say("b1p0", "/撤回 JZ-2026-0001", "wr1")
    assert "已撤回" in answer.text


async def test_reporting_for_somebody_is_marked(world: World) -> None:
    answer = await world.say("b1p1", "/进展 50% 代张师傅报", "wr1")
    assert "代报：张师傅" in answer.text
    assert reports(world)[0].on_behalf == "张师傅"


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("/进展 130% 超了", "0% 到 100%"),
        ("/进展 -3%", "0% 到 100%"),
        ("/进展 过半", "例如"),
        ("/近展 30%", "/进展"),
        ("/进展 70% 机密：变电站图纸", "涉密不上网"),
        ("/进展 70% " + "长" * 2001, "2000"),
        ("今天天气不错", "没看懂"),
        ("/查 JZ-2026-9999", "没有找到"),
        ("/台账 不存在", "没有“不存在”"),
    ],
)
async def test_bad_input_says_what_to_type_and_changes_nothing(
    world: World, typed: str, hint: str
) -> None:
    answer = await world.say("b1p1", typed, "wr1")
    assert hint in answer.text
    assert reports(world) == []


async def test_strangers_and_unbound_groups(world: World) -> None:
    assert "人员名单" in (await world.say("stranger", "/进展 50%", "wr1")).text
    assert "没有绑定" in (await world.say("b1p1", "/进展 50%", "wrnew")).text
    assert "绑定" in (await world.say("b1p1", "/帮助", "wrnew")).text
    assert "办不了" in (await world.say("b1p1", "/绑定 城南供电所党支部", "wrnew")).text
    assert "已绑定" in (await world.say("b1p0", "/绑定 城南供电所", "wrnew")).text
    assert "JZ-2026-0001" in (await world.say("b1p1", "/进展 50% 好", "wrnew")).text


async def test_one_may_not_report_for_another_branch(world: World) -> None:
    answer = await world.say("b1p1", "/进展 支部：城北供电所 进度：50%")
    assert "不能替它" in answer.text
    assert reports(world) == []
    answer = await world.say("dangjian", "/进展 支部：城北供电所 进度：50% 说明：好")
    assert "JZ-2026-0001" in answer.text


async def test_every_command_is_audited_without_its_words(world: World) -> None:
    await world.say("b1p1", "/进展 50% 只有我知道的话", "wr1")
    await world.say("b1p1", "/进展 150% 别的话", "wr1")
    with world.store.reading() as session:
        rows = session.scalars(select(Audit).order_by(Audit.id)).all()
        assert session.scalar(select(func.count()).select_from(Message)) == 2
    assert (rows[0].action, rows[0].subject, rows[0].outcome) == ("progress", "JZ-2026-0001", "ok")
    assert (rows[1].action, rows[1].subject) == ("progress", "")


async def test_photos_wait_for_their_words_and_are_never_attached_silently(world: World) -> None:
    photo = _photo()
    await world.desk.say("b1p1", None, "", images=[photo])
    await world.desk.settled()
    answer = await world.say("b1p1", "/进展 50% 现场照片")
    card = await world.desk.until(
        lambda: next((m for m in world.desk.heard("b1p1") if m.card is not None), None), 5
    )
    assert "JZ-2026-0001" in answer.text
    await world.desk.click("b1p1", card, "progress.attach:JZ-2026-0001/1")
    await world.desk.settled()
    found = await world.say("b1p1", "/查 JZ-2026-0001")
    assert "附件：1 个" in found.text


def _photo() -> Upload:
    out = BytesIO()
    Image.new("RGB", (60, 40), "green").save(out, "PNG")
    return Upload("photo.png", out.getvalue())
