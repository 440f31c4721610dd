"""约谈 and 谈话提醒: talks that are due, and what was agreed on in them (PRODUCT.md F-119, F-121).

A member asks for a talk; a secretary puts somebody on the list (transfer, hardship, penalty …).
Why is sealed and read by the two alone. Follow-ups are kept apart from the words of a talk.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import aliased

from config.texts import label, t
from handlers.content import Card, Text
from handlers.context import Context
from handlers.dossier import Act, Dossier, Record, Section
from handlers.duty import Duty, DutySource
from handlers.personal import Access, Held, Holding, Kin, rows_of
from handlers.reply import Reply, fill, say
from handlers.spec import Action, Command, Family, Where
from handlers.talks.recording import (
    facts,
    is_near,
    options,
    own_talk,
    person_named,
    place_of_person,
)
from models.errors import UserError
from models.forms.dates import write_day
from models.forms.field import Answers, Facts, Problem
from models.forms.form import Form
from models.forms.kinds import Choice, Date, LongText
from models.forms.kinds import Person as PersonField
from models.forms.kinds import Text as TextField
from models.forms.record import RecordNumber
from models.history import Change, History
from models.number import next_number
from models.person import Grant, Member, Person, PersonState, Role, holders
from models.talk import (
    CALL,
    CallState,
    Occasion,
    Talk,
    TalkCall,
    TalkTask,
    TaskState,
)
from models.unit import Unit

AT_ONCE: Final = 500
LEAD: Final = aliased(Person)
LEADS: Final = (Role.SECRETARY, Role.PARTY_OFFICE, Role.COMMITTEE_SECRETARY, Role.TEAM_LEADER)


def _not_past(answers: Answers, facts_known: Facts) -> list[tuple[str, Problem]]:
    due, today = answers.get("due"), facts_known.get("today")
    if due is not None and today is not None and due < today:
        return [("due", Problem("talk.task_past"))]
    return []


def _not_self(answers: Answers, facts_known: Facts) -> list[tuple[str, Problem]]:
    own = [("person", Problem("talk.self"))] if facts_known.get("self") else []
    return [*own, *_not_past(answers, facts_known)]


ASK = Form(
    key="talk_ask",
    version=1,
    sealed=True,
    fields=(
        PersonField(key="person", required=False, aside=True),
        Date(key="due", required=False, aside=True),
        LongText(key="about", max_chars=1000, required=False),
    ),
    positional=("about",),
    check=_not_self,
)
REMIND = Form(
    key="talk_remind",
    version=1,
    sealed=True,
    fields=(
        PersonField(key="person"),
        Choice(key="occasion", options=options(Occasion)),
        Date(key="due", required=False),
        LongText(key="about", max_chars=500, required=False),
    ),
    positional=("person", "occasion", "about"),
    check=_not_self,
)
DECLINE = Form(
    key="talk_decline",
    version=1,
    sealed=True,
    fields=(RecordNumber(key="number"), LongText(key="answer", max_chars=500)),
    positional=("number", "answer"),
)
TASK = Form(
    key="talk_task",
    version=1,
    fields=(
        RecordNumber(key="number"),
        TextField(key="what", max_chars=100),
        Date(key="due"),
    ),
    positional=("number", "what"),
    check=_not_past,
)


def _today(ctx: Context, answers: Answers) -> Facts:
    del answers
    return {"today": ctx.today}


def ask(ctx: Context, answers: Answers) -> Reply:
    """``/约谈 想谈的事``: ask the own secretary (or somebody named) for a talk, privately."""
    lead = person_named(ctx, answers) or _own_secretary(ctx)
    due = answers["due"] or ctx.calendar.add_working(ctx.today, ctx.rules.talk.call_days)
    call = _add(ctx, person_id=ctx.who.id, lead_id=lead.id, due=due, about=answers["about"] or "")
    told = fill(
        "talk.asked_told",
        name=ctx.who.name,
        number=call.number,
        due=write_day(due),
        url=ctx.link(f"/record/{call.number}", lead.userid),
    )
    ctx.push_person(lead.userid, Text(told), f"call:{call.number}")
    return say("talk.asked", number=call.number, name=lead.name, due=write_day(due))


def _own_secretary(ctx: Context) -> Person:
    """The nearest secretary who is not the speaker."""
    unit: Unit | None = ctx.session.get_one(Unit, ctx.who.unit_id)
    while unit is not None:
        found = [p for p in holders(ctx.session, Role.SECRETARY, unit) if p.id != ctx.who.id]
        if found:
            return found[0]
        unit = ctx.session.get(Unit, unit.parent_id) if unit.parent_id else None
    raise UserError("talk.no_secretary")


def _add(ctx: Context, *, person_id: int, lead_id: int, due: date, about: str) -> TalkCall:
    call = TalkCall(
        number=next_number(ctx.session, "YT", ctx.today.year),
        person_id=person_id,
        lead_id=lead_id,
        asked=person_id == ctx.who.id,
        due_on=due,
        at=ctx.now,
    )
    ctx.session.add(call)
    ctx.session.flush()
    ctx.seal(CALL, call.number, about)
    ctx.subject = call.number
    return call


def remind(ctx: Context, answers: Answers) -> Reply:
    """``/谈话提醒 姓名 事由``: put somebody on the own list of talks to be held."""
    person = person_named(ctx, answers)
    if person is None:
        raise UserError("talk.unknown_person")
    if not is_near(ctx.who, place_of_person(ctx, person)):
        raise UserError("talk.not_near", name=person.name)
    occasion = label(Occasion(answers["occasion"]))
    about = f"{occasion}\n{answers['about'] or ''}".strip()
    due = answers["due"] or ctx.calendar.add_working(ctx.today, ctx.rules.talk.call_days)
    call = _add(ctx, person_id=person.id, lead_id=ctx.who.id, due=due, about=about)
    return say("talk.reminded", number=call.number, name=person.name, due=write_day(due))


def _call(ctx: Context, number: str) -> TalkCall:
    """A call, for the two whom it concerns; what a secretary noted is the secretary's own."""
    if ctx.room is not None:
        raise UserError("error.private_only")
    call = ctx.session.scalar(select(TalkCall).where(TalkCall.number == number))
    may = call is not None and (
        call.lead_id == ctx.who.id or (call.asked and call.person_id == ctx.who.id)
    )
    if call is None or not may:
        raise UserError("lookup.unknown", number=number)
    return call


def show_call(ctx: Context, number: str) -> Dossier:
    """A talk that is due, with why."""
    call = _call(ctx, number)
    person = ctx.session.get_one(Person, call.person_id)
    lead = ctx.session.get_one(Person, call.lead_id)
    about = ctx.unseal(CALL, call.number) or ""
    if call.lead_id == ctx.who.id:
        ctx.looked(call.number, call.person_id)
    talk = ctx.session.get(Talk, call.talk_id) if call.talk_id else None
    leads = call.lead_id == ctx.who.id and call.state is CallState.OPEN
    return Dossier(
        number=call.number,
        title=t("talk.call_title" if call.asked else "talk.list_title", person=person.name),
        state=label(call.state),
        sealed=True,
        facts=(
            (t("talk.fact_lead"), lead.name),
            (t("talk.fact_due"), write_day(call.due_on)),
            *([(t("talk.fact_talk"), talk.number)] if talk else []),
        ),
        sections=(
            Section(t("talk.section_about"), about),
            Section(t("privacy.help"), ctx.rules.privacy.help_line),
        ),
        acts=_call_acts(call, person) if leads else (),
    )


def _call_acts(call: TalkCall, person: Person) -> tuple[Act, ...]:
    return (
        Act(t("talk.hold"), command="talk", answers={"person": person.userid}),
        Act(t("talk.decline"), command="talk_decline", answers={"number": call.number}),
    )


def decline(ctx: Context, answers: Answers) -> Reply:
    """No talk, with a sentence for whoever asked."""
    call = _call(ctx, answers["number"])
    if call.lead_id != ctx.who.id:
        raise UserError("error.not_allowed")
    call.move_to(ctx.session, CallState.DECLINED, ended_at=ctx.now)
    ctx.subject = call.number
    if call.asked:
        about = ctx.unseal(CALL, call.number) or ""
        answer = t("talk.declined_answer", name=ctx.who.name, answer=answers["answer"])
        ctx.seal(CALL, call.number, f"{about}\n\n{answer}".strip())
        userid = ctx.session.get_one(Person, call.person_id).userid
        url = ctx.link(f"/record/{call.number}", userid)
        told = fill("talk.declined_told", number=call.number, name=ctx.who.name, url=url)
        ctx.push_person(userid, Text(told), f"call.ended:{call.number}")
    return say("talk.declined", number=call.number)


# Follow-ups


def add_task(ctx: Context, answers: Answers) -> Reply:
    """Something agreed on, by a day; only the one who led the talk owes it."""
    talk = own_talk(ctx, answers["number"])
    if talk.talker_id != ctx.who.id:
        raise UserError("talk.talker_only")
    ctx.session.add(
        TalkTask(
            talk_id=talk.id,
            owner_id=ctx.who.id,
            what=answers["what"],
            due_on=answers["due"],
            at=ctx.now,
        )
    )
    ctx.subject = talk.number
    return say("talk.task_added", number=talk.number, due=write_day(answers["due"]))


def end_task(ctx: Context, argument: str, picked: Mapping[str, tuple[str, ...]]) -> Reply:
    """The button under a follow-up: ``argument`` is its id."""
    del picked
    task = ctx.session.get(TalkTask, int(argument)) if argument.isdigit() else None
    if task is None or not _may_end(ctx, task):
        raise UserError("error.stale")
    task.move_to(ctx.session, TaskState.DONE, done_at=ctx.now)
    ctx.subject = ctx.session.get_one(Talk, task.talk_id).number
    return Reply(card=Card(title=t("talk.task_done"), desc=ctx.subject))


def _may_end(ctx: Context, task: TalkTask) -> bool:
    """Its owner; when that one has left, the branch's secretary, to whom it has moved."""
    if task.owner_id == ctx.who.id:
        return True
    left = ctx.session.get_one(Person, task.owner_id).state is PersonState.LEFT
    place = ctx.directory.place(ctx.session, ctx.session.get_one(Talk, task.talk_id).unit_id)
    return left and ctx.who.has(Role.SECRETARY, over=place.path)


# Duties


def calls_due(ctx: Context, member: Member | None) -> Iterator[Duty]:
    """Talks that were asked for or noted. Of a lead who left they move to the secretary.

    Why it was asked for stays between the two; that somebody waits for a talk does not.
    """
    query = (
        select(TalkCall, Person, LEAD.state, Unit.path)
        .join(Person, Person.id == TalkCall.person_id)
        .join(LEAD, LEAD.id == TalkCall.lead_id)
        .join(Unit, Unit.id == Person.unit_id)
        .where(TalkCall.state == CallState.OPEN)
        .order_by(TalkCall.due_on, TalkCall.id)
    )
    if member is not None:
        query = query.where(or_(TalkCall.lead_id == member.id, LEAD.state == PersonState.LEFT))
    for call, person, state, path in ctx.session.execute(query):
        look = Act(t("talk.duty_look"), command="lookup", answers={"number": call.number})
        hold = Act(t("talk.hold"), command="talk", answers={"person": person.userid})
        yield Duty(
            key=f"call:{call.number}",
            title=t("talk.duty_call"),
            detail=t("talk.duty_call_detail", name=person.name, number=call.number),
            due=call.due_on,
            unit_path=path,
            owners=(call.lead_id,),
            number=call.number,
            act=hold if state is PersonState.LEFT else look,
            private=True,
            escalates=False,
        )


def tasks_due(ctx: Context, member: Member | None) -> Iterator[Duty]:
    """Follow-ups of talks."""
    query = (
        select(TalkTask, Talk.number, Unit.path)
        .join(Talk, Talk.id == TalkTask.talk_id)
        .join(LEAD, LEAD.id == TalkTask.owner_id)
        .join(Unit, Unit.id == Talk.unit_id)
        .where(TalkTask.state == TaskState.OPEN)
        .order_by(TalkTask.due_on, TalkTask.id)
    )
    if member is not None:
        query = query.where(or_(TalkTask.owner_id == member.id, LEAD.state == PersonState.LEFT))
    for task, number, path in ctx.session.execute(query):
        yield Duty(
            key=f"talk.task:{task.id}",
            title=t("talk.duty_task"),
            detail=t("talk.duty_task_detail", what=task.what, number=number),
            due=task.due_on,
            unit_path=path,
            owners=(task.owner_id,),
            number=number,
            act=Act(t("talk.duty_done"), action=f"talk.task_done:{task.id}"),
            private=True,
            escalates=False,
        )


def arrivals(ctx: Context, member: Member | None) -> Iterator[Duty]:
    """People who came to a branch lately and whom its secretary has not talked with since."""
    days = ctx.rules.talk.trigger_days
    since = ctx.now - timedelta(days=days)
    query = (
        select(Person, History.at, Unit.branch_id, Unit.path)
        .join(History, History.key == Person.userid)
        .join(Unit, Unit.id == Person.unit_id)
        .where(
            History.subject == "person",
            History.change == Change.MOVED,
            History.at >= since,
            Person.state == PersonState.ACTIVE,
            Unit.branch_id.is_not(None),
        )
        .order_by(Person.id, History.at.desc())
    )
    if member is not None:
        query = query.where(Unit.branch_id.in_(_led(ctx, member)))
    seen: set[int] = set()
    for person, at, branch_id, path in ctx.session.execute(query):
        if person.id in seen or _talked_since(ctx, person.id, branch_id, at):
            continue
        seen.add(person.id)
        yield Duty(
            key=f"arrival:{person.id}:{ctx.local(at).date()}",
            title=t("talk.duty_arrival"),
            detail=t("talk.duty_arrival_detail", name=person.name),
            due=ctx.local(at).date() + timedelta(days=days),
            unit_path=path,
            act=Act(t("talk.hold"), command="talk", answers={"person": person.userid}),
            private=True,
            escalates=False,
        )


def _led(ctx: Context, member: Member) -> list[int]:
    """The branches of which somebody is a secretary."""
    query = select(Grant.unit_id).where(Grant.person_id == member.id, Grant.role == Role.SECRETARY)
    return list(ctx.session.scalars(query))


def _talked_since(ctx: Context, person_id: int, branch_id: int | None, at: datetime) -> bool:
    day = ctx.local(at).date()
    query = select(Talk.id).where(
        Talk.person_id == person_id, Talk.unit_id == branch_id, Talk.as_secretary, Talk.day >= day
    )
    return ctx.session.scalar(query.limit(1)) is not None


def _calls_held(ctx: Context, person_id: int) -> list[Held]:
    """What the person asked for; what a secretary noted is counted without a word."""
    rows = ctx.session.scalars(
        select(TalkCall).where(TalkCall.person_id == person_id).order_by(TalkCall.id.desc())
    )
    return [
        Held(
            title=t("holding.talk_call.asked" if row.asked else "holding.talk_call.noted"),
            at=row.at,
            number=row.number if row.asked else "",
        )
        for row in rows
    ]


def forget_calls(ctx: Context, before: datetime) -> int:
    """Calls that ended long ago, with why."""
    rows = ctx.session.execute(
        select(TalkCall.id, TalkCall.number)
        .where(TalkCall.state != CallState.OPEN, TalkCall.at < before)
        .limit(AT_ONCE)
    ).all()
    if rows:
        ctx.shred(CALL, *(row.number for row in rows))
        ctx.session.execute(delete(TalkCall).where(TalkCall.id.in_([row.id for row in rows])))
    return len(rows)


FAMILY = Family(
    commands=(
        Command(
            key="talk_ask",
            form=ASK,
            facts=lambda ctx, answers: {**_today(ctx, answers), **facts(ctx, answers)},
            run=ask,
            where=Where.PRIVATE,
        ),
        Command(
            key="talk_remind",
            form=REMIND,
            facts=facts,
            run=remind,
            where=Where.PRIVATE,
            roles=frozenset(LEADS),
        ),
        Command(
            key="talk_decline",
            form=DECLINE,
            run=decline,
            where=Where.PRIVATE,
            under=("talk_decline", "YT"),
        ),
        Command(
            key="talk_task",
            form=TASK,
            facts=_today,
            run=add_task,
            where=Where.PRIVATE,
            under=("talk_task", "TH"),
        ),
    ),
    actions=(Action(key="talk.task_done", run=end_task),),
    records=(Record(prefix="YT", show=show_call),),
    duties=(
        DutySource(key="talk_call", find=calls_due),
        DutySource(key="talk_task", find=tasks_due),
        DutySource(key="talk_arrival", find=arrivals),
    ),
    holdings=(
        Holding(
            key="talk_call",
            tables=("talk_call",),
            find=_calls_held,
            readers={Kin.OTHER_PARTY: Access.TEXT},
            days=lambda rules: rules.talk.keep_days,
            purge=forget_calls,
        ),
        Holding(
            key="talk_task",
            tables=("talk_task",),
            find=rows_of(
                TalkTask,
                TalkTask.owner_id,
                TalkTask.at,
                title=lambda row: label(row.state),
                text=lambda row: row.what,
            ),
            readers={Kin.OTHER_PARTY: Access.TEXT},
            days=lambda rules: rules.talk.keep_days,
        ),
    ),
)
