"""Cards as the platform's templates: what is cut, what is refused, what is read as XML."""

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channel import CardKind
from bot.wecom.cards import encode, escape_xml, kind_of, to_xml
from bot.wecom.limits import APP_CARD, BOT_CARD
from handlers.content import Button, Card, Choice, Link, Select, Ticks, Tone
from tests.unit.wecom.aid import HOME

SUBMIT = Button("提交", "form.submit", Tone.PRIMARY)
NOTICE = Card("第48周排名", desc="经营型支部", body="共 305 个支部", lines=(("本支部", "第 3 名"),))
BUTTONS = Card(
    "张三发来心愿",
    body="想修一盏路灯",
    buttons=(
        Button("认领", "claim:XY-2026-0001", Tone.PRIMARY),
        Button("转办", "pass:XY-2026-0001"),
        Button("退回", "return:XY-2026-0001", Tone.DANGER),
    ),
    task="wish_1@a",
)
SELECTS = Card(
    "填报",
    selects=(
        Select("unit", "单位", (Choice("D01", "城东"), Choice("D02", "城西")), "D02"),
        Select("kind", "类别", (Choice("a", "甲"),)),
    ),
    buttons=(SUBMIT,),
    task="form_1",
)
TICKS = Card(
    "评议",
    ticks=Ticks("who", (Choice("p1", "张三"), Choice("p2", "李四")), many=True),
    buttons=(SUBMIT,),
    task="vote_1",
)


def read(xml: str) -> ET.Element:
    return ET.fromstring(xml)  # noqa: S314  (our own)


def bot(card: Card) -> dict[str, object]:
    return encode(card, lengths=BOT_CARD, home=HOME)


@pytest.mark.parametrize(
    ("card", "kind", "name"),
    [
        (NOTICE, CardKind.NOTICE, "text_notice"),
        (BUTTONS, CardKind.BUTTONS, "button_interaction"),
        (SELECTS, CardKind.SELECTS, "multiple_interaction"),
        (TICKS, CardKind.TICKS, "vote_interaction"),
    ],
)
def test_each_kind_has_its_template(card: Card, kind: CardKind, name: str) -> None:
    assert kind_of(card) is kind
    assert bot(card)["card_type"] == name


def test_a_notice_opens_a_page() -> None:
    assert bot(NOTICE) == {
        "card_type": "text_notice",
        "main_title": {"title": "第48周排名", "desc": "经营型支部"},
        "sub_title_text": "共 305 个支部",
        "horizontal_content_list": [{"keyname": "本支部", "value": "第 3 名"}],
        "card_action": {"type": 1, "url": HOME},
    }
    linked = replace(
        NOTICE, links=(Link("看全部", "https://a.cn/1"), Link("帮助", "https://a.cn/2"))
    )
    body = bot(linked)
    assert body["card_action"] == {"type": 1, "url": "https://a.cn/1"}
    assert body["jump_list"] == [
        {"type": 1, "title": "看全部", "url": "https://a.cn/1"},
        {"type": 1, "title": "帮助", "url": "https://a.cn/2"},
    ]


def test_buttons_bear_their_action_and_tone() -> None:
    body = bot(replace(BUTTONS, links=(Link("详情", "https://a.cn"),)))
    assert body["task_id"] == "wish_1@a"
    assert body["button_list"] == [
        {"text": "认领", "style": 1, "key": "claim:XY-2026-0001"},
        {"text": "转办", "style": 2, "key": "pass:XY-2026-0001"},
        {"text": "退回", "style": 3, "key": "return:XY-2026-0001"},
    ]
    assert body["card_action"] == {"type": 1, "url": "https://a.cn"}


def test_selects_and_ticks_have_one_button_that_submits() -> None:
    assert bot(SELECTS)["select_list"] == [
        {
            "question_key": "unit",
            "title": "单位",
            "selected_id": "D02",
            "option_list": [{"id": "D01", "text": "城东"}, {"id": "D02", "text": "城西"}],
        },
        {"question_key": "kind", "title": "类别", "option_list": [{"id": "a", "text": "甲"}]},
    ]
    assert bot(SELECTS)["submit_button"] == {"text": "提交", "key": "form.submit"}
    assert bot(TICKS)["checkbox"] == {
        "question_key": "who",
        "mode": 1,
        "option_list": [{"id": "p1", "text": "张三"}, {"id": "p2", "text": "李四"}],
    }


def test_long_words_are_cut_where_people_can_see_it() -> None:
    long = Card("长" * 60, desc="短" * 60, body="文" * 200, lines=(("名称名称名称", "值" * 40),))
    for lengths in (BOT_CARD, APP_CARD):
        body = encode(long, lengths=lengths, home=HOME)
        assert len(body["main_title"]["title"]) == lengths.title
        assert body["main_title"]["title"].endswith("…")
        assert len(body["main_title"]["desc"]) == lengths.desc
        assert len(body["sub_title_text"]) == lengths.body
        assert body["horizontal_content_list"][0]["keyname"] == "名称名称…"
        assert len(body["horizontal_content_list"][0]["value"]) == lengths.value


def test_options_that_begin_alike_can_still_be_told_apart() -> None:
    names = ("国网江城供电公司变电检修第一党支部", "国网江城供电公司变电检修第二党支部")
    choices = tuple(Choice(str(n), name) for n, name in enumerate(names))
    card = replace(SELECTS, selects=(Select("unit", "单位", choices),))
    options = bot(card)["select_list"][0]["option_list"]  # type: ignore[index]  # JSON
    assert [option["text"] for option in options] == ["…变电检修第一党支部", "…变电检修第二党支部"]


def buttons(count: int) -> tuple[Button, ...]:
    return tuple(Button(f"钮{n}", f"do:{n}") for n in range(count))


def choices(count: int) -> tuple[Choice, ...]:
    return tuple(Choice(f"c{n}", f"项{n}") for n in range(count))


def selects(count: int) -> tuple[Select, ...]:
    return tuple(Select(f"s{n}", f"单{n}", choices(2)) for n in range(count))


@pytest.mark.parametrize(
    "card",
    [
        replace(NOTICE, title=""),
        replace(NOTICE, lines=(("名", "值"),) * 7),
        replace(NOTICE, lines=(("", "值"),)),
        replace(NOTICE, links=(Link("链", "https://a.cn"),) * 4),
        replace(BUTTONS, buttons=buttons(7)),
        replace(BUTTONS, task=""),
        replace(BUTTONS, task="JZ:1"),
        replace(BUTTONS, task="心愿"),
        replace(BUTTONS, task="x" * 129),
        replace(BUTTONS, buttons=(Button("", "do"),)),
        replace(BUTTONS, buttons=(Button("做", ""),)),
        replace(BUTTONS, buttons=(Button("做", "x" * 1025),)),
        replace(BUTTONS, buttons=(Button("做", "do"), Button("再做", "do"))),
        replace(BUTTONS, links=(Link("链", "https://a.cn"),) * 2),
        replace(SELECTS, selects=selects(4)),
        replace(SELECTS, selects=selects(1) * 2),
        replace(SELECTS, selects=(Select("s", "单", choices(11)),)),
        replace(SELECTS, selects=(Select("s", "单", ()),)),
        replace(SELECTS, selects=(Select("s", "单", choices(1) * 2),)),
        replace(SELECTS, selects=(Select("s", "单", (Choice("x" * 129, "项"),)),)),
        replace(SELECTS, selects=(Select("s", "单", (Choice("x", ""),)),)),
        replace(SELECTS, selects=(Select("s", "单", choices(2), "c9"),)),
        replace(SELECTS, buttons=()),
        replace(SELECTS, buttons=buttons(2)),
        replace(SELECTS, body="放不下的话"),
        replace(SELECTS, lines=(("名", "值"),)),
        replace(SELECTS, links=(Link("链", "https://a.cn"),)),
        replace(SELECTS, ticks=TICKS.ticks),
        replace(TICKS, ticks=Ticks("k", choices(21))),
        replace(TICKS, ticks=Ticks("", choices(2))),
    ],
)
def test_what_no_template_can_hold_is_never_dropped_silently(card: Card) -> None:
    with pytest.raises(ValueError, match="card"):
        bot(card)


def test_a_notice_must_open_something() -> None:
    with pytest.raises(ValueError, match="address"):
        encode(NOTICE, lengths=BOT_CARD, home="")


def test_the_hard_limits_themselves_are_allowed() -> None:
    bot(replace(NOTICE, lines=(("名", "值"),) * 6, links=(Link("链", "https://a.cn"),) * 3))
    bot(replace(BUTTONS, buttons=buttons(6), task="x" * 128))
    bot(replace(SELECTS, selects=(*selects(2), Select("s", "单", choices(10)))))
    bot(replace(TICKS, ticks=Ticks("k", choices(20))))


def test_the_app_updates_cards_in_xml() -> None:
    root = read(to_xml(encode(SELECTS, lengths=APP_CARD, home=HOME)))
    assert [child.tag for child in root] == [
        "CardType",
        "MainTitle",
        "SelectList",
        "SelectList",
        "SubmitButton",
    ]
    assert root.findtext("SelectList/OptionList/Id") == "D01"
    assert len(root.findall("SelectList/OptionList")) == 3
    ticks = read(to_xml(encode(TICKS, lengths=APP_CARD, home=HOME)))
    assert ticks.findtext("CheckBox/Mode") == "1"
    notice = read(to_xml(encode(NOTICE, lengths=APP_CARD, home=HOME)))
    assert notice.findtext("HorizontalContentList/KeyName") == "本支部"
    assert notice.findtext("SubTitleText") == "共 305 个支部"


def test_words_cannot_break_out_of_the_xml() -> None:
    nasty = "]]></Content><MsgType>x</MsgType><![CDATA[ & <b> \x00\x0b\ud800\uffff"
    card = Card(nasty[:26], body=nasty)
    root = read(to_xml(encode(card, lengths=APP_CARD, home=HOME)))
    assert root.findtext("SubTitleText") == "]]></Content><MsgType>x</MsgType><![CDATA[ & <b> "


@given(st.text())
def test_any_words_survive_as_xml(text: str) -> None:
    root = read(f"<x>{escape_xml(text)}</x>")
    kept = (root.text or "").replace("\n", "").replace("\r", "")
    assert set(kept) <= set(text)
