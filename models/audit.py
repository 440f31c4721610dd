"""Who did what and when: an append-only chain of rows, without any text of the message.

Each row carries the hash of itself and the row before it; the last row of each commit also a mark
made with the installation's key. Changing, removing or inserting a row breaks the chain, and
whoever holds the database without the key cannot make a new one.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import takewhile
from typing import Any, Final

from sqlalchemy import (
    Connection,
    ForeignKey,
    Index,
    String,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base
from models.push import insert_new
from models.store.quick import Quick
from models.vault import MARK_LENGTH, Vault

START: Final = "0" * 64
BASE: Final = "base"
LAST: Final = "last"
LOOK: Final = "look"
"""The action of a row that says: somebody read something about somebody."""
DISCREET: Final = ("talk", LOOK, "survey")
"""Actions that begin so are shown to those above without person and number (DOMAIN.md 5)."""
AT_ONCE: Final = 2000


class Audit(Base):
    """One act. ``subject`` is the number of the thing concerned, ``outcome`` ``ok`` or a text key.

    ``id``         counts without a gap; the chain follows it
    ``person_id``  None for acts of the clock and of the command line (``actor`` names which)
    ``about_id``   whom a reading was about (``action`` is then ``look``)
    ``hash``       SHA-256 of the row before and this one, in hex
    ``mark``       keyed mark over ``hash``, on the last row of each commit
    """

    __tablename__ = "audit"
    __table_args__ = (
        Index("ix_audit_person", "person_id", "at"),
        Index("ix_audit_about", "about_id", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(index=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    about_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    actor: Mapped[str] = mapped_column(String(32), default="")
    action: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(64), default="", index=True)
    outcome: Mapped[str] = mapped_column(String(64), default="ok")
    channel: Mapped[str] = mapped_column(String(32), default="")
    hash: Mapped[str] = mapped_column(String(64), default="")
    mark: Mapped[str] = mapped_column(String(MARK_LENGTH), default="")


class AuditEnd(Base):
    """The two ends of the chain: ``base``, the row before its first, and ``last``.

    Writers take a lock on ``last``, as the last thing before they commit: the chain cannot fork.
    """

    __tablename__ = "audit_end"

    side: Mapped[str] = mapped_column(String(8), primary_key=True)
    number: Mapped[int]
    hash: Mapped[str] = mapped_column(String(64))
    mark: Mapped[str] = mapped_column(String(MARK_LENGTH), default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What a row shall say; the chain is added when it is written."""

    at: datetime
    action: str
    person_id: int | None = None
    about_id: int | None = None
    actor: str = ""
    subject: str = ""
    outcome: str = "ok"
    channel: str = ""


_FIELDS: Final = (
    "person_id",
    "about_id",
    "actor",
    "action",
    "subject",
    "outcome",
    "channel",
)
_ADD = Quick(
    insert(Audit.__table__),  # type: ignore[arg-type]  # a Table, says SQLAlchemy
    ["id", "at", *_FIELDS, "hash", "mark"],
)
_END = AuditEnd.__table__
_LOCK_LAST = Quick(select(_END.c.number, _END.c.hash).where(_END.c.side == LAST).with_for_update())
_MOVE = Quick(
    update(_END)  # type: ignore[arg-type]  # as above
    .where(_END.c.side == LAST)
    .values(number=bindparam("to"), hash=bindparam("digest"), mark=bindparam("signed"))
)


def chained(before: str, number: int, row: Any) -> str:  # noqa: ANN401  (an Entry or a row)
    """The hash of a row after the row of hash ``before``."""
    at = row.at.astimezone(UTC).isoformat(timespec="microseconds")
    said = json.dumps([number, at, *(getattr(row, name) for name in _FIELDS)], ensure_ascii=False)
    return hashlib.sha256(f"{before}\n{said}".encode()).hexdigest()


def append(connection: Connection, entries: Sequence[Entry], vault: Vault) -> None:
    """Write rows at the end of the chain; the last thing of a transaction, for it holds a lock."""
    if not entries:
        return
    [(number, digest)] = _LOCK_LAST.rows(connection, {}) or _begin(connection, vault)
    rows = []
    for entry in entries:
        number += 1
        digest = chained(digest, number, entry)
        values = {name: getattr(entry, name) for name in _FIELDS}
        rows.append({"id": number, "at": entry.at, **values, "hash": digest, "mark": ""})
    rows[-1]["mark"] = vault.sign(digest.encode())
    _ADD.run_many(connection, rows)
    _MOVE.run(connection, {"to": number, "digest": digest, "signed": rows[-1]["mark"]})


def _begin(connection: Connection, vault: Vault) -> list[tuple[Any, ...]]:
    """Begin a chain behind the rows that are there; two who begin at once get the same."""
    row = connection.scalar(select(func.max(Audit.id))) or 0
    ends = [
        {"side": side, "number": row, "hash": START, "mark": vault.sign(_base(row, START))}
        for side in (BASE, LAST)
    ]
    insert_new(connection, AuditEnd.__table__, ends)
    return _LOCK_LAST.rows(connection, {})


def _base(number: int, digest: str) -> bytes:
    return f"base {number} {digest}".encode()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check of the chain found.

    ``first``, ``last``  ids it runs from and to; ``rows`` how many are there
    ``broken``  (id, text key) of each place that does not hold; empty: unbroken
    ``marked``  the last id that a mark of ours vouches for; 0 if none could be checked
    ``unknown`` marks whose key is not at hand
    """

    first: int
    last: int
    rows: int
    head: str
    broken: tuple[tuple[int, str], ...]
    marked: int
    unknown: int


def verify(session: Session, vault: Vault) -> Verdict:
    """Go through the whole chain; stops nowhere, so that every broken place is named."""
    base, last = session.get(AuditEnd, BASE), session.get(AuditEnd, LAST)
    if base is None or last is None:
        return Verdict(0, 0, 0, START, (), 0, 0)
    broken: list[tuple[int, str]] = []
    if vault.is_signed(_base(base.number, base.hash), base.mark) is False:
        broken.append((base.number + 1, "audit.cut_front"))
    before, number, rows, marked, unknown = base.hash, base.number, 0, 0, 0
    for row in _rows(session, base.number):
        known = vault.is_signed(row.hash.encode(), row.mark) if row.mark else None
        broken += [(row.id, key) for key in _faults(row, number, before, known=known)]
        marked = row.id if known else marked
        unknown += bool(row.mark) and known is None
        before, number, rows = row.hash, row.id, rows + 1
    if (number, before) != (last.number, last.hash):
        broken.append((last.number, "audit.cut"))
    elif rows and marked != number and not unknown and vault.ring():
        broken.append((number, "audit.unmarked"))
    return Verdict(base.number + 1, number, rows, before, tuple(broken), marked, unknown)


def _faults(row: Any, number: int, before: str, *, known: bool | None) -> Iterator[str]:  # noqa: ANN401
    """What does not hold at a row, given the id and hash of the row before it."""
    if row.id != number + 1:
        yield "audit.gap"
    if row.hash != chained(before, row.id, row):
        yield "audit.changed"
    if known is False:
        yield "audit.forged"


def _rows(session: Session, base: int) -> Iterator[Any]:
    table = Audit.__table__
    query = select(table).where(table.c.id > base).order_by(table.c.id)
    yield from session.connection().execution_options(yield_per=AT_ONCE).execute(query)


def forget(session: Session, vault: Vault, before: datetime, limit: int = AT_ONCE) -> int:
    """Remove the oldest rows (at most ``limit``) written before a moment; the chain begins later.

    The last row always stays. Returns how many went.
    """
    base, last = session.get(AuditEnd, BASE), session.get(AuditEnd, LAST)
    if base is None or last is None:
        return 0
    rows = session.execute(
        select(Audit.id, Audit.hash, Audit.at)
        .where(Audit.id < last.number)
        .order_by(Audit.id)
        .limit(limit)
    ).all()
    old = list(takewhile(lambda row: row.at < before, rows))
    if not old:
        return 0
    session.execute(delete(Audit).where(Audit.id <= old[-1].id))
    if old[-1].id > base.number:
        base.number, base.hash = old[-1].id, old[-1].hash
        base.mark = vault.sign(_base(base.number, base.hash))
    return len(old)


def readings_about(session: Session, person_id: int, limit: int) -> Sequence[Audit]:
    """Who read something about a person, newest first; the person's own readings left out."""
    return session.scalars(
        select(Audit)
        .where(
            Audit.about_id == person_id,
            Audit.action == LOOK,
            Audit.person_id.is_distinct_from(person_id),
        )
        .order_by(Audit.at.desc(), Audit.id.desc())
        .limit(limit)
    ).all()
