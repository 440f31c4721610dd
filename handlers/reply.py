"""What a handler answers; the channel decides how it looks."""

from dataclasses import dataclass

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
class Reply:
    """The answer to one message.

    ``text``    our small Markdown; may be empty when a card says it all
    ``card``    shown with or after the text; after a click it takes the clicked card's place
    ``files``   pictures and files that follow, where the channel can carry them (else a link)
    """

    text: str = ""
    card: Card | None = None
    files: tuple[Content, ...] = ()


def say(key: str, /, **params: object) -> Reply:
    """Answer one sentence."""
    return Reply(fill(key, **params))


def lines(*parts: str) -> Markdown:
    """Join the parts that are not empty, one a line."""
    return Markdown("\n".join(part for part in parts if part))
