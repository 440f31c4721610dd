"""Our small Markdown (``handlers/content.py``) in the three dialects of WeCom, and its splitting.

FULL and BASIC both show headings, bold, links and quotes, which is all we write (page 99110 and
the table of dialects); BASIC knows one level of quotes only. PLAIN is words: the marks go, a link
becomes its words and its address. No rendering is longer than what it was made from, so a text
that fits before fits after.
"""

import re
from functools import cache

from bot.channel import Dialect
from config.texts import t, words

_LINK = re.compile(r"\[([^\]\n]*)\]\(([^)\s]*)\)")
_BOLD = re.compile(r"\*\*([^*\n]+)\*\*")
_ATOM = re.compile(f"{_LINK.pattern}|{_BOLD.pattern}")
_HEADING = re.compile(r"^#{1,6} +", re.MULTILINE)
_QUOTE = re.compile(r"^(?:> ?)+", re.MULTILINE)
_NESTED_QUOTE = re.compile(r"^> ?(?:> ?)+", re.MULTILINE)
_ELLIPSIS = "…"
_LONGEST_CHARACTER = 4


def render(markdown: str, dialect: Dialect) -> str:
    """Say a text of our small Markdown in a dialect."""
    if dialect is Dialect.FULL:
        return markdown
    if dialect is Dialect.BASIC:
        return _NESTED_QUOTE.sub("> ", markdown)
    text = _LINK.sub(_spell_link, _QUOTE.sub("", markdown))
    return _BOLD.sub(r"\1", _HEADING.sub("", text))


def _spell_link(link: re.Match[str]) -> str:
    label, address = link.groups()
    if not label or not address or label == address:
        return label or address
    return t("wecom.link", label=label, address=address)


def size(text: str) -> int:
    """Bytes of UTF-8, the unit of every limit of the platform."""
    return len(text) if text.isascii() else len(text.encode())


def split(text: str, limit: int) -> list[str]:
    """Cut a text into parts of at most ``limit`` bytes; joined again they are the text.

    Cuts lie after a paragraph, else a line, else a sentence, and never inside a link or bold words
    unless these alone are longer than a part. An empty text has no parts. ``ValueError`` for a
    limit below the longest character (4 bytes).
    """
    if limit < _LONGEST_CHARACTER:
        raise ValueError(f"no character is sure to fit into {limit} bytes")
    parts = []
    while size(text) > limit:
        end = _find_cut(text, limit)
        parts.append(text[:end])
        text = text[end:]
    return [*parts, text] if text else parts


def cut(text: str, limit: int) -> str:
    """The beginning of a text in at most ``limit`` bytes, with … where something is missing."""
    if size(text) <= limit:
        return text
    return text[: _find_edge(text, limit - size(_ELLIPSIS))] + _ELLIPSIS


def clip(text: str, count: int) -> str:
    """A text in at most ``count`` characters, with … where something is missing."""
    return text if len(text) <= count else text[: count - 1] + _ELLIPSIS


def _find_cut(text: str, limit: int) -> int:
    """Where the first part of a too long text ends: a good place in its latter half, if any."""
    edge = _find_edge(text, limit)
    places = (
        _after_last("\n\n", text, edge),
        _after_last("\n", text, edge),
        _last_sentence_end(text, edge),
    )
    return next((place for place in places if 2 * place >= edge), max(places) or edge)


def _after_last(mark: str, text: str, edge: int) -> int:
    """The index after the last ``mark`` that ends before ``edge``; 0 if there is none."""
    found = text.rfind(mark, 0, edge)
    return found + len(mark) if found >= 0 else 0


def _find_edge(text: str, limit: int) -> int:
    """The last index whose prefix fits into ``limit`` bytes and does not tear a link or bold."""
    edge = len(text.encode()[:limit].decode(errors="ignore"))
    for atom in _ATOM.finditer(text):
        if atom.start() >= edge:
            break
        if atom.end() > edge:
            return atom.start() or edge
    return edge


def _last_sentence_end(text: str, edge: int) -> int:
    """The index after the last sentence end before ``edge`` outside links and bold; 0 if none."""
    inside = [atom.span() for atom in _ATOM.finditer(text, 0, edge)]
    ends = (match.end() for match in _sentence_end().finditer(text, 0, edge))
    free = (end for end in ends if not any(start < end < stop for start, stop in inside))
    return max(free, default=0)


@cache
def _sentence_end() -> re.Pattern[str]:
    marks = "".join(map(re.escape, words("wecom.sentence_ends")))
    return re.compile(rf"[{marks}]+|\.(?=\s)")
