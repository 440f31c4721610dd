"""What can be said to people, whatever the channel: text, cards, pictures and files.

Text is a small Markdown that every channel can show or degrade: ``**bold**``, ``# heading``,
``> quote``, ``[words](address)`` and lines. What people typed is made harmless by :func:`plain`
before it is set into such a text. Pictures and files are *recipes* (a name and plain parameters):
they are drawn when they are delivered, once for all who get the same one.
"""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, TypeAlias

# Characters that could forge a link, a mention, a quote or a formula in somebody's Markdown.
# Each is shown as its full-width twin (WECOM.md 2.11).
_HARMLESS: Final = str.maketrans("[]<>`*#\\", "［］＜＞｀＊＃＼")


def plain(text: str) -> str:
    """Somebody's words, made harmless inside our Markdown."""
    return text.translate(_HARMLESS)


class Tone(StrEnum):
    """How a button looks."""

    PRIMARY = "primary"
    PLAIN = "plain"
    DANGER = "danger"


@dataclass(frozen=True, slots=True)
class Button:
    """A button; ``action`` is ``name`` or ``name:argument`` of a registered card action."""

    label: str
    action: str
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True)
class Choice:
    """One option of a list on a card."""

    id: str
    label: str


@dataclass(frozen=True, slots=True)
class Select:
    """A drop-down list on a card (one of up to ten)."""

    key: str
    label: str
    choices: tuple[Choice, ...]
    chosen: str = ""


@dataclass(frozen=True, slots=True)
class Ticks:
    """A tick list on a card (up to twenty, one or many of them)."""

    key: str
    choices: tuple[Choice, ...]
    many: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """Words that open an address."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Card:
    """A template card. It has buttons, or selects, or ticks, or none of them.

    ``task`` is its identity on the platform, unique for ever; the runtime sets it when it sends.
    With ``selects`` or ``ticks`` the one button in ``buttons`` submits.
    """

    title: str
    desc: str = ""
    body: str = ""
    lines: tuple[tuple[str, str], ...] = ()
    buttons: tuple[Button, ...] = ()
    selects: tuple[Select, ...] = ()
    ticks: Ticks | None = None
    links: tuple[Link, ...] = ()
    task: str = ""


@dataclass(frozen=True, slots=True)
class Text:
    """Words in our small Markdown."""

    markdown: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture to be drawn: ``recipe`` names an entry of ``handlers.PICTURES``."""

    recipe: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Export:
    """A ledger as an Excel file: rows as ``viewer`` (a userid, or everything) may see them.

    ``url`` is where the same can be read as a page, for channels that carry no files.
    """

    ledger: str
    name: str
    viewer: str | None = None
    url: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Document:
    """An official paper as a file: ``paper`` names an entry of a family's ``papers``.

    ``form`` is ``docx`` or ``pdf``; ``viewer`` the userid it is drawn up for, None for everybody.
    ``url`` is where it can be had instead, for channels that carry no files.
    """

    paper: str
    name: str
    form: str = "docx"
    viewer: str | None = None
    url: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Bundle:
    """Everything that is held about a person (``viewer``, a userid) as one zip.

    ``at`` is the moment it was asked for (ISO): another day's is another file.
    """

    name: str
    viewer: str
    url: str
    at: str


@dataclass(frozen=True, slots=True)
class Sealed:
    """A content that is kept encrypted until it leaves, under this subject of kind ``push``."""

    subject: str


Content: TypeAlias = Text | Card | Picture | Export | Document | Bundle | Sealed
_KINDS: Final[Mapping[str, type[Content]]] = {
    "text": Text,
    "card": Card,
    "picture": Picture,
    "export": Export,
    "document": Document,
    "bundle": Bundle,
    "sealed": Sealed,
}
KINDS: Final = tuple(_KINDS)
_NAMES: Final = {kind: name for name, kind in _KINDS.items()}


def dump(content: Content) -> str:
    """Write a content as JSON, the same bytes for equal contents."""
    fields = dataclasses.asdict(content)
    if "params" in fields:
        fields["params"] = dict(fields["params"])
    body = {"kind": _NAMES[type(content)], **fields}
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def load(text: str) -> Content:
    """Read what :func:`dump` wrote."""
    body: dict[str, Any] = json.loads(text)
    kind = body.pop("kind")
    if kind == "card":
        return _card(body)
    return _KINDS[kind](**body)


def _card(body: dict[str, Any]) -> Card:
    ticks = body["ticks"]
    return Card(
        title=body["title"],
        desc=body["desc"],
        body=body["body"],
        lines=tuple((name, value) for name, value in body["lines"]),
        buttons=tuple(Button(b["label"], b["action"], Tone(b["tone"])) for b in body["buttons"]),
        selects=tuple(
            Select(s["key"], s["label"], tuple(Choice(**c) for c in s["choices"]), s["chosen"])
            for s in body["selects"]
        ),
        ticks=ticks
        and Ticks(ticks["key"], tuple(Choice(**c) for c in ticks["choices"]), ticks["many"]),
        links=tuple(Link(**link) for link in body["links"]),
        task=body["task"],
    )
