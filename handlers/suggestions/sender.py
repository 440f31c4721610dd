"""书记听您说: what the sender does after that: add, rate, reopen; and the look at a name."""

from collections.abc import Mapping
from datetime import datetime

from config.texts import label, t
from handlers.content import Card
from handlers.context import Context
from handlers.reply import Reply, fill
from handlers.spec import Action, Command, Family
from handlers.suggestions.desk import (
    day_begin,
    hush,
    is_sender,
    keeper,
    need,
    sender_id,
    settings,
    start_clock,
    take,
    unit_name,
)
from handlers.suggestions.news import tell, tell_senders
from handlers.suggestions.work import NUMBER, form
from models.attachment import attach, release
from models.audit import LOOK
from models.errors import UserError
from models.forms.field import Answers
from models.forms.form import Form
from models.forms.kinds import Attachment, Integer, LongText, YesNo
from models.person import Person
from models.suggestion import (
    CLOSED,
    OPEN,
    Clock,
    Level,
    State,
    StepKind,
    Suggestion,
    add_step,
)

ADD = form("suggestion_add", Attachment(key="photos", required=False, high=4))


def add(ctx: Context, answers: Answers) -> Reply:
    """``/补充``: more to say, or the answer to a question."""
    one = _own(ctx, answers["number"])
    photos = answers["photos"] or ()
    attach(ctx.session, photos, ctx.who.id, one.number)
    if one.level is not Level.NAMED:
        release(ctx.session, photos, day_begin(ctx))
    added(ctx, one, answers["said"], ctx.now, ",".join(map(str, photos)))
    return _answered(ctx, one, "suggestion.added")


def added(ctx: Context, one: Suggestion, said: str, at: datetime, photos: str = "") -> None:
    """Write down what the sender adds, by whatever way it came."""
    if one.state not in (*OPEN, State.MERGED):
        raise UserError("suggestion.add_closed", state=label(one.state))
    add_step(ctx.session, one, StepKind.ADDED, at, by_sender=True, said=said, photos=photos)
    if one.level is not Level.ANONYMOUS:
        tell(ctx, [one.handler_id or one.receiver_id], one, "suggestion.news_added")


def _own(ctx: Context, number: str) -> Suggestion:
    one = take(ctx, number)
    need(granted=is_sender(ctx, ctx.who, one), key="lookup.unknown", number=number)
    ctx.discreet = one.level is not Level.NAMED
    return one


def _answered(ctx: Context, one: Suggestion, key: str, **params: object) -> Reply:
    if one.level is Level.NAMED:
        ctx.subject = one.number
    text = fill(key, number=one.number, state=label(one.state), **params)
    card = Card(title=t("suggestion.done", number=one.number), desc=text)
    return Reply(text, card=card, sealed=one.level is not Level.NAMED)


RATE = Form(
    key="rate",
    version=1,
    fields=(
        NUMBER,
        YesNo(key="solved"),
        Integer(key="stars", low=1, high=5),
        LongText(key="said", required=False, max_chars=500),
    ),
    positional=("number", "solved", "stars", "said"),
)


def rate(ctx: Context, answers: Answers) -> Reply:
    """``/评价``: solved or not, one to five; the last verdict counts, all are kept."""
    one = _own(ctx, answers["number"])
    return _rate(ctx, one, answers["solved"], answers["stars"], answers["said"] or "")


def rate_tapped(ctx: Context, argument: str, picked: Mapping[str, tuple[str, ...]]) -> Reply:
    """The buttons of the card: ``number/solved/stars``."""
    del picked
    number, solved, stars = argument.split("/")
    one = _own(ctx, number)
    return _rate(ctx, one, solved == "1", int(stars), "")


def _rate(ctx: Context, one: Suggestion, solved: bool, stars: int, said: str) -> Reply:  # noqa: FBT001  (a verdict)
    again = rated(ctx, one, solved=solved, stars=stars, said=said, at=ctx.now)
    return _answered(ctx, one, "suggestion.rated_again" if again else "suggestion.rated")


def rated(
    ctx: Context, one: Suggestion, *, solved: bool, stars: int, said: str, at: datetime
) -> bool:
    """Keep a verdict; one that says "not solved" opens it again. Returns whether it did."""
    if one.state not in CLOSED:
        raise UserError("suggestion.rate_later", state=label(one.state))
    if one.state is State.RECTIFIED:
        one.move_to(ctx.session, State.RATED)
    one.solved, one.stars = solved, stars
    add_step(
        ctx.session,
        one,
        StepKind.RATED,
        at,
        by_sender=True,
        said=said,
        solved=solved,
        stars=stars,
    )
    if solved or one.reopened >= settings(ctx).reopens:
        return False
    reopened(ctx, one, said, at)
    return True


REOPEN = form("reopen", low=4)


def reopen(ctx: Context, answers: Answers) -> Reply:
    """``/重办``: not solved after all, with the reason; twice at most."""
    one = _own(ctx, answers["number"])
    reopened(ctx, one, answers["said"], ctx.now)
    return _answered(ctx, one, "suggestion.reopened")


def reopened(ctx: Context, one: Suggestion, said: str, at: datetime) -> None:
    """Let it be dealt with again: by the same first, the last time by the party secretary."""
    most = settings(ctx).reopens
    if one.state not in CLOSED:
        raise UserError("suggestion.rate_later", state=label(one.state))
    if one.reopened >= most:
        raise UserError("suggestion.reopened_enough", most=most)
    one.reopened += 1
    one.closed_on = None
    one.raised = one.reopened >= most > 1
    fresh = {"rectified_at": None, "rectified_in_time": None, "done_by_id": None}
    if one.raised or one.handler_id is None:
        one.move_to(ctx.session, State.RECEIVED, receiver_id=None, **fresh)
        start_clock(ctx, one, Clock.ACKNOWLEDGE, at)
    else:
        one.move_to(ctx.session, State.ASSIGNED, assigned_at=at, **fresh)
        start_clock(ctx, one, Clock.REPLY, at)
    add_step(ctx.session, one, StepKind.REOPENED, at, by_sender=True, said=said)
    if one.level is not Level.ANONYMOUS:
        tell(ctx, [one.handler_id, one.receiver_id], one, "suggestion.news_reopened", reason=said)


def look_at_name(ctx: Context, argument: str, picked: Mapping[str, tuple[str, ...]]) -> Reply:
    """保密: the keeper sees the name; the look is written down and the sender is told."""
    del picked
    one = take(ctx, argument)
    found = keeper(ctx)
    if one.level is not Level.CONFIDENTIAL or found is None or found.id != ctx.who.id:
        raise UserError("error.not_allowed")
    if ctx.room is not None:
        raise UserError("error.private_only")
    sender = ctx.session.get(Person, sender_id(ctx, one) or 0)
    if sender is None:
        raise UserError("suggestion.name_gone")
    add_step(ctx.session, one, StepKind.LOOKED, ctx.now, person_id=ctx.who.id)
    tell_senders(ctx, one, "suggestion.news_looked", who=ctx.who.name)
    text = fill("suggestion.name", name=sender.name, unit=unit_name(ctx, sender.unit_id))
    ctx.note(LOOK, one.number)
    return Reply(card=Card(title=one.number, desc=text), private=True, sealed=True)


FAMILY = Family(
    commands=(
        Command(key="suggestion_add", form=ADD, facts=hush, run=add),
        Command(key="rate", form=RATE, facts=hush, run=rate),
        Command(key="reopen", form=REOPEN, facts=hush, run=reopen),
    ),
    actions=(
        Action(key="suggestion.rate", run=rate_tapped),
        Action(key="suggestion.name", run=look_at_name),
    ),
)
