"""``keys`` and ``audit``: the keys that seal what is confidential, and the chain of the audit."""

import argparse

from bot.cli import say
from bot.cli.data import ready_store
from bot.keys import add_key, key_file, open_vault
from config.settings import Settings
from config.texts import t
from models.audit import Verdict, verify
from models.store.engine import Store
from models.vault import Vault, key_name, keys_in_use

AT_ONCE = 200
"""Rows wrapped anew in one transaction: messages wait no longer than for one of their own."""


def keys(args: argparse.Namespace, settings: Settings) -> int:
    """List the keys and what they wrap, or wrap everything with the newest."""
    vault = open_vault(settings)
    if not vault.ring():
        say(t("cli.keys.none"))
        return 1
    store = ready_store(settings)
    try:
        if args.action == "rotate":
            return _rotate(settings, store, vault)
        return _list(store, vault)
    finally:
        store.close()


def _list(store: Store, vault: Vault) -> int:
    names = [key_name(key) for key in vault.ring()]
    with store.reading() as session:
        used = dict(keys_in_use(session))
    for number, name in enumerate(names):
        rows = used.pop(name, 0)
        state = "newest" if number == 0 else "older" if rows else "retired"
        print(t("cli.keys.line", name=name, rows=rows, state=t(f"cli.keys.{state}")))
    for name, rows in used.items():
        say(t("cli.keys.line", name=name, rows=rows, state=t("cli.keys.lost")))
    return int(bool(used))


def _rotate(settings: Settings, store: Store, vault: Vault) -> int:
    path = key_file(settings)
    if path is None:
        print(t("cli.keys.from_settings"))
    else:
        add_key(path)
        print(t("cli.keys.added", path=path))
    done, lost, after = 0, 0, 0
    while True:
        with store.writing() as session:
            step = vault.rotate(session, after, AT_ONCE)
        done, lost, after = done + step.done, lost + step.lost, step.last_id
        if not after:
            break
    print(t("cli.keys.done", rows=done, name=key_name(vault.ring()[0])))
    if path is not None:
        print(t("cli.keys.keep", path=path))
    if lost:
        say(t("cli.keys.some_lost", rows=lost))
    return int(bool(lost))


def audit(args: argparse.Namespace, settings: Settings) -> int:
    """Check the chain of the audit; exit code 1 if it does not hold."""
    del args
    vault = open_vault(settings)
    store = ready_store(settings)
    try:
        with store.reading() as session:
            found = verify(session, vault)
    finally:
        store.close()
    if found.broken:
        say(t("cli.audit.bad", count=len(found.broken)))
        for number, key in found.broken:
            say(t(key, id=number))
        return 1
    _praise(found)
    return 0


def _praise(found: Verdict) -> None:
    if not found.rows:
        print(t("cli.audit.empty"))
        return
    span = {"first": found.first, "last": found.last, "rows": found.rows}
    if found.marked:
        print(t("cli.audit.good", **span, marked=found.marked))
    else:
        print(t("cli.audit.unsigned", **span))
    print(t("cli.audit.head", head=found.head))
