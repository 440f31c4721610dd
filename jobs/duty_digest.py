"""``duty-digest``: one message a day to each person who owes something (DOMAIN.md 9)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import update

from config.texts import t
from handlers.catalogue import catalogue
from handlers.clocks import is_paused
from handlers.content import Card, Text
from handlers.context import Context
from handlers.duties import by_urgency, duty_card, line_of
from handlers.duty import Duty, DutySource
from handlers.ladder import is_news
from handlers.owed import Standing, lateness
from handlers.owners import Owners
from handlers.reply import fill, lines
from jobs.book import AT_ONCE, keep_book
from jobs.spec import Clockwork, Job
from models.duty import Owed, Stage, asked_between, monday_of, passes_of
from models.pause import away_on
from models.person import Role
from models.unit import Unit

PEOPLE_AT_ONCE = 200
NAMED = 8
BRANCHES_NAMED = 5


@dataclass(slots=True)
class Errand:
    """What one person is to be told."""

    news: list[Standing] = field(default_factory=list)
    later: int = 0
    warnings: list[str] = field(default_factory=list)


def run(work: Clockwork) -> Iterator[None]:
    """Keep book of what is owed, sort it by person, then write to each of them privately.

    A digest made up too late to arrive on its own day is left out: the next one says the same, and
    nobody gets two on one day.
    """
    now, day = work.ctx.local(work.ctx.now), work.ctx.local(work.due).date()
    missed = now.date() != day or now.time() >= work.ctx.rules.quiet.start
    if missed and not work.by_hand:
        return
    standings: list[tuple[DutySource, Standing]] = []
    yield from keep_book(work, catalogue().duties, standings)
    sorting = Sorting(work.ctx, day)
    found = sorted((one for _, one in standings), key=lambda standing: standing.duty.key)
    for start in range(0, len(found), AT_ONCE):
        sorting.add(work.ctx, found[start : start + AT_ONCE])
        yield
    errands = sorting.errands(work.ctx)
    userids = sorted(errands)
    for start in range(0, len(userids), PEOPLE_AT_ONCE):
        for userid in userids[start : start + PEOPLE_AT_ONCE]:
            tell(work, userid, errands[userid], day)
        yield


class Sorting:
    """Who is reminded of what today; duties come in the order of their keys. Writes nothing.

    What was told today already counts as still to be told: a run that goes on after a crash says
    the same again, and what has been queued is not queued twice.
    """

    def __init__(self, ctx: Context, day: date) -> None:
        self._day = day
        self._away = away_on(ctx.session, day)
        self._load = Load(ctx, day)
        self._errands: dict[str, Errand] = {}

    def add(self, ctx: Context, standings: Sequence[Standing]) -> None:
        """Some more of what is owed."""
        for standing in standings:
            if is_paused(ctx, standing.duty.unit_path):
                continue
            here = [owner for owner in standing.owners if owner.id not in self._away]
            held = bool(here) and self._load.holds(standing)
            told = not held and _is_due_today(ctx, standing, self._day)
            for owner in here:
                errand = self._errands.setdefault(owner.userid, Errand())
                if told:
                    errand.news.append(standing)
                else:
                    errand.later += 1

    def errands(self, ctx: Context) -> Mapping[str, Errand]:
        """Errands by userid; nobody is written to without news."""
        for userid, words in self._load.warnings(ctx):
            self._errands.setdefault(userid, Errand()).warnings.append(words)
        return {
            who: errand for who, errand in self._errands.items() if errand.news or errand.warnings
        }


def _is_due_today(ctx: Context, standing: Standing, day: date) -> bool:
    stage, _ = lateness(ctx, standing)
    row = standing.row
    return stage is Stage.OVERDUE or row.reminded_on == day or is_news(stage, row.stage)


class Load:
    """The calls on branches in the week of a day: counted, warned of, held (减负, DOMAIN.md 9)."""

    def __init__(self, ctx: Context, day: date) -> None:
        monday = monday_of(day)
        self._limits = ctx.rules.duties
        self._counts = dict(asked_between(ctx.session, monday, day).counts)
        self._before = asked_between(ctx.session, monday, _before(day))
        self._passes = passes_of(ctx.session, monday)

    def holds(self, standing: Standing) -> bool:
        """Whether a duty waits for the next week; if not, it is counted. Urgent ones never wait."""
        row = standing.row
        if row.branch_id is None or row.told_on is not None:
            return False
        count = self._counts.get(row.branch_id, 0)
        limit = self._limits.hold_asks
        if count >= limit and row.branch_id not in self._passes and not standing.duty.urgent:
            return True
        self._counts[row.branch_id] = count + 1
        return False

    def warnings(self, ctx: Context) -> Iterator[tuple[str, str]]:
        """(userid, words) for the party offices whose branches reach the limit with this day."""
        limit = self._limits.warn_asks
        reached = [
            branch
            for branch, count in self._counts.items()
            if self._before.of(branch) < limit <= count
        ]
        owners = Owners(ctx.session)
        by_office: dict[str, list[str]] = {}
        for branch in sorted(reached):
            unit = ctx.session.get_one(Unit, branch)
            for office in owners.nearest(Role.PARTY_OFFICE, unit.path):
                by_office.setdefault(office.userid, []).append(unit.name)
        for userid, names in by_office.items():
            shown = t("duty.and").join(names[:BRANCHES_NAMED])
            yield userid, fill("duty.load", names=shown, count=len(names), limit=limit)


def _before(day: date) -> date:
    return date.fromordinal(day.toordinal() - 1)


def tell(work: Clockwork, userid: str, errand: Errand, day: date) -> None:
    """Queue the digest of one person: the list, then a card whose buttons do the work."""
    ctx = work.ctx
    duties: list[Duty] = by_urgency(ctx, [standing.duty for standing in errand.news])
    rows = [line_of(ctx, duty) for duty in duties[:NAMED]]
    rest = len(duties) - NAMED
    text = lines(
        t("duty.digest", count=len(duties)) if duties else "",
        *rows,
        t("duty.more", count=rest) if rest > 0 else "",
        t("duty.later", count=errand.later) if errand.later else "",
        *errand.warnings,
    )
    contents: list[tuple[str, Text | Card]] = [("text", Text(text))]
    card = duty_card(ctx, duties, userid)
    if card is not None:
        contents.append(("card", card))
    for name, content in contents:
        key = f"{JOB.name}:{day.isoformat()}:{userid}:{name}"
        ctx.push_person(userid, content, key, work.due)
    _note(ctx, errand.news, day)


def _note(ctx: Context, standings: Sequence[Standing], day: date) -> None:
    """Write down that the owner was told, so that nobody is told the same again."""
    by_stage: dict[Stage, list[int]] = {}
    for standing in standings:
        by_stage.setdefault(lateness(ctx, standing)[0], []).append(standing.row.id)
    for stage, ids in by_stage.items():
        known = update(Owed).where(Owed.id.in_(ids)).execution_options(synchronize_session=False)
        ctx.session.execute(known.values(stage=stage, reminded_on=day))
        ctx.session.execute(known.where(Owed.told_on.is_(None)).values(told_on=day))


JOB = Job("duty-digest", run)
