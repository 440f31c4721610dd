"""外出 and 应急: nobody is reminded who cannot act, and deadlines move (DOMAIN.md 9)."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta

from sqlalchemy import select

from config.texts import t
from handlers.clocks import after_quiet_hours
from handlers.content import Button, Card, Text, Tone
from handlers.context import Context
from handlers.deadlines import Shift, deadlines, shift_lines, shifts
from handlers.duties import day_words
from handlers.duty import DutySource
from handlers.reply import Markdown, Reply, fill, lines
from handlers.spec import Action, Command
from models.errors import UserError
from models.forms.field import Answers, Facts
from models.forms.form import Form
from models.forms.kinds import Date
from models.forms.kinds import Text as TextField
from models.forms.kinds import Unit as UnitField
from models.pause import Away, Emergency, away_of, emergency_of
from models.person import Grant, Person, PersonState, Role
from models.unit import Unit, UnitState, inside, unit_by_code

DECLARERS = (Role.PARTY_OFFICE, Role.COMMITTEE_SECRETARY, Role.ADMIN)

AWAY = Form(
    key="away",
    version=1,
    fields=(Date(key="until"), TextField(key="reason", required=False, max_chars=60)),
    positional=("until", "reason"),
)
NOTHING = Form(key="nothing", version=1, fields=())


def _asks_unit(answers: Answers, facts: Facts) -> bool:
    del answers
    return bool(facts.get("ask_unit"))


PAUSE = Form(
    key="emergency",
    version=1,
    fields=(
        UnitField(key="unit", when=_asks_unit),
        Date(key="until", required=False),
        TextField(key="reason", max_chars=200),
    ),
    positional=("until", "reason"),
)
RESUME = Form(
    key="emergency_end",
    version=1,
    fields=(UnitField(key="unit", when=_asks_unit),),
    positional=("unit",),
)


def facts(ctx: Context, answers: Answers) -> Facts:
    """Outside a bound group it has to be said which unit is meant."""
    del answers
    return {"ask_unit": ctx.room is None}


def go_away(ctx: Context, answers: Answers) -> Reply:
    """``/外出 周五 抢险``: no reminders from today up to the day that is named."""
    until: date = answers["until"]
    limit = ctx.rules.duties.away_days
    if until < ctx.today:
        raise UserError("pause.past")
    if (until - ctx.today).days >= limit:
        raise UserError("pause.away_too_long", days=limit)
    row = away_of(ctx.session, ctx.who.id, ctx.today)
    if row is None:
        row = Away(person_id=ctx.who.id, first_on=ctx.today, last_on=until, at=ctx.now)
        ctx.session.add(row)
    row.last_on, row.reason = until, answers["reason"] or ""
    card = Card(
        title=t("pause.away_title"),
        desc=t("pause.away_until", day=day_words(ctx, until)),
        buttons=(Button(t("pause.back"), "away.end", Tone.PRIMARY),),
    )
    return Reply(fill("pause.away", day=day_words(ctx, until)), card=None if ctx.room else card)


def come_back(ctx: Context, answers: Answers) -> Reply:
    """``/回来``: reminders go on with the next digest."""
    del answers
    row = away_of(ctx.session, ctx.who.id, ctx.today)
    if row is None:
        raise UserError("pause.not_away")
    row.last_on = ctx.today - timedelta(days=1)
    return Reply(t("pause.came_back"))


def back_tapped(ctx: Context, argument: str, picked: Mapping[str, tuple[str, ...]]) -> Reply:
    """The button under the receipt."""
    del argument, picked
    reply = come_back(ctx, {})
    return Reply(card=Card(title=t("pause.back_title"), desc=reply.text))


def my_pause(ctx: Context) -> Sequence[str]:
    """A line of ``/我的``."""
    row = away_of(ctx.session, ctx.who.id, ctx.today)
    return [fill("pause.mine", day=day_words(ctx, row.last_on))] if row else []


def _unit(ctx: Context, answers: Answers) -> Unit:
    named = answers.get("unit")
    if named is not None:
        unit = unit_by_code(ctx.session, named.key)
        if unit is None or unit.state is UnitState.CLOSED:
            raise UserError("error.unit_closed", name=named.label)
        return unit
    if ctx.room is None or ctx.room.unit_id is None:
        raise UserError("pause.which_unit")
    return ctx.session.get_one(Unit, ctx.room.unit_id)


def declare(ctx: Context, sources: Sequence[DutySource], answers: Answers) -> Reply:
    """``/应急 台风橙色预警``: the unit and all below it are left alone, deadlines move."""
    unit = _unit(ctx, answers)
    ctx.need(*DECLARERS, over=unit.path)
    until: date | None = answers["until"]
    _check_end(ctx, until)
    if emergency_of(ctx.session, unit.id, ctx.today) is not None:
        raise UserError("pause.already", unit=unit.name)
    before = deadlines(ctx, sources, unit.path)
    row = Emergency(
        unit_id=unit.id,
        first_on=ctx.today,
        last_on=until,
        reason=answers["reason"],
        declared_by_id=ctx.who.id,
        at=ctx.now,
    )
    ctx.session.add(row)
    ctx.session.flush()
    after = deadlines(ctx, sources, unit.path)
    ctx.subject = unit.code
    end = t("pause.until_day", day=day_words(ctx, until)) if until else t("pause.until_ended")
    told = fill(
        "pause.declared_notice", unit=unit.name, who=ctx.who.name, reason=row.reason, end=end
    )
    for userid in _secretaries(ctx, unit.path):
        ctx.push_person(userid, Text(told), f"emergency:{row.id}:{userid}")
    head = fill("pause.declared", unit=unit.name, reason=row.reason, end=end)
    return Reply(
        lines(head, *_moved_lines(ctx, shifts(before, after), len(after))),
        card=Card(
            title=t("pause.card_title", unit=unit.name),
            desc=end,
            buttons=(Button(t("pause.end"), f"emergency.end:{row.id}", Tone.PRIMARY),),
        ),
    )


def _check_end(ctx: Context, until: date | None) -> None:
    limit = ctx.rules.duties.pause_days
    if until is not None and until < ctx.today:
        raise UserError("pause.past")
    if until is not None and (until - ctx.today).days >= limit:
        raise UserError("pause.too_long", days=limit)


def _moved_lines(ctx: Context, moved: Sequence[Shift], waiting: int) -> Iterator[Markdown]:
    if not moved:
        yield Markdown(t("pause.standing", count=waiting) if waiting else t("pause.none_waiting"))
        return
    yield Markdown(t("pause.moved", count=len(moved)))
    yield from shift_lines(ctx, moved)


def _secretaries(ctx: Context, path: str) -> Sequence[str]:
    """Userids of the secretaries at a unit and below it, the speaker left out."""
    rows = ctx.session.scalars(
        select(Person.userid)
        .join(Grant, Grant.person_id == Person.id)
        .join(Unit, Unit.id == Grant.unit_id)
        .where(
            Grant.role == Role.SECRETARY,
            Person.state == PersonState.ACTIVE,
            Unit.state == UnitState.ACTIVE,
            inside(path),
        )
        .distinct()
        .order_by(Person.userid)
    )
    return [userid for userid in rows if userid != ctx.who.userid]


def lift(ctx: Context, sources: Sequence[DutySource], answers: Answers) -> Reply:
    """``/应急结束``: today still counts as paused; what moved is listed."""
    unit = _unit(ctx, answers)
    row = emergency_of(ctx.session, unit.id, ctx.today)
    if row is None:
        raise UserError("pause.no_emergency", unit=unit.name)
    return Reply(_end(ctx, sources, row, unit))


def _end(ctx: Context, sources: Sequence[DutySource], row: Emergency, unit: Unit) -> Markdown:
    ctx.need(*DECLARERS, over=unit.path)
    if row.ended_at is not None or (row.last_on is not None and row.last_on < ctx.today):
        raise UserError("pause.no_emergency", unit=unit.name)
    last = ctx.today
    row.last_on = row.first_on - timedelta(days=1)  # as if it had not been, to see what it moved
    ctx.session.flush()
    before = deadlines(ctx, sources, unit.path)
    row.last_on, row.ended_at, row.ended_by_id = last, ctx.now, ctx.who.id
    ctx.session.flush()
    after = deadlines(ctx, sources, unit.path)
    ctx.subject = unit.code
    days = sum(ctx.calendar.is_working(day) for day in _days(row.first_on, last))
    told = fill("pause.ended_notice", unit=unit.name, days=days)
    for userid in _secretaries(ctx, unit.path):
        key = f"emergency:{row.id}:{userid}:end"
        ctx.push_person(userid, Text(told), key, after_quiet_hours(ctx))
    head = fill("pause.ended", unit=unit.name, days=days)
    return lines(head, *_moved_lines(ctx, shifts(before, after), len(after)))


def _days(first: date, last: date) -> Iterator[date]:
    for n in range((last - first).days + 1):
        yield first + timedelta(days=n)


def commands(sources: Sequence[DutySource]) -> list[Command]:
    """The commands over what the families declare as owed."""
    return [
        Command(key="away", form=AWAY, run=go_away, sheet=True),
        Command(key="back", form=NOTHING, run=come_back),
        Command(
            key="emergency",
            form=PAUSE,
            facts=facts,
            run=lambda ctx, answers: declare(ctx, sources, answers),
            roles=frozenset(DECLARERS),
            sheet=True,
        ),
        Command(
            key="emergency_end",
            form=RESUME,
            facts=facts,
            run=lambda ctx, answers: lift(ctx, sources, answers),
            roles=frozenset(DECLARERS),
        ),
    ]


def actions(sources: Sequence[DutySource]) -> list[Action]:
    """The buttons under their receipts."""

    def end_tapped(ctx: Context, argument: str, picked: Mapping[str, tuple[str, ...]]) -> Reply:
        del picked
        row = ctx.session.get(Emergency, int(argument)) if argument.isdigit() else None
        if row is None:
            raise UserError("error.stale")
        text = _end(ctx, sources, row, ctx.session.get_one(Unit, row.unit_id))
        return Reply(text, card=Card(title=t("pause.ended_title"), desc=t("pause.ended_desc")))

    return [
        Action(key="away.end", run=back_tapped),
        Action(key="emergency.end", run=end_tapped, roles=frozenset(DECLARERS)),
    ]
