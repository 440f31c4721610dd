"""``pledge-check``: the monthly 督诺 begins (DOMAIN.md 3).

Each silent member hears of it alone; the secretary hears how many there are, and looks with
``/督诺``.
"""

from collections.abc import Iterator

from sqlalchemy import select

from handlers.places import branch_by_id
from handlers.pledges.check import nudge, silent_of, tell_reviewer
from jobs.spec import Clockwork, Job
from models.person import Role, holders
from models.pledge import Pledge, PledgeState
from models.unit import Unit


def run(work: Clockwork) -> Iterator[None]:
    """One branch after the other."""
    units = work.ctx.session.scalars(
        select(Pledge.unit_id).where(Pledge.state == PledgeState.PUBLIC).distinct()
    ).all()
    for unit_id in sorted(units):
        ctx = work.ctx
        nudge(ctx, silent_of(ctx, unit_id))
        branch = branch_by_id(ctx, unit_id)
        for secretary in holders(ctx.session, Role.SECRETARY, ctx.session.get_one(Unit, unit_id)):
            tell_reviewer(ctx, branch, secretary.userid)
        yield
    yield


JOB = Job("pledge-check", run)
