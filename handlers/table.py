"""Running a ledger: filter, sort, page and stream, the same for chat, page and Excel."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, String, cast, false, func, or_, select

from config.texts import label, labels
from handlers.figures import percent_text
from handlers.spec import Column, Kind, Ledger, Rows, View
from models.base import Code

CHUNK = 1000


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to see of a ledger. ``filters`` by column key; ``sort`` a column key."""

    search: str = ""
    filters: Mapping[str, str] = field(default_factory=dict)
    sort: str = ""
    descending: bool = False
    limit: int | None = None
    offset: int = 0


def read_wish(ledger: Ledger, params: Mapping[str, str], limit: int | None, page: int = 1) -> Wish:
    """A wish as an address carries it: ``q``, ``f.<column>``, ``sort``, ``desc``."""
    return Wish(
        search=params.get("q", "").strip(),
        filters={c.key: params.get(f"f.{c.key}", "").strip() for c in ledger.columns},
        sort=params.get("sort", ""),
        descending=params.get("desc") == "1",
        limit=limit,
        offset=(page - 1) * limit if limit else 0,
    )


@dataclass(frozen=True, slots=True)
class Page:
    """Rows as values (not yet words), and how many there are in all."""

    rows: Sequence[tuple[Any, ...]]
    total: int


def page_of(ledger: Ledger, view: View, wish: Wish) -> Page:
    """The rows that a viewer wants and may see."""
    session = view.ctx.session
    narrowed = _narrowed(ledger, view, wish)
    total = session.scalar(select(func.count()).select_from(narrowed.subquery())) or 0
    rows = session.execute(_ordered(ledger, narrowed, wish)).all()
    return Page([_values(ledger, view, row) for row in rows], total)


def stream(ledger: Ledger, view: View, wish: Wish) -> Iterator[tuple[Any, ...]]:
    """All rows that a viewer wants and may see, a thousand at a time."""
    query = _ordered(ledger, _narrowed(ledger, view, wish), wish)
    result = view.ctx.session.execute(query.execution_options(yield_per=CHUNK))
    for row in result:
        yield _values(ledger, view, row)


def _narrowed(ledger: Ledger, view: View, wish: Wish) -> Rows:
    query: Rows = ledger.query(view).with_only_columns(
        *(c.expr.label(c.key) for c in ledger.columns)
    )
    if wish.search:
        query = query.where(or_(false(), *_found(ledger, wish.search)))
    for column in ledger.columns:
        if wanted := wish.filters.get(column.key, ""):
            query = query.where(_matches(column, wanted))
    return query


def _found(ledger: Ledger, word: str) -> Iterator[ColumnElement[bool]]:
    """What makes a row hold a word: text that contains it, or a state that is called so."""
    for column in ledger.columns:
        if column.kind is Kind.TEXT:
            yield column.expr.ilike(_like(word), escape="\\")
        elif (member := _member(column, word)) is not None:
            yield column.expr == member


def _member(column: Column, word: str) -> StrEnum | None:
    """What a word means in a column that holds words."""
    kind = getattr(column.expr, "type", None)
    if column.kind is Kind.WORD and isinstance(kind, Code):
        return labels(kind.kind).get(word)
    return None


def _like(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def _matches(column: Column, wanted: str) -> ColumnElement[bool]:
    if column.kind is Kind.WORD and isinstance(getattr(column.expr, "type", None), Code):
        member = _member(column, wanted)
        return false() if member is None else column.expr == member
    if column.kind in (Kind.TEXT, Kind.WORD):
        return column.expr.ilike(_like(wanted), escape="\\")
    return cast(column.expr, String).ilike(_like(wanted), escape="\\")


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
