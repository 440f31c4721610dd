"""What goes wrong in real workbooks: each mistake at its sheet, row and column, in clear words."""

import pytest
from sqlalchemy import select

from bot.papers.reading import read_workbook
from handlers.imports import ImportProblems, Problem, check
from handlers.imports.known import Known
from handlers.imports.sheets import recognise
from models.person import Person
from models.reorganise import Act, close_unit, person_leaves
from models.store.engine import Store
from tests.unit.imports.aid import BASE, NOW, Sheets, bring, company, refuse, unit, workbook
from tests.unit.imports.mistakes import CASES, add, column

NOTHING = Known(units={}, people={}, grants=frozenset(), projects={}, groups={})


def problems_of(sheets: Sheets) -> list[Problem]:
    """What an empty database would say to a workbook."""
    book = recognise(read_workbook(workbook(sheets)), BASE)
    return check(book, NOTHING)[1]


@pytest.mark.parametrize("name", CASES)
def test_a_mistake_is_named_where_it_is(name: str) -> None:
    change, sheet, row, heading, words = CASES[name]
    sheets = company()
    change(sheets)
    found = problems_of(sheets)
    there = [p for p in found if (p.sheet, p.row, p.column) == (sheet, row, heading)]
    assert [p for p in there if words in p.text], [str(p) for p in found]
    assert len(found) <= 6  # beside it only what refers to the code or person that is gone


def test_there_are_more_than_fifty_kinds() -> None:
    assert len({(case[1], case[3], case[4]) for case in CASES.values()}) > 75


def test_the_sample_itself_has_none() -> None:
    assert problems_of(company()) == []


def test_a_workbook_that_is_none_of_ours() -> None:
    [problem] = problems_of({"Sheet1": [["a", "b"], [1, 2]]})
    assert (
        str(problem)
        == "【Sheet1】没有找到要导入的表。工作表的名称要写成：单位、人员、角色、项目、群"
    )


def test_fifty_mistakes_at_once_in_the_order_of_the_file(light: Store) -> None:
    sheets = company()
    bring(light, sheets)
    count = 0
    for rows in (sheets["单位"], sheets["人员"], sheets["群"]):
        rows.extend([f"坏 编码{n}", "名" * 121, "没有的类别", None] for n in range(17))
        count += 17
    assert count > 50
    problems = refuse(light, sheets)
    places = [(list(sheets).index(p.sheet), p.row) for p in problems]
    assert places == sorted(places)
    assert len({(p.sheet, p.row) for p in problems}) == count
    assert len(set(problems)) == len(problems)


def test_a_problem_reads_as_a_sentence() -> None:
    sheets = company()
    sheets["单位"][4][2] = "科室"
    [problem] = problems_of(sheets)
    assert str(problem) == (
        "【单位】第5行「类别」：“科室”不能识别，请写：公司、部门、党总支、党支部、班组"
    )


def test_no_problem_repeats_a_webhook() -> None:
    sheets = company()
    sheets["群"][1][3] = "https://example.com/cgi-bin/webhook/send?key=5ec7e7"
    sheets["群"][2][3] = f"{BASE}/cgi-bin/webhook/send?key=5ec7e7 5ec7e7"
    assert "5ec7e7" not in "".join(map(str, problems_of(sheets)))


# Against what is in the database


@pytest.fixture
def settled(light: Store) -> Store:
    """The company, and 城南 merged into 城北."""
    sheets = company()
    add("单位", ["CB", "城北供电所党支部", "党支部", "服务型", "GS"])(sheets)
    bring(light, sheets)
    column("单位", "并入编码", None, None, None, "CB")(sheets)
    bring(light, {"单位": sheets["单位"]}, day=1)
    return light


def one(store: Store, sheets: Sheets) -> str:
    """The one problem of a workbook, as a sentence."""
    [problem] = refuse(store, sheets)
    return str(problem)


def test_a_merged_unit_does_not_come_back(settled: Store) -> None:
    units = {"单位": company()["单位"][:5]}
    assert one(settled, units) == (
        "【单位】第5行「编码」：“城南供电所党支部”已并入“城北供电所党支部”（CB）。"
        "请删掉这一行，或在“并入编码”写 CB。"
    )


def test_a_merged_unit_gets_no_roles_and_no_projects(settled: Store) -> None:
    roles: Sheets = {"角色": [["userid", "角色", "单位编码"], ["lina", "书记", "CN"]]}
    assert "已并入“城北供电所党支部”，角色不会自动带过去。请改写成 CB" in one(settled, roles)
    project: list[list[object]] = [company()["项目"][0][:3], ["CN", 2026, "另一个"]]
    assert "“城南供电所党支部”已经撤销" in one(settled, {"项目": project})
    roles["角色"][1] = ["wangqiang", "书记", "CN"]  # this one was there before
    bring(settled, roles, day=2)


def test_a_second_project_beside_one_that_runs(light: Store) -> None:
    bring(light, company())
    rows: list[list[object]] = [["支部编码", "年度", "项目名称", "阶段"]]
    rows.append(["CN", 2026, "又一个", "结项"])
    rows.append(["CN", 2026, "台区线损治理", "实施"])
    assert bring(light, {"项目": rows}, day=1).sheets["项目"].new == 1
    rows[1][3] = "实施"
    assert [p.row for p in refuse(light, {"项目": rows})] == [2, 3]


def test_a_concluded_project_is_not_opened_again(light: Store) -> None:
    sheets = company()
    sheets["项目"][1][12] = "结项"
    bring(light, sheets)
    sheets["项目"][1][12] = "实施"
    assert "已经结项" in one(light, {"项目": sheets["项目"]})
    sheets["项目"][1][12] = None
    bring(light, sheets, day=1)


def test_a_kind_that_does_not_fit_what_lies_below(light: Store) -> None:
    bring(light, company())
    units = {"单位": [company()["单位"][0], ["YX", "营销部", "党支部", "经营型", "GS", None]]}
    assert one(light, units).startswith("【单位】第2行「类别」：“营销部党支部”是党支部")


def test_a_merge_that_would_put_a_branch_into_a_branch(light: Store) -> None:
    sheets = company()
    add("单位", ["BGSK", "秘书科", "部门", None, "BGS"])(sheets)
    bring(light, sheets)
    column("单位", "并入编码", None, "BGSK")(sheets)
    units = {"单位": [sheets["单位"][0], sheets["单位"][2]]}
    assert "里不能再有支部" in one(light, units) or "不能放在" in one(light, units)


def test_whoever_has_left_holds_nothing(light: Store) -> None:
    bring(light, company())
    with light.writing() as session:
        person = session.scalars(select(Person).where(Person.userid == "lina")).one()
        person_leaves(session, person, Act(NOW))
    sheets = company()
    sheets["项目"][1][13] = "LINA"
    found = refuse(light, {"角色": sheets["角色"], "项目": sheets["项目"]})
    assert [(p.sheet, p.row, p.column) for p in found] == [
        ("角色", 3, "userid"),
        ("项目", 2, "负责人"),
    ]
    assert all("“李娜”已经离开" in p.text for p in found)


def test_a_closed_unit_takes_nothing_any_more(light: Store) -> None:
    sheets = company()
    add("单位", ["LS", "临时办公室", "部门", None, "GS"])(sheets)
    bring(light, sheets)
    with light.writing() as session:
        close_unit(session, unit(light, "LS").id, Act(NOW))
    sheets["单位"] = [sheets["单位"][0], sheets["单位"][2], sheets["单位"][7]]
    sheets["单位"][1][4] = "LS"
    sheets["人员"] = [sheets["人员"][0], ["wangqiang", "王强", "LS", None]]
    sheets["群"] = [["chatid", "单位编码"], ["wrCN0001", "LS"]]
    del sheets["角色"], sheets["项目"]
    column("单位", "并入编码", "LS")(sheets)
    assert [str(p) for p in refuse(light, sheets)] == [
        "【单位】第2行「上级编码」：上级“临时办公室”已经撤销，请写在用单位的编码。",
        "【单位】第2行「并入编码」：“临时办公室”已经撤销，不能并入，请写在用单位的编码。",
        "【单位】第3行「编码」：“临时办公室”已经撤销。请删掉这一行；新单位请用新的编码。",
        "【人员】第2行「单位编码」：“临时办公室”已经撤销，请写在用单位的编码。",
        "【群】第2行「单位编码」：“临时办公室”已经撤销，请写在用单位的编码。",
    ]


def test_the_exception_counts_its_problems(light: Store) -> None:
    with pytest.raises(ImportProblems) as caught:
        bring(light, {"群": [["chatid"], ["wr1"]]})
    assert caught.value.params == {"count": 1}
