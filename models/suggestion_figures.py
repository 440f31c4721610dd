"""Figures of 书记听您说: collected, rectified, the three rates, hot words (DOMAIN.md 4).

``collected``   suggestions received in the period, merged ones not counted (their one is)
``rectified``   of these, verified by somebody else and not called unsolved by the sender
``declined``    of these, not adopted with a reason
整改率 = rectified / collected; 响应率 = acknowledged in time / all whose first clock has run out or
was stopped; 解决率 = last verdict "solved" / all with a verdict; 满意率 = four or five stars / all
with a verdict. One decimal, halves up; without a denominator there is no rate.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, case, func, or_, select
from sqlalchemy.orm import Session

from models.segment import things
from models.suggestion import Clock, Source, State, Suggestion


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts of a period; the rates follow from them."""

    collected: int = 0
    rectified: int = 0
    declined: int = 0
    answered: int = 0
    first_due: int = 0
    first_in_time: int = 0
    judged: int = 0
    solved: int = 0
    pleased: int = 0
    overdue: int = 0

    @property
    def rectified_rate(self) -> Decimal | None:
        """整改率."""
        return rate(self.rectified, self.collected)

    @property
    def response_rate(self) -> Decimal | None:
        """响应率."""
        return rate(self.first_in_time, self.first_due)

    @property
    def solved_rate(self) -> Decimal | None:
        """解决率."""
        return rate(self.solved, self.judged)

    @property
    def pleased_rate(self) -> Decimal | None:
        """满意率."""
        return rate(self.pleased, self.judged)


def rate(part: int, whole: int) -> Decimal | None:
    """Percent with one decimal, halves up; None without a denominator."""
    if not whole:
        return None
    return (Decimal(100 * part) / whole).quantize(Decimal("0.1"), ROUND_HALF_UP)


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


IS_RECTIFIED = or_(
    Suggestion.state == State.RECTIFIED,
    and_(Suggestion.state == State.RATED, Suggestion.solved.is_(True)),
)
"""Verified by somebody else, and the sender did not say 未解决."""


def _columns(now: datetime) -> Sequence[ColumnElement[int]]:
    first_over = and_(
        Suggestion.clock == Clock.ACKNOWLEDGE, Suggestion.reopened == 0, Suggestion.due_at < now
    )
    known = Suggestion.acknowledged_in_time.is_not(None)
    judged = Suggestion.stars.is_not(None)
    return (
        func.count(),
        _count(IS_RECTIFIED),
        _count(Suggestion.state == State.DECLINED),
        _count(Suggestion.replied_at.is_not(None)),
        _count(or_(known, first_over)),
        _count(Suggestion.acknowledged_in_time.is_(True)),
        _count(judged),
        _count(and_(judged, Suggestion.solved.is_(True))),
        _count(and_(judged, Suggestion.stars >= 4)),  # noqa: PLR2004  (four or five stars please)
        _count(and_(Suggestion.due_at < now, Suggestion.paused_at.is_(None))),
    )


def _figures(counts: Sequence[int]) -> Figures:
    return Figures(*counts)


def _within(first: date, last: date) -> ColumnElement[bool]:
    return and_(Suggestion.day >= first, Suggestion.day <= last, Suggestion.state != State.MERGED)


def figures(
    session: Session, first: date, last: date, now: datetime, *where: ColumnElement[bool]
) -> Figures:
    """Of the suggestions received from one day to another (both included)."""
    row = session.execute(select(*_columns(now)).where(_within(first, last), *where)).one()
    return _figures(row)


def figures_by(
    session: Session,
    key: SQLColumnExpression[Any],
    first: date,
    last: date,
    now: datetime,
    *where: ColumnElement[bool],
) -> dict[Any, Figures]:
    """The same for each value of a column, such as the unit that deals with them."""
    rows = session.execute(
        select(key, *_columns(now)).where(_within(first, last), *where).group_by(key)
    )
    return {row[0]: _figures(row[1:]) for row in rows}


def hot_words(
    session: Session, first: date, last: date, least: int, *where: ColumnElement[bool]
) -> list[tuple[str, int]]:
    """Words by the number of senders who used them, only those of ``least`` senders or more.

    A person counts once; each confidential and anonymous suggestion counts as a sender of its own,
    for nobody knows better. What was heard on a visit was said by the people there, not by whoever
    wrote it down: a branch counts once a day.
    """
    rows = session.scalars(select(Suggestion).where(_within(first, last), *where))
    counted = count_words((_sender(one), one.said) for one in rows)
    return [(word, count) for word, count in counted if count >= least]


def _sender(one: Suggestion) -> str:
    if one.source is Source.VISIT:
        return f"branch {one.place_id} {one.day}"
    return f"person {one.person_id}" if one.person_id else f"suggestion {one.id}"


def count_words(said: Iterable[tuple[str, str]]) -> list[tuple[str, int]]:
    """Words of (sender, text) by the number of senders, the most used first."""
    senders: dict[str, set[str]] = {}
    for sender, text in said:
        for word in things(text):
            senders.setdefault(word, set()).add(sender)
    counted = [(word, len(who)) for word, who in senders.items()]
    return sorted(counted, key=lambda pair: (-pair[1], pair[0]))
