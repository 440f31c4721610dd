"""The words that are understood."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from config import lexicon
from models.forms.field import Problem
from models.forms.typed import fold

FAMILIES = ("answers", "chains", "dates", "marks", "numerals", "periods", "units")


def _words(table: Any) -> Iterator[str]:
    for entry, value in table.items():
        if entry in ("pattern", "fragment"):
            continue
        yield from value if isinstance(value, list) else value if isinstance(value, dict) else ()


@pytest.mark.parametrize("name", [name for name in FAMILIES if name != "marks"])
def test_words_are_written_as_they_are_read(name: str) -> None:
    assert [word for word in _words(lexicon.family(name)) if fold(word) != word] == []


@pytest.mark.parametrize("name", [name for name in FAMILIES if "pattern" in lexicon.family(name)])
def test_patterns_are_expressions(name: str) -> None:
    assert all(isinstance(pattern, re.Pattern) for pattern in lexicon.patterns(name).values())


def test_a_missing_word_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError):
        lexicon.listed("answers", "perhaps")
    with pytest.raises(KeyError):
        lexicon.mapped("dates", "perhaps")


def test_problems_compare_by_what_they_say() -> None:
    assert Problem("problem.empty") == Problem("problem.empty", {})
