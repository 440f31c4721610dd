"""The words of the invented company, from the TOML files in ``config/sample``."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import config

FOLDER: Final = Path(config.__file__).parent / "sample"
THEMES: Final = ("themes_station", "themes_grid", "themes_office")


@cache
def vocabulary(name: str) -> Mapping[str, Any]:
    """One file."""
    return MappingProxyType(tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8")))


def word(family: str, key: str, **places: str) -> str:
    """A word or pattern of ``company.toml`` with its places filled."""
    text: str = vocabulary("company")[family][key]
    return text.format_map(places)


@dataclass(frozen=True, slots=True)
class Theme:
    """What a project may be about.

    ``base``, ``goal`` and ``count`` are ranges: of the indicator now and at the end, and of how
    many things there are to be done. ``early``, ``mid`` and ``late`` are sentences for reports.
    """

    fields: tuple[str, ...]
    titles: tuple[str, ...]
    business: str
    problems: tuple[str, ...]
    mechanisms: tuple[str, ...]
    indicator: str
    unit: str
    base: tuple[float, float]
    goal: tuple[float, float]
    direction: str
    count: tuple[int, int]
    early: tuple[str, ...]
    mid: tuple[str, ...]
    late: tuple[str, ...]


@cache
def themes() -> tuple[Theme, ...]:
    """All themes, in the order of the files."""
    return tuple(_theme(table) for name in THEMES for table in vocabulary(name)["theme"])


def _theme(table: Mapping[str, Any]) -> Theme:
    values: Any = {k: tuple(v) if isinstance(v, list) else v for k, v in table.items()}
    return Theme(**values)


@cache
def themes_of(field: str) -> tuple[Theme, ...]:
    """The themes that fit a field of work."""
    return tuple(theme for theme in themes() if field in theme.fields)
