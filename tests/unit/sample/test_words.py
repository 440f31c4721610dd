"""The vocabulary of the invented company: it fits together, and nothing in it is a slip."""

import re
from collections import Counter

import pytest

from bot.sim.sample.company import build_company
from bot.sim.sample.vocabulary import Theme, themes, themes_of, vocabulary
from models.project import Direction
from models.secrecy import secrecy_mark

FIGURES = frozenset({"done", "total", "n", "m", "k", "p"})
PLACES = FIGURES | {"town", "suffix", "village", "line", "hv", "sub", "firm", "master"}


def sentences(theme: Theme) -> list[str]:
    return [*theme.early, *theme.mid, *theme.late, *theme.problems, *theme.mechanisms]


def all_sentences() -> list[str]:
    words = vocabulary("words")
    found = [sentence for theme in themes() for sentence in sentences(theme)]
    for style in ("field", "desk"):
        for clauses in words["clauses"][style].values():
            found += clauses
        for clauses in words["season"][style].values():
            found += clauses
    return [*found, *words["down"]["reasons"], *words["down_said"]["clauses"]]


def test_there_are_many_building_blocks_and_each_stands_once() -> None:
    assert len(set(all_sentences())) > 900
    found = [sentence for theme in themes() for sentence in sentences(theme)]
    assert [one for one, count in Counter(found).items() if count > 1] == []


def test_every_place_in_a_sentence_is_known() -> None:
    for sentence in all_sentences():
        assert set(re.findall(r"\{(\w*)\}", sentence)) <= PLACES, sentence


def test_every_field_of_work_has_its_themes() -> None:
    fields = {branch.field for branch in build_company(1).branches}
    assert all(themes_of(field) for field in fields)
    assert {field for theme in themes() for field in theme.fields} <= fields


@pytest.mark.parametrize("theme", themes(), ids=lambda theme: theme.titles[0])
def test_a_theme_is_whole(theme: Theme) -> None:
    assert Direction(theme.direction)
    assert len(theme.early) >= 3
    assert len(theme.mid) >= 6
    assert len(theme.late) >= 3
    assert len(theme.titles) >= 4
    assert theme.base != theme.goal
    assert max(theme.base[1] - theme.base[0], theme.goal[1] - theme.goal[0]) >= 0
    assert any("{done}" in sentence for sentence in theme.mid)
    if theme.unit == "%":
        assert min(*theme.base, *theme.goal) >= 0
        assert max(*theme.base, *theme.goal) <= 100


def test_nothing_bears_a_mark_of_classification() -> None:
    for sentence in (*all_sentences(), *(title for t in themes() for title in t.titles)):
        assert not secrecy_mark(sentence), sentence


def test_every_month_has_its_season() -> None:
    season = vocabulary("words")["season"]
    months = {str(month) for month in range(1, 13)}
    assert set(season["field"]) == set(season["desk"]) == months


def test_nobody_bears_the_name_of_somebody_in_public_life() -> None:
    avoid = set(vocabulary("people")["avoid"])
    names = {p.name for crew in build_company(1).people.values() for p in crew}
    assert not names & avoid
    assert len(names) > 2000
