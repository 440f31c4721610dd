"""Cells as people fill them in, read as values; each reader says what to write instead."""

import re
from collections.abc import Collection, Mapping
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from typing import Final, TypeVar
from urllib.parse import parse_qs, urlsplit

from config.lexicon import listed, mapped, patterns
from config.texts import label
from handlers.imports.table import Broken, Cell
from models.forms.typed import clean, fold, normal
from models.secrecy import secrecy_mark

EXACT: Final = 10**15
"""Excel keeps fifteen digits; of longer numbers the last ones are lost."""
YEARS: Final = range(2000, 2100)
USERID_BYTES: Final = 64
SHOWN: Final = 30
E = TypeVar("E", bound=StrEnum)


class CellError(Exception):
    """A cell that cannot be read: key and placeholders of the sentence that says why."""

    def __init__(self, key: str, /, **params: object) -> None:
        super().__init__(key)
        self.key = f"imports.cell.{key}"
        self.params = params


def shown(text: str) -> str:
    """The beginning of what somebody wrote, as it is quoted in a sentence."""
    return text if len(text) <= SHOWN else text[:SHOWN] + "…"


def is_blank(cell: Cell) -> bool:
    """Whether nothing that one can see stands in a cell."""
    if isinstance(cell, str):
        return not cell[:1].isalnum() and not clean(cell)
    return cell is None


@cache
def _placeholders() -> frozenset[str]:
    return frozenset(fold(word) for word in listed("imports", "blank"))


def is_placeholder(cell: Cell) -> bool:
    """Whether a cell only says that there is nothing to say."""
    return isinstance(cell, str) and len(cell) < SHOWN and fold(cell) in _placeholders()


def as_text(cell: Cell) -> str:
    """The text of a cell that is meant to hold text; numbers as they are shown."""
    if isinstance(cell, str):
        return cell if cell.isalnum() else clean(cell)  # most cells, and a fifth of the time
    if isinstance(cell, Broken):
        raise CellError("formula" if cell.word else "uncalculated", word=cell.word)
    if isinstance(cell, bool):
        raise CellError("truth")
    if isinstance(cell, date | datetime | time | timedelta):
        raise CellError("day_here")
    if cell is None:
        return ""
    if abs(cell) >= EXACT:
        raise CellError("digits")
    return f"{cell:.15g}" if isinstance(cell, float) else str(cell)


_BREAK: Final = re.compile(r"\s*\n\s*")
_BLANKS: Final = re.compile(r"\s+")
_SPACED: Final = re.compile(r"(?<=[\u3400-\u9fff]) (?=[\u3400-\u9fff])")


def _fits(text: str, limit: int) -> str:
    if len(text) > limit:
        raise CellError("long", limit=limit, count=len(text))
    return text


def _open(text: str) -> str:
    """The text, if it bears no mark of classification (DOMAIN.md 12)."""
    if mark := secrecy_mark(normal(text)):
        raise CellError("secret", mark=mark)
    return text


def line(limit: int, cell: Cell) -> str:
    """One line of text; a line break inside the cell is only for the looks."""
    return _open(_fits(_BLANKS.sub(" ", _BREAK.sub("", as_text(cell))), limit))


def name(limit: int, cell: Cell) -> str:
    """Somebody's name; blanks that only align it with longer names (张　三) are no part of it."""
    return _fits(_SPACED.sub("", _BLANKS.sub(" ", _BREAK.sub("", as_text(cell)))), limit)


def long_text(limit: int, cell: Cell) -> str:
    """Text of any number of lines."""
    return _open(_fits(as_text(cell), limit))


def _word(limit: int, cell: Cell) -> str:
    word = as_text(cell)
    if word.isascii() and word.isalnum():
        return _fits(word, limit)
    word = normal(word).strip()
    if any(char.isspace() for char in word):
        raise CellError("blanks", value=shown(word))
    return _fits(word, limit)


def code(limit: int, cell: Cell) -> str:
    """A code of a unit, half-width; codes that differ in case alone are the same."""
    if isinstance(cell, date | datetime):
        raise CellError("code_day")
    return _word(limit, cell)


def chatid(limit: int, cell: Cell) -> str:
    """The id of a group; its case matters."""
    return _word(limit, cell)


def userid(cell: Cell) -> str:
    """A member's userid: letters, digits and ``_-@.``, 64 bytes; case does not matter."""
    word = _word(2 * USERID_BYTES, cell)
    if not patterns("imports")["userid"].fullmatch(word):
        raise CellError("userid", value=shown(word))
    if len(word) > USERID_BYTES:
        raise CellError("userid_long", limit=USERID_BYTES, count=len(word))
    return word


def names(limit: int, cell: Cell) -> tuple[str, ...]:
    """Names separated by 、 or what people type for it; each once, in their order."""
    text = normal(as_text(cell))
    marks = f"[{re.escape(mapped('marks', 'separator')['item'])}\n]"
    parts = (_BLANKS.sub(" ", part).strip() for part in re.split(marks, text))
    return tuple({fold(part): _open(_fits(part, limit)) for part in parts if part}.values())


@cache
def _known(kind: type[E], family: str) -> Mapping[str, E]:
    known = {fold(label(member)): member for member in kind}
    if family:
        known |= {fold(word): kind(value) for word, value in mapped("imports", family).items()}
    return known


def one_of(kind: type[E], family: str, cell: Cell, members: Collection[E] = ()) -> E:
    """A member of a kind by its word; the sentence lists the words that are shown.

    ``members`` are those that may be written, all by default.
    """
    text = as_text(cell)
    member: E | None = _known(kind, family).get(fold(text))
    if member is None or (members and member not in members):
        words = "、".join(label(member) for member in members or kind)
        raise CellError("choice", value=shown(text), words=words)
    return member


def year(cell: Cell) -> int:
    """A year as a number or as 2026年."""
    text = as_text(cell)
    found = patterns("imports")["year"].fullmatch(fold(text))
    if found is None or int(found[1]) not in YEARS:
        raise CellError("year", value=shown(text))
    return int(found[1])


def day(cell: Cell) -> date:
    """A date cell, or a date as text: 2026-01-31, 2026/1/31, 2026年1月31日, 20260131."""
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    text = as_text(cell)
    known = patterns("imports")
    found = known["day"].fullmatch(fold(text)) or known["digits"].fullmatch(fold(text))
    try:
        return date(*(int(part) for part in found.groups())) if found else _no_day(text)
    except ValueError:
        return _no_day(text)


def _no_day(text: str) -> date:
    key = "day_number" if text.isdecimal() else "day"
    raise CellError(key, value=shown(text)) from None


def webhook(limit: int, api_base: str, cell: Cell) -> str:
    """The whole address of a group's webhook under the platform's own (WeCom page 99110).

    It is a secret: no sentence repeats it.
    """
    text = as_text(cell)
    if len(text) > limit or any(char.isspace() for char in text):
        raise CellError("webhook", base=api_base)
    if not text.startswith(api_base.rstrip("/") + "/"):
        raise CellError("webhook", base=api_base)
    if not parse_qs(urlsplit(text).query).get("key"):
        raise CellError("webhook_key")
    return text
