"""Every sentence users see, by key, from the TOML files beside this module.

``t("progress.saved", number="JZ-2026-0001")`` fills the placeholders of one sentence. A key is the
path inside the files: table names and the entry, joined by dots; all files form one catalogue.
A missing key or placeholder is a programming error (``KeyError``); ``tests/house`` finds it early.
"""

import dataclasses
import tomllib
from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from config.checklists import checklists
from config.visits import topics

FOLDER = Path(__file__).parent


def _flatten(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str | list[str]]]:
    for name, value in table.items():
        key = f"{prefix}.{name}" if prefix else name
        if isinstance(value, Mapping):
            yield from _flatten(value, key)
        else:
            yield key, value


@cache
def catalogue() -> Mapping[str, str | list[str]]:
    """Read all text files once; two files may not hold the same key (``ValueError``)."""
    entries: dict[str, str | list[str]] = {}
    for path in sorted(FOLDER.glob("*.toml")):
        for key, value in _flatten(tomllib.loads(path.read_text("utf-8"))):
            if key in entries:
                raise ValueError(f"text key {key} stands twice")
            entries[key] = value
    entries.update(list(_sheets(entries)))
    return MappingProxyType(entries)


def _sheets(entries: Mapping[str, str | list[str]]) -> Iterator[tuple[str, str]]:
    """The texts of the forms that checklists and visit topics become, from their own words."""
    for checklist in checklists().values():
        for number, item in enumerate(checklist.items, 1):
            for field in ("verdict", "remark", "photos"):
                for part in ("label", "ask", "hint"):
                    pattern = entries.get(f"check.sheet.{field}.{part}")
                    if isinstance(pattern, str):
                        words = pattern.format(number=number, **dataclasses.asdict(item))
                        yield f"form.check_{checklist.type}.{item.key}_{field}.{part}", words
    for topic in topics():
        for part in ("label", "ask", "hint"):
            pattern = str(entries[f"visit.sheet.{part}"])
            words = pattern.format(**dataclasses.asdict(topic))
            yield f"form.visit_sheet.{topic.key}.{part}", words


def t(key: str, /, **params: object) -> str:
    """The sentence of a key with its placeholders filled."""
    text = catalogue()[key]
    if not isinstance(text, str):
        raise KeyError(f"{key} is a list of words; use words()")
    return text.format_map(params) if params else text


def words(key: str) -> tuple[str, ...]:
    """A list of words (aliases, synonyms) of a key; empty if there is none."""
    value = catalogue().get(key, [])
    return (value,) if isinstance(value, str) else tuple(value)


def has(key: str) -> bool:
    """Whether the catalogue holds the key."""
    return key in catalogue()


def label(value: StrEnum) -> str:
    """The word users see for a state or kind: key ``enum.<ClassName>.<value>``."""
    return t(f"enum.{type(value).__name__}.{value.value}")


@cache
def labels(kind: type[StrEnum]) -> Mapping[str, StrEnum]:
    """The words users see for all members of a kind, to read them back."""
    return MappingProxyType({label(member): member for member in kind})
