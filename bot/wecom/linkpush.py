"""Pushing over the long connection: to where somebody has spoken to the bot (page 101463)."""

import base64
import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final

from bot.channel import (
    ALL_CARDS,
    Abilities,
    CardParcel,
    Dialect,
    Elsewhere,
    FileParcel,
    Later,
    Parcel,
    PictureParcel,
    PushError,
    Receipt,
    Target,
    TextParcel,
    Unconfirmed,
)
from bot.clock import Clock
from bot.text import render
from bot.wecom import codes, limits
from bot.wecom.link import Link, State
from bot.wecom.linksend import Sender
from bot.wecom.media import Shelf
from bot.wecom.parcels import admit, card_json, fingerprint
from handlers.content import Card

NAME: Final = "link"
SEND: Final = "aibot_send_msg"
_UPLOAD_PAUSE: Final = 5
_DOUBTFUL: Final = 1000
ABILITIES: Final = Abilities(
    hears_groups=True,
    pushes_groups=True,
    pushes_people=True,
    answer_bytes=limits.BOT_TEXT,
    answer_cards=True,
    answer_dialect=Dialect.FULL,
    text_bytes=limits.BOT_TEXT,
    dialect=Dialect.FULL,
    cards=ALL_CARDS,
    picture_bytes=limits.PICTURE,
    file_bytes=limits.FILE,
    per_minute=limits.BOT_PER_MINUTE,
    per_hour=limits.BOT_PER_HOUR,
)


def push_body(target: Target, kind: str, content: Mapping[str, Any]) -> dict[str, Any]:
    """The body of an unprompted message; ids are bare, ``chat_type`` is 1 single or 2 group."""
    chat_type = 2 if target.group else 1
    return {"chatid": target.id, "chat_type": chat_type, "msgtype": kind, kind: content}


class LinkChannel:
    """The smart bot as a door to push through."""

    def __init__(self, link: Link, sender: Sender, *, clock: Clock, home: str) -> None:
        self._link = link
        self._sender = sender
        self._home = home
        self._shelf = Shelf(clock)
        self._doubtful: OrderedDict[str, None] = OrderedDict()

    @property
    def name(self) -> str:
        """Identifier in logs and rows."""
        return NAME

    @property
    def abilities(self) -> Abilities:
        """What this door can do."""
        return ABILITIES

    def reaches(self, target: Target) -> bool:
        """Whether the link stands and somebody has spoken to the bot in this conversation."""
        return self._link.state is State.SUBSCRIBED and NAME in target.heard

    def held_elsewhere(self, target: Target) -> bool:
        """Whether the bot was spoken to there, and another process holds its connection."""
        return NAME in target.heard and not self._link.permit.held()

    async def push(self, target: Target, parcel: Parcel) -> Receipt:
        """Deliver one parcel; see ``linksend`` for what a missing ack means."""
        if not self.reaches(target):
            raise Elsewhere(note="link")
        admit(parcel, ABILITIES)
        match parcel:
            case TextParcel(markdown):
                content = {"content": render(markdown, ABILITIES.dialect)}
                await self._send(target, "markdown", content)
            case CardParcel(card):
                await self._send_card(target, card)
            case PictureParcel(name, data):
                await self._send_media(target, "image", name, data)
            case FileParcel(name, data):
                await self._send_media(target, "file", name, data)
        return Receipt()

    async def _send(self, target: Target, kind: str, content: Mapping[str, Any]) -> None:
        """Push; nobody waits for it, so a slow platform may take its time to acknowledge."""
        body = push_body(target, kind, content)
        await self._sender.send(SEND, body, chat=target.id, seconds=limits.PUSH_ACK)

    async def _send_card(self, target: Target, card: Card) -> None:
        """Send a card; that its task exists (42014) after a doubtful send means it arrived."""
        try:
            await self._send(target, "template_card", card_json(card, limits.BOT_CARD, self._home))
        except PushError as error:
            if error.code == codes.TASK_USED and card.task in self._doubtful:
                return
            if isinstance(error, Later | Unconfirmed) and card.task:
                self._doubtful[card.task] = None
                while len(self._doubtful) > _DOUBTFUL:
                    self._doubtful.popitem(last=False)
            raise

    async def _send_media(self, target: Target, kind: str, name: str, data: bytes) -> None:
        await self._shelf.use(
            (kind, *fingerprint(name, data)),
            lambda: self._upload(kind, name, data),
            lambda media_id: self._send(target, kind, {"media_id": media_id}),
        )

    async def _upload(self, kind: str, name: str, data: bytes) -> str:
        """Upload in chunks of 512 KiB; indices start at 0, as the official clients count."""
        pieces = [data[at : at + limits.CHUNK] for at in range(0, len(data), limits.CHUNK)]
        begun = await self._step(
            "init",
            type=kind,
            filename=name,
            total_size=len(data),
            total_chunks=len(pieces),
            md5=hashlib.md5(data).hexdigest(),  # noqa: S324  (the platform asks for it)
        )
        upload_id = str(begun.get("upload_id", ""))
        for index, piece in enumerate(pieces):
            text = base64.b64encode(piece).decode()
            await self._step("chunk", upload_id=upload_id, chunk_index=index, base64_data=text)
        return str((await self._step("finish", upload_id=upload_id)).get("media_id", ""))

    async def _step(self, step: str, **body: str | int) -> Mapping[str, Any]:
        """One step of an upload: repeating it does no harm, so doubt is only a delay."""
        try:
            return await self._sender.send(f"aibot_upload_media_{step}", body, twice=True)
        except Unconfirmed as error:
            raise Later(_UPLOAD_PAUSE, note=error.note) from error
