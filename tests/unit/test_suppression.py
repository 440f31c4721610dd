"""An attacker who subtracts published tables from each other learns nothing about a small group."""

from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.talks.survey import shares
from models.suppression import shown_units

LEAST = 5


def groups_of(parents: dict[int, int | None], own: dict[int, int]) -> dict[int, set[int]]:
    """The groups (units with people of their own) that each unit's table counts."""
    counted: dict[int, set[int]] = {unit: set() for unit in parents}
    for group in own:
        unit: int | None = group
        while unit is not None:
            counted[unit].add(group)
            unit = parents[unit]
    return counted


def derivable(tables: list[set[int]], group: set[int]) -> bool:
    """Whether some sum and difference of tables (with any factors) gives the table of a group."""
    columns = sorted(set().union(*tables, group))
    rows = [[Fraction(int(c in table)) for c in columns] for table in tables]
    wanted = [Fraction(int(c in group)) for c in columns]
    for column in range(len(columns)):
        pivot = next((r for r in rows if r[column] != 0), None)
        if pivot is None:
            continue
        rows.remove(pivot)
        scaled = [value / pivot[column] for value in pivot]
        rows = [[v - row[column] * s for v, s in zip(row, scaled, strict=True)] for row in rows]
        wanted = [v - wanted[column] * s for v, s in zip(wanted, scaled, strict=True)]
    return all(value == 0 for value in wanted)


def attack(parents: dict[int, int | None], own: dict[int, int], shown: set[int]) -> list[set[int]]:
    """Every set of groups whose table follows from the shown ones and that is too small."""
    counted = groups_of(parents, own)
    tables = [counted[unit] for unit in sorted(shown) if counted[unit]]
    if not tables:
        return []
    groups = sorted(own)
    found = []
    for chosen in product((False, True), repeat=len(groups)):
        some = {g for g, taken in zip(groups, chosen, strict=True) if taken}
        people = sum(own[g] for g in some)
        if 0 < people < LEAST and derivable(tables, some):
            found.append(some)
    return found


@st.composite
def trees(draw: st.DrawFn) -> tuple[dict[int, int | None], dict[int, int]]:
    """A tree of up to ten units, of which up to seven have answers of their own."""
    size = draw(st.integers(1, 10))
    parents: dict[int, int | None] = {0: None}
    for unit in range(1, size):
        parents[unit] = draw(st.integers(0, unit - 1))
    with_people = draw(st.lists(st.integers(0, size - 1), max_size=7, unique=True))
    return parents, {unit: draw(st.integers(0, 12)) for unit in with_people}


@settings(deadline=None)
@given(trees())
def test_no_small_group_can_be_worked_out(
    tree: tuple[dict[int, int | None], dict[int, int]],
) -> None:
    parents, own = tree
    shown = shown_units(parents, own, LEAST)
    assert attack(parents, own, shown) == []
    total = sum(own.values())
    assert (0 in shown) is (total >= LEAST)


@pytest.mark.parametrize(
    ("own", "shown"),
    [
        ({1: 9, 2: 8, 3: 7}, {0, 1, 2, 3}),
        ({1: 9, 2: 8, 3: 3}, {0, 1}),  # 3 would follow from the total: 2 is withheld as well
        ({1: 9, 2: 3, 3: 2}, {0, 1}),  # 2 and 3 together are enough
        ({1: 9, 2: 2, 3: 2}, {0}),
        ({1: 4, 2: 0, 3: 0}, set()),
        ({1: 4, 2: 4, 3: 4}, {0}),
    ],
)
def test_a_small_branch_takes_a_neighbour_with_it(own: dict[int, int], shown: set[int]) -> None:
    parents: dict[int, int | None] = {0: None, 1: 0, 2: 0, 3: 0}
    assert shown_units(parents, own, LEAST) == shown


def test_the_attack_finds_what_a_careless_rule_shows() -> None:
    """Showing every unit with five answers gives the small one away: the test can fail."""
    parents: dict[int, int | None] = {0: None, 1: 0, 2: 0, 3: 0}
    own = {1: 9, 2: 8, 3: 3}
    careless = {0, 1, 2}
    assert attack(parents, own, careless) == [{3}]


@given(st.lists(st.integers(0, 400), min_size=5, max_size=5))
def test_percents_add_up_and_are_off_by_less_than_one(counts: list[int]) -> None:
    found = shares(counts)
    whole = sum(counts)
    assert sum(found) == (100 if whole else 0)
    for count, percent in zip(counts, found, strict=True):
        assert abs(Fraction(100 * count, max(whole, 1)) - percent) < 1
        assert percent == 0 or count > 0
