"""The secrecy gate: what carries a mark of classification is refused (DOMAIN.md 12)."""

import re
from functools import cache

from config.lexicon import listed


@cache
def _marks() -> tuple[re.Pattern[str], re.Pattern[str]]:
    marks = re.compile("|".join(listed("secrecy", "marks")), re.MULTILINE)
    innocent = re.compile("|".join(listed("secrecy", "innocent")))
    return marks, innocent


def secrecy_mark(text: str) -> str:
    """The first mark of classification in a (normalised) text, or empty.

    Marks and the harmless phrases that hold the same characters stand in
    ``config/lexicon/secrecy.toml``.
    """
    marks, innocent = _marks()
    found = marks.search(innocent.sub("", text))
    return found.group().strip() if found else ""
