"""Template cards, checked strictly against pages 101032 (smart bot), 90236 (app), 91770 (webhook).

"Recommended" character counts are soft: the client cuts what is longer. Counts of lists, byte
sizes, required fields, unique keys and references between fields are hard.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Final

from bot.sim import limits
from bot.sim.messages import Json
from bot.sim.shape import Flag, Many, Number, Obj, Problem, Shape, Text, Whole


class Dealer(StrEnum):
    """Who sends the card; the tables differ."""

    BOT = "bot"
    APP = "app"
    WEBHOOK = "webhook"


NOTICES: Final = frozenset({"text_notice", "news_notice"})
INTERACTIVE: Final = frozenset(
    {"button_interaction", "vote_interaction", "multiple_interaction"},
)
_TASK: Final = re.compile(r"[0-9A-Za-z_\-@]+")


@dataclass(frozen=True, slots=True)
class _Lengths:
    """Recommended maxima in characters."""

    source: int
    title: int
    desc: int
    sub_title: int
    value: int
    jump: int
    vertical_title: int
    vertical_desc: int
    option: int


_SMART: Final = _Lengths(13, 26, 30, 112, 26, 13, 26, 112, 10)
_APP: Final = _Lengths(20, 36, 44, 160, 30, 18, 38, 160, 16)

# Which optional and required fields each type has besides those of every card.
_NOTICE: Final = ("action_menu", "quote_area", "horizontal_content_list", "card_action")
_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "text_notice": (*_NOTICE, "emphasis_content", "sub_title_text", "jump_list"),
    "news_notice": (
        *_NOTICE,
        "card_image",
        "image_text_area",
        "vertical_content_list",
        "jump_list",
    ),
    "button_interaction": (*_NOTICE, "sub_title_text", "button_selection", "button_list"),
    "vote_interaction": ("checkbox", "submit_button"),
    "multiple_interaction": ("select_list", "submit_button"),
}
_REQUIRED: Final[Mapping[str, frozenset[str]]] = {
    "text_notice": frozenset({"card_action"}),
    "news_notice": frozenset({"main_title", "card_action"}),
    "button_interaction": frozenset({"main_title", "button_list", "task_id"}),
    "vote_interaction": frozenset({"main_title", "checkbox", "submit_button", "task_id"}),
    "multiple_interaction": frozenset({"main_title", "select_list", "submit_button"}),
}


@dataclass(frozen=True, slots=True)
class _Demanded:
    """A shape that must be there on this type of card."""

    shape: Shape
    required: bool = True

    def check(self, value: object, path: str = "") -> Iterator[Problem]:
        return self.shape.check(value, path)


def problems(card: object, dealer: Dealer, *, update: bool = False) -> list[Problem]:
    """Everything wrong with a card; ``update``: it takes the place of one that was sent."""
    if not isinstance(card, dict):
        return [Problem("template_card", "type")]
    kind = str(card.get("card_type"))
    if kind not in _FIELDS or (dealer is Dealer.WEBHOOK and kind not in NOTICES):
        return [Problem("card_type", "value")]
    found = list(_shape(kind, dealer, update).check(card))
    if any(problem.hard for problem in found):
        return found
    return found + list(_conditions(card, kind, dealer))


@cache
def _shape(kind: str, dealer: Dealer, update: bool) -> Obj:  # noqa: FBT001  (a cache key)
    lengths = _APP if dealer is Dealer.APP else _SMART
    everything = _notice_fields(lengths, dealer) | _interactive_fields(lengths, dealer, update)
    names = ["card_type", "source", "main_title", "task_id", *_FIELDS[kind]]
    if dealer is Dealer.BOT:
        names.append("feedback")
    if update and dealer is Dealer.APP:
        names.append("replace_text")
    required = _REQUIRED[kind] - ({"task_id"} if update and dealer is Dealer.APP else set())
    keys = {name: everything[name] for name in names}
    for name in required:
        keys[name] = _Demanded(keys[name])
    return Obj(keys=keys)


def _target(*kinds: int) -> dict[str, Shape]:
    """The keys of something that may be clicked."""
    return {"type": Whole(values=kinds), "url": Text(), "appid": Text(), "pagepath": Text()}


def _notice_fields(lengths: _Lengths, dealer: Dealer) -> dict[str, Shape]:
    title: dict[str, Shape] = {
        "title": Text(chars=lengths.title),
        "desc": Text(chars=lengths.desc),
    }
    source: dict[str, Shape] = {
        "icon_url": Text(),
        "desc": Text(chars=lengths.source),
        "desc_color": Whole(values=(0, 1, 2, 3)),
    }
    picture: dict[str, Shape] = {
        "url": Text(required=True),
        "aspect_ratio": Number(least=1.3, most=2.25),
    }
    beside: dict[str, Shape] = {
        **_target(0, 1, 2),
        "title": Text(),
        "desc": Text(),
        "image_url": Text(required=True),
    }
    return {
        "card_type": Text(required=True),
        "source": Obj(keys=source),
        "main_title": Obj(keys=title),
        "emphasis_content": Obj(keys={"title": Text(chars=10), "desc": Text(chars=15)}),
        "quote_area": Obj(keys={**_target(0, 1, 2), "title": Text(), "quote_text": Text()}),
        "sub_title_text": Text(chars=lengths.sub_title),
        "card_image": Obj(keys=picture),
        "image_text_area": Obj(keys=beside),
        **_notice_lists(lengths, dealer),
        "card_action": Obj(keys=_target(0, 1, 2)),
        "task_id": Text(size=limits.TASK_ID),
        "feedback": Obj(keys={"id": Text(required=True, size=limits.BOT_FEEDBACK_ID)}),
        "replace_text": Text(),
    }


def _notice_lists(lengths: _Lengths, dealer: Dealer) -> dict[str, Shape]:
    smart = dealer is Dealer.BOT
    row: dict[str, Shape] = {
        "keyname": Text(required=True, chars=5),
        "value": Text(chars=lengths.value),
        "type": Whole(values=(0, 1, 3) if smart else (0, 1, 2, 3)),
        "url": Text(),
        "userid": Text(),
    }
    jumps = (0, 1, 2, 3) if smart else (0, 1, 2)
    jump = {"title": Text(required=True, chars=lengths.jump), **_target(*jumps)}
    if smart:
        jump["question"] = Text(size=limits.SMART_REPLY)
    else:
        row["media_id"] = Text()
    vertical: dict[str, Shape] = {
        "title": Text(required=True, chars=lengths.vertical_title),
        "desc": Text(chars=lengths.vertical_desc),
    }
    return {
        "vertical_content_list": Many(item=Obj(keys=vertical), most=4, least=0),
        "horizontal_content_list": Many(item=Obj(keys=row), most=6, least=0),
        "jump_list": Many(item=Obj(keys=jump), most=3, least=0),
    }


def _options(chars: int, most: int, *, ticked: bool = False) -> Many:
    keys: dict[str, Shape] = {
        "id": Text(required=True, size=limits.OPTION_ID),
        "text": Text(required=True, chars=chars),
    }
    if ticked:
        keys["is_checked"] = Flag()
    return Many(item=Obj(keys=keys), most=most, unique="id", required=True)


def _interactive_fields(lengths: _Lengths, dealer: Dealer, update: bool) -> dict[str, Shape]:  # noqa: FBT001
    key = Text(required=True, size=limits.CARD_KEY)
    after: dict[str, Shape] = {"disable": Flag()} if update else {}
    action: dict[str, Shape] = {"text": Text(required=True), "key": key}
    button: dict[str, Shape] = {
        "text": Text(required=True, chars=10),
        "style": Whole(values=(1, 2, 3, 4)),
        "key": key,
    }
    if dealer is Dealer.APP:
        link: dict[str, Shape] = {"type": Whole(values=(0, 1)), "url": Text()}
        button = button | link | {"key": Text(size=limits.CARD_KEY)}

    def selection(option: int) -> dict[str, Shape]:
        return {
            "question_key": key,
            "title": Text(chars=13),
            "option_list": _options(option, 10),
            "selected_id": Text(),
            **after,
        }

    ticks: dict[str, Shape] = {
        "question_key": key,
        "mode": Whole(values=(0, 1)),
        "option_list": _options(11, 20, ticked=True),
        **after,
    }
    return {
        "action_menu": Obj(
            keys={
                "desc": Text(required=True),
                "action_list": Many(item=Obj(keys=action), most=3, unique="key", required=True),
            }
        ),
        "button_selection": Obj(keys=selection(lengths.option)),
        "button_list": Many(item=Obj(keys=button), most=6),
        "checkbox": Obj(keys=ticks),
        "select_list": Many(item=Obj(keys=selection(10)), most=3, unique="question_key"),
        "submit_button": Obj(keys={"text": Text(required=True, chars=10), "key": key}),
    }


def _conditions(card: Json, kind: str, dealer: Dealer) -> Iterator[Problem]:
    """What one field demands of another."""
    if kind == "text_notice":
        if not card.get("main_title", {}).get("title") and not card.get("sub_title_text"):
            yield Problem("main_title.title", "missing")
    elif not card["main_title"].get("title"):
        yield Problem("main_title.title", "missing")
    if kind == "news_notice" and not ("card_image" in card or "image_text_area" in card):
        yield Problem("card_image", "missing")
    if kind in NOTICES and card["card_action"].get("type") not in {1, 2}:
        yield Problem("card_action.type", "value")
    if "action_menu" in card and "task_id" not in card and kind in NOTICES:
        yield Problem("task_id", "missing")
    if "task_id" in card and not _TASK.fullmatch(card["task_id"]):
        yield Problem("task_id", "characters")
    yield from _targets(card)
    yield from _buttons(card, dealer)
    for path, selection in _selections(card):
        ids = {option["id"] for option in selection["option_list"]}
        if selection.get("selected_id") and selection["selected_id"] not in ids:
            yield Problem(f"{path}.selected_id", "value")
    yield from _single_tick(card)


def _selections(card: Json) -> Iterator[tuple[str, Json]]:
    if "button_selection" in card:
        yield "button_selection", card["button_selection"]
    for index, selection in enumerate(card.get("select_list", [])):
        yield f"select_list[{index}]", selection


def _single_tick(card: Json) -> Iterator[Problem]:
    box = card.get("checkbox", {})
    ticked = [option for option in box.get("option_list", []) if option.get("is_checked")]
    if box.get("mode", 0) == 0 and len(ticked) > 1:
        yield Problem("checkbox.option_list", "one tick at most")


def _targets(card: Json) -> Iterator[Problem]:
    """Type and address belong together."""
    places: list[tuple[str, Json]] = [
        (name, card[name])
        for name in ("card_action", "quote_area", "image_text_area")
        if name in card
    ]
    for name in ("jump_list", "horizontal_content_list"):
        places += [(f"{name}[{at}]", item) for at, item in enumerate(card.get(name, []))]
    for path, item in places:
        row = path.startswith("horizontal")
        match item.get("type", 0):
            case 1:
                yield from _need(path, item, "url")
                if item.get("url") and not item["url"].startswith(("http://", "https://")):
                    yield Problem(f"{path}.url", "value")
            case 2:
                yield from _need(path, item, "media_id" if row else "appid")
            case 3:
                yield from _need(path, item, "userid" if row else "question")


def _need(path: str, item: Json, name: str) -> Iterator[Problem]:
    if not item.get(name):
        yield Problem(f"{path}.{name}", "missing")


def _buttons(card: Json, dealer: Dealer) -> Iterator[Problem]:
    buttons = card.get("button_list", [])
    keys = [button["key"] for button in buttons if button.get("key")]
    if len(set(keys)) != len(keys):
        yield Problem("button_list", "key twice")
    for at, button in enumerate(buttons):
        if dealer is Dealer.APP:
            yield from _need(f"button_list[{at}]", button, "url" if button.get("type") else "key")
