"""``cleaning``: forget what has served its purpose (stored answers, old drafts, drawn files)."""

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import delete, select, update

from jobs.spec import Clockwork, Job
from models.draft import Draft, DraftState
from models.message import Message
from models.push import Content, Push, PushState, Rendering

AT_ONCE = 2000
KEEP_RENDERINGS = timedelta(days=7)


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
    _renderings(work)
    yield


def _drafts(work: Clockwork) -> None:
    """A form left lying ends as cancelled; its half answers go."""
    work.ctx.session.execute(
        update(Draft)
        .where(
            Draft.state.in_([DraftState.OPEN, DraftState.PAUSED]),
            Draft.expires_at < work.ctx.now,
        )
        .values(state=DraftState.CANCELLED, answers={}, doubts={})
    )


def _renderings(work: Clockwork) -> None:
    """Drawn pictures and files go when all their pushes are done; they can be drawn again."""
    waiting = select(Push.digest).where(Push.state != PushState.DELIVERED)
    old = select(Content.digest).where(
        Content.at < work.ctx.now - KEEP_RENDERINGS, Content.digest.not_in(waiting)
    )
    work.ctx.session.execute(delete(Rendering).where(Rendering.digest.in_(old)))


JOB = Job("cleaning", run)
