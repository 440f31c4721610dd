"""A database for what does not depend on which database it is."""

from collections.abc import Iterator

import pytest

from models.store.engine import Store


@pytest.fixture
def light(sqlite_url: str) -> Iterator[Store]:
    """The quicker one of the two."""
    made = Store(sqlite_url)
    yield made
    made.close()
