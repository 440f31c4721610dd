"""The normalised form, and the way back to what was typed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.forms.typed import Typed, clean, fold, normal
from tests.unit.forms.aid import TYPING


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("８０％", "80%"),
        ("：；，", ":;,"),
        ("／＃＠", "/#@"),
        ("“好”‘嗯’", "\"好\"'嗯'"),
        ("——", "--"),
        ("…", "..."),
        ("【进度】〔2026〕「甲」", "[进度][2026][甲]"),
        ("进展\u3000８０\u00a0%", "进展 80 %"),
        ("a\tb", "a b"),
        ("一\r\n二\r三\u2028四", "一\n二\n三\n四"),
        ("\ufeff进\u200b展\u00ad\x00", "进展"),
        ("⒈①（1）㈠", "1.1(1)(一)"),
        ("\ud800好", "好"),
    ],
)
def test_full_width_and_invisible_characters_are_read(typed: str, read: str) -> None:
    assert normal(typed) == read


@given(TYPING)
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert normal(normal(text)) == normal(text)
    assert fold(fold(text)) == fold(text)
    assert clean(clean(text)) == clean(text)


@given(TYPING)
def test_a_typed_text_reads_as_its_normal_form(text: str) -> None:
    assert Typed.read(text).text == normal(text)


@given(TYPING, st.integers(0, 60), st.integers(0, 60))
def test_what_was_typed_is_found_again(text: str, start: int, end: int) -> None:
    typed = Typed.read(text)
    assert typed.original(start, end) in text
    part = typed.part(start, end)
    assert part.text == typed.text[start:end]
    assert part.original() == typed.original(start, end)


@given(TYPING, st.integers(0, 30), st.integers(0, 30))
def test_a_part_of_a_part_is_a_part(text: str, first: int, second: int) -> None:
    typed = Typed.read(text)
    assert typed.part(first).part(second).original() == typed.part(first + second).original()


@given(TYPING)
def test_lines_put_together_are_the_text(text: str) -> None:
    typed = Typed.read(text)
    assert "\n".join(line.text for line in typed.lines()) == typed.text


@given(TYPING)
def test_cleaning_keeps_what_can_be_seen(text: str) -> None:
    assert normal(clean(text)).split() == normal(text).split()


def test_a_description_stays_as_typed() -> None:
    typed = Typed.read("／进展　８０％　完成“两项”——好 👨\u200d👩\u200d👧 ❤\ufe0f")
    place = typed.text.index("完成")
    assert typed.original(place) == "完成“两项”——好 👨\u200d👩\u200d👧 ❤\ufe0f"


def test_strip_takes_blanks_and_named_marks_from_both_ends() -> None:
    assert Typed.read(" \u3000，好，\n").strip(",").source == "好"
    assert not Typed.read(" \n\u200b")


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("\x00控\x1b制\x7f", "控制"),
        ("反\u202e转", "反转"),
        ("全角：８０％", "全角：８０％"),
        ("一\r\n二", "一\n二"),
        ("\ud800坏", "坏"),
        ("👨\u200d👩", "👨\u200d👩"),
        ("\u200d \ufe0f好 \u200d", "好"),
    ],
)
def test_stored_words_hold_no_control_characters(typed: str, stored: str) -> None:
    assert clean(typed) == stored
