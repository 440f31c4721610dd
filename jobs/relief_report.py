"""``relief-report``: once a month every group reads how often branches were asked (减负)."""

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import select

from handlers.content import Text
from handlers.relief import bulletin, own_line
from handlers.reply import lines
from jobs.spec import Clockwork, Job
from models.duty import asked_between
from models.group import Group
from models.unit import Unit, UnitState

GROUPS_AT_ONCE = 200


def run(work: Clockwork) -> Iterator[None]:
    """The month before the one of the run; a line for all and one for the group's own branch."""
    last = work.ctx.local(work.due).date().replace(day=1) - timedelta(days=1)
    first = last.replace(day=1)
    public = bulletin(work.ctx, first, last)
    asked = asked_between(work.ctx.session, first, last)
    yield
    after = 0
    while True:
        groups = work.ctx.session.execute(
            select(Group.id, Group.chatid, Unit.branch_id)
            .join(Unit, Unit.id == Group.unit_id)
            .where(Group.id > after, Unit.state == UnitState.ACTIVE)
            .order_by(Group.id)
            .limit(GROUPS_AT_ONCE)
        ).all()
        if not groups:
            return
        for _, chatid, branch in groups:
            own = own_line(asked.of(branch), first, last) if branch is not None else ""
            key = f"{JOB.name}:{first:%Y-%m}:{chatid}"
            work.ctx.push_group(chatid, Text(lines(public, own)), key, work.due)
        after = groups[-1][0]
        yield


JOB = Job("relief-report", run)
