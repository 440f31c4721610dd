"""Days and periods as people name them."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.texts import t
from models.forms.field import Problem, Reading, Unsure
from models.forms.kinds import Date, Period
from models.forms.periods import CalendarPeriod, PeriodKind, in_year
from tests.unit.forms.aid import DAYS, Days, reading

DUE = Date(key="due")
HELD = Date(key="held", past=True)


@pytest.mark.parametrize(
    "typed",
    [
        "2026年9月30日",
        "2026年9月30号",
        "2026.9.30",
        "2026-09-30",
        "2026/9/30",
        "２０２６．９．３０",
        "2026 9 30",
        "20260930",
        "二〇二六年九月三十日",
        "2026年9月30日（周三）",
        "2026-9-30 星期三",
        "2026年9月30日。",
    ],
)
def test_a_full_date_is_certain(typed: str) -> None:
    assert DUE.parse(typed, reading()) == date(2026, 9, 30)


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("9月底", (2026, 9, 30)),
        ("月底前", (2026, 9, 30)),
        ("本周五", (2026, 9, 25)),
        ("这周五", (2026, 9, 25)),
        ("周五前", (2026, 9, 25)),
        ("星期五", (2026, 9, 25)),
        ("下周一", (2026, 9, 28)),
        ("下个星期一", (2026, 9, 28)),
        ("上周三", (2026, 9, 16)),
        ("下下周二", (2026, 10, 6)),
        ("国庆前", (2026, 9, 30)),
        ("国庆节前夕", (2026, 9, 30)),
        ("国庆", (2026, 10, 1)),
        ("十一后", (2026, 10, 8)),
        ("明年国庆", (2027, 10, 1)),
        ("25号", (2026, 9, 25)),
        ("25日前", (2026, 9, 25)),
        ("18号", (2026, 10, 18)),
        ("31号", (2026, 10, 31)),
        ("下月5号", (2026, 10, 5)),
        ("9-30", (2026, 9, 30)),
        ("9.30", (2026, 9, 30)),
        ("9/30", (2026, 9, 30)),
        ("9月30日", (2026, 9, 30)),
        ("9月30", (2026, 9, 30)),
        ("九月三十号", (2026, 9, 30)),
        ("9月1日", (2027, 9, 1)),
        ("2月29日", (2028, 2, 29)),
        ("0930", (2026, 9, 30)),
        ("26.9.30", (2026, 9, 30)),
        ("26年9月30日", (2026, 9, 30)),
        ("2026年9月30日前", (2026, 9, 30)),
        ("明年3月底", (2027, 3, 31)),
        ("10月上旬", (2026, 10, 10)),
        ("10月中旬", (2026, 10, 20)),
        ("10月中", (2026, 10, 15)),
        ("下月底", (2026, 10, 31)),
        ("年底", (2026, 12, 31)),
        ("明年年底", (2027, 12, 31)),
        ("三季度末", (2026, 9, 30)),
        ("季末", (2026, 9, 30)),
        ("下季度末", (2026, 12, 31)),
        ("下半年底", (2026, 12, 31)),
        ("今天", (2026, 9, 21)),
        ("明天前", (2026, 9, 22)),
        ("大后天", (2026, 9, 24)),
        ("昨天", (2026, 9, 20)),
        ("3天后", (2026, 9, 24)),
        ("三天内", (2026, 9, 24)),
        ("两周后", (2026, 10, 5)),
        ("一个月内", (2026, 10, 21)),
        ("半个月后", (2026, 10, 6)),
        ("3个工作日内", (2026, 9, 24)),
        ("5个工作日后", (2026, 9, 28)),
        ("2个工作日前", (2026, 9, 17)),
        ("本周末", (2026, 9, 26)),
        ("七一前", (2027, 6, 30)),
        ("本月25号", (2026, 9, 25)),
    ],
)
def test_what_leans_on_today_is_shown_resolved(typed: str, day: tuple[int, int, int]) -> None:
    read = DUE.parse(typed, reading(date(2026, 9, 21)))
    assert isinstance(read, Unsure)
    assert read.value == date(*day)
    assert DUE.echo(date(*day)) in t(read.key, **read.params)


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("25号", (2026, 8, 25)),
        ("9-30", (2025, 9, 30)),
        ("周五", (2026, 9, 18)),
        ("9月1日", (2026, 9, 1)),
        ("8月底", (2026, 8, 31)),
        ("国庆", (2025, 10, 1)),
    ],
)
def test_a_day_that_has_come_is_looked_for_backwards(typed: str, day: tuple[int, int, int]) -> None:
    read = HELD.parse(typed, reading(date(2026, 9, 21)))
    assert isinstance(read, Unsure)
    assert read.value == date(*day)


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("2月30日", "impossible"),
        ("2026年2月29日", "impossible"),
        ("13月1日", "impossible"),
        ("2026-13-01", "impossible"),
        ("1800年1月1日", "impossible"),
        ("2200年1月1日", "impossible"),
        ("99个工作日后", "impossible"),
        ("9月", "day"),
        ("2026年9月", "day"),
        ("中秋前", "holiday"),
        ("2027年春节前", "holiday"),
        ("尽快", "unread"),
        ("9.305", "unread"),
        ("", "unread"),
        ("明天" * 50, "unread"),
    ],
)
def test_no_date(typed: str, key: str) -> None:
    read = DUE.parse(typed, reading())
    assert isinstance(read, Problem)
    assert read.key == f"problem.date.{key}"


def test_a_rest_day_is_flagged() -> None:
    read = DUE.parse("本周六", reading())
    assert isinstance(read, Unsure)
    assert read.key == "doubt.date.rest"
    read = DUE.parse("10月1日", reading())
    assert isinstance(read, Unsure)
    assert read.key == "doubt.date.rest"


def test_a_weekday_that_does_not_fit_is_asked_back() -> None:
    read = DUE.parse("2026年9月30日（周四）", reading())
    assert isinstance(read, Unsure)
    assert (read.value, read.key) == (date(2026, 9, 30), "doubt.date.weekday")


def test_days_are_written_with_their_weekday() -> None:
    assert DUE.echo(date(2026, 9, 30)) == "2026年9月30日（周三）"


@given(
    DAYS, st.sampled_from(["25号", "周五", "9-30", "9月底", "2月29日", "国庆", "31号", "本周五"])
)
def test_days_lie_on_the_side_of_today_that_is_meant(today: date, typed: str) -> None:
    due, held = DUE.parse(typed, reading(today)), HELD.parse(typed, reading(today))
    assert isinstance(due, Unsure)
    assert isinstance(held, Unsure)
    if typed != "本周五":
        assert held.value <= today <= due.value


def test_a_calendar_without_working_days_is_given_up() -> None:
    class Idle(Days):
        def is_working(self, day: date) -> bool:
            del day
            return False

    idle = Reading(date(2026, 9, 21), Idle())
    assert isinstance(DUE.parse("3个工作日后", idle), Problem)
    assert isinstance(DUE.parse("国庆后", idle), Problem)


PERIOD = Period(key="period")
W, M, B = PeriodKind.WEEK, PeriodKind.MONTH, PeriodKind.BIMONTH
Q, H, Y, T = PeriodKind.QUARTER, PeriodKind.HALF, PeriodKind.YEAR, PeriodKind.TENDAYS


@pytest.mark.parametrize(
    ("typed", "kind", "year", "index"),
    [
        ("2026年第47周", W, 2026, 47),
        ("2026-W47", W, 2026, 47),
        ("本周", W, 2026, 39),
        ("上周", W, 2026, 38),
        ("下个星期", W, 2026, 40),
        ("2026年9月上旬", T, 2026, 25),
        ("本月中旬", T, 2026, 26),
        ("2026年9月", M, 2026, 9),
        ("2026-09", M, 2026, 9),
        ("上个月", M, 2026, 8),
        ("2026年3—4月", B, 2026, 2),
        ("本双月", B, 2026, 5),
        ("2026年第3季度", Q, 2026, 3),
        ("2026Q3", Q, 2026, 3),
        ("本季度", Q, 2026, 3),
        ("去年四季度", Q, 2025, 4),
        ("2026年上半年", H, 2026, 1),
        ("今年下半年", H, 2026, 2),
        ("2026年度", Y, 2026, 1),
        ("2026", Y, 2026, 1),
        ("去年", Y, 2025, 1),
    ],
)
def test_a_period_beyond_doubt(typed: str, kind: PeriodKind, year: int, index: int) -> None:
    assert PERIOD.parse(typed, reading()) == CalendarPeriod(kind, year, index)


@pytest.mark.parametrize(
    ("typed", "today", "kind", "year", "index"),
    [
        ("第47周", (2026, 9, 21), W, 2026, 47),
        ("第53周", (2027, 1, 4), W, 2026, 53),
        ("9月第3周", (2026, 9, 21), W, 2026, 38),
        ("9月", (2026, 11, 21), M, 2026, 9),
        ("12月", (2026, 11, 21), M, 2026, 12),
        ("12月份", (2027, 1, 5), M, 2026, 12),
        ("3—4月", (2026, 9, 21), B, 2026, 2),
        ("3至4月", (2026, 9, 21), B, 2026, 2),
        ("1-3月", (2026, 9, 21), Q, 2026, 1),
        ("1-6月", (2026, 9, 21), H, 2026, 1),
        ("三季度", (2026, 9, 21), Q, 2026, 3),
        ("上半年", (2026, 9, 21), H, 2026, 1),
        ("9月上旬", (2026, 9, 21), T, 2026, 25),
        ("中旬", (2026, 9, 21), T, 2026, 26),
    ],
)
def test_a_period_without_its_year_is_asked_back(
    typed: str, today: tuple[int, int, int], kind: PeriodKind, year: int, index: int
) -> None:
    read = PERIOD.parse(typed, reading(date(*today)))
    assert isinstance(read, Unsure)
    assert read.value == CalendarPeriod(kind, year, index)
    assert PERIOD.echo(read.value) in t(read.key, **read.params)


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("第54周", "impossible"),
        ("2026年第54周", "impossible"),
        ("2—3月", "impossible"),
        ("13月", "impossible"),
        ("9月第6周", "impossible"),
        ("五季度", "impossible"),
        ("1800年", "impossible"),
        ("以后", "unread"),
    ],
)
def test_no_period(typed: str, key: str) -> None:
    read = PERIOD.parse(typed, reading())
    assert isinstance(read, Problem)
    assert read.key == f"problem.period.{key}"


def test_only_the_kinds_that_are_wanted() -> None:
    weeks = Period(key="week", kinds=(W,))
    read = weeks.parse("9月", reading())
    assert isinstance(read, Problem)
    assert read.key == "problem.period.kind"
    assert "周" in t(read.key, **read.params)
    bare = weeks.parse("47", reading())
    assert isinstance(bare, Unsure)
    assert bare.value == CalendarPeriod(W, 2026, 47)


@given(st.sampled_from(PeriodKind), DAYS, st.integers(-40, 40))
def test_periods_cover_the_calendar_without_gaps(kind: PeriodKind, day: date, count: int) -> None:
    period = CalendarPeriod.holding(kind, day)
    first, last = period.days()
    assert first <= day <= last
    assert CalendarPeriod.holding(kind, last) == period
    assert (period.shifted(1).days()[0] - last).days == 1
    assert period.shifted(count).shifted(-count) == period


@given(st.integers(1900, 2199), st.sampled_from(PeriodKind))
def test_a_year_ends_with_its_last_period(year: int, kind: PeriodKind) -> None:
    last = CalendarPeriod(kind, year, in_year(kind, year))
    with pytest.raises(ValueError, match="has no"):
        CalendarPeriod(kind, year, last.index + 1)
    with pytest.raises(ValueError, match="has no"):
        CalendarPeriod(kind, year, 0)
    assert abs((last.days()[1] - date(year, 12, 31)).days) <= 3


@given(DAYS)
def test_weeks_are_those_of_iso(day: date) -> None:
    first, last = CalendarPeriod.holding(W, day).days()
    assert (first.weekday(), last.weekday()) == (0, 6)
