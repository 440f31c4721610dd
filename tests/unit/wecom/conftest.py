"""A REST side of the platform for the doors that push."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from bot.clock import FixedClock
from bot.wecom.rest import AppRest, Rest, new_session
from tests.unit.wecom.aid import CORP, NOW, Api, Served


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
async def base(api: Any) -> AsyncIterator[str]:
    async with Served(api) as served:
        yield served.base


@pytest.fixture
async def session(base: str) -> AsyncIterator[aiohttp.ClientSession]:
    async with new_session(base) as session:
        yield session


@pytest.fixture
def rest(session: aiohttp.ClientSession, base: str) -> Rest:
    return Rest(session, base)


@pytest.fixture
def app_rest(rest: Rest, clock: FixedClock) -> AppRest:
    return AppRest(rest, CORP, "the app's secret", clock=clock)
