"""The draw of the cross-checks keeps its constraints, from two branches to ten thousand."""

import hashlib
import random
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.draw import Entrant, Limit, NoDraw, broken, draw
from models.unit import BranchType

TYPES = list(BranchType)


def company(types: Iterable[BranchType]) -> list[Entrant]:
    return [Entrant(n, f"B{n:05d}", kind) for n, kind in enumerate(types, 1)]


@st.composite
def companies(draw_from: st.DrawFn, low: int = 2, high: int = 60) -> list[Entrant]:
    return company(draw_from(st.lists(st.sampled_from(TYPES), min_size=low, max_size=high)))


def majority(entrants: list[Entrant]) -> int:
    return max(Counter(entrant.type for entrant in entrants).values())


def everybody_once(pairs: Mapping[int, int], entrants: list[Entrant]) -> None:
    ids = {entrant.id for entrant in entrants}
    assert set(pairs) == ids
    assert set(pairs.values()) == ids
    assert all(checker != target for checker, target in pairs.items())


def holds(
    pairs: Mapping[int, int], entrants: list[Entrant], last: Iterable[tuple[int, int]]
) -> bool:
    """The rules written a second time, plainly."""
    types = {entrant.id: entrant.type for entrant in entrants}
    met = {frozenset(pair) for pair in last}
    return all(
        a != b and pairs[b] != a and types[a] != types[b] and frozenset((a, b)) not in met
        for a, b in pairs.items()
    )


@given(companies(12, 400), st.text(max_size=12))
def test_three_rounds_keep_every_rule(entrants: list[Entrant], seed: str) -> None:
    last: list[tuple[int, int]] = []
    if 2 * majority(entrants) > len(entrants):
        with pytest.raises(NoDraw) as failed:
            draw(entrants, seed)
        assert frozenset({Limit.OTHER_TYPE}) in failed.value.relax
        return
    for number in range(3):
        pairs = draw(entrants, f"{seed} {number}", last)
        everybody_once(pairs, entrants)
        assert holds(pairs, entrants, last)
        assert not any(broken(pairs, entrants, last).values())
        last = list(pairs.items())


@given(companies(2, 400), st.text(max_size=12))
def test_with_types_relaxed_as_few_as_possible_stay_inside(
    entrants: list[Entrant], seed: str
) -> None:
    relaxed = {Limit.OTHER_TYPE}
    last: list[tuple[int, int]] = []
    for number in range(2):
        try:
            pairs = draw(entrants, f"{seed} {number}", last, relaxed)
        except NoDraw:
            assert len(entrants) < 12
            return
        everybody_once(pairs, entrants)
        found = broken(pairs, entrants, last)
        assert not found[Limit.MUTUAL]
        assert not found[Limit.AGAIN]
        inside = max(2 * majority(entrants) - len(entrants), 0)
        assert len(found[Limit.OTHER_TYPE]) == inside
        last = list(pairs.items())


def brute_force(entrants: list[Entrant], last: Iterable[tuple[int, int]]) -> bool:
    ids = [entrant.id for entrant in entrants]
    met = list(last)
    return any(
        holds(dict(zip(ids, order, strict=True)), entrants, met) for order in permutations(ids)
    )


@settings(max_examples=150)
@given(companies(2, 7), st.data())
def test_no_solution_means_that_there_is_none(entrants: list[Entrant], data: st.DataObject) -> None:
    ids = [entrant.id for entrant in entrants]
    order = data.draw(st.permutations(ids))
    last = [(a, b) for a, b in zip(ids, order, strict=True) if a != b]
    try:
        pairs = draw(entrants, data.draw(st.text(max_size=4)), last)
    except NoDraw as failed:
        assert not brute_force(entrants, last)
        for way in failed.relax:
            everybody_once(draw(entrants, "x", last, way), entrants)
    else:
        assert holds(pairs, entrants, last)


def test_what_to_relax_is_said() -> None:
    service, office = BranchType.SERVICE, BranchType.MANAGEMENT
    for types, wanted in (
        ([service, office], [{Limit.MUTUAL}]),
        ([service, service, service], [{Limit.OTHER_TYPE}]),
        ([service, service], [{Limit.OTHER_TYPE, Limit.MUTUAL}]),
        ([service], []),
        ([], []),
    ):
        with pytest.raises(NoDraw) as failed:
            draw(company(types), "2026-11")
        assert [set(way) for way in failed.value.relax] == wanted
    with pytest.raises(NoDraw) as failed:
        draw(company([service, office] * 2), "2026-12", [(1, 2), (2, 3), (3, 4), (4, 1)])
    assert {Limit.AGAIN} in [set(way) for way in failed.value.relax]


def test_the_same_seed_gives_the_same_draw_whatever_the_order_of_the_list() -> None:
    entrants = company(random.Random(3).choices(TYPES, k=90))
    shuffled = random.Random(4).sample(entrants, len(entrants))
    assert draw(entrants, "2026-11") == draw(shuffled, "2026-11")
    assert draw(entrants, "2026-11") != draw(entrants, "2026-12")


def sha(words: str) -> int:
    return int(hashlib.sha256(words.encode()).hexdigest(), 16)


def test_it_can_be_repeated_by_hand() -> None:
    """Whoever follows the published description comes to the same pairs, without our code."""
    sizes = {BranchType.SERVICE: 30, BranchType.MANAGEMENT: 20, BranchType.BUSINESS: 20}
    entrants = company(kind for kind, count in sizes.items() for _ in range(count))
    by_hand = [
        entrant
        for kind in (BranchType.SERVICE, BranchType.BUSINESS, BranchType.MANAGEMENT)
        for entrant in sorted(
            (e for e in entrants if e.type is kind), key=lambda e: sha(f"2026-11 {e.code}")
        )
    ]
    shifts = [shift for shift in range(30, 41) if shift != 35]
    shift = shifts[sha("2026-11 shift") % len(shifts)]
    wanted = {e.id: by_hand[(at + shift) % 70].id for at, e in enumerate(by_hand)}
    assert draw(entrants, "2026-11") == wanted


@settings(max_examples=6)
@given(st.integers(400, 10_000), st.integers())
def test_any_size_up_to_ten_thousand(count: int, seed: int) -> None:
    entrants = company(random.Random(seed).choices(TYPES, weights=(45, 30, 25), k=count))
    first = draw(entrants, "1")
    second = draw(entrants, "2", first.items())
    assert holds(first, entrants, [])
    assert holds(second, entrants, first.items())


@pytest.mark.parametrize("count", [1000, 10_000])
def test_ten_thousand_branches_take_less_than_two_seconds(count: int) -> None:
    chance = random.Random(count)
    entrants = company(chance.choices(TYPES, weights=(49, 30, 21), k=count))
    last = list(draw(entrants, "2026-10").items())
    begun = time.process_time()
    pairs = draw(entrants, "2026-11", last)
    assert time.process_time() - begun < 2
    assert holds(pairs, entrants, last)
