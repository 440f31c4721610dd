"""Figures in all their dresses."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.forms.numerals import Number, chinese, read_number, tight, whole
from tests.unit.forms.aid import TYPING

ONES = "零一二三四五六七八九"


def _spoken(value: int) -> str:
    """A number below 100,000,000 as a teacher writes it."""
    if value >= 10_000:
        high, low = divmod(value, 10_000)
        zero = "零" if 0 < low < 1000 else ""
        return f"{_spoken(high)}万{zero}{_spoken(low) if low else ''}"
    said = ""
    gap = False
    for power, sign in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = int(value // power % 10)
        if digit:
            said += ("零" if gap and said else "") + ONES[digit] + sign
        gap = digit == 0
    return said or "零"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("一百二十", 120),
        ("一百二", 120),
        ("一百零二", 102),
        ("两万", 20_000),
        ("三万五", 35_000),
        ("十二", 12),
        ("二十", 20),
        ("二〇二六", 2026),
        ("一亿两千万", 120_000_000),
        ("一万亿", 1_000_000_000_000),
        ("壹佰贰拾", 120),
    ],
)
def test_chinese_numerals(text: str, value: int) -> None:
    assert chinese(text) == value


@pytest.mark.parametrize("text", ["", "万", "两三万", "百二", "一百二五", "十十", "好", "一" * 21])
def test_what_is_no_numeral(text: str) -> None:
    assert chinese(text) is None


@given(st.integers(0, 99_999_999))
def test_every_number_can_be_said(value: int) -> None:
    assert chinese(_spoken(value)) == value


@pytest.mark.parametrize(
    ("text", "value", "about"),
    [
        ("1,200.5", "1200.5", False),
        ("3.5万", "35000", False),
        ("1.2亿", "120000000", False),
        ("2000余万", "20000000", True),
        ("两万余", "20000", True),
        ("一百多万", "1000000", True),
        ("约12", "12", True),
        ("20左右", "20", True),
        ("八十五点五", "85.5", False),
        ("-3", "-3", False),
    ],
)
def test_figures_as_people_write_them(text: str, value: str, about: bool) -> None:  # noqa: FBT001
    assert read_number(text) == Number(Decimal(value), about)


@pytest.mark.parametrize("text", ["几十万", "两三万", "1.2.3", "1,20", "12a", "", "三五", "5" * 16])
def test_what_is_no_figure(text: str) -> None:
    assert read_number(text) is None


@given(TYPING)
def test_reading_any_text_never_fails(text: str) -> None:
    read_number(tight(text))
    whole(text)
    chinese(text)


def test_blanks_between_digits_stay() -> None:
    assert tight("8 0 %") == "8 0%"
    assert tight(" 80 % ") == "80%"
