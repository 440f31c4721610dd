"""``monthly-draw``: on the first working day every party office's branches are drawn (互查)."""

from collections.abc import Iterator

from sqlalchemy import select

from config.texts import t
from handlers.content import Text
from handlers.inspections.rounds import Field, fields, hold, period_words, tell, ways_out
from handlers.owners import Owners
from handlers.reply import lines
from jobs.spec import Clockwork, Job
from models.check import Round
from models.draw import NoDraw
from models.person import Role


def run(work: Clockwork) -> Iterator[None]:
    """One round per office and month; an office without a solution is told what to relax."""
    period = f"{work.ctx.local(work.due):%Y-%m}"
    for field in fields(work.ctx):
        draw_for(work, field, period)
        yield


def draw_for(work: Clockwork, field: Field, period: str) -> None:
    """Draw for one office, unless it has drawn for the month itself."""
    ctx = work.ctx
    drawn = select(Round.id).where(Round.unit_id == field.office.id, Round.period == period)
    if ctx.session.scalar(drawn) is not None:
        return
    try:
        round_, checks = hold(ctx, field, period)
    except NoDraw as error:
        head = t("round.job_failed", period=period_words(period))
        text = lines(head, ways_out(ctx, field, error))
        for office in Owners(ctx.session).nearest(Role.PARTY_OFFICE, field.office.path):
            key = f"{JOB.name}:{period}:{field.office.id}:{office.userid}"
            ctx.push_person(office.userid, Text(text), key, work.due)
    else:
        tell(ctx, round_, checks)


JOB = Job("monthly-draw", run)
