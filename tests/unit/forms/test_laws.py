"""What holds for every kind: reading never fails, and what was echoed is read again."""

from datetime import date
from decimal import Decimal
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.texts import t
from models.forms.field import Description, Field, Named, Option, Problem, Unsure
from models.forms.kinds import (
    KINDS,
    Amount,
    Attachment,
    Choice,
    Choices,
    Date,
    Figure,
    Integer,
    LongText,
    Percent,
    Period,
    Person,
    Schedule,
    Text,
    Unit,
    YesNo,
)
from models.forms.periods import CalendarPeriod, PeriodKind, in_year
from models.forms.schedule import Point
from models.forms.typed import clean, fold, normal
from tests.unit.forms.aid import DAYS, TYPING, reading

TYPES: Final = (
    Option("management", "管理型"),
    Option("service", "服务型", ("生产服务型", "生产型")),
    Option("business", "经营型"),
    Option("qc", "QC 小组", ("2", "质量小组")),
    Option("plus", "党建+（安全）。"),
)

FIELDS: Final[tuple[Field[Any], ...]] = (
    Text(key="text"),
    LongText(key="long"),
    Integer(key="integer", low=-1000),
    Percent(key="percent"),
    Amount(key="amount"),
    Figure(key="figure"),
    Date(key="date"),
    Date(key="held", past=True),
    Period(key="period"),
    Period(key="week", kinds=(PeriodKind.WEEK,)),
    Choice(key="choice", options=TYPES),
    Choices(key="choices", options=TYPES),
    YesNo(key="yes"),
    Person(key="person"),
    Unit(key="unit"),
    Attachment(key="photos"),
    Schedule(key="schedule"),
)


def _is_stored(text: str) -> bool:
    return clean(text) == text and bool(normal(text).strip())


@st.composite
def _periods(draw: st.DrawFn, *kinds: PeriodKind) -> CalendarPeriod:
    kind = draw(st.sampled_from(kinds))
    year = draw(st.integers(1900, 2199))
    return CalendarPeriod(kind, year, draw(st.integers(1, in_year(kind, year))))


def _points() -> st.SearchStrategy[Point]:
    """Lines of a plan; their words may hold figures, but no mark that ends a line."""
    words = st.text("完成方案评审abc12%. （）率第二阶段", min_size=1, max_size=20).filter(
        lambda text: (
            _is_stored(text) and text == text.strip(" .%") and text[0] not in "0123456789（）"
        )
    )
    day, tenths = st.dates(date(1900, 1, 1), date(2199, 12, 31)), st.integers(0, 1000)
    return st.builds(lambda d, w, p: Point(d, w, Decimal(p) / 10), day, words, tenths)


WORDS = st.text(min_size=1, max_size=200)
VALUES: Final[dict[str, st.SearchStrategy[Any]]] = {
    "text": WORDS.filter(lambda text: _is_stored(text) and "\n" not in text),
    "long": WORDS.filter(_is_stored),
    "integer": st.integers(-1000, 1_000_000_000),
    "percent": st.integers(0, 1000).map(lambda tenths: Decimal(tenths) / 10),
    "amount": st.integers(0, 10**14).map(lambda cents: Decimal(cents) / 100),
    "figure": st.decimals(-(10**9), 10**9, places=4),
    "schedule": st.lists(_points(), min_size=1, max_size=12).map(tuple),
    "date": st.dates(date(1900, 1, 1), date(2199, 12, 31)),
    "held": st.dates(date(1900, 1, 1), date(2199, 12, 31)),
    "period": _periods(*PeriodKind),
    "week": _periods(PeriodKind.WEEK),
    "choice": st.sampled_from([option.id for option in TYPES]),
    "choices": st.sets(st.sampled_from([option.id for option in TYPES]), min_size=1).map(
        lambda ids: tuple(option.id for option in TYPES if option.id in ids)
    ),
    "yes": st.booleans(),
    "person": st.sampled_from([Named("zhangsan", "张三"), Named("zhangwei02", "张伟")]),
    "unit": st.sampled_from(
        [Named("B02", "城南营业党支部"), Named("B06", "QC 小组党支部"), Named("D01", "城北党总支")]
    ),
    "photos": st.lists(st.integers(1, 10**9), min_size=1, max_size=9, unique=True).map(tuple),
}
EACH = pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.key)


@EACH
@given(data=st.data(), today=DAYS)
def test_what_was_echoed_is_read_again_on_any_day(
    field: Field[Any], data: st.DataObject, today: date
) -> None:
    value = data.draw(VALUES[field.key])
    assert field.parse(field.echo(value), reading(today)) == value


@EACH
@given(text=TYPING, today=DAYS)
def test_reading_never_fails_and_what_was_read_can_be_echoed(
    field: Field[Any], text: str, today: date
) -> None:
    value = field.parse(text, reading(today))
    if isinstance(value, Problem):
        assert t(value.key, **value.params)
        return
    if isinstance(value, Unsure):
        assert t(value.key, **value.params)
        value = value.value
    assert field.parse(field.echo(value), reading(today)) == value


@EACH
@given(text=TYPING)
def test_a_lead_lies_inside_the_text(field: Field[Any], text: str) -> None:
    read = normal(text)
    assert 0 <= field.lead(read) <= len(read)


@EACH
@given(data=st.data())
def test_an_echoed_value_leads_a_line(field: Field[Any], data: st.DataObject) -> None:
    if field.key in ("long", "text", "choices", "person", "unit", "photos", "schedule"):
        assert field.lead("") == 0
        return
    text = normal(field.echo(data.draw(VALUES[field.key])))
    assert field.lead(f"{text} 其余") == len(text)


@EACH
def test_every_kind_describes_itself(field: Field[Any]) -> None:
    described = field.describe()
    assert isinstance(described, Description)
    assert (described.kind, described.key, described.required) == (field.kind, field.key, True)
    assert described.example


def test_all_kinds_are_tried_and_have_their_own_name() -> None:
    assert {type(field) for field in FIELDS} == set(KINDS)
    assert len({kind.kind for kind in KINDS}) == len(KINDS)


@given(text=TYPING)
def test_folding_is_blind_to_width_and_blanks(text: str) -> None:
    assert fold(f" {text}\u3000") == fold(text) == fold(normal(text))
    assert fold("ＱＣ 小组") == fold("qc小组")
