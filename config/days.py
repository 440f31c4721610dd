"""The packaged override table of working days, from ``calendar.toml`` beside this file."""

import tomllib
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType

FILE = Path(__file__).with_name("calendar.toml")


@cache
def packaged_days() -> tuple[Mapping[date, bool], frozenset[int]]:
    """Days that are worked (True) or not against the package, and the years the table settles."""
    days: dict[date, bool] = {}
    years = set()
    for year, table in tomllib.loads(FILE.read_text("utf-8")).items():
        years.add(int(year))
        days.update({date.fromisoformat(day): False for day in table.get("rest", [])})
        days.update({date.fromisoformat(day): True for day in table.get("work", [])})
    return MappingProxyType(days), frozenset(years)
