"""Foreign JSON and XML, read with suspicion.

What comes in is cleaned once, here: words without characters a database cannot hold, ids that are
short and printable. Documents with a DOCTYPE are refused, so no entity can be declared.
"""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NoReturn
from xml.etree import ElementTree as ET

_ID_LENGTH: Final = 256
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


class Malformed(Exception):  # noqa: N818  (what the message is, not a fault of ours)
    """A body, or the message inside it, is not what the platform sends."""


class _Builder(ET.TreeBuilder):
    def doctype(self, name: str, pubid: str | None, system: str | None) -> NoReturn:
        """Refuse a DOCTYPE, and with it every entity."""
        del name, pubid, system
        raise Malformed("doctype")


def parse_xml(data: bytes) -> ET.Element:
    """Parse a document without DOCTYPE; raises :class:`Malformed`."""
    parser = ET.XMLParser(target=_Builder())  # noqa: S314  (the builder refuses declarations)
    try:
        parser.feed(data)
        root = parser.close()
    except (ET.ParseError, LookupError, ValueError) as error:
        raise Malformed("xml") from error
    if not isinstance(root, ET.Element):
        raise Malformed("xml")
    return root


def parse_json(data: bytes | str) -> Mapping[str, Any]:
    """Parse a JSON object; raises :class:`Malformed` for anything else."""
    try:
        value = json.loads(data if isinstance(data, str) else data.decode())
    except (ValueError, RecursionError) as error:
        raise Malformed("json") from error
    if not isinstance(value, dict):
        raise Malformed("json")
    return value


def to_json(value: object) -> bytes:
    """Compact JSON, as UTF-8."""
    return _ENCODER.encode(value).encode()


def mapping(value: object) -> Mapping[str, Any]:
    """An object, or an empty one if it is something else."""
    return value if isinstance(value, dict) else _NOTHING


def listing(value: object) -> list[Any]:
    """A list; a lone value counts as a list of one, nothing as an empty one."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def words(value: object) -> str:
    """What people typed: a string without NUL and lone surrogates. Raises :class:`Malformed`."""
    if not isinstance(value, str):
        raise Malformed("text")
    if value.isascii() and "\0" not in value:
        return value
    return value.encode(errors="replace").decode().replace("\0", "")


def ident(value: object) -> str:
    """An id: empty if missing, else short and printable. Raises :class:`Malformed`."""
    if value is None:
        return ""
    text = str(value) if isinstance(value, int) else value
    if not isinstance(text, str) or len(text) > _ID_LENGTH or not text.isprintable():
        raise Malformed("id")
    return text.strip()


def first(value: Mapping[str, Any], *names: str) -> object:
    """The value of the first of several spellings that is there."""
    return next((value[name] for name in names if name in value), None)
