"""One suite for all faces: the same random answers through each give the same stored ones."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.faces import card, dialogue, page
from config import texts
from models.forms.field import Field, Named, Option, Problem, Unsure
from models.forms.flow import Ask, Confirm, Done, Filling, Given, Outcome, Said, advance, label_of
from models.forms.form import Form
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
from models.forms.line import read_line
from models.forms.sheet import Midway, read_sheet, sheet_midway, write_sheet
from models.forms.typed import Typed, clean, normal
from tests.unit.forms.aid import reading
from tests.unit.forms.test_laws import TYPES, VALUES

KINDS_OF_BRANCH: Final = TYPES[:4]  # labels as people write them, without marks at their end
IDS: Final = [option.id for option in KINDS_OF_BRANCH]
FIELDS: Final[tuple[Field[Any], ...]] = (
    Unit(key="unit"),
    Person(key="person"),
    Percent(key="percent"),
    Amount(key="amount"),
    Integer(key="integer", low=-1000),
    Figure(key="figure"),
    Date(key="date"),
    Period(key="period"),
    Choice(key="choice", options=KINDS_OF_BRANCH),
    Choices(key="choices", options=KINDS_OF_BRANCH),
    YesNo(key="yes"),
    Attachment(key="photos", required=False),
    Text(key="text"),
    LongText(key="long"),
)
FORM: Final = Form(key="faces", version=1, fields=FIELDS)
PLANNED: Final = Form(key="planned", version=1, fields=(Text(key="text"), Schedule(key="schedule")))
CHOOSING: Final = Form(
    key="choosing",
    version=1,
    fields=(Choice(key="choice", options=TYPES[:3]), YesNo(key="yes")),
)
OTHER: Final = Form(key="progress", version=1, fields=(Text(key="reason"), Text(key="said")))
"""Of the house: a question of its own is open when somebody pastes another sheet."""
LABELS: Final = {
    "unit": "单位",
    "person": "人员",
    "percent": "进度",
    "amount": "金额",
    "integer": "人数",
    "figure": "数值",
    "schedule": "节点",
    "date": "日期",
    "period": "时段",
    "choice": "类别",
    "choices": "门类",
    "yes": "办结",
    "photos": "照片",
    "text": "标题",
    "long": "内容",
}
LETTERS = st.text("完成配变轮换巡视线路台区abcXYZ", min_size=3, max_size=40)


@pytest.fixture(autouse=True, scope="module")
def labels() -> Iterator[None]:
    """Labels of the forms of this suite."""
    known: dict[str, Any] = {**texts.catalogue()}
    for form in ("faces", "planned", "choosing"):
        known[f"form.{form}.title"] = "各面一致"
        known |= {f"form.{form}.{key}.label": label for key, label in LABELS.items()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(texts, "catalogue", lambda: known)
        yield


@st.composite
def answers(draw: st.DrawFn) -> dict[str, Any]:
    """A valid value for every field that can be typed."""
    values = {f.key: draw(VALUES[f.key]) for f in FIELDS if f.typed}
    many = draw(st.sets(st.sampled_from(IDS), min_size=1))
    return {
        **values,
        "choice": draw(st.sampled_from(IDS)),
        "choices": tuple(one for one in IDS if one in many),
        "text": draw(LETTERS),
        "long": draw(LETTERS),
    }


def done(outcome: Outcome) -> Mapping[str, Any]:
    assert isinstance(outcome, Done), outcome
    return outcome.values


def raw_of(form: Form, values: Mapping[str, Any]) -> dict[str, str]:
    return {key: form.field(key).echo(value) for key, value in values.items()}


def by_line(form: Form, values: Mapping[str, Any]) -> Mapping[str, Any]:
    line = " ".join(f"{LABELS[key]}：{raw}" for key, raw in raw_of(form, values).items())
    read = read_line(form, Typed.read(line), reading())
    return done(advance(form, Filling(), Given(read.answers), reading(), {})[1])


def by_sheet(form: Form, values: Mapping[str, Any]) -> Mapping[str, Any]:
    sheet = read_sheet(form, Typed.read(write_sheet(form, raw_of(form, values))))
    return done(advance(form, Filling(), Given(sheet.answers), reading(), {})[1])


def by_sheet_midway(form: Form, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """The first question is open, and instead of its answer the whole sheet comes."""
    filling, _ = advance(form, Filling(), Given({}, complete=False), reading(), {})
    written = write_sheet(form, raw_of(form, values))
    for text in (written, written.partition("\n")[2]):  # with its heading, and without
        typed = Typed.read(text)
        asked = form.field(filling.asking)
        assert sheet_midway(form, asked, [OTHER], typed) == Midway(form, sure=True)
        assert sheet_midway(OTHER, None, [form], typed) == Midway(form, sure=text is written)
    raw = read_sheet(form, Typed.read(written)).answers
    return done(advance(form, filling, Given(raw), reading(), {})[1])


def by_dialogue(form: Form, values: Mapping[str, Any]) -> Mapping[str, Any]:
    raw = raw_of(form, values)
    filling, outcome = advance(form, Filling(), Given({}, complete=False), reading(), {})
    while isinstance(outcome, Ask | Confirm):
        said = "是" if isinstance(outcome, Confirm) else raw.get(filling.asking, "跳过")
        if isinstance(outcome, Ask):
            assert dialogue.put(form, outcome, "1.1").text
        filling, outcome = advance(form, filling, Said(said), reading(), {})
    return done(outcome)


def by_page(form: Form, values: Mapping[str, Any]) -> Mapping[str, Any]:
    drawn = page.draw(form, raw_of(form, values), {}, {field.key for field in form.fields})
    posted = {field.key: field.value for field in drawn}
    return done(advance(form, Filling(), Given(posted), reading(), {})[1])


FACES: Final[dict[str, Callable[[Form, Mapping[str, Any]], Mapping[str, Any]]]] = {
    "line": by_line,
    "sheet": by_sheet,
    "sheet midway": by_sheet_midway,
    "dialogue": by_dialogue,
    "page": by_page,
}


def test_every_kind_is_in_the_suite() -> None:
    assert {type(field) for form in (FORM, PLANNED) for field in form.fields} == set(KINDS)


@pytest.mark.parametrize("face", FACES)
@given(values=answers())
@settings(max_examples=60)
def test_same_answers_through_every_face(face: str, values: dict[str, Any]) -> None:
    assert FACES[face](FORM, values) == {**values, "photos": None}


@pytest.mark.parametrize("face", FACES)
@given(text=LETTERS, points=VALUES["schedule"])
@settings(max_examples=40)
def test_a_plan_of_many_lines_through_every_face(face: str, text: str, points: Any) -> None:
    values = {"text": text, "schedule": points}
    assert FACES[face](PLANNED, values) == values


@given(choice=st.sampled_from([option.id for option in TYPES[:3]]), yes=st.booleans())
def test_a_card_carries_a_form_of_choices_whole(choice: str, yes: bool) -> None:  # noqa: FBT001
    plan = card.plan(CHOOSING)
    assert plan.fit is card.Fit.WHOLE
    drawn = card.draw(CHOOSING, plan, "1.1")
    picked = {}
    for select in drawn.selects:
        wanted = {"choice": choice, "yes": "yes" if yes else "no"}[select.key]
        picked[select.key] = (next(c.id for c in select.choices if c.id == wanted),)
    raw = card.answers(CHOOSING, picked)
    outcome = advance(CHOOSING, Filling(), Given(raw), reading(), {})[1]
    assert done(outcome) == {"choice": choice, "yes": yes}


def options(count: int, label: str = "甲") -> tuple[Option, ...]:
    return tuple(Option(f"o{n}", f"{label}{n}") for n in range(count))


@pytest.mark.parametrize(
    ("fields", "fit"),
    [
        ((Choice(key="choice", options=options(10)),), card.Fit.WHOLE),
        ((Choice(key="choice", options=options(11)),), card.Fit.NONE),
        ((Choice(key="choice", options=options(3, "十一个汉字的选项太长了")),), card.Fit.NONE),
        ((Choice(key="choice", options=options(3)), Text(key="text")), card.Fit.PART),
        ((Text(key="text"),), card.Fit.NONE),
        ((Choices(key="choices", options=options(20)),), card.Fit.WHOLE),
        ((Choices(key="choices", options=options(21)),), card.Fit.NONE),
        (tuple(Choice(key=f"c{n}", options=options(2)) for n in range(4)), card.Fit.PART),
    ],
)
def test_a_card_says_how_much_of_a_form_it_carries(
    fields: tuple[Field[Any], ...], fit: card.Fit
) -> None:
    plan = card.plan(Form(key="choosing", version=1, fields=fields))
    assert plan.fit is fit
    assert {*plan.carried, *plan.left} == {field.key for field in fields}


@given(data=st.data())
def test_nothing_typed_in_a_dialogue_breaks_it(data: st.DataObject) -> None:
    filling, outcome = advance(FORM, Filling(), Given({}, complete=False), reading(), {})
    for _ in range(30):
        if isinstance(outcome, Done):
            break
        words = st.one_of(st.text(max_size=30), st.sampled_from(["上一步", "跳过", "是", "不对"]))
        filling, outcome = advance(FORM, filling, Said(data.draw(words)), reading(), {})
        for raw in filling.answers.values():
            assert clean(raw) == raw or normal(raw)
    for key, raw in filling.answers.items():
        assert not isinstance(FORM.field(key).parse(raw, reading()), Problem | Unsure)


def test_a_named_thing_is_shown_by_name_and_code() -> None:
    assert Unit(key="unit").echo(Named("B02", "城南营业党支部")) == "城南营业党支部（B02）"
    assert label_of(FORM, "unit") == "单位"
