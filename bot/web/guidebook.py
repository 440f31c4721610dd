"""The guides' Markdown as HTML: headings, lists, tables, pictures; everything else is text."""

import re
from collections.abc import Iterator
from itertools import groupby
from typing import Final

from markupsafe import Markup, escape

_PICTURE: Final = re.compile(r"!\[([^\]]*)\]\(([\w-]+\.png)\)")
_CODE: Final = re.compile(r"`([^`]+)`")
_BOLD: Final = re.compile(r"\*\*(.+?)\*\*")


def render(text: str) -> Markup:
    """A whole guide."""
    blocks = [block for block in text.strip().split("\n\n") if block.strip()]
    return Markup("\n").join(_block(block.strip()) for block in blocks)


def _block(block: str) -> Markup:
    rows = block.split("\n")
    if picture := _PICTURE.fullmatch(block):
        words, name = picture.groups()
        return Markup(
            '<figure><img src="/help/pictures/{}" alt="{}" loading="lazy">'
            "<figcaption>{}</figcaption></figure>"
        ).format(name, words, words)
    if block.startswith("#"):
        level = len(block) - len(block.lstrip("#"))
        return Markup("<h{0}>{1}</h{0}>").format(min(level, 3), _inline(block.lstrip("# ")))
    if all(row.startswith("|") for row in rows):
        return _table(rows)
    return Markup("\n").join(_lines(rows))


def _lines(rows: list[str]) -> Iterator[Markup]:
    """Lists and paragraphs, in whatever order they stand."""
    for kind, group in groupby(rows, key=_kind):
        if kind == "p":
            yield Markup("<p>{}</p>").format(Markup("<br>").join(map(_inline, group)))
        else:
            items = (re.sub(r"^(- |\d+\. )", "", row) for row in group)
            body = Markup("").join(Markup("<li>{}</li>").format(_inline(item)) for item in items)
            yield Markup("<{0}>{1}</{0}>").format(kind, body)


def _kind(row: str) -> str:
    if row.startswith("- "):
        return "ul"
    return "ol" if re.match(r"\d+\. ", row) else "p"


def _table(rows: list[str]) -> Markup:
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    head = Markup("").join(Markup('<th scope="col">{}</th>').format(_inline(c)) for c in cells[0])
    cell = Markup('<td data-label="{}">{}</td>')
    body = Markup("").join(
        Markup("<tr>{}</tr>").format(
            Markup("").join(
                cell.format(heading, _inline(words))
                for heading, words in zip(cells[0], row, strict=True)
            )
        )
        for row in cells[2:]
    )
    return Markup(
        '<div class="scroll cards compact" tabindex="0" role="region"><table>'
        "<thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>"
    ).format(head, body)


def _inline(text: str) -> Markup:
    safe = str(escape(text))
    safe = _CODE.sub(r"<code>\1</code>", safe)
    return Markup(_BOLD.sub(r"<b>\1</b>", safe))  # noqa: S704  (escaped first)
