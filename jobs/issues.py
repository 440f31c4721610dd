"""What comes out issue by issue, by the clock: a draft for the party office, release, the groups.

``publicity-draft``, ``bulletin-preview``   some time before: draw the issue up, show it
``publicity-sheet``, ``monthly-bulletin``   on its day: release it, unless it is held or has to be
                                            approved
``publicity-tell``                          every few minutes: tell the groups of what was released
                                            or corrected
"""

from collections.abc import Callable, Iterator, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from handlers.content import Content, Text
from handlers.context import Context
from handlers.places import branch_by_id
from handlers.projects.bulletin import BULLETINS
from handlers.projects.common import tell
from handlers.projects.issues import (
    APPROVE,
    Publication,
    note_text,
    offices,
    preview_card,
    release,
)
from handlers.projects.publicity import SHEETS
from handlers.projects.published import PUBLICATIONS
from jobs.spec import Clockwork, Job
from models.group import Group
from models.issue import I, IssueState, Note, issue_of, untold_issues, untold_notes
from models.unit import Unit, UnitState

GROUPS_AT_ONCE = 200


def _drawn_up(work: Clockwork, publication: Publication[I]) -> I:
    """The issue that is due, drawn up if it was not."""
    period = publication.due(work.ctx.local(work.due).date())
    issue = issue_of(work.ctx.session, publication.kind, period)
    return issue or publication.make(work.ctx, period, work.cutoff)


def drafting(publication: Publication[I]) -> Callable[[Clockwork], Iterator[None]]:
    """Show the party office what will go out, with the buttons that release or hold it."""

    def run(work: Clockwork) -> Iterator[None]:
        issue = _drawn_up(work, publication)
        if issue.state is IssueState.DRAFT:
            _show(work.ctx, publication, issue)
        yield

    return run


def publishing(publication: Publication[I]) -> Callable[[Clockwork], Iterator[None]]:
    """Release the issue; one that is held, or has to be approved, waits for a person."""

    def run(work: Clockwork) -> Iterator[None]:
        issue = _drawn_up(work, publication)
        if issue.state is IssueState.DRAFT:
            if publication.gate(work.ctx.rules) == APPROVE:
                _show(work.ctx, publication, issue)
            else:
                release(work.ctx, issue)
        yield
        yield from tell_all(work)

    return run


def _show(ctx: Context, publication: Publication[I], issue: I) -> None:
    waits = publication.gate(ctx.rules) == APPROVE
    people, key = offices(ctx), f"{publication.key}-preview:{issue.number}"
    tell(ctx, people, Text(publication.text(ctx, issue, None)), f"{key}:text")
    tell(ctx, people, preview_card(publication, issue, waits=waits), f"{key}:card")


def tell_all(work: Clockwork) -> Iterator[None]:
    """Every bound group hears each released issue, and each correction, once."""
    for publication in PUBLICATIONS:
        yield from _tell(work, publication)


def _tell(work: Clockwork, publication: Publication[I]) -> Iterator[None]:
    for issue in untold_issues(work.ctx.session, publication.kind):
        yield from _tell_issue(work, publication, issue)
    for note in untold_notes(work.ctx.session, publication.kind):
        yield from _tell_note(work, publication, note)


def _tell_issue(work: Clockwork, publication: Publication[I], issue: I) -> Iterator[None]:
    last, kind, issue_id = 0, publication.kind, issue.id
    while groups := bound_groups(work.ctx.session, last):
        issue = work.ctx.session.get_one(kind, issue_id)
        files = publication.files(issue)
        for group, unit in groups:
            branch = branch_by_id(work.ctx, unit.branch_id) if unit.branch_id else None
            text = Text(publication.text(work.ctx, issue, branch))
            said: dict[str, Content] = {"text": text, **files}
            for part, content in said.items():
                key = f"{publication.job}:{issue.number}:{group.chatid}:{part}"
                work.ctx.push_group(group.chatid, content, key, work.due)
        last = groups[-1][0].id
        yield
    work.ctx.session.get_one(kind, issue_id).told_at = work.ctx.now
    yield


def _tell_note(work: Clockwork, publication: Publication[I], note: Note) -> Iterator[None]:
    last, kind, note_id = 0, publication.kind, note.id
    while groups := bound_groups(work.ctx.session, last):
        note = work.ctx.session.get_one(kind.NOTE, note_id)
        issue = work.ctx.session.get_one(kind, note.issue_id)
        for group, _ in groups:
            key = f"{publication.key}-note:{note.id}:{group.chatid}"
            text = Text(note_text(publication, issue, note))
            work.ctx.push_group(group.chatid, text, key, work.due)
        last = groups[-1][0].id
        yield
    work.ctx.session.get_one(kind.NOTE, note_id).told_at = work.ctx.now
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


DRAFT = Job("publicity-draft", drafting(SHEETS))
PUBLISH = Job(SHEETS.job, publishing(SHEETS))
PREVIEW = Job("bulletin-preview", drafting(BULLETINS))
BULLETIN = Job(BULLETINS.job, publishing(BULLETINS))
TELL = Job("publicity-tell", tell_all)
