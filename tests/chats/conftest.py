"""Worlds at other times of the year."""

from collections.abc import AsyncIterator

import pytest

from tests.chats.projects import JANUARY, without_projects
from tests.world import World


@pytest.fixture
async def january(sqlite_url: str) -> AsyncIterator[World]:
    """The small company in January, before anything was proposed."""
    made = World(sqlite_url, JANUARY)
    made.settle()
    without_projects(made)
    await made.open()
    yield made
    await made.close()


@pytest.fixture
async def both_januaries(database_url: str) -> AsyncIterator[World]:
    """The same on each database."""
    made = World(database_url, JANUARY)
    made.settle()
    without_projects(made)
    await made.open()
    yield made
    await made.close()
