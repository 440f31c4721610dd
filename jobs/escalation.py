"""``escalation``: what is overdue goes up, one rung at a time, each rung once (DOMAIN.md 9)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from config.texts import label, t
from handlers.catalogue import catalogue
from handlers.clocks import is_paused
from handlers.content import Text
from handlers.context import Context
from handlers.duties import due_words
from handlers.duty import DutySource
from handlers.ladder import step_up
from handlers.owed import Standing, lateness, observe
from handlers.owners import Owner, Owners
from handlers.reply import Markdown, fill, lines
from jobs.spec import Clockwork, Job
from models.duty import Escalation, Owed, Rung
from models.pause import away_on
from models.person import Role
from models.unit import Unit

NAMED = 10
ADDRESSEES = {
    Rung.SECRETARY: (Role.SECRETARY,),
    Rung.PARTY_OFFICE: (Role.PARTY_OFFICE,),
    Rung.SUPERVISED: (Role.PARTY_OFFICE, Role.COMMITTEE_SECRETARY),
}


@dataclass(frozen=True, slots=True)
class Raised:
    """A duty that went up a rung, and who is told of it."""

    standing: Standing
    rung: Rung
    told: Sequence[Owner]


def run(work: Clockwork) -> Iterator[None]:
    """Keep book, then raise and tell in one transaction: killed before it, nothing happened."""
    found: list[tuple[DutySource, Standing]] = []
    for source in catalogue().duties:
        standings = observe(work.ctx, source)
        found += [(source, s) for s in standings if s.duty.due_at is None]
        yield
    by_person: dict[str, list[Raised]] = {}
    for raised in climb(work.ctx, found):
        for person in raised.told:
            by_person.setdefault(person.userid, []).append(raised)
    day = work.ctx.local(work.due).date()
    for userid, news in sorted(by_person.items()):
        key = f"{JOB.name}:{day}:{userid}"
        work.ctx.push_person(userid, Text(words(work.ctx, news)), key, work.due)
    yield


def climb(ctx: Context, found: Sequence[tuple[DutySource, Standing]]) -> list[Raised]:
    """Raise what has stood too long. Whoever was never told, is away or paused is not overtaken."""
    away = away_on(ctx.session, ctx.today)
    owners = Owners(ctx.session)
    raised = []
    for source, standing in found:
        if not _may_rise(ctx, standing, away):
            continue
        rung = step_up(standing.row.rung, lateness(ctx, standing)[1])
        if rung is None:
            continue
        told = _addressees(owners, standing, rung)
        _take(ctx, standing, rung, len(told))
        source.raised(ctx, standing.duty, rung)
        raised.append(Raised(standing, rung, told))
    return raised


def _may_rise(ctx: Context, standing: Standing, away: frozenset[int]) -> bool:
    duty, row = standing.duty, standing.row
    if not duty.escalates or is_paused(ctx, duty.unit_path):
        return False
    if duty.due_at is None:  # a clock in hours has its own pace
        if row.told_on is None or row.told_on >= ctx.today:
            return False
        if row.raised_at is not None and ctx.local(row.raised_at).date() >= ctx.today:
            return False
    return not standing.owners or any(owner.id not in away for owner in standing.owners)


def _addressees(owners: Owners, standing: Standing, rung: Rung) -> list[Owner]:
    """Who is told at a rung: those who do not owe it themselves, each once."""
    path = standing.duty.unit_path
    told = [person for role in ADDRESSEES[rung] for person in owners.nearest(role, path)]
    owing = {owner.id for owner in standing.owners}
    return list({person.id: person for person in told if person.id not in owing}.values())


def _take(ctx: Context, standing: Standing, rung: Rung, told: int) -> None:
    """Write the step down; a rung that is taken already breaks the transaction (unique)."""
    row = ctx.session.get_one(Owed, standing.row.id)
    row.rung, row.raised_at = rung, ctx.now
    ctx.session.add(Escalation(owed_id=row.id, rung=rung, on=ctx.today, at=ctx.now, told=told))


def words(ctx: Context, news: Sequence[Raised]) -> Markdown:
    """The message to one person: what has come up to them, from where, how late."""
    rows = [_line(ctx, one) for one in news[:NAMED]]
    rest = len(news) - NAMED
    more = t("duty.raised_more", count=rest) if rest > 0 else ""
    return lines(t("duty.raised", count=len(news)), *rows, more, t("duty.raised_foot"))


def _line(ctx: Context, one: Raised) -> Markdown:
    duty = one.standing.duty
    unit = ctx.session.get_one(Unit, one.standing.row.unit_id)
    return fill(
        "duty.raised_private" if duty.private else "duty.raised_line",
        rung=label(one.rung),
        unit=unit.name,
        title=duty.title,
        detail=duty.detail,
        due=due_words(ctx, duty),
    )


JOB = Job("escalation", run)
