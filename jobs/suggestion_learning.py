"""``suggestion-learning``: learn categories from what handlers confirmed; let old codes end."""

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import select, update

from handlers.suggestions.desk import classifier, settings
from jobs.spec import Clockwork, Job
from models.classify import count_words, keep_learnt
from models.suggestion import Suggestion

NEWEST = 20_000
"""Suggestions that are learnt from: the newest so many."""


def run(work: Clockwork) -> Iterator[None]:
    """Count words anew, then close what can be opened no longer."""
    ctx = work.ctx
    confirmed = ctx.session.execute(
        select(Suggestion.category, Suggestion.said)
        .where(Suggestion.category_confirmed.is_(True))
        .order_by(Suggestion.day.desc(), Suggestion.number)
        .limit(NEWEST)
    ).all()
    known = [
        (row.category, row.said) for row in confirmed if row.category in settings(ctx).categories
    ]
    learnt = count_words(classifier(ctx), known, settings(ctx).word_senders)
    keep_learnt(ctx.session, learnt)
    yield
    ended = work.ctx.today - timedelta(days=settings(work.ctx).keep_code_days)
    work.ctx.session.execute(
        update(Suggestion)
        .where(Suggestion.code_hash.is_not(None), Suggestion.closed_on < ended)
        .values(code_hash=None)
        .execution_options(synchronize_session=False)
    )
    yield


JOB = Job("suggestion-learning", run)
