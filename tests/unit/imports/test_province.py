"""A provincial company's workbook; how long it takes is measured by the benchmarks."""

from bot.papers.reading import read_workbook
from models.store.engine import Store
from tests.unit.imports.aid import Sheets, bring_bytes, workbook


def province() -> Sheets:
    """305 branches, 3,050 people, a project and a group for each branch."""
    branches = range(1, 306)
    return {
        "单位": [
            ["编码", "名称", "类别", "支部类型", "上级编码", "别名"],
            ["GS", "青禾电力公司", "公司", None, None, None],
            *[
                [f"B{n}", f"第{n}供电所党支部", "党支部", "生产服务型", "GS", f"{n}所、{n}支部"]
                for n in branches
            ],
        ],
        "人员": [
            ["userid", "姓名", "单位编码", "政治面貌"],
            *[[f"user{n}", "王强", f"B{n % 305 + 1}", "中共党员"] for n in range(3050)],
        ],
        "角色": [
            ["userid", "角色", "单位编码"],
            *[[f"user{n}", "书记", f"B{n}"] for n in branches],
        ],
        "项目": [
            ["支部编码", "年度", "项目名称", "问题", "负责人"],
            *[[f"B{n}", 2026, f"第{n}号台区降损", "高损台区多" * 20, f"user{n}"] for n in branches],
        ],
        "群": [["chatid", "群名", "单位编码"], *[[f"wr{n}", f"{n}群", f"B{n}"] for n in branches]],
    }


def test_a_province_is_taken_over_and_again_changes_nothing(light: Store) -> None:
    data = workbook(province())
    assert len(read_workbook(data)) == 5
    bring_bytes(light, data)
    summary = bring_bytes(light, data, day=1)
    assert summary.sheets["人员"].unchanged == 3050
