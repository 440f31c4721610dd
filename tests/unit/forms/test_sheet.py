"""The sheet that is copied, filled in and sent back."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.forms.field import Option
from models.forms.form import Form
from models.forms.kinds import Amount, Choice, Date, Integer, LongText, Percent, Text, Unit, YesNo
from models.forms.sheet import (
    Sheet,
    read_sheet,
    recognise_sheet,
    sheet_heading,
    write_sheet,
)
from models.forms.typed import Typed, clean, normal
from tests.unit.forms.aid import TRIAL, TYPING, reading
from tests.unit.forms.test_laws import VALUES

VISIT = Form(
    key="visit",
    version=1,
    fields=(Date(key="day"), Integer(key="count"), Text(key="place"), YesNo(key="held")),
)


def _sheet(text: str, form: Form = TRIAL) -> Sheet:
    return read_sheet(form, Typed.read(text))


def test_an_empty_sheet_shows_heading_labels_and_hints() -> None:
    assert write_sheet(TRIAL, {}, hints={"percent": "0（整数）到 100%"}) == (
        "【进展填报】\n支部：\n进度（0 整数 到 100%）：\n原因：\n说明："
    )
    assert sheet_heading(TRIAL) == "【进展填报】"


def test_known_answers_are_filled_in() -> None:
    written = write_sheet(TRIAL, {"percent": "80%"}, keys=("percent", "said"))
    assert written == "【进展填报】\n进度：80%\n说明："


@pytest.mark.parametrize(
    "typed",
    [
        "【进展填报】\n支部：城南支部\n进度：80%\n说明：完成两项",
        "进展填报\n\n支部:城南支部\n\n\n进度:80%\n\n说明:完成两项\n",
        "支部：城南支部\n进度：80%\n说明：完成两项\n收到",
        "支部：城南支部\n进度：80%\n说明：完成两项\n\n收到！\n谢谢。",
        "说明：完成两项\n进度：80%\n支部：城南支部",
        "【支部】城南支部\n【进度】80%\n【说明】完成两项",
        "[支部]：城南支部\n「进度」80%\n〔说明〕 完成两项",
        "【支部：城南支部】\n【进度：80%】\n【说明：完成两项】",
        "1、支部：城南支部\n2、进度：80%\n3、说明：完成两项",
        "- 支部：城南支部\n- 进度：80%\n- 说明：完成两项",
        "【进展填报】支部：城南支部 进度：80% 说明：完成两项",
        "【9月进展】支部：城南支部；进度：80%；说明：完成两项",
        "支部：\n城南支部\n进度：\n80%\n说明：\n完成两项",
        "支　部：城南支部\n进　度：80%\n说　明：完成两项",
        "支部（全称）：城南支部\n进度（0—100%）：80%\n说明：完成两项",
        "＃进展填报＃\r\n支部：城南支部\r\n进度：80%\r\n说明：完成两项\r\n",
        "支部：城南支部\n进度 80%\n说明：完成两项",
    ],
)
def test_a_sheet_is_read_in_any_dress(typed: str) -> None:
    sheet = _sheet(typed)
    assert sheet.answers == {"branch": "城南支部", "percent": "80%", "said": "完成两项"}
    assert sheet.unknown == ()
    assert recognise_sheet((VISIT, TRIAL), Typed.read(typed)) is TRIAL


def test_missing_lines_are_missing_answers() -> None:
    assert _sheet("进度：80%").answers == {"percent": "80%"}
    assert _sheet("支部：\n进度：80%\n说明：").answers == {"percent": "80%"}


def test_the_long_text_takes_everything_behind_its_label() -> None:
    sheet = _sheet(
        "支部：城南支部\n进度：80%\n原因：\n说明：一、巡视\n进度：70% 是上周的\n\n二、检修"
    )
    assert sheet.answers["percent"] == "80%"
    assert sheet.answers["said"] == "一、巡视\n进度：70% 是上周的\n\n二、检修"


def test_other_lines_are_told() -> None:
    sheet = _sheet("各位好，我们的进展如下\n支部：城南支部\n顺便问一句\n进度：80% 快了\n收到")
    assert sheet.answers == {"branch": "城南支部", "percent": "80%"}
    assert sheet.unknown == ("各位好，我们的进展如下", "顺便问一句", "快了")


def test_a_second_line_with_the_same_label_is_told() -> None:
    sheet = _sheet("进度：80%\n进度：70%")
    assert sheet.answers == {"percent": "80%"}
    assert sheet.unknown == ("进度：70%",)


def test_a_polite_word_alone_is_an_answer() -> None:
    assert _sheet("进度：80%\n说明：收到").answers["said"] == "收到"


@pytest.mark.parametrize("text", ["你好", "进度：80%", "今天开会", "", "【通知】明天开会"])
def test_other_messages_are_no_sheets(text: str) -> None:
    assert recognise_sheet((VISIT, TRIAL), Typed.read(text)) is None


def test_a_sheet_without_heading_is_known_by_its_labels() -> None:
    typed = Typed.read("日期：9月30日\n人数：12\n地点：城南变电站")
    assert recognise_sheet((TRIAL, VISIT), typed) is VISIT


STORED = st.text(max_size=80).map(clean)
LINES = st.lists(
    st.sampled_from(
        [
            "进度：70%",
            "【说明】",
            "说明：",
            "收到",
            "谢谢",
            "【以上】",
            "【进展填报】",
            "",
            " ",
            "原因",
            "1、支部：甲",
        ]
    )
    | STORED,
    max_size=6,
).map("\n".join)


def _seen(text: str) -> bool:
    return bool(normal(text).strip())


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "branch": st.sampled_from(["城南营业党支部（B02）", "QC 小组党支部（B06）"]),
            "percent": st.sampled_from(["0%", "80%", "85.5%"]),
            "reason": st.one_of(STORED, LINES)
            .map(lambda text: clean(text.replace("\n", " ")))
            .filter(_seen),
            "said": st.one_of(STORED, LINES).map(clean).filter(_seen),
        },
    ),
    st.sets(st.sampled_from(["branch", "percent", "reason", "said"])),
)
def test_a_written_sheet_is_read_back(texts: dict[str, str], more: set[str]) -> None:
    keys = {*texts, *more}
    written = write_sheet(TRIAL, texts, keys, hints={"percent": "例如 60%"})
    assert read_sheet(TRIAL, Typed.read(written), keys) == Sheet(texts)


EVERY = Form(
    key="every",
    version=1,
    fields=(
        Unit(key="unit"),
        Percent(key="percent"),
        Amount(key="amount"),
        Date(key="date"),
        YesNo(key="yes"),
        Integer(key="integer", low=-1000),
        Choice(key="choice", options=(Option("a", "QC 小组"), Option("b", "党建+，安全"))),
        Text(key="text"),
        LongText(key="long"),
    ),
)


@given(st.data())
def test_every_kind_goes_through_a_sheet(data: st.DataObject) -> None:
    values: dict[str, Any] = {
        one.key: data.draw(VALUES[one.key] if one.key != "choice" else st.sampled_from("ab"))
        for one in EVERY.fields
    }
    texts = {one.key: one.echo(values[one.key]) for one in EVERY.fields}
    sheet = read_sheet(EVERY, Typed.read(write_sheet(EVERY, texts)))
    parsed = {one.key: one.parse(sheet.answers[one.key], reading()) for one in EVERY.fields}
    assert parsed == values


@given(TYPING)
def test_reading_any_text_as_a_sheet_never_fails(text: str) -> None:
    typed = Typed.read(text)
    read_sheet(TRIAL, typed)
    recognise_sheet((VISIT, TRIAL), typed)
