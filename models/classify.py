"""What a suggestion is about: rules first, then what handlers have confirmed (decision 0022).

A small model over words that anybody can read: for each category, in how many confirmed
suggestions a word occurred. The words that the rules name for a category count as if they had
occurred there ``RULE`` times; what is known of a word in general counts ``CAUTION`` times, so that
few examples move little. A word speaks for a category by how much more often it occurs there than
on the average.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import String, delete, insert, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base
from models.forms.typed import fold
from models.segment import topics

RULE: Final = 8.0
CAUTION: Final = 40.0
NAMED: Final = 3
"""Words that are given as the reason."""
ALL: Final = ""
"""The word under which it is kept how many suggestions a category has."""


class LearntWord(Base):
    """In how many confirmed suggestions of a category a word occurred."""

    __tablename__ = "suggestion_word"

    category: Mapped[str] = mapped_column(String(32), primary_key=True)
    word: Mapped[str] = mapped_column(String(40), primary_key=True)
    count: Mapped[int]


@dataclass(frozen=True, slots=True)
class Learnt:
    """What has been learnt: suggestions per category, and per word and category."""

    docs: Mapping[str, int] = field(default_factory=dict)
    words: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Guess:
    """A category with its probability among all, and the words that spoke for it."""

    category: str
    share: float
    words: tuple[str, ...] = ()


class Classifier:
    """``rules`` are the words of each category, in the order in which ties are decided."""

    def __init__(self, rules: Mapping[str, Iterable[str]]) -> None:
        self._rules = {key: frozenset(map(fold, words)) for key, words in rules.items()}
        named = {word for words in self._rules.values() for word in words}
        self._longest_first = sorted(named, key=lambda word: (-len(word), word))

    def words_of(self, text: str) -> list[str]:
        """What counts in a text: words of the rules, the longest first, then other words."""
        rest = fold(text)
        found: dict[str, None] = {}
        for word in self._longest_first:
            if word in rest:
                found[word] = None
                rest = rest.replace(word, "\n")
        known = set(self._longest_first)
        found.update((word, None) for word in topics(text) if word not in known)
        return list(found)

    def guess(self, text: str, learnt: Learnt) -> Guess | None:
        """The most probable category; None if no word speaks for any."""
        total = sum(learnt.docs.values())
        weights: dict[str, dict[str, float]] = {}
        for word in self.words_of(text):
            seen = learnt.words.get(word, {})
            if seen or any(word in words for words in self._rules.values()):
                average = (sum(seen.values()) + 1) / (total + len(self._rules))
                weights[word] = {
                    key: self._weight(key, word, seen.get(key, 0), learnt, average)
                    for key in self._rules
                }
        scores = {key: sum(by[key] for by in weights.values()) for key in self._rules}
        best = max(scores, key=lambda key: scores[key])
        reasons = sorted(weights, key=lambda word: -weights[word][best])
        named = tuple(word for word in reasons if weights[word][best] > 0)[:NAMED]
        if not named:
            return None
        share = 1 / sum(math.exp(score - scores[best]) for score in scores.values())
        return Guess(best, share, named)

    def _weight(self, category: str, word: str, seen: int, learnt: Learnt, average: float) -> float:
        """Logarithm of how much more often a word occurs in a category than on the average."""
        rule = RULE * (word in self._rules[category])
        docs = learnt.docs.get(category, 0)
        return math.log((seen + rule + CAUTION * average) / (docs + rule + CAUTION) / average)


def count_words(classifier: Classifier, texts: Iterable[tuple[str, str]], least: int) -> Learnt:
    """Learn from pairs of category and text; words of fewer than ``least`` texts are forgotten.

    So no word is kept that only one or two people have used.
    """
    docs: Counter[str] = Counter()
    words: dict[str, Counter[str]] = {}
    for category, text in texts:
        docs[category] += 1
        for word in classifier.words_of(text):
            words.setdefault(word, Counter())[category] += 1
    kept = {word: by for word, by in words.items() if by.total() >= least and len(word) <= LONGEST}
    return Learnt(docs, kept)


LONGEST: Final = 40


def keep_learnt(session: Session, learnt: Learnt) -> None:
    """Put what has been learnt in the place of what was there."""
    session.execute(delete(LearntWord))
    rows = [{"category": key, "word": ALL, "count": count} for key, count in learnt.docs.items()]
    rows += [
        {"category": category, "word": word, "count": count}
        for word, by in sorted(learnt.words.items())
        for category, count in by.items()
    ]
    if rows:
        session.execute(insert(LearntWord), rows)


def read_learnt(session: Session, words: Sequence[str], least: int) -> Learnt:
    """What has been learnt about some words; nothing while there are fewer than ``least`` texts."""
    docs = dict(
        session.execute(
            select(LearntWord.category, LearntWord.count).where(LearntWord.word == ALL)
        ).all()
    )
    if sum(docs.values()) < least:
        return Learnt()
    found: dict[str, dict[str, int]] = {}
    for row in session.execute(
        select(LearntWord.word, LearntWord.category, LearntWord.count.label("total")).where(
            LearntWord.word.in_([word for word in words if word])
        )
    ):
        found.setdefault(row.word, {})[row.category] = row.total
    return Learnt(docs, found)
