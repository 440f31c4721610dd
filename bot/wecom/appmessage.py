"""The self-built app's message or event -> ``Incoming`` (pages 90239, 90240).

Apps never receive group messages, so every chat is private. What is known but cannot be used,
and what is unknown, is ``None``: acknowledged, no more.
"""

from datetime import datetime
from typing import Final
from xml.etree.ElementTree import Element

from bot.channel import Click, Incoming, IncomingFile
from bot.wecom.wire import Malformed, ident, words

CHANNEL: Final = "app"
_FILE_KINDS: Final = frozenset({"image", "voice", "video", "file"})


def read_message(root: Element, *, received_at: datetime) -> Incoming | None:
    """Read the decrypted XML of a callback; raises ``Malformed`` when it lacks what it needs."""
    kind = _text(root, "MsgType")
    sender = ident(_text(root, "FromUserName"))
    if not kind or not sender:
        raise Malformed("message")
    if kind == "event":
        return _read_event(root, sender, received_at)
    if kind != "text" and kind not in _FILE_KINDS:
        return None
    file = IncomingFile(kind, media_id=_need(root, "MediaId")) if kind in _FILE_KINDS else None
    return Incoming(
        channel=CHANNEL,
        # One MsgId has been seen shared by several receivers; with the sender it is unique.
        message_id=f"app:{sender}:{_need(root, 'MsgId')}",
        sender=sender,
        received_at=received_at,
        text=words(_text(root, "Content")),
        files=(file,) if file else (),
    )


def _read_event(root: Element, sender: str, received_at: datetime) -> Incoming | None:
    """A click on a card, or somebody opened the app; other events are not used."""
    event = _text(root, "Event")
    click = _read_click(root) if event == "template_card_event" else None
    entered = event == "enter_agent"
    if click is None and not entered:
        return None
    detail = f"{click.action}/{click.task}" if click else ""
    return Incoming(
        channel=CHANNEL,
        message_id=f"app:{sender}:{_need(root, 'CreateTime')}:{event}:{detail}",
        sender=sender,
        received_at=received_at,
        click=click,
        entered=entered,
    )


def _read_click(root: Element) -> Click:
    picked = {
        words(_text(item, "QuestionKey")): tuple(
            words(option.text or "") for option in item.iterfind("OptionIds/OptionId")
        )
        for item in root.iterfind("SelectedItems/SelectedItem")
    }
    return Click(
        task=_need(root, "TaskId"),
        action=words(_text(root, "EventKey")),
        picked=picked,
        response_code=_text(root, "ResponseCode"),
    )


def _text(element: Element, tag: str) -> str:
    return element.findtext(tag) or ""


def _need(root: Element, tag: str) -> str:
    """An id that must be there."""
    value = ident(_text(root, tag))
    if not value:
        raise Malformed(tag)
    return value
