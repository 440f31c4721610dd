"""PostgreSQL without ceremony: prepared statements on ``psycopg.pq``, the documented libpq layer.

One round trip costs a third of what ``cursor.execute`` does, for nothing is planned, adapted or
waited for in Python, and what answers nothing shares the next one's (:class:`Line`). Values go as
text and come as text; only plain kinds are known.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from select import POLLIN, POLLOUT, poll
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

from psycopg import Connection, DataError, OperationalError
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus, TransactionStatus

if TYPE_CHECKING:
    from psycopg.pq.abc import PGconn, PGresult

_GOOD: Final = frozenset({ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK})
_QUOTED: Final = str.maketrans({"\\": "\\\\", '"': '\\"'})
_DECODE: Final[Mapping[int, Callable[[bytes], Any]]] = {
    16: lambda raw: raw == b"t",
    20: int,
    21: int,
    23: int,
    1082: lambda raw: date.fromisoformat(raw.decode()),
    1184: lambda raw: datetime.fromisoformat(raw.decode()),
    1700: lambda raw: Decimal(raw.decode()),
}
"""By the type's number (``pg_type.oid``); whatever else there is comes as a string."""


def _words(raw: bytes) -> str:
    return raw.decode()


def encode(value: Any) -> bytes | None:  # noqa: ANN401  (any plain kind)
    """A value as PostgreSQL reads it."""
    if value is None:
        return None
    if isinstance(value, str):
        if "\0" in value:  # libpq would cut it off there, without a word
            raise DataError("a text with a NUL character")
        return value.encode()
    if isinstance(value, bool):
        return b"t" if value else b"f"
    if isinstance(value, int | Decimal):
        return str(value).encode()
    if isinstance(value, date):
        return value.isoformat().encode()
    if isinstance(value, list):
        return ("{" + ",".join(_element(one) for one in value) + "}").encode()
    raise TypeError(type(value))


def _element(value: str | int) -> str:
    return str(value) if isinstance(value, int) else f'"{value.translate(_QUOTED)}"'


class Prepared:
    """One statement, prepared once on each connection. ``$1`` … stand for its parameters."""

    __slots__ = ("name", "text")

    def __init__(self, text: str, name: str) -> None:
        self.text = text.encode()
        self.name = name.encode()


Said: TypeAlias = tuple[Prepared, Sequence[bytes | None]]
_BEGIN: Final = Prepared("BEGIN", "begin")
_COMMIT: Final = Prepared("COMMIT", "commit")
_SAVE: Final = Prepared("SAVEPOINT work", "save")
_UNDO: Final = Prepared("ROLLBACK TO SAVEPOINT work", "undo")
_RELEASE: Final = Prepared("RELEASE SAVEPOINT work", "release")
MOST: Final = 256
"""Statements that wait at most: what the server answers to them has to fit into the socket."""


class Line:
    """What is said on one connection, in its order, with as few round trips as it takes.

    A statement that answers nothing waits for the next that does, for the end of the piece of work
    or for the commit; all go to the server together (libpq's pipeline mode). The first that fails
    raises there, and those behind it were not done. ``at`` then tells which it was.

    ``patient``  whether anything waits: only where somebody calls :meth:`flush` before whatever
                 else is done on the connection
    """

    def __init__(self, raw: "Connection[Any]", *, patient: bool) -> None:
        self._raw = raw
        self._patient = patient
        self._known: set[bytes] = set()
        self._waiting: list[Said] = []
        self._poll = poll()
        self.at = ""

    def say(self, what: Prepared, values: Sequence[Any] = ()) -> None:
        """Execute it soon; of its answer only the error counts."""
        self._add(what, values)
        if not self._patient or len(self._waiting) > MOST:
            self.flush()

    def ask(self, what: Prepared, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Execute it now, after all that waits, and give its rows."""
        self._add(what, values)
        return _rows(self._send())

    def flush(self) -> None:
        """Let nothing wait any longer."""
        if self._waiting:
            self._send()

    def drop(self) -> None:
        """What waits is not wanted any more."""
        self._waiting.clear()

    def save(self) -> None:
        """A savepoint; it is not set before something follows it."""
        self.say(_SAVE)

    def undo(self) -> None:
        """Back to the last savepoint; what was not sent since then never will be."""
        at = self._saved()
        if at is None:
            self._waiting = [(_UNDO, ())]
            self._send()
        else:
            del self._waiting[at:]

    def release(self) -> None:
        """Done with the last savepoint; what follows it is sent."""
        if self._waiting and self._waiting[-1][0] is _SAVE:
            self._waiting.pop()
            return
        self._waiting.append((_RELEASE, ()))
        self._send()

    def _saved(self) -> int | None:
        for at in range(len(self._waiting) - 1, -1, -1):
            if self._waiting[at][0] is _SAVE:
                return at
        return None

    def commit(self) -> None:
        """Commit together with what waits; if that fails, nothing is left of the transaction."""
        if not self._waiting:
            return
        self._waiting.append((_COMMIT, ()))
        try:
            self._send()
        except Exception:
            self._raw.rollback()
            raise

    def _add(self, what: Prepared, values: Sequence[Any]) -> None:
        given = [encode(value) for value in values]
        idle = not self._waiting and self._raw.pgconn.transaction_status == TransactionStatus.IDLE
        if idle and not self._raw.autocommit:
            self._waiting.append((_BEGIN, ()))
        self._waiting.append((what, given))

    def _send(self) -> "PGresult":
        """Everything in one round trip; the answer to the last."""
        waiting, self._waiting = self._waiting, []
        if len(waiting) == 1 and waiting[0][0].name in self._known:
            [(what, values)] = waiting
            done = self._raw.pgconn.exec_prepared(what.name, cast("list[bytes]", values))
            self._judge(what, done)
            return done
        return self._together(waiting)

    def _together(self, waiting: Sequence[Said]) -> "PGresult":
        wire = self._raw.pgconn
        sent: list[tuple[Prepared, bool]] = []
        wire.enter_pipeline_mode()
        try:
            for what, values in waiting:
                if what.name not in self._known:
                    wire.send_prepare(what.name, what.text)
                    sent.append((what, True))
                    self._known.add(what.name)
                wire.send_query_prepared(what.name, cast("list[bytes]", values))  # None is NULL
                sent.append((what, False))
            wire.pipeline_sync()
            answers = [self._answer(wire) for _ in sent]
            self._next(wire)  # of the sync
        except Exception:
            self._raw.close()  # nobody knows what the server still has to say
            raise
        wire.exit_pipeline_mode()
        good = True
        for (what, prepares), answer in zip(sent, answers, strict=True):
            good = good and answer.status in _GOOD
            if prepares and not good:
                self._known.discard(what.name)
        for (what, _), answer in zip(sent, answers, strict=True):
            self._judge(what, answer)
        return answers[-1]

    def _answer(self, wire: "PGconn") -> "PGresult":
        """The answer to one of several statements; behind it stands a None."""
        answer = self._next(wire)
        if answer is None:
            raise OperationalError("the connection is lost")
        while self._next(wire) is not None:
            pass
        return answer

    def _next(self, wire: "PGconn") -> "PGresult | None":
        """Wait for a result outside of the interpreter's lock.

        ``get_result`` alone would wait in it, and whoever has what the server waits for could
        never give it back.
        """
        unsent = wire.flush()  # it may read as well
        while wire.is_busy():
            self._poll.register(wire.socket, POLLIN | (POLLOUT if unsent else 0))
            self._poll.poll()
            wire.consume_input()
            unsent = unsent and wire.flush()
        return wire.get_result()

    def _judge(self, what: Prepared, answer: "PGresult") -> None:
        if answer.status not in _GOOD:
            self.at = what.text.decode()
            raise error_from_result(answer, encoding="utf-8")


def _rows(done: "PGresult") -> list[tuple[Any, ...]]:
    decode = [_DECODE.get(done.ftype(column), _words) for column in range(done.nfields)]
    return [
        tuple(
            None if (raw_value := done.get_value(row, column)) is None else of(raw_value)
            for column, of in enumerate(decode)
        )
        for row in range(done.ntuples)
    ]
