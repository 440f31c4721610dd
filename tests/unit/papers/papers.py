"""Papers as offices really write them, for the tests of Word and PDF."""

from datetime import date

from handlers.paper import Block, Grid, Heading, Layout, PageBreak, Paper, Para

WORDS = (
    "各支部要对照问题清单逐条制定整改措施，明确责任人和完成时限，做到事事有回音、件件有着落。"
    "整改期间由支部书记牵头，每周在支委会上通报一次进度；整改完成后报党建部复核，复核通过方可销号。"
)


def notice(**more: object) -> Paper:
    """A rectification notice as it is issued."""
    values: dict[str, object] = {
        "title": "关于城南供电所党支部标准化建设交叉互查发现问题的整改通知书",
        "number": "泉电党整[2026]7号",
        "addressee": "城南供电所党支部",
        "body": (
            Para(
                "根据2026年9月交叉互查安排，检查组于9月3日对你支部开展检查，现将有关问题通知如下："
            ),
            Heading("一、存在问题"),
            Heading("（一）组织生活方面", 2),
            Para("8月主题党日记录缺少签到表，依据《检查细则》第3条。", bold="1. 主题党日。"),
            Para(WORDS * 4),
            Grid(
                ("序号", "问题", "依据", "整改期限"),
                (
                    ("1", "主题党日记录缺少签到表", "第3条", "2026年9月20日"),
                    ("2", "承诺践诺公示栏未更新\n连续两月", "第7条", "2026年9月25日"),
                ),
                (0.1, 0.5, 0.15, 0.25),
            ),
            Heading("二、整改要求"),
            Para(WORDS * 3),
        ),
        "issuer": "泉江供电公司党委党建工作部",
        "day": date(2026, 9, 5),
        "copies": "公司党委书记、检查组",
        "mark": "待签发",
    }
    return Paper(**(values | more))  # type: ignore[arg-type]


def book() -> Paper:
    """The album of outstanding projects."""
    blocks: list[Block] = []
    for number in range(1, 6):
        blocks += [
            Heading(f"{number}. 城南供电所党支部：配网“零跳闸”攻坚"),
            Heading("问题", 2),
            Para(WORDS * 3),
            Heading("载体", 2),
            Para(WORDS * 2),
            PageBreak(),
        ]
    return Paper(
        title="卓越实践项目集",
        subtitle="2026年度突出贡献项目",
        body=tuple(blocks[:-1]),
        layout=Layout.BOOK,
        issuer="泉江供电公司党委",
        day=date(2026, 12, 31),
        contents=True,
        foot=(("编号", "SB-2026-12"), ("口径", "双向打分均不低于4分的项目")),
    )


def sheet(rows: int = 60) -> Paper:
    """The bi-monthly publicity sheet."""
    return Paper(
        title="泉江供电公司“一支部一项目一特色”双月公开单",
        subtitle="2026年9—10月",
        layout=Layout.SHEET,
        body=(
            Grid(
                ("序号", "支部", "项目名称", "等级", "阶段", "进度", "最近进展", "备注"),
                tuple(
                    (
                        str(n),
                        f"第{n}供电所党支部",
                        "配网“零跳闸”攻坚项目",
                        "A",
                        "实施",
                        "65%",
                        WORDS[:30],
                        "",
                    )
                    for n in range(1, rows + 1)
                ),
                (0.05, 0.17, 0.2, 0.06, 0.08, 0.07, 0.29, 0.08),
            ),
        ),
        foot=(("编号", "GK-2026-05"), ("制表人", "小周"), ("口径", "截至10月31日24时")),
    )
