"""``wish-lapse``: a claim that was not kept in time ends, and the wish is free again (F-084)."""

from collections.abc import Iterator

from sqlalchemy import select

from handlers.content import Text
from handlers.reply import fill
from handlers.wish import set_free, tell
from jobs.spec import Clockwork, Job
from models.wish import Wish, WishState, WishStep


def run(work: Clockwork) -> Iterator[None]:
    """The last day of a claim is a whole day; on the morning after it the wish is free."""
    ctx = work.ctx
    today = ctx.local(work.due).date()
    lapsed = ctx.session.scalars(
        select(Wish)
        .where(Wish.state == WishState.CLAIMED, Wish.lapses_on < today)
        .order_by(Wish.id)
        .with_for_update()
    ).all()
    for wish in lapsed:
        claimer = wish.claimer_id
        set_free(ctx, wish, WishStep.LAPSED)
        text = fill("wish.lapsed", number=wish.number, text=wish.text)
        tell(ctx, claimer, wish, Text(text))
    yield


JOB = Job("wish-lapse", run)
