"""评诺: anonymous votes on a branch's pledges (DOMAIN.md 3, decision 0015).

What is answered never repeats the choice, and nothing is pushed to whoever votes: a stored answer,
a push or a draft would be a second roll. The commands and actions of a vote are ``unrecorded``.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import ColumnElement, exists, false, func, or_, select, true

from config.texts import label, t
from handlers.board import Board, BoardPage, Cell, Figure, TableBlock, TextBlock
from handlers.clocks import after_quiet_hours
from handlers.content import Button, Card, Text, Tone
from handlers.context import Context
from handlers.dossier import Act, path_of
from handlers.figures import date_text
from handlers.options import options_of
from handlers.personal import Held, Holding
from handlers.places import branch_by_id, branch_in_question
from handlers.pledges.making import REVIEWERS, branch_of_code, find_pledge, note_step, owner_of
from handlers.reply import Markdown, Reply, fill, lines
from handlers.spec import Action, Command, Family, Where
from models.errors import UserError
from models.forms.field import Answers, Problem, Reading, Unsure
from models.forms.form import Form
from models.forms.kinds import Choice, Date
from models.forms.kinds import Unit as UnitField
from models.forms.record import RecordNumber
from models.group import chats_of
from models.person import Member, Person, PersonState
from models.pledge import Pledge, PledgeState, PledgeStep
from models.unit import Place, Unit, inside
from models.vote import (
    Ballot,
    BallotRoll,
    Verdict,
    cast,
    close_ballot,
    has_voted,
    locked_ballot,
    open_ballot,
    turnout,
)

AT_ONCE = 100
"""Ballots that are counted in one piece of the clock's work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certain(Choice):
    """A choice without doubts: nothing waits for a yes, and no problem repeats what was typed."""

    def parse(self, raw: str, reading: Reading) -> str | Unsure[str] | Problem:
        """An option, or always the same problem."""
        value = Choice.parse(self, raw, reading)
        return value if isinstance(value, str) else Problem("vote.unread")


FORM = Form(
    key="vote",
    version=1,
    fields=(
        RecordNumber(key="number", required=False),
        Certain(key="verdict", options=options_of(Verdict), required=False),
    ),
    positional=("number", "verdict"),
    sealed=True,
)

OPEN = Form(
    key="vote_open",
    version=1,
    fields=(UnitField(key="unit", required=False), Date(key="until", required=False)),
    positional=("unit", "until"),
)


# Opened and closed


def _voters(ctx: Context, unit_id: int) -> Sequence[Person]:
    """The active people of a branch: they vote on all its pledges but their own."""
    return ctx.session.scalars(
        select(Person)
        .join(Unit, Unit.id == Person.unit_id)
        .where(Unit.branch_id == unit_id, Person.state == PersonState.ACTIVE)
        .order_by(Person.id)
    ).all()


def can_vote(ctx: Context, unit_id: int) -> bool:
    """Whether a branch has as many voters on each pledge as a published result needs."""
    count = (
        select(func.count())
        .select_from(Person)
        .join(Unit, Unit.id == Person.unit_id)
        .where(Unit.branch_id == unit_id, Person.state == PersonState.ACTIVE)
    )
    return (ctx.session.scalar(count) or 0) - 1 >= ctx.rules.pledge.vote_least


def _in_state(ctx: Context, unit_id: int, state: PledgeState) -> Sequence[Pledge]:
    """The pledges of a branch in a state, locked until the commit."""
    return ctx.session.scalars(
        select(Pledge)
        .where(Pledge.unit_id == unit_id, Pledge.state == state)
        .order_by(Pledge.id)
        .with_for_update()
    ).all()


def open_votes(ctx: Context, answers: Answers) -> Reply:
    """``/开评 [支部]``: open the vote on all public pledges of a branch, or see how it goes."""
    branch = branch_in_question(ctx, answers["unit"])
    if branch is None:
        raise UserError("vote.which_branch")
    ctx.need(*REVIEWERS, over=branch.path)
    public = _in_state(ctx, branch.id, PledgeState.PUBLIC)
    if not public:
        return _status(ctx, branch)
    until = answers["until"] or ctx.today + timedelta(days=ctx.rules.pledge.vote_days)
    if until < ctx.today:
        raise UserError("vote.past", day=until)
    if not can_vote(ctx, branch.id):
        least = ctx.rules.pledge.vote_least
        number = public[0].number
        raise UserError("vote.too_few", branch=branch.name, least=least, number=number)
    for pledge in public:
        pledge.move_to(ctx.session, PledgeState.VOTING)
        open_ballot(ctx.session, ctx.vault, pledge.id, pledge.number, until, ctx.now)
        note_step(ctx, pledge, PledgeStep.VOTE_OPENED, t("vote.until", day=until))
    ctx.subject = branch.code
    _invite(ctx, branch, public, _voters(ctx, branch.id), until)
    return Reply(fill("vote.opened", branch=branch.name, count=len(public), until=until))


def _invite(
    ctx: Context,
    branch: Place,
    pledges: Sequence[Pledge],
    voters: Sequence[Person],
    until: date,
) -> None:
    """Everybody is asked once, privately; nobody is reminded, so that no list of silent ones is."""
    at, first = after_quiet_hours(ctx), pledges[0].number
    notice = fill("vote.notice", count=len(pledges), until=until, least=ctx.rules.pledge.vote_least)
    text = lines(fill("vote.news", branch=branch.name), notice)
    for chat in chats_of(ctx.session, branch.id):
        ctx.push_group(chat, Text(text), f"{first}:vote:{chat}", at)
    card = Card(
        title=t("vote.invite_title", count=len(pledges)),
        desc=t("vote.invite_desc", until=until),
        body=t("vote.final"),
        buttons=(Button(t("vote.begin"), "vote.next", Tone.PRIMARY),),
    )
    for person in voters:
        ctx.push_person(person.userid, card, f"{first}:vote:{person.id}", at)


def _status(ctx: Context, branch: Place) -> Reply:
    """How many ballots are open and how many votes they have had together; no more is known."""
    voting = _in_state(ctx, branch.id, PledgeState.VOTING)
    if not voting:
        raise UserError("vote.nothing_to_open", branch=branch.name)
    ctx.subject = branch.code
    text = fill(
        "vote.status",
        branch=branch.name,
        count=len(voting),
        votes=turnout(ctx.session, branch.id),
        until=max(_until(ctx, pledge) for pledge in voting),
    )
    if ctx.room:
        return Reply(text)
    close = Button(t("vote.close"), f"vote.close:{branch.code}", Tone.DANGER)
    return Reply(text, Card(title=t("vote.close_title"), desc=branch.name, buttons=(close,)))


def _until(ctx: Context, pledge: Pledge) -> date:
    return ctx.session.get_one(Ballot, pledge.id).until


def close_tapped(ctx: Context, argument: str, picked: Mapping[str, tuple[str, ...]]) -> Reply:
    """The branch ends its vote before the last day; ``argument`` is its code."""
    del picked
    branch = branch_of_code(ctx, argument)
    ctx.need(*REVIEWERS, over=branch.path)
    voting = _in_state(ctx, branch.id, PledgeState.VOTING)
    if not voting:
        raise UserError("error.stale")
    for pledge in voting:
        close_vote(ctx, pledge)
    ctx.subject = branch.code
    return Reply(card=Card(title=t("vote.closed_title", count=len(voting)), desc=branch.name))


def close_vote(ctx: Context, pledge: Pledge) -> None:
    """Count, tell the owner, and let the branch conclude. Who closed it says nothing of votes."""
    ballot = locked_ballot(ctx.session, pledge.id)
    if ballot is None:
        raise LookupError(pledge.number)
    least = ctx.rules.pledge.vote_least
    close_ballot(ctx.session, ctx.vault, ballot, pledge.number, least, ctx.now)
    pledge.move_to(ctx.session, PledgeState.VOTED)
    result = result_text(ballot, least)
    note_step(ctx, pledge, PledgeStep.VOTE_CLOSED, result)
    told = fill("vote.told_owner", number=pledge.number, text=pledge.text, result=result)
    userid = owner_of(ctx, pledge).userid
    ctx.push_person(userid, Text(told), f"{pledge.number}:voted", after_quiet_hours(ctx))


def result_text(ballot: Ballot, least: int) -> str:
    """The result of a closed ballot in words; of too few votes only that they were too few."""
    if ballot.good is None or ballot.fair is None or ballot.poor is None:
        return t("vote.few", least=least)
    return t(
        "vote.result",
        voters=ballot.voters,
        good=ballot.good,
        fair=ballot.fair,
        poor=ballot.poor,
    )


# Cast


def waiting_ballots(ctx: Context, *, but: str = "") -> Sequence[Pledge]:
    """What the speaker may still vote on, one pledge (the one just skipped) put last."""
    voted = exists().where(BallotRoll.pledge_id == Pledge.id, BallotRoll.person_id == ctx.who.id)
    found = ctx.session.scalars(
        select(Pledge)
        .join(Ballot, Ballot.pledge_id == Pledge.id)
        .where(
            Pledge.unit_id == ctx.who.branch_id,
            Pledge.state == PledgeState.VOTING,
            Pledge.person_id != ctx.who.id,
            Ballot.until >= ctx.today,
            ~voted,
        )
        .order_by(Pledge.id)
    ).all()
    after = [pledge for pledge in found if pledge.number > but]
    return [*after, *(pledge for pledge in found if pledge.number <= but)]


def vote(ctx: Context, answers: Answers) -> Reply:
    """``/评诺 [编号 满意]``, in private: the next ballot, or one vote."""
    if answers["number"] and answers["verdict"]:
        _cast(ctx, answers["number"], Verdict(answers["verdict"]))
        left = len(waiting_ballots(ctx))
        return Reply(fill("vote.taken", left=left) if left else Markdown(t("vote.taken_last")))
    if answers["verdict"]:
        raise UserError("vote.which")
    if answers["number"]:
        pledge = _votable(ctx, answers["number"])
        return Reply(t("vote.final"), ballot_card(ctx, pledge))
    waiting = waiting_ballots(ctx)
    if not waiting:
        return Reply(t("vote.none"))
    head = fill("vote.head", count=len(waiting), until=_until(ctx, waiting[0]))
    return Reply(lines(head, t("vote.final")), ballot_card(ctx, waiting[0]))


def ballot_card(ctx: Context, pledge: Pledge, note: str = "") -> Card:
    """One ballot; its buttons are final, and it says so."""
    name = owner_of(ctx, pledge).name
    return Card(
        title=t("vote.card_title", name=name, kind=label(pledge.kind)),
        desc=note or t("vote.final_short"),
        body=pledge.text,
        lines=((t("vote.line_entries"), t("pledge.times", count=pledge.entries)),),
        buttons=(
            *(Button(label(one), f"vote.cast:{pledge.number}/{one.value}") for one in Verdict),
            Button(t("vote.skip"), f"vote.next:{pledge.number}"),
        ),
    )


def _votable(ctx: Context, number: str) -> Pledge:
    """A pledge the speaker may vote on: of the own branch, not one's own, not twice, in time."""
    pledge, branch = find_pledge(ctx, number)
    if ctx.who.branch_id != branch.id:
        raise UserError("vote.outsider", branch=branch.name)
    if pledge.person_id == ctx.who.id:
        raise UserError("vote.own")
    if pledge.state is not PledgeState.VOTING or _until(ctx, pledge) < ctx.today:
        raise UserError("vote.closed", number=number)
    if has_voted(ctx.session, pledge.id, ctx.who.id):
        raise UserError("vote.twice", number=number)
    return pledge


def _cast(ctx: Context, number: str, verdict: Verdict) -> None:
    pledge = _votable(ctx, number)
    ballot = locked_ballot(ctx.session, pledge.id)
    if ballot is None or ballot.closed_at is not None:
        raise UserError("vote.closed", number=number)
    if not cast(ctx.session, ctx.vault, ballot, number, ctx.who.id, verdict):
        raise UserError("vote.twice", number=number)


def cast_tapped(ctx: Context, argument: str, picked: Mapping[str, tuple[str, ...]]) -> Reply:
    """A button of a ballot (``CN-…/good``); the next ballot takes its place."""
    del picked
    number, _, verdict = argument.partition("/")
    _cast(ctx, number, Verdict(verdict))
    return _next(ctx, number, t("vote.received"))


def next_tapped(ctx: Context, argument: str, picked: Mapping[str, tuple[str, ...]]) -> Reply:
    """The next ballot; ``argument`` names the one that is skipped for now."""
    del picked
    return _next(ctx, argument, "")


def _next(ctx: Context, after: str, note: str) -> Reply:
    """No words beside the card: they would follow as a push, and a push has a time and a name."""
    waiting = waiting_ballots(ctx, but=after)
    if waiting:
        return Reply(card=ballot_card(ctx, waiting[0], note), sealed=True)
    return Reply(card=Card(title=t("vote.done_title"), desc=t("vote.done_desc")), sealed=True)


# The page


def _page(ctx: Context, params: Mapping[str, str]) -> BoardPage:
    """One ballot after the other: the first with its buttons, the rest as a list."""
    del params
    waiting = waiting_ballots(ctx)
    note = t("vote.board_note", least=ctx.rules.pledge.vote_least)
    figures = [Figure(t("vote.figure_waiting"), str(len(waiting)))]
    if not waiting:
        none = TextBlock(text=t("vote.board_none"))
        return BoardPage(title=t("board.vote.title"), note=note, figures=figures, blocks=(none,))
    first = waiting[0]
    figures.append(Figure(t("vote.figure_until"), date_text(_until(ctx, first), ctx.today)))
    name = owner_of(ctx, first).name
    rest = TableBlock(
        title=t("vote.rest"),
        headings=(t("vote.rest_row"),),
        rows=[
            (Cell(f"{owner_of(ctx, one).name} · {label(one.kind)}", href=path_of(one.number)),)
            for one in waiting[1:]
        ],
    )
    return BoardPage(
        title=t("board.vote.title"),
        note=note,
        figures=figures,
        blocks=(
            TextBlock(
                title=t("vote.card_title", name=name, kind=label(first.kind)),
                text=f"{first.text}\n{t('vote.board_entries', count=first.entries)}",
                acts=[
                    Act(label(one), action=f"vote.cast:{first.number}/{one.value}")
                    for one in Verdict
                ],
            ),
            *((rest,) if len(waiting) > 1 else ()),
        ),
    )


# Closing by the clock


def due_votes(ctx: Context, today: date, after: int) -> Sequence[Pledge]:
    """Some pledges above an id whose ballots had their last day."""
    return ctx.session.scalars(
        select(Pledge)
        .join(Ballot, Ballot.pledge_id == Pledge.id)
        .where(Pledge.state == PledgeState.VOTING, Ballot.until < today, Pledge.id > after)
        .order_by(Pledge.id)
        .limit(AT_ONCE)
    ).all()


def may_see_result(ctx: Context, pledge: Pledge) -> bool:
    """Those who were asked, the owner, and who answers for the branch."""
    branch = branch_by_id(ctx, pledge.unit_id)
    if ctx.who.id == pledge.person_id or ctx.who.branch_id == branch.id:
        return True
    return ctx.who.has(*REVIEWERS, over=branch.path)


def sees_result(member: Member | None) -> ColumnElement[bool]:
    """The same as a condition over a pledge and its unit."""
    if member is None:
        return true()
    own = Unit.id == member.branch_id if member.branch_id else false()
    below = [inside(path) for path in member.paths(*REVIEWERS)]
    return or_(Pledge.person_id == member.id, own, *below)


def _voted(ctx: Context, person_id: int) -> Iterator[Held]:
    """On which open ballots somebody has voted; how, nobody can say."""
    rows = ctx.session.execute(
        select(Pledge.number)
        .join(BallotRoll, BallotRoll.pledge_id == Pledge.id)
        .where(BallotRoll.person_id == person_id)
        .order_by(Pledge.number)
    )
    for row in rows:
        yield Held(title=t("holding.ballot.one"), number=row.number)


FAMILY = Family(
    commands=(
        Command(key="vote", form=FORM, run=vote, where=Where.PRIVATE, unrecorded=True),
        Command(key="vote_open", form=OPEN, run=open_votes, roles=frozenset(REVIEWERS)),
    ),
    boards=(Board(key="vote", show=_page, confined=True),),
    holdings=(Holding(key="ballot", tables=("ballot_roll",), find=_voted),),
    actions=(
        Action(key="vote.cast", run=cast_tapped, unrecorded=True),
        Action(key="vote.next", run=next_tapped, unrecorded=True),
        Action(key="vote.close", run=close_tapped, roles=frozenset(REVIEWERS)),
    ),
)
