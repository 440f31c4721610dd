"""Text as people type it, beside a normalised form that programs can read.

Parsing works on ``Typed.text``; what is stored is cut out of ``Typed.source`` by the same places,
so a description stays as it was typed while commands, labels and figures are found in any width,
bracket style and dash (PRODUCT.md D.1).
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from config.lexicon import mapped

_SAME: Final = {mark: plain for plain, marks in mapped("marks", "same").items() for mark in marks}
_INVISIBLE: Final = frozenset(mapped("marks", "none")["invisible"])
_LINE_ENDS: Final = frozenset("\n\x0b\x0c\x85\u2028\u2029")
_KNOWN: Final = 30_000  # characters remembered; more than ever occur in honest text
_JOINER: Final = "\u200d"  # holds the parts of an emoji together; kept in stored text


def _visible(char: str) -> bool:
    return unicodedata.category(char) not in ("Cc", "Cf", "Cs") and char not in _INVISIBLE


def _read(char: str) -> str:
    """The normalised form of one typed character: empty, one or several characters."""
    if char in _LINE_ENDS:
        return "\n"
    if char == "\t":
        return " "
    if not _visible(char):
        return ""
    pieces = (_SAME.get(piece, piece) for piece in unicodedata.normalize("NFKC", char))
    return "".join(" " if piece.isspace() else piece for piece in pieces if _visible(piece))


class _Table(dict[str, str]):
    """Normalised forms, worked out at the first meeting and then remembered."""

    def __missing__(self, char: str) -> str:
        form = _read(char)
        if len(self) < _KNOWN:
            self[char] = form
        return form


_TABLE: Final = _Table({"\r": ""})


def _pieces(source: str) -> list[str]:
    pieces = [_TABLE[char] for char in source]
    at = source.find("\r")
    while at >= 0:
        if source[at + 1 : at + 2] != "\n":  # a line end of its own, not the half of one
            pieces[at] = "\n"
        at = source.find("\r", at + 1)
    return pieces


def normal(text: str) -> str:
    r"""The normalised form: half-width, one kind of dash, quote and bracket, nothing invisible.

    Doing it twice changes nothing. Line ends are ``\n``, every other blank is a space; letters
    keep their case.
    """
    return "".join(_pieces(text))


def fold(text: str) -> str:
    """The form in which words are compared: normalised, without case and without blanks."""
    return "".join(normal(text).casefold().split())


def _kept(char: str) -> bool:
    if char in "\n\t" or char == _JOINER or unicodedata.category(char) == "Mn":
        return True
    return _visible(char)


def _unseen(char: str) -> bool:
    return char.isspace() or char == _JOINER or char in _INVISIBLE


def _trimmed(text: str) -> str:
    """Without blanks at both ends, nor signs there that nothing visible carries."""
    start, end = 0, len(text)
    while start < end and _unseen(text[start]):
        start += 1
    while end > start and _unseen(text[end - 1]):
        end -= 1
    while end < len(text) and not text[end].isspace():
        end += 1  # these belong to the last visible character, like the colour of an emoji
    return text[start:end] if start < end else ""


def clean(text: str) -> str:
    r"""Somebody's words as they are stored: as typed, without control and invisible characters.

    Line ends become ``\n`` and tabs a blank; blanks at both ends go. Doing it twice changes
    nothing. Lone surrogates go too: no store can hold them.
    """
    if text.isprintable():  # nothing to take out; isprintable refuses all blanks but the space
        return _trimmed(text)
    text = text.replace("\r\n", "\n")
    lines = "".join("\n" if char == "\r" or char in _LINE_ENDS else char for char in text)
    kept = (" " if char == "\t" else char for char in lines if _kept(char))
    return _trimmed("".join(kept))


@dataclass(frozen=True, slots=True)
class Typed:
    """A text as typed and as read; make one with :meth:`read`.

    ``source``  as typed
    ``text``    normalised (see :func:`normal`); all places below count its characters
    """

    source: str
    text: str
    # Where in the source each character of the text begins; None where both run side by side.
    _starts: tuple[int, ...] | None = None

    @classmethod
    def read(cls, text: str) -> "Typed":
        """Normalise a text, remembering where everything came from."""
        pieces = _pieces(text)
        joined = "".join(pieces)
        if len(joined) == len(text) and "" not in pieces:
            return cls(text, joined)
        starts = tuple(at for at, piece in enumerate(pieces) for _ in piece)
        return cls(text, joined, starts)

    def __bool__(self) -> bool:
        """Whether there is anything but blanks."""
        return bool(self.text) and not self.text.isspace()

    def _span(self, start: int, end: int | None) -> tuple[int, int]:
        """The place in the source; what is invisible belongs to the character before it."""
        size = len(self.text)
        end = size if end is None else min(end, size)
        if start >= end:
            return 0, 0
        if self._starts is None:
            return start, end
        stop = len(self.source) if end == size else self._starts[end]
        return self._starts[start], max(stop, self._starts[end - 1] + 1)

    def original(self, start: int = 0, end: int | None = None) -> str:
        """What was typed there, trimmed."""
        first, last = self._span(start, end)
        return self.source[first:last].strip()

    def part(self, start: int, end: int | None = None) -> "Typed":
        """A piece, again with both forms."""
        first, last = self._span(start, end)
        text = self.text[start:end]
        if self._starts is None:
            return Typed(self.source[first:last], text)
        starts = tuple(at - first for at in self._starts[start:end])
        return Typed(self.source[first:last], text, starts)

    def strip(self, more: str = "") -> "Typed":
        """The piece without blanks, and without the characters of ``more``, at both ends."""
        marks = more + " \n"
        end = len(self.text.rstrip(marks))
        start = len(self.text) - len(self.text.lstrip(marks))
        return self if end - start == len(self.text) else self.part(min(start, end), end)

    def lines(self) -> Iterator["Typed"]:
        """The lines, also the empty ones."""
        start = 0
        for found in re.finditer("\n", self.text):
            yield self.part(start, found.start())
            start = found.end()
        yield self.part(start)
