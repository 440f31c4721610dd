"""Numbers of stored things, as ``JY-2026-0001`` (DESIGN.md 7)."""

from sqlalchemy import String, bindparam, insert, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base


class Counter(Base):
    """The last number given out for a prefix in a year."""

    __tablename__ = "counter"

    prefix: Mapped[str] = mapped_column(String(16), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    last: Mapped[int]


_TABLE = Counter.__table__
_STEP = (
    update(_TABLE)  # type: ignore[arg-type]  # a Table, says SQLAlchemy
    .where(_TABLE.c.prefix == bindparam("p"), _TABLE.c.year == bindparam("y"))
    .values(last=_TABLE.c.last + bindparam("n"))
    .returning(_TABLE.c.last)
)


def next_numbers(session: Session, prefix: str, year: int, count: int = 1) -> list[str]:
    """The next ``count`` numbers of a prefix and year, in order."""
    last = session.connection().scalar(_STEP, {"p": prefix, "y": year, "n": count})
    if last is None:
        session.execute(insert(Counter).values(prefix=prefix, year=year, last=count))
        last = count
    return [f"{prefix}-{year}-{n:04d}" for n in range(last - count + 1, last + 1)]


def next_number(session: Session, prefix: str, year: int) -> str:
    """The next number of a prefix and year."""
    return next_numbers(session, prefix, year)[0]
