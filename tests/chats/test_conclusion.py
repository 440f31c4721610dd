"""A project is concluded: handed in, reviewed, marked by a jury, decided on."""

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from config.rules import default_rules
from models.jury import Criterion, mean_of
from models.project import Better, Project, Stage
from tests.chats.projects import heard, place, press, project, stages
from tests.visitor import Visitor
from tests.world import World

CONCLUDE = (
    "/结题 实际值：97.8 党建载体：党员包台区，攻坚组每周会诊 数据来源：营销系统月报"
    " 成效：18 个高损台区全部清零，线损率由 6.1% 降到 3.2%"
)
RUBRIC = default_rules().project.rubric
MARKS = st.fixed_dictionaries({criterion: st.integers(0, 100) for criterion in Criterion})


@given(jurors=st.lists(MARKS, min_size=1, max_size=9))
def test_the_mean_is_the_weighted_one(jurors: list[dict[Criterion, int]]) -> None:
    total = sum(RUBRIC.values())
    each = [Fraction(sum(RUBRIC[c] * p for c, p in marks.items()), total) for marks in jurors]
    exact = sum(each) / len(each)
    rounded = Fraction(int(exact * 10 + Fraction(1, 2)), 10)
    mean = mean_of(jurors, RUBRIC)
    assert mean is not None
    assert Fraction(mean) == rounded
    assert min(each) - Fraction(1, 20) <= rounded <= max(each) + Fraction(1, 20)


def test_no_marks_no_mean() -> None:
    assert mean_of([], RUBRIC) is None


@pytest.fixture
def aimed(world: World) -> World:
    """The first branch's project has an indicator."""
    aim(world)
    return world


def aim(world: World) -> None:
    with world.store.writing() as session:
        session.execute(
            update(Project)
            .where(Project.number == "XM-2026-0001")
            .values(
                indicator="线损合格率",
                indicator_unit="%",
                baseline="91.2",
                target="97.5",
                better=Better.UP,
            )
        )


async def to_jury(world: World, number: int = 1) -> None:
    await world.say(f"b{number}p0", CONCLUDE)
    xm = f"XM-2026-{number:04d}"
    assert "审查通过" in (await world.say("zhuanye", f"/结题审查 {xm} 通过 数据真实")).text


async def test_from_the_report_to_the_conclusion(both_worlds: World) -> None:
    world = both_worlds
    aim(world)
    saved = await world.say("b1p0", CONCLUDE)
    assert "实际完成 **97.8** %，目标 97.5" in saved.text
    assert "营销部小吴" in saved.text
    assert "结题审查" in (await world.say("zhuanye", "/待办")).text
    await world.say("zhuanye", "/结题审查 XM-2026-0001 通过 营销系统核对无误")
    assert "成立评审会" in (await world.say("dangjian", "/待办")).text
    opened = await world.say(
        "dangjian", "/评审会 名称：2026年度评审会 评委：城北员工1、变电员工1、输电员工1"
    )
    assert "PS-2026-0001" in opened.text
    assert "现有 1 个项目" in opened.text
    assert any("请你担任评委" in text for text in await heard(world, "b2p1"))
    early = await world.say("dangjian", "/评审结论 XM-2026-0001 通过 可以")
    assert "才有 0 位评委打分" in early.text
    marks = {"b2p1": (90, 85, 88, 92), "b3p1": (80, 80, 95, 70), "b4p1": (70, 90, 90, 90)}
    for who, points in marks.items():
        answer = await world.say(who, f"/评审 XM-2026-0001 {' '.join(map(str, points))}")
        assert f"加权 **{weighted(points)} 分**" in answer.text
    done = await world.say("dangjian", "/评审结论 XM-2026-0001 通过 同意结项")
    mean = expected_mean(list(marks.values()))
    assert f"评审均分 **{mean}**" in done.text
    assert (project(world).stage, project(world).jury_points) == (Stage.CONCLUDED, mean)
    assert stages(world) == [Stage.REVIEW, Stage.JURY, Stage.CONCLUDED]
    told = await heard(world, "b1p0")
    assert any("结题审查通过" in text for text in told)
    assert any("项目结项" in text and str(mean) in text for text in told)
    shown = (await world.say("b1p1", "/查 XM-2026-0001")).text
    for words in ("97.8 %（达到目标）", "党员包台区", "营销系统月报", "评审均分", "同意结项"):
        assert words in shown
    late = await world.say("zhuanye", "/结题审查 XM-2026-0001 退回 再看看")
    assert "只能在“结题审查”时办" in late.text


def weighted(points: Sequence[int]) -> Decimal:
    weights = (25, 25, 30, 20)
    total = sum(w * p for w, p in zip(weights, points, strict=True))
    return (Decimal(total) / 100).quantize(Decimal("0.1"))


def expected_mean(all_points: Sequence[Sequence[int]]) -> Decimal:
    weights = (25, 25, 30, 20)
    total = sum(w * p for points in all_points for w, p in zip(weights, points, strict=True))
    return (Decimal(total) / 100 / len(all_points)).quantize(Decimal("0.1"), ROUND_HALF_UP)


async def test_sent_back_by_the_review_and_by_the_jury(aimed: World) -> None:
    world = aimed
    await world.say("b1p0", CONCLUDE)
    back = await world.say("zhuanye", "/结题审查 XM-2026-0001 退回 缺六月数据")
    assert "已退回" in back.text
    assert any("缺六月数据" in text for text in await heard(world, "b1p0"))
    assert project(world).stage is Stage.ONGOING
    await to_jury(world)
    await world.say("dangjian", "/评审会 名称：评审会 评委：城北员工1、变电员工1、输电员工1")
    for who in ("b2p1", "b3p1", "b4p1"):
        await world.say(who, "/评审 XM-2026-0001 50 50 50 50")
    assert "退回支部" in (await world.say("dangjian", "/评审结论 XM-2026-0001 退回 成效不足")).text
    assert project(world).stage is Stage.ONGOING
    assert project(world).jury_points is None


@pytest.mark.parametrize(
    ("who", "typed", "said"),
    [
        ("b1p0", CONCLUDE.replace("实际值：97.8 ", ""), "实际完成了多少"),
        ("b1p0", CONCLUDE.replace("97.8", "很高"), "看不出是多少"),
        (
            "b1p0",
            "/结题 97.8 党建载体：党员包台区 数据来源：营销系统月报 成效：圆满完成",
            "用数据说话",
        ),
        ("b1p1", CONCLUDE, "要由书记来办"),
        ("b2p0", CONCLUDE.replace("/结题", "/结题 XM-2026-0001"), "谁立项谁负责"),
        ("zhuanye", "/结题审查 XM-2026-0001 通过 数据真实", "只能在“结题审查”时办"),
        ("dangjian", "/评审结论 XM-2026-0001 通过 同意结项", "只能在“组织评审”时办"),
        ("b2p1", "/评审 XM-2026-0001 90 90 90 90", "只能在“组织评审”时办"),
        ("dangjian", "/评审会 名称：评审会 评委：城北员工1", "评委至少要 3 位"),
        ("b1p0", "/评审会 名称：评审会 评委：城北员工1", "要由党建部来办"),
    ],
)
async def test_steps_and_roles_are_kept(aimed: World, who: str, typed: str, said: str) -> None:
    assert said in (await aimed.say(who, typed)).text
    assert project(aimed).stage is Stage.ONGOING
    assert stages(aimed) == []


async def test_who_may_mark_what(aimed: World) -> None:
    world = aimed
    await to_jury(world)
    assert "现在没有评审会" in (await world.say("b2p1", "/评审 XM-2026-0001 90 90 90 90")).text
    await world.say("dangjian", "/评审会 名称：评审会 评委：城南员工1、城北员工1、变电员工1")
    assert "不是“评审会”的评委" in (await world.say("b4p1", "/评审 XM-2026-0001 9 9 9 9")).text
    assert "回避规则" in (await world.say("b1p1", "/评审 XM-2026-0001 100 100 100 100")).text
    assert "超出范围" in (await world.say("b2p1", "/评审 XM-2026-0001 101 90 90 90")).text
    await world.say("b2p1", "/取消")
    assert "组织评审打分" in (await world.say("b2p1", "/待办")).text
    await world.say("b2p1", "/评审 XM-2026-0001 60 60 60 60")
    changed = await world.say("b2p1", "/评审 XM-2026-0001 80 80 80 80")
    assert "加权 **80.0 分**" in changed.text
    assert "组织评审打分" not in (await world.say("b2p1", "/待办")).text


async def test_the_live_board_and_all_at_once(visitor: Visitor) -> None:
    world = visitor.world
    aim(world)
    for number in (1, 2):
        await to_jury(world, number)
    await world.say("dangjian", "/评审会 名称：年度评审 评委：变电员工1、输电员工1、财务员工1")
    for who, points in (("b3p1", 90), ("b4p1", 80), ("b6p1", 70)):
        await world.say(who, f"/评审 XM-2026-0001 {' '.join([str(points)] * 4)}")
    await world.say("b3p1", "/评审 XM-2026-0002 20 20 20 20")
    await visitor.enter("b3p1")
    _, html = await visitor.get("/board/jury")
    assert 'http-equiv="refresh"' in html
    rows = re.findall(r"<tr>(.*?)</tr>", html, re.DOTALL)[1:]
    cells = [
        [re.sub(r"<[^>]+>", "", c).strip() for c in re.findall(r"<td[^>]*>(.*?)</td>", r)]
        for r in rows
    ]
    assert [row[3:] for row in cells] == [["3/3", "80.0", "已打"], ["1/3", "—", "已打"]]
    assert "按均分结项" not in html
    await visitor.enter("b1p1")
    assert "没有正在进行的评审会" in (await visitor.get("/board/jury"))[1]
    await world.say("dangjian", "/查 PS-2026-0001")
    await press(world, "dangjian", "jury.close:PS-2026-0001")
    assert project(world).stage is Stage.CONCLUDED
    assert project(world, "XM-2026-0002").stage is Stage.JURY


async def test_whoever_is_late_is_reminded(world: World) -> None:
    with world.store.writing() as session:
        session.connection().exec_driver_sql(
            "UPDATE project SET ends_on='2026-11-25', reported_at='2026-11-16 00:00:00' "
            "WHERE unit_id = 2"
        )
    assert "申报结题" in (await world.say("b1p0", "/待办")).text
    place(world, Stage.JURY)
    assert "申报结题" not in (await world.say("b1p0", "/待办")).text
