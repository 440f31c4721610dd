"""接龙: one paste that holds many units' lines, numbered in any style or not at all."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from config.lexicon import mapped, patterns
from models.forms.field import Book, Named
from models.forms.names import leading_name
from models.forms.numerals import whole
from models.forms.typed import Typed, normal

_FEWEST: Final = 2  # numbered lines from which a paste without a headline is a chain
_CLAUSE: Final = re.escape(mapped("marks", "separator")["clause"])
_NAME_END: Final = re.compile(rf"[\s{_CLAUSE}%\-0-9]")
_BETWEEN: Final = re.compile(rf"[\s{_CLAUSE}]*(?:-+\s*)?")
_CIRCLED: Final = "No"  # the Unicode category of ① and its like


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a chain, or several: ``typed`` is all of it without its number."""

    number: int | None
    typed: Typed


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain. ``marked`` tells whether its headline says 接龙; without it, it is a guess."""

    title: str
    entries: tuple[Entry, ...]
    marked: bool


@dataclass(frozen=True, slots=True)
class Matched:
    """An entry and whose it is. Without a ``unit`` the ``candidates`` are what it may mean.

    ``body`` is what stands after the name (everything, if no name was found).
    """

    entry: Entry
    unit: Named | None
    candidates: Sequence[Named]
    body: Typed


def _numbered(line: Typed, bare: int | None) -> tuple[int, int] | None:
    """The number with which a line begins, and where the number ends.

    A bare figure before a blank counts only if it is ``bare``: 9 月 is no ninth entry.
    """
    known = patterns("chains")
    sign = line.source.lstrip()[:1]
    circled = bool(sign) and unicodedata.category(sign) == _CIRCLED and normal(sign).isdigit()
    found = known["circled" if circled else "number"].match(line.text)
    if found is None and bare is not None:
        found = known["bare"].match(line.text)
        if found and whole(found["plain"]) != bare:
            return None
    if found is None:
        return None
    groups = found.groupdict()
    number = whole(groups.get("boxed") or groups["plain"])
    return None if number is None else (number, found.end())


@dataclass(frozen=True, slots=True)
class _Start:
    """Where an entry begins: its line, and the place behind its number."""

    number: int
    line: int
    text: int


def _starts(body: Typed, lines: list[tuple[int, int]], *, marked: bool) -> list[_Start]:
    starts: list[_Start] = []
    for start, end in lines:
        following = starts[-1].number + 1 if starts else 1
        hit = _numbered(body.part(start, end), following if marked else None)
        if hit is not None:
            starts.append(_Start(hit[0], start, start + hit[1]))
    return starts


def read_chain(typed: Typed) -> Chain | None:
    """Read a chain; None if the text is none.

    A chain begins with ``#接龙``, or has at least two numbered lines. Lines without a number belong
    to the entry above them, unless no line is numbered at all: then each one is an entry.
    """
    typed = typed.strip()
    head = patterns("chains")["head"].match(typed.text)
    body = typed.part(head.end()) if head else typed
    lines = _spans(body.text)
    starts = _starts(body, lines, marked=head is not None)
    if head is None and len(starts) < _FEWEST:
        return None
    if not starts:
        return _unnumbered(body, lines)
    ends = [start.line for start in starts[1:]] + [len(body.text)]
    entries = (
        Entry(start.number, body.part(start.text, end).strip())
        for start, end in zip(starts, ends, strict=True)
    )
    title = _title(body.part(0, starts[0].line))
    return Chain(title, tuple(entry for entry in entries if entry.typed), head is not None)


def _spans(text: str) -> list[tuple[int, int]]:
    spans, start = [], 0
    for line in text.split("\n"):
        spans.append((start, start + len(line)))
        start += len(line) + 1
    return spans


def _title(piece: Typed) -> str:
    """The first line above the entries that is no example of how to fill in."""
    example = patterns("chains")["example"]
    lines = (line for line in piece.lines() if line and not example.match(line.text))
    return next((line.original() for line in lines), "")


def _unnumbered(body: Typed, lines: list[tuple[int, int]]) -> Chain:
    """Each line an entry. The title stands beside 接龙, or alone above a blank line."""
    pieces = [body.part(start, end).strip() for start, end in lines]
    title = pieces[0].original()
    rest = pieces[1:]
    if not title and len(rest) > 1 and not rest[1]:
        title, rest = rest[0].original(), rest[1:]
    example = patterns("chains")["example"]
    entries = (Entry(None, piece) for piece in rest if piece and not example.match(piece.text))
    return Chain(title, tuple(entries), marked=True)


def match(chain: Chain, units: Book) -> tuple[Matched, ...]:
    """Find the unit of each entry by the name with which it begins.

    A name that several units have, or that is only similar, gives candidates and no unit.
    """
    return tuple(_matched(entry, units) for entry in chain.entries)


def _matched(entry: Entry, units: Book) -> Matched:
    typed = entry.typed
    hits, end = leading_name(typed.text, units)
    if not hits:
        cut = _NAME_END.search(typed.text)
        guess = typed.text[: cut.start()] if cut else typed.text
        return Matched(entry, None, tuple(units.close(guess)) if guess else (), typed)
    between = _BETWEEN.match(typed.text, end)
    body = typed.part(between.end() if between else end).strip()
    return Matched(entry, hits[0] if len(hits) == 1 else None, () if len(hits) == 1 else hits, body)
