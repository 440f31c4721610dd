"""Moving, merging, closing, leaving: guarded, remembered, and the tree stays whole."""

import random
from contextlib import AbstractContextManager

import pytest
from sqlalchemy import func, select

from models.directory import Directory
from models.errors import UserError
from models.group import Group
from models.person import Grant, Person, PersonState, member_by_userid
from models.reorganise import (
    Act,
    close_unit,
    merge_units,
    move_person,
    move_unit,
    person_leaves,
)
from models.search import Audience, Entry, SearchEntry, index
from models.store.engine import Store
from models.unit import Unit, UnitKind, UnitState
from tests.unit.imports.aid import (
    NOW,
    Sheets,
    assert_whole,
    bring,
    codes_of,
    company,
    history,
    stamp,
    unit,
)

ACT = Act(NOW, "zhoujie")


@pytest.fixture
def settled(store: Store) -> Store:
    bring(store, company())
    return store


@pytest.fixture
def small(light: Store) -> Store:
    bring(light, company())
    return light


def refused(why: str) -> AbstractContextManager[object]:
    return pytest.raises(UserError, match=rf"^reorganise\.{why}$")


def identifiers(store: Store) -> dict[str, int]:
    with store.reading() as session:
        return dict(session.execute(select(Unit.code, Unit.id)).all())


def test_what_can_be_found_moves_along(settled: Store) -> None:
    ids = identifiers(settled)
    before = unit(settled, "CN1").path
    with settled.writing() as session:
        for number, path in enumerate((before, unit(settled, "YX").path)):
            index(
                session,
                Entry(
                    number=f"JY-2026-{number:04d}",
                    kind="suggestion",
                    unit_path=path,
                    audience=Audience.UNIT,
                    day=NOW.date(),
                    title="食堂",
                ),
            )
        move_unit(session, ids["CN"], ids["YX"], ACT)
        found = select(SearchEntry.unit_path).where(SearchEntry.kind == "suggestion")
        paths = session.scalars(found.order_by(SearchEntry.number)).all()
    assert paths == [unit(settled, "CN1").path, unit(settled, "YX").path]
    assert paths[0] != before


def test_a_unit_moves_with_everything_below(settled: Store) -> None:
    ids = identifiers(settled)
    with settled.writing() as session:
        kept = session.get_one(Unit, ids["CN1"])
        assert kept.path.count("/") == 4
        move_unit(session, ids["CN"], ids["YX"], ACT)
        assert kept.path.count("/") == 5  # entities in the session are read again
        assert_whole(session)
    assert codes_of(settled, unit(settled, "CN1").path) == ["GS", "YX", "CN", "CN1"]
    assert history(settled) == [("unit", "CN", "moved", {"parent": "GS"}, {"parent": "YX"})]
    assert stamp(settled) == 2


def test_a_team_leaves_its_branch_for_a_department(small: Store) -> None:
    ids = identifiers(small)
    with small.writing() as session:
        move_unit(session, ids["CN1"], ids["YX"], ACT)
        assert_whole(session)
    assert unit(small, "CN1").branch_id is None


@pytest.mark.parametrize(
    ("code", "parent", "key"),
    [
        ("GS", "CN", "below_itself"),
        ("CN", "CN", "below_itself"),
        ("YX", "BGS", "branch_in_branch"),  # the department holds a branch
        ("CN", "BGS", "branch_in_branch"),
    ],
)
def test_what_would_make_no_tree_is_refused(small: Store, code: str, parent: str, key: str) -> None:
    ids = identifiers(small)
    with small.writing() as session, refused(key):
        move_unit(session, ids[code], ids[parent], ACT)
    assert history(small) == []


def test_merging(settled: Store) -> None:
    ids = identifiers(settled)
    with settled.writing() as session:
        merge_units(session, ids["CN"], ids["BGS"], ACT)
        assert_whole(session)
        speaker = member_by_userid(session, "wangqiang")
        assert speaker is not None
        assert (speaker.branch_id, speaker.powers) == (ids["BGS"], ())
    assert unit(settled, "CN").merged_into_id == ids["BGS"]
    with refused("closed"), settled.writing() as session:
        merge_units(session, ids["CN"], ids["BGS"], ACT)
    with refused("closed"), settled.writing() as session:
        move_unit(session, ids["CN1"], ids["CN"], ACT)


def test_merging_what_does_not_belong_together(small: Store) -> None:
    ids = identifiers(small)
    with small.writing() as session:
        with refused("other_kind"):
            merge_units(session, ids["CN"], ids["YX"], ACT)
        with refused("into_itself"):
            merge_units(session, ids["CN"], ids["CN"], ACT)
        with refused("into_itself"):
            merge_units(session, ids["GS"], ids["CN1"], ACT)


def test_closing_needs_an_empty_unit(small: Store) -> None:
    ids = identifiers(small)
    with small.writing() as session:
        with refused("has_units"):
            close_unit(session, ids["CN"], ACT)
        with refused("has_people"):
            close_unit(session, ids["CN1"], ACT)
        for userid in ("lina", "wangqiang"):
            person = session.scalars(select(Person).where(Person.userid == userid)).one()
            move_person(session, person, ids["BGS"], ACT)
        close_unit(session, ids["CN1"], ACT)
        close_unit(session, ids["CN"], ACT)
        group = session.scalars(select(Group).where(Group.chatid == "wrCN0001")).one()
        assert group.unit_id is None
    closed = unit(small, "CN")
    assert (closed.state, closed.merged_into_id) == (UnitState.CLOSED, None)
    assert [row[:3] for row in history(small)] == [
        ("person", "lina", "moved"),
        ("person", "wangqiang", "moved"),
        ("unit", "CN1", "closed"),
        ("unit", "CN", "closed"),
    ]


def test_a_person_moves(small: Store) -> None:
    ids = identifiers(small)
    directory = Directory()
    with small.writing() as session:
        directory.enter(session)
        person = session.scalars(select(Person).where(Person.userid == "lina")).one()
        move_person(session, person, ids["CN1"], ACT)  # is there already
        move_person(session, person, ids["BGS"], ACT)
        speaker = directory.member(session, "lina")
        assert speaker is not None
        assert speaker.branch_id == ids["BGS"]
    assert history(small) == [("person", "lina", "moved", {"unit": "CN1"}, {"unit": "BGS"})]


def test_a_person_leaves_and_the_roles_end(settled: Store) -> None:
    with settled.writing() as session:
        person = session.scalars(select(Person).where(Person.userid == "wangqiang")).one()
        person_leaves(session, person, ACT)
        assert member_by_userid(session, "wangqiang") is None
        assert session.scalar(select(func.count()).where(Grant.person_id == person.id)) == 0
        assert (person.state, person.left_at) == (PersonState.LEFT, NOW)
        with refused("has_left"):
            person_leaves(session, person, ACT)
        with refused("has_left"):
            move_person(session, person, person.unit_id, ACT)
    before = {"unit": "CN", "roles": [["secretary", "CN"]]}
    assert history(settled) == [("person", "wangqiang", "left", before, {})]


def wood(chance: random.Random, size: int) -> list[list[object]]:
    """Random rows of a sheet 单位 that make a tree of departments, branches and teams."""
    rows: list[list[object]] = [["U0", "总部", "公司", None, None]]
    inside: dict[str, bool] = {"U0": False}
    kinds = {"U0": "公司"}
    for n in range(1, size):
        above = chance.choice([code for code, kind in kinds.items() if kind != "班组"])
        kind = chance.choice(["部门", "班组"] if inside[above] else ["部门", "党支部", "班组"])
        code = f"U{n}"
        kinds[code], inside[code] = kind, inside[above] or kind == "党支部"
        rows.append([code, f"单位{n}", kind, "管理型" if kind == "党支部" else None, above])
    return rows


HEAD = ["编码", "名称", "类别", "支部类型", "上级编码"]


@pytest.mark.parametrize("seed", range(6))
def test_any_reorganisation_leaves_a_whole_tree(light: Store, seed: int) -> None:
    """From one random tree over the same units to another, in one import each."""
    chance = random.Random(seed)
    for day in range(4):
        units: Sheets = {"单位": [HEAD, *wood(chance, 24)]}
        bring(light, units, day)
        with light.reading() as session:
            assert_whole(session)
            found = {
                (u.code, u.kind)
                for u in session.scalars(select(Unit).where(Unit.state == UnitState.ACTIVE))
            }
        words = {"公司": "company", "部门": "department", "党支部": "branch", "班组": "team"}
        assert found == {(row[0], UnitKind(words[row[2]])) for row in units["单位"][1:]}
        for row in units["单位"][1:]:
            above = codes_of(light, unit(light, row[0]).path)[-2:-1]
            assert above == ([row[4]] if row[4] else [])
