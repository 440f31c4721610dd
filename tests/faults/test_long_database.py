"""The long form: the database away, killed, frozen, failing over, full, slow."""

import asyncio
import time
from pathlib import Path

import pytest

from bot.sim.setup import Mode
from tests.faults.harm import Shim, limit_files
from tests.faults.plant import Crowd, Mail, Plant, plant, report, speaks
from tests.postgres import Postgres

pytestmark = [pytest.mark.long, pytest.mark.postgres]
OUTAGE = 30.0


async def survives(site: Plant, name: str, harm: object, *, doubtful: int = 0) -> None:
    """Load, harm, recovery, and everything held against everything."""
    crowd, mail = Crowd(site, senders=8, rest=0.02), Mail(site)
    crowd.start()
    mail.queue(200)
    await crowd.has(50)
    talking = asyncio.create_task(speaks(site))
    await harm  # type: ignore[misc]  # a coroutine
    mail.queue(20)
    back = await site.recovers(crowd.works)
    delivered = await site.recovers(mail.all_there)
    await talking
    await crowd.stop()
    await crowd.again()
    crowd.check()
    doubles = mail.check(doubtful)
    await site.rest()
    report(name, back=back, delivered=delivered, doubles=doubles, crowd=crowd)


async def test_away_for_half_a_minute(own_postgres: Postgres, tmp_path: Path) -> None:
    server = own_postgres

    async def harm() -> None:
        server.stop()
        await asyncio.sleep(OUTAGE)
        await asyncio.to_thread(server.start)

    async with plant(server.url(), tmp_path, mode=Mode.LINK, count=2) as site:
        await survives(site, "PostgreSQL away for 30 s", harm())


async def test_killed_and_started_again(own_postgres: Postgres, tmp_path: Path) -> None:
    server = own_postgres

    async def harm() -> None:
        server.kill()
        await asyncio.to_thread(server.start)

    async with plant(server.url(), tmp_path, mode=Mode.LINK, count=2) as site:
        await survives(site, "PostgreSQL killed", harm())


async def test_frozen_for_half_a_minute(own_postgres: Postgres, tmp_path: Path) -> None:
    server = own_postgres

    async def harm() -> None:
        server.freeze()
        await asyncio.sleep(OUTAGE)
        server.thaw()

    async with plant(server.url(), tmp_path, mode=Mode.LINK, count=2) as site:
        await survives(site, "PostgreSQL silent for 30 s", harm())


async def test_sigterm_while_it_is_frozen(own_postgres: Postgres, tmp_path: Path) -> None:
    """Threads that wait for the server keep nobody from ending; nothing that counts is lost."""
    server = own_postgres
    async with plant(server.url(), tmp_path, mode=Mode.LINK) as site:
        crowd, mail = Crowd(site, senders=8, rest=0.02), Mail(site)
        crowd.start()
        mail.queue(100)
        await crowd.has(20)
        server.freeze()
        begun = time.monotonic()
        [product] = site.products
        code = await asyncio.to_thread(product.end)
        ended = time.monotonic() - begun
        site.products.remove(product)
        server.thaw()
        await site.add()
        delivered = await site.recovers(mail.all_there)
        back = await site.recovers(crowd.works)
        await crowd.stop()
        await crowd.again()
        crowd.check()
        doubles = mail.check(doubtful=64)
        await site.rest()
        assert code == 0
        name = "SIGTERM while PostgreSQL is frozen"
        report(name, ended=ended, back=back, delivered=delivered, doubles=doubles, crowd=crowd)


async def test_failing_over_to_a_standby(own_postgres: Postgres, tmp_path: Path) -> None:
    first = own_postgres
    second = Postgres(first.folder.with_name("second"))
    try:
        await asyncio.to_thread(second.follow, first)
        await asyncio.to_thread(second.start)
        first.sql("ALTER SYSTEM SET synchronous_standby_names = 'standby'")
        first.sql("SELECT pg_reload_conf()")
        hosts = f"host=127.0.0.1:{first.port}&host=127.0.0.1:{second.port}"
        url = f"postgresql://postgres@/postgres?{hosts}&target_session_attrs=read-write"

        async def harm() -> None:
            first.kill()
            await asyncio.to_thread(second.promote)

        async with plant(url, tmp_path, mode=Mode.LINK, count=2) as site:
            await survives(site, "PostgreSQL fails over to its standby", harm())
    finally:
        second.remove()


async def test_every_commit_slow(own_postgres: Postgres, tmp_path: Path) -> None:
    server = own_postgres

    async def harm() -> None:
        server.sql("ALTER SYSTEM SET commit_siblings = 0")
        server.sql("ALTER SYSTEM SET commit_delay = 100000")
        server.sql("SELECT pg_reload_conf()")
        await asyncio.sleep(20)
        server.sql("ALTER SYSTEM RESET ALL")
        server.sql("SELECT pg_reload_conf()")

    async with plant(server.url(), tmp_path, mode=Mode.LINK, count=2) as site:
        await survives(site, "every commit 100 ms slower (PostgreSQL)", harm())


async def test_a_slow_disk(sqlite_url: str, tmp_path: Path) -> None:
    shim = Shim.build(tmp_path)

    async def harm() -> None:
        shim.tell(flush_ms=300)
        await asyncio.sleep(20)
        shim.tell()

    extra = shim.environment
    async with plant(sqlite_url, tmp_path, mode=Mode.LINK, extra=extra) as site:
        await survives(site, "every flush 300 ms slower (SQLite)", harm())


async def test_a_full_disk(sqlite_url: str, tmp_path: Path) -> None:
    """Database, journal and log cannot grow; then there is room again."""
    async with plant(sqlite_url, tmp_path, mode=Mode.LINK) as site:

        async def harm() -> None:
            limit_files(site.products[0], 0)
            await asyncio.sleep(15)
            limit_files(site.products[0])

        await survives(site, "disk full for 15 s (SQLite)", harm())
