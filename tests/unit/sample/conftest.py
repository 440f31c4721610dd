"""A database for what does not depend on which database it is, and the sample itself."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from bot.sim.sample import SampleFacts, load_sample
from models.store.engine import Store
from models.vault import Vault
from tests.unit.imports.aid import HERE

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
"""A Saturday."""
VAULT = Vault(lambda: (b"s" * 32,))


def load(store: Store, now: datetime = NOW) -> SampleFacts:
    with store.writing() as session:
        return load_sample(session, now=now, zone=HERE, vault=VAULT)


@pytest.fixture
def light(sqlite_url: str) -> Iterator[Store]:
    """The quicker one of the two."""
    made = Store(sqlite_url)
    yield made
    made.close()


@pytest.fixture(scope="session")
def loaded(
    sqlite_template: bytes, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Store, SampleFacts]]:
    """The sample as it is at ``NOW``, for the tests that only look: it takes seconds to load."""
    path: Path = tmp_path_factory.mktemp("sample") / "sample.db"
    path.write_bytes(sqlite_template)
    store = Store(f"sqlite:///{path}")
    yield store, load(store)
    store.close()


@pytest.fixture
def session(loaded: tuple[Store, SampleFacts]) -> Iterator[Session]:
    with loaded[0].reading() as reading:
        yield reading


@pytest.fixture
def facts(loaded: tuple[Store, SampleFacts]) -> SampleFacts:
    return loaded[1]
