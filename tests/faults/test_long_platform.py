"""The long form: WeCom away, in error, slow, limiting, forgetting, kicking, repeating itself."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from bot.sim.setup import Mode
from tests.faults.plant import Crowd, Mail, Plant, plant, report, speaks

pytestmark = pytest.mark.long
Harm = Callable[[Plant], Awaitable[None]]


async def away(site: Plant) -> None:
    """Its addresses refuse connections for half a minute."""
    await site.close_desk()
    await asyncio.sleep(30)
    await site.open_desk()


async def in_error(site: Plant) -> None:
    """Every call is answered 500 for a while."""
    site.desk.faults.api_status.extend([500] * 10_000)
    await asyncio.sleep(20)
    site.desk.faults.api_status.clear()


async def slow(site: Plant) -> None:
    """Every answer takes ten seconds."""
    site.desk.faults.latency = site.desk.faults.delay_acks = 10
    await asyncio.sleep(30)
    site.desk.faults.latency = site.desk.faults.delay_acks = 0


async def limiting(site: Plant) -> None:
    """Calls and frames are refused for being too many."""
    site.desk.faults.api_codes.extend([("message/send", 45009)] * 20)
    site.desk.faults.link_codes.extend([846607] * 20)
    await asyncio.sleep(10)


async def forgetting(site: Plant) -> None:
    """Tokens end early, every second."""
    for _ in range(20):
        site.desk.platform.expire_tokens([40014, 42001])
        await asyncio.sleep(1)


async def kicking(site: Plant) -> None:
    """A stranger takes the connection, and goes away again."""
    await site.desk.link.kick()


async def cutting(site: Plant) -> None:
    """The connection breaks without a word, again and again."""
    for _ in range(5):
        site.desk.link.abort()
        await asyncio.sleep(2)


async def repeating(site: Plant) -> None:
    """Every callback comes three times, out of order."""
    site.desk.faults.copies, site.desk.faults.disorder = 3, 1.0
    await asyncio.sleep(20)
    site.desk.faults.copies, site.desk.faults.disorder = 1, 0


# asyncio (3.11) forgets a connection that it is accepting while its server is closed, and products
# that want the desk back call all the time: the collector closes its socket, and complains of it.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    ("harm", "doubtful"),
    [
        (away, 49),
        (in_error, 0),
        (slow, 0),
        (limiting, 0),
        (forgetting, 0),
        (kicking, 7),
        (cutting, 7),
        (repeating, 0),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
async def test_wecom(sqlite_url: str, tmp_path: Path, harm: Harm, doubtful: int) -> None:
    async with plant(sqlite_url, tmp_path, mode=Mode.LINK) as site:
        crowd, mail = Crowd(site, senders=2, rest=0.1), Mail(site)
        crowd.start()
        mail.queue(100)
        talking = asyncio.create_task(speaks(site, 20))
        await harm(site)
        mail.queue(49)
        delivered = await site.recovers(mail.all_there)
        back = await site.recovers(crowd.works)
        await talking
        await crowd.stop()
        await crowd.again()
        crowd.check()
        doubles = mail.check(doubtful)
        lost = await site.rest(lost=5)
        words = (harm.__doc__ or "").rstrip(".")
        report(
            f"WeCom: {words}",
            back=back,
            delivered=delivered,
            doubles=doubles,
            unheard=lost,
            crowd=crowd,
        )


async def test_acks_that_never_come_park_the_push_and_double_nothing(
    sqlite_url: str, tmp_path: Path
) -> None:
    """Decision 0003: sent, connection alive, no receipt. Nobody can know; nothing is repeated."""
    async with plant(sqlite_url, tmp_path, mode=Mode.LINK) as site:
        mail = Mail(site)
        site.desk.faults.drop_acks = 3
        mail.queue(14, [f"wr{n}" for n in range(1, 8)])
        delivered = await site.recovers(mail.all_there)
        assert mail.check() == 0
        back = await site.recovers(lambda: mail.settled(parked=3))
        report("WeCom: three acks are lost", back=back, delivered=delivered, doubles=0)
