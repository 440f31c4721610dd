"""Databases for tests: SQLite in a folder of the test, PostgreSQL from a throw-away server."""

import os
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import create_engine, text

from models.store.engine import Store, driver_url
from models.store.schema import migrate
from tests.hearing import WATCH, watch
from tests.shared import Sample, run_folder, share_compiled_sql, shared_sample
from tests.visitor import Visitor
from tests.world import World

# How long an example takes says something about the machine, not about us: it may be shared.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")


watch()
share_compiled_sql()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long forms run when they are asked for: ``make test-year``, ``make test-faults``."""
    if os.environ.get("ZBT_TEST_LONG"):
        return
    skip = pytest.mark.skip(reason="long: make test-year, make test-faults")
    for item in items:
        if item.get_closest_marker("long"):
            item.add_marker(skip)


@pytest.fixture(autouse=True)
def no_faults(request: pytest.FixtureRequest) -> Iterator[None]:
    """What is logged as an error is a mistake of ours, unless the test is about one."""
    WATCH.faults.clear()
    yield
    if request.node.get_closest_marker("faults") is None:
        assert WATCH.faults == []


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a PostgreSQL of this test run, or of the one in ``ZBT_TEST_POSTGRES``."""
    given = os.environ.get("ZBT_TEST_POSTGRES", "")
    if given:
        yield given
        return
    from tests.postgres import FORGETFUL, server_folder, started  # noqa: PLC0415  (slow)

    with server_folder() as folder:
        server = started(folder, **FORGETFUL)
        yield server.url()
        server.remove()


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> str:
    """A migrated database from which each test's own is copied."""
    name = f"template_{uuid.uuid4().hex[:8]}"
    _admin(postgres_server, f'CREATE DATABASE "{name}"')
    url = _with_database(postgres_server, name)
    migrate(url)
    return name


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of a migrated, empty SQLite database."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    migrate(f"sqlite:///{path}")
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return path.read_bytes()


@pytest.fixture(scope="session")
def shared_company(sqlite_template: bytes, tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """The sample company, for tests that only look or make a copy: it takes seconds to load."""
    return shared_sample(run_folder(tmp_path_factory.getbasetemp()), sqlite_template)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest) -> str:
    """A migrated, empty database of the test's own, of both kinds."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def postgres_url(postgres_server: str, postgres_template: str) -> Iterator[str]:
    """A migrated, empty PostgreSQL database of the test's own."""
    with _copy(postgres_server, postgres_template) as url:
        yield url


@pytest.fixture
def sqlite_url(sqlite_template: bytes, tmp_path: Path) -> str:
    """A migrated, empty SQLite database of the test's own."""
    path = tmp_path / "test.db"
    path.write_bytes(sqlite_template)
    return f"sqlite:///{path}"


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """The engines of the test's database."""
    made = Store(database_url)
    yield made
    made.close()


@pytest.fixture
async def world(sqlite_url: str) -> AsyncIterator[World]:
    """The small company with the product on SQLite."""
    made = World(sqlite_url)
    made.settle()
    await made.open()
    yield made
    await made.close()


@pytest.fixture
async def visitor(world: World) -> AsyncIterator[Visitor]:
    """Somebody with a browser, not logged in yet, in the small company."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        yield Visitor(world, session)


@pytest.fixture(scope="session")
def postgres_company(postgres_server: str, postgres_template: str) -> str:
    """The name of a PostgreSQL database with the small company, from which a test's is copied."""
    name = f"company_{uuid.uuid4().hex[:8]}"
    _admin(postgres_server, f'CREATE DATABASE "{name}" TEMPLATE "{postgres_template}"')
    made = World(_with_database(postgres_server, name))
    made.settle()
    made.store.close()
    return name


@pytest.fixture
def postgres_settled(postgres_server: str, postgres_company: str) -> Iterator[World]:
    """The small company in a PostgreSQL database of the test's own."""
    with _copy(postgres_server, postgres_company) as url:
        yield World(url)


@pytest.fixture
def sqlite_settled(sqlite_url: str) -> World:
    """The small company in a SQLite database of the test's own."""
    made = World(sqlite_url)
    made.settle()
    return made


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def both_worlds(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    """The small company with the product on each database."""
    made: World = request.getfixturevalue(f"{request.param}_settled")
    await made.open()
    yield made
    await made.close()


@contextmanager
def _copy(server: str, template: str) -> Iterator[str]:
    name = f"test_{uuid.uuid4().hex[:12]}"
    _admin(server, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    yield _with_database(server, name)
    _admin(server, f'DROP DATABASE "{name}" WITH (FORCE)')


def _admin(server: str, statement: str) -> None:
    engine = create_engine(driver_url(server), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


def _with_database(server: str, name: str) -> str:
    from sqlalchemy.engine import make_url  # noqa: PLC0415  (only here)

    return make_url(server).set(database=name).render_as_string(hide_password=False)
