"""Migrations and entities agree, on both databases, in both directions."""

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from models.base import Base
from models.store.engine import Store, driver_url
from models.store.schema import VERSIONS, head, migrate, of_entities, revision
from models.store.tables import ENTITIES


def test_entities_are_all_listed() -> None:
    assert {e.__tablename__ for e in ENTITIES} == set(Base.metadata.tables)


def test_revisions_are_a_line() -> None:
    names = sorted(path.name[:4] for path in VERSIONS.glob("[0-9]*.py"))
    assert names == [f"{number:04d}" for number in range(1, len(names) + 1)]
    assert head() == names[-1]


def test_migrated_database_is_what_the_entities_say(store: Store) -> None:
    with store.writer.connect() as connection:
        assert revision(connection) == head()
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "include_name": of_entities}
        )
        found = compare_metadata(context, Base.metadata)
    assert [change for change in found if "collation" not in repr(change)] == []


def test_migrating_twice_changes_nothing(database_url: str) -> None:
    assert migrate(database_url) is False


def test_every_revision_can_be_taken_back(database_url: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(VERSIONS.parent))
    engine = create_engine(driver_url(database_url))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    engine.dispose()
    assert migrate(database_url) is True
