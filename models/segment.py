"""Cutting Chinese text into words, with the words of the trade (docs/decisions/0020).

The one module that knows ``rjieba``. Only runs of Chinese characters are handed to it: there its
cuts are those of ``jieba`` (tests/unit/test_segment.py compares them); figures and Latin words are
cut here, where the two differ.
"""

import re
from collections import Counter
from functools import cache
from types import ModuleType
from typing import Final

from config.lexicon import family, listed
from models.forms.typed import normal

_RUN: Final = re.compile(r"([\u3400-\u4dbf\u4e00-\u9fff]+)|([a-z0-9]+(?:[.-][a-z0-9]+)*)")
_SHORTEST: Final = 2
"""Characters of a word that says what a text is about."""


@cache
def _trade() -> frozenset[str]:
    groups = family("domain")
    return frozenset(word for name in groups if name != "stop" for word in groups[name])


@cache
def _cutter() -> ModuleType:
    """The package's own dictionary, with our words: a second one takes 24 MB."""
    import rjieba  # noqa: PLC0415  (33 MB and 0.1 s, not for every process)

    for word in sorted(_trade()):
        rjieba.add_word(word, None, None)
    return rjieba


@cache
def _stop() -> frozenset[str]:
    return frozenset(listed("domain", "stop"))


def warm_up() -> None:
    """Load the dictionary (0.1 s, 33 MB): before the port opens, not at the first message."""
    _cutter()


def runs(text: str) -> list[tuple[str, bool]]:
    """Runs of Chinese characters (True) and of letters and figures (False), in lower case."""
    return [
        (found.group(), found.group(1) is not None)
        for found in _RUN.finditer(normal(text).casefold())
    ]


def cut(text: str) -> list[str]:
    """The words of a text in their order, without marks and blanks, in lower case."""
    words: list[str] = []
    for run, chinese in runs(text):
        words.extend(_cutter().cut(run) if chinese else [run])
    return words


def pieces(text: str) -> list[str]:
    """The text in the pieces between which a line may be broken; joined they are the text."""
    found: list[str] = _cutter().cut(text)
    return found


def topics(text: str) -> Counter[str]:
    """How often each word occurs that may say what a text is about.

    Single characters, bare figures and the words of ``stop`` in ``config/lexicon/domain.toml`` say
    nothing.
    """
    return Counter(
        word
        for word in cut(text)
        if len(word) >= _SHORTEST and word not in _stop() and not word.replace(".", "").isdigit()
    )


def things(text: str) -> set[str]:
    """What is talked about: words of the trade and nouns, but no names of persons."""
    found: set[str] = set()
    for run, chinese in runs(text):
        for word, kind in _cutter().tag(run) if chinese else ():
            named = kind.startswith("n") and not kind.startswith("nr")
            if len(word) >= _SHORTEST and word not in _stop() and (named or word in _trade()):
                found.add(word)
    return found
