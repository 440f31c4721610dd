"""Reading what robots want to say: which types each door takes, how long, and what is wrong.

``read`` returns a :class:`Content` ready to be posted, or raises :class:`Refusal` with the
platform's errcode; whatever breaks a rule is noted in the journal either way.
"""

import base64
import binascii
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from bot.sim import codes, limits
from bot.sim.cards import INTERACTIVE, Dealer, problems
from bot.sim.codes import Refusal
from bot.sim.messages import Author, Dialect, Json, Kind
from bot.sim.platform import Platform
from bot.sim.shape import Flag, Many, Obj, Shape, Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What will stand in the bubble."""

    kind: Kind
    text: str = ""
    dialect: Dialect = Dialect.PLAIN
    card: Json | None = None
    media: tuple[str, ...] = ()
    articles: tuple[Json, ...] = ()
    mentions: tuple[str, ...] = ()

    @property
    def interactive(self) -> bool:
        """Whether clicks on it come back."""
        card = self.card or {}
        return card.get("card_type") in INTERACTIVE or "action_menu" in card


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """What one command or call takes.

    ``envelope`` are the keys beside ``msgtype`` and the payload; ``cut``: a long plain text is
    cut silently instead of refused; ``scope`` is where its media_ids come from.
    """

    where: str
    author: Author
    types: frozenset[str]
    envelope: frozenset[str] = frozenset()
    scope: str = ""
    text: int = limits.BOT_CONTENT
    markdown: int = limits.BOT_CONTENT
    cut: bool = False
    dialect: Dialect = Dialect.FULL
    empty: int = codes.EMPTY

    @property
    def dealer(self) -> Dealer:
        """Whose table its cards are checked against."""
        return Dealer(self.author.value)


_BOT_MEDIA: Final = frozenset({"file", "image", "voice", "video"})
REPLY: Final = Door(
    where="aibot_respond_msg",
    author=Author.BOT,
    types=frozenset({"markdown", "template_card"}) | _BOT_MEDIA,
    scope="bot",
)
WELCOME: Final = Door(
    where="aibot_respond_welcome_msg",
    author=Author.BOT,
    types=frozenset({"text", "template_card"}),
)
PUSH: Final = Door(
    where="aibot_send_msg",
    author=Author.BOT,
    types=REPLY.types,
    envelope=frozenset({"chatid", "chat_type"}),
    scope="bot",
)
PASSIVE: Final = Door(
    where="passive reply",
    author=Author.BOT,
    types=frozenset({"template_card"}),
)
GREETING: Final = Door(
    where="passive greeting",
    author=Author.BOT,
    types=frozenset({"text", "template_card"}),
)
REPLY_URL: Final = Door(
    where="aibot/response",
    author=Author.BOT,
    types=frozenset({"markdown", "template_card"}),
)


def read(platform: Platform, door: Door, body: Json) -> Content:
    """Judge a message body as it came through this door."""
    msgtype = body.get("msgtype")
    if not isinstance(msgtype, str) or msgtype not in door.types:
        platform.journal.violate(door.where, f"msgtype {str(msgtype)[:40]!r}")
        raise Refusal(codes.BAD_MSGTYPE, "msgtype")
    for name in body.keys() - door.envelope - {"msgtype", msgtype}:
        platform.journal.violate(door.where, f"unknown key {name[:40]!r}", hard=False)
    payload = body.get(msgtype)
    if not isinstance(payload, dict):
        platform.journal.violate(door.where, f"{msgtype} missing")
        raise Refusal(codes.BAD_PARAMETER, msgtype)
    return _READERS[msgtype](platform, door, payload)


def judge(platform: Platform, door: Door, value: object, shape: Shape, path: str) -> None:
    """Check a shape: note everything, refuse (40058) if something hard is wrong."""
    if platform.journal.violate_all(door.where, shape.check(value, path)):
        raise Refusal(codes.BAD_PARAMETER, path)


def _limited(platform: Platform, door: Door, text: str, limit: int, *, cut: bool = False) -> str:
    """The text if it fits; a longer one is cut silently or refused."""
    if not text.strip():
        platform.journal.violate(door.where, "empty content")
        raise Refusal(door.empty, "content")
    raw = text.encode()
    if len(raw) <= limit:
        return text
    platform.journal.violate(door.where, f"content over {limit} bytes", hard=not cut)
    if not cut:
        raise Refusal(codes.BAD_PARAMETER, f"content exceed max length {limit}")
    return raw[:limit].decode(errors="ignore")


def _text(platform: Platform, door: Door, payload: Json) -> Content:
    keys: dict[str, Shape] = {"content": Text(required=False)}
    if door.author is not Author.BOT:
        keys["mentioned_list"] = Many(item=Text(), most=1000, least=0)
    if door.author is Author.WEBHOOK:
        keys["mentioned_mobile_list"] = Many(item=Text(), most=1000, least=0)
    judge(platform, door, payload, Obj(keys=keys), "text")
    text = _limited(platform, door, payload.get("content", ""), door.text, cut=door.cut)
    mentions = tuple(payload.get("mentioned_list", []))
    return Content(kind=Kind.TEXT, text=text, mentions=mentions)


def _markdown(platform: Platform, door: Door, payload: Json) -> Content:
    keys: dict[str, Shape] = {"content": Text()}
    if door.author is Author.BOT:
        keys["feedback"] = FEEDBACK
    judge(platform, door, payload, Obj(keys=keys), "markdown")
    text = _limited(platform, door, payload.get("content", ""), door.markdown)
    return Content(kind=Kind.MARKDOWN, text=text, dialect=door.dialect)


def _markdown_v2(platform: Platform, door: Door, payload: Json) -> Content:
    judge(platform, door, payload, Obj(keys={"content": Text()}), "markdown_v2")
    text = _limited(platform, door, payload.get("content", ""), door.markdown)
    return Content(kind=Kind.MARKDOWN, text=text, dialect=Dialect.FULL)


def read_card(platform: Platform, door: Door, card: object, *, update: bool = False) -> Json:
    """A valid card; 40058 with every problem noted, 42014 for a task_id used before."""
    if platform.journal.violate_all(door.where, problems(card, door.dealer, update=update)):
        raise Refusal(codes.BAD_PARAMETER, "template_card")
    if not isinstance(card, dict):
        raise TypeError(card)
    if not update and (door.author, card.get("task_id")) in platform.tasks:
        platform.journal.violate(door.where, "task_id used before")
        raise Refusal(codes.TASK_USED, "task_id")
    return card


def _card(platform: Platform, door: Door, payload: Json) -> Content:
    return Content(kind=Kind.CARD, card=read_card(platform, door, payload))


def _media(kind: str) -> Callable[[Platform, Door, Json], Content]:
    def reader(platform: Platform, door: Door, payload: Json) -> Content:
        if kind == "image" and door.author is Author.WEBHOOK:
            return _inline_image(platform, door, payload)
        keys: dict[str, Shape] = {"media_id": Text(required=True)}
        if kind == "video":
            keys |= {"title": Text(size=limits.VIDEO_TITLE), "description": Text(size=512)}
        judge(platform, door, payload, Obj(keys=keys), kind)
        media = platform.find_media(payload.get("media_id"), kind, door.scope)
        if media is None:
            platform.journal.violate(door.where, f"{kind}: media_id")
            raise Refusal(codes.BAD_MEDIA_ID, kind)
        return Content(kind=Kind(kind), text=payload.get("title", ""), media=(media.id,))

    return reader


def _inline_image(platform: Platform, door: Door, payload: Json) -> Content:
    keys = {"base64": Text(required=True), "md5": Text(required=True)}
    judge(platform, door, payload, Obj(keys=keys), "image")
    data = picture(payload, limits.WEBHOOK_IMAGE)
    if data is None:
        platform.journal.violate(door.where, "image: base64, md5, format or size")
        raise Refusal(codes.BAD_IMAGE, "image")
    return Content(kind=Kind.IMAGE, media=(platform.keep("image", "", data, "shown").id,))


def picture(payload: Mapping[str, str], most: int) -> bytes | None:
    """The bytes of an inline JPG or PNG whose md5 and size are right, else None."""
    try:
        data = base64.b64decode(payload["base64"], validate=True)
    except (ValueError, binascii.Error):
        return None
    digest = hashlib.md5(data, usedforsecurity=False).hexdigest()
    if digest != payload["md5"].lower() or len(data) > most:
        return None
    return data if is_picture(data) else None


def is_picture(data: bytes) -> bool:
    """Whether the bytes begin like a JPG or a PNG."""
    return data.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"))


def _news(platform: Platform, door: Door, payload: Json) -> Content:
    article: dict[str, Shape] = {
        "title": Text(required=True, size=limits.NEWS_TITLE),
        "description": Text(size=limits.NEWS_DESCRIPTION),
        "url": Text(required=True),
        "picurl": Text(),
    }
    many = Many(item=Obj(keys=article), most=limits.NEWS_ARTICLES, required=True)
    judge(platform, door, payload, Obj(keys={"articles": many}), "news")
    return Content(kind=Kind.NEWS, articles=tuple(payload["articles"]))


def _textcard(platform: Platform, door: Door, payload: Json) -> Content:
    keys: dict[str, Shape] = {
        "title": Text(required=True, chars=128),
        "description": Text(required=True, chars=512),
        "url": Text(required=True, size=2048),
        "btntxt": Text(chars=4),
    }
    judge(platform, door, payload, Obj(keys=keys), "textcard")
    return Content(kind=Kind.NEWS, articles=(payload,))


_READERS: Final[Mapping[str, Callable[[Platform, Door, Json], Content]]] = {
    "text": _text,
    "markdown": _markdown,
    "markdown_v2": _markdown_v2,
    "template_card": _card,
    "image": _media("image"),
    "file": _media("file"),
    "voice": _media("voice"),
    "video": _media("video"),
    "news": _news,
    "textcard": _textcard,
}

FEEDBACK: Final = Obj(keys={"id": Text(required=True, size=limits.BOT_FEEDBACK_ID)})
_PICTURE: Final = Obj(
    keys={"base64": Text(required=True), "md5": Text(required=True)}, required=True
)
_ITEM: Final = Obj(keys={"msgtype": Text(required=True), "image": _PICTURE})
STREAM: Final = Obj(
    keys={
        "id": Text(required=True, size=256),
        "finish": Flag(),
        "content": Text(size=limits.BOT_CONTENT),
        "msg_item": Many(item=_ITEM, most=limits.STREAM_IMAGES, least=0),
        "feedback": FEEDBACK,
    },
    required=True,
)
