"""``backup`` and ``restore``: one file for both databases, consistent while the product runs.

A zip with a manifest and one file of JSON lines per table, read in one snapshot. It holds what the
tables hold: encrypted fields stay encrypted. Written by SQLite it can be restored into PostgreSQL
and the other way round.
"""

import argparse
import base64
import json
import os
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Select, Table, func, insert, select, text
from sqlalchemy.types import DateTime, LargeBinary

from bot.clock import SystemClock
from bot.keys import key_file
from config.settings import Settings, sqlite_path
from config.texts import t
from models.base import Base, Tenths
from models.errors import UserError
from models.store.engine import Store
from models.store.schema import head, migrate, revision
from models.store.tables import ENTITIES

FORMAT = 1
ROWS = 2000
VOLATILE = ("process", "lease", "unsaid", "rendering")
"""What is not worth keeping: who runs now, and what can be drawn again."""


def backup(args: argparse.Namespace, settings: Settings) -> int:
    """Write all tables as of one moment into a file that only its owner can read."""
    path = Path(args.file)
    store = Store(settings.database_url)
    try:
        with store.reader.connect() as connection, connection.begin():
            known = revision(connection)
            if known is None:
                raise UserError("keep.empty_source")
            counts = _write(connection, path, known)
    finally:
        store.close()
    print(t("keep.saved", path=path, rows=sum(counts.values())))
    if keys := key_file(settings):
        print(t("cli.keys.keep", path=keys))
    return 0


def _write(connection: Connection, path: Path, known: str) -> dict[str, int]:
    partial = path.with_name(path.name + ".part")
    descriptor = os.open(partial, os.O_CREAT | os.O_TRUNC | os.O_RDWR, 0o600)
    counts: dict[str, int] = {}
    with (
        os.fdopen(descriptor, "w+b") as file,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for table in _tables():
            with archive.open(f"{table.name}.jsonl", "w", force_zip64=True) as out:
                counts[table.name] = 0
                for row in connection.execution_options(yield_per=ROWS).execute(_in_order(table)):
                    out.write(_line(dict(row._mapping)))  # noqa: SLF001  (the public way)
                    counts[table.name] += 1
        manifest = {
            "format": FORMAT,
            "revision": known,
            "at": SystemClock().now().isoformat(),
            "rows": counts,
        }
        archive.writestr("manifest.json", json.dumps(manifest, indent=1))
        file.flush()
        os.fsync(descriptor)
    partial.replace(path)
    return counts


def _tables() -> list[Table]:
    tables = [Base.metadata.tables[entity.__tablename__] for entity in ENTITIES]
    return [table for table in tables if table.name not in VOLATILE]


def _in_order(table: Table) -> Select[*tuple[Any, ...]]:
    """All rows by their key: the order in which they came is nobody's business."""
    return select(table).order_by(*table.primary_key.columns)


def _line(row: dict[str, Any]) -> bytes:
    return json.dumps(row, ensure_ascii=False, default=_plain).encode() + b"\n"


def _plain(value: Any) -> Any:  # noqa: ANN401  (whatever a column holds)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(value).decode()
    if isinstance(value, StrEnum):
        return value.value
    raise TypeError(type(value))


def restore(args: argparse.Namespace, settings: Settings) -> int:
    """Fill an empty database from a file; ``--force`` empties it first."""
    path = Path(args.file)
    try:
        archive = zipfile.ZipFile(path)
        manifest = json.loads(archive.read("manifest.json"))
    except (OSError, KeyError, ValueError, zipfile.BadZipFile):
        raise UserError("keep.not_a_backup", path=path) from None
    if manifest.get("format") != FORMAT or manifest.get("revision", "") > head():
        raise UserError("keep.too_new", path=path)
    if sqlite_path(settings.database_url) is not None or args.force:
        migrate(settings.database_url)
    with archive:
        rows = _restore(settings, archive, manifest, force=args.force)
    print(t("keep.restored", path=path, rows=rows))
    return 0


def _restore(
    settings: Settings, archive: zipfile.ZipFile, manifest: dict[str, Any], *, force: bool
) -> int:
    store = Store(settings.database_url)
    count = 0
    try:
        with store.writer.begin() as connection:
            if revision(connection) != head():
                raise UserError("keep.migrate_first")
            _clear(connection, force=force)
            for table in _tables():
                if table.name in manifest["rows"]:
                    count += _fill(connection, table, archive)
            _sequences(connection)
    finally:
        store.close()
    return count


def _clear(connection: Connection, *, force: bool) -> None:
    tables = [Base.metadata.tables[entity.__tablename__] for entity in ENTITIES]
    filled = any(connection.scalar(select(func.count()).select_from(t_)) for t_ in _tables())
    if filled and not force:
        raise UserError("keep.not_empty")
    for table in reversed(tables):
        for column in table.columns:
            if any(key.column.table is table for key in column.foreign_keys):
                connection.execute(table.update().values({column.name: None}))
        connection.execute(table.delete())


def _fill(connection: Connection, table: Table, archive: zipfile.ZipFile) -> int:
    count = 0
    with archive.open(f"{table.name}.jsonl") as lines:
        for rows in _chunks(table, lines):
            connection.execute(insert(table), rows)
            count += len(rows)
    return count


def _chunks(table: Table, lines: Any) -> Iterator[list[dict[str, Any]]]:  # noqa: ANN401  (a file)
    rows: list[dict[str, Any]] = []
    for line in lines:
        raw = json.loads(line)
        rows.append({c.name: _typed(c.type, raw[c.name]) for c in table.columns if c.name in raw})
        if len(rows) == ROWS:
            yield rows
            rows = []
    if rows:
        yield rows


def _typed(kind: Any, value: Any) -> Any:  # noqa: ANN401  (a column's type decides)
    if value is None:
        return None
    inner = getattr(kind, "impl", kind)
    if isinstance(kind, Tenths):
        return Decimal(value)
    if isinstance(inner, LargeBinary):
        return base64.b64decode(value)
    if isinstance(inner, DateTime):
        return datetime.fromisoformat(value)
    if getattr(kind, "python_type", None) is date:
        return date.fromisoformat(value)
    return value


def _sequences(connection: Connection) -> None:
    """Let PostgreSQL go on counting after the restored ids."""
    if connection.dialect.name != "postgresql":
        return
    for table in _tables():
        key = table.autoincrement_column
        if key is not None:
            connection.execute(
                text(
                    f"SELECT setval(pg_get_serial_sequence('{table.name}', '{key.name}'), "
                    f"GREATEST((SELECT max({key.name}) FROM {table.name}), 1))"
                )
            )
