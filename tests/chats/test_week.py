"""The main job: forty people in seven groups report for a week, then comes Monday at nine.

Every group gets the ranking once, with the right figures, as text, picture and Excel file.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from functools import partial
from io import BytesIO
from zoneinfo import ZoneInfo

from openpyxl import load_workbook
from PIL import Image

from bot.sim.messages import Kind, Message
from tests.world import PATIENT, TUESDAY, Company, World

SHANGHAI = ZoneInfo("Asia/Shanghai")
MONDAY_AT_NINE = datetime(2026, 11, 23, 9, 0, tzinfo=SHANGHAI)


@dataclass
class Books:
    """An independent reckoning of what the week's reports amount to."""

    percents: dict[int, Decimal] = field(default_factory=dict)

    def ahead(self, branch: int) -> Decimal:
        """Points ahead of a plan that runs straight through the year."""
        gone = (date(2026, 11, 23) - date(2026, 1, 1)).days + 1
        planned = (Decimal(100) * gone / 365).quantize(Decimal("0.1"), ROUND_HALF_EVEN)
        return self.percents[branch] - planned

    def places(self, branches: list[int]) -> dict[int, int]:
        """Place = one more than the number of branches that are further ahead."""
        known = [b for b in branches if b in self.percents]
        return {b: 1 + sum(self.ahead(other) > self.ahead(b) for other in known) for b in known}


def week(chance: random.Random) -> Iterator[tuple[timedelta, str, int, int]]:
    """Who reports what when: (since Tuesday nine, userid, branch, percent), in order."""
    moments = sorted(chance.randrange(0, 5 * 24 * 60) for _ in range(60))
    reached = dict.fromkeys(range(1, 8), 40)
    for minutes in moments:
        branch = chance.choice([1, 2, 3, 4, 5, 6])  # branch 7 stays silent
        reached[branch] = min(reached[branch] + chance.randrange(0, 7), 99)
        userid = f"b{branch}p{chance.randrange(6)}"
        yield timedelta(minutes=minutes), userid, branch, reached[branch]


def own_line(text: str) -> str:
    return next(line for line in text.split("\n") if line.startswith("**本支部"))


async def test_a_week_of_reports_and_the_ranking_on_monday(both_worlds: World) -> None:
    world, books = both_worlds, Books()
    chance = random.Random(20261117)
    start = TUESDAY
    speakers = set()
    for since, userid, branch, percent in week(chance):
        world.clock.move_to(max(start + since, world.clock.now() + timedelta(seconds=5)))
        private = chance.random() < 0.3
        answer = await world.say(
            userid, f"/进展 {percent}% 完成第{percent}项", None if private else f"wr{branch}"
        )
        assert "JZ-2026-" in answer.text
        speakers.add(userid)
        books.percents[branch] = Decimal(percent)
    assert len(speakers) >= 25
    await world.open_chats([f"wr{n}" for n in range(1, 8)])
    world.clock.move_to(MONDAY_AT_NINE)
    for _ in range(3):  # the clock looks again and again; it happens once
        await world.runtime.scheduler.sweep()
    for chat in range(1, 8):
        await world.desk.until(partial(arrived, world, chat), 20)
    await world.desk.settled()
    check(world, books)
    assert [v for v in world.desk.violations if v.hard] == []


def arrived(world: World, chat: int) -> bool | None:
    return len(broadcast(world, chat)) == 3 or None


def broadcast(world: World, chat: int) -> list[Message]:
    """What the bot said in a group since Monday at nine, unasked."""
    return [
        message
        for message in world.desk.heard(f"wr{chat}")
        if message.at >= MONDAY_AT_NINE and not message.answers
    ]


def check(world: World, books: Books) -> None:
    kinds = {1: [1, 2, 3, 4], 5: [5, 6], 7: [7]}
    groups = {b: members for members in kinds.values() for b in members}
    for chat in range(1, 8):
        text, picture, file = broadcast(world, chat)
        name = Company.NAMES[chat - 1]
        assert "11月第3周（第47周）" in text.text
        assert "排名" in text.text
        assert name in own_line(text.text)
        places = books.places(groups[chat])
        if chat in places:
            assert f"第 {places[chat]} 名" in own_line(text.text)
            assert f"进度 {books.percents[chat]}%" in text.text
        else:
            assert "还没有进展数据" in own_line(text.text)
            assert "缺数据（1）" in text.text
        image = Image.open(BytesIO(world.desk.platform.media[picture.media[0]].data))
        assert image.width == 1080
        rows = excel(world.desk.platform.media[file.media[0]].data)
        assert {row["支部"]: row["名次"] for row in rows} == {
            Company.NAMES[b - 1]: places.get(b) for b in groups[chat]
        }
        for row in rows:
            branch = Company.NAMES.index(str(row["支部"])) + 1
            assert row["进度"] == (books.percents.get(branch))


def excel(data: bytes) -> list[dict[str, object]]:
    sheet = load_workbook(BytesIO(data)).worksheets[0]
    head, *rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    return [dict(zip(map(str, head), row, strict=True)) for row in rows]


async def test_ties_share_a_place_and_the_arrows_show_the_way(world: World) -> None:
    for branch, percent in ((1, 50), (2, 50), (3, 70), (4, 30)):
        await world.say(f"b{branch}p1", f"/进展 {percent}% 一", f"wr{branch}")
    world.clock.move_to(MONDAY_AT_NINE)
    await world.runtime.scheduler.sweep()
    first = (await world.say("b1p1", "/排名", "wr1")).text
    assert "\n1、变电运维一班党支部 70%（−19.6）" in first
    assert "\n2、城北供电所党支部 50%（−39.6）" in first
    assert "**2、城南供电所党支部 50%（−39.6）　本支部**" in first
    assert "\n4、输电运检党支部 30%（−59.6）" in first
    await world.say("b4p1", "/进展 90% 二", "wr4")
    world.clock.move_to(MONDAY_AT_NINE + timedelta(days=7))
    await world.runtime.scheduler.sweep()
    second = (await world.say("b4p1", "/排名", "wr4")).text
    assert "第 1 名** ▲3" in second
    assert "**1、输电运检党支部 90%（−1.5） ▲3　本支部**" in second
    assert "\n2、变电运维一班党支部 70%（−21.5） ▼1" in second
    # The week before can still be looked up, and there the fourth is the fourth.
    newest = (await world.say("b4p1", "/台账 排名")).text
    earlier = (await world.say("b4p1", "/台账 排名 2026-W47")).text
    assert "1 · 输电运检党支部 · 90%" in newest
    assert "4 · 输电运检党支部 · 30%" in earlier


async def test_missed_while_down_is_made_up_within_a_day(world: World) -> None:
    await world.say("b1p1", "/进展 50% 一", "wr1")
    await world.runtime.stop()
    world.clock.move_to(MONDAY_AT_NINE + timedelta(hours=6))
    await world.open_product()
    await world.desk.until(lambda: len(broadcast(world, 1)) == 3 or None, 20)
    assert "数据截至 11月23日 09:00" in broadcast(world, 1)[0].text


async def test_missed_for_longer_is_not_made_up(world: World) -> None:
    await world.say("b1p1", "/进展 50% 一", "wr1")
    await world.runtime.stop()
    world.clock.move_to(MONDAY_AT_NINE + timedelta(hours=25))
    await world.open_product()
    await world.runtime.scheduler.sweep()
    await world.desk.settled()
    assert broadcast(world, 1) == []


async def test_nobody_is_woken_at_night(world: World) -> None:
    """What was missed by day and is made up at night leaves in the morning."""
    await world.say("b1p1", "/进展 50% 一", "wr1")
    await world.runtime.stop()
    world.clock.move_to(MONDAY_AT_NINE + timedelta(hours=12))
    await world.open_product()
    await world.runtime.scheduler.sweep()
    await world.delivered()
    assert broadcast(world, 1) == []
    await world.later(hours=10, minutes=59)
    assert broadcast(world, 1) == []
    await world.later(minutes=1)
    await world.desk.until(lambda: len(broadcast(world, 1)) == 3 or None, 20)
    assert "数据截至 11月23日 09:00" in broadcast(world, 1)[0].text


async def test_a_house_may_show_groups_the_best_third_only(world: World) -> None:
    """Then the whole table goes to the secretaries, privately."""
    await world.runtime.stop()
    rules = PATIENT
    third = replace(rules.broadcast, ranking_full=False)
    await world.open_product(rules=replace(rules, broadcast=third))
    for branch, percent in ((1, 50), (2, 60), (3, 70), (4, 30)):
        await world.say(f"b{branch}p1", f"/进展 {percent}% 一", f"wr{branch}")
    world.clock.move_to(MONDAY_AT_NINE)
    await world.runtime.scheduler.sweep()
    await world.desk.until(lambda: len(broadcast(world, 4)) == 2 or None, 20)
    text, picture = broadcast(world, 4)
    assert "2、城北供电所党支部 60%" in text.text
    assert "城南供电所" not in text.text
    assert "第 4 名" in own_line(text.text)
    assert "进度中位数：60%" in text.text
    assert picture.kind is Kind.IMAGE

    def file() -> Message | None:
        return next((m for m in world.desk.heard("b4p0") if m.kind is Kind.FILE), None)

    rows = excel(world.desk.platform.media[(await world.desk.until(file, 20)).media[0]].data)
    assert [row["名次"] for row in rows] == [1, 2, 3, 4]
    assert not [m for m in world.desk.heard("b4p1") if m.kind is Kind.FILE]
