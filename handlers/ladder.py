"""The ladder: when an owner is reminded, and how far up an overdue duty goes (DOMAIN.md 9).

Pure functions over values. Days are working days of the unit on which the duty lies, pauses left
out; duties with a clock in hours go by working hours.
"""

from datetime import date, datetime, timedelta

from config.rules import Duties
from models.calendar import WorkHours
from models.duty import STAGES, Rung, Stage, next_rung


def days_late(hours: WorkHours, due: date, today: date) -> int:
    """Working days since the due day; negative before it, 0 on it (and on rest days after it)."""
    return hours.calendar.working_between(due, today)


def hours_late(hours: WorkHours, due_at: datetime, now: datetime) -> float:
    """Working hours since the due moment; negative before it."""
    if now >= due_at:
        return hours.between(due_at, now) / timedelta(hours=1)
    return -(hours.between(now, due_at) / timedelta(hours=1))


def stage_by_days(rules: Duties, late: int) -> Stage:
    """What the owner of a duty is reminded of."""
    if late > 0:
        return Stage.OVERDUE
    if late == 0:
        return Stage.DUE
    return Stage.SOON if -late <= rules.before_days else Stage.NEW


def stage_by_hours(rules: Duties, late: float) -> Stage:
    """The same for a clock in hours; at the due moment it is overdue."""
    if late > 0:
        return Stage.OVERDUE
    return Stage.SOON if -late <= rules.urgent_before_hours else Stage.NEW


def is_news(stage: Stage, told: Stage | None) -> bool:
    """Whether a stage comes after what the owner was told last."""
    return told is None or STAGES.index(stage) > STAGES.index(told)


def rung_by_days(rules: Duties, late: int) -> Rung | None:
    """How far up a duty belongs after so many working days."""
    return _highest(late, rules.secretary_days, rules.party_office_days, rules.supervised_days)


def rung_by_hours(rules: Duties, late: float) -> Rung | None:
    """How far up a duty with a clock in hours belongs."""
    return _highest(
        late,
        rules.urgent_secretary_hours,
        rules.urgent_party_office_hours,
        rules.urgent_supervised_hours,
    )


def _highest(late: float, *limits: float) -> Rung | None:
    reached = [rung for rung, limit in zip(Rung, limits, strict=True) if late >= limit]
    return reached[-1] if reached else None


def step_up(stands: Rung | None, belongs: Rung | None) -> Rung | None:
    """The one rung it goes up now; None if it stays. Never two at a time, never down."""
    following = next_rung(stands)
    if belongs is None or following is None:
        return None
    order = list(Rung)
    return following if order.index(following) <= order.index(belongs) else None
