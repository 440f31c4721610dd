"""The long form: processes killed at any moment or stopped, clocks that jump, a full queue."""

import asyncio
import time
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.clock import SystemClock
from bot.sim.setup import Mode
from tests.faults.harm import Shim
from tests.faults.plant import Crowd, Mail, memory_of, plant, report, speaks

pytestmark = [pytest.mark.long, pytest.mark.postgres]
KILLS = 6
CLOGGED = 100_000


async def test_any_of_three_killed_again_and_again(postgres_url: str, tmp_path: Path) -> None:
    async with plant(postgres_url, tmp_path, mode=Mode.LINK, count=3) as site:
        crowd, mail = Crowd(site, senders=8, rest=0.02), Mail(site)
        crowd.start()
        talking = asyncio.create_task(speaks(site, 60))
        for _ in range(KILLS):
            mail.queue(60)
            await asyncio.sleep(site.chance.uniform(0.2, 4))
            site.kill(site.chance.choice(site.products))
            await site.add()
        back = await site.recovers(crowd.works)
        delivered = await site.recovers(mail.all_there)
        await talking
        await crowd.stop()
        await crowd.again()
        crowd.check()
        doubles = mail.check(doubtful=KILLS * 49)
        lost = await site.rest(lost=KILLS)
        name = f"{KILLS} times kill -9 of one of three processes"
        report(name, back=back, delivered=delivered, doubles=doubles, unheard=lost, crowd=crowd)


async def test_the_one_with_the_link_stands_still_and_wakes_up(
    postgres_url: str, tmp_path: Path
) -> None:
    """It is replaced meanwhile; awake again, it must not send what others have sent."""
    async with plant(postgres_url, tmp_path, mode=Mode.LINK, count=2) as site:
        crowd, mail = Crowd(site, senders=4, rest=0.05), Mail(site)
        crowd.start()
        mail.queue(100)
        await crowd.has(30)
        sleeper = site.products[0]
        sleeper.pause()
        site.products.remove(sleeper)
        delivered = await site.recovers(mail.all_there)
        sleeper.go_on()
        mail.queue(50)
        await site.recovers(mail.all_there)
        site.products.append(sleeper)
        talking = asyncio.create_task(speaks(site, 5))
        back = await site.recovers(crowd.works)
        await talking
        await crowd.stop()
        await crowd.again()
        crowd.check()
        doubles = mail.check(doubtful=49)
        await site.rest(lost=1)
        name = "the process with the link stands still and wakes up"
        report(name, back=back, delivered=delivered, doubles=doubles, crowd=crowd)


@pytest.mark.parametrize("hours", [1, -1])
async def test_the_clock_jumps(postgres_url: str, tmp_path: Path, hours: int) -> None:
    """All processes of a machine see it; the platform's clock stays where it was."""
    shim = Shim.build(tmp_path)
    extra = shim.environment
    async with plant(postgres_url, tmp_path, mode=Mode.LINK, count=2, extra=extra) as site:
        mail = Mail(site)
        mail.queue(100)
        talking = asyncio.create_task(speaks(site, 20))
        await asyncio.sleep(3)
        shim.tell(seconds=hours * 3600)
        await asyncio.sleep(10)
        mail.queue(100, ahead=timedelta(hours=hours))
        delivered = await site.recovers(mail.all_there)
        shim.tell()
        mail.queue(49)
        back = await site.recovers(mail.all_there)
        await talking
        doubles = mail.check()
        await site.rest()
        report(
            f"the clock jumps by {hours:+} h and back",
            back=back,
            delivered=delivered,
            doubles=doubles,
        )


async def test_a_queue_of_a_hundred_thousand(postgres_url: str, tmp_path: Path) -> None:
    """Whoever asks something is answered as quickly as ever, and prompt pushes pass by."""
    async with plant(postgres_url, tmp_path, mode=Mode.LINK) as site:
        with site.store.writing() as session:
            now = SystemClock().now()
            session.execute(text(CONTENT), {"now": now})
            session.execute(text(PUSHES), {"now": now, "count": CLOGGED})
            session.execute(text(OUTLETS), {"now": now})
        await asyncio.sleep(5)
        crowd, mail = Crowd(site, senders=4, rest=0.02), Mail(site)
        crowd.start()
        await speaks(site, 10)
        begun = time.monotonic()
        mail.queue(1, ["b1p1"])
        await site.recovers(mail.all_there)
        passed = time.monotonic() - begun
        await crowd.stop()
        await crowd.again()
        crowd.check()
        assert crowd.slowest < 5
        memory = memory_of(site.products[0])
        report(f"{CLOGGED:,} pushes waiting", back=crowd.slowest, delivered=passed, memory=memory)


CONTENT = """
INSERT INTO content (digest, body, at) VALUES ('clog', '{"kind":"text","markdown":"x"}', :now)
"""
PUSHES = """
INSERT INTO push (dedupe, conversation, to_group, digest, task, reply_url, at, not_before, state,
                  attempts, parts_done, channel, code, note)
SELECT 'clog' || n, 'wr' || (1 + n % 7), true, 'clog', '', '', :now, :now, 'waiting',
       0, 0, '', 0, ''
FROM generate_series(1, :count) AS n
"""
OUTLETS = """
INSERT INTO outlet (conversation, due_at, last, linked)
SELECT 'wr' || n, :now, '', false FROM generate_series(1, 7) AS n
ON CONFLICT (conversation) DO UPDATE SET due_at = excluded.due_at
"""
