"""接待日: the secretary sets a day, people book, minutes become suggestions (DOMAIN.md 4)."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import aliased

from config.lexicon import patterns
from config.texts import label, t
from handlers.clocks import after_quiet_hours
from handlers.content import Button, Card, Text, Tone
from handlers.context import Context
from handlers.dossier import Act, Dossier, Record, Section
from handlers.duty import Duty, DutySource
from handlers.figures import date_text, minute_text
from handlers.organisation import seen_units
from handlers.personal import Access, Holding, rows_of
from handlers.reply import Reply, fill, lines
from handlers.spec import Action, Column, Command, Family, Kind, Ledger, Rows, View
from handlers.suggestions.desk import person_name, place_of, unit_name
from handlers.suggestions.heard import bring, each_line, rows_hold
from models.errors import UserError
from models.forms.field import Answers, Facts, Problem
from models.forms.form import Form
from models.forms.kinds import Date, Integer, LongText, YesNo
from models.forms.kinds import Text as TextField
from models.forms.record import RecordNumber
from models.forms.typed import fold
from models.number import next_number
from models.person import Grant, Member, Person, PersonState, Role
from models.reception import (
    PREFIX,
    Reception,
    ReceptionSlot,
    ReceptionSuggestion,
    SlotState,
    book,
    coming,
    free_count,
    held_on,
    reception_by_number,
    slots_of,
    unbook,
)
from models.suggestion import Source
from models.unit import Unit, covers

HOSTS: Final = (Role.COMMITTEE_SECRETARY, Role.SECRETARY)
SHOWN: Final = 5


def read_time(text: str) -> time | None:
    """``9:00``, ``9点``, ``14：30``; None for anything else."""
    found = patterns("clock")["time"].fullmatch(fold(text))
    return time(int(found["hour"]), int(found["minute"] or 0)) if found else None


def _holds(answers: Answers, facts: Facts) -> Sequence[tuple[str, Problem]]:
    del facts
    begin = answers.get("begin")
    if begin is not None and read_time(begin) is None:
        return [("begin", Problem("problem.reception.time"))]
    return []


PLAN = Form(
    key="reception_plan",
    version=1,
    fields=(
        Date(key="day"),
        TextField(key="begin", max_chars=10),
        Integer(key="slots", low=1, high=20),
        Integer(key="length", low=5, high=120),
        TextField(key="place", max_chars=120),
    ),
    positional=("day", "begin", "slots", "length", "place"),
    check=_holds,
)


def plan(ctx: Context, answers: Answers) -> Reply:
    """``/设接待日 日期 时间 个数 分钟 地点``: by a secretary, for the own unit."""
    host = ctx.need(*HOSTS)
    day = answers["day"]
    begin = read_time(answers["begin"])
    if day < ctx.today or begin is None:
        raise UserError("reception.past")
    if not ctx.calendar.is_working(day):
        raise UserError("reception.rest_day", day=date_text(day, ctx.today))
    power = next(power for power in host.powers if power.role in HOSTS)
    unit_id = int(power.path.strip("/").rpartition("/")[2])
    if earlier := held_on(ctx.session, host.id, day):
        raise UserError("reception.twice", day=date_text(day, ctx.today), number=earlier.number)
    made = Reception(
        number=next_number(ctx.session, PREFIX, day.year),
        unit_id=unit_id,
        host_id=host.id,
        day=day,
        place=answers["place"],
        at=ctx.now,
    )
    ctx.session.add(made)
    ctx.session.flush()
    first = datetime.combine(day, begin, ctx.zone)
    ctx.session.add_all(
        ReceptionSlot(
            reception_id=made.id,
            starts_at=first + timedelta(minutes=answers["length"] * at),
            state=SlotState.FREE,
        )
        for at in range(answers["slots"])
    )
    ctx.session.flush()
    ctx.subject = made.number
    return Reply(
        fill(
            "reception.planned",
            number=made.number,
            day=date_text(day, ctx.today),
            begin=f"{begin:%H:%M}",
            count=answers["slots"],
            place=made.place,
        )
    )


def _open_to(ctx: Context, member: Member, reception: Reception) -> bool:
    """Whoever belongs to the unit of the secretary, or below it, may come."""
    return covers(place_of(ctx, reception.unit_id).path, member.path)


LIST = Form(key="nothing", version=1, fields=())


def list_days(ctx: Context, answers: Answers) -> Reply:
    """``/接待日``: the next ones, and the button that books."""
    del answers
    days = [one for one in coming(ctx.session, ctx.today, 20) if _open_to(ctx, ctx.who, one)]
    if not days:
        return Reply(t("reception.none"))
    rows = [
        fill(
            "reception.line",
            number=one.number,
            day=date_text(one.day, ctx.today),
            host=person_name(ctx, one.host_id),
            place=one.place,
            free=free_count(ctx.session, one.id),
        )
        for one in days[:SHOWN]
    ]
    card = Card(
        title=t("reception.card"),
        desc=t("reception.card_desc"),
        buttons=tuple(
            Button(
                t("reception.book_day", day=f"{one.day:%m-%d}"),
                f"begin:reception_book/number={one.number}",
                Tone.PRIMARY if at == 0 else Tone.PLAIN,
            )
            for at, one in enumerate(days[:SHOWN])
        ),
    )
    return Reply(lines(t("reception.head"), *rows), card=None if ctx.room else card)


BOOK = Form(
    key="reception_book",
    version=1,
    fields=(RecordNumber(key="number"), TextField(key="topic", max_chars=200)),
    positional=("number", "topic"),
)


def book_slot(ctx: Context, answers: Answers) -> Reply:
    """``/约接待 编号 事由``: the first slot that is free."""
    one = reception_by_number(ctx.session, answers["number"])
    if one is None or not _open_to(ctx, ctx.who, one):
        raise UserError("lookup.unknown", number=answers["number"])
    if one.cancelled_at is not None or one.day < ctx.today:
        raise UserError("reception.over")
    slot = book(ctx.session, one.id, ctx.who.id, answers["topic"])
    ctx.subject = one.number
    at = minute_text(ctx.local(slot.starts_at))
    return Reply(fill("reception.booked", number=one.number, at=at, place=one.place))


def cancel_slot(ctx: Context, argument: str, picked: Mapping[str, tuple[str, ...]]) -> Reply:
    """Give one's slot back."""
    del picked
    one = reception_by_number(ctx.session, argument)
    mine = _own_slot(ctx, one) if one else None
    if one is None or mine is None or mine.state is not SlotState.BOOKED:
        raise UserError("error.stale")
    unbook(ctx.session, mine)
    ctx.subject = one.number
    return Reply(card=Card(title=t("reception.unbooked"), desc=one.number))


def _own_slot(ctx: Context, one: Reception) -> ReceptionSlot | None:
    found = (slot for slot in slots_of(ctx.session, one.id) if slot.person_id == ctx.who.id)
    return next(found, None)


def call_off(ctx: Context, argument: str, picked: Mapping[str, tuple[str, ...]]) -> Reply:
    """It does not take place: whoever has booked is told."""
    del picked
    one = _hosted(ctx, argument)
    if one.cancelled_at is not None:
        raise UserError("error.stale")
    one.cancelled_at = ctx.now
    words = fill(
        "reception.off", day=date_text(one.day, ctx.today), host=person_name(ctx, one.host_id)
    )
    for slot in slots_of(ctx.session, one.id):
        person = ctx.session.get(Person, slot.person_id) if slot.person_id else None
        if person is not None:
            key = f"reception:{one.number}:off:{person.id}"
            ctx.push_person(person.userid, Text(words), key, after_quiet_hours(ctx))
    ctx.subject = one.number
    return Reply(card=Card(title=t("reception.called_off"), desc=one.number))


def _hosted(ctx: Context, number: str) -> Reception:
    """A day of the speaker's own, or of one whom the party office helps."""
    one = reception_by_number(ctx.session, number)
    if one is None:
        raise UserError("lookup.unknown", number=number)
    helps = ctx.who.has(Role.PARTY_OFFICE, over=place_of(ctx, one.unit_id).path)
    if one.host_id != ctx.who.id and not helps:
        raise UserError("lookup.unknown", number=number)
    return one


MINUTES = Form(
    key="reception_minutes",
    version=1,
    fields=(
        RecordNumber(key="number"),
        Integer(key="slot", low=1, high=20),
        YesNo(key="came"),
        TextField(key="minutes", required=False, max_chars=500),
        LongText(key="said", required=False, max_chars=4000),
    ),
    positional=("number", "slot", "came", "minutes"),
    check=rows_hold,
)


def keep_minutes(ctx: Context, answers: Answers) -> Reply:
    """``/接待记录 编号 序号``: whether they came, what was said, what becomes a suggestion."""
    one = _hosted(ctx, answers["number"])
    slots = slots_of(ctx.session, one.id)
    slot = slots[answers["slot"] - 1] if answers["slot"] <= len(slots) else None
    if slot is None or slot.person_id is None:
        raise UserError("reception.nobody")
    if one.day > ctx.today:
        raise UserError("reception.not_yet")
    slot.state = SlotState.HELD if answers["came"] else SlotState.MISSED
    slot.minutes = answers["minutes"] or ""
    visitor = ctx.session.get_one(Person, slot.person_id)
    sender = Member(visitor.id, visitor.userid, visitor.name, visitor.unit_id, "", None, ())
    place = ctx.directory.place(ctx.session, visitor.unit_id)
    made = bring(ctx, sender, place, each_line(answers["said"]), Source.RECEPTION)
    ctx.session.add_all(
        ReceptionSuggestion(slot_id=slot.id, suggestion_id=each.id) for each in made
    )
    numbers = [each.number for each in made]
    ctx.subject = one.number
    return Reply(
        lines(
            fill("reception.kept", number=one.number, slot=answers["slot"]),
            fill("reception.became", numbers="、".join(numbers)) if numbers else "",
        )
    )


def show_day(ctx: Context, number: str) -> Dossier:
    """A day: to the host with who comes, to others with what is free and their own slot."""
    one = reception_by_number(ctx.session, number)
    if one is None:
        raise UserError("lookup.unknown", number=number)
    hosts = one.host_id == ctx.who.id or ctx.who.has(
        Role.PARTY_OFFICE, over=place_of(ctx, one.unit_id).path
    )
    if not hosts and not _open_to(ctx, ctx.who, one):
        raise UserError("lookup.unknown", number=number)
    mine = _own_slot(ctx, one)
    rows = [_slot_text(ctx, at, slot) for at, slot in enumerate(slots_of(ctx.session, one.id), 1)]
    off = one.cancelled_at is not None
    return Dossier(
        number=one.number,
        title=t("reception.dossier", host=person_name(ctx, one.host_id)),
        state=t("reception.state_off") if off else "",
        facts=[
            (t("reception.fact_day"), date_text(one.day, ctx.today)),
            (t("reception.fact_place"), one.place),
            (t("reception.fact_unit"), unit_name(ctx, one.unit_id)),
            (t("reception.fact_free"), str(free_count(ctx.session, one.id))),
            (t("reception.fact_mine"), minute_text(ctx.local(mine.starts_at)) if mine else "—"),
        ],
        sections=[Section(t("reception.section_slots"), "\n".join(rows))] if hosts else [],
        acts=[] if off else _acts(one, mine, hosts=hosts, today=ctx.today),
    )


def _slot_text(ctx: Context, at: int, slot: ReceptionSlot) -> str:
    begins = f"{ctx.local(slot.starts_at):%H:%M}"
    if slot.person_id is None:
        return t("reception.slot_free", at=at, begins=begins)
    return t(
        "reception.slot",
        at=at,
        begins=begins,
        name=person_name(ctx, slot.person_id),
        topic=slot.topic,
        state=label(slot.state),
        minutes=slot.minutes,
    )


def _acts(one: Reception, mine: ReceptionSlot | None, *, hosts: bool, today: date) -> Sequence[Act]:
    number = {"number": one.number}
    acts = []
    if mine is not None and mine.state is SlotState.BOOKED:
        acts.append(Act(t("reception.unbook"), action=f"reception.cancel:{one.number}"))
    elif mine is None and not hosts and one.day >= today:
        acts.append(
            Act(t("reception.book"), command="reception_book", answers=number, tone=Tone.PRIMARY)
        )
    if hosts and one.day <= today:
        acts.append(Act(t("reception.minutes"), command="reception_minutes", answers=number))
    if hosts and one.day >= today:
        off = f"reception.off:{one.number}"
        acts.append(Act(t("reception.call_off"), action=off, tone=Tone.DANGER))
    return acts


def owed(ctx: Context, member: Member | None) -> Iterator[Duty]:
    """Every secretary of a party committee holds one each month, and keeps its minutes."""
    first = ctx.today.replace(day=1)
    following = (first + timedelta(days=32)).replace(day=1)
    last = ctx.calendar.add_working(following, -1)
    query = (
        select(Grant.person_id, Unit)
        .join(Unit, Unit.id == Grant.unit_id)
        .join(Person, Person.id == Grant.person_id)
        .where(Grant.role == Role.COMMITTEE_SECRETARY, Person.state == PersonState.ACTIVE)
        .order_by(Grant.person_id)
    )
    if member is not None:
        query = query.where(Grant.person_id == member.id)
    for person_id, unit in ctx.session.execute(query):
        held = ctx.session.scalar(
            select(Reception.id).where(
                Reception.unit_id == unit.id,
                Reception.day >= first,
                Reception.day < following,
                Reception.cancelled_at.is_(None),
            )
        )
        if held is None:
            yield Duty(
                key=f"reception:{unit.code}:{first:%Y-%m}",
                title=t("reception.duty"),
                detail=t("reception.duty_detail", month=first.month, unit=unit.name),
                due=last,
                unit_path=unit.path,
                owners=(person_id,),
                role=Role.COMMITTEE_SECRETARY,
                act=Act(t("reception.plan"), command="reception_plan"),
                escalates=False,
            )


HOST = aliased(Person)


def _days(view: View) -> Rows:
    return (
        select()
        .select_from(Reception)
        .join(Unit, Unit.id == Reception.unit_id)
        .join(HOST, HOST.id == Reception.host_id)
        .where(seen_units(view))
    )


LEDGER = Ledger(
    key="reception",
    takes="reception_plan",
    columns=(
        Column(key="number", expr=Reception.number, width=16),
        Column(key="day", expr=Reception.day, kind=Kind.DATE, width=12),
        Column(key="unit", expr=Unit.name, width=28),
        Column(key="host", expr=HOST.name, width=10),
        Column(key="place", expr=Reception.place, width=24),
        Column(key="off", expr=Reception.cancelled_at, kind=Kind.TIME, width=18, wide=True),
    ),
    query=_days,
    order=(Reception.day.desc(), Reception.number.desc()),
)

FAMILY = Family(
    commands=(
        Command(key="reception", form=LIST, run=list_days),
        Command(key="reception_plan", form=PLAN, run=plan, roles=frozenset(HOSTS), sheet=True),
        Command(key="reception_book", form=BOOK, run=book_slot),
        Command(key="reception_minutes", form=MINUTES, run=keep_minutes),
    ),
    actions=(
        Action(key="reception.cancel", run=cancel_slot),
        Action(key="reception.off", run=call_off),
    ),
    records=(Record(prefix=PREFIX, show=show_day),),
    duties=(DutySource(key="reception", find=owed),),
    ledgers=(LEDGER,),
    holdings=(
        Holding(
            key="reception",
            tables=("reception", "reception_slot"),
            find=rows_of(
                ReceptionSlot,
                ReceptionSlot.person_id,
                ReceptionSlot.starts_at,
                title="holding.reception.one",
                text=lambda row: row.topic,
            ),
            readers={Role.COMMITTEE_SECRETARY: Access.TEXT, Role.PARTY_OFFICE: Access.TEXT},
        ),
    ),
)
