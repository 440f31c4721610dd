"""How often the category of a suggestion is found, learnt on one half and judged on the other."""

import time
import tomllib
from pathlib import Path

from config.rules import default_rules
from config.suggestion import OTHER
from models.classify import Classifier, Learnt, count_words

SAMPLE = Path(__file__).parents[2] / "config" / "sample" / "suggestions.toml"


def measure() -> None:
    """Print accuracy by the rules alone, and with what was learnt."""
    settings = default_rules().suggestion
    rules = Classifier({k: c.words for k, c in settings.categories.items() if k != OTHER})
    said = tomllib.loads(SAMPLE.read_text("utf-8"))
    halves = [
        [(key, text) for key, rows in said.items() for text in rows[first::2]] for first in (0, 1)
    ]
    for learn, judge in (halves, halves[::-1]):
        learnt = count_words(rules, learn, settings.word_senders)
        begun = time.perf_counter()
        alone, both = (_accuracy(rules, one, judge) for one in (Learnt(), learnt))
        each = (time.perf_counter() - begun) / (2 * len(judge)) * 1000
        print(
            f"categories               {both:.2f} of {len(judge)} texts, rules alone {alone:.2f},"
            f" {each:.1f} ms each   (target >= 0.85)"
        )


def _accuracy(rules: Classifier, learnt: Learnt, texts: list[tuple[str, str]]) -> float:
    found = [(category, rules.guess(text, learnt)) for category, text in texts]
    return sum(one is not None and one.category == want for want, one in found) / len(texts)
