"""接龙 pastes."""

import pytest
from hypothesis import given

from models.forms.chain import Chain, match, read_chain
from models.forms.typed import Typed
from tests.unit.forms.aid import TYPING, UNITS


def _chain(text: str) -> Chain:
    chain = read_chain(Typed.read(text))
    assert chain is not None
    return chain


def _rows(text: str) -> list[tuple[str | None, str]]:
    matched = match(_chain(text), UNITS)
    return [(m.unit.key if m.unit else None, m.body.source) for m in matched]


def test_the_paste_of_the_handbook() -> None:
    text = "#接龙 9月进展\n1. 城南营业党支部 85％\n2、检修二班支部：已完成"
    chain = _chain(text)
    assert (chain.title, chain.marked) == ("9月进展", True)
    assert [entry.number for entry in chain.entries] == [1, 2]
    assert _rows(text) == [("B02", "85％"), ("B03", "已完成")]


@pytest.mark.parametrize(
    "numbers",
    [
        ("1.", "2."),
        ("1、", "2、"),
        ("1)", "2)"),
        ("1）", "2）"),
        ("（1）", "（2）"),
        ("(1)", "(2)"),
        ("①", "②"),
        ("⒈", "⒉"),
        ("⑴", "⑵"),
        ("１．", "２．"),
        ("一、", "二、"),
        ("（一）", "（二）"),
        ("1 ", "2 "),
        ("1．", "② "),
        ("", ""),
    ],
)
def test_any_numbering(numbers: tuple[str, str]) -> None:
    first, second = numbers
    text = f"＃接龙\n9月进展\n\n{first}城南支部 85％\n{second}二支部 60%"
    assert _chain(text).title == "9月进展"
    assert _rows(text) == [("B01", "85％"), ("B03", "60%")]


@pytest.mark.parametrize(
    "line",
    [
        "城南营业党支部85％",
        "城南营业党支部 85％",
        "城南营业党支部：85％",
        "城南营业党支部-85％",
        "城南营业党支部——85％",
        "城南营业支部，85％",
        "B02 85％",
    ],
)
def test_the_name_ends_in_any_way(line: str) -> None:
    assert _rows(f"#接龙\n1. {line}\n2. 二支部") == [("B02", "85％"), ("B03", "")]


def test_an_entry_may_run_over_several_lines() -> None:
    text = "#接龙\n1. 城南支部 85%\n完成两项\n1.5公里线路\n\n2. 二支部"
    assert _rows(text) == [("B01", "85%\n完成两项\n1.5公里线路"), ("B03", "")]


def test_examples_of_how_to_fill_in_are_no_entries() -> None:
    chain = _chain("#接龙\n9月进展\n例：某支部 80%\n\n1. 城南支部 85%")
    assert (chain.title, len(chain.entries)) == ("9月进展", 1)


def test_unknown_and_doubtful_names_get_candidates_and_no_unit() -> None:
    matched = match(_chain("1. 城北 80%\n2. 检修一班支部 70%\n3. 火星 60%"), UNITS)
    assert [m.unit for m in matched] == [None, None, None]
    assert [{c.key for c in m.candidates} for m in matched] == [
        {"D01", "B07"},
        {"B03", "B04"},
        set(),
    ]
    assert matched[2].body.source == "火星 60%"


def test_a_month_in_the_title_is_no_number() -> None:
    chain = _chain("#接龙 9 月进展\n1 城南支部 85%\n2 二支部 60%")
    assert chain.title == "9 月进展"
    assert [entry.number for entry in chain.entries] == [1, 2]


def test_numbered_lines_without_a_headline_are_a_guess() -> None:
    chain = _chain("9月进展\n1. 城南支部 85%\n2. 二支部")
    assert (chain.marked, chain.title) == (False, "9月进展")


@pytest.mark.parametrize("text", ["你好", "1. 城南支部 85%", "/进展 60%", "", "1.5公里\n2.5公里"])
def test_other_messages_are_no_chains(text: str) -> None:
    assert read_chain(Typed.read(text)) is None


def test_a_chain_of_two_hundred_lines() -> None:
    text = "#接龙\n" + "\n".join(f"{n}. 城南支部 {n % 100}%" for n in range(1, 201))
    assert len(_rows(text)) == 200


@given(TYPING)
def test_reading_any_text_never_fails(text: str) -> None:
    for typed in (Typed.read(text), Typed.read(f"#接龙 甲\n1.{text}\n2.{text}")):
        chain = read_chain(typed)
        for matched in match(chain, UNITS) if chain else ():
            assert matched.body.source in typed.source
            assert matched.unit is None or not matched.candidates
