"""All tables of a database, those included that no entity knows of: for tests that miss nothing."""

from collections.abc import Sequence

from sqlalchemy import Connection, MetaData, Table, inspect

from models.base import Base

_READ: dict[tuple[str, frozenset[str]], MetaData] = {}


def all_tables(connection: Connection) -> Sequence[Table]:
    """As they stand in the database; read once a process, as long as no table comes or goes."""
    names = frozenset(inspect(connection).get_table_names())
    assert names >= set(Base.metadata.tables)
    key = (connection.dialect.name, names)
    if key not in _READ:
        _READ[key] = MetaData()
        _READ[key].reflect(connection)
    return _READ[key].sorted_tables
