"""Half a year of 书记听您说: 831 visits, 147 suggestions, 136 of them put right (DOMAIN.md 4)."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from bot.sim.sample.company import PROVINCE, Company
from bot.sim.sample.vocabulary import vocabulary
from config.rules import default_rules
from handlers.context import Context
from handlers.suggestion import Said, store
from handlers.suggestion_desk import day_begin, start_clock, stop_clock
from models.calendar import WorkCalendar, read_calendar
from models.directory import Directory
from models.number import next_numbers
from models.person import Member, Person, PersonState, Role, member_by_userid
from models.suggestion import (
    Clock,
    Level,
    Source,
    State,
    StepKind,
    Suggestion,
    add_step,
)
from models.unit import Unit, UnitKind
from models.visit import PointKind, Visit, VisitPoint, VisitState

VISITS, COLLECTED, RECTIFIED, DECLINED = 831, 147, 136, 5
DAYS: Final = 180
ANONYMOUS: Final = 12
PUBLISHED: Final = 12
TEXTS: Final = Path(__file__).parents[3] / "config" / "sample" / "suggestions.toml"


@dataclass(frozen=True, slots=True)
class Teller:
    """What the story is made with."""

    session: Session
    company: Company
    now: datetime
    zone: ZoneInfo
    chance: Random

    def at(self, day: date, hour: int) -> Context:
        """A context for something that happened on a day."""
        local = datetime.combine(day, time(hour, self.chance.randrange(60)), self.zone)
        return Context(
            session=self.session,
            now=min(local.astimezone(UTC), self.now),
            zone=self.zone,
            rules=default_rules(),
            directory=DIRECTORY,
            token=lambda: f"{self.chance.getrandbits(64):016x}",
            link=lambda path, _: path,
        )


DIRECTORY = Directory()


def write_suggestions(
    session: Session, company: Company, *, now: datetime, zone: ZoneInfo, seed: int
) -> None:
    """Visits and suggestions of the last half year; what is still open has clocks that run."""
    DIRECTORY.enter(session)
    teller = Teller(session, company, now, zone, Random(seed + 147))  # noqa: S311  (a sample is no secret)
    today = now.astimezone(zone).date()
    days = _working_days(read_calendar(session), today)
    visits = _visits(teller, days)
    texts = _texts(teller.chance)
    ends = ["rectified"] * RECTIFIED + ["declined"] * DECLINED
    ends += ["open"] * (COLLECTED - len(ends))
    senders = list(session.scalars(select(Person.userid).where(Person.state == PersonState.ACTIVE)))
    published = 0
    for at, (category, said) in enumerate(texts[:COLLECTED]):
        end = ends[at] if at >= COLLECTED - len(ends) else "open"
        day = days[len(days) * at // (COLLECTED + 6)] if end != "open" else days[-1 - at % 4]
        visit = visits[at * 5] if at % 3 and end != "open" else None
        one = _said(
            teller, said, day if visit is None else visit.visited_on or day, visit, senders, at
        )
        one.category, one.category_confirmed = category, end != "open"
        _ending(teller, one, category, end)
        if (
            end == "rectified"
            and one.level is Level.NAMED
            and published < PUBLISHED
            and at % 7 == 0
        ):
            one.gist, one.published_on = said.split("，")[0][:60], one.closed_on
            published += 1
    session.flush()


def _working_days(calendar: WorkCalendar, today: date) -> list[date]:
    days = [today - timedelta(days=back) for back in range(DAYS, -1, -1)]
    return [day for day in days if calendar.is_working(day)]


def _texts(chance: Random) -> list[tuple[str, str]]:
    said = tomllib.loads(TEXTS.read_text("utf-8"))
    texts = [(category, text) for category, rows in said.items() for text in rows]
    chance.shuffle(texts)
    return texts


def _visits(teller: Teller, days: Sequence[date]) -> list[Visit]:
    """Secretaries go to the branches; the newest last."""
    session, chance = teller.session, teller.chance
    visitors = [
        session.scalars(select(Person).where(Person.userid == userid)).one()
        for userid in teller.company.holders(Role.COMMITTEE_SECRETARY, PROVINCE)
        + teller.company.holders(Role.PARTY_OFFICE, PROVINCE)
    ]
    branches = list(session.scalars(select(Unit.id).where(Unit.kind == UnitKind.BRANCH)))
    found = vocabulary("replies")["visit"]
    numbers: dict[int, list[str]] = {}
    rows: list[dict[str, Any]] = []
    for at in range(VISITS):
        day = days[len(days) * at // VISITS]
        moment = datetime.combine(day, time(9 + at % 8, at % 60), teller.zone)
        rows.append(
            {
                "state": VisitState.MADE,
                "visited_on": day,
                "visitor_id": chance.choice(visitors).id,
                "branch_id": branches[(at * 7) % len(branches)],
                "said": chance.choice(found),
                "answers": {},
                "entered_at": min(moment.astimezone(UTC), teller.now),
            }
        )
    for year in sorted({row["visited_on"].year for row in rows}):
        count = sum(row["visited_on"].year == year for row in rows)
        numbers[year] = next_numbers(session, "ZF", year, count)
    for row in rows:
        row["number"] = numbers[row["visited_on"].year].pop(0)
    session.execute(insert(Visit), rows)
    return list(session.scalars(select(Visit).order_by(Visit.visited_on, Visit.id)))


def _said(
    teller: Teller,
    said: str,
    day: date,
    visit: Visit | None,
    senders: Sequence[str],
    at: int,
) -> Suggestion:
    """Store it as it would have been on that day."""
    ctx = teller.at(day, 9 + at % 8)
    if visit is not None:
        place = ctx.directory.place(teller.session, visit.branch_id)
        visitor = teller.session.get_one(Person, visit.visitor_id)
        sender = member_by_userid(teller.session, visitor.userid)
        one = store(
            ctx, Said(said=said, level=Level.NAMED, place=place, source=Source.VISIT), sender
        )
        teller.session.add(
            VisitPoint(
                visit_id=visit.id,
                ordinal=1,
                kind=PointKind.SUGGESTION,
                said=said,
                record=one.number,
            )
        )
        return one
    if at % (COLLECTED // ANONYMOUS) == 0:
        return store(ctx, Said(said=said, level=Level.ANONYMOUS), None)
    sender = member_by_userid(teller.session, teller.chance.choice(senders))
    return store(ctx, Said(said=said, level=Level.NAMED), sender)


def _ending(teller: Teller, one: Suggestion, category: str, end: str) -> None:
    """Let it be dealt with as far as it got."""
    chance = teller.chance
    begun = one.day
    receiver, handler = _people(teller, one)
    if receiver is None or handler is None or (end == "open" and chance.random() < 0.4):  # noqa: PLR2004  (two of five wait)
        return
    first = teller.at(_after(teller, begun, 1 if chance.random() < 0.93 else 3), 10)  # noqa: PLR2004  (seven of a hundred are late)
    one.receiver_id = receiver.id
    one.acknowledged_in_time = one.due_at is not None and first.now <= one.due_at
    add_step(teller.session, one, StepKind.ACKNOWLEDGED, first.now, person_id=receiver.id)
    one.state, one.unit_id, one.handler_id = State.ASSIGNED, one.desk_id, handler.id
    one.assigned_at = first.now
    start_clock(first, one, Clock.REPLY, first.now)
    add_step(
        teller.session, one, StepKind.ASSIGNED, first.now, person_id=receiver.id, said=handler.name
    )
    if end == "open":
        return
    answer, result = chance.choice(vocabulary("replies")[category])
    reply = teller.at(_after(teller, begun, chance.randrange(3, 9)), 15)
    one.replied_at, one.replied_in_time = reply.now, True
    if end == "declined":
        one.answer = chance.choice(vocabulary("replies")["declined"])
        one.state, one.closed_on = State.DECLINED, reply.today
        stop_clock(one)
        kind = StepKind.DECLINED
        add_step(teller.session, one, kind, reply.now, person_id=receiver.id, said=one.answer)
        return
    one.answer = answer
    add_step(teller.session, one, StepKind.REPLIED, reply.now, person_id=receiver.id, said=answer)
    ended = teller.at(_after(teller, begun, chance.randrange(10, 24)), 16)
    add_step(teller.session, one, StepKind.DONE, ended.now, person_id=handler.id, said=result)
    add_step(teller.session, one, StepKind.RECTIFIED, ended.now, person_id=receiver.id)
    one.state, one.rectified_at, one.closed_on = State.RECTIFIED, ended.now, ended.today
    one.rectified_in_time = True
    stop_clock(one)
    if chance.random() < 0.7:  # noqa: PLR2004  (seven of ten say what they think of it)
        _judge(teller, one, ended)


def _judge(teller: Teller, one: Suggestion, ended: Context) -> None:
    stars = teller.chance.choice((5, 5, 5, 4, 4, 3))
    one.state, one.solved, one.stars = State.RATED, True, stars
    at = day_begin(ended) if one.is_anonymous else ended.now
    add_step(teller.session, one, StepKind.RATED, at, by_sender=True, solved=True, stars=stars)


def _people(teller: Teller, one: Suggestion) -> tuple[Member | None, Person | None]:
    """Who receives it, and a colleague of the desk who deals with it."""
    desk = DIRECTORY.place(teller.session, one.desk_id)
    userids = [
        userid
        for role in (Role.SECRETARY, Role.PARTY_OFFICE)
        for userid in teller.company.holders(role, desk.code)
    ] or teller.company.holders(Role.PARTY_OFFICE, PROVINCE)
    receiver = member_by_userid(teller.session, userids[0])
    handler = teller.session.scalar(
        select(Person)
        .where(Person.unit_id == desk.id, Person.userid.not_in(userids))
        .order_by(Person.id)
        .limit(1)
    )
    if handler is None:
        handler = teller.session.scalar(select(Person).where(Person.userid == userids[-1]))
    return receiver, handler


def _after(teller: Teller, day: date, count: int) -> date:
    """So many working days later, but not after today."""
    today = teller.now.astimezone(teller.zone).date()
    return min(read_calendar(teller.session).add_working(day, count), today)
