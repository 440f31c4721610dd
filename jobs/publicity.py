"""双月公开单 by the clock: a draft for the party office, its release, telling the groups.

``publicity-draft``  two days before: draws up the issue and shows it to the party office
``publicity-sheet``  on the fifth of odd months: releases it, unless it is held or waits for a word
``publicity-tell``   every few minutes: tells the groups of what was released or corrected
"""

from collections.abc import Iterator, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from handlers.content import Content, Document, Export, Text
from handlers.context import Context
from handlers.places import branch_by_id
from handlers.projects.common import tell
from handlers.projects.publicity import (
    make_sheet,
    note_text,
    offices,
    preview_card,
    release,
    sheet_text,
    sheet_title,
)
from jobs.spec import Clockwork, Job
from models.group import Group
from models.publicity import (
    Sheet,
    SheetNote,
    SheetState,
    issue_before,
    sheet_of,
)
from models.unit import Unit, UnitState

GROUPS_AT_ONCE = 200
APPROVE = "approve"


def drawn_up(work: Clockwork) -> Sheet:
    """The issue about the last two months, drawn up if it was not."""
    year, issue = issue_before(work.ctx.local(work.due).date())
    sheet = sheet_of(work.ctx.session, year, issue)
    return sheet or make_sheet(work.ctx, year, issue, work.cutoff)


def draft(work: Clockwork) -> Iterator[None]:
    """Show the party office what will go out, with the buttons that release or hold it."""
    sheet = drawn_up(work)
    if sheet.state is SheetState.DRAFT:
        _show(work.ctx, sheet)
    yield


def publish(work: Clockwork) -> Iterator[None]:
    """Release the issue; one that is held, or has to be approved, waits for a person."""
    sheet = drawn_up(work)
    if sheet.state is SheetState.DRAFT:
        if work.ctx.rules.project.sheet_gate == APPROVE:
            _show(work.ctx, sheet)
        else:
            release(work.ctx, sheet)
    yield
    yield from tell_all(work)


def _show(ctx: Context, sheet: Sheet) -> None:
    waits = ctx.rules.project.sheet_gate == APPROVE
    people, key = offices(ctx), f"publicity-preview:{sheet.number}"
    tell(ctx, people, Text(sheet_text(ctx, sheet, None)), f"{key}:text")
    tell(ctx, people, preview_card(sheet, waits=waits), f"{key}:card")


def tell_all(work: Clockwork) -> Iterator[None]:
    """Every bound group hears each released issue, and each correction, once."""
    for sheet in work.ctx.session.scalars(
        select(Sheet).where(Sheet.state == SheetState.RELEASED, Sheet.told_at.is_(None))
    ).all():
        yield from _tell_sheet(work, sheet)
    for note in work.ctx.session.scalars(
        select(SheetNote).where(SheetNote.told_at.is_(None)).order_by(SheetNote.id)
    ).all():
        yield from _tell_note(work, note)


def _tell_sheet(work: Clockwork, sheet: Sheet) -> Iterator[None]:
    last, sheet_id = 0, sheet.id
    while groups := bound_groups(work.ctx.session, last):
        sheet = work.ctx.session.get_one(Sheet, sheet_id)
        name, params = sheet_title(sheet), {"number": sheet.number}
        files: dict[str, Content] = {
            "file": Export("publicity", name, params=params),
            "paper": Document("publicity", name, params=params),
        }
        for group, unit in groups:
            branch = branch_by_id(work.ctx, unit.branch_id) if unit.branch_id else None
            said: dict[str, Content] = {"text": Text(sheet_text(work.ctx, sheet, branch)), **files}
            for part, content in said.items():
                key = f"{PUBLISH.name}:{sheet.number}:{group.chatid}:{part}"
                work.ctx.push_group(group.chatid, content, key, work.due)
        last = groups[-1][0].id
        yield
    work.ctx.session.get_one(Sheet, sheet_id).told_at = work.ctx.now
    yield


def _tell_note(work: Clockwork, note: SheetNote) -> Iterator[None]:
    last, note_id = 0, note.id
    while groups := bound_groups(work.ctx.session, last):
        note = work.ctx.session.get_one(SheetNote, note_id)
        sheet = work.ctx.session.get_one(Sheet, note.sheet_id)
        for group, _ in groups:
            key = f"publicity-note:{note.id}:{group.chatid}"
            work.ctx.push_group(group.chatid, Text(note_text(sheet, note)), key, work.due)
        last = groups[-1][0].id
        yield
    work.ctx.session.get_one(SheetNote, note_id).told_at = work.ctx.now
    yield


def bound_groups(session: Session, after: int) -> Sequence[tuple[Group, Unit]]:
    """The next bound groups with their units."""
    rows = session.execute(
        select(Group, Unit)
        .join(Unit, Unit.id == Group.unit_id)
        .where(Group.id > after, Unit.state == UnitState.ACTIVE)
        .order_by(Group.id)
        .limit(GROUPS_AT_ONCE)
    )
    return [(group, unit) for group, unit in rows]


DRAFT = Job("publicity-draft", draft)
PUBLISH = Job("publicity-sheet", publish)
TELL = Job("publicity-tell", tell_all)
