"""What is kept of what was said: stored answers and queued pushes.

What was told in confidence is kept encrypted, and only until it was said (``jobs/cleaning.py``).
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from bot.channel import Answer
from config.texts import t
from handlers.content import Content, Sealed, Text, dump, load
from models.errors import UserError
from models.push import Order, write_pushes
from models.vault import SHUT, Vault

ANSWER: Final = "answer"
PUSH: Final = "push"
VAULT: Final = "vault"
"""Where a writer's session knows the vault (``Session.info``)."""
_SEALED: Final = json.dumps({"sealed": True})


def keep_answer(
    connection: Connection, vault: Vault, message_id: str, answer: Answer | None, now: datetime
) -> str | None:
    """What the table of messages holds of an answer; a sealed one lies in the vault."""
    written = write_answer(answer)
    if written is None or answer is None or not answer.sealed:
        return written
    vault.seal(connection, ANSWER, message_id, written, now)
    return _SEALED


def stored_answer(
    connection: Connection, vault: Vault, message_id: str, kept: Mapping[str, str | None]
) -> Answer:
    """The answer that was given before to a message."""
    if kept[message_id] != _SEALED:
        return read_answer(kept[message_id])
    try:
        written = vault.open(connection, ANSWER, message_id)
    except UserError as error:
        return Answer(text=t(error.key, **error.params))
    return Answer(text=t("vault.gone")) if written is None else read_answer(written)


def seal_orders(
    connection: Connection, vault: Vault, orders: Iterable[Order], now: datetime
) -> list[Order]:
    """The orders as the outbox may hold them."""
    held = []
    for order in orders:
        if order.sealed:
            vault.seal(connection, PUSH, order.dedupe, order.body, now)
            held.append(replace(order, body=dump(Sealed(order.dedupe))))
        else:
            held.append(order)
    return held


def write_orders(session: Session, orders: Iterable[Order], now: datetime) -> None:
    """Queue pushes in the present transaction, the sealed ones sealed."""
    connection = session.connection()
    write_pushes(connection, seal_orders(connection, _vault(session), orders, now), now)


def _vault(session: Session) -> Vault:
    vault: Vault = session.info.get(VAULT, SHUT)
    return vault


def unsealed(session: Session, body: str) -> Content:
    """What a queued push says; if it cannot be opened any more, where to look instead."""
    content = load(body)
    if not isinstance(content, Sealed):
        return content
    try:
        opened = _vault(session).open(session.connection(), PUSH, content.subject)
    except UserError as error:
        return Text(t(error.key, **error.params))
    return Text(t("vault.gone")) if opened is None else load(opened)


def write_answer(answer: Answer | None) -> str | None:
    """An answer as JSON."""
    if answer is None or answer == Answer():
        return None
    body: dict[str, Any] = {"text": answer.text}
    if answer.card:
        body["card"] = dump(answer.card)
    if answer.update:
        body["update"] = dump(answer.update)
    if answer.private:
        body["private"] = True
    return json.dumps(body, ensure_ascii=False)


def read_answer(text: str | None) -> Answer:
    """What :func:`write_answer` wrote."""
    if text is None:
        return Answer()
    body = json.loads(text)
    cards: Mapping[str, Any] = {
        name: load(body[name]) for name in ("card", "update") if name in body
    }
    return Answer(text=body["text"], private=body.get("private", False), **cards)
