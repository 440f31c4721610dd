"""A card as the platform's template card: JSON (pages 101032, 90236) and XML (page 90241).

Words are cut visibly at the recommended maxima. What has a hard limit is never dropped: a card
with a seventh button, or with lines where its kind has no room for lines, is a ``ValueError``,
for it is our own mistake and nobody can mend it later.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final
from xml.sax.saxutils import escape

from bot.channel import CardKind
from bot.text import clip, size
from bot.wecom import limits
from bot.wecom.limits import CardLengths
from handlers.content import Button, Card, Choice, Tone

_TASK = re.compile(rf"[0-9A-Za-z_\-@]{{1,{limits.CARD_TASK}}}")
_TYPES: Final[Mapping[CardKind, str]] = MappingProxyType(
    {
        CardKind.NOTICE: "text_notice",
        CardKind.BUTTONS: "button_interaction",
        CardKind.SELECTS: "multiple_interaction",
        CardKind.TICKS: "vote_interaction",
    }
)
_STYLES: Final[Mapping[Tone, int]] = MappingProxyType(
    {Tone.PRIMARY: 1, Tone.PLAIN: 2, Tone.DANGER: 3}
)
_OPEN_URL: Final = 1


def kind_of(card: Card) -> CardKind:
    """Which template card a card needs; ``ValueError`` for a mixture no template has."""
    if card.selects and card.ticks:
        raise ValueError("a card has selects or ticks, not both")
    if card.ticks:
        return CardKind.TICKS
    if card.selects:
        return CardKind.SELECTS
    return CardKind.BUTTONS if card.buttons else CardKind.NOTICE


def encode(card: Card, *, lengths: CardLengths, home: str) -> dict[str, Any]:
    """Build the JSON of a template card.

    ``lengths``  the door's recommended maxima (``limits.BOT_CARD`` or ``limits.APP_CARD``)
    ``home``     address a notice opens when the card has no link of its own; notices need one
    """
    kind = kind_of(card)
    _check(card, kind)
    body: dict[str, Any] = {
        "card_type": _TYPES[kind],
        "main_title": _drop_empty(
            title=clip(card.title, lengths.title), desc=clip(card.desc, lengths.desc)
        ),
    }
    if card.task:
        body["task_id"] = card.task
    return body | _PARTS[kind](card, lengths, home)


def _check(card: Card, kind: CardKind) -> None:
    """Hold the hard limits that all kinds share."""
    _demand(bool(card.title), "a title")
    _demand(bool(card.task) or kind is CardKind.NOTICE, "a task")
    _demand(not card.task or bool(_TASK.fullmatch(card.task)), "a task of letters, digits, _-@")
    _demand(len(card.lines) <= limits.CARD_LINES, f"at most {limits.CARD_LINES} lines")
    _demand(all(name for name, _ in card.lines), "a name for each line")
    _demand(len(card.buttons) <= limits.CARD_BUTTONS, f"at most {limits.CARD_BUTTONS} buttons")
    _demand(all(button.label for button in card.buttons), "a label on each button")
    _check_keys((button.action for button in card.buttons), limits.CARD_KEY)
    if kind in (CardKind.SELECTS, CardKind.TICKS):
        _demand(len(card.buttons) == 1, "exactly one button that submits")
        _demand(not (card.body or card.lines or card.links), "neither body, lines nor links")


def _notice(card: Card, lengths: CardLengths, home: str) -> dict[str, Any]:
    _demand(len(card.links) <= limits.CARD_LINKS, f"at most {limits.CARD_LINKS} links")
    address = card.links[0].url if card.links else home
    _demand(bool(address), "an address to open")
    return _words(card, lengths) | _drop_empty(
        jump_list=[
            {"type": _OPEN_URL, "title": clip(link.label, lengths.jump), "url": link.url}
            for link in card.links
        ],
        card_action={"type": _OPEN_URL, "url": address},
    )


def _button_card(card: Card, lengths: CardLengths, _home: str) -> dict[str, Any]:
    _demand(len(card.links) <= 1, "at most one link beside buttons")
    return _words(card, lengths) | _drop_empty(
        card_action={"type": _OPEN_URL, "url": card.links[0].url} if card.links else None,
        button_list=[
            {
                "text": clip(button.label, lengths.button),
                "style": _STYLES[button.tone],
                "key": button.action,
            }
            for button in card.buttons
        ],
    )


def _select_card(card: Card, lengths: CardLengths, _home: str) -> dict[str, Any]:
    _demand(len(card.selects) <= limits.CARD_SELECTS, f"at most {limits.CARD_SELECTS} selects")
    _check_keys((select.key for select in card.selects), limits.CARD_KEY)
    for select in card.selects:
        _check_choices(select.choices, limits.SELECT_CHOICES)
        chosen = {"", *(choice.id for choice in select.choices)}
        _demand(select.chosen in chosen, "a chosen option that exists")
    return {
        "select_list": [
            _drop_empty(
                question_key=select.key,
                title=clip(select.label, lengths.select),
                selected_id=select.chosen,
                option_list=_options(select.choices, lengths.choice),
            )
            for select in card.selects
        ],
        "submit_button": _submit(card.buttons[0], lengths),
    }


def _tick_card(card: Card, lengths: CardLengths, _home: str) -> dict[str, Any]:
    if card.ticks is None:
        raise ValueError("a tick card needs ticks")
    _check_choices(card.ticks.choices, limits.TICK_CHOICES)
    _check_keys((card.ticks.key,), limits.CARD_KEY)
    return {
        "checkbox": {
            "question_key": card.ticks.key,
            "mode": int(card.ticks.many),
            "option_list": _options(card.ticks.choices, lengths.tick),
        },
        "submit_button": _submit(card.buttons[0], lengths),
    }


_PARTS: Final[Mapping[CardKind, Callable[[Card, CardLengths, str], dict[str, Any]]]] = (
    MappingProxyType(
        {
            CardKind.NOTICE: _notice,
            CardKind.BUTTONS: _button_card,
            CardKind.SELECTS: _select_card,
            CardKind.TICKS: _tick_card,
        }
    )
)


def _words(card: Card, lengths: CardLengths) -> dict[str, Any]:
    return _drop_empty(
        sub_title_text=clip(card.body, lengths.body),
        horizontal_content_list=[
            {"keyname": clip(name, lengths.keyname), "value": clip(value, lengths.value)}
            for name, value in card.lines
        ],
    )


def _submit(button: Button, lengths: CardLengths) -> dict[str, str]:
    return {"text": clip(button.label, lengths.button), "key": button.action}


def _options(choices: Sequence[Choice], count: int) -> list[dict[str, str]]:
    """Options with labels of at most ``count`` characters that can still be told apart.

    Units of one company begin alike; where the cut labels coincide, the ends are shown instead.
    """
    labels = [clip(choice.label, count) for choice in choices]
    if len(set(labels)) < len(labels):
        labels = [_clip_front(choice.label, count) for choice in choices]
    return [{"id": choice.id, "text": label} for choice, label in zip(choices, labels, strict=True)]


def _clip_front(text: str, count: int) -> str:
    return text if len(text) <= count else "…" + text[1 - count :]


def _check_choices(choices: Sequence[Choice], most: int) -> None:
    _demand(1 <= len(choices) <= most, f"one to {most} options")
    _demand(all(choice.label for choice in choices), "a label on each option")
    _check_keys((choice.id for choice in choices), limits.CARD_OPTION_ID)


def _check_keys(keys: Iterable[str], most: int) -> None:
    listed = list(keys)
    _demand(all(0 < size(key) <= most for key in listed), f"keys of one to {most} bytes")
    _demand(len(set(listed)) == len(listed), "keys that differ")


def _demand(kept: bool, what: str) -> None:  # noqa: FBT001  (reads as a sentence)
    if not kept:
        raise ValueError(f"this card needs {what}")


def _drop_empty(**parts: Any) -> dict[str, Any]:  # noqa: ANN401  (JSON)
    return {name: value for name, value in parts.items() if value}


_TAGS: Final = {"keyname": "KeyName", "checkbox": "CheckBox"}
_NO_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def escape_xml(text: str) -> str:
    """Words as XML text; characters XML cannot hold at all are left out."""
    return escape(_NO_XML.sub("", text))


def to_xml(card: Mapping[str, Any]) -> str:
    """The ``TemplateCard`` element of a passive update: CamelCase, lists as repeated elements.

    The platform knows which card was clicked; a task id has no place in it (page 90241).
    """
    fields = {name: value for name, value in card.items() if name != "task_id"}
    return f"<TemplateCard>{_elements(fields)}</TemplateCard>"


def _elements(fields: Mapping[str, Any]) -> str:
    return "".join(_element(name, value) for name, value in fields.items())


def _element(name: str, value: Any) -> str:  # noqa: ANN401  (JSON)
    if isinstance(value, list):
        return "".join(_element(name, entry) for entry in value)
    tag = _TAGS.get(name) or "".join(part.capitalize() for part in name.split("_"))
    inner = _elements(value) if isinstance(value, Mapping) else escape_xml(str(value))
    return f"<{tag}>{inner}</{tag}>"
