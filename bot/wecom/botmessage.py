"""A smart bot's message or event -> ``Incoming``; the same for callback URL and long connection.

Bodies as of pages 100719 (messages), 101027 (events) and 101463. Where the page's tables and
the payloads disagree (``event_key`` or ``eventkey``, ``image.url`` or ``image.pic_url``) both are
read. What is known but cannot be used, and what is unknown, is ``None``: acknowledged, no more.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from bot.channel import Click, Incoming, IncomingFile
from bot.wecom.wire import Malformed, first, ident, listing, mapping, words

_FILE_KINDS: Final = frozenset({"image", "file", "video"})
_SLOT_SECONDS: Final = 10


@dataclass(frozen=True, slots=True)
class _Said:
    text: str = ""
    files: tuple[IncomingFile, ...] = ()
    click: Click | None = None
    entered: bool = False


def read_message(
    body: Mapping[str, Any], *, channel: str, received_at: datetime, req_id: str = ""
) -> Incoming | None:
    """Read the decrypted body of a callback; raises ``Malformed`` when it lacks what it needs."""
    said = _read_event(body) if body.get("msgtype") == "event" else _read_content(body)
    if said is None:
        return None
    sender = ident(mapping(body.get("from")).get("userid"))
    if not sender:
        raise Malformed("sender")
    chat = _read_chat(body)
    return Incoming(
        channel=channel,
        message_id=_given_id(body, req_id) or _made_id(body, chat, sender, said, received_at),
        sender=sender,
        received_at=received_at,
        chat=chat,
        text=said.text,
        files=said.files,
        click=said.click,
        entered=said.entered,
        quote=_read_quote(body),
        reply_url=_read_address(body.get("response_url")),
    )


def _read_chat(body: Mapping[str, Any]) -> str:
    """The id of the group, empty in a private chat.

    A group without an id is refused: taken for a private chat, it would hear private things.
    """
    chat = ident(body.get("chatid"))
    kind = body.get("chattype")
    if kind == "single":
        return ""
    if kind == "group" and not chat:
        raise Malformed("chatid")
    return chat


def _read_content(body: Mapping[str, Any]) -> _Said | None:
    """The words and files of a message; None for a kind that is not used here.

    Pictures, files, voice and video reach a bot in private chats only (page 100719).
    """
    kind = body.get("msgtype")
    if not isinstance(kind, str):
        return None
    part = mapping(body.get(kind))
    if kind == "text":
        return _Said(words(part.get("content")))
    if kind == "mixed":
        return _read_mixed(part)
    if body.get("chattype") == "group":
        return None
    if kind == "voice":
        return _Said(words(part.get("content")))
    return _Said(files=(_read_file(kind, part),)) if kind in _FILE_KINDS else None


def _read_mixed(part: Mapping[str, Any]) -> _Said:
    """Words and pictures in one message; the mention is in a text item, not always the first."""
    texts: list[str] = []
    files: list[IncomingFile] = []
    for item in map(mapping, listing(part.get("msg_item"))):
        kind = item.get("msgtype")
        if kind == "text":
            texts.append(words(mapping(item.get("text")).get("content")))
        elif kind == "image":
            files.append(_read_file("image", mapping(item.get("image"))))
    return _Said("\n".join(texts), tuple(files))


def _read_file(kind: str, part: Mapping[str, Any]) -> IncomingFile:
    address = _read_address(first(part, "url", "pic_url"))
    if not address:
        raise Malformed("file")
    return IncomingFile(kind, url=address, aes_key=ident(part.get("aeskey")))


def _read_address(value: object) -> str:
    if value is None:
        return ""
    text = words(value)
    if not text.isprintable():
        raise Malformed("address")
    return text


def _read_quote(body: Mapping[str, Any]) -> str:
    """The words of the quoted message; the platform tells neither its author nor its id."""
    quote = mapping(body.get("quote"))
    kind = quote.get("msgtype")
    if kind in ("text", "voice"):
        return words(mapping(quote.get(kind)).get("content"))
    return _read_mixed(mapping(quote.get("mixed"))).text if kind == "mixed" else ""


def _read_event(body: Mapping[str, Any]) -> _Said | None:
    """The click of a card event, or that somebody entered the private chat."""
    event = mapping(body.get("event"))
    kind = event.get("eventtype")
    if kind == "template_card_event":
        return _Said(click=_read_click(mapping(event.get(kind))))
    return _Said(entered=True) if kind == "enter_chat" else None


def _read_click(part: Mapping[str, Any]) -> Click:
    task = ident(first(part, "task_id", "taskid"))
    action = words(first(part, "event_key", "eventkey"))
    if not task or not action:
        raise Malformed("click")
    selected = part.get("selected_items")
    items = first(selected, "selected_item") if isinstance(selected, dict) else selected
    return Click(task, action, dict(_read_choice(mapping(item)) for item in listing(items)))


def _read_choice(item: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    ids = first(item, "option_ids", "optionids")
    options = first(ids, "option_id", "optionid") if isinstance(ids, dict) else ids
    key = words(first(item, "question_key", "questionkey"))
    return key, tuple(words(option) for option in listing(options))


def _given_id(body: Mapping[str, Any], req_id: str) -> str:
    """What a redelivery is recognised by: ``msgid``, else the id of the frame."""
    if msgid := ident(body.get("msgid")):
        return f"bot:{msgid}"
    return f"bot:req:{req_id}" if req_id else ""


def _made_id(
    body: Mapping[str, Any], chat: str, sender: str, said: _Said, received_at: datetime
) -> str:
    """An id of last resort: a hash of who said what, where, within the same few seconds.

    It holds the moment, else two honest "1" of one person would be one message.
    """
    moment = ident(body.get("create_time")) or str(received_at.timestamp() // _SLOT_SECONDS)
    click = f"{said.click.task}/{said.click.action}" if said.click else ""
    parts = f"{chat}\0{sender}\0{said.text}\0{click}\0{moment}"
    return f"bot:hash:{hashlib.sha256(parts.encode()).hexdigest()}"
