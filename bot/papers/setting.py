"""What Word and PDF have in common: the words of a paper as they are set, whatever the format."""

import re
from dataclasses import dataclass
from datetime import date
from math import ceil
from typing import Final

from bot.papers.printable import printable
from config.texts import t
from handlers.paper import Paper
from models.segment import pieces

TITLE_CHARS: Final = 20
"""Characters of the title's size (22 pt) in a line of the text block (156 mm)."""
_BRACKETS: Final = re.compile(r"[\[(（［【〔](\d{4})[\])）］】〕]")


@dataclass(frozen=True, slots=True)
class Signature:
    """落款: issuer and date, and how many characters each stays away from the right edge."""

    issuer: str
    day: str
    issuer_right: float
    day_right: float


def document_number(number: str) -> str:
    """发文字号: the year stands in tortoise-shell brackets, whatever was typed."""
    return _BRACKETS.sub(
        "\N{LEFT TORTOISE SHELL BRACKET}\\1\N{RIGHT TORTOISE SHELL BRACKET}", number
    )


def day_words(day: date) -> str:
    """A date as GB/T 9704 wants it: Arabic, no leading zeros."""
    return t("papers.day", year=day.year, month=day.month, day=day.day)


def signature(paper: Paper) -> Signature | None:
    """Where issuer and date stand, with room for the seal (GB/T 9704 7.3.5.1).

    The date ends four characters from the right edge, the issuer is centred over it; a long
    issuer ends two characters from the edge, and the date is centred below it.
    """
    if not paper.issuer and paper.day is None:
        return None
    day = day_words(paper.day) if paper.day else ""
    issuer_wide, day_wide = _wide(paper.issuer), _wide(day)
    over = (day_wide - issuer_wide) / 2
    day_right = max(4.0, 2.0 - over)
    return Signature(paper.issuer, day, max(day_right + over, 0.0), day_right)


def _wide(text: str) -> float:
    """The width in characters; figures and Latin letters take half of one."""
    return sum(0.5 if c.isascii() else 1.0 for c in text)


def title_lines(title: str, most: int = TITLE_CHARS) -> list[str]:
    """A title in lines of like length that break between words (GB/T 9704 7.3.1)."""
    title = " ".join(printable(title).split())
    count = ceil(_wide(title) / most)
    if count <= 1:
        return [title]
    ends: list[int] = []
    at = 0
    for word in pieces(title):
        at += len(word)
        ends.append(at)
    lines: list[str] = []
    start = 0
    for left in range(count, 1, -1):
        goal = start + (len(title) - start) / left
        end = min((e for e in ends if e > start), key=lambda e: abs(e - goal), default=len(title))
        if end == len(title):
            break
        lines.append(title[start:end].strip())
        start = end
    return [*lines, title[start:].strip()]
