"""``pair-end``: a pair whose time to look back is over ends by itself (DOMAIN.md 8).

Otherwise the board would count, year after year, pairs of which nobody has thought for long.
"""

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import select

from handlers.content import Text
from handlers.pair import tell
from handlers.reply import fill
from jobs.spec import Clockwork, Job
from models.pair import Pair, PairState, sides_of


def run(work: Clockwork) -> Iterator[None]:
    """What was never answered is gone with its last day; what was kept may be reviewed a while."""
    ctx = work.ctx
    today = ctx.local(work.due).date()
    reviewed_until = today - timedelta(days=ctx.rules.pair.review_days)
    for state, last, end in (
        (PairState.PROPOSED, today, PairState.WITHDRAWN),
        (PairState.ACTIVE, reviewed_until, PairState.ENDED),
    ):
        over = ctx.session.scalars(
            select(Pair)
            .where(Pair.state == state, Pair.ends_on < last)
            .order_by(Pair.id)
            .with_for_update()
        ).all()
        for pair in over:
            pair.move_to(ctx.session, end, ended_at=ctx.now)
            for side in sides_of(ctx.session, pair.id):
                tell(ctx, side, pair, Text(fill("pair.over", number=pair.number)))
    yield


JOB = Job("pair-end", run)
