"""The writer: threads that own a connection each and commit what is waiting in one go.

Each piece of work runs in a savepoint of its own; the batch is committed once, and only then do
the answers leave (group commit). On SQLite there is one such thread, so "database is locked"
cannot happen. On PostgreSQL there are a few, but the next one works only while those before it are
stuck: threads that work at once share one interpreter, and each gets a smaller batch for the same
commit (measured: twice the processor a message). Work of one conversation keeps to one thread.
Killed before the commit, nothing happened; after it, all of it did. Work may be run again (its
batch failed, somebody was in its way, the connection was lost), so it keeps nothing in between.
"""

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from typing import Any, Generic, Protocol, TypeVar

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.orm import Session

from models.errors import Unavailable
from models.store.quick import hurry, release, save, undo

R = TypeVar("R")
log = structlog.get_logger()

BATCH = 64
"""More than this waits for the next commit: a bound on how long one may take."""
STUCK = 0.25
"""Seconds from which a batch counts as stuck: what comes then is the next thread's."""
IN_THE_WAY = (0.01, 0.05, 0.25)
"""Seconds before work is tried again that others kept from being done."""


class Work(Generic[R]):
    """One piece of work: ``run(session)`` in a savepoint; what it returns is given after commit.

    ``aside``  others have in hand what it needs: it is the first of the next batch
    """

    __slots__ = ("aside", "error", "future", "key", "result", "run")

    def __init__(
        self, run: Callable[[Session], R], loop: asyncio.AbstractEventLoop, key: str = ""
    ) -> None:
        self.run = run
        self.key = key
        self.aside = False
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
        """Before the first piece: may settle some (``result``), which are then not run.

        Of several it may put some ``aside`` once, and with each all that follow of the same key.
        """
        ...

    def begin(self, session: Session) -> None:
        """The session in which the pieces of this batch run is there."""
        ...

    def undone(self, session: Session) -> None:
        """A piece was rolled back."""
        ...

    def failed(self, work: Work[Any], error: Exception) -> bool:
        """A piece failed; True if it has an answer nevertheless."""
        ...

    def close(self, connection: Connection, works: Sequence[Work[Any]]) -> None:
        """After the last piece, before the commit."""
        ...


ENDED = ("25P03", "25P04")
"""The server ended a transaction that stood still, and the connection with it."""
WORLD = ("08", "40", "53", "55", "57", "58", "XX", "25006", *ENDED)
"""SQLSTATEs that tell of the server's state: gone, full, shutting down, read-only, locked."""
CONTENTION = ("40", "55P03")
"""Others were in the way: a deadlock, a lock that was not to be had in time."""


def is_world(error: BaseException) -> bool:
    """Whether an error is the database's state and not the statement's fault."""
    return isinstance(error, OperationalError | InterfaceError) or (
        isinstance(error, DBAPIError)
        and (error.connection_invalidated or _state(error).startswith(WORLD))
    )


def is_contention(error: BaseException) -> bool:
    """Whether the same may succeed in a moment."""
    return isinstance(error, DBAPIError) and _state(error).startswith(CONTENTION)


def is_lost(error: BaseException) -> bool:
    """Whether the connection is gone, and another one may do."""
    return isinstance(error, DBAPIError) and (
        error.connection_invalidated or _state(error).startswith(ENDED)
    )


def _state(error: DBAPIError) -> str:
    return getattr(error.orig, "sqlstate", None) or ""


class Hand:
    """One thread that writes, and what waits for it; ``aside`` before all else."""

    __slots__ = ("aside", "ended", "ending", "since", "waiting")

    def __init__(self) -> None:
        self.ended = asyncio.Event()
        self.ending = False
        self.waiting: queue.SimpleQueue[Work[Any] | None] = queue.SimpleQueue()
        self.aside: list[Work[Any]] = []
        self.since: float | None = None  # when its batch was begun; None while it has none

    def is_stuck(self, now: float) -> bool:
        """Whether its batch takes so long that it keeps others waiting."""
        since = self.since
        return since is not None and now - since > STUCK

    def take(self) -> list[Work[Any]]:
        """What is to be done now, at most a batch; nothing at the end."""
        works, self.aside = self.aside, []
        while not self.ending and len(works) < BATCH:
            try:
                work = self.waiting.get(block=not works)
            except queue.Empty:
                break
            if work is None:
                self.ending = True
            else:
                works.append(work)
        return works


class Writer:
    """Takes work from the event loop and does it in its threads.

    ``apart``     keys whose work gets a thread of its own each, so that neither keeps the other
    ``leisurely`` those of them whose work may reckon for longer between two statements, before the
                  server takes it for standing still (:func:`models.store.quick.hurry`)
    """

    def __init__(
        self,
        engine: Engine,
        batch: Batch,
        threads: int = 1,
        apart: Sequence[str] = (),
        leisurely: Collection[str] = (),
    ) -> None:
        self._engine = engine
        self._batch = batch
        self._threads: list[threading.Thread] = []
        self._hands = [Hand() for _ in range(threads)]
        self._apart = {key: Hand() for key in apart}
        self._leisurely = leisurely
        self._held: dict[str, tuple[Hand, int]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        """Start the threads; call it inside the event loop."""
        self._loop = asyncio.get_running_loop()
        for number, hand in enumerate((*self._hands, *self._apart.values())):
            thread = threading.Thread(
                target=self._serve, args=(hand,), name=f"writer-{number}", daemon=True
            )
            thread.start()
            self._threads.append(thread)

    async def stop(self) -> None:
        """Finish what is waiting, then end the threads.

        May be cancelled: a thread that waits for the database then ends with the process, and
        nobody waits for it (``asyncio.to_thread`` would).
        """
        hands = (*self._hands, *self._apart.values())
        for hand in hands:
            hand.waiting.put(None)
        if self._threads:
            await asyncio.gather(*(hand.ended.wait() for hand in hands))
        for thread in self._threads:
            thread.join()
        self._threads.clear()

    def submit(self, run: Callable[[Session], R], key: str = "") -> Work[R]:
        """Queue work; order is kept among works of the same key. Wait for ``work.future``."""
        if self._loop is None:
            raise RuntimeError("the writer was not started")
        work = Work(run, self._loop, key)
        self.put(work)
        return work

    def put(self, work: Work[Any]) -> None:
        """Queue a piece of work that was made elsewhere; called in the event loop."""
        hand = self._apart.get(work.key)
        if hand is None:
            hand, count = self._held.get(work.key) or (self._next(), 0)
            self._held[work.key] = hand, count + 1
        hand.waiting.put(work)

    def _next(self) -> Hand:
        """Whose turn it is: the first that is not stuck, or who has least to do."""
        now = time.monotonic()
        for hand in self._hands:
            if not hand.is_stuck(now):
                return hand
        return min(self._hands, key=lambda hand: hand.waiting.qsize())

    def _let_go(self, key: str) -> None:
        """A piece is done: with the last of a key, the next may go to another thread."""
        if key not in self._held:
            return
        hand, count = self._held.pop(key)
        if count > 1:
            self._held[key] = hand, count - 1

    async def do(self, run: Callable[[Session], R], key: str = "") -> R:
        """Queue work and wait until it is durable."""
        return await self.submit(run, key).future

    def _serve(self, hand: Hand) -> None:
        connection: Connection | None = None
        while works := hand.take():
            hand.since = time.monotonic()
            connection = self._commit(connection, works)
            hand.aside = [work for work in works if work.aside]
            hand.since = None
        if connection is not None:
            connection.close()
        self._in_loop(hand.ended.set)

    def _commit(self, connection: Connection | None, works: list[Work[Any]]) -> Connection | None:
        """Do a batch; if it fails as a whole, do its pieces one by one."""
        try:
            if connection is None or connection.closed or connection.invalidated:
                connection = self._engine.connect()
        except Exception as error:  # noqa: BLE001  (whoever waits is told)
            log.warning("database_away", error=type(error).__name__)
            self._give_up(works, error)
            return None
        if len(works) == 1:
            return self._commit_alone(connection, works)
        try:
            self._attempt(connection, works)
        except Exception as error:  # noqa: BLE001  (each piece meets it again, alone)
            left = _drop(connection, error)
            for at, work in enumerate(works):
                work.result = work.error = None
                left = self._commit(left, [work])
                if left is None and isinstance(work.error, Unavailable):
                    self._give_up(works[at + 1 :], work.error)
                    break
            return left
        self._tell(works)
        return connection

    def _commit_alone(
        self, connection: Connection | None, works: list[Work[Any]]
    ) -> Connection | None:
        """Do one piece; a lost connection is made anew, others in the way are waited for."""
        for pause in (*IN_THE_WAY, None):
            try:
                if connection is None:
                    connection = self._engine.connect()
                self._attempt(connection, works)
            except Exception as error:  # noqa: BLE001  (whoever waits is told)
                connection = _drop(connection, error)
                if pause is not None and (is_lost(error) or is_contention(error)):
                    works[0].result = works[0].error = None
                    time.sleep(pause)
                    continue
                self._give_up(works, error)
                return connection
            break
        self._tell(works)
        return connection

    def _give_up(self, works: list[Work[Any]], error: BaseException) -> None:
        """None of these was done."""
        known = isinstance(error, Unavailable) or is_world(error)
        for work in works:
            work.aside = False
            work.result, work.error = None, Unavailable() if known else error
        if not known and not isinstance(error, IntegrityError):
            log.error("batch_failed", exc_info=error)
        self._tell(works)

    def _attempt(self, connection: Connection, works: list[Work[Any]]) -> None:
        with connection.begin():
            hurry(connection, leisurely=works[0].key in self._leisurely)
            self._batch.open(connection, works)
            with Session(
                connection, join_transaction_mode="create_savepoint", expire_on_commit=False
            ) as session:
                self._batch.begin(session)
                for work in works:
                    if work.result is None and not work.aside:
                        self._run(session, work, alone=len(works) == 1)
                session.commit()
            self._batch.close(connection, [work for work in works if not work.aside])

    def _run(self, session: Session, work: Work[Any], *, alone: bool) -> None:
        """One piece between SAVEPOINT and RELEASE.

        Written by hand: a nested transaction of SQLAlchemy costs fifty times as much, and this is
        a message's way.
        """
        connection = session.connection()
        save(connection)
        try:
            work.result = work.run(session)
            session.flush()
            release(connection)
        except Exception as error:
            if is_world(error):
                raise
            if session.is_active:
                undo(connection)
            elif alone:
                session.rollback()
            else:
                raise  # a failed flush has ended the session: each piece gets its own
            self._batch.undone(session)
            work.result = None
            if not self._batch.failed(work, error):
                work.error = error
        finally:
            session.expunge_all()

    def _tell(self, works: list[Work[Any]]) -> None:
        """One wake-up of the event loop for the whole batch."""
        done = [work for work in works if not work.aside]

        def settle() -> None:
            for work in done:
                self._let_go(work.key)
                work.settle()

        self._in_loop(settle)

    def _in_loop(self, call: Callable[[], None]) -> None:
        """Have the event loop do this, unless it has ended meanwhile."""
        if self._loop is not None:
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(call)


def _drop(connection: Connection | None, error: Exception) -> Connection | None:
    """Keep a connection that is still good."""
    if connection is None:
        return None
    if is_world(error) and not is_contention(error):
        connection.invalidate()
        connection.close()
        return None
    return connection
