"""The one composition root: everything is made here and handed to whoever needs it."""

import asyncio
import random
import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import Any, Self

import structlog
from aiohttp import web

from bot import health, outbox, presence, scheduler
from bot.channel import Abilities, Answer, Incoming
from bot.clock import Clock, SystemClock, steady
from bot.contexts import Contexts
from bot.dispatch import Dispatcher, Intake, NotingWork
from bot.doors import Doors, Means, open_doors
from bot.fetcher import Fetcher
from bot.follow import speak_for
from bot.forms import Forms
from bot.keys import open_vault, secret_key
from bot.outbox import Outbox
from bot.papers.studio import Studio, drawing_process
from bot.papers.worker import Desk
from bot.presence import ONE_DISK, Pace, Presence
from bot.rates import Rates
from bot.route import Router
from bot.scheduler import Scheduler
from bot.watch import Beats, Signs
from bot.web.access import Links, Signer
from bot.web.anonymous import AnonymousPage
from bot.web.pages import Pages
from bot.web.site import LogIn, Site
from bot.web.uploads import Upload, keep_uploads, kind_of
from bot.wecom.media import sniff
from bot.wecom.oauth import OAuth
from bot.writer import Writer
from config.rules import Rules, read_rules
from config.settings import Settings, sqlite_path
from handlers.catalogue import catalogue
from jobs import JOBS
from models.audit import Entry
from models.directory import Directory
from models.errors import Unavailable
from models.number import Numbers
from models.segment import warm_up
from models.store.engine import Store

log = structlog.get_logger()

WRITERS = 4
"""Writing threads for messages on PostgreSQL; SQLite has one writer by nature."""
LANES = (presence.LANE, outbox.LANE, scheduler.LANE)
"""What has a thread of its own on PostgreSQL: neither beats nor pushes wait for a long job."""
HAND_OVER = 6.0
"""Seconds that another process has at a restart to take the long connection over."""
ORDERLY = 24.0
"""Seconds for an orderly end: well below what supervisors grant (deploy/)."""
BODY = 100 * 2**20
"""Largest request of a page (photos); callbacks have a limit of their own."""


@dataclass(frozen=True, slots=True)
class Overrides:
    """What tests and the desk replace."""

    clock: Clock | None = None
    rules: Rules | None = None
    executor: Callable[[], Executor] | None = None
    token: Callable[[], str] | None = None
    chance: random.Random | None = None
    steady: Callable[[], float] | None = None
    pace: Pace | None = None


class Runtime:
    """A running product. ``async with build(settings) as runtime`` starts and stops it."""

    def __init__(self, settings: Settings, overrides: Overrides) -> None:
        self.settings = settings
        self.rules = overrides.rules or read_rules(settings.rules_file)
        self.clock = overrides.clock or SystemClock()
        self.token = overrides.token or (lambda: secrets.token_hex(8))
        self._chance = overrides.chance or random.SystemRandom()
        self.store = Store(settings.database_url)
        self.directory = Directory()
        self.vault = open_vault(settings)
        self.catalogue = catalogue().under(self.rules)
        self.rates = Rates(self.clock.now)
        self.signer = Signer(secret_key(settings), self.clock)
        self.links = Links(self.signer, settings.public_url, self.rules.intake.link_hours)
        self.forms = Forms(self.catalogue)
        self.numbers = None if self.store.is_sqlite else Numbers(self.store.writer)
        intake = Intake(
            self.clock,
            self.token,
            self.directory,
            self.vault,
            lambda: self.presence.id,
            self.numbers,
        )
        self.writer = Writer(
            self.store.writer,
            intake,
            threads=1 if self.store.is_sqlite else WRITERS,
            apart=() if self.store.is_sqlite else LANES,
            leisurely=(scheduler.LANE,),
        )
        self.contexts = Contexts(
            self.clock,
            settings.timezone,
            self.rules,
            self.directory,
            self.token,
            self.links.make,
            self.vault,
            settings.public_url,
        )
        router = Router(self.catalogue, self.forms, self.contexts, settings.bot_names)
        self.dispatcher = Dispatcher(
            self.writer,
            router.handle,
            self.clock,
            self.rules,
            settings.timezone,
            self.token,
            secret_key(settings),
        )
        zone = settings.timezone.key
        desk = Desk(settings.database_url, self.clock.now(), zone, settings.rules_file)
        self.studio = Studio(
            self.store, self.writer, self.clock, desk, overrides.executor or drawing_process
        )
        self.presence = self._presence(overrides)
        self._runner: web.AppRunner | None = None
        self.port = 0

    async def handle(self, incoming: Incoming, abilities: Abilities) -> Answer | None:
        """Dispatch a message, and let what it queued leave at once."""
        answer = await self.dispatcher.dispatch(incoming, abilities)
        self.outbox.wake()
        if incoming.files:
            self.fetcher.wake()
        return answer

    async def start(self, *, serve: bool = True, listen: bool = True, deliver: bool = True) -> None:
        """Start the workers.

        ``serve``    the HTTP port, the clock of the jobs, the fetching of files
        ``listen``   the long connection
        ``deliver``  the outbox
        """
        await asyncio.to_thread(warm_up)
        self.writer.start()
        means = Means(
            settings=self.settings,
            clock=self.clock,
            handle=self.handle,
            said=self.dispatcher.said,
            follow=self._follow,
            rates=self.rates,
            token=self.token,
            permit=self.presence,
            chance=self._chance,
        )
        self.doors: Doors = open_doors(means)
        self.outbox = Outbox(
            self.writer,
            self.doors.channels,
            self.clock,
            self.studio,
            self.rates,
            self.presence,
            self.rules.delivery.attempts,
        )
        self.fetcher = Fetcher(self.writer, self.doors.fetch, sniff, self.clock)
        self.scheduler = Scheduler(
            JOBS,
            self.writer,
            self.contexts,
            self.outbox.wake,
            self.presence,
            self.store.scrub,
        )
        self.presence.went_back = self._went_back
        await self.presence.start(listens=listen and self.settings.has_link)
        if deliver:
            self.outbox.start()
        if listen:
            self.doors.start()
        if serve:
            self.fetcher.start()
            self.scheduler.start()
            await self._serve()

    async def stop(self) -> None:
        """Take nothing new, finish what is in hand, then close everything.

        What is not finished in time is left as if the process had been killed: what was not
        committed did not happen, and others take over what it holds.
        """
        try:
            async with asyncio.timeout(ORDERLY):
                await self._finish()
        except TimeoutError:
            log.warning("stop_cut_short", seconds=ORDERLY)
        await self.doors.close()
        self.studio.close()
        self.store.close()

    async def _finish(self) -> None:
        if self._runner is not None:
            for site in tuple(self._runner.sites):
                await site.stop()
        await self.presence.hand_over(HAND_OVER)
        await self.doors.stop_listening(HAND_OVER / 2)
        if self._runner is not None:
            await self.scheduler.stop()
            await self.fetcher.stop()
        await self.outbox.stop()
        await self._settle()
        await self.presence.stop()
        if self._runner is not None:
            await self._runner.cleanup()
        await self.writer.stop()
        if self.numbers is not None:
            self.numbers.close()

    async def _settle(self) -> None:
        try:
            await self.dispatcher.settle()
        except Unavailable:
            log.warning("said_not_noted")

    async def __aenter__(self) -> Self:
        """Start everything; what was started ends again if the port is taken."""
        try:
            await self.start()
        except OSError:
            await self.stop()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop everything."""
        del kind, error, trace
        await self.stop()

    async def _keep(self, userid: str, uploads: Sequence[Upload], accept: str = "") -> list[int]:
        now = self.clock.now()
        kinds = await asyncio.to_thread(lambda: [kind_of(upload, accept) for upload in uploads])
        return await self.writer.do(
            lambda session: keep_uploads(session, userid, uploads, kinds, now)
        )

    def _log_in(self) -> LogIn | None:
        """By WeCom, where the app's settings are there."""
        rest, settings = self.doors.app_rest, self.settings
        if rest is None:
            return None
        return OAuth(rest, settings.corp_id, settings.app_agent_id, settings.oauth_base)

    async def _follow(self, incoming: Incoming, answer: Answer) -> None:
        await self.dispatcher.follow(incoming, answer)
        self.outbox.wake()

    async def _note(self, entries: Sequence[Entry]) -> None:
        """Add rows to the audit; returns when they are durable."""
        work = NotingWork(lambda _: None, list(entries), asyncio.get_running_loop())
        self.writer.put(work)
        await work.future

    async def _went_back(self, by: timedelta) -> None:
        self.scheduler.went_back()
        await self.outbox.went_back(by)
        await self.fetcher.went_back()

    def _presence(self, overrides: Overrides) -> Presence:
        pace = overrides.pace or (ONE_DISK if self.store.is_sqlite else Pace())
        signs = None
        if sqlite_path(self.settings.database_url) is not None:
            signs = Signs(self.settings.data_dir, Beats(pace.lost, pace.gap))
        return Presence(
            self.writer,
            self.clock,
            token=self.token,
            steady=overrides.steady or steady,
            pace=pace,
            signs=signs,
            inherit=speak_for,
        )

    async def _serve(self) -> None:
        site = Site(
            store=self.store,
            clock=self.clock,
            catalogue=self.catalogue,
            forms=self.forms,
            studio=self.studio,
            signer=self.signer,
            links=self.links,
            dispatch=self.handle,
            context=self.contexts.reading,
            token=self.token,
            keep=self._keep,
            note=self._note,
            write=self.writer.do,
            log_in=self._log_in(),
        )
        app = web.Application(client_max_size=BODY)
        pages = Pages(site)
        app.add_routes([*self.doors.routes, *health.routes(self), *pages.routes()])
        app.add_routes(AnonymousPage(self).routes())
        app.router.add_get("/{rest:.*}", pages.nowhere)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=10)
        await self._runner.setup()
        host, port = self.settings.listen_host, self.settings.listen_port
        await web.TCPSite(self._runner, host, port).start()
        self.port = int(self._runner.addresses[0][1])
        log.info("listening", host=host, port=self.port)


def build(settings: Settings, **overrides: Any) -> Runtime:  # noqa: ANN401  (fields of Overrides)
    """Everything, wired but not started. Call it inside the event loop that will run it."""
    return Runtime(settings, Overrides(**overrides))
