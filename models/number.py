"""Numbers of stored things, as ``JY-2026-0001`` (DESIGN.md 7)."""

import threading
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Engine, String, bindparam
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base
from models.store.quick import Quick


class Counter(Base):
    """The last number given out for a prefix in a year."""

    __tablename__ = "counter"

    prefix: Mapped[str] = mapped_column(String(16), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    last: Mapped[int]


_TABLE = Counter.__table__


def _step(make: Callable[..., Any]) -> Any:  # noqa: ANN401  (an INSERT of either dialect)
    """One statement, so that of two who begin a year at once both get a number."""
    fresh = make(_TABLE).values(prefix=bindparam("p"), year=bindparam("y"), last=bindparam("n"))
    return fresh.on_conflict_do_update(
        index_elements=["prefix", "year"], set_={"last": _TABLE.c.last + fresh.excluded.last}
    ).returning(_TABLE.c.last)


_STEPS = {
    "sqlite": Quick(_step(sqlite.insert)),
    "postgresql": Quick(_step(postgresql.insert)),
}


def count_up(where: Session | Connection, prefix: str, year: int, count: int = 1) -> int:
    """Move a counter on, in the present transaction, and return where it stands."""
    connection = where.connection() if isinstance(where, Session) else where
    [(last,)] = _STEPS[connection.dialect.name].rows(
        connection, {"p": prefix, "y": year, "n": count}
    )
    return int(last)


class Numbers:
    """Gives numbers out at once, in transactions of their own, where many processes ask.

    Otherwise whoever takes a number makes all others wait until the end of what it is doing. A
    number whose message comes to nothing is left out. These commits need not be flushed: whatever
    uses the number is written to the log after it. One connection for each thread that asks.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._mine = threading.local()
        self._all: list[Connection] = []

    def __call__(self, prefix: str, year: int, count: int) -> int:
        """Where the counter stands after ``count`` more."""
        connection: Connection | None = getattr(self._mine, "connection", None)
        if connection is None or connection.closed or connection.invalidated:
            connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            connection.exec_driver_sql("SET synchronous_commit TO off")
            self._mine.connection = connection
            self._all.append(connection)
        try:
            return count_up(connection, prefix, year, count)
        except DBAPIError:
            self._mine.connection = None
            connection.invalidate()
            connection.close()
            raise

    def close(self) -> None:
        """Give the connections back; call it when nobody asks any more."""
        for connection in self._all:
            connection.close()


def next_numbers(session: Session, prefix: str, year: int, count: int = 1) -> list[str]:
    """The next ``count`` numbers of a prefix and year, in order."""
    give: Numbers | None = session.info.get("numbers")
    last = give(prefix, year, count) if give else count_up(session, prefix, year, count)
    return [f"{prefix}-{year}-{n:04d}" for n in range(last - count + 1, last + 1)]


def next_number(session: Session, prefix: str, year: int) -> str:
    """The next number of a prefix and year."""
    return next_numbers(session, prefix, year)[0]
