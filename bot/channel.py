"""What a channel is: one interface for every door of WeCom, with declared abilities.

Code asks abilities, never a channel's name (DESIGN.md 4). A channel turns what it receives into
an :class:`Incoming`, hands it to the dispatcher, and says the :class:`Answer` in its own words;
the outbox hands it parcels to push.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeAlias

from handlers.content import Card


@dataclass(frozen=True, slots=True)
class IncomingFile:
    """Something that came with a message; still on the platform until it is fetched.

    ``kind`` is image, file, voice or video. The smart bot gives ``url`` (five minutes, encrypted
    with ``aes_key`` or, if that is empty, with the callback's key); the app gives ``media_id``.
    """

    kind: str
    url: str = ""
    aes_key: str = ""
    media_id: str = ""


@dataclass(frozen=True, slots=True)
class Click:
    """Somebody pressed a button of a card, or submitted its choices.

    ``picked`` holds the chosen option ids by question key; ``response_code`` lets the app update
    the card later (72 hours, one use).
    """

    task: str
    action: str
    picked: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    response_code: str = ""


@dataclass(frozen=True, slots=True)
class Submission:
    """A form that was filled in on a page: the command's key, raw answers by field key.

    ``draft`` is the id of the draft it was begun as, 0 for none.
    """

    command: str
    answers: Mapping[str, str]
    draft: int = 0


@dataclass(frozen=True, slots=True)
class Batch:
    """Many forms of one command at once, from a workbook: all of them are done, or none.

    ``rows`` are raw answers by field key, with the number of the row they stood in.
    """

    command: str
    rows: tuple[tuple[int, Mapping[str, str]], ...]


@dataclass(frozen=True, slots=True)
class Incoming:
    """One message or event, the same whatever door it came through.

    ``message_id``  unique over all channels (prefixed by its kind); the dedupe key
    ``chat``        id of the group, empty in a private chat
    ``text``        as typed, the mention still in it
    ``entered``     the person opened the private chat (a greeting may be answered)
    ``reply_url``   one-shot address for a later answer, if the platform gave one
    """

    channel: str
    message_id: str
    sender: str
    received_at: datetime
    chat: str = ""
    text: str = ""
    files: tuple[IncomingFile, ...] = ()
    click: Click | None = None
    form: Submission | None = None
    batch: Batch | None = None
    entered: bool = False
    quote: str = ""
    reply_url: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said at once: text in our small Markdown, a card, or a card in the clicked one's.

    The dispatcher keeps it within the abilities of the channel; what does not fit has become
    outbox rows in the same transaction. ``private``: the update is for the clicker alone.
    ``sealed``: what is stored for a redelivery is encrypted.
    """

    text: str = ""
    card: Card | None = None
    update: Card | None = None
    private: bool = False
    sealed: bool = False


Dispatch: TypeAlias = Callable[[Incoming], Awaitable[Answer | None]]
"""Handles one message and returns when it is durable. None: nothing to say (empty 200).

Raises ``models.errors.Unavailable`` when it could not be stored: the platform should try again.
"""


class Dialect(StrEnum):
    """How much of our small Markdown a channel shows."""

    FULL = "full"  # headings, bold, links, quotes, lists, tables, code (smart bot)
    BASIC = "basic"  # headings, bold, links, one-level quotes (webhook ``markdown``, app)
    PLAIN = "plain"  # words only (passive text of the app)


class CardKind(StrEnum):
    """Which template cards a channel can carry."""

    NOTICE = "notice"
    BUTTONS = "buttons"
    SELECTS = "selects"
    TICKS = "ticks"


ALL_CARDS = frozenset(CardKind)
NO_CARDS: frozenset[CardKind] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """What a channel can do. Sizes are bytes of UTF-8; zero means not at all.

    ``answer_bytes``   longest text of an immediate answer
    ``answer_cards``   a card may stand beside or instead of the text of an immediate answer
    ``asks_again``     what was not answered in time is delivered again
    ``click_text``     an immediate answer to a click may carry text (else only the card changes)
    ``text_bytes``     longest text of one push; longer ones go in parts
    ``per_minute`` / ``per_hour``  allowed sends to one conversation
    """

    hears_groups: bool = False
    asks_again: bool = False
    pushes_groups: bool = False
    pushes_people: bool = False
    answer_bytes: int = 0
    answer_cards: bool = False
    answer_dialect: Dialect = Dialect.PLAIN
    click_text: bool = False
    text_bytes: int = 0
    dialect: Dialect = Dialect.PLAIN
    cards: frozenset[CardKind] = NO_CARDS
    picture_bytes: int = 0
    file_bytes: int = 0
    per_minute: int = 0
    per_hour: int | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """Whom to push to: a group (its chat id) or a person (the userid).

    ``webhook``    address of the group's webhook, if it has one (a secret)
    ``heard``      names of channels through which somebody has spoken in this conversation
    ``reply_url``  one-shot address of the message this push answers, if any
    """

    id: str
    group: bool
    webhook: str = ""
    heard: frozenset[str] = frozenset()
    reply_url: str = ""


@dataclass(frozen=True, slots=True)
class TextParcel:
    """Words in our small Markdown, no longer than the channel's ``text_bytes`` in its dialect."""

    markdown: str


@dataclass(frozen=True, slots=True)
class CardParcel:
    """A card with its ``task`` set."""

    card: Card


@dataclass(frozen=True, slots=True)
class PictureParcel:
    """A PNG or JPEG."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class FileParcel:
    """A file with its name."""

    name: str
    data: bytes


Parcel: TypeAlias = TextParcel | CardParcel | PictureParcel | FileParcel


@dataclass(frozen=True, slots=True)
class Receipt:
    """The platform took it. ``response_code`` allows one later update of a card (app)."""

    response_code: str = ""


class PushError(Exception):
    """A push did not happen. ``code`` is the platform's number (0: none), never a text of ours."""

    def __init__(self, code: int = 0, note: str = "") -> None:
        super().__init__(f"{code} {note}".strip())
        self.code = code
        self.note = note


class Refused(PushError):  # noqa: N818  (a state, read in an except clause)
    """The platform refuses this parcel for good; a person has to look at it."""


class Elsewhere(PushError):  # noqa: N818  (as above)
    """This channel does not reach the target now; another one may."""


class Later(PushError):  # noqa: N818  (as above)
    """Not now: a limit, a refused connection, a fault of the platform. Nothing was delivered."""

    def __init__(self, seconds: float, code: int = 0, note: str = "") -> None:
        super().__init__(code, note)
        self.seconds = seconds


class Unconfirmed(PushError):  # noqa: N818  (as above)
    """Sent, but nobody knows whether it arrived; sending again may double it."""


class Channel(Protocol):
    """One door to WeCom that can push."""

    @property
    def name(self) -> str:
        """A short identifier for logs and rows; code never branches on it."""
        ...

    @property
    def abilities(self) -> Abilities:
        """What this door can do."""
        ...

    def reaches(self, target: Target) -> bool:
        """Whether a push to the target can be tried now (link up, precondition met)."""
        ...

    def held_elsewhere(self, target: Target) -> bool:
        """Whether it leads to the target, but another process has it."""
        ...

    async def push(self, target: Target, parcel: Parcel) -> Receipt:
        """Deliver one parcel; raises one of the four :class:`PushError` kinds."""
        ...
