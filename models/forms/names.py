"""Finding units and people by what people call them, over a list that fits into memory."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from rapidfuzz import fuzz, process
from rapidfuzz.distance import LCSseq

from config.lexicon import any_of, listed, mapped
from models.forms.field import Book, Named
from models.forms.numerals import whole
from models.forms.typed import fold

_SUFFIXES: Final = mapped("units", "suffix")
_SUFFIX: Final = re.compile(rf"(?P<core>.+?)(?P<suffix>{any_of(_SUFFIXES)})\Z")
_HUNDRED: Final = 2  # the greatest power of ten in the number of a branch
_SCALES: Final = [sign for sign, power in mapped("numerals", "scales").items() if power <= _HUNDRED]
_HANZI: Final = any_of([*mapped("numerals", "digits"), *_SCALES])
_NUMERAL: Final = re.compile(rf"(?:{any_of(listed('numerals', 'ordinal'))})?((?:{_HANZI})+|[0-9]+)")
_MARK: Final = re.compile(r"[\W_]+")
_MOST: Final = 5
_LONGEST: Final = 60  # characters of a text that can still be a name
_FIRST_LOOK: Final = 30  # rapidfuzz ratio of the names that are looked at more closely
_LOOKED_AT: Final = 200
_SHARED: Final = 0.66  # of the shorter name that must stand in the other one, in order
_LIKE: Final = 0.65  # score from which a name is worth showing
_STOP: Final = re.compile(rf"\W|\d|{any_of(listed('units', 'follow'))}")
_ANY_SUFFIX: Final = re.compile(any_of(_SUFFIXES))
_CODE: Final = re.compile(r" ?\((?P<code>[^()\n]{1,64})\)")


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that has a name, with its other names."""

    key: str
    label: str
    aliases: tuple[str, ...] = ()


def _figure(found: re.Match[str]) -> str:
    value = whole(found.group(1))
    return found.group() if value is None else str(value)


def core(name: str) -> tuple[str, str]:
    """A folded name without marks and suffix, numerals as digits; and the kind of the suffix.

    第二党支部, 二支部 and 2支部 have one core; 城南 has the kind ``""``.
    """
    found = _SUFFIX.match(name)
    kind = str(_SUFFIXES[found["suffix"]]) if found else ""
    short = _MARK.sub("", found["core"] if found else name)
    return _NUMERAL.sub(_figure, short), kind


class NameBook:
    """A :class:`~models.forms.field.Book` over entries; indexed at the first question.

    Exact means, in this order: the whole name, alias or key; then the same without the suffix
    (城南支部 for 城南党支部). Names shared by several entries give all of them.
    """

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries = tuple(entries)

    @cached_property
    def _exact(self) -> dict[str, tuple[int, ...]]:
        index: dict[str, tuple[int, ...]] = {}
        for at, entry in enumerate(self._entries):
            for name in {fold(name) for name in (entry.key, entry.label, *entry.aliases)}:
                index[name] = (*index.get(name, ()), at)
        return index

    @cached_property
    def _cores(self) -> dict[str, tuple[tuple[int, str], ...]]:
        """By core: entries with the kind of their suffix. Keys have no suffix."""
        index: dict[str, tuple[tuple[int, str], ...]] = {}
        for at, entry in enumerate(self._entries):
            for short, kind in {core(fold(name)) for name in (entry.label, *entry.aliases)}:
                index[short] = (*index.get(short, ()), (at, kind))
        return index

    @cached_property
    def _short_names(self) -> list[str]:
        return list(self._cores)

    def _named(self, places: Iterable[int]) -> tuple[Named, ...]:
        chosen = (self._entries[at] for at in dict.fromkeys(places))
        return tuple(Named(entry.key, entry.label) for entry in chosen)

    def find(self, text: str) -> Sequence[Named]:
        """All entries that ``text`` names, ignoring width, case, blanks and suffix words."""
        name = fold(text)
        if not name or len(name) > _LONGEST:
            return ()
        if name in self._exact:
            return self._named(self._exact[name])
        short, kind = core(name)
        # A single character says something only with its suffix: 二支部, but not 2.
        hits = self._cores.get(short, ()) if kind or len(short) > 1 else ()
        return self._named(at for at, other in hits if not kind or not other or kind == other)

    def close(self, text: str) -> Sequence[Named]:
        """Entries that ``text`` may mean, best first, at most five; never picked silently."""
        short, _ = core(fold(text[:_LONGEST]))
        if not short:
            return ()
        looked = process.extract(
            short,
            self._short_names,
            scorer=fuzz.ratio,
            limit=_LOOKED_AT,
            score_cutoff=_FIRST_LOOK,
        )
        scored = ((_score(short, name, ratio / 100), name) for name, ratio, _ in looked)
        best = sorted((pair for pair in scored if pair[0] >= _LIKE), key=lambda p: (-p[0], p[1]))
        return self._named(at for _, name in best for at, _ in self._cores[name])[:_MOST]


def _score(text: str, name: str, ratio: float) -> float:
    """How likely a text means a name: a short form keeps the order of the characters."""
    shared = LCSseq.similarity(text, name)
    part = shared / min(len(text), len(name))
    if part < _SHARED or (shared < 2 and len(name) > 1):  # noqa: PLR2004  (one sign says nothing)
        return 0.0
    return 0.6 * part + 0.4 * ratio


def leading_name(text: str, book: Book) -> tuple[Sequence[Named], int]:
    """What a text begins with: the entries of the longest name, and where it ends.

    The name must end where something else begins: at a blank, mark or figure, after a suffix word
    (党支部), before a word like 已完成, or with the text. A code in brackets behind it decides
    between entries. Nothing is found: ``((), 0)``.
    """
    head = text[:_LONGEST]
    ends = {found.start() for found in _STOP.finditer(head)}
    ends.update(found.end() for found in _ANY_SUFFIX.finditer(head))
    if len(text) == len(head):
        ends.add(len(head))
    for end in sorted(ends, reverse=True):
        hits = book.find(head[:end]) if end and head[end - 1].isalnum() else ()
        if hits:
            return _decided(text, hits, end)
    return (), 0


def _decided(text: str, hits: Sequence[Named], end: int) -> tuple[Sequence[Named], int]:
    """The one of several entries whose code stands behind the name in brackets."""
    found = _CODE.match(text, end)
    coded = [hit for hit in hits if found and fold(hit.key) == fold(found["code"])]
    return (coded, found.end()) if found and coded else (hits, end)
