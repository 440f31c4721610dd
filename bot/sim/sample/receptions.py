"""接待日 in the sample: one that was held, one that can be booked (DOMAIN.md 4)."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.sim.sample.company import PROVINCE, Company
from bot.sim.sample.vocabulary import vocabulary
from models.calendar import read_calendar
from models.number import next_number
from models.person import Person, PersonState, Role
from models.reception import PREFIX, Reception, ReceptionSlot, SlotState

SLOTS, LENGTH = 4, 20
HELD, AHEAD = 22, 6
"""Working days back and ahead."""
BOOKED: Final = 2


def write_receptions(
    session: Session, company: Company, *, now: datetime, zone: ZoneInfo, seed: int
) -> None:
    """The secretary of the company's committee receives twice."""
    chance = Random(f"receptions {seed}")  # noqa: S311  (a sample is no secret)
    userid = company.holders(Role.COMMITTEE_SECRETARY, PROVINCE)[0]
    host = session.scalars(select(Person).where(Person.userid == userid)).one()
    people = session.scalars(
        select(Person.id)
        .where(Person.state == PersonState.ACTIVE, Person.id != host.id)
        .order_by(Person.id)
    ).all()
    talks = vocabulary("receptions")["talks"]
    calendar, today = read_calendar(session), now.astimezone(zone).date()
    for count, planned in ((-HELD, HELD + 10), (AHEAD, 3)):
        day = calendar.add_working(today, count)
        made = now - timedelta(days=planned * 2)
        slots = _day(session, host, day, made, zone)
        persons, told = chance.sample(list(people), SLOTS), chance.sample(talks, SLOTS)
        guests = zip(slots, persons, told, strict=True)
        for at, (slot, person, (topic, minutes)) in enumerate(guests):
            if count < 0:
                slot.person_id, slot.topic, slot.minutes = person, topic, minutes
                slot.state = SlotState.HELD
            elif at < BOOKED:
                slot.person_id, slot.topic, slot.state = person, topic, SlotState.BOOKED
    session.flush()


def _day(
    session: Session, host: Person, day: date, made: datetime, zone: ZoneInfo
) -> Sequence[ReceptionSlot]:
    """A day with its slots, from nine on."""
    one = Reception(
        number=next_number(session, PREFIX, day.year),
        unit_id=host.unit_id,
        host_id=host.id,
        day=day,
        place=vocabulary("receptions")["place"],
        at=made,
    )
    session.add(one)
    session.flush()
    first = datetime.combine(day, time(9), zone)
    slots = [
        ReceptionSlot(
            reception_id=one.id,
            starts_at=first + timedelta(minutes=LENGTH * at),
            state=SlotState.FREE,
        )
        for at in range(SLOTS)
    ]
    session.add_all(slots)
    return slots
