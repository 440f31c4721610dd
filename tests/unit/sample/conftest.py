"""A database for what does not depend on which database it is, and the sample itself."""

from collections.abc import Iterator
from datetime import datetime

import pytest
from sqlalchemy.orm import Session

from bot.sim.sample import SampleFacts, load_sample
from models.store.engine import Store
from tests.shared import HERE, NOW, VAULT, Sample


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
def loaded(shared_company: Sample) -> Iterator[tuple[Store, SampleFacts]]:
    """The sample as it is at ``NOW``, for the tests that only look."""
    store = Store(f"sqlite:///{shared_company.path}")
    yield store, shared_company.facts
    store.close()


@pytest.fixture
def session(loaded: tuple[Store, SampleFacts]) -> Iterator[Session]:
    with loaded[0].reading() as reading:
        yield reading


@pytest.fixture
def facts(loaded: tuple[Store, SampleFacts]) -> SampleFacts:
    return loaded[1]
