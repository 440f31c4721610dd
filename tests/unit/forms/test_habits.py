"""The table of typing habits (PRODUCT.md D.1), from the message as it arrives to the value."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from models.forms.address import after_slash, match_name, strip_mention
from models.forms.chain import match, read_chain
from models.forms.field import Problem, Unsure
from models.forms.kinds import Amount, Date, Percent, Unit
from models.forms.line import read_line
from models.forms.nearest import nearest
from models.forms.sheet import read_sheet, recognise_sheet
from models.forms.typed import Typed
from tests.unit.forms.aid import TRIAL, UNITS, reading

BOT = ("党建助手", "Party Bot")
COMMANDS = frozenset({"进展", "jz", "践诺", "督诺"})


def _report(message: str) -> dict[str, Any]:
    """What the progress command understands of a message, by field."""
    body = after_slash(strip_mention(Typed.read(message), BOT))
    assert body is not None
    named = match_name(body, COMMANDS)
    assert named is not None
    assert named[0] == "进展"
    line = read_line(TRIAL, named[1], reading())
    assert line.problems == ()
    return {key: TRIAL.field(key).parse(raw, reading()) for key, raw in line.answers.items()}


@pytest.mark.parametrize(
    "message",
    [
        "@党建助手 /进展 80%",
        "＠党建助手／进展　80％",
        "@Party Bot /进展 80%",
        "@Party  Bot　／ 进展 80 %",
        "@改了名的助手 /进展 80%",
        "/ 进展 80 %",
        "/进展80%",
        "／进展：８０％",
        "、进展 80%",
        "/进展 进度：80%",
        "/进展【进度】80%",
        "/进展 百分之八十",
        "/进展 80",
        "\ufeff/进展\u200b 80%",
        "@党建助手\u2005/进展 80%",
    ],
)
def test_the_same_report_in_every_dress(message: str) -> None:
    assert _report(message) == {"percent": Decimal(80)}


def test_input_methods_put_blanks_everywhere() -> None:
    report = _report("/ 进展 QC 小组 80 %")
    assert report == {"percent": Decimal(80), "said": "QC 小组 80 %"}
    assert _report("/进展 80 % QC 小组") == {"percent": Decimal(80), "said": "QC 小组"}


def test_full_width_marks_stay_in_the_description() -> None:
    said = "完成“配变轮换”——１２台；线路巡视…"
    assert _report(f"@党建助手 /进展 ８０％，{said}") == {"percent": Decimal(80), "said": said}


@pytest.mark.parametrize(
    ("typed", "value"),
    [("八成", 80), ("0.85", 85), ("8/10", 80), ("85％左右", 85), ("约八成五", 85)],
)
def test_uncertain_figures_are_asked_back(typed: str, value: int) -> None:
    read = _report(f"/进展 {typed} 说明")["percent"]
    assert isinstance(read, Unsure)
    assert read.value == value


def test_more_than_half_is_no_figure() -> None:
    assert isinstance(_report("/进展 过半")["percent"], Problem)
    assert isinstance(Percent(key="p").parse("过半", reading()), Problem)


@pytest.mark.parametrize(("typed", "yuan"), [("两万余元", 20_000), ("2000余万", 20_000_000)])
def test_rough_amounts_keep_their_flag(typed: str, yuan: int) -> None:
    read = Amount(key="a").parse(typed, reading())
    assert isinstance(read, Unsure)
    assert (read.value, read.key) == (Decimal(yuan), "doubt.about")


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("9月底", date(2026, 9, 30)),
        ("月底前", date(2026, 9, 30)),
        ("本周五", date(2026, 9, 25)),
        ("下周一", date(2026, 9, 28)),
        ("国庆前", date(2026, 9, 30)),
        ("25号", date(2026, 9, 25)),
        ("9-30", date(2026, 9, 30)),
    ],
)
def test_relative_dates_are_shown_resolved(typed: str, day: date) -> None:
    read = Date(key="d").parse(typed, reading())
    assert isinstance(read, Unsure)
    assert read.value == day
    assert "（周" in read.params["value"]


def test_a_full_date_is_not_asked_back() -> None:
    assert Date(key="d").parse("2026.9.30", reading()) == date(2026, 9, 30)


@pytest.mark.parametrize("typed", ["城南供电服务指挥中心党支部", "城南指挥中心", "城南支部"])
def test_one_unit_under_three_names(typed: str) -> None:
    found = Unit(key="u").parse(typed, reading())
    assert not isinstance(found, Problem | Unsure)
    assert found.key == "B01"


@pytest.mark.parametrize(("typed", "key"), [("二支部", "B03"), ("运检一支部", "B05")])
def test_short_names_with_numerals(typed: str, key: str) -> None:
    found = Unit(key="u").parse(typed, reading())
    assert not isinstance(found, Problem | Unsure)
    assert found.key == key


def test_two_close_units_are_never_picked() -> None:
    assert isinstance(Unit(key="u").parse("城北", reading()), Problem)
    assert isinstance(Unit(key="u").parse("检修一班支部", reading()), Problem)


def test_a_copied_template_comes_back() -> None:
    message = Typed.read(
        "各位领导：\n\n【进展填报】\n支部：二支部\n\n\n进度：８０％\n问题：无\n\n收到"
    )
    assert recognise_sheet((TRIAL,), message) is TRIAL
    sheet = read_sheet(TRIAL, message)
    assert sheet.answers == {"branch": "二支部", "percent": "８０％", "said": "无"}
    assert sheet.unknown == ("各位领导：",)
    one_line = Typed.read("【项目进展】支部：二支部 进度：８０％ 问题：无")
    assert read_sheet(TRIAL, one_line).answers == sheet.answers


def test_a_chain_becomes_rows() -> None:
    chain = read_chain(
        Typed.read("＃接龙 9月进展\n1. 城南营业党支部 85％\n2、检修二班支部：已完成\n③ 火星 1%")
    )
    assert chain is not None
    rows = [(m.unit.key if m.unit else "", m.body.source) for m in match(chain, UNITS)]
    assert rows == [("B02", "85％"), ("B03", "已完成"), ("", "火星 1%")]


@pytest.mark.parametrize(("typed", "meant"), [("见诺", "践诺"), ("督喏", "督诺"), ("近展", "进展")])
def test_homophones_are_suggested_not_executed(typed: str, meant: str) -> None:
    assert match_name(Typed.read(typed), COMMANDS) is None
    assert nearest(typed, COMMANDS) == (meant,)
