"""序时进度: the plan through the milestones, against a reckoning day by day."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from models.project import (
    Better,
    curve_problem,
    planned_percent,
    read_curve,
    right_side,
    write_curve,
)

STARTS = date(2026, 1, 1)


@st.composite
def plans(draw: st.DrawFn) -> tuple[date, date, list[tuple[date, Decimal]]]:
    """First and last day, and milestones that are in order."""
    days = sorted(draw(st.sets(st.integers(0, 300), min_size=2, max_size=8)))
    starts, ends = STARTS + timedelta(days[0]), STARTS + timedelta(days[-1])
    inner = days[1:-1]
    shares = sorted(draw(st.sets(st.integers(1, 1000), min_size=len(inner), max_size=len(inner))))
    curve = [
        (STARTS + timedelta(day), Decimal(share) / 10)
        for day, share in zip(inner, shares, strict=True)
    ]
    return starts, ends, curve


def by_day(starts: date, ends: date, curve: list[tuple[date, Decimal]], today: date) -> Fraction:
    """Each day of a stretch adds the same share of it: counted one by one."""
    reached, day, from_day, from_share = Fraction(0), starts, starts, Fraction(0)
    for due, share in [*curve, (ends, Decimal(100))]:
        length = (due - from_day).days + 1
        while day <= due:
            reached += (Fraction(share) - from_share) / length
            if day == today:
                return reached
            day += timedelta(1)
        from_day, from_share = day, Fraction(share)
    return Fraction(100)


@given(plan=plans(), share=st.floats(0, 1))
def test_the_plan_is_the_one_counted_day_by_day(
    plan: tuple[date, date, list[tuple[date, Decimal]]], share: float
) -> None:
    starts, ends, curve = plan
    today = starts + timedelta(int((ends - starts).days * share))
    planned = planned_percent(starts, ends, today, write_curve(curve))
    assert abs(Fraction(planned) - by_day(starts, ends, curve, today)) <= Fraction(1, 20)


@given(plan=plans())
def test_the_plan_never_falls_and_meets_every_milestone(
    plan: tuple[date, date, list[tuple[date, Decimal]]],
) -> None:
    starts, ends, curve = plan
    text = write_curve(curve)
    assert read_curve(text) == curve
    assert curve_problem(curve, starts, ends) == ""
    whole = [starts + timedelta(n) for n in range(-2, (ends - starts).days + 3)]
    planned = [planned_percent(starts, ends, day, text) for day in whole]
    assert planned == sorted(planned)
    assert (planned[0], planned[-1]) == (Decimal(0), Decimal(100))
    for due, share in curve:
        assert planned_percent(starts, ends, due, text) == share or due == ends


def test_a_project_whose_dates_were_moved_past_a_milestone_still_has_a_plan() -> None:
    curve = write_curve([(date(2026, 2, 1), Decimal(30))])
    assert planned_percent(date(2026, 3, 1), date(2026, 3, 10), date(2026, 3, 5), curve) == 50


def test_the_better_side() -> None:
    assert right_side(Decimal("91.2"), Decimal("97.5"), Better.UP)
    assert not right_side(Decimal("91.2"), Decimal("91.2"), Better.UP)
    assert right_side(Decimal(5), Decimal(3), Better.DOWN)
    assert not right_side(Decimal(5), Decimal(6), Better.DOWN)
