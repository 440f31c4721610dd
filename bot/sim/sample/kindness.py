"""The sample's wishes, pairs, posts and areas."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from random import Random
from typing import Any, Final

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from bot.sim.sample.company import Company, Unit
from bot.sim.sample.company import Person as Somebody
from bot.sim.sample.pledges import Year, filled, party_words
from bot.sim.sample.vocabulary import vocabulary
from models.number import next_numbers
from models.pair import Pair, PairEntry, PairKind, PairSide, PairState, quarter_of
from models.person import Person, Role
from models.post import Post, PostKind, PostMark, PostStandard, PostState
from models.unit import Unit as UnitRow
from models.wish import Wish, WishEvent, WishState, WishStep

WISHED, PAIRED = 0.6, 0.5
"""Shares of branches with a wish, and with a pair."""
AREAS, POSTS = 8, 18
"""Of each city company: the figures that a plant published (DOMAIN.md 7)."""
WAY: Final = {
    WishState.SUBMITTED: (WishStep.SUBMITTED,),
    WishState.OPEN: (WishStep.SUBMITTED, WishStep.OPENED),
    WishState.CLAIMED: (WishStep.SUBMITTED, WishStep.OPENED, WishStep.CLAIMED),
    WishState.FULFILLED: (
        WishStep.SUBMITTED,
        WishStep.OPENED,
        WishStep.CLAIMED,
        WishStep.FULFILLED,
    ),
    WishState.THANKED: (
        WishStep.SUBMITTED,
        WishStep.OPENED,
        WishStep.CLAIMED,
        WishStep.FULFILLED,
        WishStep.THANKED,
    ),
}
ON_THE_DESK: Final = (WishState.OPEN, WishState.OPEN, WishState.SUBMITTED)
"""More wishes in the branch that the desk plays."""
SHARES: Final = (6, 14, 16, 6, 58)


class Kindness:
    """Writes them, with the ids of the people and units that are there."""

    def __init__(self, session: Session, company: Company, year: Year, seed: int) -> None:
        self._session = session
        self._company = company
        self._year = year
        self._chance = Random(f"kindness {seed}")  # noqa: S311  (the same every time)
        self._people: Mapping[str, int] = dict(
            session.execute(select(Person.userid, Person.id)).all()
        )
        self._units: Mapping[str, int] = dict(
            session.execute(select(UnitRow.code, UnitRow.id)).all()
        )
        self._words = vocabulary("pledges")
        self._desk = next(unit for unit in company.branches if unit.field == "station")

    def write(self) -> None:
        """All of it."""
        self._wishes()
        self._pairs()
        self._posts()

    def _put(self, table: type[Any], rows: Sequence[Mapping[str, Any]]) -> None:
        if rows:
            self._session.execute(insert(table), list(rows))

    def _numbers(self, prefix: str, count: int) -> list[str]:
        return next_numbers(self._session, prefix, self._year.today.year, count) if count else []

    def _crew(self, branch: Unit) -> list[Somebody]:
        return self._company.people[branch.code]

    # Wishes

    def _wishes(self) -> None:
        chance, words = self._chance, self._words["wish"]
        found = [branch for branch in self._company.branches if chance.random() < WISHED]
        found += [self._desk] * len(ON_THE_DESK)
        rows, events = [], []
        shares = sorted(chance.uniform(0.3, 1) for _ in found)
        for number, (branch, name, share) in enumerate(
            zip(found, self._numbers("XY", len(found)), shares, strict=True), 1
        ):
            crew = self._crew(branch)
            wisher, helper = chance.sample(crew[1:-2], 2)
            state = chance.choices(list(WAY), SHARES)[0]
            if number > len(found) - len(ON_THE_DESK):
                state = ON_THE_DESK[number - len(found) - 1]
            fresh = state in (WishState.SUBMITTED, WishState.OPEN, WishState.CLAIMED)
            if fresh:
                share = chance.uniform(0.97, 1)  # noqa: PLW2901  (those are of these days)
            at = self._year.moment(share, chance)
            claimed = WishStep.CLAIMED in WAY[state]
            true_ = WishStep.FULFILLED in WAY[state]
            rows.append(
                {
                    "id": number,
                    "number": name,
                    "person_id": self._people[wisher.userid],
                    "unit_id": self._units[branch.code],
                    "named": chance.random() < 0.4,  # noqa: PLR2004  (most would rather not)
                    "text": words["texts"][number % len(words["texts"])],
                    "state": state,
                    "claimer_id": self._people[helper.userid] if claimed else None,
                    "claimed_at": at if claimed else None,
                    "lapses_on": self._year.today + timedelta(days=chance.randint(1, 13))
                    if claimed
                    else None,
                    "note": "",
                    "done": chance.choice(words["done"]) if true_ else "",
                    "thanks": chance.choice(words["thanks"]) if state is WishState.THANKED else "",
                    "at": at,
                    "fulfilled_at": min(at + timedelta(days=6), self._year.now) if true_ else None,
                }
            )
            actors = {
                WishStep.SUBMITTED: wisher,
                WishStep.OPENED: crew[0],
                WishStep.CLAIMED: helper,
                WishStep.FULFILLED: helper,
                WishStep.THANKED: wisher,
            }
            events += [
                {
                    "wish_id": number,
                    "at": min(at + timedelta(days=2 * days), self._year.now),
                    "person_id": self._people[actors[step].userid],
                    "step": step,
                }
                for days, step in enumerate(WAY[state])
            ]
        self._put(Wish, rows)
        self._put(WishEvent, events)

    # Pairs

    def _pairs(self) -> None:
        chance = self._chance
        pairs: list[dict[str, Any]] = []
        sides: list[dict[str, Any]] = []
        entries: list[dict[str, Any]] = []
        plans = [plan for branch in self._company.branches for plan in self._plans(branch)]
        plans += self._between()
        plans.sort(key=lambda plan: plan[0])
        for number, ((share, kind, branch, lead, partners, names), name) in enumerate(
            zip(plans, self._numbers("DZ", len(plans)), strict=True), 1
        ):
            at = self._year.moment(share, chance)
            done = chance.randint(0, 4)
            pairs.append(
                {
                    "id": number,
                    "number": name,
                    "kind": kind,
                    "unit_id": self._units[branch],
                    "partners": names,
                    "goal": chance.choice(self._words["pair"][kind.value]),
                    "state": PairState.ACTIVE,
                    "entries": done,
                    "at": at,
                    "starts_on": at.astimezone(self._year.zone).date(),
                    "ends_on": date(self._year.today.year, 12, 31),
                }
            )
            for place, (userid, unit) in enumerate((lead, *partners)):
                sides.append(
                    {
                        "pair_id": number,
                        "person_id": self._people[userid],
                        "unit_id": self._units[unit] if unit else None,
                        "lead": place == 0,
                        "confirmed_at": at,
                        "review": "",
                    }
                )
            for _ in range(done):
                moment = self._year.moment(chance.uniform(share, 1), chance)
                entries.append(
                    {
                        "pair_id": number,
                        "person_id": self._people[lead[0]],
                        "quarter": quarter_of(moment.astimezone(self._year.zone).date()),
                        "said": filled(chance.choice(self._words["pair"]["entry"]), chance),
                        "at": max(moment, at),
                    }
                )
        self._put(Pair, pairs)
        self._put(PairSide, sides)
        self._put(PairEntry, entries)

    def _plans(self, branch: Unit) -> list[Any]:
        """A member with two colleagues, or master and apprentice, in some branches."""
        chance = self._chance
        if chance.random() > PAIRED:
            return []
        crew = self._crew(branch)
        inside = [person for person in crew[1:] if person.standing in party_words()]
        outside = [person for person in crew[1:] if person.standing not in party_words()]
        share = chance.uniform(0.05, 0.5)
        if inside and len(outside) > 1:
            helped = chance.sample(outside, 2)
            kind, lead = PairKind.MASSES, inside[0]
        elif len(crew) > 2:  # noqa: PLR2004  (two besides the secretary)
            helped, kind, lead = [crew[2]], PairKind.ONE, crew[1]
        else:
            return []
        names = "、".join(person.name for person in helped)
        partners = [(person.userid, "") for person in helped]
        return [(share, kind, branch.code, (lead.userid, ""), partners, names)]

    def _between(self) -> list[Any]:
        """Some branches share a plan with the next one."""
        found = []
        for one, other in list(pairwise(self._company.branches))[::12]:
            lead = (self._crew(one)[0].userid, one.code)
            partner = (self._crew(other)[0].userid, other.code)
            share = self._chance.uniform(0.05, 0.3)
            found.append((share, PairKind.BRANCH, one.code, lead, [partner], other.name))
        return found

    # Posts and areas

    def _posts(self) -> None:
        chance, words = self._chance, self._words["posts"]
        homes: dict[str, list[Unit]] = {}
        for branch in self._company.branches:
            homes.setdefault(branch.code[:3], []).append(branch)
        cities = {code: found for code, found in homes.items() if code.startswith("C")}
        kinds = [PostKind.AREA] * AREAS + [PostKind.POST] * POSTS
        places = [(kind, chance.choice(branches)) for branches in cities.values() for kind in kinds]
        places += [(PostKind.POST, self._desk), (PostKind.AREA, self._desk)]
        rows, marks = [], []
        for number, ((kind, branch), name) in enumerate(
            zip(places, self._numbers("GQ", len(places)), strict=True), 1
        ):
            crew = self._crew(branch)
            # The last one belongs to the colleague whom the desk plays.
            owner = crew[-2] if number == len(places) else chance.choice(crew[1:])
            at = self._year.moment(0.01, chance)
            rows.append(
                {
                    "id": number,
                    "number": name,
                    "kind": kind,
                    "name": filled(chance.choice(words[kind.value]), chance),
                    "unit_id": self._units[branch.code],
                    "owner_id": self._people[owner.userid],
                    "scope": chance.choice(words["scope"]),
                    "state": PostState.ACTIVE,
                    "at": at,
                }
            )
            marks += self._marks(number, self._people[owner.userid])
        self._put(Post, rows)
        self._put(PostMark, marks)
        grants = self._company.grants
        office = next(who for who, role, unit in grants if role is Role.PARTY_OFFICE)
        self._put(
            PostStandard,
            [
                {
                    "unit_id": self._units[self._company.units[0].code],
                    "kind": kind,
                    "text": words["standard"],
                    "person_id": self._people[office],
                    "at": self._year.moment(0.01, chance),
                }
                for kind in PostKind
            ],
        )

    def _marks(self, post_id: int, owner_id: int) -> list[dict[str, Any]]:
        """The quarters that are over, assessed by most owners."""
        chance, today = self._chance, self._year.today
        return [
            {
                "post_id": post_id,
                "year": today.year,
                "period": f"{today.year}-Q{quarter}",
                "committee": False,
                "score": chance.randint(82, 98),
                "said": chance.choice(self._words["posts"]["self"]),
                "person_id": owner_id,
                "at": self._year.moment(quarter / 4, chance),
            }
            for quarter in range(1, (today.month - 1) // 3 + 1)
            if chance.random() < 0.92  # noqa: PLR2004  (some are late)
        ]


def write_kindness(session: Session, company: Company, year: Year, seed: int) -> None:
    """Insert wishes, pairs, posts and areas."""
    Kindness(session, company, year, seed).write()
