"""Cards and files in words, for channels that cannot carry them."""

from config.texts import t
from handlers.content import Bundle, Card, Document, Export, plain
from handlers.reply import Markdown, lines


def card_words(card: Card) -> Markdown:
    """What a card says, and where its work can be done instead."""
    return lines(
        f"**{plain(card.title)}**",
        plain(card.desc),
        plain(card.body),
        *(t("words.line", name=plain(name), value=plain(value)) for name, value in card.lines),
        *(f"[{link.label}]({link.url})" for link in card.links),
        t("words.buttons") if card.buttons else "",
    )


def file_words(file: Export | Document | Bundle) -> Markdown:
    """Where a file can be had instead."""
    if file.url:
        return Markdown(t("words.file_link", name=plain(file.name), url=file.url))
    return Markdown(t("words.file", name=plain(file.name)))
