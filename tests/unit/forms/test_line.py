"""One typed line, sorted into the fields."""

from collections import Counter

import pytest
from hypothesis import given

from config.texts import t
from models.forms.form import Form
from models.forms.kinds import Date, Integer, LongText, Period, Text, YesNo
from models.forms.line import Line, read_line
from models.forms.typed import Typed
from tests.unit.forms.aid import TEXTS, TRIAL, TYPING, reading

VISIT = Form(
    key="visit",
    version=1,
    fields=(
        Date(key="day"),
        Integer(key="count"),
        Text(key="place"),
        YesNo(key="held", required=False),
    ),
    positional=("place", "day", "count"),
)
ONLY = Form(key="period", version=1, fields=(Period(key="period"),), positional=("period",))
NONE = Form(key="none", version=1, fields=())


def _line(text: str, form: Form = TRIAL) -> Line:
    return read_line(form, Typed.read(text), reading())


@pytest.mark.parametrize(
    ("typed", "percent", "said"),
    [
        ("60% 完成两项", "60%", "完成两项"),
        ("６０％　完成两项", "６０％", "完成两项"),
        ("60 % QC 小组 活动", "60 %", "QC 小组 活动"),
        ("60%完成两项", "60%", "完成两项"),
        ("60 完成两项", "60", "完成两项"),
        ("60，完成两项，明天继续", "60", "完成两项，明天继续"),
        ("八成 完成两项", "八成", "完成两项"),
        ("过半 完成两项", "过半", "完成两项"),
        ("85％左右 完成两项", "85％左右", "完成两项"),
        ("0.85 完成两项", "0.85", "完成两项"),
        ("8/10 完成两项", "8/10", "完成两项"),
        ("进度：80% 说明：完成“两项”", "80%", "完成“两项”"),
        ("说明：完成两项 进度：80%", "80%", "完成两项"),
        ("说明：完成两项；进度：８０％", "８０％", "完成两项"),
        ("进度80% 完成两项", "80%", "完成两项"),
        ("进度 80%，完成两项", "80%", "完成两项"),
        ("进　度：80% 完成两项", "80%", "完成两项"),
        ("完成率：80%\n说明：第一行\n第二行", "80%", "第一行\n第二行"),
        ("【进度】80% 【说明】完成两项", "80%", "完成两项"),
        ("[进度] 80% [说明] 完成两项", "80%", "完成两项"),
        ("「进度」：80%「说明」：完成两项", "80%", "完成两项"),
        ("【进度：80%】【说明：完成两项】", "80%", "完成两项"),
        ("〔进度〕80%〔说明〕完成两项", "80%", "完成两项"),
        ("进度=80% 说明=完成两项", "80%", "完成两项"),
        ("进度（%）：80 说明：完成两项", "80", "完成两项"),
        ("【项目进展】进度：80% 问题：无", "80%", "无"),
        ("今天完成两项 60%", "60%", "今天完成两项 60%"),
        ("今天完成两项，进度到60%", "60%", "今天完成两项，进度到60%"),
        ("已完成60%，明天继续", "60%", "已完成60%，明天继续"),
        ("巡视 60%完成", "60%", "巡视 60%完成"),
        ("３ 个项目完成 60%", "60%", "３ 个项目完成 60%"),
        ("9 月底完成 60%", "60%", "9 月底完成 60%"),
        ("80 线损降到5%", "80", "线损降到5%"),
        ("60% 完成巡视，问题：绝缘子破损", "60%", "完成巡视，问题：绝缘子破损"),
        ("60% 完成情况：甲 问题：乙", "60%", "甲 问题：乙"),
        ("60% 说明", "60%", "说明"),
        ("120% 完成", "120%", "完成"),
    ],
)
def test_a_report_is_sorted_into_progress_and_words(typed: str, percent: str, said: str) -> None:
    line = _line(typed)
    assert line.answers == {"percent": percent, "said": said}
    assert line.problems == ()


@pytest.mark.parametrize(
    "typed",
    [
        "今天线损下降5%",
        "合格率达到98%",
        "同比提高 5%",
        "甲 60%，乙 80%",
        "由60%-80%推进",
        "完成两项",
        "80人参加活动",
        "2026年计划已报",
    ],
)
def test_another_percentage_is_not_taken_for_the_progress(typed: str) -> None:
    assert _line(typed).answers == {"said": typed}


def test_a_branch_is_read_up_to_the_end_of_its_name() -> None:
    line = _line("支部：城南支部 60% 完成两项")
    assert line.answers == {"branch": "城南支部", "percent": "60%", "said": "完成两项"}
    line = _line("支部：QC 小组党支部 60%")
    assert line.answers == {"branch": "QC 小组党支部", "percent": "60%"}
    line = _line("支部：火星 60% 完成两项")
    assert line.answers == {"branch": "火星", "percent": "60%", "said": "完成两项"}


def test_a_second_value_for_one_field_is_told() -> None:
    line = _line("进度：80% 进度：70% 说明：好")
    assert line.answers == {"percent": "80%", "said": "好"}
    ((key, problem),) = line.problems
    assert key == "percent"
    assert "70%" in t(problem.key, **problem.params)
    assert _line("进度：80% 进度：80%").problems == ()


def test_an_empty_line_says_nothing() -> None:
    assert _line(" \u3000\n") == Line({})
    assert _line("进度： 说明：") == Line({})


def test_positional_fields_take_what_they_recognise() -> None:
    line = _line("城南变电站 9-30 12人 办结：是", VISIT)
    assert line.answers == {"place": "城南变电站", "day": "9-30", "count": "12人", "held": "是"}
    line = _line("城南变电站 12 日期：明天", VISIT)
    assert line.answers == {"place": "城南变电站", "count": "12", "day": "明天"}


def test_the_last_positional_field_takes_what_nobody_knows() -> None:
    assert _line("哪一周都行", ONLY).answers == {"period": "哪一周都行"}
    line = _line("上周 谢谢", ONLY)
    assert line.answers == {"period": "上周"}
    ((_, problem),) = line.problems
    assert "谢谢" in t(problem.key, **problem.params)


def test_a_form_of_a_percentage_alone_finds_it_in_the_words() -> None:
    form = Form(key="trial", version=1, fields=(TRIAL.field("percent"),), positional=("percent",))
    line = _line("完成两项 60%", form)
    assert line.answers == {"percent": "60%"}
    ((_, problem),) = line.problems
    assert "完成两项" in t(problem.key, **problem.params)
    assert _line("已完成60%", form).answers == {"percent": "60%"}
    assert _line("已完成", form).answers == {"percent": "已完成"}


def test_words_without_a_place_are_told() -> None:
    ((key, problem),) = _line("谢谢", NONE).problems
    assert key == ""
    assert "谢谢" in t(problem.key, **problem.params)


def test_a_form_without_text_fields_keeps_loose_words_as_a_problem() -> None:
    form = Form(key="visit", version=1, fields=(Date(key="day"), Integer(key="count")))
    line = _line("顺便说一句 日期：明天 人数：3 好", form)
    assert line.answers == {"day": "明天", "count": "3"}
    assert [problem.params["typed"] for _, problem in line.problems] == ["顺便说一句", "好"]


def _characters(text: str) -> Counter[str]:
    return Counter(char for char in Typed.read(text).text if char.isalnum())


@pytest.mark.parametrize("form", [TRIAL, VISIT, ONLY, NONE], ids=lambda form: form.key)
@given(text=TYPING)
def test_nothing_typed_is_lost(form: Form, text: str) -> None:
    line = _line(text, form)
    kept = Counter[str]()
    for answer in line.answers.values():
        kept += _characters(answer)
    for _, problem in line.problems:
        kept += _characters(problem.params["typed"])
    labels = _characters("".join(_label_words(form))) if line.answers else Counter[str]()
    lost = set(_characters(text) - kept)
    assert lost <= set(labels)


def _label_words(form: Form) -> list[str]:
    words = []
    for key, value in TEXTS.items():
        if key.startswith(f"form.{form.key}."):
            words.extend([value] if isinstance(value, str) else value)
    return words


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("60% 完成配变轮换，完成率95%", "完成配变轮换，完成率95%"),
        ("60% 完成甲段 进度 80% 的乙段", "完成甲段 进度 80% 的乙段"),
        ("60% 说明：甲；问题：乙，完成率 95%", "甲；问题：乙，完成率 95%"),
        ("进度：60% 说明：甲，进度 80% 的乙段", "甲，进度 80% 的乙段"),
    ],
)
def test_what_is_named_again_without_a_colon_is_one_of_the_words(typed: str, said: str) -> None:
    line = _line(typed)
    assert line == Line({"percent": "60%", "said": said})


@given(TYPING)
def test_words_behind_a_percentage_stay_as_typed(text: str) -> None:
    line = _line(f"60% 甲{text}")
    if line.answers.keys() == {"percent", "said"} and not line.problems:
        assert line.answers["said"] in f"甲{text}".strip()


def test_long_runs_of_separators_cost_little() -> None:
    form = Form(key="trial", version=1, fields=(LongText(key="said"),), positional=("said",))
    assert len(_line("，" * 50_000 + "好" + " 。" * 50_000 + "好", form).answers["said"]) > 100_000
