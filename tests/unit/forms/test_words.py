"""Texts, yes and no, options, attachments."""

from typing import Any

import pytest

from config.texts import t
from models.forms.field import Option, Problem, Unsure
from models.forms.kinds import Attachment, Choice, Choices, LongText, Text, YesNo
from models.forms.typed import normal
from tests.unit.forms.aid import reading

TYPES = (
    Option("management", "管理型"),
    Option("service", "生产服务型", ("服务型", "生产型")),
    Option("business", "经营型"),
    Option("qc", "QC 小组"),
)


def _problem(read: Any) -> str:
    assert isinstance(read, Problem)
    return t(read.key, **read.params)


def test_a_text_is_kept_as_typed() -> None:
    assert Text(key="a").parse("　完成“两项”，８０％。 ", reading()) == "完成“两项”，８０％。"
    assert Text(key="a").parse("一\r\n二", reading()) == "一 二"
    assert LongText(key="a").parse("一\r\n\r\n二\x00", reading()) == "一\n\n二"


def test_a_text_over_the_limit_is_told_both_lengths() -> None:
    told = _problem(Text(key="a").parse("好" * 201, reading()))
    assert "200" in told
    assert "201" in told
    told = _problem(LongText(key="a", min_chars=10).parse("太短了", reading()))
    assert "10" in told
    assert "3" in told
    assert LongText(key="a", max_chars=5000).parse("好" * 5000, reading()) == "好" * 5000


@pytest.mark.parametrize("typed", ["\u200b", "\ufeff \u00ad", "\x00\x01", "\u3164", "\ud800", ""])
def test_a_text_that_shows_nothing_is_none(typed: str) -> None:
    assert _problem(Text(key="a").parse(typed, reading())) == t("problem.empty")


@pytest.mark.parametrize(
    "typed", ["是", "是的", "对", "好的，可以", "有", "Y", "ＯＫ", "是。", "1", "√", "嗯 嗯"]
)
def test_yes(typed: str) -> None:
    assert YesNo(key="a").parse(typed, reading()) is True


@pytest.mark.parametrize("typed", ["否", "不是", "没有", "无", "NO", "不用！", "2", "0", "×"])
def test_no(typed: str) -> None:
    assert YesNo(key="a").parse(typed, reading()) is False


@pytest.mark.parametrize("typed", ["也许", "是，不是", "", "是" + "的" * 30, "3"])
def test_neither_yes_nor_no(typed: str) -> None:
    assert t("echo.yes") in _problem(YesNo(key="a").parse(typed, reading()))


@pytest.mark.parametrize(
    ("text", "length"), [("是 说明", 1), ("好的，完成", 2), ("是否合格", 0), ("1 项", 0), ("", 0)]
)
def test_a_yes_at_the_beginning_of_a_line(text: str, length: int) -> None:
    assert YesNo(key="a").lead(normal(text)) == length


@pytest.mark.parametrize(
    ("typed", "picked"),
    [
        ("管理型", "management"),
        ("服务型", "service"),
        ("ｓｅｒｖｉｃｅ", "service"),
        ("2", "service"),
        ("２", "service"),
        ("2.", "service"),
        ("第2个", "service"),
        ("选三", "business"),
        ("qc小组", "qc"),
        ("Q C 小组。", "qc"),
    ],
)
def test_a_choice_by_name_or_number(typed: str, picked: str) -> None:
    assert Choice(key="a", options=TYPES).parse(typed, reading()) == picked


@pytest.mark.parametrize(
    ("typed", "picked"),
    [("管理", "management"), ("管里型", "management"), ("我是经营型的", "business")],
)
def test_a_choice_that_is_nearly_right_is_asked_back(typed: str, picked: str) -> None:
    read = Choice(key="a", options=TYPES).parse(typed, reading())
    assert isinstance(read, Unsure)
    assert read.value == picked
    assert t(read.key, **read.params)


@pytest.mark.parametrize("typed", ["5", "0", "别的", "理", "好" * 500])
def test_no_choice_lists_the_options(typed: str) -> None:
    told = _problem(Choice(key="a", options=TYPES).parse(typed, reading()))
    assert all(option.label in told for option in TYPES)


def test_two_options_that_may_be_meant_are_never_picked_silently() -> None:
    options = (Option("a", "安全质量"), Option("b", "安全生产"))
    read = Choice(key="a", options=options).parse("安全", reading())
    assert isinstance(read, Problem)
    assert read.key == "problem.choice.several"


def test_numbers_that_are_labels_win_over_places() -> None:
    scores = Choice(key="a", options=tuple(Option(f"s{n}", str(n)) for n in (5, 4, 3, 2, 1)))
    assert scores.parse("5", reading()) == "s5"
    assert scores.parse("1", reading()) == "s1"


def test_options_must_differ() -> None:
    with pytest.raises(ValueError, match="label"):
        Choice(key="a", options=(Option("a", "管理型"), Option("b", "管理 型")))
    with pytest.raises(ValueError, match="mark"):
        Choices(key="a", options=(Option("a", "水、电"),))


@pytest.mark.parametrize(
    ("typed", "picked"),
    [
        ("1、3", ("management", "business")),
        ("3 1", ("management", "business")),
        ("1，3", ("management", "business")),
        ("管理型；QC 小组", ("management", "qc")),
        ("管理型 服务型", ("management", "service")),
        ("QC 小组", ("qc",)),
        ("1、1", ("management",)),
        ("全部", ("management", "service", "business", "qc")),
    ],
)
def test_several_choices(typed: str, picked: tuple[str, ...]) -> None:
    assert Choices(key="a", options=TYPES).parse(typed, reading()) == picked


def test_several_choices_of_which_one_is_doubtful() -> None:
    read = Choices(key="a", options=TYPES).parse("1、管里型、经营", reading())
    assert isinstance(read, Unsure)
    assert read.value == ("management", "business")


def test_a_wrong_one_among_several_is_named() -> None:
    told = _problem(Choices(key="a", options=TYPES).parse("1、火星", reading()))
    assert "火星" in told
    assert _problem(Choices(key="a", options=TYPES).parse("、", reading()))


def test_attachments_are_their_numbers() -> None:
    photos = Attachment(key="a", high=2)
    assert photos.parse("3, 7", reading()) == (3, 7)
    assert photos.parse("3,3", reading()) == (3,)
    assert photos.echo((3, 7)) == "3,7"
    assert "2" in _problem(photos.parse("1,2,3", reading()))
    assert _problem(photos.parse("见图", reading())) == t("problem.attachment.unread")
    assert not photos.typed
