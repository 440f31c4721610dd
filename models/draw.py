"""Drawing who checks whom 交叉互查 (DOMAIN.md 6): a public draw that anybody can repeat.

Every branch that takes part checks one other and is checked by one other. Nobody checks itself,
nobody checks whoever checks it, nobody meets the partner of the last round again, and types are
mixed. There is no secret and no machine's chance in it:

1. Branches are put in order: the type with most branches first (then by its word), within a type by
   the SHA-256 of ``seed + " " + code``, smallest first.
2. Each checks the one that stands ``shift`` places after it, round the end. Shifts from the size of
   the largest type up to the number of all others keep types apart (half of all branches is left
   out: they would check each other). The one at the place SHA-256(``seed + " shift"``) modulo
   their number is taken. If exactly half of the branches are of one type, the n-th of them checks
   the n-th of the others, and that one the (n+1)-th of the first.
3. Where this would repeat a partner, the branch exchanges targets with the next one in the order
   with which no rule is broken. If none is found all begins anew with ``seed + "#2"`` and so on.

Small draws in which all this fails are searched completely; so "there is no solution" is true.
"""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

from models.unit import BranchType

ROUNDS = 40
"""Beginnings that are tried."""
SEARCHED = 12
"""From so many branches on a solution exists whenever types allow one (decision 0031); below it the
draw is searched completely."""


class Limit(StrEnum):
    """A constraint that may be relaxed. The first ones are to be relaxed first."""

    AGAIN = "again"  # not the partner of the last round
    OTHER_TYPE = "other_type"
    MUTUAL = "mutual"  # not each other


@dataclass(frozen=True, slots=True)
class Entrant:
    """A branch that takes part."""

    id: int
    code: str
    type: BranchType


class NoDraw(Exception):  # noqa: N818  (it says what it is)
    """There is no draw under these constraints; ``relax`` names what would help, best first.

    ``relax`` is empty if nothing helps: fewer than two branches.
    """

    def __init__(self, relax: Sequence[frozenset[Limit]]) -> None:
        super().__init__(", ".join("+".join(sorted(one)) for one in relax) or "too few")
        self.relax = relax


def draw(
    entrants: Iterable[Entrant],
    seed: str,
    last: Collection[tuple[int, int]] = (),
    relaxed: Collection[Limit] = (),
) -> Mapping[int, int]:
    """Who checks whom: target by checker, both ids. ``last`` are the pairs of the round before.

    With ``OTHER_TYPE`` relaxed as few as possible stay within their type.
    """
    everybody = list(entrants)
    table = _Table(everybody, seed, _partners(last), frozenset(relaxed))
    found = table.solve()
    if found is None:
        raise NoDraw(_ways_out(everybody, seed, last, frozenset(relaxed)))
    return found


def broken(
    pairs: Mapping[int, int], entrants: Iterable[Entrant], last: Collection[tuple[int, int]] = ()
) -> Mapping[Limit, list[int]]:
    """Which checkers break which constraint: a check of its own, for everybody to see."""
    types = {entrant.id: entrant.type for entrant in entrants}
    before = {frozenset(pair) for pair in last}
    found: dict[Limit, list[int]] = {limit: [] for limit in Limit}
    for checker, target in pairs.items():
        if frozenset((checker, target)) in before:
            found[Limit.AGAIN].append(checker)
        if types[checker] is types[target]:
            found[Limit.OTHER_TYPE].append(checker)
        if pairs[target] == checker:
            found[Limit.MUTUAL].append(checker)
    return found


def _partners(last: Collection[tuple[int, int]]) -> Mapping[int, set[int]]:
    met: dict[int, set[int]] = {}
    for checker, target in last:
        met.setdefault(checker, set()).add(target)
        met.setdefault(target, set()).add(checker)
    return met


def _ways_out(
    entrants: Sequence[Entrant],
    seed: str,
    last: Collection[tuple[int, int]],
    relaxed: frozenset[Limit],
) -> list[frozenset[Limit]]:
    """The smallest sets of constraints without which there is a draw."""
    rest = [limit for limit in Limit if limit not in relaxed]
    for size in range(1, len(rest) + 1):
        ways = [
            frozenset(some)
            for some in combinations(rest, size)
            if _Table(entrants, seed, _partners(last), relaxed | set(some)).solve() is not None
        ]
        if ways:
            return ways
    return []


def digest(*words: str) -> int:
    """The number that decides: SHA-256 of the words parted by blanks, read as a number."""
    return int.from_bytes(hashlib.sha256(" ".join(words).encode()).digest())


class _Table:
    """One draw in the making; branches are known by their places in the order."""

    def __init__(
        self,
        entrants: Sequence[Entrant],
        seed: str,
        met: Mapping[int, set[int]],
        relaxed: frozenset[Limit],
    ) -> None:
        self._entrants = entrants
        self._seed = seed
        self._met = met
        self._relaxed = relaxed
        self._sizes = Counter(entrant.type for entrant in entrants)
        largest = max(self._sizes.values(), default=0)
        self._forced = max(2 * largest - len(entrants), 0)

    def solve(self) -> Mapping[int, int] | None:
        if len(self._entrants) < 2:  # noqa: PLR2004  (it takes two)
            return None
        if self._forced and Limit.OTHER_TYPE not in self._relaxed:
            return None
        for attempt in range(ROUNDS):
            seed = self._seed if attempt == 0 else f"{self._seed}#{attempt + 1}"
            self._order = self._sorted(seed)
            self._place = {entrant.id: at for at, entrant in enumerate(self._order)}
            self._targets = self._shifted(seed)
            if self._repair():
                return self._named()
        if len(self._entrants) < SEARCHED:
            self._order = self._sorted(self._seed)
            return self._named() if self._search() else None
        return None

    def _named(self) -> Mapping[int, int]:
        order = self._order
        return {order[at].id: order[target].id for at, target in enumerate(self._targets)}

    def _sorted(self, seed: str) -> list[Entrant]:
        return sorted(
            self._entrants,
            key=lambda e: (-self._sizes[e.type], e.type.value, digest(seed, e.code)),
        )

    def _shifted(self, seed: str) -> list[int]:
        """The targets before repairs."""
        count = len(self._order)
        largest = max(self._sizes.values())
        if 2 * largest == count:
            return [
                largest + at if at < largest else (at - largest + 1) % largest
                for at in range(count)
            ]
        shifts = range(largest, count - largest + 1)
        if self._forced:
            shifts = (
                range(count - largest, count - largest + 1) if largest < count else range(1, count)
            )
        allowed = [shift for shift in shifts if 2 * shift != count] or list(shifts)
        shift = allowed[digest(seed, "shift") % len(allowed)]
        return [(at + shift) % count for at in range(count)]

    def _met_before(self, checker: int, target: int) -> bool:
        if Limit.AGAIN in self._relaxed:
            return False
        return self._order[target].id in self._met.get(self._order[checker].id, ())

    def _same_type(self, checker: int, target: int) -> bool:
        return self._order[checker].type is self._order[target].type

    def _may(self, checker: int, target: int) -> bool:
        """Whether a pair breaks no hard rule as things stand."""
        if checker == target or self._met_before(checker, target):
            return False
        return Limit.MUTUAL in self._relaxed or self._targets[target] != checker

    def _repair(self) -> bool:
        for at in range(len(self._targets)):
            if not self._may(at, self._targets[at]) and not self._exchange(at):
                return False
        return all(self._may(at, target) for at, target in enumerate(self._targets))

    def _exchange(self, at: int) -> bool:
        """Let two exchange targets so that neither breaks a rule nor stays within its type more."""
        targets, count = self._targets, len(self._targets)
        for step in range(1, count):
            other = (at + step) % count
            mine, theirs = targets[at], targets[other]
            before = self._same_type(at, mine) + self._same_type(other, theirs)
            if self._same_type(at, theirs) + self._same_type(other, mine) > before:
                continue
            targets[at], targets[other] = theirs, mine
            if self._may(at, theirs) and self._may(other, mine):
                return True
            targets[at], targets[other] = mine, theirs
        return False

    def _search(self) -> bool:
        """Try everything; only for a handful of branches."""
        count = len(self._order)
        self._targets = [-1] * count
        return self._search_from(0, set(range(count)), self._forced)

    def _search_from(self, at: int, free: set[int], spare: int) -> bool:
        if at == len(self._order):
            return True
        for target in sorted(free):
            inside = self._same_type(at, target)
            if inside > spare or not self._may(at, target):
                continue
            self._targets[at] = target
            if self._search_from(at + 1, free - {target}, spare - inside):
                return True
            self._targets[at] = -1
        return False
