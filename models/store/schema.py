"""The schema's revisions: where a database stands, and bringing it to head.

Revisions are numbered ``0001``, ``0002`` ... so that the head is known without importing Alembic,
which costs more than the rest of a start together.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from models.store.engine import plain_engine

VERSIONS = Path(__file__).with_name("migrations") / "versions"
BY_HAND = "search_index"
"""How everything begins that belongs to the text index (models/search.py)."""
LOCK = 7_263_001
"""Advisory lock of PostgreSQL: two processes that start together do not migrate together."""


def head() -> str:
    """The newest revision that this code knows."""
    return max(path.name[:4] for path in VERSIONS.glob("[0-9]*.py"))


def revision(connection: Connection) -> str | None:
    """The revision of a database; None if it is empty."""
    try:
        with connection.begin_nested() if connection.in_transaction() else connection.begin():
            found = connection.scalar(text("SELECT version_num FROM alembic_version"))
            return None if found is None else str(found)
    except DBAPIError:
        return None


def of_entities(name: str | None, kind: str, above: Mapping[Any, str | None]) -> bool:
    """Whether something in a database is described by the entities (Alembic's ``include_name``).

    What only one dialect has is made by hand in a revision, under a name of its own.
    """
    del kind, above
    return name is None or not name.startswith(BY_HAND)


def migrate(database_url: str) -> bool:
    """Bring a database to head; False if it was there already."""
    engine = plain_engine(database_url)
    try:
        with engine.connect() as connection:
            if revision(connection) == head():
                return False
        with engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
            _upgrade(connection)
        return True
    finally:
        engine.dispose()


def _upgrade(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415  (slow to import, rarely needed)
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(VERSIONS.parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
