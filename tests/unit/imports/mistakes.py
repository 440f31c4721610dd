"""Mistakes as they stand in real workbooks: how each is made, and where it is to be named."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from typing import Any

from tests.unit.imports.aid import BASE, HOOK, Sheets


def put(sheet: str, row: int, column: str, value: Any) -> Callable[[Sheets], None]:
    """Write something into a cell, named as Excel shows it."""

    def change(sheets: Sheets) -> None:
        sheets[sheet][row - 1][sheets[sheet][0].index(column)] = value

    return change


def add(sheet: str, *rows: Sequence[Any]) -> Callable[[Sheets], None]:
    """Write rows below the others; short ones are filled with blank cells."""

    def change(sheets: Sheets) -> None:
        width = len(sheets[sheet][0])
        sheets[sheet].extend([*row, *[None] * (width - len(row))] for row in rows)

    return change


def drop(sheet: str, column: str) -> Callable[[Sheets], None]:
    """Take a column out."""

    def change(sheets: Sheets) -> None:
        at = sheets[sheet][0].index(column)
        for row in sheets[sheet]:
            del row[at]

    return change


def column(sheet: str, name: str, *values: Any) -> Callable[[Sheets], None]:
    """Add a column."""

    def change(sheets: Sheets) -> None:
        filled = [*values, *[None] * len(sheets[sheet])]
        for row, value in zip(sheets[sheet], [name, *filled], strict=False):
            row.append(value)

    return change


def deep(sheets: Sheets) -> None:
    """Fifteen departments below each other."""
    sheets["单位"] += [
        [f"D{n}", f"第{n}层", "部门", None, f"D{n - 1}" if n > 1 else "GS", None]
        for n in range(1, 16)
    ]


def twice(sheets: Sheets) -> None:
    """The same sheet with a blank in its name."""
    sheets["人 员"] = [row[:] for row in sheets["人员"]]


Case = tuple[Callable[[Sheets], None], str, int, str, str]

CASES: dict[str, Case] = {
    # the cells themselves
    "formula error": (put("单位", 5, "名称", "#REF!"), "单位", 5, "名称", "#REF!"),
    "formula never calculated": (
        put("人员", 2, "姓名", "=B3"),
        "人员",
        2,
        "姓名",
        "公式还没有算过",
    ),
    "n/a from a lookup": (put("人员", 3, "单位编码", "#N/A"), "人员", 3, "单位编码", "#N/A"),
    "true": (put("人员", 2, "姓名", True), "人员", 2, "姓名", "TRUE"),
    "code turned into a date": (
        put("单位", 6, "编码", date(2026, 3, 1)),
        "单位",
        6,
        "编码",
        "文本",
    ),
    "time as a name": (put("人员", 2, "姓名", time(8, 30)), "人员", 2, "姓名", "日期或时间"),
    "code of twenty digits": (
        put("单位", 6, "编码", 12345678901234567890),
        "单位",
        6,
        "编码",
        "15 位",
    ),
    "code with a blank": (put("单位", 6, "编码", "CN 1"), "单位", 6, "编码", "空格"),
    "code too long": (put("单位", 6, "编码", "C" * 65), "单位", 6, "编码", "最多 64 字"),
    "name too long": (put("单位", 6, "名称", "城" * 121), "单位", 6, "名称", "最多 120 字"),
    "alias too long": (put("单位", 5, "别名", "南" * 121), "单位", 5, "别名", "最多 120 字"),
    "person's name too long": (put("人员", 2, "姓名", "王" * 61), "人员", 2, "姓名", "最多 60 字"),
    "standing too long": (
        put("人员", 2, "政治面貌", "中共党员" * 6),
        "人员",
        2,
        "政治面貌",
        "最多 20 字",
    ),
    "problem too long": (put("项目", 2, "问题", "损" * 2001), "项目", 2, "问题", "最多 2000 字"),
    "baseline too long": (put("项目", 2, "基线", "9" * 41), "项目", 2, "基线", "最多 40 字"),
    # headings and sheets
    "column missing": (drop("单位", "类别"), "单位", 1, "类别", "缺少“类别”"),
    "column twice": (column("人员", "姓 名"), "人员", 1, "姓 名", "出现了两次"),
    "sheet twice": (twice, "人 员", 0, "", "同一张表"),
    # 单位
    "no code": (put("单位", 5, "编码", None), "单位", 5, "编码", "编码空着"),
    "no name": (put("单位", 5, "名称", "　"), "单位", 5, "名称", "名称空着"),
    "no kind": (put("单位", 5, "类别", None), "单位", 5, "类别", "类别空着"),
    "unknown kind": (put("单位", 5, "类别", "科室"), "单位", 5, "类别", "公司、部门、党总支"),
    "unknown type": (put("单位", 5, "支部类型", "服务性"), "单位", 5, "支部类型", "生产服务型"),
    "branch without type": (
        put("单位", 5, "支部类型", None),
        "单位",
        5,
        "支部类型",
        "“城南供电所党支部”是党支部",
    ),
    "team with type": (put("单位", 6, "支部类型", "经营型"), "单位", 6, "支部类型", "请空着"),
    "code twice": (add("单位", ["cn", "又一个", "部门", None, "GS"]), "单位", 8, "编码", "第5行"),
    "unknown parent": (put("单位", 5, "上级编码", "GS1"), "单位", 5, "上级编码", "“GS1”的上级"),
    "own parent": (put("单位", 5, "上级编码", "cn"), "单位", 5, "上级编码", "不能是自己"),
    "ring": (put("单位", 2, "上级编码", "YX"), "单位", 2, "上级编码", "绕成了圈：青禾供电公司 → "),
    "branch below branch": (
        put("单位", 5, "上级编码", "BGS"),
        "单位",
        5,
        "上级编码",
        "“城南供电所党支部”是党支部，不能放在党支部",
    ),
    "branch below team": (
        put("单位", 7, "上级编码", "CN1"),
        "单位",
        7,
        "上级编码",
        "班组“城南配电班”",
    ),
    "branch in a department of a branch": (
        add(
            "单位",
            ["BGSK", "秘书科", "部门", None, "BGS"],
            ["BGSKZ", "秘书科党支部", "党支部", "管理型", "BGSK"],
        ),
        "单位",
        9,
        "上级编码",
        "上面已经有党支部“办公室党支部”",
    ),
    "company below department": (
        add("单位", ["FGS", "城南分公司", "公司", None, "YX"]),
        "单位",
        8,
        "上级编码",
        "不能放在部门",
    ),
    "general branch below branch": (
        add("单位", ["ZZ", "运检党总支", "党总支", None, "CN"]),
        "单位",
        8,
        "上级编码",
        "可以是：公司、部门",
    ),
    "company in a branch": (
        add("单位", ["FGS", "城南分公司", "公司", None, "CN"]),
        "单位",
        8,
        "上级编码",
        "不能放在党支部",
    ),
    "department below team": (
        add("单位", ["BM", "城南营业厅", "部门", None, "CN1"]),
        "单位",
        8,
        "上级编码",
        "不能放在班组",
    ),
    "team alone": (put("单位", 6, "上级编码", None), "单位", 6, "上级编码", "班组要有上级"),
    "too deep": (deep, "单位", 19, "上级编码", "最多 12 级"),
    "same name": (
        add("单位", ["CN9", "城南 供电所党支部", "党支部", "经营型", "GS"]),
        "单位",
        8,
        "名称",
        "同名单位",
    ),
    "merge into nothing": (
        column("单位", "并入编码", None, None, None, "XX"),
        "单位",
        5,
        "并入编码",
        "“XX”",
    ),
    "merge into itself": (
        column("单位", "并入编码", None, None, None, "CN"),
        "单位",
        5,
        "并入编码",
        "自己",
    ),
    "merge into another kind": (
        column("单位", "并入编码", None, None, None, "YX"),
        "单位",
        5,
        "并入编码",
        "类别不同",
    ),
    "merge into what is merged": (
        column("单位", "并入编码", None, None, "CN", "BGS"),
        "单位",
        4,
        "并入编码",
        "最后并入",
    ),
    "merge into what lies below": (
        lambda s: (
            add("单位", ["YX2", "营销二部", "部门", None, "YX"])(s),
            column("单位", "并入编码", None, "YX2")(s),
            None,
        )[2],
        "单位",
        3,
        "并入编码",
        "自己的下级",
    ),
    # 人员
    "no userid": (put("人员", 2, "userid", None), "人员", 2, "userid", "企业微信通讯录"),
    "name as userid": (put("人员", 2, "userid", "王强"), "人员", 2, "userid", "不要写姓名"),
    "userid with a blank": (put("人员", 2, "userid", "wang qiang"), "人员", 2, "userid", "空格"),
    "userid too long": (put("人员", 2, "userid", "w" * 65), "人员", 2, "userid", "最多 64"),
    "person twice": (
        add("人员", ["LiNa", "李娜", "CN"]),
        "人员",
        6,
        "userid",
        "和第3行重复",
    ),
    "no person's name": (put("人员", 3, "姓名", None), "人员", 3, "姓名", "姓名空着"),
    "no unit": (put("人员", 3, "单位编码", None), "人员", 3, "单位编码", "单位编码空着"),
    "unknown unit": (put("人员", 3, "单位编码", "CN2"), "人员", 3, "单位编码", "“CN2”的单位"),
    # 角色
    "role of a stranger": (put("角色", 3, "userid", "nobody"), "角色", 3, "userid", "没有“nobody”"),
    "unknown role": (put("角色", 3, "角色", "所长"), "角色", 3, "角色", "书记、党建部"),
    "no role": (put("角色", 3, "角色", None), "角色", 3, "角色", "角色空着"),
    "role on nothing": (put("角色", 3, "单位编码", None), "角色", 3, "单位编码", "管到哪个单位"),
    "role on an unknown unit": (put("角色", 3, "单位编码", "CN2"), "角色", 3, "单位编码", "“CN2”"),
    "role twice": (
        add("角色", ["WANGQIANG", "支部书记", "cn"]),
        "角色",
        5,
        "角色",
        "和第2行完全重复",
    ),
    # 项目
    "project of nothing": (put("项目", 2, "支部编码", None), "项目", 2, "支部编码", "支部编码空着"),
    "project of an unknown branch": (
        put("项目", 2, "支部编码", "X1"),
        "项目",
        2,
        "支部编码",
        "“X1”",
    ),
    "project of a team": (
        put("项目", 2, "支部编码", "CN1"),
        "项目",
        2,
        "支部编码",
        "“城南配电班”不是党支部",
    ),
    "no year": (put("项目", 2, "年度", None), "项目", 2, "年度", "四位年份"),
    "half a year": (put("项目", 2, "年度", "26年"), "项目", 2, "年度", "“26年”不是年份"),
    "year of the emperors": (put("项目", 2, "年度", 1911), "项目", 2, "年度", "“1911”不是年份"),
    "no project name": (put("项目", 2, "项目名称", None), "项目", 2, "项目名称", "项目名称空着"),
    "unknown direction": (
        put("项目", 2, "立项方向", "降本"),
        "项目",
        2,
        "立项方向",
        "重大专项、改革创新",
    ),
    "unknown grade": (put("项目", 2, "等级", "甲"), "项目", 2, "等级", "A、B、C"),
    "unknown stage": (put("项目", 2, "阶段", "搁置"), "项目", 2, "阶段", "立项、审批、实施、结项"),
    "unknown owner": (put("项目", 2, "负责人", "nobody"), "项目", 2, "负责人", "没有“nobody”"),
    "name as owner": (put("项目", 2, "负责人", "王强"), "项目", 2, "负责人", "不要写姓名"),
    "date as a number": (put("项目", 2, "开始日期", 46023), "项目", 2, "开始日期", "设成日期格式"),
    "date as words": (put("项目", 2, "结束日期", "年底"), "项目", 2, "结束日期", "“年底”不是日期"),
    "no such day": (put("项目", 2, "结束日期", "2026-02-30"), "项目", 2, "结束日期", "不是日期"),
    "end before start": (
        put("项目", 2, "结束日期", datetime(2026, 1, 4)),  # noqa: DTZ001  (a cell has no zone)
        "项目",
        2,
        "结束日期",
        "开始日期 2026-01-05 晚于结束日期 2026-01-04",
    ),
    "start after the end of the year": (
        put("项目", 3, "开始日期", date(2027, 1, 4)),
        "项目",
        3,
        "开始日期",
        "晚于结束日期 2026-12-31",
    ),
    "dates of another year": (
        put("项目", 2, "年度", 2025),
        "项目",
        2,
        "结束日期",
        "都不在 2025 年",
    ),
    "two projects in a year": (
        add("项目", ["cn", 2026, "配变轮换"]),
        "项目",
        4,
        "支部编码",
        "第2行已有在办的项目",
    ),
    "secret in a text": (
        put("项目", 2, "问题", "机密★ 变电站布置"),
        "项目",
        2,
        "问题",
        "涉密不上网",
    ),
    "secret in a name": (put("单位", 7, "名称", "办公室（绝密）"), "单位", 7, "名称", "密级标志"),
    # 群
    "no chatid": (put("群", 2, "chatid", None), "群", 2, "chatid", "chatid 空着"),
    "group twice": (add("群", ["wrCN0001", "再一次", "CN"]), "群", 4, "chatid", "和第2行重复"),
    "chatid with a blank": (put("群", 2, "chatid", "wr CN"), "群", 2, "chatid", "空格"),
    "group of nothing": (put("群", 3, "单位编码", None), "群", 3, "单位编码", "属于哪个单位"),
    "group of an unknown unit": (put("群", 3, "单位编码", "X1"), "群", 3, "单位编码", "“X1”"),
    "webhook elsewhere": (
        put("群", 2, "webhook", "https://qyapi.weixin.qq.com.evil.cn/send?key=1"),
        "群",
        2,
        "webhook",
        f"要以 {BASE} 开头",
    ),
    "webhook without a key": (
        put("群", 2, "webhook", f"{BASE}/cgi-bin/webhook/send?key="),
        "群",
        2,
        "webhook",
        "缺少 key",
    ),
    "webhook twice": (put("群", 3, "webhook", HOOK), "群", 3, "webhook", "和第2行的 webhook 相同"),
}
