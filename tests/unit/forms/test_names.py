"""Units and people by what people call them."""

import pytest
from hypothesis import given

from config.texts import t
from models.forms.field import EmptyBook, Named, Problem
from models.forms.kinds import Person, Unit
from models.forms.names import Entry, NameBook, leading_name
from models.forms.typed import normal
from tests.unit.forms.aid import PEOPLE, TYPING, UNITS, reading


def _found(text: str) -> list[str]:
    return [hit.key for hit in UNITS.find(text)]


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("城南供电服务指挥中心党支部", "B01"),
        ("城南供电服务指挥中心", "B01"),
        ("城南供电服务指挥中心支部", "B01"),
        ("城南指挥中心", "B01"),
        ("城南支部", "B01"),
        ("城南党支部", "B01"),
        ("城南营业支部", "B02"),
        ("二支部", "B03"),
        ("2支部", "B03"),
        ("检修２班支部", "B03"),
        ("运检一支部", "B05"),
        ("运检第一支部", "B05"),
        ("ＱＣ小组支部", "B06"),
        ("qc 小组", "B06"),
        ("b01", "B01"),
        ("城北支部", "B07"),
        ("城北总支", "D01"),
    ],
)
def test_a_unit_by_any_of_its_names(typed: str, key: str) -> None:
    assert _found(typed) == [key]


def test_a_short_name_of_two_units_gives_both() -> None:
    assert _found("城北") == ["D01", "B07"]


@pytest.mark.parametrize("typed", ["2", "火星支部", "", "支部", "城" * 100])
def test_unknown_names_find_nothing(typed: str) -> None:
    assert _found(typed) == []


def test_near_names_come_best_first() -> None:
    assert [hit.key for hit in UNITS.close("城南营业所党支部")][:1] == ["B02"]
    assert [hit.key for hit in UNITS.close("城南指辉中心")][:1] == ["B01"]
    assert {hit.key for hit in UNITS.close("检修一班支部")} == {"B03", "B04"}
    assert UNITS.close("完全无关的名字") == ()
    assert UNITS.close("") == ()
    assert len(UNITS.close("检修班")) <= 5


def test_an_exact_unit_is_an_answer() -> None:
    assert Unit(key="u").parse("城南支部", reading()) == Named("B01", "城南供电服务指挥中心党支部")


def test_two_near_units_are_listed_with_what_to_type() -> None:
    read = Unit(key="u").parse("检修一班支部", reading())
    assert isinstance(read, Problem)
    assert read.key == "problem.unit.close"
    told = t(read.key, **read.params)
    assert "检修二班支部（B03）" in told
    assert Unit(key="u").parse("检修二班支部（B03）", reading()) == Named("B03", "检修二班支部")


def test_one_near_unit_is_not_picked_either() -> None:
    read = Unit(key="u").parse("城南营业所党支部", reading())
    assert isinstance(read, Problem)


def test_two_people_of_one_name_are_listed() -> None:
    read = Person(key="p").parse("@张伟", reading())
    assert isinstance(read, Problem)
    assert read.key == "problem.person.several"
    told = t(read.key, **read.params)
    assert "张伟（zhangwei01）" in told
    assert "张伟（zhangwei02）" in told
    assert Person(key="p").parse("张伟(ZhangWei02)", reading()) == Named("zhangwei02", "张伟")


def test_a_person_by_userid() -> None:
    assert Person(key="p").parse("ouyang", reading()) == Named("ouyang", "欧阳建国")


@pytest.mark.parametrize("typed", ["查无此人", "张三" * 200])
def test_an_unknown_person(typed: str) -> None:
    read = Person(key="p").parse(typed, reading())
    assert isinstance(read, Problem)
    assert read.key == "problem.person.unknown"


def test_labels_may_hold_brackets() -> None:
    book = NameBook([Entry("X(1)", "变电（二次）党支部"), Entry("X", "甲（X(1)）")])
    assert [hit.key for hit in book.find("变电(二次)")] == ["X(1)"]


@pytest.mark.parametrize(
    ("text", "name", "end"),
    [
        ("城南营业党支部85%", "B02", 7),
        ("城南营业党支部 85%", "B02", 7),
        ("城南营业:85%", "B02", 4),
        ("城南指挥中心已完成", "B01", 6),
        ("二支部完成", "B03", 3),
        ("QC 小组党支部 60%", "B06", 8),
        ("城北（B07）80%", "B07", 7),
        ("城北 (d01)", "D01", 8),
    ],
)
def test_the_name_at_the_beginning_of_a_line(text: str, name: str, end: int) -> None:
    hits, at = leading_name(normal(text), UNITS)
    assert ([hit.key for hit in hits], at) == ([name], end)


@pytest.mark.parametrize("text", ["城南营业厅85%", "火星支部 80%", "", "2 个项目"])
def test_a_name_must_end_where_something_else_begins(text: str) -> None:
    assert leading_name(text, UNITS) == ((), 0)


@given(TYPING)
def test_looking_up_any_text_never_fails(text: str) -> None:
    for book in (UNITS, PEOPLE, EmptyBook()):
        assert len(book.close(text)) <= 5
        book.find(text)
        leading_name(text, book)


@given(TYPING)
def test_every_entry_is_found_by_all_its_names(text: str) -> None:
    book = NameBook([Entry("K1", text or "甲", ("乙",)), Entry("K2", "丙")])
    assert "K1" in [hit.key for hit in book.find("乙")]
    assert "K2" in [hit.key for hit in book.find("丙")]


def test_many_units_are_told_apart() -> None:
    book = NameBook(Entry(f"B{n:06d}", f"第{n}供电所党支部", (f"{n}所",)) for n in range(20_000))
    assert book.find("77供电所支部")[0].key == "B000077"
    assert [hit.key for hit in book.find("第99供电所党支部")] == ["B000099"]
    assert book.close("第七供电")
    assert book.close("第19999供电站")[0].key == "B019999"
