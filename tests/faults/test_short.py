"""The short form of the hard faults, with real processes; the long form is ``make test-faults``."""

from pathlib import Path

import pytest

from bot.sim.setup import Mode
from tests.faults.plant import Crowd, Mail, plant
from tests.postgres import Postgres


@pytest.mark.postgres
async def test_the_process_with_the_link_is_killed_under_load(
    postgres_url: str, tmp_path: Path
) -> None:
    async with plant(postgres_url, tmp_path, mode=Mode.LINK, count=2) as site:
        crowd, mail = Crowd(site, senders=8, rest=0.02), Mail(site)
        crowd.start()
        mail.queue(300)
        await site.desk.until(lambda: len(mail.arrived()) > 50 or None, 30)
        site.kill(site.products[0])
        await site.recovers(mail.all_there)
        await crowd.stop()
        await crowd.again()
        crowd.check()
        mail.check(doubtful=64)
        answer = await site.desk.ask("b1p1", "wr1", "@支部通 /进展 99% 换人了", timeout=20)
        assert "JZ-" in answer.text
        assert len(crowd.heard) > 50


@pytest.mark.postgres
async def test_the_database_is_killed_and_comes_back_under_load(
    own_postgres: Postgres, tmp_path: Path
) -> None:
    server = own_postgres
    async with plant(server.url(), tmp_path, count=1) as site:
        crowd, mail = Crowd(site, senders=8, rest=0.01), Mail(site)
        crowd.start()
        await crowd.has(50)
        server.kill()
        server.start()
        mail.queue(50, ["b1p1", "b2p2"])
        await site.recovers(crowd.works)
        await site.recovers(mail.all_there)
        await crowd.stop()
        await crowd.again()
        crowd.check()
        mail.check()
