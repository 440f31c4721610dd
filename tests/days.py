"""Days passing without a desk: jobs run over a database as the scheduler runs them, fast."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo

from sqlalchemy import select

from bot.clock import FixedClock
from bot.contexts import Contexts
from bot.scheduler import Running, calming
from config.rules import Rules, default_rules
from handlers.catalogue import catalogue
from handlers.content import Card, Text, load
from handlers.context import Context
from handlers.duty import DutySource
from jobs import JOBS, duty_digest, escalation, urgent_duties
from jobs.when import next_due, parse_when
from models.calendar import read_calendar
from models.directory import Directory
from models.person import member_by_userid
from models.push import Content, Push, write_pushes
from models.store.engine import Store

SHANGHAI = ZoneInfo("Asia/Shanghai")
RUN = ("escalation", "duty-digest", "monthly-draw", "relief-report")
OFTEN = "urgent-duties"


@dataclass(frozen=True)
class Said:
    """A push: to whom, when it may leave (Shanghai), what it says."""

    to: str
    group: bool
    at: datetime
    text: str
    card: Card | None
    key: str


def sources_of(keys: Collection[str]) -> tuple[DutySource, ...]:
    """The product's duty sources of these keys."""
    found = {source.key: source for source in catalogue().duties}
    return tuple(found[key] for key in keys)


class Days:
    """A database and a clock that stands still until it is moved.

    ``sources`` are the kinds of duties there are; what other families ask for in the same weeks is
    not in the reckoning of the test.
    """

    def __init__(
        self,
        store: Store,
        start: datetime,
        rules: Rules | None = None,
        *,
        sources: Sequence[DutySource],
    ) -> None:
        self.store = store
        self.sources = sources
        self.clock = FixedClock(start)
        self.rules = rules or default_rules()
        self._tokens = iter(range(10**9))
        self.contexts = Contexts(
            self.clock,
            SHANGHAI,
            self.rules,
            Directory(),
            lambda: f"token{next(self._tokens)}",
            lambda path, _: f"https://example.test{path}",
        )

    def change_rules(self, **sections: Any) -> None:
        """Let other settings hold from now on."""
        self.rules = replace(self.rules, **sections)
        self.contexts = replace(self.contexts, rules=self.rules)

    @property
    def today(self) -> date:
        return self.clock.now().astimezone(SHANGHAI).date()

    @contextmanager
    def acting(self, userid: str | None = None) -> Iterator[Context]:
        """A context that writes, as somebody or as nobody; what is pushed is queued."""
        with self.store.writing() as session:
            ctx = self.contexts.nobody(session)
            ctx.member = member_by_userid(session, userid) if userid else None
            yield ctx
            write_pushes(session.connection(), ctx.orders, ctx.now)

    def until(self, moment: datetime, *, often: bool = False) -> None:
        """Run the jobs about duties that fall due up to a moment (aware), in order of time.

        The one that looks every few minutes only if it is wanted: it costs most of a day.
        """
        wanted = [job for job in JOBS if job.name in RUN or (often and job.name == OFTEN)]
        whens = {job: parse_when(self.rules.schedule[job.name]) for job in wanted}
        with self.store.reading() as session:
            calendar = read_calendar(session)
        while True:
            now = self.clock.now()
            due = {job: next_due(when, now, calendar, SHANGHAI) for job, when in whens.items()}
            at = min(moment for moment in due.values() if moment is not None)
            if at > moment:
                self.clock.move_to(moment)
                return
            together = [job for job, d in due.items() if d == at]
            self.clock.move_to(at)
            for one in together:
                self.run(one.name, at)

    def run(self, name: str, due: datetime, *, by_hand: bool = False, at_most: int = 10**6) -> bool:
        """One run, piece by piece; False if the period was done before."""
        job = next(job for job in JOBS if job.name == name)
        with self.store.reading() as session:
            calm = None if by_hand else calming(session, self.rules, SHANGHAI)
        running = Running(
            job, due, due, self.contexts.nobody, SHANGHAI, self.clock.now, "days", calm
        )
        with self.store.writing() as session:
            if not running.claim(session):
                return False
        for _ in range(at_most):
            with self._knowing_sources(), self.store.writing() as session:
                more = running.step(session)
            running.stepped()
            if not more:
                return True
        return True

    @contextmanager
    def _knowing_sources(self) -> Iterator[None]:
        known = SimpleNamespace(duties=self.sources)
        with ExitStack() as stack:
            for module in (duty_digest, escalation, urgent_duties):
                stack.enter_context(patch.object(module, "catalogue", lambda: known))
            yield

    def day(self, day: date) -> None:
        """All that the clock asks for up to the evening of a day."""
        self.until(datetime(day.year, day.month, day.day, 21, tzinfo=SHANGHAI))

    def days(self, first: date, last: date) -> None:
        while first <= last:
            self.day(first)
            first += timedelta(days=1)

    def said(self, to: str | None = None, words: str = "") -> list[Said]:
        """What was queued, in order, to somebody and with some words in it."""
        with self.store.reading() as session:
            rows = session.execute(
                select(Push, Content.body)
                .join(Content, Content.digest == Push.digest)
                .order_by(Push.id)
            ).all()
        found = [_said(push, body) for push, body in rows]
        return [one for one in found if to in (None, one.to) and words in one.text]


def _said(push: Push, body: str) -> Said:
    content = load(body)
    text = content.markdown if isinstance(content, Text) else ""
    card = content if isinstance(content, Card) else None
    at = push.not_before.astimezone(SHANGHAI)
    return Said(push.conversation, push.to_group, at, text, card, push.dedupe)
