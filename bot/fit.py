"""Keeping an answer within what a channel can say at once; the rest becomes pushes."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from bot.channel import Abilities, Answer, Incoming
from bot.text import render, split
from config.texts import t
from handlers.content import Card, Content, Text, dump
from handlers.reply import Reply
from models.push import Order


def fit(
    reply: Reply,
    incoming: Incoming,
    abilities: Abilities,
    token: Callable[[], str],
    orders: list[Order],
    now: datetime,
) -> Answer:
    """The part of a reply that leaves at once; ``orders`` gains what has to follow.

    After a click the card takes the clicked one's place; a text beside it follows as a push where
    the channel cannot say both.
    """
    rest: list[Content] = []
    text = reply.text
    card = reply.card and replace(reply.card, task=reply.card.task or token())
    if incoming.click is not None and card is not None:
        if text and not abilities.click_text:
            rest.append(Text(text))
            text = ""
        update = replace(card, task=incoming.click.task)
        answer = Answer(text=text, update=update, private=reply.private, sealed=reply.sealed)
    elif incoming.click is not None and not abilities.click_text:
        rest.append(Text(text))
        answer = Answer(update=Card(title=t("card.done"), task=incoming.click.task))
    else:
        text, more = _cut(text, abilities)
        rest.extend(Text(part) for part in more)
        fits = card is None or abilities.answer_cards
        answer = Answer(text=text, card=card if fits else None, sealed=reply.sealed)
        if card is not None and not fits:
            rest.append(card)
    rest.extend(reply.files)
    for number, content in enumerate(rest):
        order = _order(content, incoming, number, token, now)
        orders.append(replace(order, sealed=reply.sealed))
    return answer


def _cut(text: str, abilities: Abilities) -> tuple[str, list[str]]:
    """The first part that fits, and the parts that do not."""
    if len(render(text, abilities.answer_dialect).encode()) <= abilities.answer_bytes:
        return text, []
    first, *more = split(text, abilities.answer_bytes)
    return first, more


def _order(
    content: Content,
    incoming: Incoming,
    number: int,
    token: Callable[[], str],
    now: datetime,
) -> Order:
    return Order(
        conversation=incoming.chat or incoming.sender,
        to_group=bool(incoming.chat),
        body=dump(content),
        dedupe=f"more:{incoming.message_id}:{number}",
        not_before=now,
        task=content.task if isinstance(content, Card) else token(),
        reply_url=incoming.reply_url,
        prompt=True,
    )
