"""What a handler answers; the channel decides how it looks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from config.texts import t
from handlers.content import Card, Content, plain


class Markdown(str):
    """Text that is already our Markdown: ``say`` sets it in as it is."""

    __slots__ = ()


def fill(key: str, /, **params: object) -> Markdown:
    """A sentence with what people typed made harmless (numbers and Markdown stay as they are)."""
    safe = {
        name: plain(value) if isinstance(value, str) and not isinstance(value, Markdown) else value
        for name, value in params.items()
    }
    return Markdown(t(key, **safe))


@dataclass(frozen=True, slots=True)
class Begin:
    """Go on with a command's form, some of it filled in already (raw answers by field key)."""

    command: str
    answers: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Resume:
    """Put the present question of a draft (again)."""

    draft: int


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to one message.

    ``text``    our small Markdown; may be empty when a card says it all
    ``card``    shown with or after the text; after a click it takes the clicked card's place
    ``files``   pictures and files that follow, where the channel can carry them (else a link)
    ``then``    the runtime goes on with a form; its question stands below the text
    ``private`` after a click: only the clicker's copy of the card changes
    ``sealed``  says what was told in confidence: whatever is kept of it is kept encrypted
    """

    text: str = ""
    card: Card | None = None
    files: tuple[Content, ...] = ()
    then: Begin | Resume | None = None
    private: bool = False
    sealed: bool = False


def say(key: str, /, **params: object) -> Reply:
    """Answer one sentence."""
    return Reply(fill(key, **params))


def lines(*parts: str) -> Markdown:
    """Join the parts that are not empty, one a line."""
    return Markdown("\n".join(part for part in parts if part))
