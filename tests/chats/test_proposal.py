"""A branch draws up its project, hands it in, and the department decides."""

import asyncio
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import select

from models.grade import GradeChange
from models.milestone import Milestone
from models.project import Better, Direction, Grade, Project, Stage
from tests.chats.projects import (
    DETAIL,
    JANUARY,
    PROPOSAL,
    heard,
    place,
    project,
    stages,
)
from tests.world import World


async def hand_in(world: World) -> None:
    """From nothing to the department's desk."""
    assert "XM-2026-0001" in (await world.say("b1p0", PROPOSAL)).text
    assert "已更新" in (await world.say("b1p0", DETAIL)).text
    assert "已送审" in (await world.say("b1p0", "/送审")).text


async def test_from_the_five_ones_to_the_approval(both_januaries: World) -> None:
    world = both_januaries
    saved = await world.say("b1p1", PROPOSAL)
    assert "XM-2026-0001" in saved.text
    assert "送审前还要补齐：计划、预期目标、措施、工作制度、验收标准、骨干、里程碑" in saved.text
    early = await world.say("b1p0", "/送审")
    assert "不能送审，缺：计划、预期目标" in early.text
    assert "内容已经齐全" in (await world.say("b1p2", DETAIL)).text
    assert "营销部小吴" in (await world.say("b1p0", "/送审")).text
    made = project(world)
    assert (made.better, made.baseline, made.target) == (Better.UP, "91.2", "97.5")
    assert (made.direction, made.area, made.blends) == (
        Direction.SAFETY,
        "供电服务",
        "safety,operation",
    )
    assert made.curve == "2026-03-31:20;2026-06-30:50;2026-10-31:90"
    done = await world.say("zhuanye", "/审批 XM-2026-0001 同意 A 直接支撑线损指标")
    assert "已批准立项" in done.text
    assert "重点项目" in done.text
    assert project(world).grade is Grade.A
    told = await heard(world, "b1p0")
    assert any("项目已批准" in text and "直接支撑线损指标" in text for text in told)
    await world.say("b1p1", "/进展 10% 摸排 5 个台区", "wr1")
    assert stages(world) == [Stage.INITIATED, Stage.SUBMITTED, Stage.APPROVED, Stage.ONGOING]
    shown = (await world.say("b1p1", "/查 XM-2026-0001")).text
    for words in ("骨干：城南员工1、城南员工2", "91.2 → 97.5", "直接支撑线损指标", "营销部小吴"):
        assert words in shown


async def test_returned_mended_and_handed_in_again(january: World) -> None:
    await hand_in(january)
    returned = await january.say("zhuanye", "/审批 XM-2026-0001 退回 目标定得太低")
    assert "已退回" in returned.text
    assert any("目标定得太低" in text for text in await heard(january, "b1p0"))
    assert "已更新" in (await january.say("b1p0", "/修改立项 目标：98.5")).text
    await january.say("b1p0", "/送审")
    await january.say("zhuanye", "/审批 XM-2026-0001 同意 B 目标合理")
    assert stages(january) == [
        Stage.INITIATED,
        Stage.SUBMITTED,
        Stage.RETURNED,
        Stage.SUBMITTED,
        Stage.APPROVED,
    ]
    assert project(january).target == "98.5"


async def test_the_dialogue_asks_for_the_five_ones_and_then_for_what_is_missing(
    january: World,
) -> None:
    await january.say("b1p0", "/立项")
    answers = [line.partition("：")[2] for line in PROPOSAL.split("\n")[1:]]
    said = [await january.say("b1p0", answer) for answer in answers]
    last = said[-1]
    assert "已立项登记 XM-2026-0001" in last.text
    asked = await january.say("b1p0", "/完善")
    assert "计划明确" in asked.text
    for answer in ("分三步", "清零", "一台一策", "周例会", "97.5%", "城南员工1"):
        asked = await january.say("b1p0", answer)
    assert "里程碑" in asked.text
    asked = await january.say("b1p0", "3月31日 完成摸排 20%\n10月31日 复核 90%")
    assert "2026年3月31日（周二） 完成摸排 20%" in asked.text
    assert "内容已经齐全" in (await january.say("b1p0", "是")).text


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("目标：90", "反方向"),
        ("指标方向：降低", "反方向"),
        ("目标：很高", "看不出是多少"),
        ("骨干：不存在的人", "没有找到或分不清：不存在的人"),
        ("里程碑：2026年6月30日 甲 50%；2026年3月31日 乙 60%", "按日期先后"),
        ("里程碑：2026年3月31日 甲 50%；2026年6月30日 乙 40%", "一个比一个高"),
        ("里程碑：2027年3月31日 甲 50%", "起止日期"),
        ("里程碑：2026年3月31日 甲", "没有计划进度"),
        ("结束日期：2027年3月1日", "要在 2026 年内"),
        ("党建+领域：房地产", "不在选项里"),
    ],
)
async def test_what_breaks_a_rule_is_refused_with_the_rule(
    january: World, line: str, said: str
) -> None:
    label = line.partition("：")[0]
    kept = [row for row in PROPOSAL.split("\n") if not row.startswith(f"{label}：")]
    answer = await january.say("b1p0", "\n".join([*kept, line]))
    assert said in answer.text
    with january.store.reading() as session:
        assert session.scalars(select(Project)).all() == []


async def test_a_second_active_project_is_refused(january: World) -> None:
    await january.say("b1p0", PROPOSAL)
    again = await january.say("b1p1", "/立项 另一个项目")
    assert "已有在办的项目 XM-2026-0001" in again.text
    place(january, Stage.ENDED)
    assert "登记 XM-2026-0002" in (await january.say("b1p0", PROPOSAL)).text


async def test_of_two_who_propose_at_once_one_wins(both_januaries: World) -> None:
    world = both_januaries
    answers = await asyncio.gather(*(world.say(f"b1p{n}", PROPOSAL) for n in range(4)))
    texts = [answer.text for answer in answers]
    assert sum("已立项登记" in text for text in texts) == 1
    assert sum("已有在办的项目" in text for text in texts) == 3


async def test_of_two_who_decide_at_once_one_wins(january: World) -> None:
    await hand_in(january)
    both = await asyncio.gather(
        january.say("zhuanye", "/审批 XM-2026-0001 同意 A 支撑有力"),
        january.say("zhuanye", "/审批 XM-2026-0001 退回 再想想", door="app"),
    )
    texts = " ".join(answer.text for answer in both)
    assert ("已批准立项" in texts) + ("已退回" in texts) == 1
    assert "现在是" in texts or "刚刚有人办过了" in texts
    assert len(stages(january)) == 3


@pytest.mark.parametrize(
    ("who", "typed", "said"),
    [
        ("b1p1", "/送审", "谁立项谁负责"),
        ("b2p0", "/送审 XM-2026-0001", "谁立项谁负责"),
        ("b2p1", "/修改立项 XM-2026-0001 目标：99", "你不在城南"),
        ("b1p0", "/审批 XM-2026-0001 同意 A 我看行", "要由党建部、专业部门、党委书记来办"),
        ("dangjian", "/审批 XM-2026-0001 同意 A 我看行", "由专业部门来办：营销部小吴"),
        ("zhuanye", "/定级 XM-2026-0001 A 理由充分", "只能在"),
        ("zhuanye", "/审批 XM-2026-0002 同意 A 理由充分", "没有项目 XM-2026-0002"),
    ],
)
async def test_who_may_not_is_told_who_may(january: World, who: str, typed: str, said: str) -> None:
    await january.say("b1p0", PROPOSAL)
    assert said in (await january.say(who, typed)).text
    assert stages(january) == [Stage.INITIATED]


async def test_nobody_judges_the_project_of_the_own_branch(january: World) -> None:
    await hand_in(january)
    with january.store.writing() as session:
        session.connection().exec_driver_sql("UPDATE person SET unit_id=2 WHERE userid='zhuanye'")
    january.runtime.directory.forget()
    answer = await january.say("zhuanye", "/审批 XM-2026-0001 同意 A 支撑有力")
    assert "回避规则" in answer.text
    stood_in = await january.say("dangjian", "/审批 XM-2026-0001 同意 A 支撑有力")
    assert "已批准立项" in stood_in.text


async def test_steps_are_not_skipped(january: World) -> None:
    await hand_in(january)
    assert "待审批" in (await january.say("b1p0", "/修改立项 目标：99")).text
    assert "还没有2026年度在办的项目" in (await january.say("b1p1", "/进展 20% 一")).text
    assert "XM-2026-0001 现在是" in (await january.say("b1p0", "/送审")).text


async def test_after_the_approval_only_what_is_missing_can_be_added(january: World) -> None:
    await hand_in(january)
    await january.say("zhuanye", "/审批 XM-2026-0001 同意 B 可以")
    refused = await january.say("b1p0", "/修改立项 目标：99")
    assert "“目标”不能再改" in refused.text
    added = await january.say("b1p0", "/完善 青年：城南员工3")
    assert "已更新" in added.text


async def test_a_grade_is_changed_with_a_reason_that_stays(january: World) -> None:
    await hand_in(january)
    await january.say("zhuanye", "/审批 XM-2026-0001 同意 C 先做起来")
    assert "C 定为 **A**" in (await january.say("zhuanye", "/定级 XM-2026-0001 A级 成效明显")).text
    assert "已经是 A 级" in (await january.say("zhuanye", "/定级 XM-2026-0001 A 再来一次")).text
    with january.store.reading() as session:
        rows = session.execute(
            select(GradeChange.before, GradeChange.after, GradeChange.reason).order_by(
                GradeChange.id
            )
        ).all()
    assert rows == [(None, Grade.C, "先做起来"), (Grade.C, Grade.A, "成效明显")]


async def test_last_years_projects_can_only_be_read(january: World) -> None:
    await hand_in(january)
    january.clock.move_to(JANUARY.replace(year=2027))
    answer = await january.say("zhuanye", "/审批 XM-2026-0001 同意 A 太晚了")
    assert "年度已经关闭" in answer.text
    assert "白塔台区线损清零" in (await january.say("b1p0", "/查 XM-2026-0001")).text


async def test_the_plan_runs_through_the_milestones(january: World) -> None:
    await hand_in(january)
    await january.say("zhuanye", "/审批 XM-2026-0001 同意 A 可以")
    for day, planned in (
        (date(2026, 1, 19), "0.0"),
        (date(2026, 3, 31), "20.0"),
        (date(2026, 5, 1), "30.2"),  # 31 of 91 days of the way from 20 to 50
        (date(2026, 6, 30), "50.0"),
        (date(2026, 10, 31), "90.0"),
        (date(2026, 12, 31), "100.0"),
    ):
        assert project(january).planned(day) == Decimal(planned), day
    answer = await january.say("b1p1", "/进展 20% 摸排完成")
    assert "比计划快" in answer.text
    assert "完成摸排（计划 20%）✓" in (await january.say("b1p1", "/查 XM-2026-0001")).text


async def test_duties_follow_the_project_round(january: World) -> None:
    assert "还没有 2026 年度项目" in (await january.say("b1p0", "/待办")).text
    await january.say("b1p0", PROPOSAL)
    assert "完善项目并送审" in (await january.say("b1p0", "/待办")).text
    await january.say("b1p0", DETAIL)
    await january.say("b1p0", "/送审")
    assert "审批立项" in (await january.say("zhuanye", "/待办")).text
    assert "没有待办" in (await january.say("b1p0", "/待办")).text
    await january.say("zhuanye", "/审批 XM-2026-0001 同意 A 可以")
    january.clock.move_to(JANUARY.replace(month=3, day=27))
    assert "里程碑到期" in (await january.say("b1p0", "/待办")).text
    await january.say("b1p0", "/进展 20% 摸排完成")
    assert "里程碑到期" not in (await january.say("b1p0", "/待办")).text


def test_milestones_are_rows_and_a_curve() -> None:
    assert Milestone(percent=Decimal(20)).is_reached(Decimal(20))
    assert not Milestone(percent=Decimal(20)).is_reached(None)


async def test_whose_year_has_not_begun_is_not_late(january: World) -> None:
    """Set up in July, nobody owes what was due in March; the first project begins the year."""
    world = january
    assert "3月15日" in (await world.say("b3p0", "/待办")).text
    world.clock.move_to(datetime(2026, 7, 1, 2, 0, tzinfo=UTC))
    assert "没有待办" in (await world.say("b3p0", "/待办")).text
    await world.say("b1p0", PROPOSAL.replace("2026年3月31日", "2026年8月31日"))
    todo = (await world.say("b3p0", "/待办")).text
    assert "还没有 2026 年度项目" in todo
    assert "7月15日" in todo  # ten working days
