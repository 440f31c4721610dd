"""Bringing in what came with messages: the platform keeps it for minutes only (page 100719)."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.channel import IncomingFile, PushError
from bot.clock import Clock
from bot.pump import Pump
from bot.writer import Writer
from config.texts import t
from handlers.content import Text, dump
from models.attachment import Attachment, FileState, store_blob
from models.person import Person
from models.push import Order, write_pushes

log = structlog.get_logger()

TRIES = 4
POLL = 2.0
AT_ONCE = 8
RETRY = timedelta(seconds=20)
MEDIA_TYPES = {"png": "image/png", "jpeg": "image/jpeg", "gif": "image/gif", "webp": "image/webp"}


@dataclass(frozen=True, slots=True)
class Errand:
    """One thing to fetch."""

    id: int
    file: IncomingFile
    tries: int


class Fetcher:
    """Fetches waiting attachments; what cannot be had is said to its sender."""

    def __init__(
        self,
        writer: Writer,
        fetch: Callable[[IncomingFile], Awaitable[bytes]],
        sniff: Callable[[bytes], str],
        clock: Clock,
    ) -> None:
        self._writer = writer
        self._fetch = fetch
        self._sniff = sniff
        self._clock = clock
        self._pump = Pump("fetcher", self.pump, POLL)
        self.start = self._pump.start
        self.wake = self._pump.wake
        self.stop = self._pump.stop

    async def went_back(self) -> None:
        """The clock was set back: the platform keeps files for minutes only, so try now."""
        now = self._clock.now()
        await self._writer.do(lambda session: _now(session, now))
        self.wake()

    async def pump(self) -> bool:
        """Fetch what waits; False when nothing does."""
        now = self._clock.now()
        errands = await self._writer.do(lambda session: _take(session, now))
        await asyncio.gather(*(self._bring(errand) for errand in errands))
        return bool(errands)

    async def _bring(self, errand: Errand) -> None:
        try:
            data = await self._fetch(errand.file)
        except Exception as error:
            if isinstance(error, PushError):
                log.info("fetch_failed", attachment=errand.id, code=error.code, tries=errand.tries)
            else:
                log.exception("fetch_broken", attachment=errand.id, exc_info=error)
            if errand.tries >= TRIES:
                now = self._clock.now()
                await self._writer.do(lambda session: _lose(session, errand.id, now))
            return
        kind = MEDIA_TYPES.get(self._sniff(data), "application/octet-stream")
        now = self._clock.now()
        await self._writer.do(lambda session: _store(session, errand.id, data, kind, now))


def _take(session: Session, now: datetime) -> list[Errand]:
    rows = session.scalars(
        select(Attachment)
        .where(Attachment.state == FileState.WAITING, Attachment.next_try_at <= now)
        .order_by(Attachment.id)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()
    for row in rows:
        row.tries += 1
        row.next_try_at = now + RETRY * row.tries
    return [Errand(row.id, IncomingFile(**json.loads(row.source)), row.tries) for row in rows]


def _now(session: Session, now: datetime) -> None:
    session.execute(
        update(Attachment)
        .where(Attachment.state == FileState.WAITING, Attachment.next_try_at > now)
        .values(next_try_at=now)
        .execution_options(synchronize_session=False)
    )


def _store(session: Session, attachment_id: int, data: bytes, kind: str, now: datetime) -> None:
    digest = store_blob(session, data, kind, now)
    session.execute(
        update(Attachment)
        .where(Attachment.id == attachment_id)
        .values(state=FileState.STORED, digest=digest, source="", next_try_at=None)
    )


def _lose(session: Session, attachment_id: int, now: datetime) -> None:
    row = session.get_one(Attachment, attachment_id)
    row.state, row.source, row.next_try_at = FileState.LOST, "", None
    if row.person_id is None:  # nobody may know who sent it, so nobody is told
        return
    userid = session.get_one(Person, row.person_id).userid
    order = Order(userid, False, dump(Text(t("tray.lost"))), f"lost:{attachment_id}", now)
    write_pushes(session.connection(), [order], now)
