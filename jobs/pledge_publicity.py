"""``pledge-publicity``: what has passed the branches' reviews becomes public (DOMAIN.md 3)."""

from collections.abc import Iterator

from sqlalchemy import select

from handlers.places import branch_by_id
from handlers.pledges.review import publish_branch
from jobs.spec import Clockwork, Job
from models.pledge import Pledge, PledgeState


def run(work: Clockwork) -> Iterator[None]:
    """One branch after the other; each group hears of its pledges in one message."""
    waiting = work.ctx.session.scalars(
        select(Pledge.unit_id).where(Pledge.state == PledgeState.APPROVED).distinct()
    ).all()
    for unit_id in sorted(waiting):
        publish_branch(work.ctx, branch_by_id(work.ctx, unit_id))
        yield
    yield


JOB = Job("pledge-publicity", run)
