"""Dialects, and cutting at the bytes of the platform."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.channel import Dialect
from bot.text import clip, cut, render, size, split

RANKING = """# 第48周排名
> 经营型支部 **3** 个，截至周一 09:00
1 **城东供电所党支部** 92.5 ↑2
[查看全部](https://zbt.example.cn/wall?week=48)"""

pieces = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
    st.sampled_from(
        [
            "\n",
            "\n\n",
            "。",
            "[查看](https://a.cn/x?y=1)",
            "**粗字**",
            "# 标题\n",
            "> 引用\n",
            "👩‍👩‍👧‍👦",
            "这是一句话。",
            "a" * 60,
        ]
    ),
)
documents = st.lists(pieces, max_size=40).map("".join)


def test_the_smart_bot_shows_all_of_it() -> None:
    assert render(RANKING, Dialect.FULL) == RANKING


def test_the_webhook_and_the_app_know_one_level_of_quotes() -> None:
    assert render(RANKING, Dialect.BASIC) == RANKING
    assert render(">> 深\n> > > 更深\n> 一层", Dialect.BASIC) == "> 深\n> 更深\n> 一层"


def test_the_passive_answer_of_the_app_is_words_alone() -> None:
    assert render(RANKING, Dialect.PLAIN) == (
        "第48周排名\n"
        "经营型支部 3 个，截至周一 09:00\n"
        "1 城东供电所党支部 92.5 ↑2\n"
        "查看全部：https://zbt.example.cn/wall?week=48"
    )


@pytest.mark.parametrize(
    ("markdown", "plain"),
    [
        ("[https://a.cn](https://a.cn)", "https://a.cn"),
        ("[](https://a.cn)", "https://a.cn"),
        ("[词]()", "词"),
        ("> # **头**", "头"),
        ("#没有空格", "#没有空格"),
        ("3 > 2 且 2 * 2 = 4", "3 > 2 且 2 * 2 = 4"),
        ("[{label}](https://a.cn/{0})", "{label}：https://a.cn/{0}"),
    ],
)
def test_marks_go_and_words_stay(markdown: str, plain: str) -> None:
    assert render(markdown, Dialect.PLAIN) == plain


@given(documents, st.sampled_from(Dialect))
def test_no_dialect_is_longer_than_the_text(document: str, dialect: Dialect) -> None:
    assert size(render(document, dialect)) <= size(document)


@given(documents, st.integers(4, 300))
def test_the_parts_are_the_text_and_each_fits(document: str, limit: int) -> None:
    parts = split(document, limit)
    assert "".join(parts) == document
    assert all(0 < size(part) <= limit for part in parts)
    assert all(part.encode().decode() == part for part in parts)


@given(documents, st.integers(40, 300))
def test_no_link_and_no_bold_is_torn(document: str, limit: int) -> None:
    assume("[" not in document.replace("[查看](https://a.cn/x?y=1)", ""))
    assume("*" not in document.replace("**粗字**", ""))
    assume("](" not in document.replace("[查看](https://a.cn/x?y=1)", ""))
    for part in split(document, limit):
        assert part.count("[查看]") == part.count("(https://a.cn/x?y=1)")
        assert part.count("**") % 2 == 0


def test_a_cut_prefers_paragraphs_then_lines_then_sentences() -> None:
    assert split("一段写在前面\n\n二段\n三行。四句。", 40) == [
        "一段写在前面\n\n",
        "二段\n三行。四句。",
    ]
    assert split("第一行字\n第二行字", 20) == ["第一行字\n", "第二行字"]
    assert split("一句话。两句话。", 20) == ["一句话。", "两句话。"]
    assert split("Version 1.5 is out. Get it now", 25) == ["Version 1.5 is out.", " Get it now"]
    assert split("没有任何地方可以断开的长字", 20) == ["没有任何地方", "可以断开的长", "字"]


def test_a_good_place_too_early_is_no_reason_for_a_tiny_part() -> None:
    text = "标题\n\n" + "这是一句话。" * 20
    first, *_ = split(text, 100)
    assert size(first) > 50
    assert first.endswith("。")


def test_a_link_longer_than_a_part_is_cut_after_all() -> None:
    link = f"[长](https://a.cn/{'x' * 100})"
    assert "".join(split(link, 40)) == link


def test_nothing_has_no_parts() -> None:
    assert split("", 100) == []


def test_a_limit_below_one_character_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="3 bytes"):
        split("字", 3)


@given(documents, st.integers(8, 200))
def test_what_is_cut_fits_and_says_so(document: str, limit: int) -> None:
    short = cut(document, limit)
    assert size(short) <= limit
    if short != document:
        assert short.endswith("…")
        assert document.startswith(short[:-1])


@given(st.text(max_size=40), st.integers(1, 30))
def test_what_is_clipped_has_the_length_of_a_card(text: str, count: int) -> None:
    assert len(clip(text, count)) <= count
