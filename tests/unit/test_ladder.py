"""The ladder of duties is the one of DOMAIN.md 9, one rung at a time, in working days."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from config.rules import default_rules
from handlers.clocks import after_pauses
from handlers.ladder import (
    days_late,
    hours_late,
    is_news,
    rung_by_days,
    rung_by_hours,
    stage_by_days,
    stage_by_hours,
    step_up,
)
from jobs.when import last_due, next_due, parse_when
from models.calendar import WorkCalendar, WorkHours
from models.duty import Rung, Stage
from models.pause import Pause, Pauses

RULES = default_rules().duties
CALENDAR = WorkCalendar()
SHANGHAI = ZoneInfo("Asia/Shanghai")
HOURS = WorkHours(CALENDAR, SHANGHAI, ((time(8, 30), time(12)), (time(13, 30), time(18))))
days = st.dates(date(2026, 1, 5), date(2026, 11, 30))


def test_the_table_of_the_domain() -> None:
    """3 working days before, due day, 1 after, 3 after, 7 after (DOMAIN.md 9)."""
    friday = date(2026, 11, 20)
    told = {
        offset: (
            stage_by_days(RULES, days_late(HOURS, friday, CALENDAR.add_working(friday, offset))),
            rung_by_days(RULES, days_late(HOURS, friday, CALENDAR.add_working(friday, offset))),
        )
        for offset in (-4, -3, 0, 1, 2, 3, 6, 7)
    }
    assert told == {
        -4: (Stage.NEW, None),
        -3: (Stage.SOON, None),
        0: (Stage.DUE, None),
        1: (Stage.OVERDUE, Rung.SECRETARY),
        2: (Stage.OVERDUE, Rung.SECRETARY),
        3: (Stage.OVERDUE, Rung.PARTY_OFFICE),
        6: (Stage.OVERDUE, Rung.PARTY_OFFICE),
        7: (Stage.OVERDUE, Rung.SUPERVISED),
    }


@given(days, st.integers(-20, 40))
def test_a_duty_climbs_each_rung_once_and_in_order(due: date, first_look: int) -> None:
    """Whenever somebody begins to look, every rung is taken, one a day, none twice."""
    stands: Rung | None = None
    taken = []
    day = due + timedelta(days=first_look)
    for _ in range(60):
        if CALENDAR.is_working(day):
            rung = step_up(stands, rung_by_days(RULES, days_late(HOURS, due, day)))
            if rung is not None:
                assert rung_by_days(RULES, days_late(HOURS, due, day)) is not None
                stands = rung
                taken.append((day, rung))
        day += timedelta(days=1)
    assert [rung for _, rung in taken] == list(Rung)
    assert len({day for day, _ in taken}) == len(Rung)


@given(st.lists(st.integers(-10, 10), max_size=30))
def test_a_reminder_is_news_only_forwards(lates: list[int]) -> None:
    told: Stage | None = None
    seen = []
    for late in lates:
        stage = stage_by_days(RULES, late)
        if is_news(stage, told):
            told = stage
            seen.append(stage)
    assert seen == sorted(seen, key=list(Stage).index)
    assert len(set(seen)) == len(seen)


def test_clocks_in_hours_climb_by_working_hours() -> None:
    due = datetime(2026, 9, 30, 9, 0, tzinfo=UTC)  # 17:00 in Shanghai, before a week of holidays
    later = [hours_late(HOURS, due, due + timedelta(hours=n)) for n in (-1, 1, 24)]
    assert later == [-1, 1, 1]
    assert [stage_by_hours(RULES, late) for late in (-3, -1, 0.5)] == [
        Stage.NEW,
        Stage.SOON,
        Stage.OVERDUE,
    ]
    assert [rung_by_hours(RULES, late) for late in (0.5, 1, 4, 8)] == [
        None,
        Rung.SECRETARY,
        Rung.PARTY_OFFICE,
        Rung.SUPERVISED,
    ]


@given(days, st.integers(1, 20), st.lists(st.tuples(days, st.integers(1, 9)), max_size=3))
def test_a_pause_moves_a_deadline_by_the_working_days_it_took(
    since: date, length: int, spans: list[tuple[date, int]]
) -> None:
    """Set by hand or counted with the paused calendar, a deadline ends on the same day."""
    pauses = Pauses(tuple(Pause("/1/", d, d + timedelta(days=n)) for d, n in spans))
    paused = pauses.days("/1/5/")
    assert pauses.days("/2/5/") == frozenset()
    due = CALENDAR.add_working(since, length)
    moved = after_pauses(CALENDAR, paused, since, due)
    assert moved == CALENDAR.resting(paused).add_working(since, length)
    assert (moved == due) == (not any(since < d <= due and CALENDAR.is_working(d) for d in paused))


def test_what_was_overdue_before_a_typhoon_stays_overdue() -> None:
    paused = frozenset({date(2026, 7, 15), date(2026, 7, 16)})
    due = date(2026, 7, 14)
    assert after_pauses(CALENDAR, paused, date(2026, 7, 1), due) == due
    stopped = WorkHours(CALENDAR.resting(paused), SHANGHAI, HOURS.spans)
    assert days_late(stopped, due, date(2026, 7, 16)) == 0
    assert days_late(stopped, due, date(2026, 7, 17)) == 1


def test_a_job_may_be_due_many_times_a_day() -> None:
    when = parse_when("*/5 8-19 * * * workday")
    sunday = datetime(2026, 11, 22, 12, 0, tzinfo=SHANGHAI)
    assert len(when.times) == 144
    assert last_due(when, sunday, CALENDAR, SHANGHAI) == datetime(
        2026, 11, 20, 19, 55, tzinfo=SHANGHAI
    )
    assert next_due(when, sunday, CALENDAR, SHANGHAI) == datetime(
        2026, 11, 23, 8, 0, tzinfo=SHANGHAI
    )
    midday = datetime(2026, 11, 23, 12, 3, tzinfo=SHANGHAI)
    assert last_due(when, midday, CALENDAR, SHANGHAI) == midday.replace(minute=0)
    assert next_due(when, midday, CALENDAR, SHANGHAI) == midday.replace(minute=5)
