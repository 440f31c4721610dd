"""Numbers of stored things, as ``JY-2026-0001`` (DESIGN.md 7)."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import String, bindparam
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base


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


_STEPS = {"sqlite": _step(sqlite.insert), "postgresql": _step(postgresql.insert)}


def count_up(session: Session, prefix: str, year: int, count: int = 1) -> int:
    """Move a counter on and return where it stands."""
    connection = session.connection()
    step = _STEPS[connection.dialect.name]
    return int(connection.execute(step, {"p": prefix, "y": year, "n": count}).scalar_one())


def next_numbers(session: Session, prefix: str, year: int, count: int = 1) -> list[str]:
    """The next ``count`` numbers of a prefix and year, in order."""
    last = count_up(session, prefix, year, count)
    return [f"{prefix}-{year}-{n:04d}" for n in range(last - count + 1, last + 1)]


def next_number(session: Session, prefix: str, year: int) -> str:
    """The next number of a prefix and year."""
    return next_numbers(session, prefix, year)[0]
