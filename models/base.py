"""The declarative base: names of constraints, time, exact percents, codes of enums."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar, TypeVar

from sqlalchemy import (
    BigInteger,
    DateTime,
    Dialect,
    Integer,
    MetaData,
    String,
    TypeDecorator,
    update,
)
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column

from models.errors import UserError

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

RowId = BigInteger().with_variant(Integer, "sqlite")
"""64 bits; on SQLite the row's own id, which only a column of type INTEGER can be."""


class UtcDateTime(TypeDecorator[datetime]):
    """Aware moments only, kept in UTC; a naive one is a programming error (``ValueError``)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """UTC for the database; SQLite knows no zones and gets it without one."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Aware, in UTC."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Tenths(TypeDecorator[Decimal]):
    """A figure with one decimal, kept as a whole number of tenths: exact on both databases."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        """Tenths for the database."""
        del dialect
        return None if value is None else int(value * 10)

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:
        """The figure with one decimal."""
        del dialect
        return None if value is None else Decimal(value) / 10


E = TypeVar("E", bound=StrEnum)


class Code(TypeDecorator[StrEnum]):
    """A StrEnum kept by its value, without a constraint in the database."""

    impl = String(32)
    cache_ok = True

    def __init__(self, kind: type[StrEnum]) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: StrEnum | str | None, dialect: Dialect) -> str | None:
        """The value; anything that is no member is a programming error (``ValueError``)."""
        del dialect
        return None if value is None else self.kind(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:
        """The member."""
        del dialect
        return None if value is None else self.kind(value)


class Base(DeclarativeBase):
    """All entities."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {datetime: UtcDateTime()}  # noqa: RUF012  (SQLAlchemy's own protocol)


def coded(kind: type[StrEnum], **options: Any) -> Any:  # noqa: ANN401  (as mapped_column)
    """A column that holds a StrEnum."""
    return mapped_column(Code(kind), **options)


class Stateful:
    """An entity with a ``state`` column and a table of allowed moves (DESIGN.md 2).

    ``move_to`` is guarded twice: by the table, and by the row itself, so that of two people who
    decide at the same moment one wins and the other is told.
    """

    id: Any
    state: Any
    MOVES: ClassVar[Mapping[Any, frozenset[Any]]]

    def move_to(self, session: Session, state: StrEnum, **changes: object) -> None:
        """Change the state, and other columns with it; ``UserError`` if the table forbids it."""
        if state not in self.MOVES.get(self.state, frozenset()):
            raise UserError("state.forbidden")
        session.flush()
        before = self.state
        kind = type(self)
        done = session.execute(
            update(kind)
            .where(kind.id == self.id, kind.state == before)
            .values(state=state, **changes)
            .execution_options(synchronize_session=False)
        )
        if done.rowcount != 1:  # type: ignore[attr-defined]  # an UPDATE has a row count
            raise UserError("state.raced")
        session.refresh(self)
