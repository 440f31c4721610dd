"""``survey``: opens on the quarter's first working day, is counted when its time is up."""

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import select

from config.texts import t
from handlers.content import Text
from handlers.context import Context
from handlers.reply import fill
from handlers.talks.survey import count, open_survey
from jobs.spec import Clockwork, Job
from models.forms.periods import CalendarPeriod, PeriodKind
from models.group import Group
from models.survey import Survey, SurveyState
from models.unit import Unit, UnitState

GROUPS_AT_ONCE = 200
TOLD = timedelta(days=3)
"""So long the groups are told again what they may have missed; a push happens once anyway."""


def run(work: Clockwork) -> Iterator[None]:
    """Count what is over, open what begins, tell the groups of both."""
    if not work.ctx.rules.survey.enabled:
        return
    today = work.ctx.today
    over = select(Survey.id).where(Survey.state == SurveyState.OPEN, Survey.closes_on < today)
    for survey_id in work.ctx.session.scalars(over).all():
        count(work.ctx, work.ctx.session.get_one(Survey, survey_id))
        yield
    _open(work.ctx)
    yield
    fresh = select(Survey.id).where(
        (Survey.opens_on > today - TOLD) | (Survey.closes_on > today - TOLD)
    )
    for survey_id in work.ctx.session.scalars(fresh).all():
        yield from _tell(work, survey_id)


def _open(ctx: Context) -> None:
    """The first working day of a quarter; what is there already is left alone."""
    period = CalendarPeriod.holding(PeriodKind.QUARTER, ctx.today)
    first = period.days()[0]
    if ctx.today != ctx.calendar.nth_working(first.year, first.month, 1):
        return
    there = select(Survey.unit_id).where(Survey.year == period.year, Survey.quarter == period.index)
    roots = select(Unit).where(
        Unit.parent_id.is_(None), Unit.state == UnitState.ACTIVE, Unit.id.not_in(there)
    )
    for unit in ctx.session.scalars(roots).all():
        open_survey(ctx, unit)


def _tell(work: Clockwork, survey_id: int) -> Iterator[None]:
    """One line for every bound group."""
    survey = work.ctx.session.get_one(Survey, survey_id)
    key = "survey.opened_told" if survey.state is SurveyState.OPEN else "survey.counted_told"
    quarter = t("survey.quarter", year=survey.year, number=survey.quarter)
    said = Text(fill(key, quarter=quarter, closes=survey.closes_on.isoformat()))
    chats = work.ctx.session.scalars(
        select(Group.chatid).where(Group.unit_id.is_not(None)).order_by(Group.id)
    ).all()
    for start in range(0, len(chats), GROUPS_AT_ONCE):
        for chat in chats[start : start + GROUPS_AT_ONCE]:
            work.ctx.push_group(chat, said, f"{key}:{survey_id}:{chat}", work.due)
        yield


JOB = Job("survey", run)
