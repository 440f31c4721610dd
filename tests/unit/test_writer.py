"""Who writes what, and when it is sent: the threads of the writer, and what waits on a line."""

import asyncio
import threading
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Connection, func, insert, select, text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

import bot.writer
import models.store.quick
from bot.writer import Writer
from models.number import Counter
from models.store.engine import Store
from models.store.quick import Quick, release, save, settle, undo
from tests.unit.test_outbox import NoBatch

ADD = Quick(insert(Counter.__table__), ["prefix", "year", "last"])  # type: ignore[arg-type]
pytestmark = pytest.mark.postgres


def row(prefix: str) -> dict[str, object]:
    return {"prefix": prefix, "year": 2026, "last": 1}


def known(connection: Connection) -> set[str]:
    return set(connection.scalars(select(Counter.prefix).where(Counter.year == 2026)))


@pytest.fixture
def connection(postgres_url: str) -> Iterator[Connection]:
    store = Store(postgres_url)
    with store.writer.connect() as made:
        made.begin()
        yield made
    store.close()


async def test_who_is_stuck_keeps_only_its_own_conversations(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bot.writer, "STUCK", 0.0)
    store = Store(postgres_url)
    writer = Writer(store.writer, NoBatch(), threads=3)
    writer.start()
    begun, let_go, done = asyncio.Event(), threading.Event(), []
    loop = asyncio.get_running_loop()

    def stuck(_: Session) -> None:
        loop.call_soon_threadsafe(begun.set)
        let_go.wait(30)
        done.append("slow")

    def note(what: str) -> Callable[[Session], None]:
        return lambda _: done.append(what)

    slow = writer.submit(stuck, "one")
    await begun.wait()
    behind = writer.submit(note("behind it"), "one")
    await writer.do(note("another"), "two")
    assert done == ["another"]
    let_go.set()
    await asyncio.gather(slow.future, behind.future)
    assert done == ["another", "slow", "behind it"]
    await writer.stop()
    store.close()


async def test_one_thread_does_what_one_can(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bot.writer, "STUCK", 60.0)
    store = Store(postgres_url)
    writer = Writer(store.writer, NoBatch(), threads=3)
    writer.start()
    works = [
        writer.submit(lambda _: threading.current_thread().name, f"chat {n}") for n in range(50)
    ]
    assert len({await work.future for work in works}) == 1
    await writer.stop()
    store.close()


def test_what_answers_nothing_waits_for_what_is_asked_next(connection: Connection) -> None:
    raw = connection.connection.dbapi_connection
    assert raw is not None
    idle = raw.pgconn.transaction_status
    ADD.run(connection, row("A"))
    assert raw.pgconn.transaction_status == idle
    assert known(connection) == {"A"}
    ADD.run(connection, row("B"))
    connection.commit()
    assert known(connection) == {"A", "B"}


def test_a_fault_that_shows_at_the_commit_leaves_nothing(connection: Connection) -> None:
    ADD.run(connection, row("A"))
    ADD.run(connection, row("A"))
    ADD.run(connection, row("B"))
    with pytest.raises(IntegrityError) as caught:
        connection.commit()
    assert "INSERT INTO counter" in str(caught.value)
    connection.rollback()
    assert known(connection) == set()
    ADD.run(connection, row("A"))
    connection.commit()
    assert known(connection) == {"A"}


@pytest.mark.parametrize("sent", [True, False])
def test_a_piece_that_is_undone_takes_only_itself_along(
    connection: Connection, *, sent: bool
) -> None:
    for name in "AB":
        save(connection)
        ADD.run(connection, row(name))
        release(connection)
    save(connection)
    ADD.run(connection, row("C"))
    if sent:
        settle(connection)
    undo(connection)
    save(connection)
    release(connection)
    save(connection)
    ADD.run(connection, row("A"))
    with pytest.raises(IntegrityError):
        release(connection)
    undo(connection)
    connection.commit()
    assert known(connection) == {"A", "B"}


def test_what_was_not_sent_before_a_rollback_never_is(connection: Connection) -> None:
    ADD.run(connection, row("A"))
    connection.rollback()
    assert known(connection) == set()


def test_more_than_fits_into_a_breath_is_sent_meanwhile(connection: Connection) -> None:
    ADD.run_many(connection, [row(f"N{n}") for n in range(1000)])
    connection.commit()
    assert connection.scalar(select(func.count()).where(Counter.year == 2026)) == 1000


def test_a_connection_lost_while_something_waits_is_seen(connection: Connection) -> None:
    [[pid]] = Quick(text("SELECT pg_backend_pid()").columns(Counter.last)).rows(connection, {})
    ADD.run(connection, row("A"))
    ADD.run(connection, row("B"))
    with connection.engine.connect() as other:
        other.execute(text(f"SELECT pg_terminate_backend({pid})"))
    with pytest.raises(Exception) as caught:  # noqa: PT011  (its kind is what is asked)
        settle(connection)
    assert bot.writer.is_world(caught.value)
    connection.invalidate()
    connection.rollback()
    connection.begin()
    ADD.run(connection, row("C"))
    connection.commit()
    assert known(connection) == {"C"}


def test_who_waits_for_a_lock_keeps_no_other_thread_waiting(connection: Connection) -> None:
    """The interpreter's lock is given up meanwhile: else whoever has the row could not end."""
    row_of_a = Quick(select(Counter.last).where(Counter.prefix == "A").with_for_update())
    ADD.run(connection, row("A"))
    connection.commit()
    connection.begin()
    row_of_a.rows(connection, {})
    found: list[object] = []

    def wait() -> None:
        with connection.engine.begin() as other:
            ADD.run(other, row("B"))
            try:
                found.append(row_of_a.rows(other, {}))
            except OperationalError as error:
                found.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    while not connection.scalar(waits) and not found:
        pass
    connection.commit()
    thread.join()
    assert found == [[(1,)]]


async def test_the_server_ends_a_batch_that_stands_still_and_it_is_done_again(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after SIGSTOP: what it holds is free soon, and awake again it loses nothing."""
    brief = text("SET LOCAL idle_in_transaction_session_timeout = 50")
    monkeypatch.setitem(models.store.quick._HURRY, False, Quick(brief))
    store = Store(postgres_url)
    writer = Writer(store.writer, NoBatch(), apart=["job"], leisurely=["job"])
    begun, let_go, backends = threading.Event(), threading.Event(), []

    def first(session: Session) -> None:
        ADD.run(session, row("A"))
        backends.append(session.scalar(select(func.pg_backend_pid())))
        begun.set()
        let_go.wait(30)

    def job(session: Session) -> str:
        return str(session.scalar(text("SHOW idle_in_transaction_session_timeout")))

    writer.start()
    works = [writer.submit(first), writer.submit(lambda session: ADD.run(session, row("B")))]
    await asyncio.to_thread(begun.wait)
    with store.writing() as session:
        gone = text("SELECT count(*) FROM pg_stat_activity WHERE pid = :pid")
        while session.scalar(gone, {"pid": backends[0]}):
            session.execute(text("SELECT pg_stat_clear_snapshot()"))
    let_go.set()
    await asyncio.gather(*(work.future for work in works))
    assert await writer.do(job, "job") == "30s"
    assert len(set(backends)) == 2
    await writer.stop()
    with store.reading() as session:
        assert known(session.connection()) == {"A", "B"}
    store.close()


async def test_who_stops_does_not_wait_for_a_thread_for_ever(store: Store) -> None:
    writer = Writer(store.writer, NoBatch())
    writer.start()
    let_go, ended = threading.Event(), threading.Event()

    def stands(_: Session) -> None:
        let_go.wait(30)
        ended.set()

    work = writer.submit(stands)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await writer.stop()
    assert not ended.is_set()
    let_go.set()
    await work.future
    await writer.stop()
    assert ended.is_set()
