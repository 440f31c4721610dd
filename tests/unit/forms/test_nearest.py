"""Hints for mistyped commands."""

import pytest
from hypothesis import given

from models.forms.nearest import nearest
from tests.unit.forms.aid import TYPING

KNOWN = (
    *(
        "进展",
        "践诺",
        "督诺",
        "评诺",
        "承诺",
        "帮助",
        "绑定",
        "项目",
        "立项",
        "晋级",
        "排名",
        "待办",
        "我的",
    ),
    *("jz", "progress", "help", "公开单", "谈话", "整改", "走访", "心愿", "认领", "台账", "导出"),
)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("见诺", "践诺"),
        ("督喏", "督诺"),
        ("近展", "进展"),
        ("jinzhan", "进展"),
        ("ＪＩＮＺＨＡＮ", "进展"),
        ("进帐", "进展"),
        ("帮住", "帮助"),
        ("邦定", "绑定"),
        ("立象", "立项"),
        ("progres", "progress"),
        ("hepl", "help"),
        ("公开但", "公开单"),
        ("台帐", "台账"),
        ("抬账", "台账"),
    ],
)
def test_the_likest_word_comes_first(typed: str, meant: str) -> None:
    assert nearest(typed, KNOWN)[0] == meant


@pytest.mark.parametrize("typed", ["xyzzy", "今天天气", "", "12345"])
def test_no_hint_is_better_than_a_wrong_one(typed: str) -> None:
    assert nearest(typed, KNOWN) == ()


@given(TYPING)
def test_at_most_three_known_words(text: str) -> None:
    hints = nearest(text, KNOWN)
    assert len(hints) <= 3
    assert set(hints) <= set(KNOWN)


def test_a_known_word_is_its_own_nearest() -> None:
    assert all(nearest(word, KNOWN)[0] == word for word in KNOWN)
