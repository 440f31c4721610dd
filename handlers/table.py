"""Running a ledger: filter, sort, page and stream, the same for chat, page and Excel."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select

from config.texts import label
from handlers.board import Filter
from handlers.figures import percent_text
from handlers.narrow import SPAN, matches, searched, word_member
from handlers.seek import own_key
from handlers.spec import Column, Kind, Ledger, Rows, Total, View

CHUNK = 1000


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to see of a ledger. ``filters`` by column key; ``sort`` a column key.

    ``search``   words parted by blanks, all of which a row must hold
    ``columns``  keys of those that are shown, in the ledger's order; empty means all
    ``of``       which of the ledger's years or issues, by its value or in words
    """

    search: str = ""
    of: str = ""
    filters: Mapping[str, str] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    sort: str = ""
    descending: bool = False
    limit: int | None = None
    offset: int = 0


def read_wish(ledger: Ledger, params: Mapping[str, str], limit: int | None, page: int = 1) -> Wish:
    """A wish as an address carries it: ``q``, ``of``, ``f.<column>``, ``cols``, ``sort``, ``desc``.

    A span may also come in two parts, ``f.<column>.from`` and ``f.<column>.to``.
    """
    chosen = set(params.get("cols", "").split(","))
    return Wish(
        search=params.get("q", "").strip(),
        of=params.get("of", ""),
        filters={c.key: _wanted(params, c.key) for c in ledger.columns},
        columns=tuple(c.key for c in ledger.columns if c.key in chosen),
        sort=params.get("sort", ""),
        descending=params.get("desc") == "1",
        limit=limit,
        offset=(page - 1) * limit if limit else 0,
    )


def _wanted(params: Mapping[str, str], key: str) -> str:
    first = params.get(f"f.{key}.from", "").strip()
    last = params.get(f"f.{key}.to", "").strip()
    return f"{first}{SPAN}{last}" if first or last else params.get(f"f.{key}", "").strip()


def scope_of(ledger: Ledger, view: View, wanted: str) -> Filter | None:
    """The years or issues of a ledger with the one that is wanted, else the one shown by itself."""
    if ledger.scope is None:
        return None
    offered = ledger.scope(view)
    found = (value for value, words in offered.options if wanted in (value, words))
    return replace(offered, chosen=next(found, offered.chosen))


def _scoped(ledger: Ledger, view: View, wish: Wish) -> View:
    """The view with its year or issue; what the parameters name already stays."""
    scope = scope_of(ledger, view, wish.of)
    return view if scope is None else replace(view, params={scope.key: scope.chosen, **view.params})


def shown_columns(ledger: Ledger, wish: Wish) -> list[int]:
    """Which columns of a ledger somebody wants to see, by their place."""
    return [at for at, c in enumerate(ledger.columns) if not wish.columns or c.key in wish.columns]


@dataclass(frozen=True, slots=True)
class Page:
    """Rows as values (not yet words), how many there are in all, and what is said of all of them.

    ``totals`` the sum or mean of each column that has one, None where no row has a value
    """

    rows: Sequence[tuple[Any, ...]]
    total: int
    totals: Mapping[str, Decimal | int | None]


def page_of(ledger: Ledger, view: View, wish: Wish) -> Page:
    """The rows that a viewer wants and may see."""
    narrowed = _narrowed(ledger, view, wish)
    if narrowed is None:
        return Page([], 0, {})
    rows = view.ctx.session.execute(_ordered(ledger, narrowed, wish)).all()
    summed = any(column.total is not None for column in ledger.columns)
    some = wish.offset or (wish.limit is not None and len(rows) >= wish.limit)
    total, totals = _all_of(ledger, view, narrowed) if some or summed else (len(rows), {})
    return Page([_values(ledger, view, row) for row in rows], total, totals)


def some_of(
    ledger: Ledger, view: View, wish: Wish, most: int
) -> tuple[Sequence[tuple[Any, ...]], int]:
    """The first rows, and how many there are, counted up to ``most``.

    Where a word is looked for the newest come first: by its key a table is gone through no further
    than needed, the ledger's own order would have all that match be sorted.
    """
    found = _narrowed(ledger, view, wish)
    if found is None:
        return [], 0
    own = own_key(ledger.order)
    first = (own.desc(),) if own is not None and wish.search else ledger.order
    rows = view.ctx.session.execute(found.order_by(*first).limit(most)).all()
    return [_values(ledger, view, row) for row in rows[: wish.limit]], len(rows)


def _all_of(
    ledger: Ledger, view: View, narrowed: Rows
) -> tuple[int, Mapping[str, Decimal | int | None]]:
    """How many rows there are, and their totals: one look through all of them."""
    summed = [column for column in ledger.columns if column.total is not None]
    rows = narrowed.subquery()
    asked = [part for c in summed for part in (func.sum(rows.c[c.key]), func.count(rows.c[c.key]))]
    found = view.ctx.session.execute(select(func.count(), *asked).select_from(rows)).one()
    totals: dict[str, Decimal | int | None] = {}
    for at, column in enumerate(summed):
        whole, count = found[2 * at + 1], found[2 * at + 2]
        if column.total is Total.MEAN and count:
            whole = (Decimal(whole) / count).quantize(Decimal("0.1"))
        totals[column.key] = whole if count else None
    return found[0], totals


def stream(ledger: Ledger, view: View, wish: Wish) -> Iterator[tuple[Any, ...]]:
    """All rows that a viewer wants and may see, a thousand at a time."""
    narrowed = _narrowed(ledger, view, wish)
    if narrowed is None:
        return
    query = _ordered(ledger, narrowed, wish)
    result = view.ctx.session.execute(query.execution_options(yield_per=CHUNK))
    for row in result:
        yield _values(ledger, view, row)


def _narrowed(ledger: Ledger, view: View, wish: Wish) -> Rows | None:
    """The rows that are wanted, in no order; None where a word stands in none of its tables."""
    query: Rows = ledger.query(_scoped(ledger, view, wish)).with_only_columns(
        *(c.expr.label(c.key) for c in ledger.columns)
    )
    whole = query
    for word in wish.search.split():
        found = tuple(_found(ledger, view, whole, word))
        if not found:
            return None
        query = query.where(or_(*found))
    for column in ledger.columns:
        if wanted := wish.filters.get(column.key, ""):
            query = query.where(matches(column, wanted, view))
    return query


def _found(ledger: Ledger, view: View, query: Rows, word: str) -> Iterator[ColumnElement[bool]]:
    """What makes a row hold a word: text that contains it, or a state that is called so."""
    columns = [column.expr for column in ledger.columns if searched(column)]
    yield from view.seek.rows(view.ctx.session, query, own_key(ledger.order), columns, word)
    for column in ledger.columns:
        if not searched(column) and (member := word_member(column, word)) is not None:
            yield column.expr == member


def _ordered(ledger: Ledger, query: Rows, wish: Wish) -> Rows:
    chosen = next((c for c in ledger.columns if c.key == wish.sort), None)
    if chosen is not None:
        expr = chosen.expr.desc() if wish.descending else chosen.expr.asc()
        query = query.order_by(expr.nulls_last())
    query = query.order_by(*ledger.order).offset(wish.offset)
    return query if wish.limit is None else query.limit(wish.limit)


def _values(ledger: Ledger, view: View, row: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(
        column.show(value, view) if column.show else value
        for column, value in zip(ledger.columns, row, strict=True)
    )


def words_of(value: Any, view: View) -> str:  # noqa: ANN401  (whatever a column holds)
    """A value as it is read in chat and on pages."""
    if value is None or value == "":
        return ""
    if isinstance(value, StrEnum):
        return label(value)
    if isinstance(value, datetime):
        return f"{view.ctx.local(value):%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return str(value)


def cell_text(column: Column, value: Any, view: View) -> str:  # noqa: ANN401  (as above)
    """A cell as it is read: percents carry their sign."""
    if column.kind is Kind.PERCENT and value is not None:
        return percent_text(value)
    return words_of(value, view)
