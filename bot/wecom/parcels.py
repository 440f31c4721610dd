"""What the doors do alike with a parcel before it leaves."""

import hashlib
from typing import Any

from bot.channel import (
    Abilities,
    CardKind,
    CardParcel,
    Elsewhere,
    FileParcel,
    Parcel,
    PictureParcel,
    Refused,
    TextParcel,
)
from bot.text import render, size
from bot.wecom import limits
from bot.wecom.cards import encode, kind_of
from handlers.content import Card


def admit(parcel: Parcel, abilities: Abilities) -> None:
    """Hold a parcel against a door's abilities before anything is sent.

    What the door cannot carry at all is ``Elsewhere``, what nobody could is ``Refused``.
    """
    match parcel:
        case TextParcel(markdown):
            if size(render(markdown, abilities.dialect)) > abilities.text_bytes:
                raise Refused(note="text too long")
            if not markdown.strip():
                raise Refused(note="text empty")
        case CardParcel(card):
            if _kind(card) not in abilities.cards:
                raise Elsewhere(note="card")
        case PictureParcel(_, data):
            _admit_bytes(data, abilities.picture_bytes, "picture")
        case FileParcel(_, data):
            _admit_bytes(data, abilities.file_bytes, "file")


def _admit_bytes(data: bytes, most: int, what: str) -> None:
    if not most:
        raise Elsewhere(note=what)
    if not limits.MEDIA_LEAST < len(data) <= most:
        raise Refused(note=f"{what} of {len(data)} bytes")


def _kind(card: Card) -> CardKind:
    try:
        return kind_of(card)
    except ValueError as error:
        raise Refused(note=str(error)) from error


def card_json(card: Card, lengths: limits.CardLengths, home: str) -> dict[str, Any]:
    """The JSON of a card to push; a card that fits no template is ``Refused``."""
    try:
        return encode(card, lengths=lengths, home=home)
    except ValueError as error:
        raise Refused(note=str(error)) from error


def fingerprint(name: str, data: bytes) -> tuple[str, str]:
    """What makes two files the same upload."""
    return name, hashlib.sha256(data).hexdigest()
