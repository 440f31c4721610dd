"""Text fits where it is put, and breaks where Chinese text may break."""

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.papers.fonts import drawable, font
from bot.papers.lettering import Type, measure, shorten, shrink, wrap
from config.texts import t

UNTIMED = settings(deadline=None)
"""The first line of a process reads the font."""
STYLE = Type(36)
WORDS = st.text("供电所党支部进度完成率，。、；（）“”《》abc60.5% ", max_size=120)


@UNTIMED
@given(st.text().map(drawable), st.sampled_from([(34, 400), (36, 500), (66, 700)]))
def test_a_line_is_as_wide_as_its_characters(line: str, look: tuple[int, int]) -> None:
    assert measure(line, Type(*look)) == font(*look).getlength(line)


def test_a_name_that_fits_stays_whole() -> None:
    assert shorten("城南供电所党支部", STYLE, 400) == "城南供电所党支部"


def test_a_long_name_keeps_both_ends() -> None:
    names = [f"国网江源市供电公司输电运检中心第{n}党支部" for n in "一二"]
    first, second = (shorten(name, STYLE, 540) for name in names)
    assert first.startswith("国网江源市供电")
    assert "…" in first
    assert first.endswith("一党支部")
    assert first != second


def test_nothing_but_dots_is_left_where_there_is_no_room() -> None:
    assert shorten("城南供电所", STYLE, 1) == "…"


def test_type_shrinks_to_fit_but_not_below_what_can_be_read() -> None:
    assert shrink("城南", STYLE, 400, 34) == STYLE
    assert shrink("城南供电所党支部", Type(60), 400, 34).size == 50
    assert shrink("城南供电所党支部" * 9, Type(60), 400, 34).size == 34


@UNTIMED
@given(st.text(max_size=300), st.integers(40, 800))
def test_a_shortened_line_never_runs_over(text: str, width: int) -> None:
    assert measure(shorten(text, STYLE, width), STYLE) <= width


@UNTIMED
@given(WORDS, st.integers(150, 800), st.integers(1, 5))
def test_wrapped_lines_stay_within_width_and_number(text: str, width: int, limit: int) -> None:
    lines = wrap(text, STYLE, width, limit)
    assert len(lines) <= limit
    assert all(measure(line, STYLE) <= width for line in lines)


@UNTIMED
@given(WORDS)
def test_wrapping_loses_nothing_when_there_is_room(text: str) -> None:
    lines = wrap(text, STYLE, 500, 99)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_no_line_begins_with_closing_or_ends_with_opening_punctuation() -> None:
    text = "口径：按“进度减序时计划”的点数（扣除补录），在同类型支部中排名；缺数据不按零计。"
    for width in range(120, 900, 7):
        lines = wrap(text, STYLE, width, 99)
        assert not any(line[0] in t("papers.wrap.closing") for line in lines)
        assert not any(line[-1] in t("papers.wrap.opening") for line in lines)


def test_figures_stay_whole() -> None:
    lines = wrap("进度中位数为85.5%，比上周", STYLE, 36 * 7, 9)
    assert any("85.5%" in line for line in lines)


def test_dots_tell_that_there_was_more() -> None:
    lines = wrap("供电所" * 400, STYLE, 500, 2)
    assert len(lines) == 2
    assert lines[1].endswith("…")
    assert not lines[0].endswith("…")
