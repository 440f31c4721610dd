"""A year of 书记听您说: 831 visits, 147 suggestions, 136 of them put right (DOMAIN.md 4)."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.sim.sample.company import PROVINCE, Company
from bot.sim.sample.vocabulary import vocabulary
from config.rules import default_rules
from handlers.context import Context
from handlers.suggestions.desk import day_begin, start_clock, stop_clock
from handlers.suggestions.giving import Said, store
from models.calendar import WorkCalendar, read_calendar
from models.directory import Directory
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
from models.vault import Vault
from models.visit import PointKind, Visit, VisitPoint, VisitState, points_of_visit

COLLECTED, RECTIFIED, DECLINED = 147, 136, 5
"""As published (DOMAIN.md 4): what this year's visits brought home."""
EARLIER: Final = (Level.ANONYMOUS,) * 12 + (Level.NAMED,) * 9 + (Level.CONFIDENTIAL,) * 3
"""Last year's, from before there were visits: people said it themselves."""
EARLIER_DAYS: Final = 90
PUBLISHED: Final = 12
BETWEEN: Final = 6
"""Other things that are said among what many say."""
SAMPLE: Final = Path(__file__).parents[3] / "config" / "sample"
ONCE, OFTEN = SAMPLE / "suggestions.toml", SAMPLE / "suggestions_often.toml"


@dataclass(frozen=True, slots=True)
class Teller:
    """What the story is made with."""

    session: Session
    company: Company
    now: datetime
    zone: ZoneInfo
    chance: Random
    vault: Vault
    calendar: WorkCalendar
    known: dict[str, Member | None] = field(default_factory=dict)

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
            vault=self.vault,
            _known={"calendar": self.calendar},
        )

    def member(self, userid: str) -> Member | None:
        """Somebody by userid, looked up once."""
        if userid not in self.known:
            self.known[userid] = member_by_userid(self.session, userid)
        return self.known[userid]


DIRECTORY = Directory()


def write_suggestions(
    session: Session, company: Company, *, now: datetime, zone: ZoneInfo, seed: int, vault: Vault
) -> None:
    """What was heard on this year's visits, and what people said last year.

    What is still open has clocks that run. Confidential ones need a ``vault`` with keys.
    """
    DIRECTORY.enter(session)
    chance = Random(seed + 147)  # noqa: S311  (a sample is no secret)
    teller = Teller(session, company, now, zone, chance, vault, read_calendar(session))
    texts = _texts(teller.chance)
    _earlier(teller, texts[COLLECTED:])
    ends = ["rectified"] * RECTIFIED + ["declined"] * DECLINED
    teller.chance.shuffle(ends)
    ends += ["open"] * (COLLECTED - len(ends))
    published = 0
    for at, (visit, end, (category, said)) in enumerate(
        zip(_visits(session), ends, texts, strict=False)
    ):
        one = _heard(teller, visit, said)
        one.category, one.category_confirmed = category, end != "open"
        _ending(teller, one, category, end)
        if end == "rectified" and published < PUBLISHED and at % 7 == 0:
            one.gist, one.published_on = said.split("，")[0][:60], one.closed_on
            published += 1
    session.flush()


def _visits(session: Session) -> list[Visit]:
    """As many visits as there are suggestions, evenly over the year, the newest last."""
    made = session.scalars(
        select(Visit).where(Visit.state == VisitState.MADE).order_by(Visit.visited_on, Visit.id)
    ).all()
    return [made[len(made) * (2 * at + 1) // (2 * COLLECTED)] for at in range(COLLECTED)]


def _earlier(teller: Teller, texts: Sequence[tuple[str, str]]) -> None:
    """The end of last year: each level, all of them dealt with."""
    session = teller.session
    last = date(teller.now.astimezone(teller.zone).year, 1, 1)
    senders = list(session.scalars(select(Person.userid).where(Person.state == PersonState.ACTIVE)))
    levels = [
        Level.NAMED if level is Level.CONFIDENTIAL and not teller.vault.ring() else level
        for level in EARLIER
    ]
    teller.chance.shuffle(levels)
    for at, (level, (category, said)) in enumerate(zip(levels, texts, strict=False)):
        back = EARLIER_DAYS - EARLIER_DAYS * at // (2 * len(levels))
        ctx = teller.at(teller.calendar.on_or_before(last - timedelta(days=back)), 9 + at % 8)
        sender = teller.member(teller.chance.choice(senders))
        anonymous = level is Level.ANONYMOUS
        one = store(ctx, Said(said=said, level=level), None if anonymous else sender)
        one.category, one.category_confirmed = category, True
        _ending(teller, one, category, "declined" if at % 11 == 10 else "rectified")  # noqa: PLR2004  (one in eleven)


def _texts(chance: Random) -> list[tuple[str, str]]:
    """This year's, at the end of which many speak of the same few things; then last year's."""
    once, often = _labelled(ONCE), _labelled(OFTEN)
    chance.shuffle(once)
    early = COLLECTED - len(often) - BETWEEN
    late = once[early : early + BETWEEN] + often
    chance.shuffle(late)
    return once[:early] + late + once[early + BETWEEN :]


def _labelled(path: Path) -> list[tuple[str, str]]:
    """Pairs of category and text."""
    said = tomllib.loads(path.read_text("utf-8"))
    return [(category, text) for category, rows in said.items() for text in rows]


def _heard(teller: Teller, visit: Visit, said: str) -> Suggestion:
    """Store what was heard on a visit as the visitor would have, on that day."""
    day = visit.visited_on or teller.now.astimezone(teller.zone).date()
    ctx = teller.at(day, 17)
    place = ctx.directory.place(teller.session, visit.branch_id)
    visitor = teller.session.get_one(Person, visit.visitor_id)
    sender = teller.member(visitor.userid)
    told = Said(said=said, level=Level.NAMED, place=place, source=Source.VISIT)
    one = store(ctx, told, sender)
    ordinal = len(points_of_visit(teller.session, visit.id)) + 1
    point = VisitPoint(visit_id=visit.id, ordinal=ordinal, kind=PointKind.SUGGESTION, said=said)
    point.record = one.number
    teller.session.add(point)
    return one


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
    receiver = teller.member(userids[0])
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
    return min(teller.calendar.add_working(day, count), today)
