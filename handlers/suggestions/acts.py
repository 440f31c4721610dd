"""书记听您说: what the reader of a suggestion may do now, and what is owed until when."""

from collections.abc import Iterator

from sqlalchemy import select, true

from config.texts import t
from handlers.clocks import hours_at
from handlers.content import Tone
from handlers.context import Context
from handlers.dossier import Act
from handlers.duty import Duty, DutySource
from handlers.figures import minute_text
from handlers.spec import Family
from handlers.suggestions.desk import (
    category_label,
    concerns,
    day_begin,
    directs,
    keeper,
    oversees,
    place_of,
    receives,
    works_on,
)
from models.person import Member, Role
from models.span import Span
from models.suggestion import (
    OPEN,
    Clock,
    Level,
    State,
    StepKind,
    Suggestion,
    add_step,
)
from models.unit import UnitKind


def acts_of(ctx: Context, one: Suggestion) -> list[Act]:
    """All of it, the most likely first; a card shows the first six."""
    if one.state not in OPEN:
        return [*_publish(ctx, one), *_keeper(ctx, one)]
    member = ctx.who
    acts = [*_receipt(ctx, member, one), *_second_pair(ctx, member, one), *_work(member, one)]
    if acts or directs(ctx, member, one):
        acts += _further(ctx, member, one)
    return acts + _keeper(ctx, one)


def _tap(key: str, one: Suggestion, tone: Tone = Tone.PLAIN) -> Act:
    return Act(t(f"suggestion.act_{key}"), action=f"suggestion.{key}:{one.number}", tone=tone)


def _open(key: str, one: Suggestion, tone: Tone = Tone.PLAIN) -> Act:
    return Act(
        t(f"suggestion.act_{key}"),
        command=f"suggestion_{key}",
        answers={"number": one.number},
        tone=tone,
    )


def _receipt(ctx: Context, member: Member, one: Suggestion) -> Iterator[Act]:
    if one.state is not State.RECEIVED:
        return
    if one.receiver_id is None and receives(ctx, member, one):
        yield _tap("acknowledge", one, Tone.PRIMARY)
    if directs(ctx, member, one):
        yield _open("assign", one)
        yield _tap("take_over", one)


def _second_pair(ctx: Context, member: Member, one: Suggestion) -> Iterator[Act]:
    if member.id == one.handler_id or not oversees(ctx, member, one):
        return
    if one.draft is not None and one.draft_by_id != member.id:
        yield _tap("approve", one, Tone.PRIMARY)
        yield _open("send_back", one)
    if one.done_by_id is not None and one.done_by_id != member.id:
        yield _tap("verify", one, Tone.PRIMARY)
        yield _open("not_done", one)


def _work(member: Member, one: Suggestion) -> Iterator[Act]:
    if not works_on(member, one):
        return
    if one.state is State.ASSIGNED:
        yield _tap("accept", one, Tone.PRIMARY)
    if one.state in (State.ASSIGNED, State.IN_PROGRESS) and one.draft is None:
        yield _open("answer", one, Tone.PRIMARY if one.state is State.IN_PROGRESS else Tone.PLAIN)
        yield _open("decline", one)
        yield _open("return", one)
    if one.state is State.REPLIED and one.done_by_id is None:
        yield _open("done", one, Tone.PRIMARY)


def _further(ctx: Context, member: Member, one: Suggestion) -> Iterator[Act]:
    yield _open("ask", one)
    yield _open("note", one)
    mine = works_on(member, one) or directs(ctx, member, one)
    if mine and one.paused_at is not None:
        yield _tap("resume", one)
    elif mine and one.due_at is not None:
        yield _open("pause", one)
        if not one.extended:
            yield _open("extend", one)
    if directs(ctx, member, one) and one.state is not State.REPLIED:
        yield _open("category", one)
        yield _open("merge", one)


def may_be_published(one: Suggestion) -> bool:
    """Only what was put right, and never what was said in confidence."""
    right = one.state is State.RECTIFIED or (one.state is State.RATED and one.solved is True)
    return right and one.level is not Level.CONFIDENTIAL


def _publish(ctx: Context, one: Suggestion) -> Iterator[Act]:
    if one.published_on is None and may_be_published(one) and oversees(ctx, ctx.who, one):
        yield _open("publish", one)


def _keeper(ctx: Context, one: Suggestion) -> list[Act]:
    if one.level is not Level.CONFIDENTIAL or ctx.room is not None:
        return []
    found = keeper(ctx)
    return [_tap("name", one)] if found and found.id == ctx.who.id else []


def owed(ctx: Context, member: Member | None) -> Iterator[Duty]:
    """Every running clock, and every answer and repair that waits for a second pair of eyes."""
    whose = true() if member is None else concerns(member)
    for one in ctx.session.scalars(
        select(Suggestion)
        .where(Suggestion.state.in_(OPEN), Suggestion.paused_at.is_(None), whose)
        .order_by(Suggestion.number)
    ):
        yield from _duties(ctx, one, hidden=member is None)


def _duties(ctx: Context, one: Suggestion, *, hidden: bool) -> Iterator[Duty]:
    """``hidden``: what an anonymous sender did today is kept from the book of duties.

    It looks every few minutes, and the order of its rows would tell between what it came.
    """
    if one.clock is None or one.due_at is None or one.clock_from is None:
        return
    if hidden and one.is_anonymous and one.clock_from == day_begin(ctx):
        return
    waiting = one.draft is not None or one.done_by_id is not None
    place = place_of(ctx, one.desk_id if waiting or one.unit_id is None else one.unit_id)
    whole_days = one.clock_span.endswith("d")
    hours = ctx.hours if whole_days else hours_at(ctx, place.path)
    due_at = Span.read(one.clock_span).end(one.clock_from, hours)
    key = "approve" if one.draft is not None else "verify" if waiting else one.clock.value
    yield Duty(
        key=f"suggestion:{one.number}:{key}:{one.reopened}",
        title=t(f"suggestion.duty_{key}"),
        detail=t(
            "suggestion.duty",
            number=one.number,
            category=category_label(ctx, one.category),
            said=one.said[:20],
        ),
        due=ctx.local(due_at).date(),
        due_at=None if whole_days else due_at,
        since=ctx.local(one.clock_from).date(),
        unit_path=place.path,
        owners=_owners(one, waiting=waiting),
        role=_role(one, place.kind, waiting=waiting),
        number=one.number,
        act=_act(one, key),
        urgent=one.clock_span.endswith("h"),
    )


def _owners(one: Suggestion, *, waiting: bool) -> tuple[int, ...]:
    """Who owes it by name; nobody where only a role does."""
    if waiting:
        doer = one.draft_by_id if one.draft is not None else one.done_by_id
        receiver = one.receiver_id
        return (receiver,) if receiver not in (None, doer, one.handler_id) else ()
    if one.clock is Clock.ACKNOWLEDGE:
        return ()
    if one.clock is Clock.ASSIGN:
        return (one.receiver_id,) if one.receiver_id is not None else ()
    return (one.handler_id,) if one.handler_id is not None else ()


def _role(one: Suggestion, kind: UnitKind, *, waiting: bool) -> Role:
    """Which role owes it where nobody is named; the last reopening goes to the top."""
    if one.raised and one.clock is Clock.ACKNOWLEDGE:
        return Role.COMMITTEE_SECRETARY
    if waiting:
        return Role.PARTY_OFFICE
    return Role.SECRETARY if kind in (UnitKind.BRANCH, UnitKind.TEAM) else Role.PARTY_OFFICE


def _act(one: Suggestion, key: str) -> Act | None:
    taps = {"acknowledge": "acknowledge", "approve": "approve", "verify": "verify"}
    opens = {Clock.ASSIGN.value: "assign", Clock.REPLY.value: "answer", Clock.RECTIFY.value: "done"}
    if key in taps:
        return _tap(taps[key], one)
    return _open(opens[key], one)


def renew(ctx: Context) -> None:
    """Let running clocks end when they do by the calendar as it is now, each move on record."""
    for one in ctx.session.scalars(
        select(Suggestion)
        .where(Suggestion.state.in_(OPEN), Suggestion.paused_at.is_(None))
        .order_by(Suggestion.number)
        .with_for_update()
    ):
        if one.due_at is None or one.clock_from is None:
            continue
        before, one.due_at = one.due_at, Span.read(one.clock_span).end(one.clock_from, ctx.hours)
        if one.due_at != before:
            said = " → ".join(minute_text(ctx.local(moment)) for moment in (before, one.due_at))
            add_step(ctx.session, one, StepKind.MOVED, ctx.now, person_id=ctx.who.id, said=said)


FAMILY = Family(duties=(DutySource(key="suggestion", find=owed, hourly=True, renew=renew),))
