"""Text that may stand in an Office file."""

import re
from typing import Final

_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]")


def printable(text: str) -> str:
    """Text without the characters that no XML may hold, lines ended one way."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
