"""Our small Markdown as HTML: headings, bold, quotes, links, lines; everything else is text."""

import re

from markupsafe import Markup, escape

_LINK = re.compile(r"\[([^\]\n]+)\]\(([^)\s]+)\)")
_NUMBER = re.compile(r"\b[A-Z]{2}-\d{4}-\d{4,}\b")
_BOLD = re.compile(r"\*\*(.+?)\*\*")


def to_html(markdown: str) -> Markup:
    """HTML of a reply; addresses other than http(s) and own paths stay words."""
    blocks = [_line(line) for line in markdown.split("\n")]
    return Markup("\n").join(blocks)


def _line(line: str) -> Markup:
    heading = re.match(r"(#{1,6}) +(.*)", line)
    if heading:
        return Markup("<h3>{}</h3>").format(_inline(heading[2]))
    if line.startswith(">"):
        return Markup("<blockquote>{}</blockquote>").format(_inline(line.lstrip("> ")))
    return Markup("<p>{}</p>").format(_inline(line)) if line.strip() else Markup("")


def _inline(text: str) -> Markup:
    pieces: list[Markup] = []
    at = 0
    for link in _LINK.finditer(text):
        pieces.append(_bold(text[at : link.start()]))
        words, address = link.groups()
        if address.startswith(("http://", "https://", "/")):
            pieces.append(Markup('<a href="{}">{}</a>').format(address, words))
        else:
            pieces.append(escape(words))
        at = link.end()
    pieces.append(_bold(text[at:]))
    return Markup("").join(pieces)


def linked(text: str) -> Markup:
    """Plain words with the numbers of records leading to their pages."""
    return Markup(_NUMBER.sub(r'<a href="/record/\g<0>">\g<0></a>', str(escape(text))))  # noqa: S704  (escaped first)


def _bold(text: str) -> Markup:
    return Markup(_BOLD.sub(r"<b>\1</b>", str(linked(text))))  # noqa: S704  (escaped first)
