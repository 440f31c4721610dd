"""The group webhook: sends only, to the one group its address belongs to (page 99110)."""

import base64
import hashlib
from typing import Any, Final

from yarl import URL

from bot.channel import (
    Abilities,
    CardKind,
    CardParcel,
    Dialect,
    Elsewhere,
    FileParcel,
    Parcel,
    PictureParcel,
    Receipt,
    Target,
    TextParcel,
)
from bot.clock import Clock
from bot.text import render
from bot.wecom import limits
from bot.wecom.media import Shelf
from bot.wecom.parcels import admit, card_json, fingerprint
from bot.wecom.rest import Call, Rest, Upload, check, same_host

ABILITIES: Final = Abilities(
    pushes_groups=True,
    text_bytes=limits.WEBHOOK_TEXT,
    dialect=Dialect.BASIC,
    cards=frozenset({CardKind.NOTICE}),
    picture_bytes=limits.PICTURE,
    file_bytes=limits.FILE,
    per_minute=limits.WEBHOOK_PER_MINUTE,
)


class WebhookChannel:
    """Pushes to groups through the webhook a member has set up there.

    ``home``  the address a notice without a link opens
    """

    def __init__(self, rest: Rest, *, clock: Clock, home: str) -> None:
        self._rest = rest
        self._home = home
        self._shelf = Shelf(clock)

    @property
    def name(self) -> str:
        """Identifier in logs and rows."""
        return "webhook"

    @property
    def abilities(self) -> Abilities:
        """What this door can do."""
        return ABILITIES

    def reaches(self, target: Target) -> bool:
        """Whether the group has a webhook on the platform's host.

        Any other is refused: an address in a table must not make us call it.
        """
        return target.group and same_host(target.webhook, self._rest.base)

    def held_elsewhere(self, target: Target) -> bool:
        """Never: any process may call."""
        del target
        return False

    async def push(self, target: Target, parcel: Parcel) -> Receipt:
        """Deliver one parcel; the id of a file belongs to this webhook alone."""
        if not self.reaches(target):
            raise Elsewhere(note="no webhook")
        admit(parcel, ABILITIES)
        if isinstance(parcel, FileParcel):
            key = (target.webhook, *fingerprint(parcel.name, parcel.data))
            await self._shelf.use(
                key,
                lambda: self._upload(target.webhook, parcel),
                lambda media_id: self._send(target.webhook, "file", {"media_id": media_id}),
            )
        else:
            await self._send(target.webhook, *self._encode(parcel))
        return Receipt()

    def _encode(self, parcel: TextParcel | CardParcel | PictureParcel) -> tuple[str, Any]:
        match parcel:
            case TextParcel(markdown):
                return "markdown", {"content": render(markdown, ABILITIES.dialect)}
            case CardParcel(card):
                return "template_card", card_json(card, limits.BOT_CARD, self._home)
            case PictureParcel(_, data):
                digest = hashlib.md5(data).hexdigest()  # noqa: S324  (the platform asks for it)
                return "image", {"base64": base64.b64encode(data).decode(), "md5": digest}

    async def _send(self, webhook: str, kind: str, content: Any) -> None:  # noqa: ANN401  (JSON)
        check(await self._rest.ask(Call(path=webhook, json={"msgtype": kind, kind: content})))

    async def _upload(self, webhook: str, parcel: FileParcel) -> str:
        address = URL(webhook, encoded=True).with_name("upload_media", keep_query=True)
        call = Call(
            path=str(address),
            params={"type": "file"},
            upload=Upload(parcel.name, parcel.data),
            repeatable=True,
        )
        return str(check(await self._rest.ask(call)).get("media_id", ""))
