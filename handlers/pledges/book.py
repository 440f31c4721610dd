"""Reading pledges: the dossier of one, the ledger 承诺, the public page 承诺公开栏."""

from collections.abc import Mapping, Sequence
from itertools import chain

from sqlalchemy import ColumnElement, and_, case, false, func, or_, select, true
from sqlalchemy.orm import aliased

from config.texts import label, t
from handlers.board import Board, BoardPage, Cell, Figure, Filter, TableBlock, Tile, TilesBlock
from handlers.content import Tone
from handlers.context import Context
from handlers.dossier import Act, Dossier, Record, Section, Step, path_of
from handlers.organisation import seen_units
from handlers.places import OVERSEERS, branch_by_id
from handlers.pledges.making import CHANGEABLE, REVIEWERS, find_pledge, owner_of
from handlers.pledges.vote import (
    can_vote,
    may_see_result,
    result_text,
    sees_result,
    waiting_ballots,
)
from handlers.reply import fill
from handlers.spec import Column, Family, Kind, Ledger, Rows, View
from models.attachment import Attachment, FileState
from models.errors import UserError
from models.person import Person
from models.pledge import (
    OPEN_TO_ALL,
    Pledge,
    PledgeEntry,
    PledgeEvent,
    PledgeKind,
    PledgeState,
    PledgeStep,
    entries_of,
    pledges_of,
)
from models.unit import Place, Unit, UnitKind, UnitState, inside
from models.vote import Ballot, Verdict

# The dossier


def may_read(ctx: Context, pledge: Pledge, branch: Place) -> bool:
    """Public ones everybody; before that the owner and the branch's reviewers."""
    if pledge.state in OPEN_TO_ALL or pledge.person_id == ctx.who.id:
        return True
    return ctx.who.has(*REVIEWERS, over=branch.path)


def show_pledge(ctx: Context, number: str) -> Dossier:
    """A pledge with its five steps, for those who may read it."""
    pledge, branch = find_pledge(ctx, number)
    if not may_read(ctx, pledge, branch):
        raise UserError("lookup.unknown", number=number)
    owner, close = owner_of(ctx, pledge), _answers_for(ctx, pledge, branch)
    failed = "、".join(label(question) for question in pledge.questions_failed)
    return Dossier(
        number=pledge.number,
        title=t("pledge.dossier", name=owner.name, kind=label(pledge.kind)),
        state=state_text(pledge),
        facts=(
            (t("pledge.fact_branch"), branch.name),
            (t("pledge.fact_year"), str(pledge.year)),
            (t("pledge.fact_class"), label(pledge.category)),
            (t("pledge.fact_entries"), t("pledge.times", count=pledge.entries)),
        ),
        sections=(
            Section(t("pledge.section_text"), pledge.text),
            Section(t("pledge.section_measure"), pledge.measure),
            Section(t("pledge.section_failed", questions=failed), pledge.note) if failed else _NONE,
            Section(t("pledge.section_vote"), _vote_text(ctx, pledge)),
            Section(t("pledge.section_reason"), pledge.reason if close else ""),
        ),
        steps=_steps(ctx, pledge, owner),
        acts=_acts(ctx, pledge, branch),
        photos=_photos(ctx, pledge),
    )


_NONE = Section("", "")
BETWEEN_THEM = (PledgeStep.RETURNED, PledgeStep.REVISED, PledgeStep.REMARKED)
"""Steps that are between the owner and those who answer for the branch."""


def _vote_text(ctx: Context, pledge: Pledge) -> str:
    """How to vote, while a ballot is open; afterwards its result, for the branch."""
    ballot = ctx.session.get(Ballot, pledge.id)
    if ballot is None or not may_see_result(ctx, pledge):
        return ""
    least = ctx.rules.pledge.vote_least
    if ballot.closed_at is None:
        return t("vote.open_text", until=ballot.until, least=least)
    return result_text(ballot, least)


def state_text(pledge: Pledge) -> str:
    """The word of its state; public ones with entries are being kept."""
    if pledge.state is PledgeState.PUBLIC and pledge.entries:
        return t("pledge.keeping")
    return label(pledge.state)


def _steps(ctx: Context, pledge: Pledge, owner: Person) -> Sequence[Step]:
    events = ctx.session.execute(
        select(PledgeEvent, Person.name)
        .outerjoin(Person, Person.id == PledgeEvent.person_id)
        .where(PledgeEvent.pledge_id == pledge.id, _told(ctx, pledge))
    )
    shown = may_see_result(ctx, pledge)
    rows = chain(
        (
            Step(
                event.at,
                label(event.step),
                name or "",
                event.note if shown or event.step is not PledgeStep.VOTE_CLOSED else "",
            )
            for event, name in events
        ),
        (
            Step(entry.at, t("pledge.entry", number=entry.number), owner.name, entry.said)
            for entry in entries_of(ctx.session, pledge.id)
        ),
    )
    return sorted(rows, key=lambda step: step.at)


def _answers_for(ctx: Context, pledge: Pledge, branch: Place) -> bool:
    """Whether the reader made the pledge, or answers for its branch."""
    return pledge.person_id == ctx.who.id or ctx.who.has(*REVIEWERS, over=branch.path)


def _told(ctx: Context, pledge: Pledge) -> ColumnElement[bool]:
    """Everybody reads the five steps; who answers for it also what the review and others said."""
    if _answers_for(ctx, pledge, branch_by_id(ctx, pledge.unit_id)):
        return true()
    return PledgeEvent.step.not_in(BETWEEN_THEM)


def _photos(ctx: Context, pledge: Pledge) -> Sequence[int]:
    return ctx.session.scalars(
        select(Attachment.id)
        .join(PledgeEntry, PledgeEntry.number == Attachment.record)
        .where(PledgeEntry.pledge_id == pledge.id, Attachment.state != FileState.LOST)
        .order_by(Attachment.id)
    ).all()


def _acts(ctx: Context, pledge: Pledge, branch: Place) -> Sequence[Act]:
    """What the reader may do now."""
    if pledge.person_id == ctx.who.id:
        return _own_acts(pledge)
    number = {"number": pledge.number}
    if pledge.state is PledgeState.VOTING:
        return _ballot_acts(ctx, pledge)
    answers_for = ctx.who.has(*REVIEWERS, over=branch.path)
    if pledge.state is PledgeState.PUBLIC:
        remark = Act(t("pledge_remark.act"), command="pledge_remark", answers=number)
        if not answers_for or can_vote(ctx, branch.id):
            return (remark,)
        return (Act(t("pledge_end.act"), command="pledge_end", answers=number), remark)
    if not answers_for:
        return ()
    if pledge.state is PledgeState.APPROVED:
        publish = f"pledge.publish:{branch.code}"
        return (Act(t("pledge.publish"), action=publish, tone=Tone.PRIMARY),)
    forms = {
        PledgeState.SUBMITTED: ("pledge.review", "pledge_review"),
        PledgeState.VOTED: ("pledge_end.act", "pledge_end"),
    }
    if pledge.state not in forms:
        return ()
    words, command = forms[pledge.state]
    return (Act(t(words), command=command, answers=number, tone=Tone.PRIMARY),)


def _ballot_acts(ctx: Context, pledge: Pledge) -> Sequence[Act]:
    """One button a verdict, for those who may still vote; in a group the buttons do not show."""
    if all(waiting.id != pledge.id for waiting in waiting_ballots(ctx)):
        return ()
    return [
        Act(label(verdict), action=f"vote.cast:{pledge.number}/{verdict.value}")
        for verdict in Verdict
    ]


def _own_acts(pledge: Pledge) -> Sequence[Act]:
    number = {"number": pledge.number}
    withdraw = Act(t("pledge.withdraw"), action=f"pledge.withdraw:{pledge.number}")
    if pledge.state in CHANGEABLE:
        change = Act(t("pledge.change"), command="pledge_change", answers=number, tone=Tone.PRIMARY)
        return (change, withdraw)
    if pledge.state is PledgeState.PUBLIC:
        return (Act(t("pledge.practise"), command="practice", answers=number, tone=Tone.PRIMARY),)
    return (withdraw,) if pledge.state is PledgeState.APPROVED else ()


def my_pledges(ctx: Context) -> Sequence[str]:
    """The speaker's pledges of the year."""
    return [
        fill(
            "pledge.mine",
            number=pledge.number,
            kind=label(pledge.kind),
            state=state_text(pledge),
            text=pledge.text[:30],
        )
        for pledge in pledges_of(ctx.session, ctx.who.id, ctx.today.year)
    ]


# The ledger

OWNER = aliased(Person)


def readable(view: View) -> ColumnElement[bool]:
    """Public pledges of the units one may see, one's own, and all below where one reviews."""
    member = view.member
    if member is None:
        return true()
    below = [inside(path) for path in member.paths(*REVIEWERS)]
    public = and_(seen_units(view), Pledge.state.in_(OPEN_TO_ALL))
    return or_(public, Pledge.person_id == member.id, or_(false(), *below))


def _pledges(view: View) -> Rows:
    return (
        select()
        .select_from(Pledge)
        .join(Unit, Unit.id == Pledge.unit_id)
        .join(OWNER, OWNER.id == Pledge.person_id)
        .outerjoin(Ballot, and_(Ballot.pledge_id == Pledge.id, sees_result(view.member)))
        .where(readable(view))
    )


PLEDGES = Ledger(
    key="pledge",
    columns=(
        Column(key="number", expr=Pledge.number, width=16),
        Column(key="branch", expr=Unit.name, width=34),
        Column(key="name", expr=OWNER.name, width=10),
        Column(key="kind", expr=Pledge.kind, kind=Kind.WORD, width=10),
        Column(key="category", expr=Pledge.category, kind=Kind.WORD, width=8),
        Column(key="text", expr=Pledge.text, width=50),
        Column(key="state", expr=Pledge.state, kind=Kind.WORD, width=12),
        Column(key="entries", expr=Pledge.entries, kind=Kind.NUMBER, width=8),
        Column(key="year", expr=Pledge.year, kind=Kind.NUMBER, width=8, wide=True),
        Column(key="measure", expr=Pledge.measure, width=30, wide=True),
        Column(key="at", expr=Pledge.at, kind=Kind.TIME, width=18, wide=True),
        Column(key="published", expr=Pledge.published_at, kind=Kind.TIME, width=18, wide=True),
        Column(key="entry_at", expr=Pledge.entry_at, kind=Kind.TIME, width=18, wide=True),
        Column(key="good", expr=Ballot.good, kind=Kind.NUMBER, width=8, wide=True),
        Column(key="fair", expr=Ballot.fair, kind=Kind.NUMBER, width=10, wide=True),
        Column(key="poor", expr=Ballot.poor, kind=Kind.NUMBER, width=8, wide=True),
    ),
    query=_pledges,
    order=(Unit.path.asc(), Pledge.year.desc(), Pledge.id.asc()),
)


def _entries(view: View) -> Rows:
    return (
        select()
        .select_from(PledgeEntry)
        .join(Pledge, Pledge.id == PledgeEntry.pledge_id)
        .join(Unit, Unit.id == Pledge.unit_id)
        .join(OWNER, OWNER.id == Pledge.person_id)
        .where(readable(view))
    )


EVIDENCE = (
    select(func.count())
    .where(Attachment.record == PledgeEntry.number, Attachment.state != FileState.LOST)
    .correlate(PledgeEntry)
    .scalar_subquery()
)

ENTRIES = Ledger(
    key="pledge_entry",
    columns=(
        Column(key="number", expr=PledgeEntry.number, width=16),
        Column(key="pledge", expr=Pledge.number, width=16),
        Column(key="branch", expr=Unit.name, width=34, wide=True),
        Column(key="name", expr=OWNER.name, width=10),
        Column(key="kind", expr=Pledge.kind, kind=Kind.WORD, width=10),
        Column(key="said", expr=PledgeEntry.said, width=50),
        Column(key="at", expr=PledgeEntry.at, kind=Kind.TIME, width=18),
        Column(key="photos", expr=EVIDENCE, kind=Kind.NUMBER, width=8, wide=True),
        Column(key="state", expr=PledgeEntry.state, kind=Kind.WORD, width=8, wide=True),
    ),
    query=_entries,
    order=(PledgeEntry.at.desc(), PledgeEntry.id.desc()),
)


# The public page


def branch_wanted(ctx: Context, params: Mapping[str, str]) -> Place | None:
    """The branch a page is about: that of the address, else the reader's own."""
    code = params.get("unit", "")
    if code:
        unit_id = ctx.session.scalar(
            select(Unit.id).where(Unit.code == code, Unit.kind == UnitKind.BRANCH)
        )
        return branch_by_id(ctx, unit_id) if unit_id else None
    return branch_by_id(ctx, ctx.who.branch_id) if ctx.who.branch_id else None


def year_filter(ctx: Context, params: Mapping[str, str]) -> tuple[int, Filter]:
    """The year a page is about, and the choice above it."""
    this = ctx.today.year
    first = ctx.session.scalar(select(func.min(Pledge.year))) or this
    chosen = params.get("year", "")
    year = int(chosen) if chosen.isdecimal() and first <= int(chosen) <= this else this
    options = [(str(one), t("pledge.year", year=one)) for one in range(this, first - 1, -1)]
    return year, Filter("year", t("pledge.filter_year"), options, str(year))


def _count(kind: PledgeKind) -> ColumnElement[int]:
    return func.count(case((Pledge.kind == kind, 1)))


def _public_page(ctx: Context, params: Mapping[str, str]) -> BoardPage:
    """One branch's public pledges as tiles, or all branches with their counts."""
    year, choice = year_filter(ctx, params)
    wide = params.get("all") == "1"
    branch = None if wide else branch_wanted(ctx, params)
    scope = Filter(
        "all",
        t("pledge.scope"),
        (("", t("pledge.scope_own")), ("1", t("pledge.scope_all"))),
        "1" if wide else "",
    )
    where = [Pledge.year == year, Pledge.state.in_(OPEN_TO_ALL)]
    if branch is not None:
        where.append(Pledge.unit_id == branch.id)
    post, service, entries, kept = ctx.session.execute(
        select(
            _count(PledgeKind.POST),
            _count(PledgeKind.SERVICE),
            func.coalesce(func.sum(Pledge.entries), 0),
            func.count(case((Pledge.state == PledgeState.KEPT, 1))),
        ).where(*where)
    ).one()
    block = _tiles(ctx, branch, where) if branch else _branches(ctx, year)
    return BoardPage(
        title=t("pledge.board", branch=branch.name) if branch else t("board.pledges.title"),
        note=t("pledge.board_note"),
        figures=(
            Figure(label(PledgeKind.POST), str(post)),
            Figure(label(PledgeKind.SERVICE), str(service)),
            Figure(t("pledge.figure_entries"), str(entries)),
            Figure(t("pledge.figure_kept"), str(kept)),
        ),
        blocks=(block,),
        filters=(scope, choice) if ctx.who.branch_id and not params.get("unit") else (choice,),
        acts=(Act(t("pledge.make"), command="pledge", tone=Tone.PRIMARY),),
    )


def _tiles(ctx: Context, branch: Place, where: Sequence[ColumnElement[bool]]) -> TilesBlock:
    rows = ctx.session.execute(
        select(Pledge, Person.name)
        .join(Person, Person.id == Pledge.person_id)
        .where(*where)
        .order_by(Person.name, Person.id, Pledge.kind)
    )
    tiles = [
        Tile(
            title=t("pledge.tile", name=name, kind=label(pledge.kind)),
            note=t("pledge.tile_note", text=pledge.text, state=_standing(pledge)),
            href=path_of(pledge.number),
        )
        for pledge, name in rows
    ]
    return TilesBlock(tiles=tiles, note="" if tiles else t("pledge.board_empty", name=branch.name))


def _standing(pledge: Pledge) -> str:
    """What a tile says at its end: how often it was kept, or how it ended."""
    if pledge.state is PledgeState.PUBLIC and pledge.entries:
        return t("pledge.kept_times", count=pledge.entries)
    return state_text(pledge)


def _near(ctx: Context) -> ColumnElement[bool]:
    """The branches beside the reader's own, and those the reader answers for."""
    below = [inside(path) for path in ctx.who.paths(*OVERSEERS)]
    if ctx.who.branch_id is None:
        return or_(false(), *below)
    path = branch_by_id(ctx, ctx.who.branch_id).path
    above = path[: path.rstrip("/").rfind("/") + 1]
    return or_(inside(above), *below)


def _branches(ctx: Context, year: int) -> TableBlock:
    """Every active branch with its counts."""
    rows = ctx.session.execute(
        select(
            Unit.code,
            Unit.name,
            _count(PledgeKind.POST),
            _count(PledgeKind.SERVICE),
            func.coalesce(func.sum(Pledge.entries), 0),
        )
        .outerjoin(
            Pledge,
            and_(Pledge.unit_id == Unit.id, Pledge.year == year, Pledge.state.in_(OPEN_TO_ALL)),
        )
        .where(Unit.kind == UnitKind.BRANCH, Unit.state == UnitState.ACTIVE, _near(ctx))
        .group_by(Unit.id, Unit.code, Unit.name, Unit.path)
        .order_by(Unit.path)
    )
    return TableBlock(
        headings=(
            t("pledge.fact_branch"),
            label(PledgeKind.POST),
            label(PledgeKind.SERVICE),
            t("pledge.figure_entries"),
        ),
        rows=[
            (
                Cell(name, href=f"/board/pledges?unit={code}&year={year}"),
                Cell(str(post)),
                Cell(str(service)),
                Cell(str(entries)),
            )
            for code, name, post, service, entries in rows
        ],
        numeric=frozenset({1, 2, 3}),
    )


FAMILY = Family(
    records=(Record(prefix="CN", show=show_pledge),),
    ledgers=(PLEDGES, ENTRIES),
    boards=(Board(key="pledges", show=_public_page),),
    mine=(my_pledges,),
)
