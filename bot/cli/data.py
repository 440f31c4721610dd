"""``migrate``, ``import`` and ``export``: the database from the command line."""

import argparse
from pathlib import Path

from bot.cli import say
from bot.clock import SystemClock
from bot.papers.reading import read_workbook
from bot.papers.worker import Desk, write_export
from config.settings import Settings, sqlite_path
from config.texts import t
from handlers.catalogue import catalogue
from handlers.imports import ImportProblems, import_tables, summary_lines
from handlers.table import Wish
from models.errors import UserError
from models.store.engine import Store
from models.store.schema import head, migrate, revision


def migrate_database(args: argparse.Namespace, settings: Settings) -> int:
    """Bring the schema to head."""
    del args
    changed = migrate(settings.database_url)
    print(t("cli.migrate.done" if changed else "cli.migrate.current"))
    return 0


def ready_store(settings: Settings) -> Store:
    """The database; a SQLite file is brought to head by itself, PostgreSQL has to be there."""
    if sqlite_path(settings.database_url) is not None:
        migrate(settings.database_url)
        return Store(settings.database_url)
    store = Store(settings.database_url)
    with store.reader.connect() as connection:
        known = revision(connection)
    if known is None or known < head():
        store.close()
        raise UserError("keep.migrate_first")
    return store


def import_workbook(args: argparse.Namespace, settings: Settings) -> int:
    """All rows or none; every mistake with sheet, row and column."""
    tables = read_workbook(Path(args.file))
    store = ready_store(settings)
    now = SystemClock().now()
    try:
        with store.writing() as session:
            summary = import_tables(
                session,
                tables,
                now=now,
                today=now.astimezone(settings.timezone).date(),
                api_base=settings.api_base,
                actor="cli",
            )
    except ImportProblems as error:
        for problem in error.problems:
            say(str(problem))
        say(t(error.key, **error.params))
        return 1
    finally:
        store.close()
    print("\n".join(summary_lines(summary)))
    return 0


def export_ledger(args: argparse.Namespace, settings: Settings) -> int:
    """Any ledger by its Chinese name; ``--as`` sees what that person may see."""
    known = catalogue()
    if args.list:
        print("\n".join(ledger.name for ledger in known.ledgers.values()))
        return 0
    ledger = known.ledger_named(args.ledger)
    if ledger is None:
        names = "、".join(one.name for one in known.ledgers.values())
        raise UserError("table.unknown", word=args.ledger, names=names)
    ready_store(settings).close()
    desk = Desk(
        settings.database_url,
        SystemClock().now(),
        settings.timezone.key,
        settings.rules_file,
    )
    try:
        data = write_export(desk, ledger.key, args.viewer, {}, Wish())
    except UserError as error:
        if error.key not in ("error.stranger", "error.not_allowed"):
            raise
        raise UserError("cli.export.forbidden", viewer=args.viewer, name=ledger.name) from error
    path = Path(args.output or f"{ledger.name}.xlsx")
    path.write_bytes(data)
    print(t("cli.export.done", path=path))
    return 0
