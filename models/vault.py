"""Sealed texts: each encrypted with a data key of its own, which a key of the installation wraps.

What is told in confidence is kept here and nowhere else (DOMAIN.md 5): AES-256-GCM, the kind and
the subject bound in, so that a row moved under another number does not open. Whoever holds the
database alone holds nothing readable. Changing the installation's key wraps the data keys anew and
leaves the texts as they are; destroying a row destroys its data key with it.
"""

import hashlib
import hmac
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import (
    Connection,
    LargeBinary,
    String,
    UniqueConstraint,
    delete,
    func,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base
from models.errors import UserError

NONCE: Final = 12
DATA_KEY: Final = 32
MARK_LENGTH: Final = 96


class Secret(Base):
    """One sealed text. ``kind`` and ``subject`` name it (``talk``, ``TH-2026-0001``).

    ``key_id``   which key of the installation wraps it
    ``wrapped``  nonce and data key, encrypted under that key
    ``body``     nonce and text, encrypted under the data key
    """

    __tablename__ = "secret"
    __table_args__ = (UniqueConstraint("kind", "subject"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    subject: Mapped[str] = mapped_column(String(400))
    key_id: Mapped[str] = mapped_column(String(16), index=True)
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    at: Mapped[datetime] = mapped_column(index=True)


def _put(make: Callable[..., Any]) -> Any:  # noqa: ANN401  (an INSERT of either dialect)
    fresh = make(Secret.__table__)
    replaced = {name: fresh.excluded[name] for name in ("key_id", "wrapped", "body", "at")}
    return fresh.on_conflict_do_update(index_elements=["kind", "subject"], set_=replaced)


_PUT: Final = {"sqlite": _put(sqlite.insert), "postgresql": _put(postgresql.insert)}


def key_name(key: bytes) -> str:
    """The short public name of a key; tells nothing about it."""
    return hashlib.sha256(b"zbt data key" + key).hexdigest()[:16]


@lru_cache(maxsize=32)
def _named(keys: Sequence[bytes]) -> Mapping[str, bytes]:
    return {key_name(key): key for key in keys}


def _bound(kind: str, subject: str) -> bytes:
    return f"{kind}\0{subject}".encode()


@dataclass(frozen=True, slots=True)
class Rotation:
    """What a step of :meth:`Vault.rotate` did: rows wrapped anew, rows whose key is lost."""

    done: int
    lost: int
    last_id: int


@dataclass(frozen=True, slots=True)
class Vault:
    """Seals and opens. ``ring`` gives the installation's keys, newest first, at every use.

    With no key nothing can be sealed and nothing opened (``UserError("vault.no_key")``).
    """

    ring: Callable[[], tuple[bytes, ...]]
    chance: Callable[[int], bytes] = os.urandom

    def _newest(self) -> bytes:
        keys = self.ring()
        if not keys:
            raise UserError("vault.no_key")
        return keys[0]

    def _key(self, key_id: str) -> bytes:
        key = _named(self.ring()).get(key_id)
        if key is None:
            raise UserError("vault.key_lost", key=key_id)
        return key

    def _encrypt(self, key: bytes, text: bytes, bound: bytes) -> bytes:
        nonce = self.chance(NONCE)
        return nonce + AESGCM(key).encrypt(nonce, text, bound)

    def need(self) -> None:
        """``UserError`` if nothing can be sealed here: said before anybody types in vain."""
        self._newest()

    def seal(
        self, connection: Connection, kind: str, subject: str, text: str, now: datetime
    ) -> None:
        """Keep a text sealed; one of the same kind and subject is replaced."""
        self.seal_all(connection, kind, [(subject, text, now)])

    def seal_all(
        self, connection: Connection, kind: str, texts: Iterable[tuple[str, str, datetime]]
    ) -> None:
        """Keep many texts sealed: subject, text, and the moment to be noted."""
        rows = [self._row(kind, subject, text, now) for subject, text, now in texts]
        if rows:
            connection.execute(_PUT[connection.dialect.name], rows)

    def _row(self, kind: str, subject: str, text: str, now: datetime) -> dict[str, Any]:
        bound = _bound(kind, subject)
        wrapping, data_key = self._newest(), self.chance(DATA_KEY)
        return {
            "kind": kind,
            "subject": subject,
            "key_id": key_name(wrapping),
            "wrapped": self._encrypt(wrapping, data_key, bound),
            "body": self._encrypt(data_key, text.encode(), bound),
            "at": now,
        }

    def open(self, connection: Connection, kind: str, subject: str) -> str | None:
        """The text, or None if none is kept (any more).

        ``UserError``: its key is not among those given (``vault.key_lost``), or the row was
        tampered with (``vault.damaged``). Never a wrong text.
        """
        row = connection.execute(
            select(Secret.key_id, Secret.wrapped, Secret.body).where(
                Secret.kind == kind, Secret.subject == subject
            )
        ).one_or_none()
        if row is None:
            return None
        bound = _bound(kind, subject)
        data_key = _decrypt(self._key(row.key_id), row.wrapped, bound)
        return _decrypt(data_key, row.body, bound).decode()

    def rotate(self, session: Session, after: int, limit: int) -> Rotation:
        """Wrap the next rows above an id with the newest key; texts stay as they are.

        A row that is replaced in the meantime has the newest key already and is passed over.
        """
        wrapping = self._newest()
        newest, lost, last = key_name(wrapping), 0, after
        rows = session.execute(
            select(Secret.id, Secret.kind, Secret.subject, Secret.key_id, Secret.wrapped)
            .where(Secret.key_id != newest, Secret.id > after)
            .order_by(Secret.id)
            .limit(limit)
        ).all()
        for row in rows:
            last = row.id
            bound = _bound(row.kind, row.subject)
            try:
                data_key = _decrypt(self._key(row.key_id), row.wrapped, bound)
            except UserError:
                lost += 1
                continue
            session.execute(
                update(Secret)
                .where(Secret.id == row.id, Secret.wrapped == row.wrapped)
                .values(key_id=newest, wrapped=self._encrypt(wrapping, data_key, bound))
                .execution_options(synchronize_session=False)
            )
        return Rotation(len(rows) - lost, lost, last if len(rows) == limit else 0)

    def sign(self, data: bytes) -> str:
        """A mark that only a holder of the newest key can make; empty without a key."""
        keys = self.ring()
        return f"{key_name(keys[0])}:{_mark(keys[0], data)}" if keys else ""

    def is_signed(self, data: bytes, mark: str) -> bool | None:
        """Whether a mark is ours; None if its key is not among those given."""
        key_id, _, digest = mark.partition(":")
        key = _named(self.ring()).get(key_id)
        return None if key is None else hmac.compare_digest(_mark(key, data), digest)


def _mark(key: bytes, data: bytes) -> str:
    own = hmac.digest(key, b"zbt audit", hashlib.sha256)
    return hmac.digest(own, data, hashlib.sha256).hex()


def _decrypt(key: bytes, sealed: bytes, bound: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(sealed[:NONCE], sealed[NONCE:], bound)
    except (InvalidTag, ValueError):
        raise UserError("vault.damaged") from None


def shred(connection: Connection, kind: str, *subjects: str) -> int:
    """Destroy sealed texts with their data keys; returns how many there were. Needs no key."""
    return connection.execute(
        delete(Secret).where(Secret.kind == kind, Secret.subject.in_(subjects))
    ).rowcount


def shred_older(connection: Connection, kind: str, before: datetime) -> int:
    """Destroy the sealed texts of a kind that were sealed before a moment."""
    return connection.execute(
        delete(Secret).where(Secret.kind == kind, Secret.at < before)
    ).rowcount


def keys_in_use(session: Session) -> Mapping[str, int]:
    """How many sealed texts each key wraps, by the key's name."""
    rows = session.execute(select(Secret.key_id, func.count()).group_by(Secret.key_id))
    return dict(rows.all())


def no_keys() -> tuple[bytes, ...]:
    """No key at all."""
    return ()


SHUT: Final = Vault(no_keys)
"""For those who must not open anything, such as the process that draws exports."""
