"""Units are merged, split and created; each secretary hears what to do with which project."""

import random
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import select

from handlers.imports import Table, import_tables
from models.adjustment import Adjustment, AdjustState, Cause, Outcome
from models.project import OVER, Project, Stage
from models.unit import Unit, UnitKind, UnitState
from tests.chats.projects import PROPOSAL, project
from tests.world import Company, World

HEAD = ("编码", "名称", "类别", "支部类型", "上级编码", "并入编码")


def unit_row(number: int, into: str | None = None, parent: str = "GS") -> dict[str, Any]:
    words = {"service": "生产服务型", "management": "管理型", "business": "经营型"}
    kind = words[Company.TYPES[number - 1].value]
    row = (f"B{number}", Company.NAMES[number - 1], "党支部", kind, parent, into)
    return dict(zip(HEAD, row, strict=True))


def reorganise(world: World, units: Sequence[dict[str, Any]], people: Sequence[Any] = ()) -> None:
    """What an administrator's workbook does."""
    tables = {"单位": Table("单位", HEAD, list(enumerate(units, 2)))}
    if people:
        head = ("userid", "姓名", "单位编码")
        rows = [dict(zip(head, row, strict=True)) for row in people]
        tables["人员"] = Table("人员", head, list(enumerate(rows, 2)))
    now = world.clock.now()
    with world.store.writing() as session:
        import_tables(
            session,
            tables,
            now=now,
            today=now.date(),
            api_base="https://example.invalid",
            actor="test",
        )


def lines(world: World) -> list[Adjustment]:
    with world.store.reading() as session:
        return list(session.scalars(select(Adjustment).order_by(Adjustment.id)))


async def test_a_merged_branchs_project_is_joined(both_worlds: World) -> None:
    world = both_worlds
    reorganise(world, [unit_row(1, into="B2"), unit_row(2)])
    (line,) = lines(world)
    assert (line.number, line.cause, line.state) == ("TZ-2026-0001", Cause.MERGED, AdjustState.OPEN)
    todo = (await world.say("b2p0", "/待办")).text
    assert "项目动态调整：城南供电所党支部合并：XM-2026-0001" in todo
    listed = (await world.say("b2p0", "/动态调整")).text
    assert "TZ-2026-0001 城南供电所党支部合并：XM-2026-0001" in listed
    assert "2026-12-01 前办" in listed  # ten working days
    full = await world.say("b2p0", "/调整 TZ-2026-0001 转入 由我们继续做")
    assert "已有在办的项目 XM-2026-0002" in full.text
    done = await world.say("b2p0", "/调整 TZ-2026-0001 并入 合到台区治理里一起做")
    assert "→ 并入（城北供电所党支部）" in done.text
    assert project(world).stage is Stage.ENDED
    (line,) = lines(world)
    assert (line.state, line.outcome, line.joined_id) == (
        AdjustState.DONE,
        Outcome.JOINED,
        project(world, "XM-2026-0002").id,
    )
    table = (await world.say("dangjian", "/台账 动态调整表")).text
    assert "TZ-2026-0001 · 城南供电所党支部 · 合并 · 城南供电所党支部提升项目 · 已调整" in table
    assert "已经办过了" in (await world.say("b2p0", "/调整 TZ-2026-0001 终止 再来一次")).text


async def test_it_is_taken_over_where_there_is_none(world: World) -> None:
    with world.store.writing() as session:
        session.connection().exec_driver_sql("UPDATE project SET stage='ended' WHERE unit_id=3")
    reorganise(world, [unit_row(1, into="B2"), unit_row(2)])
    assert "可以选“转入”" in (await world.say("b2p0", "/调整 TZ-2026-0001 并入 合起来")).text
    await world.say("b2p0", "/调整 TZ-2026-0001 转入 由我们继续做")
    assert project(world).unit_id == 3
    answer = await world.say("b2p1", "/进展 60% 接着做")
    assert "XM-2026-0001" not in answer.text
    assert "JZ-2026-0001" in answer.text
    assert project(world).percent == 60


async def test_a_new_branch_owes_a_project_and_a_split_says_where_from(world: World) -> None:
    new = dict(zip(HEAD, ("B8", "城南新区党支部", "党支部", "生产服务型", "GS", None), strict=True))
    people = [(f"b1p{n}", f"城南员工{n}", "B8") for n in (3, 4)]
    reorganise(world, [new], people)
    (line,) = lines(world)
    assert (line.cause, line.project_id, line.origin_id) == (Cause.SPLIT, None, 2)
    with world.store.writing() as session:
        session.connection().exec_driver_sql(
            "INSERT INTO role_grant (person_id, role, unit_id) SELECT p.id, 'secretary', u.id "
            "FROM person p, unit u WHERE p.userid='b1p3' AND u.code='B8'"
        )
    world.runtime.directory.forget()
    assert "从城南供电所党支部分出，还没有项目" in (await world.say("b1p3", "/待办")).text
    assert "请直接发 /立项" in (await world.say("b1p3", "/调整 TZ-2026-0001 终止 不要了")).text
    typed = PROPOSAL.replace("业务：", "骨干：城南员工4\n业务：")
    assert "已立项登记 XM-2026-0008" in (await world.say("b1p3", typed)).text
    (line,) = lines(world)
    assert (line.state, line.outcome) == (AdjustState.DONE, Outcome.PROPOSED)


async def test_what_hangs_elsewhere_keeps_its_project(world: World) -> None:
    general = dict(zip(HEAD, ("ZZ", "城区党总支", "党总支", None, "GS", None), strict=True))
    reorganise(world, [general, unit_row(1, parent="ZZ")])
    (line,) = lines(world)
    assert (line.cause, line.state, line.outcome) == (Cause.MOVED, AdjustState.DONE, Outcome.KEPT)
    reorganise(world, [general, unit_row(1, parent="ZZ")])
    assert len(lines(world)) == 1


@pytest.mark.parametrize(
    ("who", "typed", "said"),
    [
        ("b3p0", "/调整 TZ-2026-0001 终止 与我无关", "由承接的城北供电所党支部书记或党建部办理"),
        ("b2p1", "/调整 TZ-2026-0001 终止 我来办", "要由书记、党建部来办"),
        ("b2p0", "/调整 TZ-2026-0009 终止 没有这个", "没有动态调整 TZ-2026-0009"),
    ],
)
async def test_who_may_not_is_told_who_may(world: World, who: str, typed: str, said: str) -> None:
    reorganise(world, [unit_row(1, into="B2"), unit_row(2)])
    assert said in (await world.say(who, typed)).text
    assert lines(world)[0].state is AdjustState.OPEN


@pytest.mark.parametrize("seed", range(6))
def test_where_there_is_a_branch_there_is_a_project_or_a_line(sqlite_url: str, seed: int) -> None:
    """Whatever is merged, moved and created: nothing is left without a project or a duty."""
    world, chance = World(sqlite_url), random.Random(seed)
    world.settle()
    rows = {f"B{n}": unit_row(n) for n in range(1, 8)}
    for step in range(4):
        one, into = chance.sample([code for code in rows if code[0] == "B"], 2)
        merged = chance.random() < 0.6
        if merged:
            rows[one]["并入编码"] = into
        else:
            code = f"N{step}"
            rows[code] = dict(
                zip(HEAD, (code, f"新{step}党支部", "党支部", "管理型", "GS", None), strict=True)
            )
        reorganise(world, list(rows.values()))
        if merged:
            del rows[one]
    with world.store.reading() as session:
        waiting = {
            (line.unit_id if line.project_id is None else None, line.project_id)
            for line in session.scalars(select(Adjustment))
            if line.state is AdjustState.OPEN
        }
        units = {unit.id: unit for unit in session.scalars(select(Unit))}
        projects = [p for p in session.scalars(select(Project)) if p.stage not in OVER]
        for one_project in projects:
            home = units[one_project.unit_id]
            assert home.state is UnitState.ACTIVE or (None, one_project.id) in waiting
        having = {p.unit_id for p in projects}
        for unit in units.values():
            if unit.kind is UnitKind.BRANCH and unit.state is UnitState.ACTIVE:
                assert unit.id in having or (unit.id, None) in waiting
    world.store.close()
