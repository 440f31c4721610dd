"""Cards against the tables: a good one of every type, and every way to break one."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sim.cards import Dealer, problems
from tests.unit.sim.kit import BUTTONS, NOTICE, Json

NEWS: Json = {
    "card_type": "news_notice",
    "source": {"desc": "支部通", "desc_color": 1},
    "main_title": {"title": "双月公开单", "desc": "2026年第5期"},
    "card_image": {"url": "http://127.0.0.1:1/a.png", "aspect_ratio": 2.25},
    "vertical_content_list": [{"title": "进度领先", "desc": "城南党支部"}],
    "horizontal_content_list": [{"keyname": "期号", "value": "5"}],
    "jump_list": [{"type": 1, "title": "看全部", "url": "http://127.0.0.1:1/"}],
    "card_action": {"type": 1, "url": "http://127.0.0.1:1/"},
}
VOTE: Json = {
    "card_type": "vote_interaction",
    "main_title": {"title": "选时间"},
    "checkbox": {
        "question_key": "when",
        "mode": 0,
        "option_list": [
            {"id": "mon", "text": "周一", "is_checked": True},
            {"id": "tue", "text": "周二", "is_checked": False},
        ],
    },
    "submit_button": {"text": "提交", "key": "send"},
    "task_id": "vote-1@a_b",
}
MULTIPLE: Json = {
    "card_type": "multiple_interaction",
    "main_title": {"title": "补充信息"},
    "select_list": [
        {
            "question_key": "grade",
            "title": "等级",
            "option_list": [{"id": "a", "text": "甲"}, {"id": "b", "text": "乙"}],
            "selected_id": "b",
        }
    ],
    "submit_button": {"text": "提交", "key": "send"},
    "task_id": "multi-1",
}
GOOD = [NOTICE, NEWS, BUTTONS, VOTE, MULTIPLE]


def found(card: Any, dealer: Dealer = Dealer.BOT, *, update: bool = False) -> list[str]:
    return [str(problem) for problem in problems(card, dealer, update=update)]


@pytest.mark.parametrize("card", GOOD, ids=lambda card: str(card["card_type"]))
@pytest.mark.parametrize("dealer", [Dealer.BOT, Dealer.APP])
def test_good_cards(card: Json, dealer: Dealer) -> None:
    assert found(card, dealer) == []
    assert found(card, dealer, update=True) == []


def test_a_webhook_deals_notices_only() -> None:
    assert found(NOTICE, Dealer.WEBHOOK) == []
    assert found(NEWS, Dealer.WEBHOOK) == []
    assert found(BUTTONS, Dealer.WEBHOOK) == ["card_type value"]


def put(path: str, value: object) -> Callable[[Json], Json]:
    """A card with one thing changed; ``...`` takes it out."""

    def change(card: Json) -> Json:
        names = path.split(".")
        copy: Any = {**card}
        at = copy
        for name in names[:-1]:
            key: Any = int(name) if name.isdigit() else name
            at[key] = list(at[key]) if isinstance(at[key], list) else dict(at[key])
            at = at[key]
        if value is ...:
            del at[names[-1]]
        else:
            at[int(names[-1]) if names[-1].isdigit() else names[-1]] = value
        return dict(copy)

    return change


OPTION = {"id": "x", "text": "某项"}
BROKEN = [
    (NOTICE, "card_action", ..., "card_action missing"),
    (NOTICE, "card_action.type", 0, "card_action.type value"),
    (NOTICE, "card_action.url", ..., "card_action.url missing"),
    (NOTICE, "card_action.url", "ftp://x", "card_action.url value"),
    (NOTICE, "main_title", {"desc": "x"}, "main_title.title missing"),
    (NOTICE, "main_title", "x", "main_title type"),
    (NOTICE, "button_list", [], " unknown key 'button_list'"),
    (NOTICE, "action_menu", {"desc": "x", "action_list": []}, "action_menu.action_list count"),
    (
        NOTICE,
        "action_menu",
        {"desc": "x", "action_list": [{"text": "a", "key": "k"}]},
        "task_id missing",
    ),
    (
        NOTICE,
        "horizontal_content_list",
        [{"keyname": "键", "value": "v"}] * 7,
        "horizontal_content_list count",
    ),
    (NOTICE, "jump_list", [{"title": "看", "type": 3}], "jump_list[0].question missing"),
    (NOTICE, "quote_area", {"type": 1, "title": "x"}, "quote_area.url missing"),
    (NEWS, "card_image", ..., "card_image missing"),
    (NEWS, "card_image.aspect_ratio", 3, "card_image.aspect_ratio value"),
    (NEWS, "card_image.aspect_ratio", True, "card_image.aspect_ratio type"),
    (NEWS, "source.desc_color", 4, "source.desc_color value"),
    (BUTTONS, "task_id", ..., "task_id missing"),
    (BUTTONS, "task_id", "x" * 129, "task_id bytes"),
    (BUTTONS, "task_id", "编号", "task_id characters"),
    (BUTTONS, "task_id", "", "task_id characters"),
    (BUTTONS, "main_title.title", "", "main_title.title missing"),
    (BUTTONS, "button_list", ..., "button_list missing"),
    (BUTTONS, "button_list", [], "button_list count"),
    (BUTTONS, "button_list.0.key", "leave", "button_list key twice"),
    (BUTTONS, "button_list.0.key", "键" * 342, "button_list[0].key bytes"),
    (BUTTONS, "button_list.0.style", 5, "button_list[0].style value"),
    (BUTTONS, "button_list.0.text", "", "button_list[0].text empty"),
    (VOTE, "checkbox", ..., "checkbox missing"),
    (VOTE, "checkbox.mode", 2, "checkbox.mode value"),
    (VOTE, "checkbox.option_list.1.is_checked", True, "checkbox.option_list one tick at most"),
    (VOTE, "checkbox.option_list.1.is_checked", 1, "checkbox.option_list[1].is_checked type"),
    (VOTE, "checkbox.option_list", [OPTION, OPTION], "checkbox.option_list id twice"),
    (VOTE, "checkbox.disable", True, "checkbox unknown key 'disable'"),
    (VOTE, "submit_button", ..., "submit_button missing"),
    (MULTIPLE, "select_list.0.selected_id", "c", "select_list[0].selected_id value"),
    (MULTIPLE, "select_list", [], "select_list count"),
    (MULTIPLE, "select_list.0.option_list", [], "select_list[0].option_list count"),
    (
        MULTIPLE,
        "select_list.0.option_list.0.id",
        "x" * 129,
        "select_list[0].option_list[0].id bytes",
    ),
]


@pytest.mark.parametrize(("card", "path", "value", "problem"), BROKEN, ids=lambda v: str(v)[:40])
def test_broken_cards(card: Json, path: str, value: object, problem: str) -> None:
    assert problem.strip() in found(put(path, value)(card))


@pytest.mark.parametrize(
    ("path", "value", "dealer", "problem"),
    [
        ("main_title.title", "字" * 27, Dealer.BOT, ["main_title.title chars"]),
        ("main_title.title", "字" * 36, Dealer.APP, []),
        ("main_title.title", "字" * 37, Dealer.APP, ["main_title.title chars"]),
        ("main_title.desc", "字" * 31, Dealer.BOT, ["main_title.desc chars"]),
        ("button_list.0.text", "字" * 11, Dealer.BOT, ["button_list[0].text chars"]),
        ("feedback", {"id": "f"}, Dealer.BOT, []),
        ("feedback", {"id": "f"}, Dealer.APP, ["unknown key 'feedback'"]),
        ("replace_text", "好", Dealer.APP, ["unknown key 'replace_text'"]),
    ],
)
def test_recommended_lengths_are_soft(
    path: str, value: object, dealer: Dealer, problem: list[str]
) -> None:
    card = put(path, value)(BUTTONS)
    assert found(card, dealer) == problem
    assert not any(one.hard for one in problems(card, dealer))


def test_the_app_may_link_buttons_and_replace_texts() -> None:
    link = put("button_list.0", {"text": "打开", "type": 1, "url": "http://127.0.0.1:1/"})(BUTTONS)
    assert found(link, Dealer.APP) == []
    assert found(put("button_list.0", {"text": "打开", "type": 1})(BUTTONS), Dealer.APP) == [
        "button_list[0].url missing"
    ]
    assert found(put("replace_text", "好")(BUTTONS), Dealer.APP, update=True) == []
    assert found(put("task_id", ...)(BUTTONS), Dealer.APP, update=True) == []
    assert found(put("task_id", ...)(BUTTONS), Dealer.BOT, update=True) == ["task_id missing"]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=5,
)


@given(card=st.sampled_from(GOOD), data=st.data())
def test_any_field_replaced_by_anything_never_raises(card: Json, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(card)))
    changed = {**card, name: data.draw(_JSON)}
    for dealer in Dealer:
        for problem in problems(changed, dealer):
            assert str(problem)


@given(value=_JSON)
def test_anything_is_no_card(value: object) -> None:
    assert problems(value, Dealer.BOT)
