"""Answers that cannot be said at once and follow their message by push."""

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from bot.channel import Answer, Incoming
from bot.keeping import VAULT, stored_answer, write_orders
from handlers.content import Card, Text, dump
from models.message import Message, Unsaid
from models.push import Order

WORTH_SAYING = timedelta(minutes=30)
"""How long after its message an answer still helps."""


def following(
    message_id: str, conversation: str, answer: Answer, now: datetime, *, to_group: bool
) -> list[Order]:
    """An answer that has to follow its message by push: it took too long, or its way is gone.

    A card that would have taken the place of the clicked one comes as a card of its own.
    """
    contents: list[Text | Card] = [Text(answer.text)] if answer.text else []
    if card := answer.card or answer.update:
        contents.append(card)
    task = "late-" + hashlib.sha256(message_id.encode()).hexdigest()[:32]
    return [
        Order(
            conversation=conversation,
            to_group=to_group,
            body=dump(content if isinstance(content, Text) else replace(content, task=task)),
            dedupe=f"late:{message_id}:{number}",
            not_before=now,
            task=task,
            prompt=True,
            sealed=answer.sealed,
        )
        for number, content in enumerate(contents)
    ]


def follow_up(incoming: Incoming, answer: Answer, now: datetime) -> list[Order]:
    """The orders for an answer that follows, through the message's own address if it has one."""
    orders = following(
        incoming.message_id,
        incoming.chat or incoming.sender,
        answer,
        now,
        to_group=bool(incoming.chat),
    )
    return [replace(order, reply_url=incoming.reply_url) for order in orders]


def speak_for(session: Session, dead: str, now: datetime) -> None:
    """Queue what a dead process had stored and not said (``Presence.inherit``)."""
    rows = session.execute(
        select(Unsaid.message_id, Unsaid.conversation, Unsaid.to_group, Message.answer)
        .join(Message, Message.id == Unsaid.message_id)
        .where(Unsaid.holder == dead, Unsaid.at > now - WORTH_SAYING)
        .order_by(Unsaid.at)
    ).all()
    connection, vault = session.connection(), session.info[VAULT]
    orders = [
        order
        for row in rows
        for order in following(
            row.message_id,
            row.conversation,
            stored_answer(connection, vault, row.message_id, {row.message_id: row.answer}),
            now,
            to_group=row.to_group,
        )
    ]
    write_orders(session, orders, now)
    session.execute(delete(Unsaid).where(Unsaid.holder == dead))
