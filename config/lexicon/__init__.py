"""Words the product *understands*, by family, from the TOML files beside this module.

What users see stands in ``config/texts``; what they may type stands here: numerals, date words,
yes and no, suffixes of unit names, and the marks of a Chinese keyboard. Words are written as
``models.forms.typed.normal`` reads them: half-width, lower case, without blanks.

Patterns are regular expressions whose ``$name`` stands for a list of words or a fragment of the
same file. A missing family, entry or name is a programming error (``KeyError``).
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from string import Template
from types import MappingProxyType
from typing import Any, Final

FOLDER: Final = Path(__file__).parent


@cache
def family(name: str) -> Mapping[str, Any]:
    """All entries of one file."""
    return MappingProxyType(tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8")))


@cache
def listed(family_name: str, entry: str) -> tuple[str, ...]:
    """A list of words."""
    return tuple(family(family_name)[entry])


@cache
def mapped(family_name: str, entry: str) -> Mapping[str, Any]:
    """A table: what is typed, and what it stands for."""
    return MappingProxyType(dict(family(family_name)[entry]))


def any_of(words: Iterable[str]) -> str:
    """A regular expression for one of the words, the longest first."""
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


def _fragments(name: str) -> Mapping[str, str]:
    """Every list and table of words of a family as ``(?:a|b)``, its fragments with names filled."""
    entries = family(name)
    known = {
        key: f"(?:{any_of(value)})"
        for key, value in entries.items()
        if key not in ("fragment", "pattern") and isinstance(value, list | dict)
    }
    for key, text in entries.get("fragment", {}).items():
        known[key] = f"(?:{Template(text).substitute(known)})"
    return known


@cache
def patterns(name: str) -> Mapping[str, re.Pattern[str]]:
    """All patterns of a family, in the order of the file."""
    known = _fragments(name)
    return MappingProxyType(
        {
            key: re.compile(Template(text).substitute(known), re.IGNORECASE)
            for key, text in family(name)["pattern"].items()
        }
    )
