"""书记听您说: receive, assign, deal with, answer, approve, rectify, verify (DOMAIN.md 4)."""

from collections.abc import Mapping
from typing import Final

from config.rules import default_rules
from config.texts import label, t
from handlers.content import Button, Card, Tone
from handlers.context import Context
from handlers.reply import Reply, fill, lines
from handlers.spec import Action, Command, Family
from handlers.suggestions.desk import (
    category_label,
    directs,
    due_text,
    hush,
    in_time,
    is_sender,
    may_read,
    need,
    oversees,
    person_name,
    place_of,
    receives,
    start_clock,
    stop_clock,
    take,
    tier_label,
    unit_name,
    works_on,
)
from handlers.suggestions.news import offer_rating, tell, tell_seconders, tell_senders
from models.attachment import attach
from models.errors import UserError
from models.forms.field import Answers, Facts, Option, Problem
from models.forms.form import Form
from models.forms.kinds import Attachment, Choice, LongText
from models.forms.kinds import Person as PersonField
from models.forms.kinds import Unit as UnitField
from models.forms.record import RecordNumber
from models.person import Member, member_by_userid
from models.suggestion import (
    Clock,
    Draft,
    Level,
    State,
    StepKind,
    Suggestion,
    add_step,
)
from models.unit import unit_by_code

NUMBER: Final = RecordNumber(key="number")
_SETTINGS: Final = default_rules().suggestion
TIERS: Final = tuple(
    Option(key, tier.label, tuple(tier.label.split())) for key, tier in _SETTINGS.tiers.items()
)
CATEGORIES: Final = tuple(Option(key, one.label) for key, one in _SETTINGS.categories.items())
WORKING: Final = (State.ASSIGNED, State.IN_PROGRESS)


def form(key: str, *fields: object, low: int = 2, required: bool = True) -> Form:
    """A number, some fields, and words at the end."""
    said = LongText(key="said", min_chars=low, max_chars=2000, required=required)
    return Form(
        key=key,
        version=1,
        fields=(NUMBER, *fields, said),  # type: ignore[arg-type]  # fields of any kind
        positional=("number", "said"),
    )


def note(ctx: Context, one: Suggestion, kind: StepKind, said: str = "", photos: str = "") -> None:
    """Write down what the speaker did."""
    add_step(ctx.session, one, kind, ctx.now, person_id=ctx.who.id, said=said, photos=photos)
    ctx.subject = one.number


def done(ctx: Context, one: Suggestion, key: str, **params: object) -> Reply:
    """What was done, where it stands and until when; a button's card is replaced by it."""
    text = fill(key, number=one.number, state=label(one.state), due=due_text(ctx, one), **params)
    return Reply(text, card=Card(title=t("suggestion.done", number=one.number), desc=text))


# Receipt


def acknowledge(ctx: Context, argument: str, picked: Mapping[str, tuple[str, ...]]) -> Reply:
    """首接: whoever takes it up answers for it until it is closed."""
    del picked
    one = take(ctx, argument)
    need(granted=receives(ctx, ctx.who, one), key="error.not_allowed")
    _acknowledge(ctx, one)
    return done(ctx, one, "suggestion.acknowledged")


def _acknowledge(ctx: Context, one: Suggestion) -> None:
    if one.receiver_id is not None:
        raise UserError("suggestion.taken", who=person_name(ctx, one.receiver_id))
    if one.state is not State.RECEIVED:
        raise UserError("suggestion.not_now", state=label(one.state))
    if one.acknowledged_in_time is None:
        one.acknowledged_in_time = in_time(ctx, one)
    one.receiver_id = ctx.who.id
    begun = one.clock_from or ctx.now
    start_clock(ctx, one, Clock.ASSIGN, begun)
    note(ctx, one, StepKind.ACKNOWLEDGED)


ASSIGN = form(
    "suggestion_assign",
    UnitField(key="unit", required=False),
    PersonField(key="person", required=False),
    Choice(key="tier", required=False, options=TIERS),
    required=False,
)


def _someone(answers: Answers, facts: Facts) -> list[tuple[str, Problem]]:
    del facts
    if answers.get("unit") is None and answers.get("person") is None:
        return [("unit", Problem("problem.suggestion.someone"))]
    return []


ASSIGN = Form(
    key=ASSIGN.key,
    version=1,
    fields=ASSIGN.fields,
    positional=ASSIGN.positional,
    check=_someone,
)


def assign(ctx: Context, answers: Answers) -> Reply:
    """``/分办``: to a unit and a person, with a due date."""
    one = take(ctx, answers["number"])
    need(granted=directs(ctx, ctx.who, one), key="error.not_allowed")
    person = member_by_userid(ctx.session, answers["person"].key) if answers["person"] else None
    if answers["person"] and person is None:
        raise UserError("suggestion.nobody", name=answers["person"].label)
    unit = unit_by_code(ctx.session, answers["unit"].key) if answers["unit"] else None
    unit_id = unit.id if unit else (person.branch_id or person.unit_id if person else None)
    if unit_id is None:
        raise UserError("suggestion.nobody", name="")
    _assign(ctx, one, unit_id, person, answers["tier"] or one.tier, answers["said"] or "")
    return done(
        ctx,
        one,
        "suggestion.assigned",
        unit=unit_name(ctx, unit_id),
        person=person.name if person else t("suggestion.anybody"),
        tier=tier_label(ctx, one.tier),
    )


def take_over(ctx: Context, argument: str, picked: Mapping[str, tuple[str, ...]]) -> Reply:
    """自办: the receiver deals with it without sending it on."""
    del picked
    one = take(ctx, argument)
    need(granted=directs(ctx, ctx.who, one), key="error.not_allowed")
    _assign(ctx, one, one.desk_id, ctx.who, one.tier, "")
    one.move_to(ctx.session, State.IN_PROGRESS)
    note(ctx, one, StepKind.ACCEPTED)
    return done(ctx, one, "suggestion.accepted")


def _assign(
    ctx: Context, one: Suggestion, unit_id: int, person: Member | None, tier: str, said: str
) -> None:
    if one.state not in (State.RECEIVED, *WORKING):
        raise UserError("suggestion.not_now", state=label(one.state))
    if one.receiver_id is None:
        _acknowledge(ctx, one)
    if one.draft is not None:
        raise UserError("suggestion.draft_waits")
    begun = one.assigned_at or ctx.now
    one.move_to(
        ctx.session,
        State.ASSIGNED,
        unit_id=unit_id,
        handler_id=person.id if person else None,
        assigned_at=begun,
        tier=tier,
        category_confirmed=True,
    )
    start_clock(ctx, one, Clock.REPLY, begun)
    name = person.name if person else unit_name(ctx, unit_id)
    note(ctx, one, StepKind.ASSIGNED, lines(f"{unit_name(ctx, unit_id)} {name}", said))
    tell(
        ctx,
        [one.handler_id],
        one,
        "suggestion.news_assigned",
        due=due_text(ctx, one),
        tier=tier_label(ctx, tier),
    )


def accept(ctx: Context, argument: str, picked: Mapping[str, tuple[str, ...]]) -> Reply:
    """接办: the one it was assigned to begins; where only a unit was named, who takes it."""
    del picked
    one = take(ctx, argument)
    mine = works_on(ctx.who, one) or (one.handler_id is None and _of_unit(ctx, one))
    need(granted=mine, key="error.not_allowed")
    one.move_to(ctx.session, State.IN_PROGRESS, handler_id=ctx.who.id)
    note(ctx, one, StepKind.ACCEPTED)
    return done(ctx, one, "suggestion.accepted")


def _of_unit(ctx: Context, one: Suggestion) -> bool:
    """Whether the speaker may take what was assigned to a unit."""
    if one.unit_id is None:
        return False
    unit = place_of(ctx, one.unit_id)
    return ctx.who.path.startswith(unit.path) or oversees(ctx, ctx.who, one)


RETURN = form("suggestion_return")


def give_back(ctx: Context, answers: Answers) -> Reply:
    """``/退办``: not ours, with the reason; the first receiver assigns it anew."""
    one = take(ctx, answers["number"])
    need(granted=works_on(ctx.who, one) or _of_unit(ctx, one), key="error.not_allowed")
    if one.state not in WORKING or one.draft is not None:
        raise UserError("suggestion.not_now", state=label(one.state))
    begun = one.assigned_at or ctx.now
    one.move_to(ctx.session, State.RECEIVED, unit_id=None, handler_id=None)
    start_clock(ctx, one, Clock.ASSIGN, begun)
    note(ctx, one, StepKind.RETURNED, answers["said"])
    tell(ctx, [one.receiver_id], one, "suggestion.news_returned", reason=answers["said"])
    return done(ctx, one, "suggestion.returned")


CATEGORY = Form(
    key="suggestion_category",
    version=1,
    fields=(NUMBER, Choice(key="category", options=CATEGORIES)),
    positional=("number", "category"),
)


def recategorise(ctx: Context, answers: Answers) -> Reply:
    """``/改类别``: the sender or whoever deals with it knows better; the next guess learns it."""
    one = take(ctx, answers["number"])
    by_sender = is_sender(ctx, ctx.who, one)
    need(granted=by_sender or may_read(ctx, ctx.who, one), key="lookup.unknown", number=one.number)
    one.category = answers["category"]
    one.category_why = ""
    one.category_confirmed = True
    said = category_label(ctx, one.category)
    if by_sender:
        ctx.discreet = one.level is not Level.NAMED
        add_step(ctx.session, one, StepKind.CATEGORISED, ctx.now, by_sender=True, said=said)
    else:
        note(ctx, one, StepKind.CATEGORISED, said)
    return done(ctx, one, "suggestion.categorised", category=said)


# Answers


ANSWER = form("suggestion_answer", low=10)
DECLINE = form("suggestion_decline", low=10)


def answer(ctx: Context, answers: Answers) -> Reply:
    """``/答复``: prepared by the one who deals with it, sent when somebody else has approved it."""
    return _draft(ctx, answers, Draft.ANSWER)


def decline(ctx: Context, answers: Answers) -> Reply:
    """``/不采纳``: not doable, explained; approved like an answer and counted apart."""
    return _draft(ctx, answers, Draft.DECLINE)


def _draft(ctx: Context, answers: Answers, draft: Draft) -> Reply:
    one = take(ctx, answers["number"])
    need(granted=works_on(ctx.who, one), key="suggestion.not_yours", number=one.number)
    if one.state not in WORKING:
        raise UserError("suggestion.not_now", state=label(one.state))
    if one.state is State.ASSIGNED:
        one.move_to(ctx.session, State.IN_PROGRESS)
    one.draft, one.draft_text, one.draft_by_id = draft, answers["said"], ctx.who.id
    note(ctx, one, StepKind.DRAFTED, answers["said"])
    tell(ctx, [one.receiver_id], one, "suggestion.news_drafted", draft=label(draft))
    return done(ctx, one, "suggestion.drafted", draft=label(draft))


def approve(ctx: Context, argument: str, picked: Mapping[str, tuple[str, ...]]) -> Reply:
    """同意发出: by somebody else than who wrote it."""
    del picked
    one = take(ctx, argument)
    _need_second(ctx, one, one.draft_by_id)
    if one.draft is None:
        raise UserError("suggestion.no_draft")
    draft, said = one.draft, one.draft_text
    if one.replied_in_time is None:
        one.replied_in_time = in_time(ctx, one)
    declined = draft is Draft.DECLINE
    one.move_to(
        ctx.session,
        State.DECLINED if declined else State.REPLIED,
        draft=None,
        draft_text="",
        draft_by_id=None,
        answer=said,
        replied_at=ctx.now,
    )
    if declined:
        one.closed_on = ctx.today
        stop_clock(one)
    else:
        start_clock(ctx, one, Clock.RECTIFY, one.assigned_at or ctx.now)
    note(ctx, one, StepKind.DECLINED if declined else StepKind.REPLIED, said)
    key = "suggestion.news_declined" if declined else "suggestion.news_replied"
    tell_senders(ctx, one, key, answer=said)
    tell_seconders(ctx, one, key, answer=said)
    tell(ctx, [one.handler_id], one, "suggestion.news_approved")
    if declined:
        offer_rating(ctx, one, rating_card(one))
    return done(ctx, one, "suggestion.approved")


def _need_second(ctx: Context, one: Suggestion, doer_id: int | None) -> None:
    """Four eyes: not the doer, but the first receiver or a level above."""
    if ctx.who.id in (doer_id, one.handler_id):
        raise UserError("suggestion.second_pair")
    need(granted=oversees(ctx, ctx.who, one), key="error.not_allowed")


SEND_BACK = form("suggestion_send_back")


def send_back(ctx: Context, answers: Answers) -> Reply:
    """``/退改``: an answer that may not go out as it is, with the reason."""
    one = take(ctx, answers["number"])
    _need_second(ctx, one, one.draft_by_id)
    if one.draft is None:
        raise UserError("suggestion.no_draft")
    writer = one.draft_by_id
    one.draft, one.draft_text, one.draft_by_id = None, "", None
    note(ctx, one, StepKind.SENT_BACK, answers["said"])
    tell(ctx, [writer], one, "suggestion.news_sent_back", reason=answers["said"])
    return done(ctx, one, "suggestion.sent_back")


# Rectification


DONE = form("suggestion_done", Attachment(key="photos", required=False, high=4), low=4)


def report_done(ctx: Context, answers: Answers) -> Reply:
    """``/办结``: what was promised has been done, with photos; somebody else verifies it."""
    one = take(ctx, answers["number"])
    need(granted=works_on(ctx.who, one), key="suggestion.not_yours", number=one.number)
    if one.state is not State.REPLIED or one.done_by_id is not None:
        raise UserError("suggestion.not_now", state=label(one.state))
    one.done_by_id = ctx.who.id
    photos = answers["photos"] or ()
    attach(ctx.session, photos, ctx.who.id, one.number)
    note(ctx, one, StepKind.DONE, answers["said"], ",".join(map(str, photos)))
    tell(ctx, [one.receiver_id], one, "suggestion.news_done")
    return done(ctx, one, "suggestion.reported_done")


def verify(ctx: Context, argument: str, picked: Mapping[str, tuple[str, ...]]) -> Reply:
    """核实: rectified only counts what somebody else has seen."""
    del picked
    one = take(ctx, argument)
    _need_second(ctx, one, one.done_by_id)
    if one.done_by_id is None:
        raise UserError("suggestion.not_done_yet")
    if one.rectified_in_time is None:
        one.rectified_in_time = in_time(ctx, one)
    one.move_to(
        ctx.session,
        State.RECTIFIED,
        done_by_id=None,
        rectified_at=ctx.now,
        closed_on=ctx.today,
    )
    stop_clock(one)
    note(ctx, one, StepKind.RECTIFIED)
    tell_senders(ctx, one, "suggestion.news_rectified")
    tell_seconders(ctx, one, "suggestion.news_rectified")
    offer_rating(ctx, one, rating_card(one))
    return done(ctx, one, "suggestion.verified")


NOT_DONE = form("suggestion_not_done")


def verify_not(ctx: Context, answers: Answers) -> Reply:
    """``/核实未过``: what was said to be done is not."""
    one = take(ctx, answers["number"])
    _need_second(ctx, one, one.done_by_id)
    if one.done_by_id is None:
        raise UserError("suggestion.not_done_yet")
    doer, one.done_by_id = one.done_by_id, None
    note(ctx, one, StepKind.NOT_DONE, answers["said"])
    tell(ctx, [doer], one, "suggestion.news_not_done", reason=answers["said"])
    return done(ctx, one, "suggestion.not_verified")


def rating_card(one: Suggestion) -> Card:
    """Solved or not, in one tap; the stars in between by the form."""
    return Card(
        title=t("suggestion.rate_title", number=one.number),
        desc=one.said[:30],
        buttons=(
            Button(t("suggestion.rate_5"), f"suggestion.rate:{one.number}/1/5", Tone.PRIMARY),
            Button(t("suggestion.rate_3"), f"suggestion.rate:{one.number}/1/3"),
            Button(t("suggestion.rate_1"), f"begin:rate/number={one.number}/solved={t('echo.no')}"),
        ),
    )


FAMILY = Family(
    commands=(
        Command(key="suggestion_assign", form=ASSIGN, run=assign),
        Command(key="suggestion_return", form=RETURN, run=give_back),
        Command(key="suggestion_category", form=CATEGORY, facts=hush, run=recategorise),
        Command(key="suggestion_answer", form=ANSWER, run=answer),
        Command(key="suggestion_decline", form=DECLINE, run=decline),
        Command(key="suggestion_send_back", form=SEND_BACK, run=send_back),
        Command(key="suggestion_done", form=DONE, run=report_done),
        Command(key="suggestion_not_done", form=NOT_DONE, run=verify_not),
    ),
    actions=(
        Action(key="suggestion.acknowledge", run=acknowledge),
        Action(key="suggestion.take_over", run=take_over),
        Action(key="suggestion.accept", run=accept),
        Action(key="suggestion.approve", run=approve),
        Action(key="suggestion.verify", run=verify),
    ),
)
