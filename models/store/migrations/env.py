"""Run by Alembic: brings a database to a revision on a connection it is given."""

from typing import Any, Literal

from alembic import context

from models.base import Base, Code, Tenths, UtcDateTime
from models.store.schema import of_entities
from models.store.tables import ENTITIES

assert ENTITIES  # noqa: S101  (imported so that the metadata is complete)


def render_item(kind: str, item: Any, _context: Any) -> str | Literal[False]:  # noqa: ANN401
    """Write our column types as plain ones: a revision must not change when the code does."""
    if kind == "type":
        if isinstance(item, UtcDateTime):
            return "sa.DateTime(timezone=True)"
        if isinstance(item, Tenths):
            return "sa.Integer()"
        if isinstance(item, Code):
            return "sa.String(length=32)"
    return False


def run() -> None:
    """Migrate inside one transaction; a changed table is rebuilt on SQLite (batch mode)."""
    connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        render_item=render_item,
        compare_type=True,
        include_name=of_entities,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
