"""保密: who said it can be told neither from names nor from times (decision 0024)."""

from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.person import Person
from models.suggestion import Level, Suggestion, SuggestionStep
from tests.hearing import Hearing
from tests.tables import all_tables
from tests.talker import Talker

TUESDAY = datetime(2026, 11, 17, 2, 0, tzinfo=UTC)
SAID = "班里排班总是不公平，希望每月把排班表贴出来"
JY1 = "JY-2026-0001"
SENDER = "b1p3"


@pytest.fixture
async def talker(sqlite_url: str) -> AsyncIterator[Talker]:
    made = Talker(sqlite_url, TUESDAY)
    await made.open()
    yield made
    await made.close()


def rows(session: Session) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every row of every table that is there."""
    for table in all_tables(session.connection()):
        for row in session.execute(select(table)).mappings():
            yield table.name, dict(row)


def names_sender(session: Session, row: Mapping[str, Any]) -> bool:
    (who,) = session.execute(select(Person.id).where(Person.userid == SENDER)).scalars()
    ids = [value for key, value in row.items() if key.endswith("_id") or key == "person"]
    return who in ids or any(SENDER in value for value in row.values() if isinstance(value, str))


async def later(talker: Talker, text: str) -> str:
    """The sender says something some minutes after what happened before."""
    talker.clock.move_to(talker.clock.now() + timedelta(minutes=7, seconds=11))
    return await talker.say(SENDER, text)


async def test_no_moment_joins_sender_and_suggestion(talker: Talker) -> None:
    """By dialogue, in one line, further words and a rating: each at a moment of its own."""
    with Hearing() as heard:
        await later(talker, "/建议")
        await later(talker, "保密")
        await later(talker, "跳过")
        await later(talker, SAID)
        await later(talker, f"/补充 {JY1} 别的班组也是这样")
        await later(talker, "/补充")
        await later(talker, JY1)
        await later(talker, "还有一句：节假日也一样")
        await later(talker, "/建议 保密 食堂晚饭排队二十多分钟，希望多开一个窗口")
        until = talker.clock.now()
        talker.clock.move_to(until + timedelta(minutes=3))
        await talker.tap("b1p0", f"suggestion.acknowledge:{JY1}")
        said = heard.messages
    with talker.store.reading() as session:
        found = session.scalars(select(Suggestion).order_by(Suggestion.number)).all()
        assert [one.level for one in found] == [Level.CONFIDENTIAL] * 2
        steps = session.scalars(
            select(SuggestionStep).where(SuggestionStep.by_sender.is_(True))
        ).all()
        assert len(steps) == 4
        for table, row in rows(session):
            if names_sender(session, row):
                moments = [value for value in row.values() if isinstance(value, datetime)]
                between = [one for one in moments if TUESDAY < one.replace(tzinfo=UTC) <= until]
                assert not between, (table, row)
    assert [one["person"] is None and not one["action"] for one in said] == [True] * 9 + [False]


async def test_what_is_half_written_lies_sealed(talker: Talker) -> None:
    await later(talker, "/建议")
    await later(talker, "保密")
    with talker.store.reading() as session:
        for table, row in rows(session):
            assert "保密" not in str(row) or table in ("content", "search_entry"), (table, row)
    assert "涉及" in await later(talker, "/继续")
    await later(talker, "跳过")
    assert JY1 in await later(talker, SAID)


async def test_ones_own_are_shown_to_oneself_alone(talker: Talker) -> None:
    await later(talker, f"/建议 保密 {SAID}")
    assert JY1 in await later(talker, "/我的")
    assert "建议：1 项" in await later(talker, "/我的数据")
    assert JY1 not in await talker.say("b1p2", "/我的")
    with talker.store.reading() as session:
        for table, row in rows(session):
            assert not (names_sender(session, row) and JY1 in str(row)), (table, row)


async def test_named_ones_are_recorded_as_ever(talker: Talker) -> None:
    await later(talker, f"/建议 {SAID}")
    with talker.store.reading() as session:
        written = [row for table, row in rows(session) if table == "audit"]
    assert [(row["action"], row["subject"]) for row in written] == [("suggestion", JY1)]
