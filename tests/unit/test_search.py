"""The text index: what is found by whom, on both databases."""

import random
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.person import Member, Person, Power, Role
from models.search import (
    Audience,
    Entry,
    Hit,
    Reader,
    SearchEntry,
    excerpt,
    grams,
    index,
    reader_of,
    remove,
    search,
    similar,
)
from models.store.engine import Store
from models.unit import Unit, UnitKind

DAY = date(2026, 11, 17)
TEXTS = (
    "劳保手套磨损太快，能不能多发一些",
    "食堂晚饭排队时间长，希望增加窗口",
    "班车时间和夜班对不上，建议调整",
    "台区线损统计报表重复填报，建议合并",
    "10kV 线路巡视无人机电池不够用",
)


def entry(number: int, text: str, **other: Any) -> Entry:
    title, _, body = text.partition("，")
    values = {"unit_path": "/1/2/", "audience": Audience.EVERYONE, "day": DAY, "title": title}
    values = {"number": f"JY-2026-{number:04d}", "kind": "suggestion", "body": body, **values}
    return Entry(**{**values, **other})


@pytest.fixture
def session(store: Store) -> Iterator[Session]:
    with store.writing() as made:
        made.add(Unit(id=1, code="GS", name="公司", kind=UnitKind.COMPANY, path="/1/"))
        made.flush()
        made.add(Person(id=7, userid="p7", userid_key="p7", name="七", unit_id=1))
        made.flush()
        index(made, *(entry(n, text) for n, text in enumerate(TEXTS, 1)))
        yield made


def numbers(hits: Sequence[Hit]) -> list[int]:
    return [int(hit.number[-4:]) for hit in hits]


FOUND: tuple[tuple[str, list[int]], ...] = (
    ("食堂", [2]),
    ("堂", [2]),
    ("手套 磨损", [1]),
    ("磨损 手套", [1]),
    ("手套 食堂", []),
    ("建议", [4, 3]),
    ("10KV", [5]),
    ("１０ｋｖ 电池", [5]),
    ("无人机", [5]),
    ("食 堂", [2]),
    ("口", [2]),
    ("？！", []),
    ("", []),
    ("\" OR * ' & !", []),
    ("' | search_index : *", []),
)


def test_words_are_found(session: Session) -> None:
    for words, found in FOUND:
        assert sorted(numbers(search(session, words))) == sorted(found), words


def test_a_word_in_the_title_comes_before_one_in_the_body(session: Session) -> None:
    index(session, entry(8, "午餐，食堂太远"), entry(9, "食堂，午餐太少"))
    assert numbers(search(session, "食堂"))[0] in (9, 2)
    assert numbers(search(session, "食堂"))[-1] == 8


def test_of_equal_ones_the_newest_comes_first(session: Session) -> None:
    index(session, *(entry(n, "会议室太小", day=DAY - timedelta(days=n)) for n in (30, 20, 40)))
    assert numbers(search(session, "会议室")) == [20, 30, 40]


def test_other_words_for_the_same_are_found(session: Session) -> None:
    assert numbers(similar(session, "手套坏得太快了，希望多发"))[0] == 1
    assert numbers(similar(session, "夜班的班车时间建议改一改"))[0] == 3
    assert similar(session, "，。！") == []
    assert similar(session, "会计档案室漏水", at_least=0.3) == []


def test_the_same_words_score_one(session: Session) -> None:
    (hit, *_) = similar(session, TEXTS[3])
    assert hit.number == "JY-2026-0004"
    assert hit.score == pytest.approx(1.0)


def test_what_is_indexed_again_or_removed_is_not_found_as_before(session: Session) -> None:
    index(session, entry(2, "停车位太少，来办事的客户没处停"))
    assert search(session, "食堂") == []
    assert numbers(search(session, "停车位")) == [2]
    remove(session, "JY-2026-0002", "JY-2026-9999")
    assert search(session, "停车位") == []
    assert session.scalar(select(func.count()).select_from(SearchEntry)) == len(TEXTS) - 1


def test_kinds_narrow_down(session: Session) -> None:
    index(session, entry(6, "食堂改造项目", kind="project"))
    assert numbers(search(session, "食堂", kinds=["project"])) == [6]
    assert numbers(similar(session, "食堂晚饭", kinds=["project"])) == [6]


def member(path: str, branch: int | None = None, *powers: Power, person: int = 1) -> Reader:
    return reader_of(Member(person, "x", "x", 0, path, branch, powers))


SECRETARY = Power(Role.SECRETARY, "/1/2/")
OFFICE = Power(Role.PARTY_OFFICE, "/1/")
READERS = {
    "member": member("/1/2/5/", 2),
    "neighbour": member("/1/3/", 3),
    "secretary": member("/1/2/", 2, SECRETARY),
    "office": member("/1/", None, OFFICE),
    "clerk": member("/1/", None),
    "owner": member("/1/3/", 3, person=7),
}
SEES = {
    Audience.EVERYONE: set(READERS),
    Audience.UNIT: {"member", "secretary", "office", "owner"},
    Audience.OFFICE: {"secretary", "office", "owner"},
    Audience.OWNER: {"owner"},
}


def test_a_reader_finds_what_is_meant_for_them(session: Session) -> None:
    for audience, sees in SEES.items():
        index(session, entry(50, "会议室门禁", audience=audience, owner_id=7, unit_path="/1/2/5/"))
        for look in (search, similar):
            found = {
                name
                for name, reader in READERS.items()
                if look(session, "会议室门禁", reader=reader)
            }
            assert found == sees, audience


def test_a_path_that_only_begins_alike_is_another_unit(session: Session) -> None:
    index(session, entry(50, "会议室门禁", audience=Audience.UNIT, unit_path="/1/23/"))
    assert search(session, "会议室", reader=READERS["secretary"]) == []


def test_ids_tell_the_day_and_nothing_finer(session: Session) -> None:
    days = [DAY + timedelta(days=n % 3) for n in range(60)]
    index(session, *(entry(n + 100, f"第{n}件", day=day) for n, day in enumerate(days)))
    rows = session.execute(select(SearchEntry.id, SearchEntry.day, SearchEntry.number)).all()
    assert [row.day for row in sorted(rows)] == sorted(row.day for row in rows)
    within = [row.number for row in sorted(rows) if row.day == DAY + timedelta(days=1)]
    assert within != sorted(within)
    assert within != sorted(within, reverse=True)


def test_common_words_do_not_hide_the_rare_ones(session: Session) -> None:
    chance = random.Random(3)
    places = ("城南", "城北", "河东", "河西", "新城")
    things = ("食堂", "班车", "宿舍", "仓库", "门禁", "空调", "体检", "报表")
    index(
        session,
        *(
            entry(n, f"{chance.choice(places)}供电所{chance.choice(things)}需要维修，编号{n}")
            for n in range(1000, 2500)
        ),
    )
    index(session, entry(3000, "城南供电所食堂需要维修，蒸饭箱门关不严漏蒸汽"))
    asked = "供电所食堂维修：蒸饭箱漏汽，门关不严"
    assert numbers(similar(session, asked))[0] == 3000


def test_an_excerpt_shows_the_word(session: Session) -> None:
    index(session, entry(60, "长文，" + "前面很多字" * 20 + "中间有门禁" + "后面很多字" * 20))
    (hit,) = search(session, "门禁")
    shown = excerpt(hit, "门禁")
    assert "门禁" in shown
    assert shown.startswith("…")
    assert shown.endswith("…")
    assert len(shown) <= 42


@given(st.text(max_size=80))
def test_every_character_of_a_chinese_word_begins_a_gram(text: str) -> None:
    found = grams(text)
    assert len(found) == len(set(found))
    for gram in found:
        assert gram
        assert " " not in gram
        assert gram.isalnum()


@given(st.text(alphabet="食堂班车手套", min_size=1, max_size=12))
def test_a_text_is_found_by_any_of_its_parts(text: str) -> None:
    found = grams(text)
    for at in range(len(text)):
        assert any(gram.startswith(text[at]) for gram in found)
        if at + 1 < len(text):
            assert text[at : at + 2] in found
