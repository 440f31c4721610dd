"""What a smart bot says, as JSON; the same for callback URL and long connection (page 101031)."""

import hashlib
from dataclasses import replace
from typing import Any

from bot.channel import Answer, Click, Dialect
from bot.text import cut, render
from bot.wecom import limits
from bot.wecom.cards import encode
from handlers.content import Card


def stream_id(message_id: str) -> str:
    """The id of the bubble that answers a message: the same for every delivery of it."""
    return hashlib.sha256(message_id.encode()).hexdigest()[:32]


def stream(message_id: str, markdown: str) -> dict[str, Any]:
    """The ``stream`` object of a finished answer."""
    content = cut(render(markdown, Dialect.FULL), limits.BOT_TEXT)
    return {"id": stream_id(message_id), "finish": True, "content": content}


def card_body(card: Card, home: str) -> dict[str, Any]:
    """A message that is a card."""
    return {"msgtype": "template_card", "template_card": _card(card, home)}


def stream_body(message_id: str, markdown: str) -> dict[str, Any]:
    """A message that is text; an immediate answer has no other form for it."""
    return {"msgtype": "stream", "stream": stream(message_id, markdown)}


def answer_body(message_id: str, answer: Answer, home: str) -> dict[str, Any] | None:
    """Text, card, or both in one body (callback URL); None when there is nothing to say."""
    if answer.card is None:
        return stream_body(message_id, answer.text) if answer.text else None
    if not answer.text:
        return card_body(answer.card, home)
    return {
        "msgtype": "stream_with_template_card",
        "stream": stream(message_id, answer.text),
        "template_card": _card(answer.card, home),
    }


def welcome_body(answer: Answer, home: str) -> dict[str, Any] | None:
    """The greeting of somebody who enters: plain words, else a card; it can be one of them only."""
    if answer.text:
        content = cut(render(answer.text, Dialect.PLAIN), limits.BOT_TEXT)
        return {"msgtype": "text", "text": {"content": content}}
    return card_body(answer.card, home) if answer.card else None


def update_body(click: Click, clicker: str, answer: Answer, home: str) -> dict[str, Any] | None:
    """The card that takes the place of the clicked one; everybody's, unless it is private."""
    if answer.update is None:
        return None
    card = _card(replace(answer.update, task=click.task), home)
    whose = {"userids": [clicker]} if answer.private else {}
    return {"response_type": "update_template_card", **whose, "template_card": card}


def _card(card: Card, home: str) -> dict[str, Any]:
    return encode(card, lengths=limits.BOT_CARD, home=home)
