"""The short way to the database says the same as SQLAlchemy's own, values and errors alike."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import (
    Column,
    Connection,
    Integer,
    MetaData,
    Table,
    bindparam,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

from bot.dispatch import _known
from bot.writer import is_world
from models.message import Message
from models.project import Grade, Project, Stage
from models.store.engine import Store
from models.store.libpq import encode
from models.store.quick import Quick, save, settle, undo
from models.unit import Unit, UnitKind

NOW = datetime(2026, 11, 23, 9, 30, 15, 123456, tzinfo=timezone(timedelta(hours=8)))
ROW: dict[str, Any] = {
    "number": "XM-2026-0001",
    "unit_id": 1,
    "year": 2026,
    "name": "台区降损“'\"\\%s$1:x",
    "business": "",
    "problem": "第一行\n第二行\t💥",
    "mechanism": "",
    "indicator": "",
    "indicator_unit": "",
    "baseline": "",
    "target": "",
    "grade": Grade.A,
    "stage": Stage.ONGOING,
    "starts_on": date(2026, 1, 1),
    "ends_on": date(2026, 12, 31),
    "percent": Decimal("61.5"),
    "reported_at": NOW,
}
ADD = Quick(insert(Project.__table__), list(ROW))  # type: ignore[arg-type]
COLUMNS = [getattr(Project, name) for name in ROW]
READ = Quick(select(*COLUMNS).where(Project.number == bindparam("number")))
FINISH = Quick(
    update(Project.__table__)  # type: ignore[arg-type]
    .where(Project.number == bindparam("which"))
    .values(stage=Stage.CONCLUDED, percent=bindparam("percent"), reported_at=None)
)


@pytest.fixture
def connection(store: Store) -> Iterator[Connection]:
    with store.writing() as session:
        session.add(Unit(id=1, code="GS", name="公司", kind=UnitKind.COMPANY, path="/1/"))
    with store.writer.connect() as made, made.begin():
        yield made


def test_what_is_written_is_read_by_both_ways(connection: Connection) -> None:
    ADD.run(connection, ROW)
    [quick] = READ.rows(connection, {"number": ROW["number"]})
    slow = connection.execute(select(*COLUMNS).where(Project.number == ROW["number"])).one()
    assert quick == tuple(slow) == tuple(ROW.values())
    assert [type(value) for value in quick] == [type(value) for value in slow]


def test_nothing_is_nothing(connection: Connection) -> None:
    ADD.run(connection, ROW | {"percent": None, "reported_at": None, "grade": None})
    FINISH.run(connection, {"which": ROW["number"], "percent": None})
    [row] = READ.rows(connection, {"number": ROW["number"]})
    assert dict(zip(ROW, row, strict=True)) == ROW | {
        "percent": None,
        "reported_at": None,
        "grade": None,
        "stage": Stage.CONCLUDED,
    }
    assert READ.rows(connection, {"number": "XM-0"}) == []


def test_columns_that_are_not_named_get_their_defaults(connection: Connection) -> None:
    short = {k: v for k, v in ROW.items() if k not in {"stage", "business", "reported_at"}}
    Quick(insert(Project.__table__), list(short)).run(connection, short)  # type: ignore[arg-type]
    connection.execute(insert(Project.__table__), [short | {"number": "XM-2"}])  # type: ignore[arg-type]
    columns = [c for c in Project.__table__.columns if c.key not in {"id", "number"}]
    quick, slow = connection.execute(select(*columns).order_by(Project.id)).all()
    assert tuple(quick) == tuple(slow)
    assert quick.stage is Stage.ONGOING


def test_a_default_that_is_made_anew_for_each_row_has_to_be_given(connection: Connection) -> None:
    table = Table("dice", MetaData(), Column("id", Integer), Column("eyes", Integer, default=int))
    with pytest.raises(TypeError, match="eyes"):
        Quick(insert(table), ["id"]).run(connection, {"id": 1})


def test_many_rows(connection: Connection) -> None:
    ADD.run_many(connection, [ROW | {"number": f"XM-{n}"} for n in range(300)])
    assert READ.rows(connection, {"number": "XM-299"})[0][0] == "XM-299"


def test_a_value_of_the_wrong_kind_is_a_mistake_of_ours(connection: Connection) -> None:
    with pytest.raises((ValueError, TypeError)):
        ADD.run(connection, ROW | {"reported_at": datetime(2026, 1, 1)})  # noqa: DTZ001


def _add_now(connection: Connection) -> None:
    ADD.run(connection, ROW)
    settle(connection)


def test_errors_are_sqlalchemys_and_quote_nothing(connection: Connection) -> None:
    ADD.run(connection, ROW)
    save(connection)
    with pytest.raises(IntegrityError) as caught:
        _add_now(connection)
    assert "台区" not in str(caught.value)
    assert not is_world(caught.value)
    undo(connection)
    assert len(READ.rows(connection, {"number": ROW["number"]})) == 1


@pytest.mark.postgres
def test_a_lost_connection_is_seen_as_one(postgres_url: str) -> None:
    store = Store(postgres_url)
    connection = store.writer.connect()
    begun = connection.begin()
    [(pid,)] = Quick(text("SELECT pg_backend_pid()").columns(Project.id)).rows(connection, {})
    with store.writer.connect() as other:
        other.execute(text(f"SELECT pg_terminate_backend({pid})"))
    with pytest.raises(DBAPIError) as caught:
        READ.rows(connection, {"number": "x"})
    assert caught.value.connection_invalidated
    assert is_world(caught.value)
    connection.invalidate()
    begun.close()
    connection.close()
    store.close()


@pytest.mark.postgres
def test_a_rollback_after_many_statements_takes_none_of_the_prepared_away(
    postgres_url: str,
) -> None:
    """Psycopg prepares what comes often, and after a rollback deallocates all there is."""
    store = Store(postgres_url)
    with store.writer.connect() as connection:
        assert READ.rows(connection, {"number": "XM-2026-0001"}) == []
        for _ in range(10):
            connection.execute(select(Project.id).where(Project.number == "XM-2026-0001"))
        connection.rollback()
        for _ in range(10):
            connection.execute(select(Project.id).where(Project.number == "XM-2026-0001"))
        assert READ.rows(connection, {"number": "XM-2026-0001"}) == []
    store.close()


def test_a_nul_is_refused_as_postgresql_refuses_it(postgres_url: str) -> None:
    store = Store(postgres_url)
    with store.writer.connect() as connection, pytest.raises(DataError):
        READ.rows(connection, {"number": "a\0b"})
    store.close()


def test_messages_are_found_by_any_id(connection: Connection) -> None:
    ids = ["plain", 'with "quotes"', "back\\slash", "{curly},comma", "汉字 💥", "'"]
    connection.execute(
        insert(Message), [{"id": one, "at": NOW, "answer": one or None} for one in ids]
    )
    assert _known(connection, [*ids, "unknown"]) == {one: one for one in ids}
    assert _known(connection, []) == {}


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))))
def test_lists_are_written_as_postgresql_reads_them(values: list[str]) -> None:
    """Undo the quoting of an array literal by hand."""
    written = encode(values)
    assert written is not None
    body, found, current, quoted, escaped = written.decode()[1:-1], [], "", False, False
    for char in body:
        if escaped:
            current, escaped = current + char, False
        elif char == "\\":
            escaped = True
        elif char == '"':
            quoted = not quoted
            if not quoted:
                found.append(current)
                current = ""
        elif quoted:
            current += char
    assert found == values


def test_moments_keep_their_instant() -> None:
    assert encode(NOW.astimezone(UTC)) == b"2026-11-23T01:30:15.123456+00:00"
