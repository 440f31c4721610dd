"""What stands in a PDF of ours, read from the file itself: the words of each page, the tables.

Reads what typst writes (no object streams, identity encoding, a tagged structure), by the tags that
a screen reader follows; it shares nothing with the program that sets the paper.
"""

import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

_OBJECT: Final = re.compile(rb"(?<![0-9])(\d+) 0 obj\r?\n(.*?)\r?\nendobj", re.DOTALL)
_REF: Final = re.compile(rb"(\d+) 0 R")
_PLAIN_WORDS: Final = rb"(?:[^\\()]|\\.)*"
_NESTED: Final = rb"\(" + _PLAIN_WORDS + rb"(?:\(" + _PLAIN_WORDS + rb"\)" + _PLAIN_WORDS + rb")*\)"
"""Brackets within words need no backslash if each is closed again."""
_TOKEN: Final = re.compile(
    rb"/(?P<tag>\w+)\s*<<(?P<props>.*?)>>\s*BDC|(?P<end>EMC)|/(?P<font>\w+) [\d.]+ Tf"
    rb"|(?P<text>" + _NESTED + rb")|(?P<hex><[0-9A-Fa-f]+>)",
    re.DOTALL,
)
_PART: Final = re.compile(
    rb"<</Type/MCR/MCID (?P<other>\d+)/Pg (?P<page>\d+) 0 R>>"
    rb"|(?P<element>\d+) 0 R|(?P<mark>\d+)"
)
"""What an element holds: marks on a page of their own, other elements, marks on its page."""
_ESCAPE: Final = re.compile(rb"\\([0-7]{1,3}|.)", re.DOTALL)
_PLAIN: Final = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
_BLANK: Final = re.compile(r"\s+")

Table = list[list[str]]


def squeezed(text: str) -> str:
    """Words without blanks: a line that was broken reads as it was written."""
    return _BLANK.sub("", text)


@dataclass(frozen=True)
class Pdf:
    """A file as its objects."""

    data: bytes

    @cached_property
    def _objects(self) -> Mapping[int, bytes]:
        return {int(m[1]): m[2] for m in _OBJECT.finditer(self.data)}

    @cached_property
    def _pages(self) -> Mapping[int, list[tuple[int | None, str]]]:
        """By object: runs of words with the mark they belong to (None: header and footer)."""
        order: list[int] = []
        self._walk(self._root(), order)
        return {page: list(self._runs(page)) for page in order}

    def _root(self) -> int:
        (pages,) = (n for n, body in self._objects.items() if b"/Type/Catalog" in body)
        return _ref(self._objects[pages], b"Pages")

    def _walk(self, number: int, into: list[int]) -> None:
        body = self._objects[number]
        if b"/Type/Pages" not in body:
            into.append(number)
            return
        for kid in _refs(body, b"Kids"):
            self._walk(kid, into)

    def _stream(self, number: int) -> bytes:
        head, _, rest = self._objects[number].partition(b"stream")
        body = rest.lstrip(b"\r\n")[: -len(b"\nendstream")]
        return zlib.decompressobj().decompress(body) if b"FlateDecode" in head else body

    def _runs(self, page: int) -> Iterator[tuple[int | None, str]]:
        body = self._objects[page]
        fonts = self._fonts(self._objects[_ref(body, b"Resources")])
        letters: Mapping[int, str] = {}
        marks: list[int | None] = []
        for token in _TOKEN.finditer(self._stream(_ref(body, b"Contents"))):
            if token["tag"]:
                mark = re.search(rb"/MCID (\d+)", token["props"])
                marks.append(int(mark[1]) if mark else marks[-1] if marks else None)
            elif token["end"]:
                marks.pop()
            elif token["font"]:
                letters = fonts[token["font"]]
            else:
                raw = (
                    _literal(token["text"])
                    if token["text"]
                    else bytes.fromhex(token["hex"][1:-1].decode())
                )
                pairs = zip(raw[::2], raw[1::2], strict=True)
                words = "".join(letters[high << 8 | low] for high, low in pairs)
                yield (marks[-1] if marks else None), words

    def _fonts(self, resources: bytes) -> Mapping[bytes, Mapping[int, str]]:
        found = re.search(rb"/Font<<(.*?)>>", resources, re.DOTALL)
        pairs = re.findall(rb"/(\w+) (\d+) 0 R", found[1]) if found else []
        return {name: self._letters(int(number)) for name, number in pairs}

    def _letters(self, font: int) -> Mapping[int, str]:
        """Which words each glyph stands for."""
        table = self._stream(_ref(self._objects[font], b"ToUnicode")).decode("latin-1")
        letters = {}
        for part in re.findall(r"beginbfchar(.*?)endbfchar", table, re.DOTALL):
            for code, text in re.findall(r"<(\w+)>\s*<(\w+)>", part):
                letters[int(code, 16)] = bytes.fromhex(text).decode("utf-16-be")
        for part in re.findall(r"beginbfrange(.*?)endbfrange", table, re.DOTALL):
            for first, last, text in re.findall(r"<(\w+)>\s*<(\w+)>\s*<(\w+)>", part):
                start = ord(bytes.fromhex(text).decode("utf-16-be"))
                for at in range(int(first, 16), int(last, 16) + 1):
                    letters[at] = chr(start + at - int(first, 16))
        return letters

    @cached_property
    def pages(self) -> list[str]:
        """The words of each page, in the order in which they were set, without blanks."""
        return [squeezed("".join(words for _, words in runs)) for runs in self._pages.values()]

    @cached_property
    def tables(self) -> list[Table]:
        """Every table as rows of cells without blanks, heads included."""
        found: list[Table] = []
        self._tables(_ref(self._objects[self._catalog], b"StructTreeRoot"), found)
        return found

    @cached_property
    def _catalog(self) -> int:
        return next(n for n, body in self._objects.items() if b"/Type/Catalog" in body)

    def _tables(self, number: int, into: list[Table]) -> None:
        if self._is(number, b"Table"):
            into.append([[self._said(cell) for cell in row] for row in self._rows(number)])
            return
        for kid in _kids(self._objects[number]):
            self._tables(kid, into)

    def _rows(self, number: int) -> Iterator[list[int]]:
        for kid in _kids(self._objects[number]):
            if self._is(kid, b"TR"):
                yield _kids(self._objects[kid])
            else:
                yield from self._rows(kid)

    def _is(self, number: int, kind: bytes) -> bool:
        return re.search(rb"/S/" + kind + rb"(?!\w)", self._objects[number]) is not None

    def _said(self, number: int) -> str:
        """The words below an element."""
        body = self._objects[number]
        kids, rest = _kept(body)
        page = _ref(rest, b"Pg") if b"/Pg" in rest else 0
        words = ""
        for kid in _PART.finditer(kids):
            if kid["other"]:
                words += self._marked.get((int(kid["page"]), int(kid["other"])), "")
            elif kid["element"]:
                words += self._said(int(kid["element"]))
            else:
                words += self._marked.get((page, int(kid["mark"])), "")
        return squeezed(words)

    @cached_property
    def _marked(self) -> Mapping[tuple[int, int], str]:
        found: dict[tuple[int, int], str] = {}
        for page, runs in self._pages.items():
            for mark, words in runs:
                if mark is not None:
                    found[page, mark] = found.get((page, mark), "") + words
        return found


def _ref(body: bytes, key: bytes) -> int:
    found = re.search(rb"/" + key + rb" (\d+) 0 R", body)
    assert found, key
    return int(found[1])


def _refs(body: bytes, key: bytes) -> list[int]:
    found = re.search(rb"/" + key + rb"\s*\[([^\]]*)\]", body)
    return [int(n) for n in _REF.findall(found[1])] if found else []


def _kids(body: bytes) -> list[int]:
    """The elements in an element."""
    found = (part["element"] for part in _PART.finditer(_kept(body)[0]))
    return [int(number) for number in found if number]


def _kept(body: bytes) -> tuple[bytes, bytes]:
    """What an element holds, and the rest of what is said of it."""
    found = re.search(rb"/K\s*(\[[^\]]*\]|\d+ 0 R|\d+)", body)
    if found is None:
        return b"", body
    return found[1], body[: found.start()] + body[found.end() :]


def _literal(text: bytes) -> bytes:
    def one(found: re.Match[bytes]) -> bytes:
        code = found[1]
        return bytes([int(code, 8)]) if code.isdigit() else _PLAIN.get(code, code)

    return _ESCAPE.sub(one, text[1:-1])
