"""放假安排: next year's holidays, pasted as the State Council's notice has them (PRODUCT.md D.4).

What would move is shown before it is done (F-176). Until the table of a year is there, its days are
a guess from weekends and fixed holidays, and marked so.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select

from config.lexicon import family as lexicon
from config.lexicon import listed, patterns
from config.texts import t
from handlers.context import Context
from handlers.deadlines import asked_about, change_days, moved_by, shift_lines
from handlers.dossier import Act
from handlers.duty import Duty, DutySource
from handlers.reply import Reply, fill, lines
from handlers.spec import Command, Family
from models.calendar import SATURDAY
from models.errors import UserError
from models.forms.field import Answers, Facts, Problem
from models.forms.form import Form
from models.forms.kinds import Integer, LongText, YesNo
from models.forms.typed import normal
from models.person import Grant, Member, Person, PersonState, Role
from models.unit import Unit, UnitState

KEEPERS = (Role.ADMIN, Role.PARTY_OFFICE)
LEAST = 7
"""Rest days that any year's notice names; fewer and something was not understood."""
ASKED_FROM = (11, 1)
ASKED_UNTIL = (12, 20)
FIRST_YEAR, LAST_YEAR = 2020, 2199


@dataclass(frozen=True, slots=True)
class Notice:
    """The days that a notice names."""

    rest: frozenset[date]
    work: frozenset[date]

    @property
    def days(self) -> Mapping[date, bool]:
        """Whether each of them is worked."""
        return {**dict.fromkeys(self.rest, False), **dict.fromkeys(self.work, True)}


def read_notice(text: str, year: int) -> Notice:
    """The days of a notice as it is published: clauses that end in 放假 or in 上班.

    ``UserError`` if it names no days, too few, the same day twice in both ways, or a working day
    that is no weekend.
    """
    plain = patterns("holidays")["aside"].sub("", normal(text)).replace(" ", "")
    for mark in str(lexicon("holidays")["clause"]):
        plain = plain.replace(mark, "\n")
    rest: set[date] = set()
    work: set[date] = set()
    for clause in plain.split("\n"):
        found = {
            day
            for span in patterns("holidays")["span"].finditer(clause)
            for day in _days(span, year)
        }
        if any(word in clause for word in listed("holidays", "work")):
            work |= found
        elif any(word in clause for word in listed("holidays", "rest")):
            rest |= found
    return _checked(Notice(frozenset(rest), frozenset(work)), year)


def _days(span: re.Match[str], year: int) -> Iterator[date]:
    """The days of one span; one that ends before it begins goes into the next year."""
    first_year = int(span["year"] or year)
    try:
        first = date(first_year, int(span["month"]), int(span["day"]))
        last = first
        if span["day2"]:
            month = int(span["month2"] or first.month)
            last = date(first_year + (month < first.month), month, int(span["day2"]))
    except ValueError:
        raise UserError("holidays.no_day", words=span.group()) from None
    while first <= last:
        yield first
        first += timedelta(days=1)


def _checked(notice: Notice, year: int) -> Notice:
    if both := notice.rest & notice.work:
        raise UserError("holidays.both", day=min(both))
    if date(year, 1, 1) not in notice.rest or len(notice.rest) < LEAST:
        raise UserError("holidays.few", year=year, count=len(notice.rest))
    if wrong := [day for day in sorted(notice.work) if day.weekday() < SATURDAY]:
        raise UserError("holidays.weekday", day=wrong[0])
    return notice


def _sure(answers: Answers, facts: Facts) -> Sequence[tuple[str, Problem]]:
    if facts.get("moves") and not answers.get("sure"):
        return [("sure", Problem("problem.holidays", dict(facts["moves"])))]
    return []


FORM = Form(
    key="holidays",
    version=1,
    fields=(
        Integer(key="year", low=FIRST_YEAR, high=LAST_YEAR),
        YesNo(key="sure", required=False),
        LongText(key="notice", max_chars=3000),
    ),
    positional=("year", "notice"),
    check=_sure,
)


def commands(sources: Sequence[DutySource]) -> list[Command]:
    """The command over everything that is owed."""

    def facts(ctx: Context, answers: Answers) -> Facts:
        if not answers.get("year") or not answers.get("notice"):
            return {}
        notice = read_notice(answers["notice"], answers["year"])
        moved = moved_by(ctx, sources, notice.days, frozenset({answers["year"]}))
        return {"moves": asked_about(ctx, moved)} if moved else {}

    def run(ctx: Context, answers: Answers) -> Reply:
        year = answers["year"]
        notice = read_notice(answers["notice"], year)
        moved = moved_by(ctx, sources, notice.days, frozenset({year}))
        change_days(ctx, sources, notice.days, t("holidays.note"))
        head = fill("holidays.kept", year=year, rest=len(notice.rest), work=len(notice.work))
        more = fill("pause.moved", count=len(moved)) if moved else t("holidays.none_moved")
        return Reply(lines(head, more, *shift_lines(ctx, moved)))

    return [
        Command(
            key="holidays",
            form=FORM,
            facts=facts,
            run=run,
            roles=frozenset({Role.ADMIN}),
            sheet=True,
        )
    ]


def holidays_to_load(ctx: Context, member: Member | None) -> Iterator[Duty]:
    """From November on the administrators owe next year's table."""
    year = ctx.today.year + 1
    if (ctx.today.month, ctx.today.day) < ASKED_FROM or ctx.calendar.is_settled(date(year, 1, 1)):
        return
    if member is not None and not member.has(Role.ADMIN):
        return
    paths = ctx.session.scalars(
        select(Unit.path)
        .join(Grant, Grant.unit_id == Unit.id)
        .join(Person, Person.id == Grant.person_id)
        .where(
            Grant.role == Role.ADMIN,
            Unit.state == UnitState.ACTIVE,
            Person.state == PersonState.ACTIVE,
        )
        .distinct()
    ).all()
    if not paths:
        return
    yield Duty(
        key=f"holidays:{year}",
        title=t("holidays.duty", year=year),
        detail=t("holidays.duty_detail"),
        due=date(ctx.today.year, *ASKED_UNTIL),
        unit_path=min(paths, key=len),
        role=Role.ADMIN,
        act=Act(t("holidays.fill"), command="holidays", answers={"year": str(year)}),
        escalates=False,
    )


FAMILY = Family(duties=(DutySource(key="holidays", find=holidays_to_load),))
