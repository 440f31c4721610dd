"""``/日历``: a day is worked or not, against the table; which deadlines move is shown first."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

from sqlalchemy import select

from config.texts import t
from handlers.context import Context
from handlers.figures import date_text, minute_text
from handlers.reply import Reply, fill, lines
from handlers.spec import Column, Command, Family, Kind, Ledger, Rows, View
from models.calendar import CalendarDay, WorkCalendar, WorkHours
from models.forms.field import Answers, Facts, Option, Problem
from models.forms.form import Form
from models.forms.kinds import Choice, Date, Text, YesNo
from models.person import Role
from models.span import Span
from models.suggestion import OPEN, StepKind, Suggestion, add_step

KEEPERS: Final = frozenset({Role.ADMIN, Role.PARTY_OFFICE})
_KINDS: Final = (Option("work", t("calendar.work")), Option("rest", t("calendar.rest")))
NAMED: Final = 10


def _asked(answers: Answers, facts: Facts) -> Sequence[tuple[str, Problem]]:
    """Deadlines that would move have to be looked at before anything is changed."""
    moved = facts.get("moved", ())
    if not moved or answers.get("go"):
        return []
    listed = "\n".join(moved[:NAMED])
    more = t("calendar.more", count=len(moved) - NAMED) if len(moved) > NAMED else ""
    params = {"count": len(moved), "listing": f"{listed}\n{more}".strip()}
    return [("go", Problem("problem.calendar.moves", params))]


FORM = Form(
    key="calendar",
    version=1,
    fields=(
        Date(key="day"),
        Choice(key="kind", options=_KINDS),
        YesNo(key="go", required=False, when=lambda _, facts: "moved" in facts),
        Text(key="note", required=False, max_chars=60),
    ),
    positional=("day", "kind", "note"),
    check=_asked,
)


def facts(ctx: Context, answers: Answers) -> Facts:
    """Which deadlines would move, in words."""
    day, kind = answers.get("day"), answers.get("kind")
    if day is None or kind is None:
        return {}
    moved = [
        t(
            "calendar.line",
            number=one.number,
            before=minute_text(ctx.local(one.due_at)) if one.due_at else "",
            after=minute_text(ctx.local(due)),
        )
        for one, due in moving(ctx, changed(ctx.calendar, day, working=kind == "work"))
    ]
    return {"moved": moved} if moved else {}


def changed(calendar: WorkCalendar, day: date, *, working: bool) -> WorkCalendar:
    """The calendar with one day set."""
    return WorkCalendar({**calendar.overrides, day: working}, calendar.years)


def moving(ctx: Context, calendar: WorkCalendar) -> list[tuple[Suggestion, datetime]]:
    """Open suggestions whose deadline would be another one, with the new one."""
    hours = WorkHours(calendar, ctx.zone, ctx.rules.hours.spans)
    found = []
    for one in ctx.session.scalars(
        select(Suggestion)
        .where(Suggestion.state.in_(OPEN), Suggestion.due_at.is_not(None))
        .order_by(Suggestion.number)
    ):
        if one.clock_from is None or one.paused_at is not None:
            continue
        due = Span.read(one.clock_span).end(one.clock_from, hours)
        if due != one.due_at:
            found.append((one, due))
    return found


def set_day(ctx: Context, answers: Answers) -> Reply:
    """Set the day, and let the deadlines that were shown move with it."""
    ctx.need(*KEEPERS)
    day, working = answers["day"], answers["kind"] == "work"
    moved = moving(ctx, changed(ctx.calendar, day, working=working))
    row = ctx.session.get(CalendarDay, day)
    if row is None:
        row = CalendarDay(day=day, working=working, note="")
        ctx.session.add(row)
    row.working, row.note = working, answers["note"] or ""
    for one, due in moved:
        before = minute_text(ctx.local(one.due_at)) if one.due_at else ""
        one.due_at = due
        said = f"{before} → {minute_text(ctx.local(due))}"
        add_step(ctx.session, one, StepKind.MOVED, ctx.now, person_id=ctx.who.id, said=said)
    ctx.session.flush()
    ctx.subject = day.isoformat()
    kind = t("calendar.work" if working else "calendar.rest")
    return Reply(
        lines(
            fill("calendar.set", day=date_text(day, ctx.today), kind=kind),
            fill("calendar.moved", count=len(moved)) if moved else "",
        )
    )


def _days(view: View) -> Rows:
    del view
    return select().select_from(CalendarDay)


def _kind(value: bool, view: View) -> str:  # noqa: FBT001  (the column's value)
    del view
    return t("calendar.work" if value else "calendar.rest")


LEDGER = Ledger(
    key="calendar",
    columns=(
        Column(key="day", expr=CalendarDay.day, kind=Kind.DATE, width=14),
        Column(key="kind", expr=CalendarDay.working, width=10, show=_kind),
        Column(key="why", expr=CalendarDay.note, width=30),
    ),
    query=_days,
    order=(CalendarDay.day.desc(),),
    roles=KEEPERS,
)

FAMILY = Family(
    commands=(Command(key="calendar", form=FORM, facts=facts, run=set_day, roles=KEEPERS),),
    ledgers=(LEDGER,),
)
