"""认定: what became of a pledge, decided by the branch after the vote (DOMAIN.md 3).

The vote informs, people decide (PRODUCT.md E.7). 未兑现 with an objective reason is neutral: it
counts neither for nor against anybody.
"""

from collections.abc import Iterator

from sqlalchemy import func, select, true

from config.texts import label, t
from handlers.content import Text
from handlers.context import Context
from handlers.dossier import Act
from handlers.duty import Duty, DutySource
from handlers.options import options_of
from handlers.organisation import near
from handlers.pledges.making import REVIEWERS, find_pledge, note_step, owner_of, tell_owner
from handlers.pledges.review import BY_SECRETARY, to_review_by
from handlers.pledges.vote import can_vote, result_text
from handlers.reply import Markdown, Reply, fill, lines
from handlers.spec import Command, Family
from models.errors import UserError
from models.forms.field import NOTHING, Answers, Facts
from models.forms.form import Form
from models.forms.kinds import Choice, LongText
from models.forms.record import RecordNumber
from models.person import Member, Person, Role
from models.pledge import ENDS, Pledge, PledgeState, PledgeStep
from models.unit import Unit
from models.vote import Ballot

NEED_REASON = (PledgeState.PARTLY.value, PledgeState.UNKEPT.value, PledgeState.EXCUSED.value)


def _needs_reason(answers: Answers, facts: Facts) -> bool:
    del facts
    return answers.get("end") in NEED_REASON


FORM = Form(
    key="pledge_end",
    version=1,
    fields=(
        RecordNumber(key="number"),
        Choice(key="end", options=options_of(PledgeState, *ENDS)),
        LongText(key="reason", max_chars=500, when=_needs_reason),
    ),
    positional=("number", "end", "reason"),
)


def _endable(ctx: Context, number: str, end: str | None = None) -> Pledge:
    """A pledge the speaker may conclude.

    Without a vote only for an objective reason, or where so few people are that no vote could be
    shown: there the branch speaks about it face to face.
    """
    pledge, branch = find_pledge(ctx, number)
    ctx.need(*REVIEWERS, over=branch.path)
    if pledge.person_id == ctx.who.id:
        raise UserError("pledge_end.own")
    excused = end in (None, PledgeState.EXCUSED.value)
    if pledge.state is PledgeState.PUBLIC and (excused or not can_vote(ctx, branch.id)):
        return pledge
    if pledge.state is not PledgeState.VOTED:
        key = (
            "pledge_end.vote_first" if pledge.state is PledgeState.PUBLIC else "pledge_end.not_yet"
        )
        raise UserError(key, number=number, state=label(pledge.state))
    return pledge


def facts(ctx: Context, answers: Answers) -> Facts:
    """Whether it may be concluded so, before a reason is asked for."""
    if "number" in answers:
        _endable(ctx, answers["number"], answers.get("end"))
    return NOTHING


def intro(ctx: Context, answers: Answers) -> Markdown:
    """The pledge, what was done for it and what the colleagues think."""
    if "number" not in answers:
        return Markdown("")
    pledge = _endable(ctx, answers["number"])
    ballot = ctx.session.get(Ballot, pledge.id)
    result = result_text(ballot, ctx.rules.pledge.vote_least) if ballot else ""
    return lines(
        fill("pledge_end.about", name=owner_of(ctx, pledge).name, text=pledge.text),
        fill("pledge_end.done", count=pledge.entries),
        fill("pledge_end.voted", result=result) if result else "",
    )


def conclude(ctx: Context, answers: Answers) -> Reply:
    """``/认定 编号 已兑现``: what it came to, with a reason unless it was kept."""
    pledge = _endable(ctx, answers["number"], answers["end"])
    end, reason = PledgeState(answers["end"]), answers["reason"] or ""
    pledge.move_to(ctx.session, end, reason=reason, concluded_at=ctx.now)
    note_step(ctx, pledge, PledgeStep.CONCLUDED, t("pledge_end.step", end=label(end)))
    told = fill(
        "pledge_end.told", number=pledge.number, text=pledge.text, end=label(end), reason=reason
    )
    tell_owner(ctx, pledge, Text(told), "concluded")
    return Reply(
        fill(
            "pledge_end.saved",
            number=pledge.number,
            name=owner_of(ctx, pledge).name,
            end=label(end),
        )
    )


def owed_ends(ctx: Context, member: Member | None) -> Iterator[Duty]:
    """Pledges that have been voted on wait for the branch; the secretary's own for the office."""
    rows = ctx.session.execute(
        select(
            Pledge.number,
            Pledge.kind,
            Pledge.at,
            Person.name,
            Unit.name,
            Unit.path,
            Ballot.closed_at,
            BY_SECRETARY,
        )
        .join(Person, Person.id == Pledge.person_id)
        .join(Unit, Unit.id == Pledge.unit_id)
        .join(Ballot, Ballot.pledge_id == Pledge.id)
        .where(Pledge.state == PledgeState.VOTED, to_review_by(member) if member else true())
        .order_by(Pledge.id)
    )
    for number, kind, at, name, branch, path, closed_at, by_secretary in rows:
        since = ctx.local(closed_at or at).date()
        yield Duty(
            key=f"pledge_end:{number}",
            title=t("pledge_end.duty"),
            detail=t(
                "pledge.duty_about",
                number=number,
                branch=branch,
                name=name,
                kind=label(kind),
            ),
            due=ctx.calendar.add_working(since, ctx.rules.pledge.end_days),
            since=since,
            unit_path=path,
            role=Role.PARTY_OFFICE if by_secretary else Role.SECRETARY,
            number=number,
            act=Act(t("pledge_end.act"), command="pledge_end", answers={"number": number}),
        )


def owed_votes(ctx: Context, member: Member | None) -> Iterator[Duty]:
    """Branches whose year has come to its end and that have not spoken about its pledges yet."""
    month, days = ctx.rules.pledge.vote_month, ctx.rules.pledge.vote_open_days
    last = ctx.today.year if ctx.today.month >= month else ctx.today.year - 1
    rows = ctx.session.execute(
        select(Unit, Pledge.year, func.count(), func.min(Pledge.number))
        .join(Pledge, Pledge.unit_id == Unit.id)
        .where(
            Pledge.state == PledgeState.PUBLIC,
            Pledge.year <= last,
            near(member, Role.SECRETARY) if member else true(),
        )
        .group_by(Unit.id, Pledge.year)
        .order_by(Unit.path, Pledge.year)
    )
    for unit, year, count, number in rows:
        if can_vote(ctx, unit.id):
            act = Act(t("vote.open_act"), command="vote_open", answers={"unit": unit.code})
        else:
            act = Act(t("pledge_end.act"), command="pledge_end", answers={"number": number})
        yield Duty(
            key=f"vote_open:{unit.code}:{year}",
            title=t("vote.duty"),
            detail=t("vote.duty_about", branch=unit.name, year=year, count=count),
            due=ctx.calendar.nth_working(year, month, days),
            unit_path=unit.path,
            act=act,
        )


FAMILY = Family(
    commands=(
        Command(
            key="pledge_end",
            form=FORM,
            facts=facts,
            intro=intro,
            run=conclude,
            roles=frozenset(REVIEWERS),
        ),
    ),
    duties=(
        DutySource(key="vote_open", find=owed_votes),
        DutySource(key="pledge_end", find=owed_ends),
    ),
)
