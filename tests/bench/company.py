"""Companies of any size for measurements: a workbook for the import, and a year's facts by SQL.

Of each size: departments of a hundred branches, ten people a branch, one project each, a group for
every second one. People are ``b7p3``, groups ``wr7``, so that ``load.py`` can speak as them.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import xlsxwriter
from sqlalchemy import text

from models.store.engine import Store

BRANCHES_EACH = 100
PEOPLE_EACH = 10
KINDS = ("生产服务型", "管理型", "经营型")
PLACES = ("城南", "城北", "河西", "开发区", "高新", "临港", "云岭", "青禾")


def write_workbook(path: Path, branches: int) -> None:
    """The five sheets of the import, row after row, so that memory does not grow."""
    book = xlsxwriter.Workbook(path, {"constant_memory": True})
    for name, rows in _sheets(branches).items():
        sheet = book.add_worksheet(name)
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    book.close()


def _sheets(branches: int) -> dict[str, Iterator[tuple[Any, ...]]]:
    return {
        "单位": _units(branches),
        "人员": _people(branches),
        "角色": _roles(branches),
        "项目": _projects(branches),
        "群": _groups(branches),
    }


def _department(branch: int) -> str:
    return f"D{(branch - 1) // BRANCHES_EACH + 1}"


def name_of(branch: int) -> str:
    """What a branch is called: each once, many alike, as in a large company."""
    return f"{PLACES[branch % len(PLACES)]}第{branch}供电所党支部"


def _units(branches: int) -> Iterator[tuple[Any, ...]]:
    yield "编码", "名称", "类别", "支部类型", "上级编码"
    yield "GS", "青禾电力公司", "公司", "", ""
    for number in range(1, (branches - 1) // BRANCHES_EACH + 2):
        yield f"D{number}", f"第{number}供电分公司", "部门", "", "GS"
    for number in range(1, branches + 1):
        kind = KINDS[number % len(KINDS)]
        yield f"B{number}", name_of(number), "党支部", kind, _department(number)


def _people(branches: int) -> Iterator[tuple[Any, ...]]:
    yield "userid", "姓名", "单位编码", "政治面貌"
    yield "dangjian", "党建部小周", "GS", "中共党员"
    for number in range(1, (branches - 1) // BRANCHES_EACH + 2):
        yield f"d{number}", f"科长{number}", f"D{number}", "中共党员"
    for number in range(1, branches + 1):
        for member in range(PEOPLE_EACH):
            yield f"b{number}p{member}", f"王强{number}", f"B{number}", "中共党员"


def _roles(branches: int) -> Iterator[tuple[Any, ...]]:
    yield "userid", "角色", "单位编码"
    yield "dangjian", "党建部", "GS"
    for number in range(1, (branches - 1) // BRANCHES_EACH + 2):
        yield f"d{number}", "党建部", f"D{number}"
    for number in range(1, branches + 1):
        yield f"b{number}p0", "书记", f"B{number}"


def _projects(branches: int) -> Iterator[tuple[Any, ...]]:
    yield "支部编码", "年度", "项目名称", "问题", "阶段", "负责人"
    for number in range(1, branches + 1):
        yield f"B{number}", 2026, f"第{number}号台区降损", "高损台区多", "实施", f"b{number}p1"


def _groups(branches: int) -> Iterator[tuple[Any, ...]]:
    yield "chatid", "群名", "单位编码"
    for number in range(1, branches // 2 + 1):
        yield f"wr{number}", f"{number}号群", f"B{number}"


REPORTS = """
INSERT INTO progress (number, project_id, unit_id, person_id, kind, percent, said, state, at,
                      reason, on_behalf)
SELECT 'JZ-2026-' || p.id, p.id, p.unit_id, p.owner_id, 'report', (p.id * 7919) % 1000,
       '完成配变轮换和台区巡视', 'valid', CAST('2026-11-02 03:00+00' AS timestamptz), '', ''
FROM project AS p
"""
FOLLOWED = """
UPDATE project SET percent = (id * 7919) % 1000,
                   reported_at = CAST('2026-11-02 03:00+00' AS timestamptz)
"""


def report(store: Store) -> None:
    """Every project was reported on, three weeks before: all of them have fallen silent since."""
    with store.writing() as session:
        session.execute(text(REPORTS))
        session.execute(text(FOLLOWED))
    with store.writer.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
