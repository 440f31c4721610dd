"""Statements on a message's way: compiled once, handed to the driver as they are.

SQLAlchemy's own execution costs 50 to 90 microseconds a statement, SQLite needs 5. What is compiled
is the same statement, with the same types; errors are the same classes. Only statements whose
parameters are all named (no ``IN`` that grows) can be kept so.
"""

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import Connection, Dialect, Engine, Executable, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ClauseElement

if TYPE_CHECKING:
    from models.store.libpq import Line, Prepared

Convert = Callable[[Any], Any] | None
_names = itertools.count(1)


@dataclass(frozen=True, slots=True)
class _Ready:
    """A statement as one driver takes it."""

    text: str
    names: tuple[str, ...]
    fixed: Mapping[str, Any]
    binds: Mapping[str, Callable[[Any], Any]]
    results: tuple[Convert, ...]
    prepared: Any

    def values(self, given: Mapping[str, Any]) -> list[Any]:
        """The parameters in their order."""
        binds, fixed = self.binds, self.fixed
        return [
            fixed[name]
            if name in fixed
            else binds[name](given[name])
            if name in binds
            else given[name]
            for name in self.names
        ]

    def shown(self, row: Sequence[Any]) -> tuple[Any, ...]:
        """A row with values as the entities would have them."""
        return tuple(
            value if convert is None else convert(value)
            for convert, value in zip(self.results, row, strict=True)
        )


class Quick:
    """One statement. ``keys`` names the columns of an INSERT that has no values of its own."""

    def __init__(self, statement: Executable, keys: Sequence[str] | None = None) -> None:
        self._statement = statement
        self._keys = keys
        self._name = f"quick{next(_names)}"
        self._ready: dict[str, _Ready] = {}

    def run(self, where: Session | Connection, given: Mapping[str, Any]) -> None:
        """Execute it. On PostgreSQL it may wait for what comes next (:func:`settle`)."""
        self._do(where, [given])

    def run_many(self, where: Session | Connection, rows: Iterable[Mapping[str, Any]]) -> None:
        """Execute it for each of these, in order."""
        self._do(where, rows)

    def rows(self, where: Session | Connection, given: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """What it selects or returns."""
        ready, found = self._do(where, [given], answers=True)
        return [ready.shown(row) for row in found]

    def _do(
        self,
        where: Session | Connection,
        rows: Iterable[Mapping[str, Any]],
        *,
        answers: bool = False,
    ) -> tuple[_Ready, list[Any]]:
        connection = where.connection() if isinstance(where, Session) else where
        ready = self._ready.get(connection.dialect.name) or self._compile(connection.dialect)
        line, values = _line(connection), map(ready.values, rows)
        raw: Any = connection.connection.dbapi_connection
        found: list[Any] = []
        try:
            if line is None and answers:
                found = raw.execute(ready.text, next(values)).fetchall()
            elif line is None:
                raw.executemany(ready.text, values)
            elif answers:
                found = line.ask(ready.prepared, next(values))
            else:
                for one in values:
                    line.say(ready.prepared, one)
        except connection.dialect.loaded_dbapi.Error as error:
            said = ready.text if line is None else line.at
            raise translated(connection, error, said) from error
        return ready, found

    def _compile(self, dialect: Dialect) -> _Ready:
        assert isinstance(self._statement, ClauseElement)  # noqa: S101  (every statement is one)
        numbered = dialect.name == "postgresql"
        target = _numbered() if numbered else dialect
        made: Any = self._statement.compile(dialect=target, column_keys=self._keys)
        binds = made._bind_processors  # noqa: SLF001  (there is no public way to them)
        fixed = {
            name: binds[name](value) if name in binds else value
            for name, value in _own(made).items()
        }
        ready = self._ready[dialect.name] = _Ready(
            text=str(made),
            names=tuple(made.positiontup),
            fixed=fixed,
            binds=binds,
            results=tuple(
                column.type.dialect_impl(target).result_processor(target, None)
                for column in made._result_columns  # noqa: SLF001  (as above)
            ),
            prepared=_prepared(str(made), self._name) if numbered else None,
        )
        return ready


@cache
def _numbered() -> Dialect:
    """Writes ``$1`` for parameters, as libpq wants them, with the casts that give them types."""
    from sqlalchemy.dialects.postgresql.asyncpg import (  # noqa: PLC0415  (not on SQLite)
        PGDialect_asyncpg,
    )

    return PGDialect_asyncpg()  # type: ignore[no-untyped-call]  # only compiles


def _prepared(statement: str, name: str) -> "Prepared":
    from models.store.libpq import Prepared  # noqa: PLC0415  (psycopg: not on SQLite)

    return Prepared(statement, name)


def _own(made: Any) -> dict[str, Any]:  # noqa: ANN401  (a compiled statement of any kind)
    """Values that a statement brings itself: its constants, and the defaults of its columns."""
    given = made.construct_params(_check=False).items()
    own = {name: value for name, value in given if not made.binds[name].required}
    defaults = [(column, column.default) for column in made.insert_prefetch]
    defaults += [(column, column.onupdate) for column in made.update_prefetch]
    for column, default in defaults:
        if not default.is_scalar:
            raise TypeError(f"{column} has to be given: its default is made anew for each row")
        own[column.key] = default.arg
    return own


def _line(connection: Connection) -> "Line | None":
    """What is said on this connection; None on SQLite."""
    if connection.dialect.name != "postgresql":
        return None
    line: Any = connection.info.get("line")
    if line is None:
        from models.store.libpq import Line  # noqa: PLC0415  (psycopg: not on SQLite)

        raw: Any = connection.connection.dbapi_connection
        line = connection.info["line"] = Line(raw, patient=False)
    return line  # type: ignore[no-any-return]  # nobody else puts one there


def patient(engine: Engine) -> None:
    """On PostgreSQL: let statements that answer nothing wait for the next that does.

    Whatever else is executed, and the commit, comes after what waits.
    """
    from models.store.libpq import Line  # noqa: PLC0415  (psycopg: not on SQLite)

    @event.listens_for(engine, "connect")
    def _connect(raw: Any, record: Any) -> None:  # noqa: ANN401  (psycopg's; the pool's)
        record.info["line"] = Line(raw, patient=True)

    @event.listens_for(engine, "before_cursor_execute")
    def _before(connection: Connection, *_: object) -> None:
        settle(connection)

    @event.listens_for(engine, "commit")
    def _commit(connection: Connection) -> None:
        _do(connection, "commit", "")

    @event.listens_for(engine, "rollback")
    def _rollback(connection: Connection) -> None:
        if not connection.invalidated:
            _do(connection, "drop", "")


def settle(connection: Connection) -> None:
    """Let no statement wait any longer: what is wrong with one of them is said now."""
    _do(connection, "flush", "")


def hurry(connection: Connection, *, leisurely: bool) -> None:
    """On PostgreSQL: end the present transaction if nothing is said in it for 15 (30) seconds.

    What a process holds that stands still (SIGSTOP, a frozen virtual machine) keeps others from
    messages, and from burying it; so it is free again long before ``PATIENCE`` of
    models/store/engine.py is over. Sent with what follows it.
    """
    if connection.dialect.name == "postgresql":
        _HURRY[leisurely].run(connection, {})


_HURRY = {
    False: Quick(text("SET LOCAL idle_in_transaction_session_timeout = '15s'")),
    True: Quick(text("SET LOCAL idle_in_transaction_session_timeout = '30s'")),
}


def save(connection: Connection) -> None:
    """Where a piece of work begins."""
    _do(connection, "save", "SAVEPOINT work")


def undo(connection: Connection) -> None:
    """Back to where the piece of work began."""
    _do(connection, "undo", "ROLLBACK TO SAVEPOINT work")


def release(connection: Connection) -> None:
    """The piece of work is done; what is wrong with one of its statements is said now."""
    _do(connection, "release", "RELEASE SAVEPOINT work")


def _do(
    connection: Connection,
    name: Literal["commit", "drop", "flush", "release", "save", "undo"],
    text: str,
) -> None:
    """This step of :class:`models.store.libpq.Line`, or this text on SQLite."""
    line = _line(connection)
    raw: Any = connection.connection.dbapi_connection
    try:
        if line is not None:
            getattr(line, name)()
        elif text:
            raw.execute(text)
    except connection.dialect.loaded_dbapi.Error as error:
        raise translated(connection, error, text if line is None else line.at) from error


def translated(connection: Connection, error: Exception, text: str) -> DBAPIError:
    """The driver's error as SQLAlchemy raises it; parameters, which people typed, are left out."""
    dialect: Any = connection.dialect
    raw = connection.connection.dbapi_connection
    made: Any = DBAPIError.instance(
        text,
        None,
        error,
        dialect.loaded_dbapi.Error,
        hide_parameters=True,
        connection_invalidated=dialect.is_disconnect(error, raw, None),
        dialect=dialect,
    )
    return made  # type: ignore[no-any-return]  # it is one
