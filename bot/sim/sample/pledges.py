"""The sample's pledges: two for each party member, most of them public and kept for months."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from bot.sim.sample.company import Company, Unit
from bot.sim.sample.vocabulary import vocabulary
from bot.sim.sample.votes import LEAST, Outcome, has_voted, opened, outcome
from config.texts import label, t
from models.number import next_numbers
from models.person import Person
from models.pledge import (
    ENDS,
    EntryState,
    Pledge,
    PledgeCheck,
    PledgeClass,
    PledgeEntry,
    PledgeEvent,
    PledgeKind,
    PledgeState,
    PledgeStep,
    Question,
    month_of,
)
from models.unit import BranchType
from models.unit import Unit as UnitRow
from models.vote import Ballot

FATES: Final = (
    (PledgeState.PUBLIC, 93),
    (PledgeState.SUBMITTED, 3),
    (PledgeState.RETURNED, 2),
    (PledgeState.APPROVED, 2),
)
"""How many pledges of a hundred stand where."""
SILENT: Final = 0.16
"""Share of public pledges that have had no entry for a while."""
VAGUE: Final = 0.04
CHECKED: Final = 0.9
MOST: Final = 6
"""Entries of one pledge."""
OUTSIDE: Final = frozenset({"marketing", "metering", "charging"})


@dataclass(frozen=True, slots=True)
class Year:
    """When it is, and moments of the year up to now."""

    now: datetime
    zone: ZoneInfo

    @property
    def today(self) -> date:
        """The day for the people."""
        return self.now.astimezone(self.zone).date()

    def moment(self, share: float, chance: Random) -> datetime:
        """A working hour that lies a share of the way from the year's beginning to now; UTC."""
        start = datetime.combine(date(self.today.year, 1, 2), time(9), self.zone)
        day = (start + (self.now - start) * share).astimezone(self.zone).date()
        clock = time(chance.choice((9, 10, 11, 14, 15, 16)), chance.randrange(60))
        found = datetime.combine(day, clock, self.zone).astimezone(UTC)
        return min(found, self.now - timedelta(minutes=chance.randint(5, 90)))


@dataclass(slots=True)
class Story:
    """One pledge with what became of it; the times of its steps rise."""

    person_id: int
    unit_id: int
    kind: PledgeKind
    category: PledgeClass
    text: str
    state: PledgeState
    at: datetime
    steps: list[tuple[datetime, int | None, PledgeStep, str]] = field(default_factory=list)
    entries: list[tuple[datetime, str]] = field(default_factory=list)
    failed: str = ""
    note: str = ""
    vote: Outcome | None = None


def write_pledges(session: Session, company: Company, year: Year, seed: int) -> None:
    """Insert the year's pledges with their steps, entries and monthly checks."""
    chance = Random(f"pledges {seed}")  # noqa: S311  (the same pledges every time)
    people = dict(session.execute(select(Person.userid, Person.id)).all())
    units = dict(session.execute(select(UnitRow.code, UnitRow.id)).all())
    stories: list[Story] = []
    checks: list[dict[str, Any]] = []
    played = next(unit for unit in company.branches if unit.field == "station")  # on the desk
    for place, branch in enumerate(company.branches):
        crew = company.people[branch.code]
        secretary, unit = people[crew[0].userid], units[branch.code]
        own: list[Story] = []
        for at, person in enumerate(crew):
            for kind in PledgeKind if person.standing in party_words() else ():
                # The colleague whom the desk plays has a service pledge still to make.
                if kind is PledgeKind.SERVICE and at == len(crew) - 2:
                    continue
                who = (people[person.userid], unit, secretary)
                own.append(_story(branch, kind, who, year, chance))
        stories += own
        checks += _checks(own, secretary, year, chance)
        if has_voted(place) and len(crew) > LEAST and branch is not played:
            for story in own:
                _vote(story, secretary, len(crew), year, chance)
    stories.sort(key=lambda story: story.at)
    _insert(session, stories, checks, year)


def party_words() -> tuple[str, ...]:
    """The standings of party members."""
    standing = vocabulary("company")["standing"]
    return (standing["member"], standing["probation"])


def filled(text: str, chance: Random) -> str:
    """A sentence with the figures and places that chance gives."""
    return text.format(
        n=chance.randint(2, 9),
        m=chance.randint(11, 48),
        k=chance.randint(6, 30) * 10,
        town=chance.choice(vocabulary("words")["places"]["towns"]),
    )


def _story(
    branch: Unit, kind: PledgeKind, who: tuple[int, int, int], year: Year, chance: Random
) -> Story:
    person_id, unit_id, secretary = who
    words = vocabulary("pledges")
    outside = branch.branch_type is BranchType.SERVICE or branch.field in OUTSIDE
    group = "field" if outside else "desk"
    if branch.branch_type is BranchType.BUSINESS:
        group = "customer"
    pool = words["post"][group] if kind is PledgeKind.POST else words["service"]["common"]
    if kind is PledgeKind.SERVICE and chance.random() < VAGUE:
        pool = words["service"]["vague"]
    category = PledgeClass.POST if kind is PledgeKind.POST else PledgeClass.DEED
    if chance.random() < 0.2:  # noqa: PLR2004  (some promise what all promise)
        category = PledgeClass.COMMON
    states, weights = [state for state, _ in FATES], [weight for _, weight in FATES]
    share = chance.uniform(0.01, 0.12)
    story = Story(
        person_id,
        unit_id,
        kind,
        category,
        filled(chance.choice(pool), chance),
        chance.choices(states, weights)[0],
        year.moment(share, chance),
    )
    if story.state in (PledgeState.SUBMITTED, PledgeState.APPROVED):
        story.at = year.moment(chance.uniform(0.985, 1), chance)  # made these days
    if story.state is PledgeState.RETURNED:
        story.at = year.moment(chance.uniform(0.98, 0.998), chance)  # and not yet mended
    story.steps.append((story.at, person_id, PledgeStep.SUBMITTED, ""))
    _review(story, secretary, year, share, chance)
    return story


def _review(story: Story, secretary: int, year: Year, share: float, chance: Random) -> None:
    """What the branch said, and what was done since."""
    later = max(story.at + timedelta(hours=2), year.moment(share + 0.02, chance))
    if story.state is PledgeState.RETURNED:
        question = chance.choice((Question.FEASIBLE, Question.ABLE, Question.WANTED))
        story.failed = question.value
        story.note = chance.choice(vocabulary("pledges")["entry"]["returned"])
        said = t("pledge.failed_plain", questions=label(question), note=story.note)
        story.steps.append((later, secretary, PledgeStep.RETURNED, said))
    if story.state not in (PledgeState.APPROVED, PledgeState.PUBLIC):
        return
    later = min(later, year.now)
    story.steps.append((later, secretary, PledgeStep.APPROVED, ""))
    if story.state is PledgeState.APPROVED:
        return
    story.steps.append((later, secretary, PledgeStep.PUBLISHED, ""))
    last = chance.uniform(0.3, 0.8) if chance.random() < SILENT else 1.0
    pool = vocabulary("pledges")["entry"][story.kind.value]
    for at in sorted(chance.uniform(share + 0.05, last) for _ in range(chance.randint(1, MOST))):
        moment = max(year.moment(at, chance), later + timedelta(hours=1))
        if moment < year.now:
            story.entries.append((moment, filled(chance.choice(pool), chance)))
    story.entries.sort()


def _vote(story: Story, secretary: int, crew: int, year: Year, chance: Random) -> None:
    """The branch has voted on a public pledge; the secretary's own waits for the office."""
    begun = opened(year.now, year.zone).astimezone(UTC)
    if story.state is not PledgeState.PUBLIC or story.steps[-1][0] >= begun:
        return
    story.entries = [entry for entry in story.entries if entry[0] < begun]
    story.vote = found = outcome(begun.astimezone(year.zone), story.entries, crew, chance)
    until = t("vote.until", day=found.until)
    story.steps.append((begun, secretary, PledgeStep.VOTE_OPENED, until))
    story.steps.append((found.closed_at, None, PledgeStep.VOTE_CLOSED, found.result))
    story.state = PledgeState.VOTED
    if story.person_id != secretary:
        story.state = found.state
        story.steps.append((found.concluded_at, secretary, PledgeStep.CONCLUDED, found.end))


def _checks(
    stories: Sequence[Story], secretary: int, year: Year, chance: Random
) -> Iterator[dict[str, Any]]:
    """The months that the secretary has looked at, as far as anybody remembers."""
    public = sum(story.state is PledgeState.PUBLIC for story in stories)
    for month in range(3, year.today.month + 1):
        day = date(year.today.year, month, chance.randint(2, 7))
        if public and chance.random() < CHECKED and day < year.today:
            yield {
                "unit_id": stories[0].unit_id,
                "month": month_of(day),
                "person_id": secretary,
                "at": datetime.combine(day, time(10, 30), year.zone).astimezone(UTC),
                "pledges": public,
                "silent": chance.randint(0, public // 4),
            }


def _insert(
    session: Session, stories: Sequence[Story], checks: Sequence[dict[str, Any]], year: Year
) -> None:
    numbers = next_numbers(session, "CN", year.today.year, len(stories)) if stories else []
    rows = list(enumerate(zip(stories, numbers, strict=True), 1))
    pledges = [
        {
            "id": number,
            "number": name,
            "person_id": story.person_id,
            "unit_id": story.unit_id,
            "year": year.today.year,
            "kind": story.kind,
            "category": story.category,
            "text": story.text,
            "measure": "",
            "state": story.state,
            "failed": story.failed,
            "note": story.note,
            "reason": story.vote.reason if story.vote and story.state in ENDS else "",
            "entries": len(story.entries),
            "entry_at": story.entries[-1][0] if story.entries else None,
            "at": story.at,
            "sent_at": story.at,
            "reviewed_at": _when(story, PledgeStep.APPROVED, PledgeStep.RETURNED),
            "published_at": _when(story, PledgeStep.PUBLISHED),
            "concluded_at": _when(story, PledgeStep.CONCLUDED),
        }
        for number, (story, name) in rows
    ]
    events = [
        {"pledge_id": number, "at": at, "person_id": person, "step": step, "note": note}
        for number, (story, _) in rows
        for at, person, step, note in story.steps
    ]
    done = sorted(
        ((at, number, said) for number, (story, _) in rows for at, said in story.entries),
    )
    entries = [
        {"number": name, "pledge_id": number, "state": EntryState.VALID, "said": said, "at": at}
        for (at, number, said), name in zip(
            done,
            next_numbers(session, "LN", year.today.year, len(done)) if done else [],
            strict=True,
        )
    ]
    ballots = [story.vote.ballot(number) for number, (story, _) in rows if story.vote]
    for table, values in (
        (Pledge, pledges),
        (Ballot, ballots),
        (PledgeEvent, events),
        (PledgeEntry, entries),
        (PledgeCheck, checks),
    ):
        if values:
            session.execute(insert(table), values)


def _when(story: Story, *steps: PledgeStep) -> datetime | None:
    return next((at for at, _, step, _ in story.steps if step in steps), None)
