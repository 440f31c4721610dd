"""``demo``: a WeCom on your desk, the product beside it, and a sample company, in one process."""

import argparse
import asyncio
import random
import shutil
import signal
import socket
import tempfile
import time
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, select

from bot.app import Runtime, build
from bot.clock import ShiftedClock
from bot.keys import open_vault
from bot.sim.desk import Desk
from bot.sim.sample import SampleFacts, load_sample
from bot.sim.server import serve
from bot.sim.setup import Persona, invent
from config.settings import Settings, read_settings
from config.texts import t
from models.job_run import JobRun
from models.message import Message
from models.person import member_by_userid
from models.project import Project
from models.store.engine import Store
from models.store.schema import migrate

SEED = 20260701
HOST = "127.0.0.1"
PORTS = range(8000, 8100, 2)
"""Where the desk is looked for when no port was asked for."""


def demo(args: argparse.Namespace, settings: Settings) -> int:
    """Serve until Ctrl+C. Without ``--data`` everything is forgotten at the end."""
    folder = Path(args.data) if args.data else Path(tempfile.mkdtemp(prefix="zhibutong-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        asyncio.run(_serve(folder, args.port or free_pair(), settings))
    finally:
        if not args.data:
            shutil.rmtree(folder, ignore_errors=True)
    return 0


def free_pair() -> int:
    """The first port from the usual one on that is free, and the next one too."""
    return next((port for port in PORTS if is_free(port) and is_free(port + 1)), PORTS[0])


def is_free(port: int) -> bool:
    """Whether nobody listens there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def prepare(folder: Path, settings: Settings, clock: ShiftedClock) -> tuple[str, SampleFacts]:
    """The demo's database with the sample company in it; loaded once per folder.

    Kept data may come from a time that somebody moved forward to: the clock goes on from there.
    """
    url = f"sqlite:///{folder / 'demo.db'}"
    migrate(url)
    store = Store(url)
    with store.writing() as session:
        facts = load_sample(
            session,
            now=clock.now(),
            zone=settings.timezone,
            seed=SEED,
            vault=open_vault(Settings(database_url=url)),
        )
        moments = [session.scalar(select(func.max(at))) for at in (JobRun.started_at, Message.at)]
    store.close()
    reached = max(moment for moment in (clock.now(), *moments) if moment)
    if reached > clock.now():
        clock.move_to(reached)
    return url, facts


async def _serve(folder: Path, port: int, settings: Settings) -> None:
    clock = ShiftedClock()
    print(t("cli.demo.loading"), flush=True)
    begun = time.perf_counter()
    url, facts = await asyncio.to_thread(prepare, folder, settings, clock)
    print(t("cli.demo.loaded", seconds=round(time.perf_counter() - begun, 1), **facts.counts))
    chance = random.SystemRandom()
    desk = Desk(invent(chance, corp_name=facts.name), clock=clock, chance=chance)
    furnish(desk, facts, await asyncio.to_thread(guide_words, url, facts))
    runtimes: list[Runtime] = []

    async def clock_moved(_: datetime) -> None:
        """What has become due in the meantime happens now."""
        for runtime in runtimes:
            await runtime.scheduler.sweep()

    server = await serve(desk, HOST, port, on_clock_moved=clock_moved)
    shown = int(server.url.rpartition(":")[2]) + 1
    environment = {
        **server.environment(),
        "ZBT_DATABASE_URL": url,
        "ZBT_LISTEN": f"{HOST}:{shown}",
        "ZBT_SECRET_KEY": chance.randbytes(32).hex(),
    }
    runtime = build(read_settings(environment), clock=clock)
    desk.listen(app_url=f"http://{HOST}:{shown}/wecom/app", pages=[f"http://{HOST}:{shown}"])
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    async with runtime:
        runtimes.append(runtime)
        print(t("cli.demo.ready", url=server.url))
        print(t("cli.demo.pages", url=f"http://{HOST}:{shown}"), flush=True)
        await stop.wait()
        runtimes.clear()
    await server.stop()


def guide_words(url: str, facts: SampleFacts) -> dict[str, str]:
    """Percents a little above where the member's branch stands, so that the guide's steps work."""
    member = next(persona for persona in facts.personas if persona.role == "member")
    store = Store(url)
    with store.reading() as session:
        who = member_by_userid(session, member.userid)
        reached = session.scalar(
            select(Project.percent)
            .where(Project.unit_id == (who.branch_id if who else None))
            .order_by(Project.id.desc())
            .limit(1)
        )
    store.close()
    percent = min(int(reached or 0) + 2, 99)
    return {"percent": str(percent), "fraction": f"{min(percent + 1, 99) / 100:.2f}"}


def furnish(desk: Desk, facts: SampleFacts, guide: dict[str, str]) -> None:
    """Put the sample company's people and groups on the desk, and what the guide shall say."""
    for department in facts.departments:
        desk.add_department(department.id, department.name, department.parent)
    for person in facts.people:
        desk.add_person(
            person.userid, person.name, departments=person.departments, position=person.position
        )
    for group in facts.groups:
        desk.add_group(group.chatid, group.name, group.members)
        desk.activate(group.chatid)
    desk.offer((Persona(p.userid, p.role, p.label) for p in facts.personas), **guide)
