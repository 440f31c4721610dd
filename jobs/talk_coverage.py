"""``talk-coverage``: once a quarter each secretary learns who is still to be talked with."""

from collections.abc import Iterator

from sqlalchemy import select

from handlers.talks.coverage import span_of, told
from jobs.spec import Clockwork, Job
from models.coverage import covered_below
from models.person import Grant, Person, PersonState, Role
from models.unit import Unit

BRANCHES_AT_ONCE = 200


def run(work: Clockwork) -> Iterator[None]:
    """One private message for each secretary of a branch; counts and a link, no names."""
    ctx = work.ctx
    roots = ctx.session.scalars(select(Unit.path).where(Unit.parent_id.is_(None))).all()
    branches = [row for path in roots for row in covered_below(ctx.session, path, *span_of(ctx))]
    period = ctx.local(work.due).date().isoformat()
    yield
    for start in range(0, len(branches), BRANCHES_AT_ONCE):
        ctx = work.ctx
        some = {row.code: row for row in branches[start : start + BRANCHES_AT_ONCE]}
        secretaries = ctx.session.execute(
            select(Unit.code, Person.userid)
            .join(Grant, Grant.unit_id == Unit.id)
            .join(Person, Person.id == Grant.person_id)
            .where(
                Unit.code.in_(some),
                Grant.role == Role.SECRETARY,
                Person.state == PersonState.ACTIVE,
            )
            .order_by(Person.id)
        )
        for code, userid in secretaries:
            key = f"{JOB.name}:{period}:{code}:{userid}"
            ctx.push_person(userid, told(ctx, some[code], userid), key, work.due)
        yield


JOB = Job("talk-coverage", run)
