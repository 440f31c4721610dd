"""What a text is about: measured on texts that were not learnt from, and explained."""

import random
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from config.rules import default_rules
from config.suggestion import OTHER
from models.classify import Classifier, Learnt, count_words, keep_learnt, read_learnt
from models.store.engine import Store

SAMPLE = Path(__file__).parents[2] / "config" / "sample" / "suggestions.toml"
APART = Path(__file__).parents[1] / "bench" / "apart.toml"
CATEGORIES = default_rules().suggestion.categories
RULES = Classifier({key: one.words for key, one in CATEGORIES.items() if key != OTHER})
LEAST = default_rules().suggestion.word_senders


@pytest.fixture
def session(store: Store) -> Iterator[Session]:
    with store.writing() as made:
        yield made


def labelled() -> dict[str, list[str]]:
    return tomllib.loads(SAMPLE.read_text("utf-8"))


def pairs(texts: dict[str, list[str]]) -> list[tuple[str, str]]:
    return [(category, text) for category, rows in texts.items() for text in rows]


def accuracy(learnt: Learnt, texts: list[tuple[str, str]]) -> float:
    guesses = [(category, RULES.guess(text, learnt)) for category, text in texts]
    return sum(one is not None and one.category == want for want, one in guesses) / len(texts)


def test_nine_of_ten_are_found_after_learning_from_others() -> None:
    said = labelled()
    assert len(said) == 10
    learn = [(key, text) for key, rows in said.items() for text in rows[0::2]]
    judge = [(key, text) for key, rows in said.items() for text in rows[1::2]]
    assert not {text for _, text in learn} & {text for _, text in judge}
    rules = accuracy(Learnt(), judge)
    both = accuracy(count_words(RULES, learn, LEAST), judge)
    assert rules >= 0.85
    assert both >= rules - 0.01


def test_texts_written_apart_are_found() -> None:
    """No word was put into a category, and nothing learnt, because of them."""
    learnt = count_words(RULES, pairs(labelled()), LEAST)
    assert accuracy(learnt, pairs(tomllib.loads(APART.read_text("utf-8")))) >= 0.85


def test_a_correction_is_learnt() -> None:
    """A word the rules do not know takes sides once handlers have."""
    text = "智慧杆塔的盒子又离线了"
    before = RULES.guess(text, Learnt())
    taught = [("equipment", f"智慧杆塔{n}号盒子离线没有人管") for n in range(25)]
    after = RULES.guess(text, count_words(RULES, taught, LEAST))
    assert after is not None
    assert (before is None) or before.category != after.category
    assert after.category == "equipment"
    assert "盒子" in after.words


def test_the_reason_names_words_of_the_text() -> None:
    guess = RULES.guess("手套磨损快，爬几次杆就破了", Learnt())
    assert guess is not None
    assert guess.category == "labour"
    assert set(guess.words) == {"手套", "磨损"}
    assert RULES.guess("嗯嗯好的知道了", Learnt()) is None


def test_words_of_one_or_two_are_forgotten() -> None:
    texts = [("hr", "张三的考核分数"), ("hr", "考核分数"), ("hr", "考核分数怎么算")]
    learnt = count_words(RULES, texts, 3)
    assert "张三" not in learnt.words
    assert learnt.words["考核分数"] == {"hr": 3}


def test_what_was_learnt_is_kept_and_replaced(session: Session) -> None:
    chance = random.Random(5)
    texts = [(key, text) for key, rows in labelled().items() for text in rows]
    chance.shuffle(texts)
    learnt = count_words(RULES, texts, LEAST)
    keep_learnt(session, learnt)
    keep_learnt(session, learnt)
    words = ["食堂", "手套", "没有这个词"]
    found = read_learnt(session, words, 20)
    assert found.docs == learnt.docs
    assert {word: dict(by) for word, by in found.words.items()} == {
        word: dict(learnt.words[word]) for word in words if word in learnt.words
    }
    assert read_learnt(session, words, 10_000) == Learnt()
    keep_learnt(session, Learnt())
    assert read_learnt(session, words, 0) == Learnt()
