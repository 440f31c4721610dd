"""Half a year of 书记听您说: 147 suggestions, 136 rectified, 92.5 %, every deadline checked.

The story is told by chat; the figures are counted again from the story, and each deadline from a
calendar that is written out below.
"""

import random
import re
import tomllib
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from models.suggestion import State, Suggestion
from models.suggestion_figures import count_words, figures, hot_words, rate
from tests.talker import Talker

ZONE = ZoneInfo("Asia/Shanghai")
SAMPLE = Path(__file__).parents[2] / "config" / "sample" / "suggestions.toml"
START = datetime(2026, 6, 1, 1, 0, tzinfo=UTC)
REST = {
    *(date(2026, 6, day) for day in (19, 20, 21)),
    *(date(2026, 9, day) for day in (25, 26, 27)),
    *(date(2026, 10, day) for day in range(1, 8)),
    date(2027, 1, 1),
}
SHIFTED = {date(2026, 9, 20), date(2026, 10, 10)}
"""端午, 中秋, 国庆 of 2026 and the days worked for them (国办发明电〔2025〕7号), 元旦 of 2027."""


def worked(day: date) -> bool:
    return day in SHIFTED or (day not in REST and day.weekday() < 5)


def working_days_after(day: date, count: int) -> datetime:
    """The end of work on the ``count``-th working day after a day."""
    while count:
        day += timedelta(days=1)
        count -= worked(day)
    return datetime.combine(day, time(18), ZONE)


@dataclass
class Story:
    """What was done, as the one who tells it remembers."""

    collected: Counter[str] = field(default_factory=Counter)
    rectified: int = 0
    declined: int = 0
    open: int = 0
    judged: int = 0
    solved: int = 0
    pleased: int = 0
    late: int = 0
    deadlines: int = 0


@pytest.fixture
async def talker(sqlite_url: str) -> AsyncIterator[Talker]:
    made = Talker(sqlite_url, START)
    await made.open()
    yield made
    await made.close()


def kept(talker: Talker, number: str) -> Suggestion:
    with talker.store.reading() as session:
        return session.scalars(select(Suggestion).where(Suggestion.number == number)).one()


def due_holds(talker: Talker, story: Story, number: str, since: date, count: int) -> None:
    one = kept(talker, number)
    assert one.due_at == working_days_after(since, count), (number, since, count)
    story.deadlines += 1


async def one_life(
    talker: Talker, story: Story, chance: random.Random, said: str, number: str, end: str
) -> None:
    """A suggestion from the first word to its end."""
    sender = f"b{chance.randrange(1, 8)}p{chance.randrange(2, 6)}"
    await talker.say(sender, f"/建议 {said}")
    if "提交" in await talker.say(sender, "提交"):  # asked whether it is the same as another
        pass
    today = talker.clock.now().astimezone(ZONE).date()
    story.collected[f"{today:%Y-%m}"] += 1
    due_holds(talker, story, number, today, 1)
    if chance.random() < 0.1:
        talker.clock.move_to(talker.clock.now() + timedelta(days=6))
        story.late += 1
    await talker.tap("dangjian", f"suggestion.acknowledge:{number}")
    due_holds(talker, story, number, today, 2)
    if end == "open":
        story.open += 1
        return
    await talker.say("dangjian", f"/分办 {number} 承办人：b1p0")
    given = talker.clock.now().astimezone(ZONE).date()
    due_holds(talker, story, number, given, 10)
    if end == "declined":
        await talker.say("b1p0", f"/不采纳 {number} 今年没有这笔预算，明年再列入计划")
        await talker.tap("dangjian", f"suggestion.approve:{number}")
        story.declined += 1
        return
    await talker.say("b1p0", f"/答复 {number} 已经安排，月底前办好，请放心")
    await talker.tap("dangjian", f"suggestion.approve:{number}")
    due_holds(talker, story, number, given, 30)
    await talker.say("b1p0", f"/办结 {number} 已经办好了")
    await talker.tap("dangjian", f"suggestion.verify:{number}")
    story.rectified += 1
    if chance.random() < 0.6:
        stars = chance.choice((3, 4, 5, 5))
        await talker.tap(sender, f"suggestion.rate:{number}/1/{stars}")
        story.judged += 1
        story.solved += 1
        story.pleased += stars >= 4


@pytest.mark.long
async def test_half_a_year(talker: Talker) -> None:
    chance = random.Random(147)
    texts = [text for said in tomllib.loads(SAMPLE.read_text("utf-8")).values() for text in said]
    chance.shuffle(texts)
    ends = ["rectified"] * 136 + ["declined"] * 5 + ["open"] * 6
    chance.shuffle(ends)
    story = Story()
    for at, end in enumerate(ends):
        talker.clock.move_to(talker.clock.now() + timedelta(hours=chance.randrange(2, 26)))
        await one_life(talker, story, chance, texts[at], f"JY-2026-{at + 1:04d}", end)
    now = talker.clock.now()
    with talker.store.reading() as session:
        found = figures(session, date(2026, 1, 1), date(2026, 12, 31), now)
        months = {
            month: figures(session, first, last, now).collected
            for month, first, last in (
                (f"2026-{m:02d}", date(2026, m, 1), date(2026, m + 1, 1) - timedelta(days=1))
                for m in range(6, 12)
            )
        }
        states = Counter(session.scalars(select(Suggestion.state)).all())
    assert (found.collected, found.rectified, found.rectified_rate) == (147, 136, Decimal("92.5"))
    assert (found.declined, states[State.DECLINED]) == (5, 5)
    assert months == {month: story.collected[month] for month in months}
    assert (found.judged, found.solved, found.pleased) == (
        story.judged,
        story.solved,
        story.pleased,
    )
    assert found.first_due == 147
    assert found.first_in_time == 147 - story.late
    assert story.deadlines == 147 * 2 + 141 + 136
    board = await talker.say("shuji", "/台账 建议")
    assert "共 147 行" in board


def test_rates_are_rounded_as_on_paper() -> None:
    assert rate(136, 147) == Decimal("92.5")
    assert rate(1, 8) == Decimal("12.5")
    assert rate(1, 2000) == Decimal("0.1")  # halves up
    assert rate(0, 5) == Decimal(0)
    assert rate(0, 0) is None


async def test_words_of_few_are_nobodys_business(talker: Talker) -> None:
    for branch in (1, 2, 3):
        await talker.say(f"b{branch}p2", f"/建议 食堂的饭菜太咸了，希望清淡一点，{branch}号楼")
        await talker.say(f"b{branch}p2", "提交")
    for _ in range(3):
        await talker.say("b4p2", "/建议 打印机总是卡纸，换一台打印机行不行啊")
        await talker.say("b4p2", "提交")
    with talker.store.reading() as session:
        words = dict(hot_words(session, date(2026, 6, 1), date(2026, 6, 30), 3))
    assert words["食堂"] == 3
    assert words["饭菜"] == 3
    assert "打印机" not in words


async def test_a_visitor_is_not_the_one_who_said_it(talker: Talker) -> None:
    """Three branches told one visitor the same: three senders; one branch, three times, is one."""
    wet = "雨衣用了三年一折就裂，申请更换"
    slow = "打印机总是卡纸，换一台打印机行不行"
    places = ("城南供电所", "城北供电所", "变电运维一班")
    for place, said in [(place, wet) for place in places] + [(places[0], slow)] * 3:
        answer = await talker.say("shuji", f"/走访 {place}党支部 座谈听取意见")
        number = re.search(r"ZF-2026-\d{4}", answer)
        assert number, answer
        assert "收集建议 1 条" in await talker.say("shuji", f"/走访建议 {number[0]} {said}")
    with talker.store.reading() as session:
        words = dict(hot_words(session, date(2026, 6, 1), date(2026, 6, 30), 3))
    assert words["雨衣"] == 3
    assert "打印机" not in words


def test_a_sender_counts_once_for_a_word() -> None:
    said = [("a", "食堂 食堂 食堂"), ("a", "食堂"), ("b", "食堂和班车"), ("c", "班车")]
    assert count_words(said) == [("班车", 2), ("食堂", 2)]
