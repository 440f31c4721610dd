"""谈话: recording a talk, reading it, adding a correction (DOMAIN.md 5, PRODUCT.md E.2).

What was said is typed in private chat or on a page only, is sealed at once, and is shown to the two
parties, to the level that the record's notice names, and to two named persons by an opening
(``handlers/talks/reading.py``). Each reading is noted for the audit and ``/谁看过我``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import select

from config.texts import label, t, words
from handlers.content import Card, Text, Tone
from handlers.context import Context
from handlers.dossier import Act, Dossier, Record, Section, Step
from handlers.reply import Reply, fill, say
from handlers.spec import Command, Family, Where
from models.audit import LOOK, Audit
from models.errors import UserError
from models.forms.dates import write_day
from models.forms.field import Answers, Facts, Option, Problem
from models.forms.form import Form
from models.forms.kinds import Choice, Date, LongText
from models.forms.kinds import Person as PersonField
from models.forms.kinds import Text as TextField
from models.forms.record import RecordNumber
from models.number import next_number
from models.person import Member, Person, PersonState, Role
from models.talk import (
    STRIKE,
    TALK,
    CallState,
    Occasion,
    Talk,
    TalkCall,
    TalkState,
    TalkTask,
    TalkText,
    TalkWay,
    is_opened_to,
    last_strike,
    open_strike,
    talk_by_number,
    talks_of,
    tasks_of,
)
from models.unit import Place

POINTS: Final = 3000
LATE: Final = timedelta(days=7)
"""A talk recorded later than this after its day is marked 补录 (PRODUCT.md E.12)."""
RECENT: Final = 5
COUNTED: Final = (
    Role.SECRETARY,
    Role.PARTY_OFFICE,
    Role.COMMITTEE_SECRETARY,
    Role.INSPECTOR,
    Role.ADMIN,
)
"""Roles that see how many talks there were, and when; never more."""


def options(kind: type[TalkWay | Occasion]) -> tuple[Option, ...]:
    """The members of an enum as options, with the words people use for them."""
    return tuple(Option(one.value, label(one), words(f"talk.words.{one.value}")) for one in kind)


def _foreign(answers: Answers, facts: Facts) -> bool:
    del answers
    return bool(facts.get("foreign"))


def _objections(answers: Answers, facts: Facts) -> Sequence[tuple[str, Problem]]:
    found = []
    if facts.get("self"):
        found.append(("person", Problem("talk.self")))
    day, today = answers.get("day"), facts.get("today")
    if day is not None and today is not None and day > today:
        found.append(("day", Problem("talk.future")))
    due = answers.get("task_due")
    if due is not None and today is not None and due < today:
        found.append(("task_due", Problem("talk.task_past")))
    if answers.get("task") and due is None:
        found.append(("task_due", Problem("talk.task_due")))
    return found


FORM = Form(
    key="talk",
    version=1,
    sealed=True,
    fields=(
        PersonField(key="person"),
        Date(key="day", past=True),
        Choice(key="way", options=options(TalkWay), required=False),
        Choice(key="occasion", options=options(Occasion), required=False),
        TextField(key="reason", max_chars=200, when=_foreign),
        TextField(key="place", max_chars=60, required=False, aside=True),
        TextField(key="promise", max_chars=300, required=False, aside=True),
        TextField(key="task", max_chars=100, required=False, aside=True),
        Date(key="task_due", required=False, aside=True),
        LongText(key="points", max_chars=POINTS),
    ),
    positional=("person", "points"),
    check=_objections,
)
CORRECTION = Form(
    key="talk_correction",
    version=1,
    sealed=True,
    fields=(RecordNumber(key="number"), LongText(key="words", max_chars=1000)),
    positional=("number", "words"),
)


def person_named(ctx: Context, answers: Answers, key: str = "person") -> Person | None:
    """The person that an answer names, if it is given."""
    named = answers.get(key)
    if named is None:
        return None
    return ctx.session.scalar(select(Person).where(Person.userid_key == named.key.lower()))


def place_of_person(ctx: Context, person: Person) -> Place:
    """The branch of a person; the unit itself outside of branches."""
    unit = ctx.directory.place(ctx.session, person.unit_id)
    if unit.branch_id is None:
        return unit
    return ctx.directory.place(ctx.session, unit.branch_id)


def facts(ctx: Context, answers: Answers) -> Facts:
    """Whether it is with oneself, or with somebody of another branch (which needs a reason)."""
    person = person_named(ctx, answers)
    known: dict[str, object] = {"today": ctx.today}
    if person is not None:
        place = place_of_person(ctx, person)
        known["self"] = person.id == ctx.who.id
        known["foreign"] = not is_near(ctx.who, place)
    return known


def is_near(member: Member, place: Place) -> bool:
    """Whether somebody belongs to a branch or holds a role over it."""
    own = member.branch_id if member.branch_id is not None else member.unit_id
    return own == place.id or member.has(*Role, over=place.path)


def record(ctx: Context, answers: Answers) -> Reply:
    """``/谈话``: store it sealed, tell the person, close the calls for it."""
    person = person_named(ctx, answers)
    if person is None:
        raise UserError("talk.unknown_person")
    place = place_of_person(ctx, person)
    talk = Talk(
        number=next_number(ctx.session, "TH", ctx.today.year),
        unit_id=place.id,
        talker_id=ctx.who.id,
        person_id=person.id,
        day=answers["day"],
        as_secretary=ctx.who.has(Role.SECRETARY, over=place.path),
        reader=named_level(ctx),
        at=ctx.now,
    )
    ctx.session.add(talk)
    ctx.session.flush()
    text = TalkText(
        points=answers["points"],
        way=answers["way"] or "",
        occasion=answers["occasion"] or "",
        place=answers["place"] or "",
        promise=answers["promise"] or "",
        reason=answers["reason"] or "",
    )
    ctx.seal(TALK, talk.number, text.dump())
    ctx.subject = talk.number
    _follow_up(ctx, talk, answers)
    _answer_calls(ctx, talk)
    _tell(ctx, talk, person)
    return _receipt(ctx, talk, person)


def named_level(ctx: Context) -> Role | None:
    """The level that new records name as a further reader; by default none."""
    return Role(ctx.rules.talk.reader) if ctx.rules.talk.reader else None


def _follow_up(ctx: Context, talk: Talk, answers: Answers) -> None:
    if answers["task"] and answers["task_due"]:
        ctx.session.add(
            TalkTask(
                talk_id=talk.id,
                owner_id=ctx.who.id,
                what=answers["task"],
                due_on=answers["task_due"],
                at=ctx.now,
            )
        )


def _answer_calls(ctx: Context, talk: Talk) -> None:
    """Talks that were due between the two are held with this one; so are those of a lead who left.

    Only somebody who leads the branch takes the place of one who left.
    """
    lead = TalkCall.lead_id == talk.talker_id
    if talk.as_secretary:
        lead |= TalkCall.lead_id.in_(select(Person.id).where(Person.state == PersonState.LEFT))
    calls = ctx.session.scalars(
        select(TalkCall).where(
            TalkCall.person_id == talk.person_id, lead, TalkCall.state == CallState.OPEN
        )
    ).all()
    for call in calls:
        call.move_to(ctx.session, CallState.HELD, ended_at=ctx.now, talk_id=talk.id)


def _tell(ctx: Context, talk: Talk, person: Person) -> None:
    """The person talked to learns that a record exists, who may read it, and what can be done."""
    told = fill(
        "talk.told",
        name=ctx.who.name,
        day=write_day(talk.day),
        number=talk.number,
        readers=readers_text(talk),
        days=ctx.rules.talk.keep_days,
        url=ctx.link(f"/record/{talk.number}", person.userid),
    )
    ctx.push_person(person.userid, Text(told), f"talk:{talk.number}")


def readers_text(talk: Talk) -> str:
    """Who may read it, as the notice says it."""
    return t("talk.readers_level", level=label(talk.reader)) if talk.reader else t("talk.readers")


def _receipt(ctx: Context, talk: Talk, person: Person) -> Reply:
    text = fill(
        "talk.saved",
        number=talk.number,
        name=person.name,
        day=write_day(talk.day),
        readers=readers_text(talk),
        late=t("talk.late") if is_late(ctx, talk) else "",
    )
    act = Act(t("talk.add_task"), command="talk_task", answers={"number": talk.number})
    look = Act(t("talk.show"), command="lookup", answers={"number": talk.number})
    card = Card(title=t("talk.saved_card"), desc=talk.number, buttons=(act.button(), look.button()))
    return Reply(text, card=card)


def is_late(ctx: Context, talk: Talk) -> bool:
    """Whether it was recorded long after its day."""
    return ctx.local(talk.at).date() - talk.day > LATE


# Reading


@dataclass(frozen=True, slots=True)
class Reading:
    """What the speaker is to a talk."""

    party: bool
    level: bool
    opened: bool


def reading_of(ctx: Context, talk: Talk) -> Reading:
    """How the speaker may read a talk, if at all."""
    who = ctx.who
    place = ctx.directory.place(ctx.session, talk.unit_id)
    return Reading(
        party=who.id in (talk.talker_id, talk.person_id),
        level=talk.reader is not None and who.has(talk.reader, over=place.path),
        opened=is_opened_to(ctx.session, talk.id, who.id, ctx.now),
    )


def readable(ctx: Context, number: str) -> Talk:
    """The talk of a number, for somebody who may read it.

    In a group nobody is told anything; elsewhere what one may not read is as if it were not there.
    """
    if ctx.room is not None:
        raise UserError("error.private_only")
    talk = talk_by_number(ctx.session, number)
    if talk is None:
        raise UserError("lookup.unknown", number=number)
    how = reading_of(ctx, talk)
    if not (how.party or how.level or how.opened):
        raise UserError("lookup.unknown", number=number)
    return talk


def own_talk(ctx: Context, number: str) -> Talk:
    """The talk of a number, for one of its parties."""
    talk = readable(ctx, number)
    if ctx.who.id not in (talk.talker_id, talk.person_id):
        raise UserError("talk.parties_only")
    return talk


def text_of(ctx: Context, talk: Talk) -> TalkText | None:
    """What was said; None if it was deleted or destroyed."""
    sealed = ctx.unseal(TALK, talk.number)
    return None if sealed is None else TalkText.load(sealed)


def show(ctx: Context, number: str) -> Dossier:
    """A talk with its words; the reading is noted."""
    talk = readable(ctx, number)
    text = text_of(ctx, talk)
    names = {i: ctx.session.get_one(Person, i).name for i in (talk.talker_id, talk.person_id)}
    if text is not None:
        others = {talk.person_id, talk.talker_id} - {ctx.who.id}
        ctx.looked(talk.number, *sorted(others))
    return Dossier(
        number=talk.number,
        title=t("talk.title", talker=names[talk.talker_id], person=names[talk.person_id]),
        state=label(talk.state),
        sealed=True,
        facts=_facts_of(ctx, talk, text),
        sections=_sections(ctx, talk, text),
        steps=_tasks(ctx, talk),
        acts=_acts(ctx, talk),
    )


def _facts_of(ctx: Context, talk: Talk, text: TalkText | None) -> list[tuple[str, str]]:
    late = t("talk.late") if is_late(ctx, talk) else ""
    known = [(t("talk.fact_day"), write_day(talk.day) + late)]
    if text is not None:
        way = label(TalkWay(text.way)) if text.way else t("talk.not_said")
        occasion = label(Occasion(text.occasion)) if text.occasion else t("talk.not_said")
        known += [(t("talk.fact_way"), way), (t("talk.fact_occasion"), occasion)]
        known += [(t("talk.fact_place"), text.place)] if text.place else []
        known += [(t("talk.fact_reason"), text.reason)] if text.reason else []
    known.append((t("talk.fact_readers"), readers_text(talk)))
    if talk.talker_id == ctx.who.id:
        read = t("talk.read" if _was_read(ctx, talk) else "talk.unread")
        known.append((t("talk.fact_read"), read))
    return known


def _was_read(ctx: Context, talk: Talk) -> bool:
    query = select(Audit.id).where(
        Audit.subject == talk.number, Audit.action == LOOK, Audit.person_id == talk.person_id
    )
    return ctx.session.scalar(query.limit(1)) is not None


def _sections(ctx: Context, talk: Talk, text: TalkText | None) -> list[Section]:
    help_line = Section(t("privacy.help"), ctx.rules.privacy.help_line)
    if text is None:
        key = "talk.struck" if talk.state is TalkState.STRUCK else "talk.destroyed"
        return [Section(t("talk.section_points"), t(key)), help_line]
    added = [
        Section(
            t("talk.section_added", name=ctx.session.get_one(Person, who).name, at=at[:10]),
            said,
        )
        for at, who, said in text.added
    ]
    return [
        Section(t("talk.section_points"), text.points),
        Section(t("talk.section_promise"), text.promise),
        *added,
        *_strike(ctx, talk),
        help_line,
    ]


def _strike(ctx: Context, talk: Talk) -> list[Section]:
    """What the person wants deleted, or why it was not; for the two alone."""
    strike = last_strike(ctx.session, talk.id)
    if strike is None or ctx.who.id not in (talk.talker_id, talk.person_id):
        return []
    words_of_it = ctx.unseal(STRIKE, str(strike.id))
    return [Section(t(f"talk.section_strike_{strike.state}"), words_of_it or "")]


def _tasks(ctx: Context, talk: Talk) -> list[Step]:
    return [
        Step(
            task.at,
            t("talk.task"),
            label(task.state),
            t("talk.task_line", what=task.what, due=write_day(task.due_on)),
        )
        for task in tasks_of(ctx.session, talk.id)
    ]


def _acts(ctx: Context, talk: Talk) -> list[Act]:
    """What a party may do now."""
    if ctx.who.id not in (talk.talker_id, talk.person_id) or talk.state is not TalkState.KEPT:
        return []
    number = {"number": talk.number}
    acts = [Act(t("talk.correct"), command="talk_correct", answers=number)]
    strike = open_strike(ctx.session, talk.id)
    if ctx.who.id == talk.talker_id:
        acts.append(Act(t("talk.add_task"), command="talk_task", answers=number))
        if person_left(ctx, talk):
            acts.append(Act(t("talk.keep"), action=f"talk.review:keep/{talk.number}"))
            acts.append(
                Act(t("talk.end"), action=f"talk.review:end/{talk.number}", tone=Tone.DANGER)
            )
        if strike is not None:
            acts.insert(
                0, Act(t("talk.decide"), command="talk_decide", answers=number, tone=Tone.PRIMARY)
            )
    elif strike is None:
        acts.append(Act(t("talk.erase"), command="talk_erase", answers=number))
    return acts


def person_left(ctx: Context, talk: Talk) -> bool:
    """Whether the person has left the branch since, and nobody has looked at it again."""
    person = ctx.session.get_one(Person, talk.person_id)
    if talk.reviewed_at is not None:
        return False
    return person.state is PersonState.LEFT or place_of_person(ctx, person).id != talk.unit_id


def correct(ctx: Context, answers: Answers) -> Reply:
    """``/更正 TH-… 说明``: a party adds a correction; what was written stays beside it."""
    talk = own_talk(ctx, answers["number"])
    text = text_of(ctx, talk)
    if text is None:
        raise UserError("talk.no_text", number=talk.number)
    text.added.append((ctx.local(ctx.now).isoformat(), ctx.who.id, answers["words"]))
    ctx.seal(TALK, talk.number, text.dump())
    ctx.subject = talk.number
    other = talk.talker_id if ctx.who.id == talk.person_id else talk.person_id
    userid = ctx.session.get_one(Person, other).userid
    told = fill(
        "talk.corrected_told",
        name=ctx.who.name,
        number=talk.number,
        url=ctx.link(f"/record/{talk.number}", userid),
    )
    ctx.push_person(userid, Text(told), f"talk.added:{talk.number}:{len(text.added)}")
    return say("talk.corrected", number=talk.number)


def mine(ctx: Context) -> Sequence[str]:
    """The speaker's last talks; never in a group."""
    if ctx.room is not None:
        return ()
    return [
        fill("talk.mine", number=talk.number, day=write_day(talk.day))
        for talk in talks_of(ctx.session, ctx.who.id, RECENT)
    ]


FAMILY = Family(
    commands=(
        Command(key="talk", form=FORM, facts=facts, run=record, where=Where.PRIVATE, sheet=True),
        Command(
            key="talk_correct",
            form=CORRECTION,
            run=correct,
            where=Where.PRIVATE,
            under=("correct", "TH"),
        ),
    ),
    records=(Record(prefix="TH", show=show),),
    mine=(mine,),
)
