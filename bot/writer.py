"""The writer: threads that own a connection each and commit what is waiting in one go.

Each piece of work runs in a savepoint of its own; the batch is committed once, and only then do
the answers leave (group commit). On SQLite there is one such thread, so "database is locked"
cannot happen; on PostgreSQL there are a few, and work of one conversation keeps to one of them.
Killed before the commit, nothing happened; after it, all of it did.
"""

import asyncio
import queue
import threading
from collections.abc import Callable, Sequence
from typing import Any, Generic, Protocol, TypeVar

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.orm import Session

from models.errors import Unavailable

R = TypeVar("R")
log = structlog.get_logger()

BATCH = 64
"""More than this waits for the next commit: a bound on how long one may take."""


class Work(Generic[R]):
    """One piece of work: ``run(session)`` in a savepoint; what it returns is given after commit."""

    __slots__ = ("error", "future", "key", "result", "run")

    def __init__(
        self, run: Callable[[Session], R], loop: asyncio.AbstractEventLoop, key: str = ""
    ) -> None:
        self.run = run
        self.key = key
        self.result: R | None = None
        self.error: BaseException | None = None
        self.future: asyncio.Future[R] = loop.create_future()

    def settle(self) -> None:
        """Tell whoever waits; called in the event loop."""
        if self.future.done():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)  # type: ignore[arg-type]  # set by a run without error


class Batch(Protocol):
    """What has to be written once for a whole batch rather than once for each piece of work."""

    def open(self, connection: Connection, works: Sequence[Work[Any]]) -> None:
        """Before the first piece: may settle some (``result``), which are then not run."""
        ...

    def begin(self, session: Session) -> None:
        """The session in which the pieces of this batch run is there."""
        ...

    def failed(self, work: Work[Any], error: Exception) -> bool:
        """A piece failed and was rolled back; True if it has an answer nevertheless."""
        ...

    def close(self, connection: Connection, works: Sequence[Work[Any]]) -> None:
        """After the last piece, before the commit."""
        ...


def is_world(error: BaseException) -> bool:
    """Whether an error is the database's state and not the statement's fault."""
    return isinstance(error, OperationalError | InterfaceError) or (
        isinstance(error, DBAPIError) and error.connection_invalidated
    )


class Writer:
    """Takes work from the event loop and does it in its threads."""

    def __init__(self, engine: Engine, batch: Batch, threads: int = 1) -> None:
        self._engine = engine
        self._batch = batch
        self._queues: list[queue.SimpleQueue[Work[Any] | None]] = [
            queue.SimpleQueue() for _ in range(threads)
        ]
        self._threads: list[threading.Thread] = []
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        """Start the threads; call it inside the event loop."""
        self._loop = asyncio.get_running_loop()
        for number, waiting in enumerate(self._queues):
            thread = threading.Thread(
                target=self._serve, args=(waiting,), name=f"writer-{number}", daemon=True
            )
            thread.start()
            self._threads.append(thread)

    async def stop(self) -> None:
        """Finish what is waiting, then end the threads."""
        for waiting in self._queues:
            waiting.put(None)
        for thread in self._threads:
            await asyncio.to_thread(thread.join)
        self._threads.clear()

    def submit(self, run: Callable[[Session], R], key: str = "") -> Work[R]:
        """Queue work; order is kept among works of the same key. Wait for ``work.future``."""
        if self._loop is None:
            raise RuntimeError("the writer was not started")
        work = Work(run, self._loop, key)
        self.put(work)
        return work

    def put(self, work: Work[Any]) -> None:
        """Queue a piece of work that was made elsewhere."""
        self._queues[hash(work.key) % len(self._queues)].put(work)

    async def do(self, run: Callable[[Session], R], key: str = "") -> R:
        """Queue work and wait until it is durable."""
        return await self.submit(run, key).future

    def _serve(self, waiting: "queue.SimpleQueue[Work[Any] | None]") -> None:
        connection: Connection | None = None
        while True:
            works = _take(waiting)
            if works:
                connection = self._commit(connection, [w for w in works if w is not None])
            if not works or works[-1] is None:
                if connection is not None:
                    connection.close()
                return

    def _commit(self, connection: Connection | None, works: list[Work[Any]]) -> Connection | None:
        """Do a batch; if it fails as a whole, do its pieces one by one."""
        if not works:
            return connection
        try:
            if connection is None or connection.closed or connection.invalidated:
                connection = self._engine.connect()
            self._attempt(connection, works)
        except Exception as error:
            connection = _drop(connection, error)
            if len(works) > 1:
                for work in works:
                    work.result = work.error = None
                    connection = self._commit(connection, [work])
                return connection
            works[0].error = Unavailable() if is_world(error) else error
            if not isinstance(works[0].error, Unavailable | IntegrityError):
                log.exception("batch_failed", exc_info=error)
        self._tell(works)
        return connection

    def _attempt(self, connection: Connection, works: list[Work[Any]]) -> None:
        with connection.begin():
            self._batch.open(connection, works)
            with Session(
                connection, join_transaction_mode="create_savepoint", expire_on_commit=False
            ) as session:
                self._batch.begin(session)
                for work in works:
                    if work.result is None:
                        self._run(session, work, alone=len(works) == 1)
                session.commit()
            self._batch.close(connection, works)

    def _run(self, session: Session, work: Work[Any], *, alone: bool) -> None:
        """One piece between SAVEPOINT and RELEASE.

        Written by hand: a nested transaction of SQLAlchemy costs fifty times as much, and this is
        a message's way.
        """
        raw = session.connection().connection.cursor()
        raw.execute("SAVEPOINT work")
        try:
            work.result = work.run(session)
            session.flush()
        except Exception as error:
            if is_world(error):
                raise
            if session.is_active:
                raw.execute("ROLLBACK TO SAVEPOINT work")
            elif alone:
                session.rollback()
            else:
                raise  # a failed flush has ended the session: each piece gets its own
            work.result = None
            if not self._batch.failed(work, error):
                work.error = error
        else:
            raw.execute("RELEASE SAVEPOINT work")
        finally:
            session.expunge_all()
            raw.close()

    def _tell(self, works: list[Work[Any]]) -> None:
        """One wake-up of the event loop for the whole batch."""

        def settle() -> None:
            for work in works:
                work.settle()

        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(settle)


def _take(waiting: "queue.SimpleQueue[Work[Any] | None]") -> list[Work[Any] | None]:
    """What is waiting now, at most a batch; a None at the end means: then stop."""
    works = [waiting.get()]
    while works[-1] is not None and len(works) < BATCH:
        try:
            works.append(waiting.get_nowait())
        except queue.Empty:
            break
    return works


def _drop(connection: Connection | None, error: Exception) -> Connection | None:
    """Keep a connection that is still good."""
    if connection is None:
        return None
    if is_world(error):
        connection.invalidate()
        connection.close()
        return None
    return connection
