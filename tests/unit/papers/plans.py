"""Posters as the weekly ranking plans them, with the names branches really have."""

from collections.abc import Sequence

from handlers.figures import arrow_text
from handlers.ranking import WIDTHS
from handlers.spec import Block, Poster, PosterRow

NAMES = (
    "城南供电所党支部",
    "变电检修中心第一党支部",
    "国网江源市供电公司输电运检中心第二党支部",
    "营销部（客户服务中心）党支部",
    "调度控制中心党支部",
    "青禾县供电公司河西供电所党支部",
    "云岭县供电公司电网建设与生产运营党支部",
)
HEADINGS = ("名次", "支部", "进度", "较计划", "变化")
NOTE = "口径：按“进度减序时计划”的点数在同类型支部中排名，并列同名次，缺数据不按零计。"


def row(
    place: int,
    name: str = NAMES[0],
    percent: float = 60,
    light: str = "green",
    change: int | None = 0,
) -> PosterRow:
    """One line of a ranking."""
    return PosterRow(
        cells=(
            str(place),
            name,
            f"{percent:g}%",
            f"{percent - 60:+.1f}",
            arrow_text(change),
        ),
        bar=percent / 100,
        light=light,
        change=change,
    )


def rows(count: int) -> tuple[PosterRow, ...]:
    """A ranking of any length, with lights and arrows of every kind."""
    lights, changes = ("green", "green", "yellow", "red"), (0, 3, -2, None, 12)
    return tuple(
        row(i + 1, NAMES[i % 7], max(0.5, 98.5 - i * 1.5), lights[i % 4], changes[i % 5])
        for i in range(count)
    )


def ranking(lines: Sequence[PosterRow]) -> Poster:
    """The poster of one type."""
    return Poster(
        title="项目进展周排名 · 生产服务型支部",
        subtitle="11月第3周（第47周）　数据截至 11月23日 09:00",
        figures=(("参排支部", "128"), ("进度中位数", "63.5%"), ("缺数据", "6")),
        blocks=(Block(headings=HEADINGS, widths=WIDTHS, rows=tuple(lines)),),
        notes=("缺数据（2）：城东供电所党支部、北山供电所党支部", NOTE),
    )
