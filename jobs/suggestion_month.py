"""``suggestion-month``: last month's figures and hot words for the groups (DOMAIN.md 10)."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from sqlalchemy import select

from config.texts import t
from handlers.content import Picture, Text
from handlers.context import Context
from handlers.figures import percent_text
from handlers.reply import fill
from handlers.suggestions.figures import below, month_days, month_title, words_of
from jobs.spec import Clockwork, Job
from models.group import Group
from models.suggestion_figures import figures
from models.unit import Unit, UnitKind, UnitState, upwards

GROUPS_AT_ONCE = 200


def run(work: Clockwork) -> Iterator[None]:
    """Each bound group gets the figures of the company it belongs to."""
    day = work.ctx.local(work.due).date().replace(day=1) - timedelta(days=1)
    month = f"{day:%Y-%m}"
    last = 0
    while groups := _groups(work.ctx, last):
        tell(work.ctx, groups, month, work)
        last = groups[-1][0].id
        yield


def _groups(ctx: Context, after: int) -> Sequence[tuple[Group, Unit]]:
    rows = ctx.session.execute(
        select(Group, Unit)
        .join(Unit, Unit.id == Group.unit_id)
        .where(Group.id > after, Unit.state == UnitState.ACTIVE)
        .order_by(Group.id)
        .limit(GROUPS_AT_ONCE)
    )
    return [(group, unit) for group, unit in rows]


def tell(ctx: Context, groups: Sequence[tuple[Group, Unit]], month: str, work: Clockwork) -> None:
    """Queue a text, and a picture where there are hot words; each at most once a month."""
    texts: dict[str, tuple[str, bool]] = {}
    for group, unit in groups:
        company = company_of(ctx, unit)
        if company.path not in texts:
            texts[company.path] = _text(ctx, company, month)
        text, has_words = texts[company.path]
        if not text:
            continue
        key = f"{JOB.name}:{month}:{group.chatid}"
        ctx.push_group(group.chatid, Text(text), f"{key}:text", work.due)
        if has_words:
            params = {"month": month, "path": company.path, "unit": company.name}
            picture = Picture("hot_words", params)
            ctx.push_group(group.chatid, picture, f"{key}:picture", work.due)


def company_of(ctx: Context, unit: Unit) -> Unit:
    """The nearest company at or above a unit; the unit at the top if there is none."""
    paths = list(upwards(unit.path))
    found = {one.path: one for one in ctx.session.scalars(select(Unit).where(Unit.path.in_(paths)))}
    for path in paths:
        if path in found and found[path].kind is UnitKind.COMPANY:
            return found[path]
    return found.get(paths[-1], unit)


def _text(ctx: Context, company: Unit, month: str) -> tuple[str, bool]:
    """The figures in words; empty if nothing was said that month."""
    first, last = month_days(month)
    where = below(company.path)
    one = figures(ctx.session, first, last, ctx.now, where)
    words = words_of(ctx, first, last, where)
    if not one.collected:
        return "", False
    text = fill(
        "suggestion.monthly",
        month=month_title(month),
        unit=company.name,
        collected=one.collected,
        rectified=one.rectified,
        rate=percent_text(one.rectified_rate),
        response=percent_text(one.response_rate),
        pleased=percent_text(one.pleased_rate),
        declined=one.declined,
        words="、".join(word for word, _ in words[:8]) or t("suggestion.no_words"),
        url=f"{ctx.base}/board/digest",
    )
    return text, bool(words)


JOB = Job("suggestion-month", run)
