"""The figures of the long form stand at the end of the run."""

from collections.abc import Iterator

import pytest

from models.store.schema import migrate
from tests.faults.plant import REPORT
from tests.postgres import Postgres, server_folder, started


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    """A migrated server of the test's own, to be broken; what it commits is on disk."""
    with server_folder() as folder:
        server = started(folder)
        migrate(server.url())
        yield server
        server.remove()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if REPORT:
        terminalreporter.section("faults: seconds until it works again")
        for line in REPORT:
            terminalreporter.write_line(line)
