"""What comes out issue by issue: shown first, released or held, told to the groups, corrected.

A :class:`Publication` says what is particular to 双月公开单 or 情况通报; all that happens to their
issues is here, once. :func:`family_of` makes commands, buttons, records and duties for all of them,
``jobs/issues.py`` the jobs.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Generic

from sqlalchemy import func, select

from config.rules import Rules
from config.texts import label, t
from handlers.board import Cell, Filter, TableBlock
from handlers.content import Button, Card, Content, Tone
from handlers.context import Context
from handlers.dossier import Act, Dossier, Record, Section, Step, path_of
from handlers.duty import Duty, DutySource
from handlers.figures import minute_text
from handlers.paper import Block, Heading, Paper, Para
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
from models.issue import (
    I,
    Issue,
    IssueState,
    Note,
    issue_by_number,
    newest_issues,
    notes_of,
    waiting_issues,
)
from models.person import Grant, Member, Person, PersonState, Role
from models.unit import Place, Unit, unit_by_code

OFFICE: Final = frozenset({Role.PARTY_OFFICE})
APPROVE: Final = "approve"
OFFERED: Final = 12
"""So many issues are offered on pages: two years of a sheet, one of a bulletin."""

HOLD: Final = Form(
    key="issue_hold",
    version=1,
    fields=(RecordNumber(key="number"), REASON),
    positional=("number", "reason"),
)
CORRECT: Final = Form(
    key="issue_note",
    version=1,
    fields=(
        RecordNumber(key="number"),
        UnitField(key="unit", required=False, aside=True),
        LongText(key="text", min_chars=4, max_chars=500),
    ),
    positional=("number", "text"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication(Generic[I]):
    """What comes out issue by issue.

    ``key``     of its page and paper; texts ``<key>.name/none_yet/more``
    ``kind``    its issues
    ``job``     the job that releases it; what the groups are told bears its name
    ``title``   of an issue, as ``2026年第5期双月公开单（9—10月）``
    ``short``   the same for a choice on a phone
    ``due``     which issue (year, number) is about the time before a day
    ``make``    draws an issue up: frozen, from what was known at the cut-off (aware, UTC)
    ``text``    what a group reads, with the line of its own branch if there is one
    ``facts``   what its dossier says of it, and in which sections
    ``files``   what the groups get with it, by part of the key
    ``gate``    ``hold`` (it goes out unless it is held) or ``approve`` (not before it is released)
    """

    key: str
    kind: type[I]
    job: str
    title: Callable[[I], str]
    short: Callable[[I], str]
    due: Callable[[date], tuple[int, int]]
    make: Callable[[Context, tuple[int, int], datetime], I]
    text: Callable[[Context, I, Place | None], Markdown]
    facts: Callable[[Context, I], tuple[Sequence[tuple[str, str]], Sequence[Section]]]
    files: Callable[[I], Mapping[str, Content]]
    gate: Callable[[Rules], str]


# Who may read and who decides


def sees_drafts(member: Member | None) -> bool:
    """The party office; None is the operator at the machine."""
    return member is None or member.has(*OFFICE)


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


def readable(ctx: Context, publication: Publication[I], number: str | None) -> I:
    """An issue the speaker may read, without a number the newest; drafts are for the office."""
    drafts, kind = ctx.member is not None and sees_drafts(ctx.member), publication.kind
    if number is None:
        newest = newest_issues(ctx.session, kind, 1, drafts=drafts)
        if not newest:
            raise UserError(f"{publication.key}.none_yet")
        return newest[0]
    issue = issue_by_number(ctx.session, kind, number)
    if issue is None or (issue.state is not IssueState.RELEASED and not drafts):
        raise UserError("issue.unknown", number=number)
    return issue


def choice(publication: Publication[I], issues: Sequence[I], chosen: str) -> Filter:
    """The choice of an issue, above a page or a ledger."""
    options = [(one.number, publication.short(one)) for one in issues]
    return Filter("number", t("issue.filter"), options, chosen)


def issue_table(publication: Publication[I], issues: Sequence[I]) -> TableBlock:
    """The last issues, each with its record."""
    return TableBlock(
        title=t("issue.all"),
        headings=(t("issue.number"), t("issue.filter"), t("issue.state_heading")),
        rows=[
            (
                Cell(one.number, href=path_of(one.number)),
                Cell(publication.title(one)),
                Cell(label(one.state)),
            )
            for one in issues
        ],
    )


# What is said of an issue


def preview_card(publication: Publication[I], issue: I, *, waits: bool) -> Card:
    """The draft with the buttons that release or hold it."""
    return Card(
        title=t("issue.preview", title=publication.title(issue)),
        desc=t("issue.preview_waits" if waits else "issue.preview_runs"),
        buttons=(
            Button(t("issue.release"), f"issue.release:{issue.number}", Tone.PRIMARY),
            Button(t("issue.hold"), f"begin:issue_hold/number={issue.number}"),
        ),
    )


def release(ctx: Context, issue: Issue) -> None:
    """Let an issue go: the groups are told by the job ``publicity-tell``."""
    issue.move_to(
        ctx.session,
        IssueState.RELEASED,
        released_by_id=ctx.member.id if ctx.member else None,
        released_at=ctx.now,
    )


def note_lines(ctx: Context, issue: Issue) -> list[Markdown]:
    """The corrections under an issue."""
    return [fill("issue.note_line", text=note.text) for note in notes_of(ctx.session, issue)]


def note_text(publication: Publication[I], issue: I, note: Note) -> Markdown:
    """What the groups read of a correction."""
    return fill("issue.note", title=publication.title(issue), text=note.text)


def heading(ctx: Context, publication: Publication[I], issue: I) -> tuple[str, str]:
    """Title of the page of an issue, and what was corrected since."""
    state = "" if issue.state is IssueState.RELEASED else label(issue.state)
    notes = "；".join(note.text for note in notes_of(ctx.session, issue))
    title = t("issue.board_title", title=publication.title(issue), state=state)
    return title, t("issue.board_note", text=notes) if notes else ""


def papers_of(publication: Publication[I], issue: I) -> Sequence[tuple[str, str, dict[str, str]]]:
    """Word and PDF of an issue."""
    return ((t(f"{publication.key}.paper"), publication.key, {"number": issue.number}),)


def paper_of(ctx: Context, publication: Publication[I], issue: I, body: Sequence[Block]) -> Paper:
    """An issue as an official paper; drafts say so on every page."""
    company = ctx.session.scalar(
        select(Unit.name).where(Unit.parent_id.is_(None)).order_by(Unit.id).limit(1)
    )
    return Paper(
        title=publication.title(issue),
        addressee=t("papers.publicity.addressee"),
        body=body,
        issuer=t("papers.publicity.issuer", company=company or ""),
        day=ctx.local(issue.released_at or issue.at).date(),
        mark="" if issue.state is IssueState.RELEASED else label(issue.state),
    )


def note_blocks(ctx: Context, issue: Issue) -> Iterator[Block]:
    """The corrections of an issue on its paper."""
    for number, note in enumerate(notes_of(ctx.session, issue), 1):
        if number == 1:
            yield Heading(t("papers.publicity.part_notes"))
        yield Para(t("papers.publicity.note", number=number, text=note.text))


def acts_on(ctx: Context, issue: Issue) -> Iterator[Act]:
    """What the party office at the top may do with an issue now."""
    if ctx.who.id not in offices(ctx):
        return
    number = {"number": issue.number}
    if issue.state is IssueState.RELEASED:
        yield Act(t("issue.correct"), command="issue_note", answers=number)
        return
    action = f"issue.release:{issue.number}"
    yield Act(t("issue.release"), action=action, tone=Tone.PRIMARY)
    yield Act(t("issue.hold"), command="issue_hold", answers=number)


def shown(publication: Publication[I], form: Form) -> Command:
    """The command that shows the newest issue, or one by its number."""

    def show(ctx: Context, answers: Answers) -> Reply:
        issue = readable(ctx, publication, answers["number"])
        text = publication.text(ctx, issue, branch_in_question(ctx))
        draft = issue.state is not IssueState.RELEASED
        state = fill("issue.state", state=label(issue.state)) if draft else ""
        url = ctx.page(f"/board/{publication.key}")
        more = "" if ctx.room else Markdown(t(f"{publication.key}.more", url=url))
        card = preview_card(publication, issue, waits=True) if draft and not ctx.room else None
        return Reply(lines(state, text, more), card=card)

    return Command(key=publication.key, form=form, run=show)


# What may be done


class _Desk:
    """Release, hold and correct, for whatever the number belongs to."""

    def __init__(self, publications: Sequence[Publication[Any]]) -> None:
        self._by_prefix = {one.kind.PREFIX: one for one in publications}
        self._all = publications

    def _managed(self, ctx: Context, number: str) -> tuple[Publication[Any], Issue]:
        """An issue, for the party office at the top."""
        publication = self._by_prefix.get(number.partition("-")[0])
        if publication is None:
            raise UserError("issue.unknown", number=number)
        issue = issue_by_number(ctx.session, publication.kind, number)
        if issue is None:
            raise UserError("issue.unknown", number=number)
        if ctx.who.id not in offices(ctx):
            names = names_of(ctx, offices(ctx))
            raise UserError("issue.office", title=publication.title(issue), names=names)
        return publication, issue

    def release(self, ctx: Context, argument: str, picked: Mapping[str, tuple[str, ...]]) -> Reply:
        """The button under the preview; ``argument`` is the issue's number."""
        del picked
        publication, issue = self._managed(ctx, argument)
        title = publication.title(issue)
        if issue.state is IssueState.RELEASED:
            raise UserError("issue.released_before", title=title)
        release(ctx, issue)
        ctx.subject = issue.number
        card = Card(title=t("issue.released_title"), desc=title)
        return Reply(fill("issue.released", title=title), card)

    def hold(self, ctx: Context, answers: Answers) -> Reply:
        """``/暂缓发布 GK-… 原因``: it does not go out before somebody releases it."""
        publication, issue = self._managed(ctx, answers["number"])
        title = publication.title(issue)
        if issue.state is IssueState.RELEASED:
            raise UserError("issue.released_before", title=title)
        if issue.state is IssueState.DRAFT:
            issue.move_to(ctx.session, IssueState.HELD, reason=answers["reason"])
        ctx.subject = issue.number
        return say("issue.held", title=title, number=issue.number)

    def correct(self, ctx: Context, answers: Answers) -> Reply:
        """``/发布更正 GK-… 说明``: the issue stays as it was, the note goes to its readers."""
        publication, issue = self._managed(ctx, answers["number"])
        title = publication.title(issue)
        if issue.state is not IssueState.RELEASED:
            raise UserError("issue.not_released", title=title)
        unit = unit_by_code(ctx.session, answers["unit"].key) if answers["unit"] else None
        note = issue.NOTE(
            issue_id=issue.id,  # type: ignore[call-arg]  # its kinds are mapped
            unit_id=unit.id if unit else None,
            text=answers["text"],
            person_id=ctx.who.id,
            at=ctx.now,
        )
        ctx.session.add(note)
        ctx.session.flush()
        ctx.subject = issue.number
        return say("issue.corrected", title=title)

    def show(self, ctx: Context, number: str) -> Dossier:
        """An issue: its figures, who released it, what was corrected, and the papers."""
        publication = self._by_prefix[number.partition("-")[0]]
        issue = issue_by_number(ctx.session, publication.kind, number)
        drafts = sees_drafts(ctx.who)
        if issue is None or (issue.state is not IssueState.RELEASED and not drafts):
            raise UserError("lookup.unknown", number=number)
        facts, sections = publication.facts(ctx, issue)
        at = minute_text(ctx.local(issue.cutoff))
        return Dossier(
            number=issue.number,
            title=publication.title(issue),
            state=label(issue.state),
            facts=((t("issue.cutoff"), at), *facts),
            sections=sections,
            steps=_steps(ctx, issue),
            acts=tuple(acts_on(ctx, issue)),
            papers=papers_of(publication, issue),
        )

    def to_release(self, ctx: Context, member: Member | None) -> Iterator[Duty]:
        """Issues that wait for somebody's word."""
        if not sees_drafts(member):
            return
        top = select(Unit.path).where(Unit.parent_id.is_(None)).order_by(Unit.id).limit(1)
        root = ctx.session.scalar(top) or "/"
        for publication in self._all:
            for issue in waiting_issues(ctx.session, publication.kind):
                since = ctx.local(issue.at).date()
                yield Duty(
                    key=f"{publication.key}:{issue.number}",
                    title=t("issue.duty", name=t(f"{publication.key}.name")),
                    detail=publication.title(issue),
                    due=ctx.calendar.add_working(since, 2),
                    since=since,
                    unit_path=root,
                    owners=tuple(offices(ctx)),
                    number=issue.number,
                    act=Act(t("issue.release"), action=f"issue.release:{issue.number}"),
                )


def _steps(ctx: Context, issue: Issue) -> Sequence[Step]:
    notes = notes_of(ctx.session, issue)
    ids = [issue.released_by_id, *(note.person_id for note in notes)]
    names = {
        person.id: person.name
        for person in ctx.session.scalars(select(Person).where(Person.id.in_(ids)))
    }
    steps = [Step(issue.at, t("issue.step_drawn"), "", issue.reason)]
    if issue.released_at is not None:
        who = names.get(issue.released_by_id or 0, "")
        steps.append(Step(issue.released_at, t("issue.step_released"), who))
    steps += [
        Step(note.at, t("issue.step_note"), names.get(note.person_id, ""), note.text)
        for note in notes
    ]
    return steps


def family_of(publications: Sequence[Publication[Any]]) -> Family:
    """Commands, the button, records and duties for all that comes out issue by issue."""
    desk = _Desk(publications)
    return Family(
        commands=(
            Command(key="issue_hold", form=HOLD, run=desk.hold, roles=OFFICE),
            Command(key="issue_note", form=CORRECT, run=desk.correct, roles=OFFICE),
        ),
        actions=(Action(key="issue.release", run=desk.release, roles=OFFICE),),
        records=tuple(Record(prefix=one.kind.PREFIX, show=desk.show) for one in publications),
        duties=(DutySource(key="publicity", find=desk.to_release),),
    )
