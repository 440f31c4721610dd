"""``/工作日``: one day is worked or not, against the table; which deadlines move is shown first."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import select

from config.texts import t
from handlers.context import Context
from handlers.deadlines import asked_about, change_days, moved_by, shift_lines
from handlers.duty import DutySource
from handlers.figures import date_text
from handlers.reply import Reply, fill, lines
from handlers.spec import Column, Command, Family, Kind, Ledger, Rows, View
from models.calendar import CalendarDay
from models.errors import UserError
from models.forms.field import Answers, Facts, Option, Problem
from models.forms.form import Form
from models.forms.kinds import Choice, Date, Text, YesNo
from models.person import Role

KEEPERS: Final = frozenset({Role.ADMIN, Role.PARTY_OFFICE})
_KINDS: Final = (Option("work", t("workday.work")), Option("rest", t("workday.rest")))


def _sure(answers: Answers, facts: Facts) -> Sequence[tuple[str, Problem]]:
    """Deadlines that would move have to be looked at before anything is changed."""
    if facts.get("moves") and not answers.get("sure"):
        return [("sure", Problem("problem.workday", dict(facts["moves"])))]
    return []


FORM = Form(
    key="workday",
    version=1,
    fields=(
        Date(key="day"),
        Choice(key="kind", options=_KINDS),
        YesNo(key="sure", required=False, when=lambda _, facts: "moves" in facts),
        Text(key="note", required=False, max_chars=60),
    ),
    positional=("day", "kind", "note"),
    check=_sure,
)


def commands(sources: Sequence[DutySource]) -> list[Command]:
    """The command over everything that is owed."""

    def facts(ctx: Context, answers: Answers) -> Facts:
        day, kind = answers.get("day"), answers.get("kind")
        if day is None or kind is None:
            return {}
        moved = moved_by(ctx, sources, {day: kind == "work"})
        return {"moves": asked_about(ctx, moved)} if moved else {}

    def run(ctx: Context, answers: Answers) -> Reply:
        day, working = answers["day"], answers["kind"] == "work"
        if not ctx.calendar.is_settled(day):
            raise UserError("workday.unsettled", year=day.year)
        moved = moved_by(ctx, sources, {day: working})
        change_days(ctx, sources, {day: working}, answers["note"] or "")
        ctx.subject = day.isoformat()
        kind = t("workday.work" if working else "workday.rest")
        head = fill("workday.set", day=date_text(day, ctx.today), kind=kind)
        more = fill("pause.moved", count=len(moved)) if moved else t("holidays.none_moved")
        return Reply(lines(head, more, *shift_lines(ctx, moved)))

    return [Command(key="workday", form=FORM, facts=facts, run=run, roles=KEEPERS)]


def _days(view: View) -> Rows:
    del view
    return select().select_from(CalendarDay)


def _kind(value: bool, view: View) -> str:  # noqa: FBT001  (the column's value)
    del view
    return t("workday.work" if value else "workday.rest")


LEDGER = Ledger(
    key="workday",
    found=False,
    columns=(
        Column(key="day", expr=CalendarDay.day, kind=Kind.DATE, width=14),
        Column(key="kind", expr=CalendarDay.working, width=10, show=_kind),
        Column(key="why", expr=CalendarDay.note, width=30),
    ),
    query=_days,
    order=(CalendarDay.day.desc(),),
    roles=KEEPERS,
)

FAMILY = Family(ledgers=(LEDGER,))
