"""Engines: one way to write, one way to read, the same on SQLite and PostgreSQL.

SQLite runs in WAL mode with ``synchronous=FULL``: in a modelled power cut NORMAL lost 17-41 % of
acknowledged messages, FULL none. A transaction begins as a writer at once (``BEGIN IMMEDIATE``),
and SQLAlchemy issues BEGIN itself: the driver's own transaction handling breaks savepoints.
What is deleted is overwritten (``secure_delete``), and :meth:`Store.scrub` empties the log in which
it stood before: a destroyed text, or the counters of a ballot, shall not be found in the files.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool, QueuePool

from config.settings import sqlite_path
from models.store.quick import patient

BUSY_MS = 15_000
SCRUB_MS = 1_000
READERS = 8


def driver_url(database_url: str) -> str:
    """The operator's URL with the driver that this product uses."""
    url = make_url(database_url)
    name = {"postgres": "postgresql+psycopg", "postgresql": "postgresql+psycopg"}
    return url.set(drivername=name.get(url.drivername, url.drivername)).render_as_string(
        hide_password=False
    )


class Store:
    """The engines of one database. ``writing`` commits, ``reading`` never does."""

    def __init__(self, database_url: str) -> None:
        self.url = driver_url(database_url)
        self.is_sqlite = self.url.startswith("sqlite")
        if self.is_sqlite:
            _make_folder(database_url)
            self.writer = _sqlite(self.url, read_only=False)
            self.reader = _sqlite(self.url, read_only=True)
        else:
            self.writer = _postgres(self.url, read_only=False)
            self.reader = _postgres(self.url, read_only=True)

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session of its own that commits at the end, or rolls back on any error."""
        with Session(self.writer, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that only reads; it never waits for the writer."""
        with Session(self.reader, expire_on_commit=False, autoflush=False) as session:
            yield session

    def scrub(self) -> bool:
        """Bring SQLite's write-ahead log into the file and empty it; False if somebody reads.

        PostgreSQL has old row versions until its vacuum, and logs until they are recycled.
        """
        if not self.is_sqlite:
            return True
        with closing(sqlite3.connect(self.writer.url.database or "")) as connection:
            connection.execute(f"PRAGMA busy_timeout={SCRUB_MS}")  # writers wait for it
            try:
                busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            except sqlite3.OperationalError:
                return False
        return not busy

    def close(self) -> None:
        """Give all connections back."""
        self.writer.dispose()
        self.reader.dispose()


def _make_folder(database_url: str) -> None:
    """The folder of a SQLite file; where it cannot be made, opening the file says so."""
    if path := sqlite_path(database_url):
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)


def _sqlite(url: str, *, read_only: bool) -> Engine:
    pool: Any = {"poolclass": QueuePool, "pool_size": READERS, "max_overflow": READERS}
    engine = create_engine(url, connect_args={"check_same_thread": False}, **pool)

    @event.listens_for(engine, "connect")
    def _connect(connection: sqlite3.Connection, record: object) -> None:
        del record
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout={BUSY_MS}",
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "temp_store=MEMORY",
            "cache_size=-16000",
            "secure_delete=ON",
            f"query_only={'ON' if read_only else 'OFF'}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    begin = "BEGIN" if read_only else "BEGIN IMMEDIATE"

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


PATIENCE = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
    "options": "-c lock_timeout=5s -c idle_in_transaction_session_timeout=5min",
}
"""How long a silent or busy server is waited for; entries of the operator's URL come first."""


def _postgres(url: str, *, read_only: bool) -> Engine:
    given = make_url(url).query
    engine = create_engine(
        url,
        pool_size=READERS,
        max_overflow=READERS,
        pool_pre_ping=True,
        connect_args={
            **{name: value for name, value in PATIENCE.items() if name not in given},
            # psycopg forgets what it has prepared with DEALLOCATE ALL, after a rollback for one:
            # that would take the statements of models/store/libpq.py away with its own.
            "prepare_threshold": None,
        },
    )
    if read_only:
        return engine.execution_options(postgresql_readonly=True, isolation_level="REPEATABLE READ")
    patient(engine)
    return engine


def plain_engine(database_url: str) -> Engine:
    """An engine without a pool, for migrations and maintenance."""
    if driver_url(database_url).startswith("sqlite"):
        _make_folder(database_url)
        return _sqlite(driver_url(database_url), read_only=False)
    return create_engine(driver_url(database_url), poolclass=NullPool)
