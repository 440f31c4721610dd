"""Some branches of the sample have voted on their pledges already, and concluded most of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

from bot.sim.sample.vocabulary import vocabulary
from config.texts import label, t
from models.pledge import PledgeState

EVERY: Final = 8
FIRST: Final = 5
"""Of so many branches one has voted."""
BEFORE: Final = 20
"""Days ago its vote was opened."""
OPEN: Final = 7
LEAST: Final = 5
TURNOUT: Final = (0.4, 1.0)
PLEASED: Final = (0.72, 0.22, 0.06)
LITTLE: Final = 2
"""With fewer entries a pledge was kept in part."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a vote came to; the counters are None if too few voted. Moments are aware, in UTC."""

    opened_at: datetime
    until: str
    closed_at: datetime
    concluded_at: datetime
    voters: int
    counts: tuple[int, int, int] | None
    state: PledgeState
    reason: str

    @property
    def result(self) -> str:
        """The result in words."""
        if self.counts is None:
            return t("vote.few", least=LEAST)
        good, fair, poor = self.counts
        return t("vote.result", voters=self.voters, good=good, fair=fair, poor=poor)

    @property
    def end(self) -> str:
        """The conclusion in words."""
        return t("pledge_end.step", end=label(self.state))

    def ballot(self, pledge_id: int) -> Mapping[str, Any]:
        """The row of the closed ballot."""
        good, fair, poor = self.counts or (None, None, None)
        return {
            "pledge_id": pledge_id,
            "opened_at": self.opened_at,
            "until": datetime.fromisoformat(self.until).date(),
            "closed_at": self.closed_at,
            "voters": self.voters,
            "good": good,
            "fair": fair,
            "poor": poor,
        }


def has_voted(place: int) -> bool:
    """Whether the branch at a place of the list has voted."""
    return place % EVERY == FIRST


def opened(now: datetime, zone: ZoneInfo) -> datetime:
    """When those votes were opened."""
    day = now.astimezone(zone).date() - timedelta(days=BEFORE)
    return datetime.combine(day, time(10), zone)


def outcome(begun: datetime, entries: Sequence[object], crew: int, chance: Random) -> Outcome:
    """What the vote on one pledge came to; ``crew`` are the people of the branch."""
    last = (begun + timedelta(days=OPEN)).date()
    closed = datetime.combine(last + timedelta(days=1), time(0, 10), begun.tzinfo)
    voters = round((crew - 1) * chance.uniform(*TURNOUT))
    given = chance.choices((0, 1, 2), PLEASED, k=voters)
    counts = (given.count(0), given.count(1), given.count(2)) if voters >= LEAST else None
    state, reason = PledgeState.KEPT, ""
    words = vocabulary("pledges")["end"]
    if not entries:
        state, reason = PledgeState.EXCUSED, chance.choice(words["excused"])
    elif len(entries) < LITTLE:
        state, reason = PledgeState.PARTLY, chance.choice(words["partly"])
    concluded = closed + timedelta(days=chance.randint(1, 4), hours=chance.randint(9, 16))
    return Outcome(begun, last.isoformat(), closed, concluded, voters, counts, state, reason)
