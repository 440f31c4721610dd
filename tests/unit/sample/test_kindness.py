"""The sample's pledges, wishes, pairs and posts hold together as the product's own rows would."""

from collections import Counter

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.number import Counter as Numbers
from models.pair import Pair, PairKind, PairSide
from models.person import Person
from models.pledge import (
    ENDS,
    OPEN_TO_ALL,
    Pledge,
    PledgeEntry,
    PledgeEvent,
    PledgeKind,
    PledgeState,
    PledgeStep,
)
from models.post import Post, PostMark
from models.vote import Ballot
from models.wish import Wish, WishState
from tests.shared import NOW

PARTY = ("中共党员", "中共预备党员")


def test_every_party_member_has_promised_and_nobody_else(session: Session) -> None:
    made = session.execute(
        select(Person.standing, Pledge.kind, func.count())
        .join(Pledge, Pledge.person_id == Person.id)
        .group_by(Person.standing, Pledge.kind)
    ).all()
    assert {standing for standing, _, _ in made} <= set(PARTY)
    members = session.scalar(select(func.count()).where(Person.standing.in_(PARTY))) or 0
    posts = sum(count for _, kind, count in made if kind is PledgeKind.POST)
    assert posts == members
    assert members * 0.85 < sum(count for _, kind, count in made) - posts < members


def test_counts_and_times_follow_the_entries_and_steps(session: Session) -> None:
    entries = Counter(session.scalars(select(PledgeEntry.pledge_id)))
    steps: dict[int, list[PledgeEvent]] = {}
    for event in session.scalars(select(PledgeEvent).order_by(PledgeEvent.id)):
        steps.setdefault(event.pledge_id, []).append(event)
    for pledge in session.scalars(select(Pledge)):
        assert pledge.entries == entries[pledge.id]
        times = [event.at for event in steps[pledge.id]]
        assert times == sorted(times)
        assert times[0] == pledge.at
        assert times[-1] <= NOW
        public = PledgeStep.PUBLISHED in [event.step for event in steps[pledge.id]]
        assert public == (pledge.state in OPEN_TO_ALL) == (pledge.published_at is not None)
        assert (pledge.state is PledgeState.RETURNED) == bool(pledge.failed)
        assert not pledge.entries or public
    ballots = {ballot.pledge_id: ballot for ballot in session.scalars(select(Ballot))}
    voted = (PledgeState.VOTED, *ENDS)
    ended = set(session.scalars(select(Pledge.id).where(Pledge.state.in_(voted))))
    assert set(ballots) == ended
    assert len(ended) > 100
    for ballot in ballots.values():
        shown = [n for n in (ballot.good, ballot.fair, ballot.poor) if n is not None]
        assert ballot.voters == (sum(shown) if shown else ballot.voters)
        assert len(shown) == (3 if (ballot.voters or 0) >= 5 else 0)
    late = session.scalars(select(PledgeEntry.at)).all()
    assert max(late) < NOW


def test_numbers_go_on_where_the_sample_ends(session: Session) -> None:
    for prefix, table in (("CN", Pledge), ("LN", PledgeEntry), ("XY", Wish), ("DZ", Pair)):
        last = session.scalar(select(Numbers.last).where(Numbers.prefix == prefix))
        assert last == session.scalar(select(func.count()).select_from(table))


@pytest.mark.parametrize("state", list(WishState))
def test_wishes_have_what_their_state_needs(session: Session, state: WishState) -> None:
    for wish in session.scalars(select(Wish).where(Wish.state == state)):
        claimed = state in (WishState.CLAIMED, WishState.FULFILLED, WishState.THANKED)
        assert (wish.claimer_id is not None) == claimed
        assert wish.claimer_id != wish.person_id
        assert bool(wish.thanks) == (state is WishState.THANKED)


def test_pairs_keep_the_ratio_and_posts_have_their_marks(session: Session) -> None:
    sides = Counter(session.scalars(select(PairSide.pair_id)))
    for pair in session.scalars(select(Pair)):
        assert sides[pair.id] == (3 if pair.kind is PairKind.MASSES else 2)
    assert session.scalar(select(func.count()).select_from(Post)) == 10 * (8 + 18) + 2
    periods = set(session.scalars(select(PostMark.period)))
    assert periods == {"2026-Q1", "2026-Q2", "2026-Q3"}
