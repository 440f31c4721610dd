"""Template cards as the app's passive reply writes them: XML with CamelCase names (page 90241)."""

import re
from collections import defaultdict
from typing import Any, Final
from xml.etree import ElementTree as ET

from bot.sim.cipher import BadReply
from bot.sim.messages import Json

_LISTS: Final = frozenset(
    {
        "ActionList",
        "ButtonList",
        "HorizontalContentList",
        "JumpList",
        "OptionList",
        "SelectList",
        "VerticalContentList",
    }
)
_ODD: Final = {"KeyName": "keyname", "CheckBox": "checkbox", "Appid": "appid", "Userid": "userid"}
_NUMBERS: Final = frozenset({"Type", "Style", "Mode", "DescColor"})
_FLAGS: Final = frozenset({"IsChecked", "Disable"})


def card_of(element: ET.Element) -> Json:
    """The card as JSON, to be checked by the same tables; :class:`BadReply` for odd values."""
    value = _value(element)
    if not isinstance(value, dict):
        raise BadReply("TemplateCard is empty")
    return value


def _value(element: ET.Element) -> Any:  # noqa: ANN401  (JSON of any shape)
    if not len(element):
        return _leaf(element.tag, element.text or "")
    found: defaultdict[str, list[Any]] = defaultdict(list)
    for child in element:
        found[child.tag].append(_value(child))
    result = {}
    for tag, values in found.items():
        if tag not in _LISTS and len(values) > 1:
            raise BadReply(f"{tag} stands {len(values)} times")
        result[_name(tag)] = values if tag in _LISTS else values[0]
    return result


def _name(tag: str) -> str:
    return _ODD.get(tag) or re.sub(r"(?<!^)(?=[A-Z])", "_", tag).lower()


def _leaf(tag: str, text: str) -> str | int | float | bool:
    if tag in _FLAGS and text.lower() in {"true", "false", "0", "1"}:
        return text.lower() in {"true", "1"}
    try:
        if tag in _NUMBERS:
            return int(text)
        return float(text) if tag == "AspectRatio" else text
    except ValueError as error:
        raise BadReply(f"{tag} is no number") from error
