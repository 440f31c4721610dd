"""A workbook is taken over as a whole, repeatably, and the past stays readable."""

from datetime import date

import pytest
from sqlalchemy import func, select

from handlers.imports import summary_lines
from handlers.imports.plan import Tally
from models.directory import Directory
from models.group import Group
from models.person import Grant, Person, PersonState, Role, member_by_userid
from models.project import Direction, Grade, Project, Stage
from models.reorganise import Act, person_leaves
from models.store.engine import Store
from models.unit import BranchType, UnitKind, UnitState, aliases_of
from tests.unit.imports.aid import (
    NOW,
    Rows,
    Sheets,
    assert_whole,
    bring,
    codes_of,
    company,
    history,
    refuse,
    snapshot,
    stamp,
    unit,
)


def test_the_first_workbook_sets_everything_up(store: Store) -> None:
    summary = bring(store, company())
    assert {name: tally.new for name, tally in summary.sheets.items()} == {
        "单位": 6,
        "人员": 4,
        "角色": 3,
        "项目": 2,
        "群": 2,
    }
    assert summary.ignored == ()
    assert summary_lines(summary)[0] == "单位：新增 6，更新 0，未变 0"
    team = unit(store, "CN1")
    assert codes_of(store, team.path) == ["GS", "CN", "CN1"]
    assert team.branch_id == unit(store, "CN").id
    branch = unit(store, "CN")
    assert (branch.kind, branch.branch_type) == (UnitKind.BRANCH, BranchType.SERVICE)
    assert branch.opened_on is None  # it was there before the product
    with store.reading() as session:
        assert sorted(aliases_of(session)[branch.id]) == ["城南", "城南所"]
        assert_whole(session)
        speaker = member_by_userid(session, "WangQiang")
        assert speaker is not None
        assert speaker.has(Role.SECRETARY, over=team.path)
        group = session.scalars(select(Group).where(Group.chatid == "wrCN0001")).one()
        assert (group.name, group.unit_id, group.bound_at) == ("城南支部工作群", branch.id, NOW)
    assert history(store) == []


def test_a_project_is_read_with_its_defaults(light: Store) -> None:
    bring(light, company())
    with light.reading() as session:
        loss, fees = session.scalars(select(Project).order_by(Project.id)).all()
        owner = session.get_one(Person, loss.owner_id)
    assert (loss.number, fees.number) == ("XM-2026-0001", "XM-2026-0002")
    assert (loss.baseline, loss.target, loss.indicator_unit) == ("92.5", "98", "%")
    assert (loss.direction, loss.grade, loss.is_key) == (Direction.EFFICIENCY, Grade.A, True)
    assert (loss.starts_on, loss.ends_on) == (date(2026, 1, 5), date(2026, 11, 30))
    assert owner.name == "王强"
    assert (fees.stage, fees.year, fees.grade) == (Stage.ONGOING, 2026, None)
    assert (fees.starts_on, fees.ends_on) == (date(2026, 1, 1), date(2026, 12, 31))
    assert (fees.business, fees.percent) == ("", None)


def test_importing_twice_changes_nothing(store: Store) -> None:
    bring(store, company())
    before, changes = snapshot(store), stamp(store)
    summary = bring(store, company(), day=1)
    assert snapshot(store) == before
    assert stamp(store) == changes
    assert all(tally.new == tally.changed == 0 for tally in summary.sheets.values())
    assert summary.sheets["人员"].unchanged == 4


def test_one_import_is_one_change_of_the_organisation(light: Store) -> None:
    bring(light, company())
    assert stamp(light) == 1
    sheets = company()
    sheets["单位"][1][1] = "青禾供电有限公司"
    sheets["人员"][2][2] = "BGS"
    bring(light, sheets, day=1)
    assert stamp(light) == 2


def test_what_is_kept_in_memory_is_forgotten(light: Store) -> None:
    bring(light, company())
    directory = Directory()
    with light.writing() as session:
        directory.enter(session)
        assert [hit.label for hit in directory.units(session).find("城南")] == ["城南供电所党支部"]
    sheets = company()
    sheets["单位"][4][1] = "城南供电服务站党支部"
    bring(light, sheets)
    with light.writing() as session:
        directory.enter(session)
        assert [hit.label for hit in directory.units(session).find("城南")] == [
            "城南供电服务站党支部"
        ]


def test_headings_in_any_order_width_and_case(light: Store) -> None:
    sheets = company()
    people = sheets.pop("人员")
    sheets["人 员"] = [[row[i] for i in (3, 2, 0, 1)] for row in people]
    sheets["人 员"][0] = ["政治面貌", "单位 编码", "ＵｓｅｒＩＤ", "姓名\n"]
    sheets["单位"][0] = [f" {word}　" for word in sheets["单位"][0]]
    summary = bring(light, sheets)
    assert summary.sheets["人 员"].new == 4
    assert summary.ignored == ()


def test_unknown_columns_and_sheets_are_named_and_ignored(light: Store) -> None:
    sheets = company()
    for row, phone in zip(sheets["人员"], ["手机", 1, 2, 3, 4], strict=True):
        row.append(phone)
    sheets["说明"] = [["怎么填"], ["按列填"]]
    summary = bring(light, sheets)
    assert summary.ignored == (("人员", "手机"), ("说明", ""))
    assert "“人员”表的“手机”列不在模板里，没有读取。" in summary_lines(summary)
    assert "“说明”表不在模板里，没有读取。" in summary_lines(summary)


def test_empty_sheets_of_a_template_say_nothing(light: Store) -> None:
    sheets = company()
    sheets["群"] = []
    sheets["Sheet1"] = [[None]]
    del sheets["项目"][1:]
    summary = bring(light, sheets)
    assert list(summary.sheets) == ["单位", "人员", "角色", "项目"]
    assert summary.sheets["项目"] == Tally()
    assert summary.ignored == ()


def test_blank_rows_and_remarks_between_are_passed_over(light: Store) -> None:
    sheets = company()
    sheets["单位"].insert(3, [None] * 6)
    sheets["单位"].append(["　", " ", None, None, None, None])
    assert bring(light, sheets).sheets["单位"].new == 6


def test_a_workbook_may_hold_groups_alone(light: Store) -> None:
    bring(light, company())
    groups = [["chatid", "群名", "单位编码"], ["wrBGS", "办公室群", "bgs"]]
    summary = bring(light, {"群": groups}, day=1)
    assert list(summary.sheets) == ["群"]
    assert summary.sheets["群"].new == 1


@pytest.mark.parametrize(
    "word", ["生产服务型", "生产（服务）型", "生产(服务)型", "服务型", "生产型"]
)
def test_a_service_branch_by_all_its_names(light: Store, word: str) -> None:
    sheets = company()
    sheets["单位"][4][3] = word
    bring(light, sheets)
    assert unit(light, "CN").branch_type is BranchType.SERVICE


@pytest.mark.parametrize("word", ["书记", "支部书记", "党支部书记", " 书 记 "])
def test_a_secretary_by_all_its_names(light: Store, word: str) -> None:
    sheets = company()
    sheets["角色"][1][1] = word
    bring(light, sheets)
    with light.reading() as session:
        assert session.scalar(select(func.count()).where(Grant.role == Role.SECRETARY)) == 1


def test_numbers_as_codes_and_userids(light: Store) -> None:
    sheets = company()
    sheets["单位"].append([1001, "财务部党支部", "支部", "管理型", "gs", None])
    sheets["人员"].append([880123, "张　三", 1001.0, None])
    bring(light, sheets)
    with light.reading() as session:
        person = session.scalars(select(Person).where(Person.userid == "880123")).one()
    assert (person.name, person.unit_id) == ("张三", unit(light, "1001").id)


def test_dates_as_people_write_them(light: Store) -> None:
    sheets = company()
    sheets["项目"][1][14:] = ["2026年1月5日", "2026/11/30"]
    sheets["项目"][2][14:] = [20260201, "2026.12.1"]
    bring(light, sheets)
    with light.reading() as session:
        days = [(p.starts_on, p.ends_on) for p in session.scalars(select(Project))]
    assert days == [
        (date(2026, 1, 5), date(2026, 11, 30)),
        (date(2026, 2, 1), date(2026, 12, 1)),
    ]


def test_a_dash_is_as_good_as_blank(light: Store) -> None:
    sheets = company()
    sheets["单位"][1][3:] = ["/", "—", "无"]
    bring(light, sheets)
    assert unit(light, "GS").parent_id is None


def test_a_unit_absent_from_a_later_workbook_stays(light: Store) -> None:
    bring(light, company())
    before = snapshot(light)
    sheets = company()
    bring(light, {"单位": sheets["单位"][:3], "人员": sheets["人员"][:2]}, day=1)
    assert snapshot(light) == before


def test_blank_cells_and_absent_columns_leave_what_is_there(light: Store) -> None:
    bring(light, company())
    before = snapshot(light)
    sheets = company()
    sheets["单位"][4][4:] = [None, None]
    sheets["项目"][1][3:] = [None] * 13
    sheets["人员"] = [row[:3] for row in sheets["人员"]]
    sheets["群"] = [[row[0], row[2]] for row in sheets["群"]]
    bring(light, sheets, day=1)
    assert snapshot(light) == before


def test_a_unit_added_later_has_the_day_it_was_added(store: Store) -> None:
    bring(store, company())
    sheets = company()
    sheets["单位"].append(["CB", "城北供电所党支部", "党支部", "服务型", "GS", None])
    sheets["单位"].append(["CB1", "城北配电班", "班组", None, "CB", None])
    bring(store, sheets, day=30)
    assert unit(store, "CB").opened_on == date(2026, 4, 1)
    assert unit(store, "CB1").branch_id == unit(store, "CB").id
    assert unit(store, "CN").opened_on is None
    assert ("unit", "CB", "created", {}, {"name": "城北供电所党支部", "kind": "branch"}) in history(
        store
    )


def test_moving_takes_along_everything_below(light: Store) -> None:
    bring(light, company())
    sheets = company()
    sheets["单位"].append(["QY", "青云县供电公司", "公司", None, "GS", None])
    sheets["单位"][4][4] = "QY"
    bring(light, sheets, day=1)
    assert codes_of(light, unit(light, "CN1").path) == ["GS", "QY", "CN", "CN1"]
    assert ("unit", "CN", "moved", {"parent": "GS"}, {"parent": "QY"}) in history(light)
    with light.reading() as session:
        assert_whole(session)


def test_parent_and_child_change_places(store: Store) -> None:
    sheets = company()
    sheets["单位"].append(["QY", "青云县供电公司", "公司", None, "GS", None])
    sheets["单位"].append(["QY1", "青云营业部", "部门", None, "QY", None])
    bring(store, sheets)
    sheets["单位"][1][4] = "QY"
    sheets["单位"][7][4] = None
    sheets["单位"][7] = ["QY", "青云县供电公司", "公司", None, "GS", None]
    assert [p.column for p in refuse(store, sheets)] == ["上级编码"]
    extra = ["JT", "青禾集团公司", "公司", None, None, None]
    sheets["单位"][1][4] = "QY"
    sheets["单位"][7][4] = "JT"
    sheets["单位"].append(extra)
    bring(store, sheets, day=1)
    assert codes_of(store, unit(store, "CN1").path) == ["JT", "QY", "GS", "CN", "CN1"]
    with store.reading() as session:
        assert_whole(session)


def test_a_team_moves_to_another_branch_and_reports_for_it(light: Store) -> None:
    bring(light, company())
    sheets = company()
    sheets["单位"][5][4] = "BGS"
    bring(light, sheets, day=1)
    assert unit(light, "CN1").branch_id == unit(light, "BGS").id


def test_a_department_becomes_a_branch_and_back(store: Store) -> None:
    sheets = company()
    sheets["单位"].append(["AJ", "安监部", "部门", None, "GS", None])
    sheets["单位"].append(["AJ1", "安全稽查班", "班组", None, "AJ", None])
    bring(store, sheets)
    assert unit(store, "AJ1").branch_id is None
    sheets["单位"][7][1:4] = ["安监部党支部", "党支部", "管理型"]
    bring(store, sheets, day=1)
    assert unit(store, "AJ1").branch_id == unit(store, "AJ").id
    sheets["单位"][7][1:4] = ["安监部", "部门", None]
    bring(store, sheets, day=2)
    assert unit(store, "AJ1").branch_id is None
    assert unit(store, "AJ").branch_type is None
    before = {"kind": "department", "branch_type": None}
    after = {"kind": "branch", "branch_type": "management"}
    assert ("unit", "AJ", "retyped", before, after) in history(store)
    assert ("unit", "AJ", "renamed", {"name": "安监部"}, {"name": "安监部党支部"}) in history(store)


def test_aliases_are_replaced(light: Store) -> None:
    bring(light, company())
    sheets = company()
    sheets["单位"][4][5] = "城南所；南所/南站"
    summary = bring(light, sheets, day=1)
    assert summary.sheets["单位"].changed == 1
    with light.reading() as session:
        assert aliases_of(session)[unit(light, "CN").id] == sorted(["城南所", "南所", "南站"])


def test_somebody_moves_and_marries(light: Store) -> None:
    bring(light, company())
    sheets = company()
    sheets["人员"][2][1:3] = ["李娜娜", "BGS"]
    bring(light, sheets, day=1)
    assert [row for row in history(light) if row[0] == "person"] == [
        ("person", "lina", "moved", {"unit": "CN1"}, {"unit": "BGS"}),
        ("person", "lina", "renamed", {"name": "李娜"}, {"name": "李娜娜"}),
    ]


def test_whoever_comes_back_is_there_again_without_the_old_roles(store: Store) -> None:
    bring(store, company())
    with store.writing() as session:
        person = session.scalars(select(Person).where(Person.userid == "lina")).one()
        person_leaves(session, person, Act(NOW, "cli"))
    sheets = {"人员": company()["人员"]}
    assert bring(store, sheets, day=1).sheets["人员"].changed == 1
    with store.reading() as session:
        person = session.scalars(select(Person).where(Person.userid == "lina")).one()
        assert (person.state, person.left_at) == (PersonState.ACTIVE, None)
        assert session.scalar(select(func.count()).where(Grant.person_id == person.id)) == 0
    assert history(store)[-1][2] == "returned"


def _merge() -> Sheets:
    """城南 is merged into 城北; all rows of its people, team, group and role stand as they were."""
    sheets = company()
    sheets["单位"].append(["CB", "城北供电所党支部", "党支部", "服务型", "GS", None])
    sheets["单位"] = [[*row, None] for row in sheets["单位"]]
    sheets["单位"][0][6] = "并入编码"
    sheets["单位"][4][6] = "CB"
    return sheets


def test_merging_moves_people_teams_and_groups_and_closes_the_unit(store: Store) -> None:
    bring(store, company())
    units = {"单位": _merge()["单位"]}
    bring(store, units, day=1)
    old, new = unit(store, "CN"), unit(store, "CB")
    assert (old.state, old.merged_into_id) == (UnitState.CLOSED, new.id)
    assert old.closed_at is not None
    assert unit(store, "CN1").branch_id == new.id
    assert codes_of(store, unit(store, "CN1").path) == ["GS", "CB", "CN1"]
    with store.reading() as session:
        assert_whole(session)
        speaker = member_by_userid(session, "wangqiang")
        assert speaker is not None
        assert (speaker.unit_id, speaker.powers) == (new.id, ())  # roles do not come along
        group = session.scalars(select(Group).where(Group.chatid == "wrCN0001")).one()
        assert group.unit_id == new.id
        project = session.scalars(select(Project).where(Project.name == "台区线损治理")).one()
        assert project.unit_id == old.id  # what became of it is decided by people
    assert {row[:3] for row in history(store)} == {
        ("unit", "CB", "created"),
        ("unit", "CN", "merged"),
        ("unit", "CN1", "moved"),
        ("person", "wangqiang", "moved"),
    }


def test_merging_twice_changes_nothing(light: Store) -> None:
    bring(light, company())
    bring(light, _merge(), day=1)
    before = snapshot(light)
    summary = bring(light, _merge(), day=2)
    assert snapshot(light) == before
    assert all(tally.new == tally.changed == 0 for tally in summary.sheets.values())


def test_a_workbook_with_a_merge_sets_up_an_empty_database(light: Store) -> None:
    sheets = _merge()
    del sheets["角色"], sheets["项目"]
    bring(light, sheets)
    before = snapshot(light)
    assert unit(light, "CN").state is UnitState.CLOSED
    bring(light, sheets, day=1)
    assert snapshot(light) == before


def test_whoever_moves_while_the_unit_is_merged_goes_where_the_row_says(light: Store) -> None:
    bring(light, company())
    sheets = _merge()
    sheets["人员"][1][2] = "BGS"
    bring(light, sheets, day=1)
    with light.reading() as session:
        speaker = member_by_userid(session, "wangqiang")
        assert speaker is not None
        assert speaker.unit_id == unit(light, "BGS").id
    moves = [row for row in history(light) if row[:2] == ("person", "wangqiang")]
    assert moves == [("person", "wangqiang", "moved", {"unit": "CN"}, {"unit": "BGS"})]


def test_a_project_is_renamed_concluded_and_followed_by_the_next(store: Store) -> None:
    bring(store, company())
    sheets = company()
    sheets["项目"][1][2] = "台区线损精益治理"
    bring(store, sheets, day=1)
    sheets["项目"][1][12] = "结项"
    sheets["项目"].append(["CN", 2026, "配变轮换攻坚", *[None] * 13])
    summary = bring(store, sheets, day=2)
    assert (summary.sheets["项目"].new, summary.sheets["项目"].changed) == (1, 1)
    with store.reading() as session:
        rows = session.execute(
            select(Project.number, Project.name, Project.stage)
            .where(Project.unit_id == unit(store, "CN").id)
            .order_by(Project.id)
        ).all()
    assert [tuple(row) for row in rows] == [
        ("XM-2026-0001", "台区线损精益治理", Stage.CONCLUDED),
        ("XM-2026-0003", "配变轮换攻坚", Stage.ONGOING),
    ]
    before = snapshot(store)
    bring(store, sheets, day=3)
    assert snapshot(store) == before


def test_the_owner_of_a_project_may_be_new(light: Store) -> None:
    bring(light, company())
    sheets = company()
    sheets["人员"].append(["sunyi", "孙一", "CN", None])
    sheets["项目"][1][13] = "SunYi"
    bring(light, sheets, day=1)
    with light.reading() as session:
        owner = session.scalars(
            select(Person.name).join(Project, Project.owner_id == Person.id)
        ).all()
    assert owner == ["孙一"]


def test_a_group_the_bot_has_met_is_bound(store: Store) -> None:
    bring(store, company())
    with store.writing() as session:
        session.add(Group(chatid="wrNew", name="新群"))
    groups: Rows = [["chatid", "群名", "单位编码"], ["wrNew", None, "BGS"]]
    assert bring(store, {"群": groups}, day=1).sheets["群"].changed == 1
    with store.reading() as session:
        group = session.scalars(select(Group).where(Group.chatid == "wrNew")).one()
    assert (group.name, group.unit_id) == ("新群", unit(store, "BGS").id)
    assert group.bound_at is not None
