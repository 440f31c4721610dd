"""What a visit looks at and asks 四查四问两关注, as data beside this module (F-142)."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("visit.toml")


@dataclass(frozen=True, slots=True)
class Topic:
    """One thing to look at or ask about. ``key`` never changes; ``part`` groups them."""

    key: str
    part: str
    title: str
    hint: str


@cache
def topics() -> tuple[Topic, ...]:
    """All of them, in order; ``ValueError`` if a key stands twice."""
    found = tuple(Topic(**row) for row in tomllib.loads(FILE.read_text("utf-8"))["topics"])
    if len({topic.key for topic in found}) != len(found):
        raise ValueError(f"{FILE.name}: a key stands twice")
    return found
