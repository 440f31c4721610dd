"""What an answer of the smart bot does to the conversation, whichever way it came.

The long connection, the passive reply and the response_url share these rules; each of them decides
for itself *whether* the answer is still allowed.
"""

from datetime import timedelta
from typing import Any

from bot.sim import codes, limits
from bot.sim.codes import Refusal
from bot.sim.contents import STREAM, Content, Door, judge, picture, read_card
from bot.sim.messages import Author, Dialect, Json, Kind, Message, Occasion, Place
from bot.sim.platform import Platform


def show(
    platform: Platform,
    place: Place,
    author: Author,
    content: Content,
    **fields: Any,  # noqa: ANN401  (fields of Message)
) -> Message:
    """Post a content and remember its task_id."""
    values = {name: getattr(content, name) for name in _CONTENT_FIELDS} | fields
    message = platform.post(place, author, content.kind, **values)
    if content.card:
        platform.register_task(author, content.card, [message])
    return message


_CONTENT_FIELDS = ("text", "dialect", "card", "media", "articles", "mentions")


def answer(
    platform: Platform,
    occasion: Occasion,
    content: Content,
    **fields: Any,  # noqa: ANN401  (fields of Message)
) -> Message:
    """Post an answer to an occasion."""
    occasion.answered = True
    number = occasion.source.number if occasion.source else 0
    return show(platform, occasion.place, Author.BOT, content, answers=number, **fields)


def read_stream(platform: Platform, door: Door, stream: object) -> Json:
    """A well-formed stream; raises 40058, or 93017 for a finished stream that never said a word."""
    judge(platform, door, stream, STREAM, "stream")
    if not isinstance(stream, dict):
        raise TypeError(stream)
    if stream.get("msg_item") and not stream.get("finish"):
        platform.journal.violate(door.where, "msg_item before finish")
        raise Refusal(codes.BAD_PARAMETER, "msg_item")
    return stream


def stream_pictures(platform: Platform, door: Door, stream: Json) -> tuple[str, ...]:
    """Store the pictures of a finished stream (passive replies only)."""
    found = []
    for item in stream.get("msg_item", []):
        data = picture(item["image"], limits.STREAM_IMAGE_BYTES)
        if item["msgtype"] != "image" or data is None:
            platform.journal.violate(door.where, "msg_item: base64, md5, format or size")
            raise Refusal(codes.BAD_IMAGE, "msg_item")
        found.append(platform.keep("image", "", data, "shown").id)
    return tuple(found)


def grow(
    platform: Platform, door: Door, occasion: Occasion, stream: Json, *, life: int | None = None
) -> Message:
    """Create or update the bubble of a stream: every reply carries the whole text so far.

    ``life``: seconds after the first frame when updates end (846608); None: no such end.
    """
    text, finish = stream.get("content", ""), bool(stream.get("finish"))
    found = _bubble(platform, occasion, stream["id"])
    if found is None:
        return _start(platform, door, occasion, stream)
    if found.finished:
        if (found.text, True) != (text, finish):
            platform.journal.violate(door.where, "finished stream changed")
            raise Refusal(codes.STREAM_EXPIRED, "finished")
        return found
    if life is not None and platform.now() - found.at > timedelta(seconds=life):
        platform.journal.violate(door.where, "stream expired")
        raise Refusal(codes.STREAM_EXPIRED, "expired")
    if finish and found.text and not text.strip():
        platform.journal.violate(door.where, "empty finish erases the answer", hard=False)
    found.media = stream_pictures(platform, door, stream)
    found.text, found.finished = text, finish
    platform.changed(found)
    return found


def _bubble(platform: Platform, occasion: Occasion, stream_id: str) -> Message | None:
    same = platform.answers_of(occasion)
    return next((message for message in same if message.stream == stream_id), None)


def _start(platform: Platform, door: Door, occasion: Occasion, stream: Json) -> Message:
    text, finish = stream.get("content", ""), bool(stream.get("finish"))
    media = stream_pictures(platform, door, stream)
    if stream["id"] in platform.stream_ids:
        platform.journal.violate(door.where, "stream id of another answer")
        raise Refusal(codes.BAD_PARAMETER, "stream.id")
    if finish and not text.strip() and not media:
        platform.journal.violate(door.where, "empty content")
        raise Refusal(codes.EMPTY, "content")
    platform.stream_ids.add(stream["id"])
    content = Content(kind=Kind.STREAM, text=text, dialect=Dialect.FULL, media=media)
    return answer(platform, occasion, content, stream=stream["id"], finished=finish)


def replace_card(platform: Platform, door: Door, occasion: Occasion, body: Json) -> None:
    """Put another card in place of the clicked one: for ``userids``, or for everybody."""
    for name in body.keys() - {"response_type", "userids", "template_card"}:
        platform.journal.violate(door.where, f"unknown key {name[:40]!r}", hard=False)
    if body.get("response_type") != "update_template_card":
        platform.journal.violate(door.where, "response_type")
        raise Refusal(codes.BAD_MSGTYPE, "response_type")
    card = read_card(platform, door, body.get("template_card"), update=True)
    if card.get("task_id") != occasion.task:
        platform.journal.violate(door.where, "task_id is not the event's")
        raise Refusal(codes.BAD_PARAMETER, "task_id")
    userids = body.get("userids")
    if userids is not None and not _strings(userids):
        platform.journal.violate(door.where, "userids type")
        raise Refusal(codes.BAD_PARAMETER, "userids")
    occasion.answered = True
    if occasion.source:
        put_card(platform, occasion.source, card, userids)


def put_card(platform: Platform, message: Message, card: Json, userids: list[str] | None) -> None:
    """Change one bubble's card for some people (None or none named: for all)."""
    if userids:
        for userid in userids:
            message.copies[userid.lower()] = card
            message.pending.discard(userid.lower())
    else:
        message.card = card
        message.copies.clear()
        message.pending.clear()
    platform.changed(message)


def _strings(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)
