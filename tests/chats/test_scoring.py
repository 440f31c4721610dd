"""Two departments score without seeing each other; far apart, they talk."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from config.rules import default_rules
from models.project import Project, Stage
from models.score import Confer, Score, is_outstanding, needs_confer, scale
from tests.chats.projects import heard, place, project
from tests.visitor import Visitor
from tests.world import World

POINTS = st.integers(10, 50).map(lambda tenths: Decimal(tenths) / 10)


@pytest.mark.parametrize(
    ("business", "party", "outcome"),
    [("4", "4", True), ("5", "3.9", False), ("3", "5", False), ("5", "5", True)],
)
def test_both_must_reach_the_mark(business: str, party: str, outcome: bool) -> None:  # noqa: FBT001
    assert is_outstanding(Decimal(business), Decimal(party), Decimal(4)) is outcome


@given(business=POINTS, party=POINTS)
def test_the_rule_is_even_handed(business: Decimal, party: Decimal) -> None:
    least = Decimal(4)
    assert is_outstanding(business, party, least) is is_outstanding(party, business, least)
    assert is_outstanding(business, party, least) is (min(business, party) >= least)
    assert needs_confer(business, party, Decimal(2)) is (
        max(business, party) - 2 >= min(business, party)
    )


def test_the_scale() -> None:
    assert scale(Decimal(1)) == [1, 2, 3, 4, 5]
    assert len(scale(Decimal("0.5"))) == 9


def scores(world: World) -> list[tuple[str, Decimal, int]]:
    with world.store.reading() as session:
        rows = session.execute(select(Score.side, Score.points, Score.round).order_by(Score.id))
        return [(side.value, points, number) for side, points, number in rows]


async def test_scores_are_blind_until_both_are_in(both_worlds: World) -> None:
    world = both_worlds
    first = await world.say("zhuanye", "/打分 XM-2026-0001 4 线损达标率提高 6 个点")
    assert "对中心工作的支撑作用：**4 分**" in first.text
    for who in ("dangjian", "b1p0", "shuji"):
        shown = (await world.say(who, "/查 XM-2026-0001")).text
        assert "双向打分" not in shown
    assert (
        "你打了对中心工作的支撑作用 4 分" in (await world.say("zhuanye", "/查 XM-2026-0001")).text
    )
    table = (await world.say("dangjian", "/台账 双向打分 城南")).text
    assert "等另一方" in table
    assert "· 4" not in table
    assert not project(world).outstanding
    second = await world.say("dangjian", "/打分 XM-2026-0001 5")
    assert "支撑作用 **4 分**，载体作用 **5 分**" in second.text
    assert "列入突出贡献项目" in second.text
    assert project(world).outstanding
    for who in ("zhuanye", "b1p0"):
        assert any("双向打分结果" in text for text in await heard(world, who))
    assert "支撑作用 4 分，载体作用 5 分" in (await world.say("b1p1", "/查 XM-2026-0001")).text
    assert "支撑作用" not in (await world.say("b2p1", "/查 XM-2026-0001")).text


@pytest.mark.parametrize(("business", "party"), [(5, 3), (3, 5), (1, 1)])
async def test_one_side_too_low_is_not_outstanding(world: World, business: int, party: int) -> None:
    await world.say("dangjian", f"/打分 XM-2026-0001 {party}")
    answer = await world.say("zhuanye", f"/打分 XM-2026-0001 {business}")
    assert "不列入突出贡献项目" in answer.text
    assert not project(world).outstanding


@pytest.mark.parametrize(
    ("who", "typed", "said"),
    [
        ("zhuanye", "/打分 XM-2026-0001 6", "“6”不在范围里"),
        ("zhuanye", "/打分 XM-2026-0001 0", "“0”不在范围里"),
        ("zhuanye", "/打分 XM-2026-0001 4.5", "“4.5”不在范围里"),
        ("zhuanye", "/打分 XM-2026-9999 4", "没有项目 XM-2026-9999"),
        ("b1p0", "/打分 XM-2026-0001 4", "要由党建部、专业部门"),
    ],
)
async def test_what_is_against_the_rules_stores_nothing(
    world: World, who: str, typed: str, said: str
) -> None:
    assert said in (await world.say(who, typed)).text
    await world.say(who, "/取消")
    assert scores(world) == []


async def test_nobody_scores_twice_or_for_the_other_side(world: World) -> None:
    await world.say("zhuanye", "/打分 XM-2026-0001 4")
    again = await world.say("zhuanye", "/打分 XM-2026-0001 5")
    assert "打分不能重复" in again.text
    assert scores(world) == [("business", Decimal(4), 1)]
    with world.store.writing() as session:
        session.connection().exec_driver_sql(
            "INSERT INTO role_grant (person_id, role, unit_id) "
            "SELECT id, 'party_office', 1 FROM person WHERE userid = 'zhuanye'"
        )
    world.runtime.directory.forget()
    other = await world.say("zhuanye", "/打分 XM-2026-0001 5")
    assert "也不能替另一方打" in other.text
    asked = await world.say("zhuanye", "/打分 XM-2026-0002 5")
    assert "打哪一项" in asked.text
    assert "党建载体的作用发挥：**5 分**" in (await world.say("zhuanye", "2")).text


async def test_nobody_scores_the_own_branch(world: World) -> None:
    with world.store.writing() as session:
        session.connection().exec_driver_sql("UPDATE person SET unit_id=2 WHERE userid='dangjian'")
    world.runtime.directory.forget()
    assert "回避规则" in (await world.say("dangjian", "/打分 XM-2026-0001 5")).text
    assert "已打分" in (await world.say("shuji", "/打分 XM-2026-0001 5")).text
    assert scores(world) == [("party", Decimal(5), 1)]


async def test_only_projects_under_way_or_behind_are_scored(world: World) -> None:
    place(world, Stage.SUBMITTED)
    assert (
        "只能在“实施、结题审查、组织评审、结项”时办"
        in (await world.say("zhuanye", "/打分 XM-2026-0001 4")).text
    )


async def test_of_two_who_score_one_side_at_once_one_wins(both_worlds: World) -> None:
    world = both_worlds
    with world.store.writing() as session:
        session.connection().exec_driver_sql(
            "INSERT INTO role_grant (person_id, role, unit_id) "
            "SELECT id, 'specialist', 1 FROM person WHERE userid = 'admin'"
        )
    world.runtime.directory.forget()
    both = await asyncio.gather(
        world.say("zhuanye", "/打分 XM-2026-0001 4"), world.say("admin", "/打分 XM-2026-0001 2")
    )
    texts = " ".join(answer.text for answer in both)
    assert texts.count("已打分") == 1
    assert "已经打过分了" in texts or "刚刚有人办过了" in texts
    assert len(scores(world)) == 1


async def test_scores_far_apart_ask_for_a_talk(world: World) -> None:
    await world.say("zhuanye", "/打分 XM-2026-0001 5")
    apart = await world.say("dangjian", "/打分 XM-2026-0001 3")
    assert "相差 2 分，请党建部和专业部门会商" in apart.text
    assert "组织打分会商" in (await world.say("dangjian", "/待办")).text
    assert "要由" in (await world.say("b1p0", "/会商 XM-2026-0001 维持 不用谈了")).text
    again = await world.say("dangjian", "/会商 XM-2026-0001 重新打分 载体作用材料后来补齐了")
    assert "原分数留痕备查" in again.text
    assert "没有等待会商" in (await world.say("dangjian", "/会商 XM-2026-0001 维持 再说一遍")).text
    await world.say("dangjian", "/打分 XM-2026-0001 4")
    final = await world.say("zhuanye", "/打分 XM-2026-0001 5")
    assert "列入突出贡献项目" in final.text
    assert scores(world) == [
        ("business", Decimal(5), 1),
        ("party", Decimal(3), 1),
        ("party", Decimal(4), 2),
        ("business", Decimal(5), 2),
    ]
    assert "没有待办" in (await world.say("dangjian", "/待办")).text


async def test_a_talk_may_leave_the_scores_as_they_are(world: World) -> None:
    await world.say("zhuanye", "/打分 XM-2026-0001 5")
    await world.say("dangjian", "/打分 XM-2026-0001 1")
    upheld = await world.say("dangjian", "/会商 XM-2026-0001 维持 两部门各自说明理由，维持原分")
    assert "维持原分" in upheld.text
    assert "打分不能重复" in (await world.say("dangjian", "/打分 XM-2026-0001 4")).text
    with world.store.reading() as session:
        (talk,) = session.scalars(select(Confer)).all()
    assert (talk.number, talk.state) == ("HS-2026-0001", "upheld")


@pytest.fixture
async def halves(sqlite_url: str) -> AsyncIterator[World]:
    """The company where half points may be given."""
    rules = default_rules()
    project_rules = dataclasses.replace(rules.project, score_step="0.5")
    made = World(sqlite_url)
    made.settle()
    await made.open(rules=dataclasses.replace(rules, project=project_rules))
    yield made
    await made.close()


async def test_half_points_are_a_setting(halves: World) -> None:
    assert "4.5 分" in (await halves.say("zhuanye", "/打分 XM-2026-0001 4.5")).text
    assert "“6”不在范围里" in (await halves.say("dangjian", "/打分 XM-2026-0001 6")).text
    await halves.say("dangjian", "4")
    assert project(halves).outstanding


async def test_the_rate_shows_its_formula(visitor: Visitor) -> None:
    world = visitor.world
    with world.store.writing() as session:
        session.execute(update(Project).where(Project.unit_id.in_([2, 3])).values(outstanding=True))
        session.execute(update(Project).where(Project.unit_id == 8).values(stage=Stage.APPROVED))
    await visitor.enter("b1p1")
    _, html = await visitor.get("/board/contribution")
    assert "突出贡献项目数 ÷ 实施和结项的项目数" in html
    assert "33.3%" in html  # 2 of 6: one of the seven is only approved
    await visitor.enter("dangjian")
    _, html = await visitor.get("/board/contribution?year=2025")
    assert "—" in html
