"""书记听您说: stopping and extending clocks, merging, handing over, notes (DOMAIN.md 4)."""

from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import or_, select

from config.texts import label, t
from handlers.context import Context
from handlers.figures import minute_text
from handlers.reply import Reply, lines
from handlers.spec import Action, Command, Family
from handlers.suggestions.desk import (
    RECEIVERS,
    directs,
    may_read,
    need,
    oversees,
    place_of,
    settings,
    stop_clock,
    take,
    works_on,
)
from handlers.suggestions.news import tell, tell_senders
from handlers.suggestions.work import NUMBER, done, form, note
from models.errors import UserError
from models.forms.field import Answers
from models.forms.form import Form
from models.forms.kinds import Integer, LongText
from models.forms.kinds import Person as PersonField
from models.forms.record import RecordNumber
from models.person import Person, Role
from models.search import remove
from models.span import Span
from models.suggestion import (
    OPEN,
    State,
    StepKind,
    Suggestion,
    last_of,
    second,
    seconders,
)

PAUSE = form("suggestion_pause", low=4)


def pause(ctx: Context, answers: Answers) -> Reply:
    """``/挂起``: waiting for something outside (stock, a season, others), with the reason."""
    one = take(ctx, answers["number"])
    need(granted=works_on(ctx.who, one) or directs(ctx, ctx.who, one), key="error.not_allowed")
    if one.due_at is None or one.paused_at is not None:
        raise UserError("suggestion.no_clock")
    one.paused_at = ctx.now
    note(ctx, one, StepKind.PAUSED, answers["said"])
    tell_senders(ctx, one, "suggestion.news_paused", reason=answers["said"])
    return done(ctx, one, "suggestion.now_paused")


def resume(ctx: Context, argument: str, picked: Mapping[str, tuple[str, ...]]) -> Reply:
    """恢复: what was left of the clock's working time runs from now on."""
    del picked
    one = take(ctx, argument)
    need(granted=works_on(ctx.who, one) or directs(ctx, ctx.who, one), key="error.not_allowed")
    if one.paused_at is None or one.due_at is None:
        raise UserError("suggestion.not_paused")
    left = ctx.hours.between(one.paused_at, one.due_at)
    one.clock_from = ctx.now
    one.clock_span = str(Span(left // timedelta(minutes=1), "m"))
    one.due_at = Span.read(one.clock_span).end(ctx.now, ctx.hours)
    one.paused_at = None
    note(ctx, one, StepKind.RESUMED)
    return done(ctx, one, "suggestion.resumed")


EXTEND = Form(
    key="suggestion_extend",
    version=1,
    fields=(NUMBER, Integer(key="days", low=1, high=60), LongText(key="said", min_chars=4)),
    positional=("number", "days", "said"),
)


def extend(ctx: Context, answers: Answers) -> Reply:
    """``/建议延期``: once, by so many working days, with the reason, by whoever oversees it."""
    one = take(ctx, answers["number"])
    most = settings(ctx).extension_days
    asks = works_on(ctx.who, one)
    need(granted=asks or oversees(ctx, ctx.who, one), key="error.not_allowed")
    if one.due_at is None or one.paused_at is not None:
        raise UserError("suggestion.no_clock")
    if one.extended:
        raise UserError("suggestion.extended_before")
    if answers["days"] > most:
        raise UserError("suggestion.too_long", most=most)
    one.extended = True
    one.clock_from = one.due_at
    one.clock_span = str(Span(answers["days"], "d"))
    one.due_at = Span.read(one.clock_span).end(one.due_at, ctx.hours)
    due = minute_text(ctx.local(one.due_at))
    note(ctx, one, StepKind.EXTENDED, lines(due, answers["said"]))
    tell_senders(ctx, one, "suggestion.news_extended", due=due, reason=answers["said"])
    tell(ctx, [one.receiver_id], one, "suggestion.news_extended_work", due=due)
    return done(ctx, one, "suggestion.extended")


ASK = form("suggestion_ask", low=4)


def ask(ctx: Context, answers: Answers) -> Reply:
    """``/追问``: a question to the sender, who answers by ``/补充`` or with the query code."""
    one = take(ctx, answers["number"])
    need(granted=may_read(ctx, ctx.who, one), key="lookup.unknown", number=answers["number"])
    if one.state not in OPEN:
        raise UserError("suggestion.not_now", state=label(one.state))
    note(ctx, one, StepKind.ASKED, answers["said"])
    tell_senders(ctx, one, "suggestion.news_asked", question=answers["said"])
    return done(ctx, one, "suggestion.asked")


NOTE = form("suggestion_note")


def remark(ctx: Context, answers: Answers) -> Reply:
    """``/批注``: among those who deal with it; the sender does not see it."""
    one = take(ctx, answers["number"])
    need(granted=may_read(ctx, ctx.who, one), key="lookup.unknown", number=answers["number"])
    note(ctx, one, StepKind.NOTED, answers["said"])
    return done(ctx, one, "suggestion.noted")


MERGE = Form(
    key="suggestion_merge",
    version=1,
    fields=(
        NUMBER,
        RecordNumber(key="into"),
        LongText(key="said", required=False, max_chars=500),
    ),
    positional=("number", "into", "said"),
)


def merge(ctx: Context, answers: Answers) -> Reply:
    """``/合并建议``: the same said twice is dealt with once; all senders are told."""
    one = take(ctx, answers["number"])
    into = last_of(ctx.session, take(ctx, answers["into"]))
    for each in (one, into):
        need(granted=directs(ctx, ctx.who, each), key="lookup.unknown", number=each.number)
    if into.id == one.id:
        raise UserError("suggestion.merge_self")
    for each in (one, into):
        if each.state not in (State.RECEIVED, State.ASSIGNED, State.IN_PROGRESS):
            raise UserError("suggestion.merge_closed", number=each.number)
    one.move_to(
        ctx.session,
        State.MERGED,
        merged_into_id=into.id,
        closed_on=ctx.today,
        draft=None,
        draft_text="",
        draft_by_id=None,
    )
    stop_clock(one)
    _bring_seconders(ctx, one, into)
    remove(ctx.session, one.number)
    note(ctx, one, StepKind.MERGED, into.number)
    tell_senders(ctx, one, "suggestion.news_merged", into=into.number)
    note(ctx, into, StepKind.MERGED, one.number)
    return done(ctx, one, "suggestion.merged", into=into.number)


def _bring_seconders(ctx: Context, one: Suggestion, into: Suggestion) -> None:
    known = {*seconders(ctx.session, into), into.person_id}
    for person_id in seconders(ctx.session, one):
        if person_id not in known:
            second(ctx.session, into, person_id)


HAND_OVER = Form(
    key="suggestion_hand_over",
    version=1,
    fields=(PersonField(key="old"), PersonField(key="new")),
    positional=("old", "new"),
)


def hand_over(ctx: Context, answers: Answers) -> Reply:
    """``/移交建议 原承办人 新承办人``: all that is open, when somebody leaves or changes."""
    old, new = (_by_userid(ctx, answers[key].key) for key in ("old", "new"))
    if old is None or new is None or old.id == new.id:
        raise UserError("suggestion.hand_over_whom")
    moved = 0
    for one in ctx.session.scalars(
        select(Suggestion)
        .where(
            Suggestion.state.in_(OPEN),
            or_(Suggestion.handler_id == old.id, Suggestion.receiver_id == old.id),
        )
        .order_by(Suggestion.number)
        .with_for_update()
    ):
        if not _may_hand_over(ctx, one):
            continue
        if one.handler_id == old.id:
            one.handler_id = new.id
        if one.receiver_id == old.id:
            one.receiver_id = new.id
        note(ctx, one, StepKind.HANDED_OVER, t("suggestion.from_to", old=old.name, new=new.name))
        tell(ctx, [new.id], one, "suggestion.news_handed_over", old=old.name)
        moved += 1
    ctx.subject = ""
    if not moved:
        raise UserError("suggestion.nothing_to_hand_over", name=old.name)
    return Reply(t("suggestion.handed_over", count=moved, old=old.name, new=new.name))


def _by_userid(ctx: Context, userid: str) -> Person | None:
    return ctx.session.scalar(select(Person).where(Person.userid_key == userid.lower()))


def _may_hand_over(ctx: Context, one: Suggestion) -> bool:
    return any(
        ctx.who.has(*RECEIVERS, Role.ADMIN, over=place_of(ctx, unit_id).path)
        for unit_id in (one.desk_id, one.unit_id)
        if unit_id is not None
    )


FAMILY = Family(
    commands=(
        Command(key="suggestion_pause", form=PAUSE, run=pause),
        Command(key="suggestion_extend", form=EXTEND, run=extend),
        Command(key="suggestion_ask", form=ASK, run=ask),
        Command(key="suggestion_note", form=NOTE, run=remark),
        Command(key="suggestion_merge", form=MERGE, run=merge),
        Command(key="suggestion_hand_over", form=HAND_OVER, run=hand_over),
    ),
    actions=(Action(key="suggestion.resume", run=resume),),
)
