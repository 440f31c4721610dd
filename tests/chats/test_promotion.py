"""Branches apply for a better grade; the funnel counts what came of it."""

import asyncio
import re
from datetime import date, timedelta

import pytest
from sqlalchemy import select, update

from models.grade import GradeChange
from models.project import Grade, Project, Stage
from tests.chats.projects import heard, project
from tests.visitor import Visitor, figures
from tests.world import World

APPLY = "/晋级 A 改进情况：线损由 6.1% 降到 3.2% 依据：营销系统六月数据"


@pytest.fixture
async def graded(world: World) -> World:
    """The first branch has a project of grade C."""
    grade(world, Grade.C)
    return world


def grade(world: World, to: Grade | None, branch: int = 1) -> None:
    with world.store.writing() as session:
        session.execute(update(Project).where(Project.unit_id == branch + 1).values(grade=to))


async def test_applied_for_and_granted(graded: World) -> None:
    saved = await graded.say("b1p0", APPLY)
    assert "JJ-2026-0001" in saved.text
    assert "C → A" in saved.text
    asked = await graded.say("zhuanye", "/待办")
    assert "审批晋级申报" in asked.text
    done = await graded.say("zhuanye", "/晋级审批 JJ-2026-0001 同意 数据真实可查")
    assert "已同意" in done.text
    assert "重点项目" in done.text
    assert project(graded).grade is Grade.A
    assert any("晋级申报通过" in text for text in await heard(graded, "b1p0"))
    with graded.store.reading() as session:
        (change,) = session.scalars(select(GradeChange)).all()
    assert (change.before, change.after, change.promotion) == (Grade.C, Grade.A, "JJ-2026-0001")
    shown = await graded.say("b1p0", "/台账 晋级申报表")
    assert "JJ-2026-0001 · 城南供电所党支部" in shown.text
    assert "· A · 同意" in shown.text


async def test_declined_and_applied_for_again_after_some_time(graded: World) -> None:
    await graded.say("b1p0", APPLY)
    assert "不同意" in (await graded.say("zhuanye", "/晋级审批 JJ-2026-0001 不同意 再等等")).text
    assert project(graded).grade is Grade.C
    assert "14 天后" in (await graded.say("b1p0", APPLY)).text
    graded.clock.move_to(graded.clock.now() + timedelta(days=15))
    await graded.desk.connected(20)
    assert "JJ-2026-0002" in (await graded.say("b1p0", APPLY)).text


async def test_an_application_is_withdrawn(graded: World) -> None:
    await graded.say("b1p0", APPLY)
    await graded.say("b1p0", "/查 JJ-2026-0001")
    card = await graded.desk.until(
        lambda: next((m for m in graded.desk.heard("b1p0") if m.card is not None), None), 5
    )
    await graded.desk.click("b1p0", card, "promotion.withdraw:JJ-2026-0001")
    await graded.desk.settled()
    assert "已撤回" in (await graded.say("zhuanye", "/晋级审批 JJ-2026-0001 同意 好的好的")).text
    assert project(graded).grade is Grade.C


@pytest.mark.parametrize(
    ("who", "typed", "now", "said"),
    [
        ("b1p0", APPLY, Grade.A, "已经是 A 级重点项目"),
        ("b1p0", APPLY, None, "还没有定级"),
        ("b1p0", APPLY.replace("A ", "B "), Grade.B, "只能申报 A 级"),
        ("b1p1", APPLY, Grade.C, "要由书记来办"),
        ("b2p0", f"{APPLY[:4]}XM-2026-0001 {APPLY[4:]}", Grade.C, "谁立项谁负责"),
        ("b1p0", "/晋级审批 JJ-2026-0001 同意 我看行", Grade.C, "要由"),
        ("zhuanye", "/晋级审批 JJ-2026-0001 同意 我看行", Grade.C, "没有申报 JJ-2026-0001"),
    ],
)
async def test_what_is_against_the_rules_changes_nothing(
    world: World, who: str, typed: str, now: Grade | None, said: str
) -> None:
    grade(world, now)
    assert said in (await world.say(who, typed)).text
    assert project(world).grade is now


async def test_one_application_at_a_time_whoever_is_faster(graded: World) -> None:
    both = await asyncio.gather(graded.say("b1p0", APPLY), graded.say("b1p0", APPLY, door="app"))
    texts = " ".join(answer.text for answer in both)
    assert texts.count("已申报") == 1
    assert "JJ-2026-0001 还在审批" in texts


def last_year(unit: int) -> Project:
    """What a branch concluded a year ago; the first of them was a key project."""
    return Project(
        number=f"XM-2025-{unit:04d}",
        unit_id=unit,
        year=2025,
        name=f"去年的项目{unit}",
        stage=Stage.CONCLUDED,
        grade=Grade.A if unit == 2 else Grade.C,
        starts_on=date(2025, 1, 1),
        ends_on=date(2025, 12, 31),
    )


async def test_the_funnel_counts_branches_projects_and_key_projects(visitor: Visitor) -> None:
    world = visitor.world
    grade(world, None, branch=6)
    with world.store.writing() as session:
        session.execute(update(Project).where(Project.unit_id == 8).values(stage="ended"))
        session.execute(update(Project).where(Project.unit_id == 2).values(outstanding=True))
        session.add_all(last_year(unit) for unit in range(2, 6))
    await visitor.enter("dangjian")
    status, html = await visitor.get("/board/funnel")
    assert status == 200
    assert figures(html) == {"党支部": "7", "立项": "6", "重点项目": "3", "突出贡献": "1"}
    compared = html.split("和上一年比</h2>")[1].split("</table>")[0]
    rows = [re.findall(r"<td[^>]*>(?:<[^>]+>)*([^<]*)", row) for row in compared.split("<tr")[2:]]
    assert ["立项", "4", "6", "+2"] in rows
    assert ["立项覆盖率", "57.1%", "85.7%", "+28.6"] in rows  # 4 of 7, 6 of 7
    assert ["重点占立项", "25%", "50%", "+25"] in rows  # 1 of 4, 3 of 6
    assert ["已结项", "4", "0", "-4"] in rows
    assert "占支部 85.7%" in html  # 6 of 7
    assert "占支部 14.3%，占重点 33.3%" in html  # 1 of 7, 1 of 3
    without = html.split("未立项的支部（1）</h2>")[1]
    assert "营销服务党支部" in without
    assert "也没有申报过晋级的（3）" in without  # branches 2, 4 (B) and 6 (without a grade)
