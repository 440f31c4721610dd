"""A year of talks and a counted survey for the sample company; every word of it sealed.

How many a branch has held varies as it does in life: most have talked with everybody, some have
hardly begun. The same seed gives the same talks; only what seals them is new each time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from bot.sim.sample.scene import view
from bot.sim.sample.vocabulary import vocabulary
from handlers.talks.survey import publish, questions
from models.forms.periods import CalendarPeriod, PeriodKind
from models.number import next_numbers
from models.person import Grant, Person, Role
from models.survey import Survey, Vote
from models.talk import (
    CALL,
    STRIKE,
    TALK,
    Occasion,
    Talk,
    TalkCall,
    TalkStrike,
    TalkTask,
    TalkText,
    TalkWay,
)
from models.unit import Unit
from models.vault import Vault

YEAR: Final = 365
COVERAGE: Final = ((1.0, 52), (0.85, 25), (0.6, 14), (0.25, 7), (0.0, 2))
"""Shares of people talked with, and how many branches in a hundred reach them."""
OCCASIONS: Final = (
    (Occasion.ROUTINE, 70),
    (Occasion.TRANSFER, 8),
    (Occasion.HARDSHIP, 7),
    (Occasion.AWARD, 6),
    (Occasion.ASKED, 6),
    (Occasion.PENALTY, 3),
)
WITH_TASK: Final = 0.2
ANSWERED: Final = 0.6
"""Share of people who answered the survey."""


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch with its secretary and whom that one talks with."""

    unit_id: int
    secretary: int
    people: tuple[int, ...]


def load_talks(session: Session, vault: Vault, now: datetime, zone: ZoneInfo, seed: int) -> None:
    """Write the talks of the last year, what followed from them, and the last survey."""
    chance = Random(f"talks {seed}")  # noqa: S311  (the same talks every time)
    branches = _branches(session)
    talks = _talks(branches, chance, now, zone)
    years = [talk["day"].year for talk in talks]
    numbers = {
        year: iter(next_numbers(session, "TH", year, years.count(year)))
        for year in sorted(set(years))
    }
    for talk in talks:
        talk["number"] = next(numbers[talk["day"].year])
    session.execute(insert(Talk), talks)
    connection = session.connection()
    said = ((talk["number"], _said(chance), talk["at"]) for talk in talks)
    vault.seal_all(connection, TALK, said)
    _follow_ups(session, vault, chance, now)
    _survey(session, branches, chance, now, zone)


def _branches(session: Session) -> list[Branch]:
    """All branches that have a secretary."""
    secretaries: dict[int, int] = dict(
        session.execute(
            select(Grant.unit_id, Grant.person_id)
            .where(Grant.role == Role.SECRETARY)
            .order_by(Grant.id.desc())
        ).all()
    )
    people: dict[int, list[int]] = {}
    for branch_id, person_id in session.execute(
        select(Unit.branch_id, Person.id)
        .join(Person, Person.unit_id == Unit.id)
        .where(Unit.branch_id.in_(secretaries))
        .order_by(Person.id)
    ):
        if branch_id is not None and person_id != secretaries[branch_id]:
            people.setdefault(branch_id, []).append(person_id)
    return [
        Branch(unit_id, secretary, tuple(people.get(unit_id, ())))
        for unit_id, secretary in sorted(secretaries.items())
    ]


def _talks(
    branches: Sequence[Branch], chance: Random, now: datetime, zone: ZoneInfo
) -> list[dict[str, Any]]:
    """The rows, oldest first."""
    today = now.astimezone(zone).date()
    found = []
    shares, weights = zip(*COVERAGE, strict=True)
    for branch in branches:
        share = chance.choices(shares, weights)[0]
        for person in branch.people:
            if chance.random() > share:
                continue
            for day in _days(today, chance):
                at = datetime.combine(day, time(17, chance.randrange(60)), zone).astimezone(UTC)
                found.append(_row(branch, person, day, min(at, now)))
    return sorted(found, key=lambda row: (row["at"], row["person_id"]))


def _days(today: date, chance: Random) -> Iterator[date]:
    """One day in the last year, sometimes a second one."""
    for _ in range(chance.choice((1, 1, 1, 2))):
        yield today - timedelta(days=chance.randrange(1, YEAR))


def _row(branch: Branch, person: int, day: date, at: datetime) -> dict[str, Any]:
    return {
        "unit_id": branch.unit_id,
        "talker_id": branch.secretary,
        "person_id": person,
        "day": day,
        "as_secretary": True,
        "reader": None,
        "at": at,
    }


def _said(chance: Random) -> str:
    words, places = vocabulary("talks"), vocabulary("words")["places"]
    occasions, weights = zip(*OCCASIONS, strict=True)
    points = chance.choice(words["points"]).format(
        master=chance.choice(places["masters"]),
        town=chance.choice(places["towns"]),
        village=chance.choice(places["villages"]),
    )
    return TalkText(
        points=points,
        way=chance.choices(tuple(TalkWay), (8, 1, 1))[0].value,
        occasion=chance.choices(occasions, weights)[0].value,
        place=chance.choice(words["places"]),
        promise=chance.choice(words["promises"]) if chance.random() < WITH_TASK * 2 else "",
    ).dump()


def _follow_ups(session: Session, vault: Vault, chance: Random, now: datetime) -> None:
    """Open follow-ups, two people who ask for a talk, one who wants something deleted."""
    words = vocabulary("talks")
    recent = session.scalars(select(Talk).order_by(Talk.at.desc()).limit(200)).all()
    for talk in recent:
        if chance.random() < WITH_TASK:
            session.add(
                TalkTask(
                    talk_id=talk.id,
                    owner_id=talk.talker_id,
                    what=chance.choice(words["tasks"]),
                    due_on=now.date() + timedelta(days=chance.randrange(2, 30)),
                    at=talk.at,
                )
            )
    connection = session.connection()
    for talk, number in zip(recent[:6:3], next_numbers(session, "YT", now.year, 2), strict=True):
        session.add(
            TalkCall(
                number=number,
                person_id=talk.person_id,
                lead_id=talk.talker_id,
                asked=True,
                due_on=now.date() + timedelta(days=chance.randrange(3, 12)),
                at=now - timedelta(days=2),
            )
        )
        vault.seal(connection, CALL, number, chance.choice(words["words"]), now)
    strike = TalkStrike(
        talk_id=recent[1].id,
        person_id=recent[1].person_id,
        due_on=now.date() + timedelta(days=14),
        at=now - timedelta(days=1),
    )
    session.add(strike)
    session.flush()
    vault.seal(connection, STRIKE, str(strike.id), chance.choice(words["words"]), now)


def _survey(
    session: Session, branches: Sequence[Branch], chance: Random, now: datetime, zone: ZoneInfo
) -> None:
    """The survey of the last quarter, counted as the product counts it."""
    today = now.astimezone(zone).date()
    period = CalendarPeriod.holding(PeriodKind.QUARTER, today).shifted(-1)
    first, last = period.days()
    root = session.scalars(select(Unit).where(Unit.parent_id.is_(None)).order_by(Unit.id)).first()
    if root is None:
        return
    survey = Survey(
        unit_id=root.id,
        year=period.year,
        quarter=period.index,
        questions=len(questions()),
        opens_on=first,
        closes_on=min(first + timedelta(days=14), last),
        opened_at=now - (today - first),
    )
    session.add(survey)
    session.flush()
    said = iter(chance.sample(vocabulary("talks")["words"], len(vocabulary("talks")["words"])))
    votes = {
        branch.unit_id: [
            _vote(chance, said)
            for _ in (branch.secretary, *branch.people)
            if chance.random() < ANSWERED
        ]
        for branch in branches
    }
    ctx = replace(view(session, now, zone), vault=Vault(tuple, chance.randbytes))
    publish(ctx, survey, votes)


def _vote(chance: Random, said: Iterator[str]) -> Vote:
    marks = chance.choices((1, 2, 3, 4, 5), (2, 6, 22, 42, 28), k=len(questions()))
    return Vote(tuple(marks), next(said, "") if chance.random() < 1 / 20 else "")
