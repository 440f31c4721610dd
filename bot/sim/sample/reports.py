"""Half a year of reports: about weekly, near the plan, with the gaps and set-backs of real life."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, auto
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

from bot.sim.sample.company import Company
from bot.sim.sample.projects import HALF_A_YEAR, Plan
from bot.sim.sample.vocabulary import vocabulary
from config.texts import t
from handlers.progress import on_behalf_of
from models.calendar import WorkCalendar
from models.progress import ReportKind
from models.project import planned_percent
from models.unit import BranchType

EARLY, LATE = 30, 84
"""Percent up to which, and from which, a project is talked about as beginning or ending."""
BEHIND = 8
"""Points behind plan from which a branch speaks of its troubles."""
SKIPPED: Final = 0.1
FULL: Final = 100


class Fate(Enum):
    """What becomes of a branch's reports towards the end."""

    STEADY = auto()
    NEVER = auto()  # nothing was ever reported
    SILENT = auto()  # for more than fourteen days
    STALLED = auto()  # for more than thirty
    DOWN = auto()  # the percent went down, with a reason


FATES: Final = ((Fate.NEVER, 2), (Fate.SILENT, 9), (Fate.STALLED, 8), (Fate.DOWN, 12))
# Points before or behind plan at the end, and how many branches in a hundred get there.
DRIFTS: Final = ((2, 10), (-7, 2), (-21, -10), (-30, -22), (-41, -30))
SHARES: Final = (36, 38, 19, 3, 4)
OUTSIDE: Final = frozenset({"marketing", "metering", "charging"})
"""Fields of business branches that work outside, as all service branches do."""


@dataclass(frozen=True, slots=True)
class Report:
    """A report of the sample, with the userid of whoever made it. ``at`` is aware, in UTC."""

    branch: str
    userid: str
    kind: ReportKind
    percent: Decimal
    before: Decimal | None
    said: str
    reason: str
    on_behalf: str
    at: datetime


def build_reports(
    company: Company,
    plans: Sequence[Plan],
    *,
    now: datetime,
    zone: ZoneInfo,
    seed: int,
    calendar: WorkCalendar,
) -> list[Report]:
    """All reports in the order in which they were made."""
    chance = Random(f"reports {seed}")  # noqa: S311  (the same reports every time)
    fates = [fate for fate, count in FATES for _ in range(count)]
    fates += [Fate.STEADY] * (len(plans) - len(fates))
    chance.shuffle(fates)
    found: list[Report] = []
    for plan, fate in zip(plans, fates, strict=True):
        crew = company.people[plan.branch.code]
        people = [crew[0].userid, *(p.userid for p in chance.sample(crew[1:], 2))]
        moments = sorted(_moments(now, zone, calendar, chance))
        found.extend(
            _Story(plan, fate, people, chance, zone).tell(_left(moments, fate, now, chance))
        )
    found.sort(key=lambda report: (report.at, report.branch))
    return found


def _left(moments: list[datetime], fate: Fate, now: datetime, chance: Random) -> list[datetime]:
    """Those of the moments at which this branch still reported."""
    days = {
        Fate.NEVER: 2 * HALF_A_YEAR,
        Fate.SILENT: chance.randint(15, 20),
        Fate.STALLED: chance.randint(32, 80),
    }.get(fate, 0)
    return [moment for moment in moments if moment <= now - timedelta(days=days)]


def _moments(
    now: datetime, zone: ZoneInfo, calendar: WorkCalendar, chance: Random
) -> Iterator[datetime]:
    """About one moment a week in working hours; some weeks are left out, the last one never."""
    today = now.astimezone(zone).date()
    usual = chance.choices(range(5), (10, 15, 20, 30, 25))[0]
    monday = today - timedelta(days=today.weekday() + HALF_A_YEAR - HALF_A_YEAR % 7)
    while monday <= today:
        day = monday + timedelta(days=min(max(usual + chance.randint(-1, 1), 0), 4))
        recent = today - day < timedelta(days=12)
        monday += timedelta(days=7)
        if chance.random() < SKIPPED and not recent:
            continue
        moment = _hour(_worked(day, calendar), zone, chance)
        if moment < now:
            yield moment


def _worked(day: date, calendar: WorkCalendar) -> date:
    """The day itself, or the last working day before it."""
    while not calendar.is_working(day):
        day -= timedelta(days=1)
    return day


def _hour(day: date, zone: ZoneInfo, chance: Random) -> datetime:
    start, end = chance.choice((((8, 35), (11, 55)), ((14, 5), (17, 50))))
    first, last = (60 * hour + minute for hour, minute in (start, end))
    minute = chance.randint(first, last)
    clock = time(minute // 60, minute % 60, chance.randrange(60))
    return datetime.combine(day, clock, zone).astimezone(UTC)


class _Story:
    """The reports of one project, one after the other."""

    def __init__(
        self, plan: Plan, fate: Fate, people: Sequence[str], chance: Random, zone: ZoneInfo
    ) -> None:
        self._plan = plan
        self._fate = fate
        self._people = people
        self._chance = chance
        self._zone = zone
        self._deck: dict[str, list[str]] = {}
        self._drift = chance.uniform(*chance.choices(DRIFTS, SHARES)[0])
        self._start = chance.gauss(0, 4)
        branch = plan.branch
        outside = branch.branch_type is BranchType.SERVICE or branch.field in OUTSIDE
        self._style = "field" if outside else "desk"

    def tell(self, moments: Sequence[datetime]) -> Iterator[Report]:
        """One report for each moment."""
        before: Decimal | None = None
        falls = max(len(moments) - self._chance.randint(2, 7), 1)
        for at, moment in enumerate(moments):
            share = at / max(len(moments) - 1, 1)
            if self._fate is Fate.DOWN and at == falls and before is not None:
                report = self._fall(moment, before)
            else:
                report = self._step(moment, before, share)
            yield report
            before = report.percent

    def _percent(self, moment: datetime, before: Decimal | None, share: float) -> Decimal:
        """Near the plan, drifting away from it; never down, seldom done before the end."""
        plan = self._plan
        day = moment.astimezone(self._zone).date()
        planned = float(planned_percent(plan.starts_on, plan.ends_on, day))
        drift = self._start + (self._drift - self._start) * share
        value = planned + drift + self._chance.gauss(0, 1.1)
        rounded = round(value / 5) * 5 if self._chance.random() < 0.3 else round(value)  # noqa: PLR2004
        most = FULL if planned > 97 else 98  # noqa: PLR2004  (nobody is done much too early)
        return max(Decimal(min(max(rounded, 1), most)), before or Decimal(0))

    def _step(self, moment: datetime, before: Decimal | None, share: float) -> Report:
        percent = self._percent(moment, before, share)
        userid = self._chance.choices(self._people, (5, 3, 2))[0]
        if percent == before and self._chance.random() < 0.5:  # noqa: PLR2004  (the one-tap report)
            said, kind = t("progress.no_change"), ReportKind.NO_CHANGE
        else:
            said, kind = self._said(percent, before, moment), ReportKind.REPORT
        return self._report(userid, kind, percent, before, said, "", moment)

    def _fall(self, moment: datetime, before: Decimal) -> Report:
        """The percent goes down; the drift stays down with it."""
        fall = min(self._chance.randint(3, 11), int(before) - 1)
        self._drift -= fall
        self._start -= fall
        words = vocabulary("words")
        reason = self._filled(self._chance.choice(words["down"]["reasons"]), before)
        said = self._chance.choice(words["down_said"]["clauses"])
        return self._report(
            self._people[0], ReportKind.REPORT, before - fall, before, said, reason, moment
        )

    def _report(
        self,
        userid: str,
        kind: ReportKind,
        percent: Decimal,
        before: Decimal | None,
        said: str,
        reason: str,
        at: datetime,
    ) -> Report:
        branch = self._plan.branch.code
        behalf = on_behalf_of(said)
        return Report(branch, userid, kind, percent, before, said, reason, behalf, at)

    # Words

    def _said(self, percent: Decimal, before: Decimal | None, moment: datetime) -> str:
        """What was done, and now and then what goes with it."""
        chance = self._chance
        theme = self._plan.theme
        phase = "early" if percent < EARLY else "mid" if percent < LATE else "late"
        if before is None and percent >= EARLY:
            phase = "mid"
        pool = {"early": theme.early, "mid": theme.mid, "late": (*theme.late, *theme.mid[-4:])}
        parts = [self._draw(phase, pool[phase])]
        words = vocabulary("words")
        month = str(moment.astimezone(self._zone).month)
        clauses = words["clauses"][self._style]
        extras = (
            ("party", clauses["party"], 0.3),
            (month, words["season"][self._style][month], 0.12),
            ("trouble", clauses["trouble"], 0.25 if self._drift < -BEHIND else 0.06),
            ("next", clauses["next"], 0.22),
        )
        for key, sentences, share in extras:
            if len(parts) < 3 and chance.random() < share:  # noqa: PLR2004  (nobody writes more)
                parts.append(self._draw(key, sentences))
        text = chance.choice(words["marks"]["between"]).join(parts)
        if chance.random() < 0.015:  # noqa: PLR2004  (some report for a colleague)
            text += words["behalf"]["tail"]
        elif chance.random() < 0.5:  # noqa: PLR2004  (half of them end a sentence)
            text += words["marks"]["end"]
        return self._filled(text, percent)

    def _draw(self, key: str, sentences: Sequence[str]) -> str:
        """A sentence that this project has not used for the longest time."""
        deck = self._deck.get(key)
        if not deck:
            # One without a figure in it would be word for word what was said before.
            again = [one for one in sentences if deck is None or _PLACE.search(one)]
            deck = self._deck[key] = self._chance.sample(
                again or sentences, len(again or sentences)
            )
        return deck.pop()

    def _filled(self, text: str, percent: Decimal) -> str:
        return _PLACE.sub(lambda found: self._place(found[1], percent), text)

    def _place(self, name: str, percent: Decimal) -> str:
        """What stands in a place of a sentence; figures of what is done follow the percent."""
        chance, places = self._chance, vocabulary("words")["places"]
        town = chance.choice(self._plan.towns)
        make: Mapping[str, Any] = {
            "done": lambda: round(self._plan.total * int(percent) / FULL),
            "total": lambda: self._plan.total,
            "n": lambda: chance.randint(2, 9),
            "m": lambda: chance.randint(11, 48),
            "k": lambda: chance.randint(6, 48) * 10,
            "p": lambda: f"{chance.uniform(91, 99.6):.1f}",
            "town": lambda: town,
            "suffix": lambda: chance.choice(places["suffixes"]),
            "village": lambda: town + chance.choice(places["villages"]),
            "line": lambda: places["line"].format(town=town),
            "hv": lambda: chance.choice(places["hv"]).format(town=town),
            "sub": lambda: chance.choice(places["sub"]).format(town=town),
            "firm": lambda: chance.choice(places["firms"]),
            "master": lambda: chance.choice(places["masters"]),
        }
        return str(make[name]())


_PLACE: Final = re.compile(r"\{(\w+)\}")
