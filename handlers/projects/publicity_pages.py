"""双月公开单 as record, page and ledger; and the duty to release it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from sqlalchemy import func, select

from config.texts import label, t
from handlers.board import Board, BoardPage, Cell, Figure, Filter, TableBlock
from handlers.content import Tone
from handlers.context import Context
from handlers.dossier import Act, Dossier, Record, Section, Step
from handlers.duty import Duty, DutySource
from handlers.figures import minute_text, percent_text
from handlers.projects.publicity import (
    LIGHTS,
    OFFICE,
    in_order,
    limits,
    named_lines,
    offices,
    sheet_title,
)
from handlers.spec import Column, Family, Kind, Ledger, Rows, View
from models.errors import UserError
from models.person import Member, Person
from models.publicity import (
    Named,
    Sheet,
    SheetLine,
    SheetNote,
    SheetState,
    counts_of,
    lines_of_sheet,
    notes_of,
    sheet_by_number,
)
from models.unit import Unit

OFFERED: Final = 12
"""So many issues are offered on the page and in the ledger: two years."""


def show(ctx: Context, number: str) -> Dossier:
    """An issue: its figures, who released it, what was corrected, and the papers."""
    sheet = sheet_by_number(ctx.session, number)
    drafts = ctx.who.has(*OFFICE)
    if sheet is None or (sheet.state is not SheetState.RELEASED and not drafts):
        raise UserError("lookup.unknown", number=number)
    counts = counts_of(ctx.session, sheet.id)
    rows = lines_of_sheet(ctx.session, sheet.id)
    named = [
        "\n".join(plain for plain in map(str, named_lines(rows, kind)))
        for kind in (Named.BEST, Named.WORST)
    ]
    return Dossier(
        number=sheet.number,
        title=sheet_title(sheet),
        state=label(sheet.state),
        facts=(
            (t("publicity.fact_cutoff"), minute_text(ctx.local(sheet.cutoff))),
            (t("funnel.branches"), str(len(rows))),
            *((t(f"publicity.light_{key or 'none'}"), str(counts.get(key, 0))) for key in LIGHTS),
        ),
        sections=(
            Section(t("publicity.section_best"), named[0]),
            Section(t("publicity.section_worst"), named[1]),
        ),
        steps=_steps(ctx, sheet),
        acts=tuple(_acts(ctx, sheet)),
        papers=((t("publicity.paper"), "publicity", {"number": sheet.number}),),
    )


def _steps(ctx: Context, sheet: Sheet) -> Sequence[Step]:
    notes = notes_of(ctx.session, sheet.id)
    ids = [sheet.released_by_id, *(note.person_id for note in notes)]
    names = {
        person.id: person.name
        for person in ctx.session.scalars(select(Person).where(Person.id.in_(ids)))
    }
    steps = [Step(sheet.at, t("publicity.step_drawn"), "", sheet.reason)]
    if sheet.released_at is not None:
        who = names.get(sheet.released_by_id or 0, "")
        steps.append(Step(sheet.released_at, t("publicity.step_released"), who))
    steps += [
        Step(note.at, t("publicity.step_note"), names.get(note.person_id, ""), note.text)
        for note in notes
    ]
    return steps


def _acts(ctx: Context, sheet: Sheet) -> Iterator[Act]:
    if ctx.who.id not in offices(ctx):
        return
    number = {"number": sheet.number}
    if sheet.state is SheetState.RELEASED:
        yield Act(t("publicity.correct"), command="publicity_note", answers=number)
        return
    action = f"publicity.release:{sheet.number}"
    yield Act(t("publicity.release"), action=action, tone=Tone.PRIMARY)
    yield Act(t("publicity.hold"), command="publicity_hold", answers=number)


# Page, ledger, duty


def board(ctx: Context, params: Mapping[str, str]) -> BoardPage:
    """An issue as a page."""
    sheets = _issues(ctx, drafts=ctx.who.has(*OFFICE))
    if not sheets:
        return BoardPage(title=t("board.publicity.title"), note=t("publicity.none_yet"))
    wanted = params.get("number", "")
    sheet = next((one for one in sheets if one.number == wanted), sheets[0])
    rows = lines_of_sheet(ctx.session, sheet.id)
    counts = counts_of(ctx.session, sheet.id)
    notes = "；".join(note.text for note in notes_of(ctx.session, sheet.id))
    corrected = t("publicity.board_note", text=notes) if notes else ""
    at = t("publicity.board_cutoff", at=minute_text(ctx.local(sheet.cutoff)))
    state = "" if sheet.state is SheetState.RELEASED else label(sheet.state)
    return BoardPage(
        title=t("publicity.board_title", title=sheet_title(sheet), state=state),
        note=" ".join(part for part in (at, t("publicity.rule", **limits(ctx)), corrected) if part),
        filters=(_choice(sheets, sheet),),
        figures=tuple(
            Figure(t(f"publicity.light_{key or 'none'}"), str(counts.get(key, 0))) for key in LIGHTS
        ),
        blocks=(
            _table(t("publicity.section_best"), rows, Named.BEST),
            _table(t("publicity.section_worst"), rows, Named.WORST),
            _table(t("publicity.section_watched"), rows, None),
        ),
        acts=tuple(_acts(ctx, sheet)),
        papers=((t("publicity.paper"), "publicity", {"number": sheet.number}),),
    )


def _short(sheet: Sheet) -> str:
    """An issue as it fits a choice on a phone."""
    first, last = sheet.months
    return t("publicity.option", year=sheet.year, issue=sheet.issue, first=first, last=last)


def _table(title: str, rows: Sequence[SheetLine], named: Named | None) -> TableBlock:
    """The named lines, or without a name all that are behind plan; the ledger holds the rest."""
    chosen = [
        row for row in rows if (row.named is named if named else row.light in ("yellow", "red"))
    ]
    keys = ("branch", "type", "project", "percent", "planned", "ahead", "silent", "effect")
    return TableBlock(
        title=title,
        headings=[t(f"ledger.publicity.{key}") for key in keys],
        rows=[_cells(row) for row in in_order(chosen, named)],
        numeric=frozenset({3, 4, 5, 6}),
        note="" if named else t("publicity.rest", name=t("ledger.publicity.title")),
    )


def _cells(row: SheetLine) -> Sequence[Cell]:
    return (
        Cell(row.branch),
        Cell(label(row.branch_type) if row.branch_type else ""),
        Cell(row.name or t("project.missing")),
        Cell(percent_text(row.percent), row.light),
        Cell(percent_text(row.planned)),
        Cell("" if row.ahead is None else f"{row.ahead:+.1f}"),
        Cell("" if row.silent is None else str(row.silent)),
        Cell(row.effect),
    )


def _issues(ctx: Context, *, drafts: bool) -> Sequence[Sheet]:
    """The issues that are offered, newest first."""
    query = select(Sheet).order_by(Sheet.year.desc(), Sheet.issue.desc())
    if not drafts:
        query = query.where(Sheet.state == SheetState.RELEASED)
    return ctx.session.scalars(query.limit(OFFERED)).all()


def _choice(sheets: Sequence[Sheet], chosen: Sheet) -> Filter:
    """The choice of an issue, above the page and above the ledger."""
    options = [(one.number, _short(one)) for one in sheets]
    return Filter("number", t("publicity.filter"), options, chosen.number)


def _scope(view: View) -> Filter:
    """The newest issue unless another one is wanted; drafts are for the party office alone."""
    sheets = _issues(view.ctx, drafts=view.member is None or view.member.has(*OFFICE))
    return _choice(sheets, sheets[0]) if sheets else Filter("number", t("publicity.filter"), ())


def _rows(view: View) -> Rows:
    """The lines of an issue."""
    query = select().select_from(SheetLine).join(Sheet, Sheet.id == SheetLine.sheet_id)
    if not (view.member is None or view.member.has(*OFFICE)):
        query = query.where(Sheet.state == SheetState.RELEASED)
    return query.where(Sheet.number == view.params["number"])


def _period(value: int, view: View) -> str:
    del view
    return t("publicity.period", year=value // 10, issue=value % 10)


_note = (
    select(func.min(SheetNote.text))
    .where(SheetNote.sheet_id == SheetLine.sheet_id, SheetNote.unit_id == SheetLine.unit_id)
    .correlate(SheetLine)
    .scalar_subquery()
)

LEDGER: Final = Ledger(
    key="publicity",
    columns=(
        Column(key="branch", expr=SheetLine.branch, width=34),
        Column(key="project", expr=SheetLine.name, width=40),
        Column(key="percent", expr=SheetLine.percent, kind=Kind.PERCENT, width=8),
        Column(key="ahead", expr=SheetLine.ahead, kind=Kind.NUMBER, width=10),
        Column(key="named", expr=SheetLine.named, kind=Kind.WORD, width=8),
        Column(key="planned", expr=SheetLine.planned, kind=Kind.PERCENT, width=10, wide=True),
        Column(key="silent", expr=SheetLine.silent, kind=Kind.NUMBER, width=12, wide=True),
        Column(key="grade", expr=SheetLine.grade, kind=Kind.WORD, width=8, wide=True),
        Column(key="stage", expr=SheetLine.stage, kind=Kind.WORD, width=10, wide=True),
        Column(key="type", expr=SheetLine.branch_type, kind=Kind.WORD, width=12, wide=True),
        Column(key="effect", expr=SheetLine.effect, width=50, wide=True),
        Column(key="correction", expr=_note, width=30, wide=True),
        Column(
            key="period",
            expr=Sheet.year * 10 + Sheet.issue,
            kind=Kind.NUMBER,
            width=16,
            wide=True,
            show=_period,
        ),
    ),
    query=_rows,
    scope=_scope,
    order=(SheetLine.unit_id.asc(),),
)


def to_release(ctx: Context, member: Member | None) -> Iterator[Duty]:
    """Sheets that wait for somebody's word."""
    if member is not None and not member.has(*OFFICE):
        return
    top = select(Unit.path).where(Unit.parent_id.is_(None)).order_by(Unit.id).limit(1)
    root = ctx.session.scalar(top) or "/"
    for sheet in ctx.session.scalars(
        select(Sheet).where(Sheet.state != SheetState.RELEASED).order_by(Sheet.id)
    ):
        since = ctx.local(sheet.at).date()
        yield Duty(
            key=f"publicity:{sheet.number}",
            title=t("publicity.duty"),
            detail=sheet_title(sheet),
            due=ctx.calendar.add_working(since, 2),
            since=since,
            unit_path=root,
            owners=tuple(offices(ctx)),
            number=sheet.number,
            act=Act(t("publicity.release"), action=f"publicity.release:{sheet.number}"),
        )


FAMILY = Family(
    records=(Record(prefix="GK", show=show),),
    duties=(DutySource(key="publicity", find=to_release),),
    ledgers=(LEDGER,),
    boards=(Board(key="publicity", show=board),),
)
