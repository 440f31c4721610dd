"""The users' guide in Chinese, one file for each kind of reader; shown by 帮助 and at ``/help``.

A guide is Markdown: its first line is its title, its second says for whom it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

FOLDER: Final = Path(__file__).parent
ORDER: Final = ("team_leader", "secretary", "admin")


@dataclass(frozen=True, slots=True)
class Guide:
    """One guide. ``text`` is what follows title and line of introduction."""

    key: str
    title: str
    about: str
    text: str


@cache
def guides() -> Mapping[str, Guide]:
    """All guides by key, in their order."""
    return MappingProxyType({key: _read(key) for key in ORDER})


def _read(key: str) -> Guide:
    title, about, text = (FOLDER / f"{key}.md").read_text("utf-8").split("\n\n", 2)
    return Guide(key, title.removeprefix("# ").strip(), about.strip(), text)
