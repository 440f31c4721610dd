"""The funnel 支部 → 项目 → 重点 → 突出贡献, and who has not applied yet (A-07, A-11)."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from sqlalchemy import select

from config.texts import label, t
from handlers.board import Board, BoardPage, Cell, Figure, Filter, TableBlock
from handlers.context import Context
from handlers.dossier import path_of
from handlers.figures import percent_text
from handlers.spec import Family, View
from models.overview import Funnel, Home, Line, by_home, funnel_of, homes_of, lines_of, share
from models.project import Project, Stage
from models.promotion import Promotion

YEARS = 3
"""This year and the two before it are offered."""
MEASURES = (
    "projects",
    "covered",
    "keys",
    "key_share",
    "outstanding",
    "outstanding_share",
    "concluded",
    "concluded_share",
)


def year_in(ctx: Context, params: Mapping[str, str]) -> int:
    """The year that the address names, else this one."""
    typed = params.get("year", "")
    return int(typed) if typed.isdigit() and len(typed) == len("2026") else ctx.today.year


def year_filter(ctx: Context, year: int) -> Filter:
    """The choice of a year above a board."""
    years = range(ctx.today.year, ctx.today.year - YEARS, -1)
    options = [(str(one), t("project.year", year=one)) for one in years]
    return Filter("year", t("project.fact_year"), options, str(year))


def year_scope(view: View) -> Filter:
    """The same choice above a ledger: this year unless another one is wanted."""
    return year_filter(view.ctx, view.ctx.today.year)


def show(ctx: Context, params: Mapping[str, str]) -> BoardPage:
    """The funnel of a year, by the units right below the top, and what is missing in it."""
    year = year_in(ctx, params)
    lines = lines_of(ctx.session, year)
    whole = funnel_of(lines)
    grouped = by_home(lines, homes_of(ctx.session))
    before = lines_of(ctx.session, year - 1)
    blocks = [_table(grouped), _compared(lines, before, year), *_missing(ctx, lines, year)]
    return BoardPage(
        title=t("board.funnel.title"),
        note=t("funnel.note"),
        figures=_figures(whole),
        filters=(year_filter(ctx, year),),
        blocks=blocks,
    )


def _figures(whole: Funnel) -> Sequence[Figure]:
    covered = percent_text(share(whole.projects, whole.branches))
    keys = percent_text(share(whole.keys, whole.branches))
    best = percent_text(share(whole.outstanding, whole.branches))
    of_keys = percent_text(share(whole.outstanding, whole.keys))
    return (
        Figure(t("funnel.branches"), str(whole.branches)),
        Figure(t("funnel.projects"), str(whole.projects), t("funnel.share", share=covered)),
        Figure(t("funnel.keys"), str(whole.keys), t("funnel.share", share=keys)),
        Figure(
            t("funnel.outstanding"),
            str(whole.outstanding),
            t("funnel.share_two", share=best, of_keys=of_keys),
        ),
    )


def _table(grouped: Mapping[Home, Sequence[Line]]) -> TableBlock:
    rows = []
    for home, lines in grouped.items():
        counted = funnel_of(lines)
        cells = (
            home.name,
            str(counted.branches),
            str(counted.projects),
            percent_text(share(counted.projects, counted.branches)),
            str(counted.keys),
            percent_text(share(counted.keys, counted.branches)),
            str(counted.outstanding),
        )
        rows.append([Cell(text) for text in cells])
    return TableBlock(
        title=t("funnel.by_unit"),
        headings=[t(f"funnel.column_{n}") for n in range(1, 8)],
        rows=rows,
        numeric=frozenset(range(1, 7)),
    )


def _compared(lines: Sequence[Line], before: Sequence[Line], year: int) -> TableBlock:
    """This year beside the year before, in figures and shares, with the difference."""
    now, then = _measures(lines), _measures(before)
    rows = []
    for key, (value, suffix) in now.items():
        earlier, _ = then[key]
        known = value is not None and earlier is not None
        rows.append(
            [
                Cell(t(f"funnel.measure_{key}")),
                Cell("—" if earlier is None else f"{earlier.normalize():f}{suffix}"),
                Cell("—" if value is None else f"{value.normalize():f}{suffix}"),
                Cell(f"{(value - earlier).normalize():+f}" if known else "—"),  # type: ignore[operator]  # both are known
            ]
        )
    words = (t("project.year", year=year - 1), t("project.year", year=year))
    return TableBlock(
        title=t("funnel.compared"),
        headings=(t("funnel.measure"), *words, t("funnel.change")),
        rows=rows,
        numeric=frozenset({1, 2, 3}),
        note=t("funnel.compared_note"),
    )


def _measures(lines: Sequence[Line]) -> Mapping[str, tuple[Decimal | None, str]]:
    """What two years are compared by: counts, and shares in points of a hundred."""
    whole = funnel_of(lines)
    if not whole.projects:
        return dict.fromkeys(MEASURES, (None, ""))
    ended = sum(line.stage is Stage.CONCLUDED for line in lines)
    return {
        "projects": (Decimal(whole.projects), ""),
        "covered": (share(whole.projects, whole.branches), "%"),
        "keys": (Decimal(whole.keys), ""),
        "key_share": (share(whole.keys, whole.projects), "%"),
        "outstanding": (Decimal(whole.outstanding), ""),
        "outstanding_share": (share(whole.outstanding, whole.projects), "%"),
        "concluded": (Decimal(ended), ""),
        "concluded_share": (share(ended, whole.projects), "%"),
    }


def _missing(ctx: Context, lines: Sequence[Line], year: int) -> Sequence[TableBlock]:
    """Branches without a project, and those below A that never applied for better."""
    applied = set(
        ctx.session.scalars(
            select(Promotion.project_id)
            .join(Project, Project.id == Promotion.project_id)
            .where(Project.year == year)
        )
    )
    without = [[Cell(line.branch)] for line in lines if line.project_id is None]
    never = [
        [
            Cell(line.branch),
            Cell(line.name or "", href=path_of(line.number or "")),
            Cell(label(line.grade) if line.grade else t("project.ungraded")),
        ]
        for line in lines
        if line.project_id is not None and not line.is_key and line.project_id not in applied
    ]
    return (
        TableBlock(
            title=t("funnel.without", count=len(without)),
            headings=(t("ledger.distribution.branch"),),
            rows=without,
        ),
        TableBlock(
            title=t("funnel.never", count=len(never)),
            headings=(
                t("ledger.distribution.branch"),
                t("ledger.distribution.project"),
                t("ledger.distribution.grade"),
            ),
            rows=never,
        ),
    )


FAMILY = Family(boards=(Board(key="funnel", show=show),))
