"""Settings of 书记听您说 (DOMAIN.md 4); defaults stand in ``suggestion.toml`` beside this file."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

DEFAULTS = Path(__file__).with_name("suggestion.toml")
OTHER = "other"
"""The category of what fits nowhere; it must be there."""


@dataclass(frozen=True, slots=True)
class Tier:
    """The clocks of one urgency, as ``models/worktime.py`` reads spans."""

    label: str
    acknowledge: str
    assign: str
    reply: str
    rectify: str


@dataclass(frozen=True, slots=True)
class Category:
    """What a suggestion may be about: who gets it, and which words speak for it."""

    label: str
    units: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Anonymous:
    """How the page without log-in is kept from being flooded (never by who somebody is)."""

    bits: int
    slow_seconds: float
    per_second: float
    worked_per_second: float
    waiting: int
    guess_seconds: float
    photos: int
    photo_megabytes: int


@dataclass(frozen=True, slots=True)
class Suggestion:
    """All settings of the family."""

    min_chars: int
    max_chars: int
    hide_below: int
    fallback: str
    keeper: str
    reopens: int
    extension_days: int
    keep_code_days: int
    similar: float
    confident: float
    word_senders: int
    learn_from: int
    default_tier: str
    anonymous: Anonymous
    tiers: Mapping[str, Tier]
    categories: Mapping[str, Category]

    @classmethod
    def build(cls, table: Mapping[str, Any]) -> "Suggestion":
        """From the tables of a TOML file; ``ValueError`` or ``TypeError`` if they do not fit."""
        categories = {
            key: Category(
                label=entry["label"],
                units=tuple(entry.get("units", ())),
                words=tuple(entry.get("words", ())),
            )
            for key, entry in table["categories"].items()
        }
        tiers = {key: Tier(**entry) for key, entry in table["tiers"].items()}
        plain = {
            name: value
            for name, value in table.items()
            if name not in ("anonymous", "tiers", "categories")
        }
        if OTHER not in categories or plain.get("default_tier") not in tiers:
            raise ValueError(f"categories.{OTHER}, default_tier")
        return cls(
            anonymous=Anonymous(**table["anonymous"]),
            tiers=MappingProxyType(tiers),
            categories=MappingProxyType(categories),
            **plain,
        )
