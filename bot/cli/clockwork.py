"""``jobs``: list them, or run one for the period of a moment."""

import argparse
import asyncio
from datetime import datetime, timedelta

from sqlalchemy import func, select

from bot.app import Runtime, build
from bot.cli import say
from bot.cli.data import ready_store
from bot.clock import SystemClock
from config.rules import read_rules
from config.settings import Settings
from config.texts import t
from jobs import JOBS
from jobs.spec import Job
from jobs.when import last_due, next_due, parse_when
from models.calendar import read_calendar
from models.errors import UserError
from models.process import somebody_runs
from models.push import Push, PushState
from models.store.engine import Store

PATIENCE = timedelta(seconds=60)
"""How long the command delivers itself when no process runs; the rest waits for the next start."""


def jobs(args: argparse.Namespace, settings: Settings) -> int:
    """List the jobs with their next times, or run one."""
    if args.action is None:
        return _list(settings)
    job = next((job for job in JOBS if job.name == args.name), None)
    if job is None:
        names = "、".join(job.name for job in JOBS)
        raise UserError("cli.jobs.unknown", name=args.name, names=names)
    at = read_moment(args.at, settings) if args.at else SystemClock().now()
    store = ready_store(settings)
    try:
        return asyncio.run(_run(settings, store, job, at))
    finally:
        store.close()


def read_moment(text: str, settings: Settings) -> datetime:
    """An ISO moment; one without a zone is meant in the installation's."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UserError("cli.jobs.bad_time", text=text) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=settings.timezone)


def _list(settings: Settings) -> int:
    rules = read_rules(settings.rules_file)
    store = ready_store(settings)
    now = SystemClock().now()
    with store.reading() as session:
        calendar = read_calendar(session)
    store.close()
    for job in JOBS:
        line = rules.schedule[job.name]
        due = next_due(parse_when(line), now, calendar, settings.timezone)
        shown = f"{due.astimezone(settings.timezone):%Y-%m-%d %H:%M}" if due else "—"
        print(t("cli.jobs.line", name=job.name, schedule=line, next=shown))
    return 0


async def _run(settings: Settings, store: Store, job: Job, at: datetime) -> int:
    rules = read_rules(settings.rules_file)
    with store.reading() as session:
        calendar = read_calendar(session)
        attended = somebody_runs(session, SystemClock().now())
    due = last_due(parse_when(rules.schedule[job.name]), at, calendar, settings.timezone)
    if due is None:
        raise UserError("cli.jobs.never", name=job.name)
    runtime = build(settings)
    await runtime.start(serve=False, listen=not attended, deliver=not attended)
    try:
        if not await runtime.scheduler.run(job, due, max(at, due)):
            say(t("cli.jobs.done_before", name=job.name))
            return 0
        print(t("cli.jobs.done", name=job.name))
        if not attended:
            await _deliver(runtime)
    finally:
        await runtime.stop()
    return 0


async def _deliver(runtime: Runtime) -> None:
    """Wait until what is due has left, as long as somebody at a keyboard would."""
    until = runtime.clock.now() + PATIENCE
    while runtime.clock.now() < until:
        if not await asyncio.to_thread(_waiting, runtime):
            return
        runtime.outbox.wake()
        await asyncio.sleep(0.2)


def _waiting(runtime: Runtime) -> int:
    with runtime.store.reading() as session:
        return (
            session.scalar(
                select(func.count())
                .select_from(Push)
                .where(Push.state == PushState.WAITING, Push.not_before <= runtime.clock.now())
            )
            or 0
        )
