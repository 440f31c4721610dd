"""``urgent-duties``: what cannot wait for the digest, and clocks in hours (DOMAIN.md 9)."""

from collections.abc import Iterator, Sequence

from config.texts import t
from handlers.catalogue import catalogue
from handlers.clocks import is_paused
from handlers.content import Card, Text
from handlers.context import Context
from handlers.duties import duty_card, line_of
from handlers.ladder import is_news
from handlers.owed import Standing, lateness, observe
from handlers.owners import Owners
from handlers.reply import lines
from jobs.escalation import addressees, climb, words
from jobs.spec import Clockwork, Job
from models.duty import Owed
from models.pause import away_on


def run(work: Clockwork) -> Iterator[None]:
    """Look only at sources that say they have such duties; tell and raise in one transaction."""
    for source in catalogue().duties:
        if not source.hourly:
            continue
        ctx = work.ctx
        standings = observe(ctx, source)
        quick = [s for s in standings if s.duty.urgent or s.duty.due_at is not None]
        remind(work, quick)
        clocked = [(source, s) for s in quick if s.duty.due_at is not None]
        owners = Owners(ctx.session)
        for raised in climb(ctx, clocked, owners, ctx.today):
            for person in addressees(owners, raised.standing, raised.rung):
                key = f"{JOB.name}:{raised.standing.duty.key}:{raised.rung.value}:{person.userid}"
                ctx.push_person(person.userid, Text(words(ctx, [raised])), key, work.due)
        yield


def remind(work: Clockwork, standings: Sequence[Standing]) -> None:
    """Tell owners of what is new, near or overdue; each stage once."""
    ctx = work.ctx
    away = away_on(ctx.session, ctx.today)
    for standing in standings:
        stage, _ = lateness(ctx, standing)
        if not is_news(stage, standing.row.stage) or is_paused(ctx, standing.duty.unit_path):
            continue
        here = [owner for owner in standing.owners if owner.id not in away]
        for owner in here:
            for name, content in _contents(ctx, standing, owner.userid):
                key = f"{JOB.name}:{standing.duty.key}:{stage.value}:{owner.userid}:{name}"
                ctx.push_person(owner.userid, content, key, work.due)
        if here:
            row: Owed = standing.row
            row.stage, row.reminded_on = stage, ctx.today
            row.told_on = row.told_on or ctx.today


def _contents(ctx: Context, standing: Standing, userid: str) -> list[tuple[str, Text | Card]]:
    text = lines(t("duty.urgent"), line_of(ctx, standing.duty))
    card = duty_card(ctx, [standing.duty], userid)
    return [("text", Text(text)), *([("card", card)] if card is not None else [])]


JOB = Job("urgent-duties", run)
