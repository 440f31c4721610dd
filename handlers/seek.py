"""Looking for a word in a ledger: first each table for its rows, then the ledger for its own.

Text that is looked for in a join of seven tables costs the join for each row. Asked table by table
it costs one look through each, and what is found in none of them is in no row of the ledger. What
a viewer may see is decided by the ledger's query as ever: the rows found here only narrow it down.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeAlias

from sqlalchemy import (
    Alias,
    Column,
    ColumnElement,
    FromClause,
    Select,
    SQLColumnExpression,
    Table,
    false,
    or_,
    select,
    union,
)
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import UnaryExpression

from models.segment import cut

FEW: Final = 200
"""Rows of a table up to which they are told apart. A word that stands in more is soon found by
looking through the ledger in its order."""
WHOLE: Final = 2
"""Characters from which a word of a sentence is looked for by itself."""
NUMBER: Final = "number"
"""What the number of a record is called in every table."""
Rows: TypeAlias = Select[*tuple[Any, ...]]
Keys: TypeAlias = tuple[Any, ...] | None
"""Primary keys of the rows that hold a word; None: more than a ``FEW``."""


def holds(expr: SQLColumnExpression[Any], text: str) -> ColumnElement[bool]:
    """That a column holds a text as it is, in capitals or not.

    Chinese has no capitals: to fold each row for it costs half of a search.
    """
    found = expr.contains if text.upper() == text.lower() else expr.icontains
    return found(text, autoescape=True)


def pieces(word: str) -> tuple[str, ...]:
    """The words of a sentence that are worth looking for; the sentence itself if there are none."""
    return tuple(dict.fromkeys(part for part in cut(word) if len(part) >= WHOLE)) or (word,)


class Seek:
    """What one reader's question has learnt so far about tables, whichever ledgers it is put to."""

    def __init__(self) -> None:
        self._known: dict[tuple[Table, tuple[str, ...], str], Keys] = {}

    def rows(
        self,
        session: Session,
        query: Rows,
        own: ColumnElement[Any] | None,
        columns: Sequence[SQLColumnExpression[Any]],
        word: str,
    ) -> Iterator[ColumnElement[bool]]:
        """Which rows of ``query`` hold a word in one of the columns: conditions, any of them.

        ``own``  what tells the rows of the query apart: the key of the table it lists, if any

        Where a word is common in one table, or what is reckoned has to be looked at row by row, the
        others need not be asked.
        """
        plain, rest = _by_table(columns, word)
        lists = None if own is None else own.table
        among: list[ColumnElement[bool]] = []
        for table in sorted(plain, key=lambda table: table is lists):
            base, names = _base(table), tuple(column.name for column in plain[table])
            keys = None if rest or base is None else self._keys(session, base, names, word)
            if keys is None:
                rest.extend(plain[table])
            elif keys:
                (key,) = table.primary_key
                among.append(table.c[key.name].in_(keys))
        if own is None or rest:
            yield from (*among, *(holds(expr, word) for expr in rest))
        elif among:
            of_each = (query.where(one).with_only_columns(own).correlate(None) for one in among)
            yield own.in_(union(*of_each))

    def _keys(self, session: Session, table: Table, names: tuple[str, ...], word: str) -> Keys:
        asked = (table, names, word)
        if asked not in self._known:
            self._known[asked] = self._look(session, table, names, word)
        return self._known[asked]

    def _look(self, session: Session, table: Table, names: tuple[str, ...], word: str) -> Keys:
        """A text that holds a sentence holds its words: where one of them is rare, look there."""
        (key,) = table.primary_key
        query = select(key).where(or_(false(), *(holds(table.c[name], word) for name in names)))
        for piece in pieces(word):
            if piece != word and piece in word:
                some = self._keys(session, table, names, piece)
                if some == ():
                    return ()
                if some is not None:
                    query = query.where(key.in_(some))
                    break
        found = tuple(session.scalars(query.limit(FEW + 1)))
        return found if len(found) <= FEW else None


def own_key(order: Sequence[SQLColumnExpression[Any]]) -> ColumnElement[Any] | None:
    """What tells the rows of a ledger apart: the key that its order ends with."""
    last: Any = order[-1]
    while isinstance(last, UnaryExpression):
        last = last.element
    column = _column(last)
    return column if column is not None and column.primary_key else None


def _by_table(
    columns: Sequence[SQLColumnExpression[Any]], word: str
) -> tuple[dict[FromClause, list[Column[Any]]], list[SQLColumnExpression[Any]]]:
    """Columns of tables that can be asked by themselves, and what is reckoned from others.

    Numbers such as ``JZ-2026-0001`` hold no Chinese and need not be asked for it.
    """
    plain: dict[FromClause, list[Column[Any]]] = {}
    rest: list[SQLColumnExpression[Any]] = []
    for expr in columns:
        column = _column(expr)
        if column is None:
            rest.append(expr)
        elif word.isascii() or column.name != NUMBER:
            plain.setdefault(column.table, []).append(column)
    return plain, rest


def _column(expr: Any) -> Column[Any] | None:  # noqa: ANN401  (a mapped attribute or a column)
    inner = getattr(expr, "expression", expr)
    if not isinstance(inner, Column) or _base(inner.table) is None:
        return None
    return inner if len(inner.table.primary_key) == 1 else None


def _base(table: FromClause) -> Table | None:
    """The table that an alias stands for."""
    base = table.element if isinstance(table, Alias) else table
    return base if isinstance(base, Table) else None
