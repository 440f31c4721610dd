"""Plain values a desk is built from: who works here, which robots exist, and their secrets."""

import string
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
from typing import Any

from config.texts import t

_LETTERS = string.ascii_letters + string.digits


class Mode(StrEnum):
    """How the smart bot is reached; a bot is in one of the two modes at a time (page 101039)."""

    LINK = "link"
    URL = "url"


@dataclass(frozen=True, slots=True)
class Department:
    """A node of the contacts tree; the root has id 1 and parent 0."""

    id: int
    name: str
    parent: int = 1


@dataclass(frozen=True, slots=True)
class Person:
    """A member of the company. ``userid`` is compared without case."""

    userid: str
    name: str
    departments: tuple[int, ...] = (1,)
    position: str = ""


@dataclass(frozen=True, slots=True)
class Persona:
    """Somebody the page offers to be: ``role`` is a short key, ``label`` what the switch shows."""

    userid: str
    role: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """Real seconds: how long the platform waits (pages 101033, 101031) and how often it asks.

    ``refresh`` (time between two polls of a stream) and ``pause`` (before a redelivery) are not
    documented; tests set them to nearly nothing.
    """

    verify: float = 1.0
    answer: float = 5.0
    attempts: int = 4
    pause: float = 1.0
    refresh: float = 1.0
    silence: float = 90.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """One company with one smart bot and one self-built app. Secrets never show in ``repr``.

    ``bot_names``       display names; the first one is what the page's button inserts
    ``stream_seconds`` life of a stream on the long connection (documented as 360 and as 600)
    """

    corp_id: str
    corp_name: str
    bot_id: str
    bot_secret: str = field(repr=False)
    bot_token: str = field(repr=False)
    bot_aes_key: str = field(repr=False)
    bot_names: tuple[str, ...]
    bot_mode: Mode = Mode.LINK
    app_agent_id: int
    app_name: str
    app_secret: str = field(repr=False)
    app_token: str = field(repr=False)
    app_aes_key: str = field(repr=False)
    stream_seconds: int = 600
    timings: Timings = Timings()


def token(chance: Random, length: int) -> str:
    """Letters and digits, as the console hands them out."""
    return "".join(chance.choice(_LETTERS) for _ in range(length))


def invent(chance: Random, **known: Any) -> Setup:  # noqa: ANN401  (any field of Setup)
    """A company with invented ids and secrets of the right shape; ``known`` overrides fields."""
    values: dict[str, Any] = {
        "corp_id": "ww" + token(chance, 16).lower(),
        "corp_name": t("desk.corp_name"),
        "bot_id": "aib" + token(chance, 20),
        "bot_secret": token(chance, 43),
        "bot_token": token(chance, 24),
        "bot_aes_key": token(chance, 43),
        "bot_names": (t("desk.bot_name"),),
        "app_agent_id": 1_000_000 + chance.randrange(2, 100),
        "app_name": t("desk.app_name"),
        "app_secret": token(chance, 43),
        "app_token": token(chance, 24),
        "app_aes_key": token(chance, 43),
    }
    return Setup(**(values | known))
