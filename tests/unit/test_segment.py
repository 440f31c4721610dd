"""Cutting words: as jieba does, with the words of the trade, without what says nothing."""

import importlib
import logging
import re
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.lexicon import family
from models.segment import cut, runs, things, topics

ROOT = Path(__file__).parents[2]
HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]+")


@pytest.fixture(scope="module")
def oracle(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], list[str]]:
    """The cuts of jieba with the same words; it warns of itself when it is compiled."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        jieba = importlib.import_module("jieba")
    jieba.setLogLevel(logging.ERROR)
    made = jieba.Tokenizer()
    made.tmp_dir = str(tmp_path_factory.mktemp("jieba"))
    for group, words in family("domain").items():
        if group != "stop":
            for word in words:
                made.add_word(word)
    return made.lcut  # type: ignore[no-any-return]


def test_cuts_are_those_of_jieba(oracle: Callable[[str], list[str]]) -> None:
    files = [*ROOT.glob("config/**/*.toml"), *ROOT.glob("docs/**/*.md")]
    pieces = {run for file in files for run in HAN.findall(file.read_text("utf-8"))}
    assert len(pieces) > 2000
    wrong = [piece for piece in sorted(pieces) if cut(piece) != oracle(piece)]
    assert wrong == []


@given(text=st.text(alphabet=st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5)))
def test_cuts_are_those_of_jieba_on_any_characters(
    oracle: Callable[[str], list[str]], text: str
) -> None:
    assert cut(text) == oracle(text)


def test_words_of_the_trade_stay_whole() -> None:
    assert cut("台区线损率偏高，劳保手套磨损太快")[:2] == ["台区", "线损率"]
    assert "劳保手套" in cut("劳保手套磨损太快")
    assert cut("三会一课与主题党日") == ["三会一课", "与", "主题党日"]


def test_figures_and_latin_words_are_cut_by_themselves() -> None:
    assert cut("10kV 线路 ＱＣ小组 2.5 JY-2026-0001") == [
        "10kv", "线路", "qc", "小组", "2.5", "jy-2026-0001",
    ]  # fmt: skip


@given(st.text(max_size=60))
def test_nothing_is_lost_between_cuts(text: str) -> None:
    assert "".join(cut(text)) == "".join(run for run, _ in runs(text))


def test_topics_say_what_a_text_is_about() -> None:
    found = topics("我们的食堂希望增加窗口，食堂 12 点就没有饭菜了")
    assert found["食堂"] == 2
    assert found["饭菜"] == 1
    assert not {"我们", "希望", "增加", "12", "的"} & set(found)


def test_things_are_nouns_and_no_persons() -> None:
    found = things("食堂晚饭排队二十多分钟，能否安排一次，劳保手套不够，张建国说线损率高")
    assert {"食堂", "晚饭", "劳保手套", "线损率"} <= found
    assert not {"安排", "能否", "一次", "张建国", "排队二十"} & found
