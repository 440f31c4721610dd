"""``vote-close``: votes end on the night after their last day (DOMAIN.md 3)."""

from collections.abc import Iterator

from handlers.pledges.vote import close_vote, due_votes
from jobs.spec import Clockwork, Job
from models.errors import UserError


def run(work: Clockwork) -> Iterator[None]:
    """Some at a time; a ballot whose key is lost stays shut, and the others are counted."""
    today = work.ctx.local(work.due).date()
    last = 0
    while pledges := due_votes(work.ctx, today, last):
        for pledge in pledges:
            last = pledge.id
            try:
                close_vote(work.ctx, pledge)
            except UserError:
                continue  # nothing was changed; the doctor names the missing key
        yield


JOB = Job("vote-close", run, shreds=True)
