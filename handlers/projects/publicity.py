"""双月公开单: what it says of every branch, and what groups read of it (DOMAIN.md 2: 一单)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from config.texts import label, t
from handlers.content import Content, Document, Export
from handlers.context import Context
from handlers.dossier import Section
from handlers.figures import light, minute_text, percent_text, plan_text
from handlers.projects.issues import Publication, note_lines, shown
from handlers.reply import Markdown, fill, lines
from handlers.spec import Family
from models.forms.form import Form
from models.forms.record import RecordNumber
from models.issue import draw_up
from models.latest import Latest, latest_reports
from models.overview import Line, lines_of
from models.project import OVER, Stage
from models.publicity import (
    Named,
    Sheet,
    SheetLine,
    counts_of,
    issue_before,
    lines_of_sheet,
    write_lines,
)
from models.unit import BranchType, Place

EFFECT_CHARS: Final = 200
LIGHTS: Final = ("green", "yellow", "red", "")

SHOW: Final = Form(
    key="publicity",
    version=1,
    fields=(RecordNumber(key="number", required=False, aside=True),),
    positional=("number",),
)


# Drawing up


def make_sheet(ctx: Context, period: tuple[int, int], cutoff: datetime) -> Sheet:
    """Draw up an issue (year, number) from what was reported up to the cut-off (aware, UTC)."""
    today, (year, _) = ctx.local(cutoff).date(), period
    reports = latest_reports(ctx.session, year, cutoff)
    rows = [_line(ctx, line, reports, today) for line in lines_of(ctx.session, year)]
    _name(ctx, rows)
    sheet = draw_up(ctx.session, Sheet, period, cutoff, ctx.now)
    write_lines(ctx.session, sheet, rows)
    return sheet


def _line(ctx: Context, line: Line, reports: Mapping[int, Latest], today: date) -> dict[str, Any]:
    """A branch as it stood at the cut-off."""
    last = reports.get(line.project_id) if line.project_id else None
    planned = line.planned(today)
    ahead = None if last is None or planned is None else last.percent - planned
    since = ctx.local(last.at).date() if last else line.starts_on
    rules = ctx.rules.progress
    return {
        "unit_id": line.unit_id,
        "project_id": line.project_id,
        "branch": line.branch,
        "branch_type": line.branch_type,
        "name": line.name or "",
        "grade": line.grade,
        "stage": line.stage,
        "percent": last.percent if last else None,
        "planned": planned,
        "ahead": ahead,
        "silent": None if since is None else max((today - since).days, 0),
        "light": light(ahead, rules.behind_yellow, rules.behind_red),
        "effect": last.said[:EFFECT_CHARS] if last else "",
        "named": None,
    }


def _name(ctx: Context, rows: Sequence[dict[str, Any]]) -> None:
    """Name the best and the worst of each branch type by rule.

    Best are those furthest before plan (on plan is not before it); worst those in the red, or
    silent beyond the limit, or without any report, the furthest behind first. What is concluded
    is not scolded.
    """
    rules = ctx.rules.project
    for of in BranchType:
        mine = [row for row in rows if row["branch_type"] is of and row["project_id"]]
        ranked = [row for row in mine if row["ahead"] is not None and row["ahead"] > 0]
        ranked.sort(key=lambda row: (-row["ahead"], row["branch"]))
        for row in ranked[: rules.sheet_best]:
            row["named"] = Named.BEST
        poor = [row for row in mine if row["named"] is None and _is_poor(ctx, row)]
        poor.sort(key=lambda row: (standing(row["ahead"]), row["branch"]))
        for row in poor[: rules.sheet_worst]:
            row["named"] = Named.WORST


def _is_poor(ctx: Context, row: Mapping[str, Any]) -> bool:
    if row["stage"] in OVER or row["stage"] not in (Stage.APPROVED, Stage.ONGOING):
        return False
    silent = row["silent"] is not None and row["silent"] >= ctx.rules.progress.stalled_days
    return row["light"] == "red" or silent or row["percent"] is None


# Words


def sheet_title(sheet: Sheet) -> str:
    """``2026年第5期（9—10月）``."""
    first, last = sheet.months
    return t("publicity.title", year=sheet.year, issue=sheet.issue, first=first, last=last)


def sheet_text(ctx: Context, sheet: Sheet, branch: Place | None) -> Markdown:
    """What a group reads: the figures, its own line, the best and the worst by rule."""
    rows = lines_of_sheet(ctx.session, sheet.id)
    own = next((row for row in rows if branch and row.unit_id == branch.id), None)
    counts = counts_of(ctx.session, sheet.id)
    return lines(
        fill("publicity.head", title=sheet_title(sheet)),
        fill(
            "publicity.cutoff",
            at=minute_text(ctx.local(sheet.cutoff)),
            count=sum(row.project_id is not None for row in rows),
            branches=len(rows),
        ),
        fill("publicity.lights", **{key or "none": counts.get(key, 0) for key in LIGHTS}),
        _own(own) if own else "",
        *named_lines(rows, Named.BEST),
        *named_lines(rows, Named.WORST),
        *note_lines(ctx, sheet),
        t("publicity.rule", **limits(ctx)),
    )


def limits(ctx: Context) -> dict[str, int]:
    """The figures that the rule of naming holds."""
    return {
        "best": ctx.rules.project.sheet_best,
        "worst": ctx.rules.project.sheet_worst,
        "red": ctx.rules.progress.behind_red,
        "stalled": ctx.rules.progress.stalled_days,
    }


def _own(row: SheetLine) -> Markdown:
    if row.project_id is None:
        return fill("publicity.own_none", branch=row.branch)
    if row.ahead is None:
        return fill("publicity.own_silent", branch=row.branch, name=row.name)
    return fill(
        "publicity.own",
        branch=row.branch,
        name=row.name,
        percent=percent_text(row.percent),
        plan=plan_text(row.ahead),
    )


def named_lines(rows: Sequence[SheetLine], named: Named) -> Iterator[Markdown]:
    """The named branches, a sentence for each type."""
    for of in BranchType:
        if mine := named_rows(rows, named, of):
            names = "、".join(_named_word(row) for row in mine)
            yield fill(f"publicity.{named}", type=label(of), names=names)


def standing(ahead: Decimal | None) -> Decimal:
    """Points before plan; whoever never reported stands behind all."""
    return Decimal(-100) if ahead is None else ahead


def in_order(rows: Iterable[SheetLine], named: Named | None) -> list[SheetLine]:
    """The best first where they are named as such, else the worst."""
    return sorted(rows, key=lambda row: standing(row.ahead), reverse=named is Named.BEST)


def named_rows(rows: Sequence[SheetLine], named: Named, of: BranchType) -> list[SheetLine]:
    """The named branches of a type, in the order in which they are read everywhere."""
    mine = [row for row in rows if row.named is named and row.branch_type is of]
    return in_order(mine, named)


def _named_word(row: SheetLine) -> str:
    if row.ahead is None:
        return t("publicity.never", branch=row.branch)
    sign = "+" if row.ahead >= 0 else "−"
    return t("publicity.points", branch=row.branch, sign=sign, points=f"{abs(row.ahead):f}")


# As it is published


def sheet_short(sheet: Sheet) -> str:
    """An issue as it fits a choice on a phone."""
    first, last = sheet.months
    return t("publicity.option", year=sheet.year, issue=sheet.issue, first=first, last=last)


def _facts(ctx: Context, sheet: Sheet) -> tuple[Sequence[tuple[str, str]], Sequence[Section]]:
    counts, rows = counts_of(ctx.session, sheet.id), lines_of_sheet(ctx.session, sheet.id)
    facts = [(t("funnel.branches"), str(len(rows)))]
    facts += [(t(f"publicity.light_{key or 'none'}"), str(counts.get(key, 0))) for key in LIGHTS]
    sections = [
        Section(t(f"publicity.section_{kind}"), "\n".join(map(str, named_lines(rows, kind))))
        for kind in (Named.BEST, Named.WORST)
    ]
    return facts, sections


def _files(sheet: Sheet) -> Mapping[str, Content]:
    name, params = sheet_title(sheet), {"number": sheet.number}
    return {
        "file": Export("publicity", name, params=params),
        "paper": Document("publicity", name, params=params),
    }


SHEETS: Final = Publication(
    key="publicity",
    kind=Sheet,
    job="publicity-sheet",
    title=sheet_title,
    short=sheet_short,
    due=issue_before,
    make=make_sheet,
    text=sheet_text,
    facts=_facts,
    files=_files,
    gate=lambda rules: rules.project.sheet_gate,
)

FAMILY = Family(commands=(shown(SHEETS, SHOW),))
