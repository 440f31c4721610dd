"""Deadlines count in Chinese working days and hours (DOMAIN.md 4, 9; PRODUCT.md D.4)."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from models.calendar import WorkCalendar, WorkHours

SHANGHAI = ZoneInfo("Asia/Shanghai")
CALENDAR = WorkCalendar()
SPANS = ((time(8, 30), time(12)), (time(13, 30), time(18)))
HOURS = WorkHours(CALENDAR, SHANGHAI, SPANS)
days = st.dates(date(2026, 1, 1), date(2026, 12, 31))
counts = st.integers(0, 60)
moments = st.datetimes(
    datetime(2026, 1, 1),  # noqa: DTZ001  (bounds are naive)
    datetime(2026, 12, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
amounts = st.integers(0, 40 * 8 * 60).map(lambda minutes: timedelta(minutes=minutes))


def at(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=SHANGHAI)


def minute_by_minute(start: datetime, minutes: int) -> datetime:
    """An independent clock: it looks at every single minute."""
    moment = start
    while minutes:
        local = moment.astimezone(SHANGHAI)
        minute = local.hour * 60 + local.minute
        runs = 510 <= minute < 720 or 810 <= minute < 1080
        minutes -= runs and CALENDAR.is_working(local.date())
        moment += timedelta(minutes=1)
    return moment


@given(days, counts)
def test_days_added_are_days_between(day: date, count: int) -> None:
    later = CALENDAR.add_working(day, count)
    assert CALENDAR.working_between(day, later) == count
    assert CALENDAR.working_between(later, day) == -count
    assert count == 0 or CALENDAR.is_working(later)


@given(days)
def test_a_rest_day_moves_to_its_neighbours(day: date) -> None:
    before, after = CALENDAR.on_or_before(day), CALENDAR.on_or_after(day)
    assert before <= day <= after
    assert CALENDAR.is_working(before)
    assert CALENDAR.is_working(after)
    if CALENDAR.is_working(day):
        assert before == day == after
    else:
        assert CALENDAR.add_working(before, 1) == after


def test_shifted_days_count() -> None:
    """National Day 2026: 1-7 October are free, 20 September and 10 October are worked."""
    assert CALENDAR.add_working(date(2026, 9, 30), 1) == date(2026, 10, 8)
    assert CALENDAR.add_working(date(2026, 9, 18), 1) == date(2026, 9, 20)
    assert CALENDAR.working_between(date(2026, 10, 8), date(2026, 10, 12)) == 3


def test_a_year_nobody_has_settled_is_known_to_be_a_guess() -> None:
    assert CALENDAR.is_settled(date(2026, 12, 31))
    assert not CALENDAR.is_settled(date(2027, 2, 17))
    assert not CALENDAR.is_working(date(2027, 1, 1))
    assert WorkCalendar(years=frozenset({2027})).is_settled(date(2027, 2, 17))


@given(days, st.lists(days, max_size=10), counts)
def test_paused_days_only_move_deadlines_back(day: date, paused: list[date], count: int) -> None:
    stopped = CALENDAR.resting(paused)
    later = stopped.add_working(day, count)
    assert later >= CALENDAR.add_working(day, count)
    lost = {p for p in paused if day < p <= later and CALENDAR.is_working(p)}
    assert CALENDAR.working_between(day, later) == count + len(lost)


@given(moments.map(lambda m: m.replace(second=0, microsecond=0)), st.integers(1, 2000))
def test_hours_are_those_of_a_clock_that_looks_every_minute(start: datetime, minutes: int) -> None:
    assert HOURS.add(start, timedelta(minutes=minutes)) == minute_by_minute(start, minutes)


@given(moments, amounts)
def test_hours_added_are_hours_between(start: datetime, amount: timedelta) -> None:
    end = HOURS.add(start, amount)
    assert end.tzinfo is UTC
    assert HOURS.between(start, end) == amount
    assert HOURS.between(end, start) == timedelta()


@given(moments, amounts, amounts)
def test_a_clock_may_be_wound_in_two_turns(
    start: datetime, first: timedelta, second: timedelta
) -> None:
    middle, end = HOURS.add(start, first), HOURS.add(start, first + second)
    assert HOURS.add(middle, second) == end or second == timedelta()


def test_nothing_runs_at_night_at_noon_and_on_rest_days() -> None:
    assert HOURS.a_day == timedelta(hours=8)
    assert HOURS.add(at(9, 30, 17), timedelta(hours=2)) == at(10, 8, 9, 30)
    assert HOURS.add(at(9, 29, 11), timedelta(hours=2)) == at(9, 29, 14, 30)
    assert HOURS.add(at(9, 29, 16), timedelta(hours=2)) == at(9, 29, 18)
    assert not HOURS.is_open(at(9, 29, 12))
    assert HOURS.is_open(at(9, 20, 9))
    assert not HOURS.is_open(at(10, 1, 9))
    assert HOURS.end_of(date(2026, 10, 8)) == at(10, 8, 18)
