"""How a pledge is worded: words that promise an effort without a result (DOMAIN.md 3).

Advice only. "努力做好服务" cannot be checked in December; "每周走访 2 户" can. Words stand in
``config/lexicon/pledge.toml``.
"""

from config.lexicon import listed, patterns
from models.forms.typed import fold


def vague_words(text: str) -> list[str]:
    """The words of a pledge that make it hard to check; none if it names anything to be seen."""
    folded = fold(text)
    if patterns("pledge")["seen"].search(folded):
        return []
    found = [word for word in listed("pledge", "vague") if word in folded]
    longer = [word for word in found if not any(word != o and word in o for o in found)]
    return sorted(longer, key=folded.index)


def label_in(text: str) -> str:
    """The first word of a text that labels a colleague, or empty (PRODUCT.md E.5)."""
    folded = fold(text)
    return next((word for word in listed("pledge", "labels") if word in folded), "")
