"""Signatures and cipher of callbacks and media (pages 90968 and 101033).

AES-256-CBC with the first 16 key bytes as IV, PKCS#7 over a block of **32** bytes, SHA-1 signature
over the sorted parts. wechatpy is the oracle this module is checked against, both ways, in the
tests; unlike it, every pad byte, the length field and the receiver are checked here, and the
signature is compared in constant time.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

_PAD = 32
_PREFIX = 16
_AES_BLOCK = 16
_KEY_BYTES = 32
_HEX_KEY = re.compile(r"[0-9a-fA-F]{64}")
_PADDINGS = tuple(bytes([n]) * n for n in range(_PAD + 1))


class CryptoError(Exception):
    """A message was not made with our token and key. ``code`` is the official one (-40001 ...)."""

    def __init__(self, code: int) -> None:
        super().__init__(str(code))
        self.code = code


BAD_SIGNATURE = -40001
BAD_KEY = -40004
BAD_RECEIVER = -40005
BAD_CIPHER = -40007
BAD_BUFFER = -40008
BAD_BASE64 = -40010


def read_key(text: str) -> bytes:
    """Decode an EncodingAESKey or an ``aeskey`` of a file: 32 bytes.

    Seen are base64 without its last ``=``, the URL-safe alphabet, and 64 hex digits.
    Raises ``CryptoError(-40004)``.
    """
    text = text.strip()
    if _HEX_KEY.fullmatch(text):
        return bytes.fromhex(text)
    plain = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        key = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise CryptoError(BAD_KEY) from error
    if len(key) != _KEY_BYTES:
        raise CryptoError(BAD_KEY)
    return key


class Aes:
    """One key of AES-256-CBC with padding to 32 bytes; the cipher is set up once."""

    def __init__(self, key: bytes) -> None:
        self._cipher = Cipher(algorithms.AES(key), modes.CBC(key[:_AES_BLOCK]))

    def encrypt(self, plain: bytes) -> bytes:
        """Pad and encrypt."""
        encryptor = self._cipher.encryptor()
        padded = plain + _PADDINGS[_PAD - len(plain) % _PAD]
        return encryptor.update(padded) + encryptor.finalize()

    def decrypt(self, data: bytes) -> bytes:
        """Decrypt and take the padding off; every pad byte must be right (``CryptoError``)."""
        if not data or len(data) % _AES_BLOCK:
            raise CryptoError(BAD_CIPHER)
        decryptor = self._cipher.decryptor()
        padded = decryptor.update(data) + decryptor.finalize()
        count = padded[-1]
        if not 1 <= count <= min(_PAD, len(padded)) or not padded.endswith(_PADDINGS[count]):
            raise CryptoError(BAD_CIPHER)
        return padded[:-count]


def sign(token: str, timestamp: str, nonce: str, cipher_text: str) -> str:
    """Lower-case hex SHA-1 of the sorted parts, joined."""
    parts = sorted((token, timestamp, nonce, cipher_text))
    return hashlib.sha1("".join(parts).encode(errors="replace")).hexdigest()  # noqa: S324  (the platform's)


class Envelope:
    """Opens and seals what one callback address receives and answers.

    ``receiver``  corpid for the app, empty for a smart bot of one's own corp (page 101033)
    ``chance``    gives n random bytes (``os.urandom``); an argument so that tests can pin it
    """

    def __init__(
        self, token: str, aes_key: str, receiver: str, *, chance: Callable[[int], bytes]
    ) -> None:
        self._token = token
        self._receiver = receiver.encode()
        self._aes = Aes(read_key(aes_key))
        self._chance = chance

    def verify(self, signature: str, timestamp: str, nonce: str, cipher_text: str) -> None:
        """Compare the signature in constant time; ``CryptoError(-40001)``."""
        right = sign(self._token, timestamp, nonce, cipher_text)
        if not hmac.compare_digest(right.encode(), signature.encode(errors="replace")):
            raise CryptoError(BAD_SIGNATURE)

    def decrypt(self, cipher_text: str) -> bytes:
        """The message inside a cipher text; ``CryptoError`` if anything does not fit."""
        try:
            data = base64.b64decode(cipher_text, validate=True)
        except (binascii.Error, ValueError) as error:
            raise CryptoError(BAD_BASE64) from error
        plain = self._aes.decrypt(data)
        start = _PREFIX + 4
        if len(plain) < start:
            raise CryptoError(BAD_BUFFER)
        end = start + int.from_bytes(plain[_PREFIX:start], "big")
        if end > len(plain):
            raise CryptoError(BAD_BUFFER)
        if not hmac.compare_digest(plain[end:], self._receiver):
            raise CryptoError(BAD_RECEIVER)
        return plain[start:end]

    def encrypt(self, message: bytes) -> str:
        """The cipher text of an answer."""
        head = self._chance(_PREFIX) + len(message).to_bytes(4, "big")
        return base64.b64encode(self._aes.encrypt(head + message + self._receiver)).decode()

    def seal(self, message: bytes, timestamp: str, nonce: str) -> tuple[str, str]:
        """Encrypt and sign an answer: its cipher text and signature."""
        cipher_text = self.encrypt(message)
        return cipher_text, sign(self._token, timestamp, nonce, cipher_text)
