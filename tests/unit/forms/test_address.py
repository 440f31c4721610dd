"""The mention and the command's name."""

import pytest
from hypothesis import given

from models.forms.address import after_slash, match_name, split_command, strip_mention
from models.forms.typed import Typed
from tests.unit.forms.aid import TYPING

NAMES = ("支部通", "支部通助手", "Party Bot")
COMMANDS = frozenset({"进展", "jz", "progress", "我的", "我的数据", "?", "进展 无变化"})


def _without(text: str) -> str:
    return strip_mention(Typed.read(text), NAMES).source


@pytest.mark.parametrize(
    ("typed", "left"),
    [
        ("@支部通 /进展 80%", "/进展 80%"),
        ("＠支部通／进展　80％", "／进展　80％"),
        ("@支部通/进展", "/进展"),
        ("@支部通   /进展", "/进展"),
        ("@支部通\u2005/进展", "/进展"),
        ("@支部通，/进展", "/进展"),
        ("@支部通助手 /进展", "/进展"),
        ("@party  bot /进展", "/进展"),
        ("@Ｐａｒｔｙ Ｂｏｔ /进展", "/进展"),
        ("\n\n@支部通 /进展", "/进展"),
        ("@支部通\n/进展 80%\n说明", "/进展 80%\n说明"),
        ("「张三：今天 60%」\n- - - - - -\n@支部通 /进展", "/进展"),
        ("> 上周的通报\n@支部通 /帮助", "/帮助"),
        ("@支部通 @支部通 好", "@支部通 好"),
        ("/进展 80%", "/进展 80%"),
    ],
)
def test_one_mention_at_the_start_is_taken_away(typed: str, left: str) -> None:
    assert _without(typed) == left


def test_in_a_mixed_message_the_command_comes_first() -> None:
    assert _without("今天的活动照片\n@支部通 /进展 80%") == "/进展 80%\n今天的活动照片"
    assert _without("今天的活动照片\n@支部通 请看") == "今天的活动照片\n请看"


@pytest.mark.parametrize(
    "typed", ["zhang@支部通.com 收", "请看 @支部通 说的", "user@host /进展", "@所有人，开会"]
)
def test_a_name_in_the_middle_stays(typed: str) -> None:
    assert _without(typed) == typed


@pytest.mark.parametrize("typed", ["@党建助手 /进展", "@党建助手/进展", "＠新名字　/进展"])
def test_a_renamed_bot_still_hears_its_commands(typed: str) -> None:
    assert _without(typed) == "/进展"


def test_a_latin_name_is_not_the_beginning_of_a_longer_one() -> None:
    assert _without("@Party Bots /进展") == "Bots /进展"


@given(TYPING)
def test_stripping_a_mention_loses_nothing_else(text: str) -> None:
    typed = Typed.read("@支部通 " + text.replace("@", "").replace("＠", ""))
    left = strip_mention(typed, NAMES)
    assert left.text.strip() == typed.text[5:].lstrip(" :,").strip()


@pytest.mark.parametrize(
    ("typed", "name", "rest"),
    [
        ("/进展 80%", "进展", "80%"),
        ("/进展80%", "进展", "80%"),
        ("/ 进展 80 %", "进展", "80 %"),
        ("／进展：８０％", "进展", "８０％"),
        ("、进展 80%", "进展", "80%"),
        ("\\进展 80%", "进展", "80%"),
        ("//jz 80%", "jz", "80%"),
        ("/进展", "进展", ""),
        ("/进展\n80%", "进展", "80%"),
        ("/ 进展 QC 小组 80 %", "进展", "QC 小组 80 %"),
        ("/进展八成", "进展八成", ""),
    ],
)
def test_the_command_is_the_word_after_the_slash(typed: str, name: str, rest: str) -> None:
    split = split_command(Typed.read(typed))
    assert split is not None
    assert (split[0], split[1].source) == (name, rest)


@pytest.mark.parametrize("typed", ["进展 80%", "", "/", "/ 80%", "好/坏"])
def test_other_texts_are_no_commands(typed: str) -> None:
    assert split_command(Typed.read(typed)) is None


@pytest.mark.parametrize(
    ("typed", "name", "rest"),
    [
        ("/进展八成", "进展", "八成"),
        ("/JZ80%", "jz", "80%"),
        ("/我的数据", "我的数据", ""),
        ("/我的", "我的", ""),
        ("/？", "?", ""),
        ("/进展　无变化", "进展 无变化", ""),
        ("/progress 80%", "progress", "80%"),
    ],
)
def test_the_longest_known_name_counts(typed: str, name: str, rest: str) -> None:
    body = after_slash(Typed.read(typed))
    assert body is not None
    found = match_name(body, COMMANDS)
    assert found is not None
    assert (found[0], found[1].source) == (name, rest)


@pytest.mark.parametrize("typed", ["jzx", "progression", "未知", ""])
def test_an_unknown_word_is_no_name(typed: str) -> None:
    assert match_name(Typed.read(typed), COMMANDS) is None


@given(TYPING)
def test_splitting_any_text_never_fails(text: str) -> None:
    typed = strip_mention(Typed.read(text), NAMES)
    split_command(typed)
    match_name(typed, COMMANDS)
