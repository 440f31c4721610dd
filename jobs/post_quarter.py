"""``post-quarter``: the quarter's self-assessment of posts and areas begins (DOMAIN.md 10).

Each owner finds it under 待办; the secretaries are told how many there are in their branch.
"""

from collections.abc import Iterator

from sqlalchemy import func, select

from handlers.content import Text
from handlers.post import period_text
from handlers.post_book import last_quarter, unassessed
from handlers.reply import fill
from jobs.spec import Clockwork, Job
from models.person import Role, holders
from models.post import Post, quarter_key
from models.unit import Unit


def run(work: Clockwork) -> Iterator[None]:
    """One message to each secretary of a branch with posts."""
    ctx = work.ctx
    quarter = last_quarter(ctx)
    rows = ctx.session.execute(
        select(Unit, func.count())
        .join(Post, Post.unit_id == Unit.id)
        .where(unassessed(ctx, quarter))
        .group_by(Unit.id)
        .order_by(Unit.path)
    ).all()
    for unit, count in rows:
        text = fill("post.quarter", branch=unit.name, quarter=period_text(quarter), count=count)
        for secretary in holders(ctx.session, Role.SECRETARY, unit):
            key = f"{JOB.name}:{quarter_key(quarter)}:{unit.code}:{secretary.userid}"
            ctx.push_person(secretary.userid, Text(text), key, work.due)
    yield


JOB = Job("post-quarter", run)
