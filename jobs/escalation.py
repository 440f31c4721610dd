"""``escalation``: what is overdue goes up, one rung at a time, each rung once (DOMAIN.md 9)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from config.texts import label, t
from handlers.catalogue import catalogue
from handlers.clocks import is_paused
from handlers.content import Text
from handlers.context import Context
from handlers.duties import due_words
from handlers.duty import DutySource
from handlers.ladder import step_up
from handlers.owed import Standing, lateness
from handlers.owners import Owner, Owners
from handlers.reply import Markdown, fill, lines
from jobs.book import AT_ONCE, keep_book
from jobs.spec import Clockwork, Job
from models.duty import Escalation, Owed, Rung, steps_of
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
    """A duty that went up a rung."""

    standing: Standing
    rung: Rung


def run(work: Clockwork) -> Iterator[None]:
    """Keep book, raise, then tell. What was raised is found again by a run that goes on."""
    day = work.ctx.local(work.due).date()
    standings: list[tuple[DutySource, Standing]] = []
    yield from keep_book(work, catalogue().duties, standings)
    before = steps_of(work.ctx.session, day)
    found = [(source, one) for source, one in standings if one.duty.due_at is None]
    owners = Owners(work.ctx.session).knowing(*(r for roles in ADDRESSEES.values() for r in roles))
    for start in range(0, len(found), AT_ONCE):
        some = found[start : start + AT_ONCE]
        climb(work.ctx, [pair for pair in some if pair[1].row.id not in before], owners, day)
        yield
    by_person = _news(work.ctx, found, owners, day)
    userids = sorted(by_person)
    for start in range(0, len(userids), AT_ONCE):
        for userid in userids[start : start + AT_ONCE]:
            key = f"{JOB.name}:{day}:{userid}"
            text = words(work.ctx, by_person[userid])
            work.ctx.push_person(userid, Text(text), key, work.due)
        yield


def _news(
    ctx: Context, found: Sequence[tuple[DutySource, Standing]], owners: Owners, day: date
) -> Mapping[str, list[Raised]]:
    """What this sweep has raised, by the userid of whoever is told."""
    taken = steps_of(ctx.session, day)
    by_person: dict[str, list[Raised]] = {}
    for _, standing in found:
        rung = taken.get(standing.row.id)
        if rung is not None:
            for person in addressees(owners, standing, rung):
                by_person.setdefault(person.userid, []).append(Raised(standing, rung))
    return by_person


def climb(
    ctx: Context, found: Sequence[tuple[DutySource, Standing]], owners: Owners, day: date
) -> list[Raised]:
    """Raise what has stood too long, in the sweep of a day.

    Whoever was never told, is away or paused is not overtaken.
    """
    away = ctx.once("away", lambda: away_on(ctx.session, ctx.today))
    raised = []
    for source, standing in found:
        if not _may_rise(ctx, standing, away):
            continue
        rung = step_up(standing.row.rung, lateness(ctx, standing)[1])
        if rung is not None:
            _take(ctx, standing, rung, day, len(addressees(owners, standing, rung)))
            source.raised(ctx, standing.duty, rung)
            raised.append(Raised(standing, rung))
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


def addressees(owners: Owners, standing: Standing, rung: Rung) -> list[Owner]:
    """Who is told at a rung: those who do not owe it themselves, each once."""
    path = standing.duty.unit_path
    told = [person for role in ADDRESSEES[rung] for person in owners.nearest(role, path)]
    owing = {owner.id for owner in standing.owners}
    return list({person.id: person for person in told if person.id not in owing}.values())


def _take(ctx: Context, standing: Standing, rung: Rung, day: date, told: int) -> None:
    """Write the step down; a rung that is taken already breaks the transaction (unique)."""
    row = ctx.session.get_one(Owed, standing.row.id)
    row.rung, row.raised_at = rung, ctx.now
    ctx.session.add(Escalation(owed_id=row.id, rung=rung, on=day, at=ctx.now, told=told))


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
