"""What the pledge helper calls vague, and what it leaves alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.wording import label_in, vague_words


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("努力做好服务", ["努力", "做好"]),
        ("进一步提升客户满意度", ["进一步", "提升"]),
        ("以身作则，全力以赴", ["以身作则", "全力以赴"]),
        ("充分发挥党员作用", ["充分发挥"]),
        ("帮老人检查用电", []),
        ("努力做到每月走访 2 户", []),
        ("努力做到每月走访两户", []),
        ("认真对待，当天工单当天办结", []),
        ("力争全年零投诉", []),
        ("线损率努力降到百分之三", []),
        ("12月底前优化报装流程", []),
        ("", []),
    ],
)
def test_words_without_a_result_are_named(text: str, found: list[str]) -> None:
    assert vague_words(text) == found


@given(st.lists(st.sampled_from(["努力", "做好", "服务", "走访", "老人", "，"]), max_size=12))
def test_a_figure_silences_the_advice_and_only_what_was_written_is_named(parts: list[str]) -> None:
    text = "".join(parts)
    assert set(vague_words(text)) == {"努力", "做好"} & set(parts)
    assert vague_words(text + "3 次") == []


def test_labels_on_colleagues_are_found() -> None:
    assert label_in("帮助后 进 员工转变") == "后进"
    assert label_in("老张带小李学带电作业") == ""
