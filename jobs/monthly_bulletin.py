"""管控进展情况通报 by the clock: shown to the party office first, then told to every group.

``bulletin-preview``  an hour before, to the party office at the top
``monthly-bulletin``  on the first working day: the last month's figures, once per group and month
"""

from collections.abc import Iterator

from handlers.content import Document, Text
from handlers.projects.bulletin import bulletin_text, month_before, title_of
from handlers.projects.common import tell
from handlers.projects.publicity import offices
from jobs.publicity import bound_groups
from jobs.spec import Clockwork, Job


def preview(work: Clockwork) -> Iterator[None]:
    """Let the party office see what will go out."""
    ctx = work.ctx
    month = month_before(ctx, ctx.local(work.due).date())
    tell(ctx, offices(ctx), Text(bulletin_text(ctx, month)), f"bulletin-preview:{month.key}")
    yield


def publish(work: Clockwork) -> Iterator[None]:
    """Tell every bound group, some at a time."""
    month = month_before(work.ctx, work.ctx.local(work.due).date())
    text = Text(bulletin_text(work.ctx, month))
    file = Document("bulletin", title_of(month), params={"month": month.key})
    last = 0
    while groups := bound_groups(work.ctx.session, last):
        for group, _ in groups:
            key = f"{JOB.name}:{month.key}:{group.chatid}"
            work.ctx.push_group(group.chatid, text, f"{key}:text", work.due)
            work.ctx.push_group(group.chatid, file, f"{key}:paper", work.due)
        last = groups[-1][0].id
        yield


PREVIEW = Job("bulletin-preview", preview)
JOB = Job("monthly-bulletin", publish)
