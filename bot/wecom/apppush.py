"""Pushing to people through the self-built app (pages 90236, 90253, 94888)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from bot.channel import (
    ALL_CARDS,
    Abilities,
    CardKind,
    CardParcel,
    Dialect,
    Elsewhere,
    FileParcel,
    Parcel,
    PictureParcel,
    Receipt,
    Refused,
    Target,
    TextParcel,
)
from bot.clock import Clock
from bot.text import render
from bot.wecom import codes, limits
from bot.wecom.appmessage import CHANNEL
from bot.wecom.media import Shelf
from bot.wecom.parcels import admit, card_json, fingerprint
from bot.wecom.rest import AppRest, Call, Upload
from handlers.content import Card

ABILITIES: Final = Abilities(
    asks_again=True,
    pushes_people=True,
    answer_bytes=limits.APP_TEXT,
    answer_dialect=Dialect.PLAIN,
    text_bytes=limits.APP_TEXT,
    dialect=Dialect.BASIC,
    cards=ALL_CARDS,
    picture_bytes=limits.PICTURE,
    file_bytes=limits.FILE,
    per_minute=limits.APP_PER_MINUTE,
    per_hour=limits.APP_PER_HOUR,
)
_UNANSWERED: Final = frozenset({CardKind.NOTICE})


class AppChannel:
    """Sends to one person at a time.

    The platform drops what equals a message of the last half hour (``enable_duplicate_check``), so
    a send whose answer was lost is simply sent again: it is ``Later``, never ``Unconfirmed``.
    The price: two honest messages with the same words within half an hour arrive as one.

    ``hears``  whether the app has a callback address: without one the platform refuses cards that
               can be answered, so they go in words
    """

    def __init__(
        self, rest: AppRest, agent_id: int, *, hears: bool, clock: Clock, home: str
    ) -> None:
        self._rest = rest
        self._agent_id = agent_id
        self._abilities = ABILITIES if hears else replace(ABILITIES, cards=_UNANSWERED)
        self._home = home
        self._shelf = Shelf(clock)

    @property
    def name(self) -> str:
        """Identifier in logs and rows."""
        return CHANNEL

    @property
    def abilities(self) -> Abilities:
        """What this door can do."""
        return self._abilities

    def reaches(self, target: Target) -> bool:
        """Whether the target is one person (``@all`` and lists are not)."""
        person = bool(target.id) and not target.id.startswith("@") and "|" not in target.id
        return person and not target.group

    def held_elsewhere(self, target: Target) -> bool:
        """Never: any process may call."""
        del target
        return False

    async def push(self, target: Target, parcel: Parcel) -> Receipt:
        """Deliver one parcel; somebody outside the visible range is ``Refused``."""
        if not self.reaches(target):
            raise Elsewhere(note="no person")
        admit(parcel, self._abilities)
        match parcel:
            case TextParcel(markdown):
                content = {"content": render(markdown, ABILITIES.dialect)}
                return await self._send(target.id, "markdown", content)
            case CardParcel(card):
                shown = card_json(card, limits.APP_CARD, self._home)
                return await self._send(target.id, "template_card", shown)
            case PictureParcel(name, data):
                return await self._send_media(target.id, "image", Upload(name, data))
            case FileParcel(name, data):
                return await self._send_media(target.id, "file", Upload(name, data))

    async def update_card(self, person: str, response_code: str, card: Card) -> None:
        """Change a card somebody got earlier; each code works once, for 72 hours (page 94888)."""
        body = {
            "userids": [person],
            "agentid": self._agent_id,
            "response_code": response_code,
            "template_card": card_json(card, limits.APP_CARD, self._home),
        }
        answer = await self._rest.call(
            Call(path="/cgi-bin/message/update_template_card", json=body)
        )
        _check_person(answer, person)

    async def _send_media(self, person: str, kind: str, upload: Upload) -> Receipt:
        return await self._shelf.use(
            (kind, *fingerprint(upload.name, upload.data)),
            lambda: self._upload(kind, upload),
            lambda media_id: self._send(person, kind, {"media_id": media_id}),
        )

    async def _upload(self, kind: str, upload: Upload) -> str:
        call = Call(
            path="/cgi-bin/media/upload", params={"type": kind}, upload=upload, repeatable=True
        )
        return str((await self._rest.call(call)).get("media_id", ""))

    async def _send(self, person: str, kind: str, content: Mapping[str, Any]) -> Receipt:
        body = {
            "touser": person,
            "agentid": self._agent_id,
            "msgtype": kind,
            kind: content,
            "enable_duplicate_check": 1,
            "duplicate_check_interval": limits.DUPLICATE_CHECK,
        }
        answer = await self._rest.call(
            Call(path="/cgi-bin/message/send", json=body, repeatable=True)
        )
        _check_person(answer, person)
        return Receipt(str(answer.get("response_code", "")))


def _check_person(answer: Mapping[str, Any], person: str) -> None:
    """A success may name the receiver as one who got nothing; ids come back lower-cased."""
    for field in ("invaliduser", "unlicenseduser"):
        missed = answer.get(field) or ()
        missed = missed.split("|") if isinstance(missed, str) else missed
        if person.lower() in (str(one).lower() for one in missed):
            raise Refused(codes.ALL_INVALID, field)
