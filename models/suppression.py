"""Which tables may be shown so that no small group can be worked out (PRODUCT.md E.4).

Groups form a tree; a table of a unit counts everybody at and below it. Whoever subtracts shown
tables from each other learns the *cells*: a shown unit without the shown ones right below it. Every
such cell, and every sum of cells, must hold nobody or at least ``least`` answers.
"""

from collections.abc import Mapping
from dataclasses import dataclass


def shown_units(parents: Mapping[int, int | None], own: Mapping[int, int], least: int) -> set[int]:
    """The units whose tables may be shown.

    ``parents`` gives each unit the one above it (None or a unit that is not a key: a root);
    ``own`` the answers of people who belong to the unit itself. Larger units go before smaller
    ones: where a remainder would be too small, the smallest table below is withheld with it.
    """
    below: dict[int, list[int]] = {}
    for unit, parent in parents.items():
        above = _TOP if parent is None or parent not in parents else parent
        below.setdefault(above, []).append(unit)
    shown: set[int] = set()
    for root in sorted(below.get(_TOP, ())):
        _settle(root, below, own, least, shown)
    return shown


_TOP = -1


@dataclass(slots=True)
class _Head:
    """A shown unit with no shown unit above it so far, and the shown ones right below it."""

    total: int
    unit: int
    inner: list["_Head"]

    @property
    def cell(self) -> int:
        """Its answers without those of the shown units below it."""
        return self.total - sum(head.total for head in self.inner)


def _settle(
    unit: int,
    below: Mapping[int, list[int]],
    own: Mapping[int, int],
    least: int,
    shown: set[int],
) -> tuple[int, list[_Head]]:
    """Decide a unit after those below it: its answers, and the highest shown units."""
    total, heads = own.get(unit, 0), []
    for child in sorted(below.get(unit, ())):
        count, found = _settle(child, below, own, least, shown)
        total += count
        heads += found
    if total < least:
        return total, heads  # nothing below is shown either: it is smaller still
    rest = total - sum(head.total for head in heads)
    while 0 < rest < least:
        smallest = min(heads, key=lambda head: (head.total, head.unit))
        heads.remove(smallest)
        heads += smallest.inner
        rest += smallest.cell
        shown.discard(smallest.unit)
    shown.add(unit)
    return total, [_Head(total, unit, heads)]
