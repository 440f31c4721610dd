"""双月公开单 on paper (A-12; layout: PRODUCT.md D.2)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from config.texts import label, t
from handlers.context import Context
from handlers.figures import minute_text, percent_text
from handlers.paper import Block, Grid, Heading, Paper, Para
from handlers.projects.issues import note_blocks, paper_of, readable
from handlers.projects.publicity import LIGHTS, SHEETS, limits, named_rows
from handlers.spec import Family
from models.project import Grade
from models.publicity import Named, Sheet, SheetLine, counts_of, lines_of_sheet
from models.unit import BranchType


def publicity(ctx: Context, params: Mapping[str, Any]) -> Paper:
    """An issue as an official paper; parameter ``number``. Drafts say so on every page."""
    sheet = readable(ctx, SHEETS, params.get("number"))
    rows = lines_of_sheet(ctx.session, sheet.id)
    return paper_of(ctx, SHEETS, sheet, tuple(_body(ctx, sheet, rows)))


def _body(ctx: Context, sheet: Sheet, rows: Sequence[SheetLine]) -> Iterator[Block]:
    counts = counts_of(ctx.session, sheet.id)
    having = [row for row in rows if row.project_id is not None]
    yield Heading(t("papers.publicity.part_1"))
    yield Para(
        t(
            "papers.publicity.whole",
            at=minute_text(ctx.local(sheet.cutoff)),
            branches=len(rows),
            projects=len(having),
            keys=sum(row.grade is Grade.A for row in rows),
            **{key or "none": counts.get(key, 0) for key in LIGHTS},
        )
    )
    yield Heading(t("papers.publicity.part_2"))
    yield from _named(rows, Named.BEST)
    yield Heading(t("papers.publicity.part_3"))
    yield from _named(rows, Named.WORST)
    yield from note_blocks(ctx, sheet)
    yield Heading(t("papers.publicity.part_4"))
    yield Para(t("publicity.rule", **limits(ctx)))
    yield Grid(
        [t(f"ledger.publicity.{key}") for key in _COLUMNS],
        [_row(row) for row in rows],
        (25, 31, 10, 12, 10, 12),
    )


_COLUMNS = ("branch", "project", "percent", "planned", "ahead", "silent")


def _row(row: SheetLine) -> tuple[str, ...]:
    return (
        row.branch,
        row.name or t("project.missing"),
        percent_text(row.percent),
        percent_text(row.planned),
        "—" if row.ahead is None else f"{row.ahead:+.1f}",
        "—" if row.silent is None else str(row.silent),
    )


def _named(rows: Sequence[SheetLine], named: Named) -> Iterator[Para]:
    """The named lines of each branch type, with what they say for themselves."""
    found = False
    for of in BranchType:
        for row in named_rows(rows, named, of):
            found = True
            text = _said(row, named) + _ended(row.effect)
            yield Para(text, bold=t("papers.publicity.who", branch=row.branch, type=label(of)))
    if not found:
        yield Para(t("papers.publicity.nobody"))


def _said(row: SheetLine, named: Named) -> str:
    """Why a branch is named, in a sentence."""
    if row.percent is None or row.ahead is None:
        return t("papers.publicity.never", name=row.name, days=row.silent or 0)
    key = "best" if named is Named.BEST else "worst" if row.light == "red" else "silent"
    return t(
        f"papers.publicity.{key}",
        name=row.name,
        percent=percent_text(row.percent),
        points=f"{abs(row.ahead).normalize():f}",
        days=row.silent or 0,
    )


def _ended(words: str) -> str:
    """Somebody's words with a full stop, however they were typed."""
    words = words.strip().replace("\n", " ")
    stop = t("papers.publicity.stop")
    return words if not words or words[-1] in t("papers.publicity.ends") else words + stop


FAMILY = Family(papers={"publicity": publicity})
