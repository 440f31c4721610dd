"""``cleaning``: forget what has served its purpose, and what is held about persons for too long.

How long each kind is kept stands with its declaration (``handlers/personal.py``); what was removed
is reported in the ledger 清理记录.
"""

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import delete, exists, select, update

from handlers.catalogue import catalogue
from handlers.personal import Holding
from jobs.spec import Clockwork, Job
from models.attachment import Blob
from models.base import Base
from models.draft import DRAFT, EMPTY, Draft, DraftState
from models.message import Message
from models.purge import Purge
from models.push import Content, Push, PushState, Rendering
from models.vault import shred_older

AT_ONCE = 2000
KEEP_RENDERINGS = timedelta(days=7)
KEEP_LOOSE_BLOBS = timedelta(days=1)
KEEP_SEALED = {"answer": timedelta(days=1), "push": timedelta(days=7)}


def run(work: Clockwork) -> Iterator[None]:
    """Delete in small pieces, so that nobody waits for it."""
    before = work.ctx.now - timedelta(days=work.ctx.rules.intake.keep_days)
    while True:
        old = select(Message.id).where(Message.at < before).limit(AT_ONCE)
        done = work.ctx.session.execute(delete(Message).where(Message.id.in_(old)))
        yield
        if done.rowcount < AT_ONCE:  # type: ignore[attr-defined]  # a DELETE has a row count
            break
    _drafts(work)
    yield
    _sealed(work)
    yield
    _renderings(work)
    yield
    for holding in catalogue().holdings:
        yield from _purge(work, holding)
    yield from _blobs(work)


def _drafts(work: Clockwork) -> None:
    """A form left lying ends as cancelled; its half answers go."""
    ctx = work.ctx
    left = (
        Draft.state.in_([DraftState.OPEN, DraftState.PAUSED]),
        Draft.expires_at < ctx.now,
    )
    ids = ctx.session.scalars(select(Draft.id).where(*left)).all()
    ctx.session.execute(update(Draft).where(*left).values(state=DraftState.CANCELLED, **EMPTY))
    for start in range(0, len(ids), AT_ONCE):
        ctx.shred(DRAFT, *map(str, ids[start : start + AT_ONCE]))


def _sealed(work: Clockwork) -> None:
    """Sealed answers wait for a redelivery, sealed pushes for their delivery; no longer."""
    connection = work.ctx.session.connection()
    for kind, kept in KEEP_SEALED.items():
        shred_older(connection, kind, work.ctx.now - kept)


def _renderings(work: Clockwork) -> None:
    """Drawn pictures and files go when all their pushes are done; they can be drawn again."""
    waiting = select(Push.digest).where(Push.state != PushState.DELIVERED)
    old = select(Content.digest).where(
        Content.at < work.ctx.now - KEEP_RENDERINGS, Content.digest.not_in(waiting)
    )
    work.ctx.session.execute(delete(Rendering).where(Rendering.digest.in_(old)))


def _purge(work: Clockwork, holding: Holding) -> Iterator[None]:
    """Remove what is older than its kind is kept, and report how much it was."""
    days = holding.days(work.ctx.rules)
    if holding.purge is None or days is None:
        return
    before, count = work.ctx.now - timedelta(days=days), 0
    while done := holding.purge(work.ctx, before):
        count += done
        yield
    if count:
        row = Purge(at=work.ctx.now, holding=holding.key, before=before, count=count)
        work.ctx.session.add(row)
        yield


def _blobs(work: Clockwork) -> Iterator[None]:
    """Bytes that nothing refers to any more, whatever table could."""
    holders = [
        column
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if any(key.column.table is Blob.__table__ for key in column.foreign_keys)
    ]
    unused = [~exists().where(column == Blob.digest) for column in holders]
    before = work.ctx.now - KEEP_LOOSE_BLOBS
    while True:
        old = select(Blob.digest).where(Blob.at < before, *unused).limit(AT_ONCE)
        done = work.ctx.session.execute(delete(Blob).where(Blob.digest.in_(old)))
        yield
        if done.rowcount < AT_ONCE:  # type: ignore[attr-defined]  # a DELETE has a row count
            return


JOB = Job("cleaning", run, shreds=True)
