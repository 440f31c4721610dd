"""The ranking's text: one message, whatever the names."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest

from config.rules import default_rules
from handlers.context import Context
from handlers.figures import signed_text
from handlers.ranking import BYTES, Head, Row, Table, group_text, overview_text
from models.directory import Directory
from models.ranking import RankState
from models.unit import BranchType, Place, UnitKind, UnitState

CTX = Context(
    session=cast("Any", None),
    now=datetime(2026, 11, 23, 1, 0, tzinfo=UTC),
    zone=ZoneInfo("Asia/Shanghai"),
    rules=default_rules(),
    directory=Directory(),
    token=str,
    link=lambda path, _: path,
)


def table(length: int, of: BranchType = BranchType.SERVICE) -> Table:
    """A full table whose names have so many characters."""
    ranking = Head(id=1, period="2026-W47", branch_type=of, cutoff=CTX.now)

    def row(state: RankState, number: int) -> Row:
        name = f"第{number}号".ljust(length, "支")
        if state is not RankState.RANKED:
            return Row(number, name, state, None, None, None, None)
        return Row(number, name, state, number, Decimal("99.5"), Decimal("-100.5"), number % 7)

    return Table(
        ranking,
        [row(RankState.RANKED, n) for n in range(1, 171)],
        [row(RankState.MISSING, n) for n in range(200, 230)],
        [row(RankState.NEW, n) for n in range(300, 330)],
    )


@pytest.mark.parametrize("length", [8, 14, 30, 60, 120])
def test_a_ranking_is_one_message_of_a_webhook(length: int) -> None:
    whole = table(length)
    own = whole.missing[3]
    branch = Place(
        id=own.unit_id,
        code="B",
        name=own.name,
        kind=UnitKind.BRANCH,
        branch_type=BranchType.SERVICE,
        path="/1/2/",
        branch_id=own.unit_id,
        state=UnitState.ACTIVE,
    )
    text = group_text(CTX, whole, branch)
    assert len(text.encode()) <= BYTES
    for said in ("11月第3周（第47周）", "排名", own.name, whole.ranked[2].name, "缺数据（30）"):
        assert said in text
    everything = overview_text(CTX, [table(length, of) for of in BranchType], "江源公司")
    assert len(everything.encode()) <= BYTES
    for of in BranchType:
        assert whole.ranked[0].name in everything, of


def test_names_of_usual_length_leave_room_for_ten_rows() -> None:
    text = group_text(CTX, table(14), None)
    assert "\n10、第10号" in text


@pytest.mark.parametrize(
    ("points", "shown"), [("4.8", "+4.8"), ("-12", "−12.0"), ("0.0", "0.0"), ("100", "+100.0")]
)
def test_points_carry_their_sign(points: str, shown: str) -> None:
    assert signed_text(Decimal(points)) == shown
