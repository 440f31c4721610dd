"""Write a new revision from the difference between entities and head: ``make revision m="..."``."""

import sys

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from models.store.schema import VERSIONS, head


def main(message: str) -> None:
    """Bring an empty SQLite to head in memory, compare it with the entities, write a file."""
    config = Config()
    config.set_main_option("script_location", str(VERSIONS.parent))
    with create_engine("sqlite://").begin() as connection:
        config.attributes["connection"] = connection
        last = int(head()) if any(VERSIONS.glob("[0-9]*.py")) else 0
        if last:
            command.upgrade(config, "head")
        command.revision(config, message, autogenerate=True, rev_id=f"{last + 1:04d}")


if __name__ == "__main__":
    main(sys.argv[1])
