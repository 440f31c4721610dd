"""双月公开单: drawing up, release, publication, corrections (DOMAIN.md 2: 一单)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import func, select

from config.texts import label, t
from handlers.content import Button, Card, Tone
from handlers.context import Context
from handlers.figures import light, minute_text, percent_text, plan_text
from handlers.places import branch_in_question
from handlers.projects.common import names_of
from handlers.projects.decision import REASON
from handlers.reply import Markdown, Reply, fill, lines, say
from handlers.spec import Action, Command, Family
from models.errors import UserError
from models.forms.field import Answers
from models.forms.form import Form
from models.forms.kinds import LongText
from models.forms.kinds import Unit as UnitField
from models.forms.record import RecordNumber
from models.latest import Latest, latest_reports
from models.overview import Line, lines_of
from models.person import Grant, Person, PersonState, Role
from models.project import OVER, Stage
from models.publicity import (
    Named,
    Sheet,
    SheetLine,
    SheetNote,
    SheetState,
    counts_of,
    draw_up,
    lines_of_sheet,
    newest_sheet,
    notes_of,
    sheet_by_number,
)
from models.unit import BranchType, Place, Unit, unit_by_code

OFFICE: Final = frozenset({Role.PARTY_OFFICE})
EFFECT_CHARS: Final = 200
LIGHTS: Final = ("green", "yellow", "red", "")

SHOW: Final = Form(
    key="publicity",
    version=1,
    fields=(RecordNumber(key="number", required=False, aside=True),),
    positional=("number",),
)
HOLD: Final = Form(
    key="publicity_hold",
    version=1,
    fields=(RecordNumber(key="number"), REASON),
    positional=("number", "reason"),
)
CORRECT: Final = Form(
    key="publicity_note",
    version=1,
    fields=(
        RecordNumber(key="number"),
        UnitField(key="unit", required=False, aside=True),
        LongText(key="text", min_chars=4, max_chars=500),
    ),
    positional=("number", "text"),
)


# Drawing up


def make_sheet(ctx: Context, year: int, issue: int, cutoff: datetime) -> Sheet:
    """Draw up an issue from what was reported up to the cut-off (aware, UTC)."""
    today = ctx.local(cutoff).date()
    reports = latest_reports(ctx.session, year, cutoff)
    rows = [_line(ctx, line, reports, today) for line in lines_of(ctx.session, year)]
    _name(ctx, rows)
    return draw_up(ctx.session, year, issue, cutoff=cutoff, now=ctx.now, lines=rows)


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
        *[fill("publicity.note_line", text=note.text) for note in notes_of(ctx.session, sheet.id)],
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


# Release


def offices(ctx: Context) -> Sequence[int]:
    """Ids of the party office at the top: who looks before anything goes out."""
    rows = ctx.session.execute(
        select(Person.id, func.length(Unit.path))
        .join(Grant, Grant.person_id == Person.id)
        .join(Unit, Unit.id == Grant.unit_id)
        .where(Grant.role == Role.PARTY_OFFICE, Person.state == PersonState.ACTIVE)
        .order_by(func.length(Unit.path), Person.id)
    ).all()
    return [person_id for person_id, length in rows if length == rows[0][1]]


def preview_card(sheet: Sheet, *, waits: bool) -> Card:
    """The draft with the buttons that release or hold it."""
    return Card(
        title=t("publicity.preview", title=sheet_title(sheet)),
        desc=t("publicity.preview_waits" if waits else "publicity.preview_runs"),
        buttons=(
            Button(t("publicity.release"), f"publicity.release:{sheet.number}", Tone.PRIMARY),
            Button(t("publicity.hold"), f"begin:publicity_hold/number={sheet.number}"),
        ),
    )


def release(ctx: Context, sheet: Sheet) -> None:
    """Let a sheet go: the groups are told by the job ``publicity-tell``."""
    sheet.move_to(
        ctx.session,
        SheetState.RELEASED,
        released_by_id=ctx.member.id if ctx.member else None,
        released_at=ctx.now,
    )


def release_tapped(ctx: Context, argument: str, picked: Mapping[str, tuple[str, ...]]) -> Reply:
    """The button under the preview; ``argument`` is the sheet's number."""
    del picked
    sheet = _managed(ctx, argument)
    if sheet.state is SheetState.RELEASED:
        raise UserError("publicity.released_before", title=sheet_title(sheet))
    release(ctx, sheet)
    ctx.subject = sheet.number
    return Reply(
        fill("publicity.released", title=sheet_title(sheet)),
        Card(title=t("publicity.released_title"), desc=sheet_title(sheet)),
    )


def hold(ctx: Context, answers: Answers) -> Reply:
    """``/暂缓公开单 GK-… 原因``: it does not go out before somebody releases it."""
    sheet = _managed(ctx, answers["number"])
    if sheet.state is SheetState.RELEASED:
        raise UserError("publicity.released_before", title=sheet_title(sheet))
    if sheet.state is SheetState.DRAFT:
        sheet.move_to(ctx.session, SheetState.HELD, reason=answers["reason"])
    ctx.subject = sheet.number
    return say("publicity.held", title=sheet_title(sheet), number=sheet.number)


def correct(ctx: Context, answers: Answers) -> Reply:
    """``/更正公开单 GK-… 说明``: the issue stays as it was, the note goes to its readers."""
    sheet = _managed(ctx, answers["number"])
    if sheet.state is not SheetState.RELEASED:
        raise UserError("publicity.not_released", title=sheet_title(sheet))
    unit = unit_by_code(ctx.session, answers["unit"].key) if answers["unit"] else None
    note = SheetNote(
        sheet_id=sheet.id,
        unit_id=unit.id if unit else None,
        text=answers["text"],
        person_id=ctx.who.id,
        at=ctx.now,
    )
    ctx.session.add(note)
    ctx.session.flush()
    ctx.subject = sheet.number
    return say("publicity.corrected", title=sheet_title(sheet))


def note_text(sheet: Sheet, note: SheetNote) -> Markdown:
    """What the groups read of a correction."""
    return fill("publicity.note", title=sheet_title(sheet), text=note.text)


def _managed(ctx: Context, number: str) -> Sheet:
    """A sheet, for the party office at the top."""
    sheet = sheet_by_number(ctx.session, number)
    if sheet is None:
        raise UserError("publicity.unknown", number=number)
    if ctx.who.id not in offices(ctx):
        raise UserError("publicity.office", names=names_of(ctx, offices(ctx)))
    return sheet


def readable(ctx: Context, number: str | None) -> Sheet:
    """A sheet the speaker may read: drafts are for the party office alone."""
    drafts = ctx.member is not None and ctx.member.has(*OFFICE)
    sheet = (
        sheet_by_number(ctx.session, number) if number else newest_sheet(ctx.session, drafts=drafts)
    )
    if sheet is None or (sheet.state is not SheetState.RELEASED and not drafts):
        raise UserError("publicity.unknown" if number else "publicity.none_yet", number=number)
    return sheet


def show_sheet(ctx: Context, answers: Answers) -> Reply:
    """``/公开单``: the last issue, with the line of the group's or the speaker's own branch."""
    sheet = readable(ctx, answers["number"])
    text = sheet_text(ctx, sheet, branch_in_question(ctx))
    state = (
        ""
        if sheet.state is SheetState.RELEASED
        else fill("publicity.state", state=label(sheet.state))
    )
    more = "" if ctx.room else Markdown(t("publicity.more", url=ctx.page("/board/publicity")))
    card = None
    if sheet.state is not SheetState.RELEASED and not ctx.room:
        card = preview_card(sheet, waits=True)
    return Reply(lines(state, text, more), card=card)


FAMILY = Family(
    commands=(
        Command(key="publicity", form=SHOW, run=show_sheet),
        Command(key="publicity_hold", form=HOLD, run=hold, roles=OFFICE),
        Command(key="publicity_note", form=CORRECT, run=correct, roles=OFFICE),
    ),
    actions=(Action(key="publicity.release", run=release_tapped, roles=OFFICE),),
)
