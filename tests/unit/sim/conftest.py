"""A served desk, a robot on the long connection, and one behind a URL."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from bot.clock import FixedClock
from bot.sim.server import Server
from bot.sim.setup import Mode
from tests.unit.sim.kit import SATURDAY, LinkBot, UrlBot, company, linked, listening, serving


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(SATURDAY)


@pytest.fixture
async def server(clock: FixedClock) -> AsyncIterator[Server]:
    """A desk whose smart bot uses the long connection."""
    async with serving(company(clock)) as running:
        yield running


@pytest.fixture
async def bot(server: Server) -> AsyncIterator[LinkBot]:
    """The subscribed bot."""
    async with linked(server) as link:
        ack = await link.subscribe()
        assert ack["errcode"] == 0
        yield link


@pytest.fixture
async def url_server(clock: FixedClock) -> AsyncIterator[Server]:
    """A desk whose smart bot has a callback URL."""
    async with serving(company(clock, bot_mode=Mode.URL)) as running:
        yield running


@pytest.fixture
async def url_bot(url_server: Server) -> AsyncIterator[UrlBot]:
    """The robot behind both callback URLs."""
    async with listening(url_server.desk) as robot:
        yield robot


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """Somebody who calls the API."""
    jar = aiohttp.CookieJar(unsafe=True)  # the desk is at an IP address
    async with aiohttp.ClientSession(cookie_jar=jar) as session:
        yield session
