"""Cross-checks 交叉互查, checks 检查 and findings 问题 (DOMAIN.md 6)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from itertools import pairwise
from typing import ClassVar

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base, Stateful, Tenths, coded


class CheckKind(StrEnum):
    """Who looks: another branch, or somebody from above."""

    CROSS = "cross"
    INSPECTION = "inspection"


class CheckState(StrEnum):
    """A planned check is done, or a branch is let off with a reason."""

    PLANNED = "planned"
    DONE = "done"
    EXEMPT = "exempt"


class Verdict(StrEnum):
    """What was seen of one item of a checklist."""

    PASSED = "passed"
    PARTLY = "partly"
    FAILED = "failed"
    NOT_APPLICABLE = "not_applicable"


class Severity(StrEnum):
    """How bad a finding is."""

    MINOR = "minor"
    MAJOR = "major"
    GRAVE = "grave"


class FindingState(StrEnum):
    """What became of a finding; one put right on the spot needs no notice."""

    OPEN = "open"
    NOTICED = "noticed"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


class ObjectionState(StrEnum):
    """The branch objects 异议; somebody above decides."""

    RAISED = "raised"
    UPHELD = "upheld"  # the finding stands
    ACCEPTED = "accepted"  # the finding is taken back


SHARES: Mapping[Verdict, Decimal] = {
    Verdict.PASSED: Decimal(1),
    Verdict.PARTLY: Decimal("0.6"),
    Verdict.FAILED: Decimal(0),
}
"""The share of an item's weight that a verdict earns."""


class Round(Base):
    """One month's draw: from its ``seed`` and the branches anybody can repeat it (``models.draw``).

    ``relaxed`` names the constraints that were given up, parted by commas.
    ``exempt`` holds the codes of branches that were left out because they are busy.
    """

    __tablename__ = "check_round"
    __table_args__ = (UniqueConstraint("unit_id", "period"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    period: Mapped[str] = mapped_column(String(16))  # 2026-11
    seed: Mapped[str] = mapped_column(String(64))
    relaxed: Mapped[str] = mapped_column(String(64), default="")
    exempt: Mapped[str] = mapped_column(Text, default="")
    due_on: Mapped[date]
    drawn_at: Mapped[datetime]
    drawn_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))


class Check(Base, Stateful):
    """One branch looked at. ``score`` (0 to 100) counts the items that applied.

    ``checker_id`` is the branch that checks; None: somebody from above. ``checklist`` is the
    version of the list that was used.
    """

    __tablename__ = "branch_check"
    __table_args__ = (
        Index("ix_branch_check_branch", "branch_id", "done_at"),
        Index("ix_branch_check_checker", "checker_id", "state"),
    )
    MOVES: ClassVar[Mapping[CheckState, frozenset[CheckState]]] = {
        CheckState.PLANNED: frozenset({CheckState.DONE, CheckState.EXEMPT}),
    }

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(32), unique=True)
    round_id: Mapped[int | None] = mapped_column(ForeignKey("check_round.id"), index=True)
    kind: Mapped[CheckKind] = coded(CheckKind)
    state: Mapped[CheckState] = coded(CheckState, default=CheckState.PLANNED)
    checker_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    branch_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    planned_at: Mapped[datetime]
    due_on: Mapped[date]
    done_at: Mapped[datetime | None]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    checklist: Mapped[str] = mapped_column(String(32), default="")
    score: Mapped[Decimal | None] = mapped_column(Tenths)
    summary: Mapped[str] = mapped_column(Text, default="")
    reason: Mapped[str] = mapped_column(String(200), default="")


class CheckMark(Base):
    """The verdict on one item of the list."""

    __tablename__ = "check_mark"

    check_id: Mapped[int] = mapped_column(ForeignKey("branch_check.id"), primary_key=True)
    item: Mapped[str] = mapped_column(String(32), primary_key=True)
    verdict: Mapped[Verdict] = coded(Verdict)
    remark: Mapped[str] = mapped_column(String(500), default="")


class Finding(Base, Stateful):
    """Something wrong, found on the spot and visible to the branch at once.

    ``item`` and ``clause`` say which rule it is about; ``repeats_id`` points to the last time the
    same was found there. ``notice_id`` is the notice it went into.
    """

    __tablename__ = "finding"
    __table_args__ = (Index("ix_finding_branch", "branch_id", "at"),)
    MOVES: ClassVar[Mapping[FindingState, frozenset[FindingState]]] = {
        FindingState.OPEN: frozenset(
            {FindingState.NOTICED, FindingState.CLOSED, FindingState.WITHDRAWN}
        ),
        FindingState.NOTICED: frozenset(
            {FindingState.OPEN, FindingState.CLOSED, FindingState.WITHDRAWN}
        ),
        FindingState.CLOSED: frozenset({FindingState.NOTICED, FindingState.WITHDRAWN}),
    }

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(32), unique=True)
    check_id: Mapped[int | None] = mapped_column(ForeignKey("branch_check.id"), index=True)
    branch_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    item: Mapped[str] = mapped_column(String(32), default="")
    clause: Mapped[str] = mapped_column(String(200), default="")
    said: Mapped[str] = mapped_column(Text)
    severity: Mapped[Severity] = coded(Severity)
    state: Mapped[FindingState] = coded(FindingState, default=FindingState.OPEN)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    notice_id: Mapped[int | None] = mapped_column(ForeignKey("notice.id"), index=True)
    repeats_id: Mapped[int | None] = mapped_column(ForeignKey("finding.id"))
    ended_at: Mapped[datetime | None]


class Objection(Base, Stateful):
    """The branch's objection to one finding, at most one; decided by somebody above it."""

    __tablename__ = "objection"
    MOVES: ClassVar[Mapping[ObjectionState, frozenset[ObjectionState]]] = {
        ObjectionState.RAISED: frozenset({ObjectionState.UPHELD, ObjectionState.ACCEPTED}),
    }

    id: Mapped[int] = mapped_column(primary_key=True)
    finding_id: Mapped[int] = mapped_column(ForeignKey("finding.id"), unique=True)
    state: Mapped[ObjectionState] = coded(ObjectionState, default=ObjectionState.RAISED)
    reason: Mapped[str] = mapped_column(Text)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    answer: Mapped[str] = mapped_column(String(500), default="")
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    decided_at: Mapped[datetime | None]


def score_of(marks: Mapping[str, Verdict], weights: Mapping[str, int]) -> Decimal | None:
    """Points of a hundred: what was earned of the weights of the items that applied.

    Items that do not apply are left out of both sides; None if nothing applied. One decimal.
    """
    applied = {item: verdict for item, verdict in marks.items() if verdict in SHARES}
    whole = sum(weights[item] for item in applied)
    if not whole:
        return None
    earned = sum((weights[i] * SHARES[verdict] for i, verdict in applied.items()), Decimal(0))
    return (100 * earned / whole).quantize(Decimal("0.1"), ROUND_HALF_UP)


def check_by_number(session: Session, number: str) -> Check | None:
    """The check of a number such as ``JC-2026-0001``."""
    return session.scalar(select(Check).where(Check.number == number))


def finding_by_number(session: Session, number: str) -> Finding | None:
    """The finding of a number such as ``WT-2026-0001``."""
    return session.scalar(select(Finding).where(Finding.number == number))


def objection_to(session: Session, finding_id: int) -> Objection | None:
    """The objection to a finding, if there is one."""
    return session.scalar(select(Objection).where(Objection.finding_id == finding_id))


def planned_for(session: Session, checker_id: int) -> Sequence[Check]:
    """What a branch still has to check, the first due first."""
    return session.scalars(
        select(Check)
        .where(Check.checker_id == checker_id, Check.state == CheckState.PLANNED)
        .order_by(Check.due_on, Check.id)
    ).all()


def open_inspection(session: Session, branch_id: int, inspector_id: int) -> str | None:
    """The number of the inspection of a branch that somebody has opened and not yet made."""
    return session.scalar(
        select(Check.number).where(
            Check.branch_id == branch_id,
            Check.person_id == inspector_id,
            Check.kind == CheckKind.INSPECTION,
            Check.state == CheckState.PLANNED,
        )
    )


def findings_of(session: Session, check_id: int) -> Sequence[Finding]:
    """What was found in a check, in order."""
    return session.scalars(
        select(Finding).where(Finding.check_id == check_id).order_by(Finding.id)
    ).all()


def open_findings(session: Session, branch_id: int) -> Sequence[Finding]:
    """Findings of a branch that are in no notice yet, oldest first."""
    return session.scalars(
        select(Finding)
        .where(Finding.branch_id == branch_id, Finding.state == FindingState.OPEN)
        .order_by(Finding.id)
    ).all()


def last_round(session: Session, unit_id: int, before: str) -> Round | None:
    """The round before a period."""
    return session.scalar(
        select(Round)
        .where(Round.unit_id == unit_id, Round.period < before)
        .order_by(Round.period.desc())
        .limit(1)
    )


def pairs_of(session: Session, round_id: int) -> list[tuple[int, int]]:
    """Who was to check whom in a round, those let off included."""
    rows = session.execute(
        select(Check.checker_id, Check.branch_id).where(
            Check.round_id == round_id, Check.checker_id.is_not(None)
        )
    )
    return [(checker, branch) for checker, branch in rows if checker is not None]


def scores_between(session: Session, first: datetime, last: datetime) -> Mapping[int, Decimal]:
    """Mean score by branch id of the checks done from one moment up to (not with) another."""
    rows = session.execute(
        select(Check.branch_id, func.avg(Check.score), func.count())
        .where(
            Check.state == CheckState.DONE,
            Check.score.is_not(None),
            Check.done_at >= first,
            Check.done_at < last,
        )
        .group_by(Check.branch_id)
    )
    return {
        branch: Decimal(mean).quantize(Decimal("0.1"), ROUND_HALF_UP) for branch, mean, _ in rows
    }


def earlier_findings(session: Session, branch_id: int, since: datetime) -> Sequence[Finding]:
    """Findings of a branch since a moment that were not taken back, the newest first."""
    return session.scalars(
        select(Finding)
        .where(
            Finding.branch_id == branch_id,
            Finding.at >= since,
            Finding.state != FindingState.WITHDRAWN,
        )
        .order_by(Finding.id.desc())
    ).all()


ALIKE = Decimal("0.6")
"""Share of common pairs of characters from which two findings in free words are the same."""


def same_before(item: str, said: str, earlier: Iterable[Finding]) -> Finding | None:
    """The newest earlier finding about the same: the same item, or nearly the same words."""
    pairs = _pairs(said)
    for finding in earlier:
        if item and finding.item == item:
            return finding
        others = _pairs(finding.said)
        both = len(pairs | others)
        if not item and both and Decimal(len(pairs & others)) / both >= ALIKE:
            return finding
    return None


def _pairs(text: str) -> set[str]:
    letters = [c for c in text if c.isalnum()]
    return {a + b for a, b in pairwise(letters)}
