"""Whole numbers, percentages and money."""

from decimal import Decimal

import pytest

from config.texts import t
from models.forms.field import Problem, Unsure
from models.forms.kinds import Amount, Integer, Percent
from tests.unit.forms.aid import reading

PERCENT = Percent(key="percent")


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("80%", "80"),
        ("８０％", "80"),
        ("80 %", "80"),
        ("80", "80"),
        ("85.5%", "85.5"),
        ("85.50%", "85.5"),
        ("百分之八十", "80"),
        ("百分之八十五点五", "85.5"),
        ("百分之85", "85"),
        ("百分之百", "100"),
        ("八十", "80"),
        ("0", "0"),
        ("100", "100"),
        ("+5%", "5"),
        ("80%。", "80"),
        ("完成80%", "80"),
        ("已完成 80%", "80"),
        ("进度80%", "80"),
        ("到80%了", "80"),
        ("0.5%", "0.5"),
    ],
)
def test_a_percentage_beyond_doubt(typed: str, value: str) -> None:
    assert PERCENT.parse(typed, reading()) == Decimal(value)


@pytest.mark.parametrize(
    ("typed", "value", "key"),
    [
        ("八成", "80", "doubt.percent.share"),
        ("八成五", "85", "doubt.percent.share"),
        ("九成半", "95", "doubt.percent.share"),
        ("9成", "90", "doubt.percent.share"),
        ("0.85", "85", "doubt.percent.share"),
        ("1.0", "100", "doubt.percent.share"),
        ("8/10", "80", "doubt.percent.share"),
        ("8／10", "80", "doubt.percent.share"),
        ("1/3", "33.3", "doubt.percent.share"),
        ("85％左右", "85", "doubt.about"),
        ("约85%", "85", "doubt.about"),
        ("85%以上", "85", "doubt.about"),
        ("至少80%", "80", "doubt.about"),
        ("近90", "90", "doubt.about"),
        ("一半", "50", "doubt.percent.words"),
        ("已完成", "100", "doubt.percent.words"),
        ("未开始", "0", "doubt.percent.words"),
    ],
)
def test_a_percentage_that_is_asked_back(typed: str, value: str, key: str) -> None:
    read = PERCENT.parse(typed, reading())
    assert isinstance(read, Unsure)
    assert (read.value, read.key) == (Decimal(value), key)
    assert PERCENT.echo(read.value) in t(read.key, **read.params)
    assert typed in t(read.key, **read.params)


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("过半", "vague"),
        ("大部分完成", "vague"),
        ("差不多", "vague"),
        ("120%", "range"),
        ("-3", "range"),
        ("-3%", "range"),
        ("9/8", "range"),
        ("85.55%", "decimals"),
        ("33.333", "decimals"),
        ("80-90%", "several"),
        ("80%～90%", "several"),
        ("八九成", "several"),
        ("8 0%", "unread"),
        ("8/0", "unread"),
        ("很好", "unread"),
        ("85‰", "unread"),
        ("%", "unread"),
        ("9" * 400, "unread"),
        ("٣%", "unread"),
    ],
)
def test_no_percentage(typed: str, key: str) -> None:
    read = PERCENT.parse(typed, reading())
    assert isinstance(read, Problem)
    assert read.key == f"problem.percent.{key}"


def test_a_tail_far_behind_is_not_overlooked() -> None:
    assert isinstance(PERCENT.parse("80%" + " " * 500 + "不对，70%", reading()), Problem)


def test_percentages_are_written_without_needless_zeros() -> None:
    assert PERCENT.echo(Decimal("80.0")) == "80%"
    assert PERCENT.echo(Decimal("85.5")) == "85.5%"
    assert PERCENT.echo(Decimal(0)) == "0%"


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("80% 说明", 3),
        ("80 说明", 2),
        ("80%说明", 3),
        ("80 %说明", 4),
        ("85%左右 说明", 5),
        ("80%至90% 说明", 7),
        ("八成 说明", 2),
        ("0.85,说明", 4),
        ("过半 说明", 2),
        ("120% 说明", 4),
        ("80人参加", 0),
        ("80 月底完成", 0),
        ("80 个项目", 0),
        ("80 项目推进", 2),
        ("八成是这样", 0),
        ("2026年计划", 0),
        ("今天 80%", 0),
    ],
)
def test_what_of_a_line_is_taken_for_a_percentage(text: str, length: int) -> None:
    assert PERCENT.lead(text) == length


COUNT = Integer(key="count", low=1, high=50_000)


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("12", 12),
        ("１２", 12),
        ("十二", 12),
        ("12人", 12),
        ("3万", 30_000),
        ("12.0", 12),
        ("12 个", 12),
    ],
)
def test_a_whole_number(typed: str, value: int) -> None:
    assert COUNT.parse(typed, reading()) == value


@pytest.mark.parametrize("typed", ["约12", "12人左右", "12多人", "十余人"])
def test_a_number_that_is_not_exact_is_asked_back(typed: str) -> None:
    read = COUNT.parse(typed, reading())
    assert isinstance(read, Unsure)
    assert read.value in (10, 12)


@pytest.mark.parametrize(
    ("typed", "key"), [("1.5", "unread"), ("几个", "unread"), ("0", "range"), ("6万", "range")]
)
def test_no_whole_number(typed: str, key: str) -> None:
    read = COUNT.parse(typed, reading())
    assert isinstance(read, Problem)
    assert read.key == f"problem.integer.{key}"


MONEY = Amount(key="money")


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("1,200.5", "1200.50"),
        ("3.5万", "35000"),
        ("3.5 万元", "35000"),
        ("￥300", "300"),
        ("人民币2万元", "20000"),
        ("一百二十块钱", "120"),
        ("1.2亿", "120000000"),
        ("35,000元", "35000"),
    ],
)
def test_an_amount(typed: str, value: str) -> None:
    assert MONEY.parse(typed, reading()) == Decimal(value)


@pytest.mark.parametrize(
    ("typed", "value"), [("两万余元", "20000"), ("2000余万", "20000000"), ("约3万元", "30000")]
)
def test_an_amount_that_is_not_exact_is_asked_back(typed: str, value: str) -> None:
    read = MONEY.parse(typed, reading())
    assert isinstance(read, Unsure)
    assert (read.value, read.key) == (Decimal(value), "doubt.about")


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("几十万", "unread"),
        ("1200.505", "cents"),
        ("-5", "range"),
        ("9万亿", "range"),
        ("元", "unread"),
    ],
)
def test_no_amount(typed: str, key: str) -> None:
    read = MONEY.parse(typed, reading())
    assert isinstance(read, Problem)
    assert read.key == f"problem.amount.{key}"


def test_amounts_are_written_with_thousands_and_cents_only_where_needed() -> None:
    assert MONEY.echo(Decimal("35000.00")) == "35,000元"
    assert MONEY.echo(Decimal("1200.50")) == "1,200.50元"
