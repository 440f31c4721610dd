"""Encryption of callbacks as WeCom does it, on wechatpy's primitives (pages 90968, 101033).

``bot/wecom`` has its own implementation; that the two understand each other is the point.
"""

import base64
import binascii
import json
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from wechatpy.crypto import WeChatCipher
from wechatpy.crypto.pkcs7 import PKCS7Encoder
from wechatpy.enterprise.crypto import PrpCrypto
from wechatpy.utils import WeChatSigner

from bot.sim.messages import Json

KEY_BYTES = 32


class BadReply(Exception):  # noqa: N818  (what the robot answered is bad)
    """An answer that does not keep the protocol; the text is a rule, never content."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """The three parts of a callback's query and its cipher text."""

    signature: str
    timestamp: str
    nonce: str
    encrypt: str

    @property
    def query(self) -> dict[str, str]:
        """The query parameters of a POST."""
        return {
            "msg_signature": self.signature,
            "timestamp": self.timestamp,
            "nonce": self.nonce,
        }


class Sealer:
    """Seals and opens with one robot's token, key and receiver id (empty for the smart bot)."""

    def __init__(self, token: str, aes_key: str, receiver: str) -> None:
        self._token = token
        self._key = base64.b64decode(aes_key + "=")
        self._receiver = receiver

    def encrypt(self, text: str) -> str:
        """The cipher text of a message."""
        sealed: bytes = PrpCrypto(self._key).encrypt(text, self._receiver)
        return sealed.decode()

    def sign(self, encrypt: str, *, timestamp: str, nonce: str) -> Envelope:
        """Sign a cipher text for one delivery."""
        return Envelope(self._signature(timestamp, nonce, encrypt), timestamp, nonce, encrypt)

    def open(self, signature: str, timestamp: str, nonce: str, encrypt: str) -> str:
        """The message inside an answer; :class:`BadReply` for any flaw."""
        if signature != self._signature(timestamp, nonce, encrypt):
            raise BadReply("signature")
        try:
            raw: bytes = WeChatCipher(self._key).decrypt(base64.b64decode(encrypt, validate=True))
        except (ValueError, binascii.Error) as error:
            raise BadReply("cipher text") from error
        pad = raw[-1] if raw else 0
        if len(raw) % KEY_BYTES or not 1 <= pad <= KEY_BYTES or raw[-pad:] != bytes([pad]) * pad:
            raise BadReply("padding")
        body = raw[16:-pad]
        length = int.from_bytes(body[:4], "big")
        if len(body) < 4 + length:
            raise BadReply("length")
        if body[4 + length :].decode(errors="replace") != self._receiver:
            raise BadReply("receiver")
        try:
            return body[4 : 4 + length].decode()
        except UnicodeDecodeError as error:
            raise BadReply("not UTF-8") from error

    def _signature(self, timestamp: str, nonce: str, encrypt: str) -> str:
        signer = WeChatSigner()
        signer.add_data(self._token, timestamp, nonce, encrypt)
        return str(signer.signature)


def seal_file(data: bytes, aes_key: str) -> bytes:
    """Encrypt a medium: same cipher, no prefix, no length (page 100719)."""
    key = base64.b64decode(aes_key + "=")
    sealed: bytes = WeChatCipher(key).encrypt(PKCS7Encoder.encode(data))
    return sealed


def open_json_reply(sealer: Sealer, body: bytes, nonce: str) -> Json:
    """The smart bot's passive answer: exactly four keys, our nonce, JSON inside."""
    outer = _json(body, "answer")
    if set(outer) != {"encrypt", "msgsignature", "timestamp", "nonce"}:
        raise BadReply("answer has other keys than encrypt, msgsignature, timestamp, nonce")
    if outer["nonce"] != nonce:
        raise BadReply("nonce not echoed")
    if isinstance(outer["timestamp"], bool) or not isinstance(outer["timestamp"], int | str):
        raise BadReply("timestamp type")
    stamp = str(outer["timestamp"])
    if not stamp.isdigit():
        raise BadReply("timestamp not seconds")
    text = sealer.open(str(outer["msgsignature"]), stamp, nonce, str(outer["encrypt"]))
    return _json(text.encode(), "decrypted answer")


def open_xml_reply(sealer: Sealer, body: bytes) -> ET.Element:
    """The app's passive answer: XML with four elements, XML inside."""
    outer = read_xml(body.decode(errors="replace"), "answer")
    parts = {child.tag: child.text or "" for child in outer}
    if set(parts) != {"Encrypt", "MsgSignature", "TimeStamp", "Nonce"}:
        raise BadReply("answer has other elements than Encrypt, MsgSignature, TimeStamp, Nonce")
    if not parts["TimeStamp"].isdigit():
        raise BadReply("timestamp not seconds")
    text = sealer.open(
        parts["MsgSignature"], parts["TimeStamp"], parts["Nonce"], parts["Encrypt"].strip()
    )
    return read_xml(text, "decrypted answer")


def read_xml(text: str, what: str) -> ET.Element:
    """Parse XML of our own guest; a DOCTYPE is refused, so entities cannot grow."""
    if "<!DOCTYPE" in text:
        raise BadReply(f"{what}: DOCTYPE")
    try:
        root = ET.fromstring(text)  # noqa: S314  (no DOCTYPE, hence no entities)
    except ET.ParseError as error:
        raise BadReply(f"{what}: not XML") from error
    if root.tag != "xml":
        raise BadReply(f"{what}: root is not xml")
    return root


def _json(data: bytes, what: str) -> Json:
    try:
        value = json.loads(data)
    except ValueError as error:
        raise BadReply(f"{what}: not JSON") from error
    if not isinstance(value, dict):
        raise BadReply(f"{what}: not an object")
    return value
