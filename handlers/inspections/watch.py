"""不放心支部: proposed with reasons, signed by a person, lifted; a small circle reads it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Select, func, or_, select, true

from config.texts import label, t
from handlers.board import Board, BoardPage, Cell, TableBlock
from handlers.content import Text, Tone
from handlers.context import Context
from handlers.dossier import Act, Dossier, Record, Section, Step
from handlers.duties import day_words
from handlers.duty import Duty, DutySource
from handlers.organisation import near
from handlers.owners import Owners
from handlers.places import branch_by_id, branch_in_question
from handlers.reply import Reply, fill, say
from handlers.spec import Action, Command, Family, Where
from handlers.telling import tell_holders, tell_person
from models.check import Finding, FindingState
from models.errors import UserError
from models.forms.field import Answers
from models.forms.form import Form
from models.forms.kinds import LongText
from models.forms.kinds import Person as PersonField
from models.forms.kinds import Text as TextField
from models.forms.kinds import Unit as UnitField
from models.forms.record import RecordNumber
from models.notice import Notice
from models.number import next_number
from models.person import Member, Person, Role, member_by_userid
from models.unit import Place, Unit, UnitState
from models.watch import Watch, WatchNote, WatchState, notes_of, running_watch, watch_by_number

KEEPERS = (Role.PARTY_OFFICE, Role.COMMITTEE_SECRETARY)
LOOKED_BACK = timedelta(days=90)
SUPERVISED, REPEATED = 1, 2
"""Supervised notices and repeated findings in that time from which a branch is pointed out."""

PROPOSE = Form(
    key="watch",
    version=1,
    fields=(
        UnitField(key="branch"),
        PersonField(key="superior"),
        TextField(key="measures", max_chars=500),
        TextField(key="exit", max_chars=300),
        LongText(key="reason", max_chars=1000),
    ),
    positional=("branch", "superior"),
)
NOTE = Form(
    key="watch_note",
    version=1,
    fields=(RecordNumber(key="number"), LongText(key="said", max_chars=1000)),
    positional=("number", "said"),
)


def may_read(ctx: Context, watch: Watch, branch: Place) -> bool:
    """The keepers above the branch, who answers for it, and the branch's own secretary."""
    member = ctx.who
    own = member.branch_id == branch.id and member.has(Role.SECRETARY, over=branch.path)
    signed = watch.state in (WatchState.LISTED, WatchState.LIFTED)
    return (
        member.has(*KEEPERS, over=branch.path) or member.id == watch.superior_id or (own and signed)
    )


def _found(ctx: Context, number: str) -> tuple[Watch, Place]:
    watch = watch_by_number(ctx.session, number)
    branch = branch_by_id(ctx, watch.branch_id) if watch else None
    if watch is None or branch is None or not may_read(ctx, watch, branch):
        raise UserError("lookup.unknown", number=number)
    return watch, branch


def _private(ctx: Context) -> None:
    """Never in a group: what was typed there is not stored."""
    if ctx.room is not None:
        raise UserError("error.private_only")


def _note(ctx: Context, watch: Watch, what: str, said: str = "") -> None:
    row = WatchNote(watch_id=watch.id, what=what, said=said, person_id=ctx.who.id, at=ctx.now)
    ctx.session.add(row)


def propose(ctx: Context, answers: Answers) -> Reply:
    """``/不放心支部``: with reason, measures, who answers for it and when it ends."""
    branch = branch_in_question(ctx, answers["branch"])
    if branch is None:
        raise UserError("error.not_a_branch", name=answers["branch"].label)
    ctx.need(*KEEPERS, over=branch.path)
    if running_watch(ctx.session, branch.id) is not None:
        raise UserError("watch.running", branch=branch.name)
    superior = member_by_userid(ctx.session, answers["superior"].key)
    if superior is None or superior.branch_id == branch.id:
        raise UserError("watch.superior")
    signs = ctx.who.has(Role.COMMITTEE_SECRETARY, over=branch.path)
    watch = Watch(
        number=next_number(ctx.session, "BF", ctx.today.year),
        branch_id=branch.id,
        state=WatchState.LISTED if signs else WatchState.PROPOSED,
        reason=answers["reason"],
        measures=answers["measures"],
        exit_condition=answers["exit"],
        superior_id=superior.id,
        proposed_by_id=ctx.who.id,
        proposed_at=ctx.now,
        signed_by_id=ctx.who.id if signs else None,
        signed_at=ctx.now if signs else None,
        review_on=ctx.today + timedelta(days=ctx.rules.notices.watch_days),
    )
    ctx.session.add(watch)
    ctx.session.flush()
    _note(ctx, watch, "proposed")
    ctx.subject = watch.number
    if signs:
        _tell_listed(ctx, watch, branch)
    return say(
        "watch.listed" if signs else "watch.proposed", number=watch.number, branch=branch.name
    )


def _tell_listed(ctx: Context, watch: Watch, branch: Place) -> None:
    told = fill(
        "watch.told",
        number=watch.number,
        reason=watch.reason,
        exit=watch.exit_condition,
        review=day_words(ctx, watch.review_on),
    )
    tell_holders(ctx, Role.SECRETARY, branch.path, f"watch:{watch.number}", Text(told))
    told = fill("watch.superior_told", number=watch.number, branch=branch.name)
    tell_person(ctx, watch.superior_id, f"watch-superior:{watch.number}", Text(told))


def decide(
    ctx: Context, argument: str, picked: Mapping[str, tuple[str, ...]], *, signed: bool
) -> Reply:
    """The committee's secretary signs what the party office proposed, or declines."""
    del picked
    watch, branch = _found(ctx, argument)
    ctx.need(Role.COMMITTEE_SECRETARY, over=branch.path)
    state = WatchState.LISTED if signed else WatchState.DECLINED
    watch.move_to(ctx.session, state, signed_by_id=ctx.who.id, signed_at=ctx.now)
    _note(ctx, watch, "listed" if signed else "declined")
    ctx.subject = watch.number
    if signed:
        _tell_listed(ctx, watch, branch)
    return say(
        "watch.listed" if signed else "watch.declined", number=watch.number, branch=branch.name
    )


def sign_tapped(ctx: Context, argument: str, picked: Mapping[str, tuple[str, ...]]) -> Reply:
    """签发."""
    return decide(ctx, argument, picked, signed=True)


def decline_tapped(ctx: Context, argument: str, picked: Mapping[str, tuple[str, ...]]) -> Reply:
    """不列入."""
    return decide(ctx, argument, picked, signed=False)


def add_note(ctx: Context, answers: Answers) -> Reply:
    """``/帮扶 BF-… 内容``: what was done to help; the keepers and the superior write."""
    _private(ctx)
    watch, branch = _found(ctx, answers["number"])
    if ctx.who.id != watch.superior_id:
        ctx.need(*KEEPERS, over=branch.path)
    _listed(watch)
    _note(ctx, watch, "help", answers["said"])
    ctx.subject = watch.number
    return say("watch.noted", number=watch.number)


def appeal(ctx: Context, answers: Answers) -> Reply:
    """``/申诉 BF-… 理由``: the branch's secretary; the committee's secretary reads it."""
    _private(ctx)
    watch, branch = _found(ctx, answers["number"])
    ctx.need(Role.SECRETARY, over=branch.path)
    _listed(watch)
    _note(ctx, watch, "appeal", answers["said"])
    ctx.subject = watch.number
    text = fill("watch.appeal_told", number=watch.number)
    key = f"watch-appeal:{watch.number}:{len(notes_of(ctx.session, watch.id))}"
    for role in KEEPERS:
        tell_holders(ctx, role, branch.path, key, Text(text))
    return say("watch.appealed", number=watch.number)


def lift(ctx: Context, answers: Answers) -> Reply:
    """``/摘牌 BF-… 依据``: the condition is met; the committee's secretary says so."""
    _private(ctx)
    watch, branch = _found(ctx, answers["number"])
    ctx.need(Role.COMMITTEE_SECRETARY, over=branch.path)
    watch.move_to(ctx.session, WatchState.LIFTED, ended_at=ctx.now)
    _note(ctx, watch, "lifted", answers["said"])
    ctx.subject = watch.number
    text = fill("watch.lifted_told", number=watch.number, said=answers["said"])
    tell_holders(ctx, Role.SECRETARY, branch.path, f"watch-lifted:{watch.number}", Text(text))
    tell_person(ctx, watch.superior_id, f"watch-lifted:{watch.number}", Text(text))
    return say("watch.lifted", number=watch.number, branch=branch.name)


def _listed(watch: Watch) -> None:
    if watch.state is not WatchState.LISTED:
        raise UserError("watch.not_listed", number=watch.number, state=label(watch.state))


def show_watch(ctx: Context, number: str) -> Dossier:
    """An entry with reason, measures, exit condition and what was done."""
    _private(ctx)
    watch, branch = _found(ctx, number)
    superior = ctx.session.get_one(Person, watch.superior_id)
    notes = notes_of(ctx.session, watch.id)
    names = dict(
        ctx.session.execute(
            select(Person.id, Person.name).where(Person.id.in_({note.person_id for note in notes}))
        ).all()
    )
    return Dossier(
        number=watch.number,
        title=t("watch.title", branch=branch.name),
        state=label(watch.state),
        facts=(
            (t("watch.fact_branch"), branch.name),
            (t("watch.fact_superior"), superior.name),
            (t("watch.fact_review"), day_words(ctx, watch.review_on)),
        ),
        sections=(
            Section(t("watch.section_reason"), watch.reason),
            Section(t("watch.section_measures"), watch.measures),
            Section(t("watch.section_exit"), watch.exit_condition),
        ),
        steps=[
            Step(note.at, t(f"watch.step.{note.what}"), names[note.person_id], note.said)
            for note in notes
        ],
        acts=list(_acts(ctx, watch, branch)),
    )


def _acts(ctx: Context, watch: Watch, branch: Place) -> Iterator[Act]:
    number = {"number": watch.number}
    top = ctx.who.has(Role.COMMITTEE_SECRETARY, over=branch.path)
    if watch.state is WatchState.PROPOSED and top:
        yield Act(t("watch.sign"), action=f"watch.sign:{watch.number}", tone=Tone.PRIMARY)
        yield Act(t("watch.decline"), action=f"watch.decline:{watch.number}")
    if watch.state is WatchState.LISTED:
        if ctx.who.id == watch.superior_id or ctx.who.has(*KEEPERS, over=branch.path):
            yield Act(t("watch.help"), command="watch_note", answers=number)
        if ctx.who.branch_id == branch.id:
            yield Act(t("watch.appeal"), command="watch_appeal", answers=number)
        if top:
            yield Act(t("watch.lift"), command="watch_lift", answers=number)


# --- who is worth a look ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Hint:
    """A branch that the figures point to; people decide whether it is listed."""

    unit: Unit
    supervised: int
    repeated: int


def hints(ctx: Context, member: Member) -> list[Hint]:
    """Branches with supervised notices or repeated findings in the last months."""
    since = ctx.now - LOOKED_BACK
    supervised = _counts(
        ctx,
        select(Notice.branch_id, func.count())
        .where(Notice.supervised_on >= since.date())
        .group_by(Notice.branch_id),
    )
    repeated = _counts(
        ctx,
        select(Finding.branch_id, func.count())
        .where(
            Finding.repeats_id.is_not(None),
            Finding.at >= since,
            Finding.state != FindingState.WITHDRAWN,
        )
        .group_by(Finding.branch_id),
    )
    ids = {b for b, n in supervised.items() if n >= SUPERVISED}
    ids |= {b for b, n in repeated.items() if n >= REPEATED}
    units = ctx.session.scalars(
        select(Unit)
        .where(Unit.id.in_(ids), Unit.state == UnitState.ACTIVE, near(member, *KEEPERS))
        .order_by(Unit.path)
    )
    found = [Hint(unit, supervised.get(unit.id, 0), repeated.get(unit.id, 0)) for unit in units]
    return sorted(found, key=lambda hint: (-hint.supervised, -hint.repeated, hint.unit.path))


def _counts(ctx: Context, query: Select[int, int]) -> Mapping[int, int]:
    return dict(ctx.session.execute(query).all())


def show_board(ctx: Context, params: Mapping[str, str]) -> BoardPage:
    """The list, and the branches the figures point to. Nothing of it leaves this page."""
    del params
    rows = ctx.session.execute(
        select(Watch, Unit, Person)
        .join(Unit, Unit.id == Watch.branch_id)
        .join(Person, Person.id == Watch.superior_id)
        .where(Watch.state.in_([WatchState.PROPOSED, WatchState.LISTED]), near(ctx.who, *KEEPERS))
        .order_by(Watch.id)
    )
    listed = TableBlock(
        headings=[t(f"watch.col_{key}") for key in ("branch", "state", "superior", "review")],
        rows=[
            (
                Cell(unit.name, href=f"/record/{watch.number}"),
                Cell(label(watch.state)),
                Cell(person.name),
                Cell(day_words(ctx, watch.review_on)),
            )
            for watch, unit, person in rows
        ],
    )
    pointed = TableBlock(
        title=t("watch.hints"),
        note=t("watch.hints_note"),
        headings=[t(f"watch.col_{key}") for key in ("branch", "supervised", "repeated")],
        numeric=frozenset({1, 2}),
        rows=[
            (Cell(hint.unit.name), Cell(str(hint.supervised)), Cell(str(hint.repeated)))
            for hint in hints(ctx, ctx.who)
        ],
    )
    return BoardPage(
        title=t("board.watch.title"),
        note=t("watch.note"),
        blocks=(listed, pointed),
        acts=(Act(t("watch.propose"), command="watch"),),
    )


def owed_about_watch(ctx: Context, member: Member | None) -> Iterator[Duty]:
    """To be signed; and, on its day, to be looked at anew. Nobody else reads of it."""
    rows = ctx.session.execute(
        select(Watch, Unit)
        .join(Unit, Unit.id == Watch.branch_id)
        .where(
            or_(
                Watch.state == WatchState.PROPOSED,
                (Watch.state == WatchState.LISTED) & (Watch.review_on <= ctx.today),
            ),
            near(member, Role.COMMITTEE_SECRETARY) if member else true(),
        )
        .order_by(Watch.id)
    )
    owners = Owners(ctx.session)
    for watch, unit in rows:
        proposed = watch.state is WatchState.PROPOSED
        day: date = ctx.local(watch.proposed_at).date() if proposed else watch.review_on
        yield Duty(
            key=f"watch-{watch.state.value}:{watch.number}",
            title=t("watch.duty_sign" if proposed else "watch.duty_review"),
            detail=watch.number,
            since=day,
            due=ctx.calendar.add_working(day, ctx.rules.notices.sign_days),
            unit_path=owners.home(Role.COMMITTEE_SECRETARY, unit.path) or unit.path,
            role=Role.COMMITTEE_SECRETARY,
            number=watch.number,
            private=True,
            escalates=False,
        )


FAMILY = Family(
    records=(Record(prefix="BF", show=show_watch),),
    duties=(DutySource(key="watch", find=owed_about_watch),),
    boards=(Board(key="watch", show=show_board, roles=frozenset(KEEPERS), confined=True),),
    commands=(
        Command(
            key="watch",
            form=PROPOSE,
            run=propose,
            roles=frozenset(KEEPERS),
            where=Where.PRIVATE,
        ),
        Command(
            key="watch_note", form=NOTE, run=add_note, where=Where.PRIVATE, hidden=True, linked=True
        ),
        Command(
            key="watch_appeal",
            form=NOTE,
            run=appeal,
            roles=frozenset({Role.SECRETARY}),
            where=Where.PRIVATE,
            hidden=True,
            linked=True,
        ),
        Command(
            key="watch_lift",
            form=NOTE,
            run=lift,
            roles=frozenset({Role.COMMITTEE_SECRETARY}),
            where=Where.PRIVATE,
            hidden=True,
            linked=True,
        ),
    ),
    actions=(
        Action(key="watch.sign", run=sign_tapped, roles=frozenset({Role.COMMITTEE_SECRETARY})),
        Action(
            key="watch.decline", run=decline_tapped, roles=frozenset({Role.COMMITTEE_SECRETARY})
        ),
    ),
)
