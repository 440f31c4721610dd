"""The command line: one parser, one function per command. Exit code 0: done, 1: not, 2: typo."""

import argparse
import errno
import gc
import logging
import os
import sys
from collections.abc import Callable, Sequence

from dotenv import dotenv_values
from sqlalchemy.exc import OperationalError

from bot.logs import set_up_logs
from config.settings import Settings, SettingsError, read_settings
from config.texts import t
from models.errors import UserError

MOST = 65535
LEVELS = {"check": logging.CRITICAL, "demo": logging.WARNING}
"""Where somebody reads along, only what matters is logged."""
Command = Callable[[argparse.Namespace, Settings], int]


def _demo(args: argparse.Namespace, settings: Settings) -> int:
    from bot.cli.demo import demo  # noqa: PLC0415  (each command imports what it needs)

    return demo(args, settings)


def _run(args: argparse.Namespace, settings: Settings) -> int:
    gc.disable()  # until bot.tune: hardly anything that a start makes goes away again
    from bot.cli.serve import run  # noqa: PLC0415  (as above)

    return run(args, settings)


def _migrate(args: argparse.Namespace, settings: Settings) -> int:
    from bot.cli.data import migrate_database  # noqa: PLC0415  (as above)

    return migrate_database(args, settings)


def _import(args: argparse.Namespace, settings: Settings) -> int:
    from bot.cli.data import import_workbook  # noqa: PLC0415  (as above)

    return import_workbook(args, settings)


def _export(args: argparse.Namespace, settings: Settings) -> int:
    from bot.cli.data import export_ledger  # noqa: PLC0415  (as above)

    return export_ledger(args, settings)


def _jobs(args: argparse.Namespace, settings: Settings) -> int:
    from bot.cli.clockwork import jobs  # noqa: PLC0415  (as above)

    return jobs(args, settings)


def _check(args: argparse.Namespace, settings: Settings) -> int:
    from bot.cli.doctor import check  # noqa: PLC0415  (as above)

    return check(args, settings)


def _backup(args: argparse.Namespace, settings: Settings) -> int:
    from bot.cli.keep import backup  # noqa: PLC0415  (as above)

    return backup(args, settings)


def _restore(args: argparse.Namespace, settings: Settings) -> int:
    from bot.cli.keep import restore  # noqa: PLC0415  (as above)

    return restore(args, settings)


def _keys(args: argparse.Namespace, settings: Settings) -> int:
    from bot.cli.vault import keys  # noqa: PLC0415  (as above)

    return keys(args, settings)


def _audit(args: argparse.Namespace, settings: Settings) -> int:
    from bot.cli.vault import audit  # noqa: PLC0415  (as above)

    return audit(args, settings)


def parser() -> argparse.ArgumentParser:
    """All commands with their options; help in Chinese."""
    top = argparse.ArgumentParser(prog="python -m bot", description=t("cli.about"))
    commands = top.add_subparsers(dest="command", required=True, metavar=t("cli.command"))

    def add(name: str, function: Command) -> argparse.ArgumentParser:
        one = commands.add_parser(name, help=t(f"cli.{name}.help"))
        one.set_defaults(function=function)
        return one

    demo = add("demo", _demo)
    demo.add_argument("--port", type=_port, metavar="N", help=t("cli.demo.port"))
    demo.add_argument("--data", default="", metavar="DIR", help=t("cli.demo.data"))
    add("run", _run)
    add("migrate", _migrate)
    one = add("import", _import)
    one.add_argument("file", metavar="FILE.xlsx", help=t("cli.import.file"))
    one = add("export", _export)
    one.add_argument("ledger", nargs="?", default="", metavar="LEDGER", help=t("cli.export.ledger"))
    one.add_argument("-o", "--output", default="", metavar="FILE.xlsx", help=t("cli.export.output"))
    one.add_argument("--as", dest="viewer", metavar="USERID", help=t("cli.export.viewer"))
    one.add_argument("--list", action="store_true", help=t("cli.export.list"))
    one = add("jobs", _jobs)
    one.add_argument("action", nargs="?", choices=["run"], help=t("cli.jobs.action"))
    one.add_argument("name", nargs="?", default="", metavar="NAME", help=t("cli.jobs.name"))
    one.add_argument("--at", default="", metavar="ISO-TIME", help=t("cli.jobs.at"))
    add("check", _check)
    one = add("keys", _keys)
    one.add_argument("action", nargs="?", choices=["rotate"], help=t("cli.keys.action"))
    one = add("audit", _audit)
    one.add_argument("action", choices=["verify"], help=t("cli.audit.action"))
    one = add("backup", _backup)
    one.add_argument("file", metavar="FILE", help=t("cli.backup.file"))
    one = add("restore", _restore)
    one.add_argument("file", metavar="FILE", help=t("cli.restore.file"))
    one.add_argument("--force", action="store_true", help=t("cli.restore.force"))
    return top


def _port(text: str) -> int:
    """A port with a free one above it, which the product's own pages take."""
    if not text.isdecimal() or not 0 < int(text) < MOST:
        raise argparse.ArgumentTypeError(t("cli.demo.bad_port", most=MOST - 1))
    return int(text)


def main(argv: Sequence[str]) -> int:
    """Do one command; what went wrong is said in Chinese on stderr."""
    args = parser().parse_args(argv)
    set_up_logs(level=LEVELS.get(args.command, logging.INFO))
    try:
        settings = read_settings(environment())
        function: Command = args.function
        return function(args, settings)
    except SettingsError as error:
        for problem in error.problems:
            say(problem)
    except UserError as error:
        say(t(error.key, **error.params))
    except OperationalError:
        say(t("check.database_away"))
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            say(t("cli.port_taken"))
        elif error.filename is None:
            raise
        else:
            say(t("cli.file", path=error.filename))
    except KeyboardInterrupt:
        return 130
    return 1


def environment() -> dict[str, str]:
    """The environment over what ``.env`` in the working folder holds."""
    kept = {name: value or "" for name, value in dotenv_values(".env").items()}
    return {**kept, **os.environ}


def say(text: str) -> None:
    """Tell the operator what went wrong."""
    print(text, file=sys.stderr)
