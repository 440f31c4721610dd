"""How often the category of a suggestion is found: never judged on what was learnt from."""

import time
import tomllib
from pathlib import Path

from config.rules import default_rules
from config.suggestion import OTHER
from models.classify import Classifier, Learnt, count_words

SAMPLE = Path(__file__).parents[2] / "config" / "sample" / "suggestions.toml"
APART = Path(__file__).with_name("apart.toml")


def measure() -> None:
    """Print accuracy by the rules alone, and with what was learnt.

    Each half of the sample after learning from the other, then texts written apart from both.
    """
    settings = default_rules().suggestion
    rules = Classifier({k: c.words for k, c in settings.categories.items() if k != OTHER})
    said, apart = _labelled(SAMPLE), _labelled(APART)
    halves = (said[0::2], said[1::2])
    for learn, judge in (halves, halves[::-1], (said, apart)):
        learnt = count_words(rules, learn, settings.word_senders)
        begun = time.perf_counter()
        alone, both = (_accuracy(rules, one, judge) for one in (Learnt(), learnt))
        each = (time.perf_counter() - begun) / (2 * len(judge)) * 1000
        print(
            f"categories               {both:.2f} of {len(judge)} texts, rules alone {alone:.2f},"
            f" {each:.1f} ms each   (target >= 0.85)"
        )


def _labelled(path: Path) -> list[tuple[str, str]]:
    """Pairs of category and text, as they stand in the file."""
    found = tomllib.loads(path.read_text("utf-8"))
    return [(category, text) for category, texts in found.items() for text in texts]


def _accuracy(rules: Classifier, learnt: Learnt, texts: list[tuple[str, str]]) -> float:
    found = [(category, rules.guess(text, learnt)) for category, text in texts]
    return sum(one is not None and one.category == want for want, one in found) / len(texts)
