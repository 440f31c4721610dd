"""PostgreSQL without ceremony: prepared statements on ``psycopg.pq``, the documented libpq layer.

One round trip costs a third of what ``cursor.execute`` does, for nothing is planned, adapted or
waited for in Python. Values go as text and come as text; only plain kinds are known.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, cast

from psycopg import Connection, DataError
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus, TransactionStatus

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

    def __init__(self, text: str, name: str) -> None:
        self._text = text.encode()
        self._name = name.encode()

    def run(
        self, raw: "Connection[Any]", known: set[bytes], values: Sequence[Any]
    ) -> list[tuple[Any, ...]]:
        """Execute it; ``known`` are the names that the connection has prepared already."""
        wire = raw.pgconn
        if wire.transaction_status == TransactionStatus.IDLE and not raw.autocommit:
            simple(raw, b"BEGIN")
        if self._name not in known:
            made = wire.prepare(self._name, self._text)
            if made.status not in _GOOD:
                raise error_from_result(made, encoding="utf-8")
            known.add(self._name)
        given = [encode(value) for value in values]
        done = wire.exec_prepared(self._name, cast("list[bytes]", given))  # None is NULL
        if done.status not in _GOOD:
            raise error_from_result(done, encoding="utf-8")
        decode = [_DECODE.get(done.ftype(column), _words) for column in range(done.nfields)]
        return [
            tuple(
                None if (raw_value := done.get_value(row, column)) is None else of(raw_value)
                for column, of in enumerate(decode)
            )
            for row in range(done.ntuples)
        ]


def simple(raw: "Connection[Any]", text: bytes) -> None:
    """Statements without parameters, in one round trip."""
    done = raw.pgconn.exec_(text)
    if done.status not in _GOOD:
        raise error_from_result(done, encoding="utf-8")
