"""A database for what does not depend on which database it is, and the sample itself."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.sim.sample import load_sample
from models.store.engine import Store
from models.vault import Vault
from tests.unit.imports.aid import HERE

FRIDAY = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)


@pytest.fixture
def light(sqlite_url: str) -> Iterator[Store]:
    """The quicker one of the two."""
    made = Store(sqlite_url)
    yield made
    made.close()


@pytest.fixture(scope="session")
def company_year(
    sqlite_template: bytes, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Store]:
    """The sample as it is on ``FRIDAY``, to be read only: it takes seconds to load."""
    path: Path = tmp_path_factory.mktemp("sample") / "sample.db"
    path.write_bytes(sqlite_template)
    store = Store(f"sqlite:///{path}")
    with store.writing() as session:
        load_sample(session, now=FRIDAY, zone=HERE, vault=Vault(lambda: (bytes(32),)))
    yield store
    store.close()
