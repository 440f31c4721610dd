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


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """What a test had to report goes along with its result, to whichever process prints it."""
    if call.when == "call":
        item.user_properties += [("fault", line) for line in REPORT]
        REPORT.clear()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print them all."""
    lines = [
        line
        for kind in ("passed", "failed")
        for done in terminalreporter.getreports(kind)
        for name, line in done.user_properties
        if name == "fault"
    ]
    if lines:
        terminalreporter.section("faults: seconds until it works again")
        for line in lines:
            terminalreporter.write_line(str(line))
