"""查询码: what opens an anonymous suggestion, and is kept only as a hash (DOMAIN.md 4).

Twenty letters and figures without those that look alike: 100 bits. The code is made from the
one-time ticket of the form, so that the same form sent twice gives the same code and nothing new.
"""

import hashlib
import re
from typing import Final

ALPHABET: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
LENGTH: Final = 20
_CODE: Final = re.compile(
    rf"(?<![A-Za-z0-9])[{ALPHABET}]{{5}}(?:-?[{ALPHABET}]{{5}}){{3}}(?![A-Za-z0-9])",
    re.IGNORECASE,
)


def make_code(digest: bytes) -> str:
    """The code for at least 16 bytes of secret chance: twenty characters."""
    number = int.from_bytes(digest[:16])
    return "".join(ALPHABET[(number >> (5 * at)) % 32] for at in range(LENGTH))


def read_code(typed: str) -> str:
    """What was typed, without blanks and hyphens; empty if it cannot be a code."""
    code = re.sub(r"[\s-]", "", typed).upper()
    return code if re.fullmatch(f"[{ALPHABET}]{{{LENGTH}}}", code) else ""


def hash_code(code: str) -> str:
    """What is kept of a code. At 100 bits of chance a plain hash cannot be searched."""
    return hashlib.sha256(f"zbt query code {code}".encode()).hexdigest()


def holds_code(text: str) -> bool:
    """Whether a text holds what looks like a code: it must not be typed in a chat."""
    return _CODE.search(text) is not None
