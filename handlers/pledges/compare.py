"""三比三看: branches side by side in learning, contribution and image (DOMAIN.md 3).

Branches only; no list of persons anywhere (PRODUCT.md E.6). Members see their own branch beside the
best and the middle of its type, those who answer for several see all of them.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from statistics import median

from sqlalchemy import ColumnElement, case, exists, func, select

from config.texts import label, t
from handlers.board import Board, BoardPage, Cell, Figure, Later, TableBlock
from handlers.context import Context
from handlers.organisation import seen_units
from handlers.places import OVERSEERS, branch_by_id
from handlers.pledges.book import year_filter
from handlers.spec import Family, Rows, View
from models.attachment import Attachment, FileState
from models.person import Person
from models.pledge import (
    OPEN_TO_ALL,
    EntryState,
    Pledge,
    PledgeClass,
    PledgeEntry,
    PledgeState,
)
from models.unit import BranchType, Unit, UnitKind, UnitState
from models.vote import Ballot
from models.wish import COME_TRUE, Wish

FEWEST = 3
"""Branches of a type from which a best and a middle say nothing about a single one, and ballots of
a branch from which its satisfaction says nothing about a single person."""
HEADINGS = ("branch", "entries", "shown", "solved", "kept", "pleased", "votes")
ENDED = (PledgeState.KEPT, PledgeState.PARTLY, PledgeState.UNKEPT)
"""What an objective reason excused counts nowhere."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What a branch came to in a year. Shares are percents, None without a denominator.

    ``entries``  learning by doing: entries 践诺; ``shown`` the share of them with evidence
    ``solved``   concrete deeds kept, and wishes that its people made come true; ``kept`` the share
                 of concluded pledges that were kept
    ``pleased``  satisfied and fairly satisfied of all published votes; ``votes`` how many there are
    """

    unit_id: int
    name: str
    branch_type: BranchType | None
    entries: int
    shown: float | None
    solved: int
    kept: float | None
    votes: int
    pleased: float | None


def standings(ctx: Context, year: int, where: ColumnElement[bool]) -> list[Standing]:
    """All active branches that a condition allows, with what they came to."""
    session = ctx.session
    entries = {row[0]: row[1:] for row in session.execute(_entries(year))}
    ends = {row[0]: row[1:] for row in session.execute(_ends(year))}
    wishes = {row[0]: row[1] for row in session.execute(_wishes(ctx, year))}
    found = []
    for unit in session.execute(
        select(Unit.id, Unit.name, Unit.branch_type)
        .where(Unit.kind == UnitKind.BRANCH, Unit.state == UnitState.ACTIVE, where)
        .order_by(Unit.path)
    ):
        count, shown = entries.get(unit.id, (0, 0))
        deeds, kept, ended, ballots, pleased, votes = ends.get(unit.id, (0, 0, 0, 0, 0, 0))
        if ballots < FEWEST:  # it would be one person's result under the branch's name
            pleased = votes = 0
        found.append(
            Standing(
                unit.id,
                unit.name,
                unit.branch_type,
                count,
                _share(shown, count),
                deeds + wishes.get(unit.id, 0),
                _share(kept, ended),
                votes,
                _share(pleased, votes),
            )
        )
    return found


def _share(part: int, whole: int) -> float | None:
    return None if not whole else 100 * part / whole


def _entries(year: int) -> Rows:
    """Unit, valid entries of its public pledges, those of them with evidence."""
    shown = exists().where(
        Attachment.record == PledgeEntry.number, Attachment.state != FileState.LOST
    )
    return (
        select(Pledge.unit_id, func.count(), func.count(case((shown, 1))))
        .join(PledgeEntry, PledgeEntry.pledge_id == Pledge.id)
        .where(
            Pledge.year == year,
            Pledge.state.in_(OPEN_TO_ALL),
            PledgeEntry.state == EntryState.VALID,
        )
        .group_by(Pledge.unit_id)
    )


def _ends(year: int) -> Rows:
    """Unit, deeds kept, pledges kept and concluded, ballots published, good and fair votes, all."""
    kept = Pledge.state == PledgeState.KEPT
    return (
        select(
            Pledge.unit_id,
            func.count(case((kept & (Pledge.category == PledgeClass.DEED), 1))),
            func.count(case((kept, 1))),
            func.count(case((Pledge.state.in_(ENDED), 1))),
            func.count(Ballot.good),
            func.coalesce(func.sum(Ballot.good + Ballot.fair), 0),
            func.coalesce(func.sum(Ballot.good + Ballot.fair + Ballot.poor), 0),
        )
        .outerjoin(Ballot, Ballot.pledge_id == Pledge.id)
        .where(Pledge.year == year, Pledge.state.in_(OPEN_TO_ALL))
        .group_by(Pledge.unit_id)
    )


def _wishes(ctx: Context, year: int) -> Rows:
    """Branch, wishes that its people made come true in a year."""
    return (
        select(Unit.branch_id, func.count())
        .select_from(Wish)
        .join(Person, Person.id == Wish.claimer_id)
        .join(Unit, Unit.id == Person.unit_id)
        .where(
            Wish.state.in_(COME_TRUE),
            Wish.fulfilled_at >= ctx.midnight_after(date(year - 1, 12, 31)),
            Wish.fulfilled_at < ctx.midnight_after(date(year, 12, 31)),
            Unit.branch_id.is_not(None),
        )
        .group_by(Unit.branch_id)
    )


def _board(ctx: Context, params: Mapping[str, str]) -> BoardPage:
    """All branches one answers for; otherwise the own one, the best and the middle of its type."""
    year, choice = year_filter(ctx, params)
    if ctx.who.has(*OVERSEERS):
        found = standings(ctx, year, seen_units(View(ctx, ctx.member, {})))
        rows = [(one.name, one) for one in found]
    else:
        own = ctx.who.branch_id
        kind = branch_by_id(ctx, own).branch_type if own else None
        found = standings(ctx, year, Unit.branch_type == kind)
        mine = [one for one in found if one.unit_id == own]
        rows = [(one.name, one) for one in mine]
        if mine and len(found) >= FEWEST:
            rows += [(t("compare.best"), _best(found)), (t("compare.middle"), _middle(found))]
    return BoardPage(
        title=t("board.compare.title"),
        note=t("compare.note", least=ctx.rules.pledge.vote_least),
        figures=_figures(found),
        blocks=[_table(kind, own) for kind, own in _by_type(rows)],
        filters=(choice,),
    )


def _by_type(
    rows: Sequence[tuple[str, Standing]],
) -> Iterator[tuple[BranchType | None, Sequence[tuple[str, Standing]]]]:
    """Branches of different types do different work: each type has a table of its own."""
    for kind in (*BranchType, None):
        if own := [row for row in rows if row[1].branch_type is kind]:
            yield kind, own


def _table(kind: BranchType | None, rows: Sequence[tuple[str, Standing]]) -> TableBlock:
    return TableBlock(
        title=label(kind) if kind else "",
        headings=tuple(t(f"compare.{key}") for key in HEADINGS),
        rows=Later(rows, lambda row: _cells(*row)),
        numeric=frozenset(range(1, len(HEADINGS))),
    )


def _figures(found: Sequence[Standing]) -> Sequence[Figure]:
    """Learning, contribution and image of all of them together."""
    votes = sum(one.votes for one in found)
    pleased = sum(one.votes * (one.pleased or 0) / 100 for one in found)
    return (
        Figure(t("compare.entries"), str(sum(one.entries for one in found))),
        Figure(t("compare.solved"), str(sum(one.solved for one in found))),
        Figure(t("compare.pleased"), _percent(_share(round(pleased), votes))),
    )


def _cells(name: str, one: Standing) -> Sequence[Cell]:
    return (
        Cell(name),
        Cell(f"{one.entries:g}"),
        Cell(_percent(one.shown)),
        Cell(f"{one.solved:g}"),
        Cell(_percent(one.kept)),
        Cell(_percent(one.pleased)),
        Cell(f"{one.votes:g}"),
    )


def _percent(value: float | None) -> str:
    return "—" if value is None else f"{round(value, 1):g}%"


def _best(found: Sequence[Standing]) -> Standing:
    """The best of each column; no branch is named."""
    return _of_all(found, max)


def _middle(found: Sequence[Standing]) -> Standing:
    return _of_all(found, median)


def _of_all(found: Sequence[Standing], of: Callable[[list[float]], float]) -> Standing:
    def column(values: Iterable[float | None]) -> float | None:
        known = [value for value in values if value is not None]
        return of(known) if known else None

    return Standing(
        0,
        "",
        found[0].branch_type,
        int(column(one.entries for one in found) or 0),
        column(one.shown for one in found),
        int(column(one.solved for one in found) or 0),
        column(one.kept for one in found),
        int(column(one.votes for one in found) or 0),
        column(one.pleased for one in found),
    )


FAMILY = Family(boards=(Board(key="compare", show=_board),))
