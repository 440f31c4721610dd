"""What stands in conversations, and where: places, messages, media and what robots were told."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

Json = dict[str, Any]
"""An object of a request or callback, as it came or as it goes."""


class Spot(StrEnum):
    """The three kinds of conversation."""

    GROUP = "group"
    BOT = "bot"  # one person and the smart bot
    APP = "app"  # one person and the self-built app


@dataclass(frozen=True, slots=True)
class Place:
    """A conversation: a group by its chat id, a private one by the person's userid."""

    spot: Spot
    id: str

    @property
    def key(self) -> str:
        """One string for the page and for tables."""
        return self.id if self.spot is Spot.GROUP else f"{self.spot}:{self.id}"


class Kind(StrEnum):
    """What a message is."""

    TEXT = "text"
    MARKDOWN = "markdown"
    STREAM = "stream"
    CARD = "card"
    IMAGE = "image"
    FILE = "file"
    VOICE = "voice"
    VIDEO = "video"
    NEWS = "news"


class Dialect(StrEnum):
    """How much Markdown the client renders in a text (pages 101031, 91770, 90236)."""

    FULL = "full"
    BASIC = "basic"
    PLAIN = "plain"


class Author(StrEnum):
    """Who speaks."""

    PERSON = "person"
    BOT = "bot"
    APP = "app"
    WEBHOOK = "webhook"


@dataclass(slots=True)
class Message:
    """One bubble. Streams grow, cards change and recalled messages vanish, so it is an entity.

    ``number``  order on the whole desk, from 1
    ``id``      the platform's message id
    ``sender``  userid of a person, empty for robots
    ``card``    the template card as everybody sees it, unless ``copies`` has one for the userid
    ``media``   ids of pictures, or of the file, in the platform's store
    ``quote``   number of the quoted message, 0 for none
    ``answers`` number of the message or card this one answers, 0 for a push
    ``picked``  what each userid last chose on the card: key and chosen option ids by question
    ``pending`` userids whose click has not been answered yet
    """

    number: int
    id: str
    place: Place
    author: Author
    kind: Kind
    at: datetime
    sender: str = ""
    text: str = ""
    dialect: Dialect = Dialect.PLAIN
    card: Json | None = None
    copies: dict[str, Json] = field(default_factory=dict)
    media: tuple[str, ...] = ()
    articles: tuple[Json, ...] = ()
    quote: int = 0
    answers: int = 0
    stream: str = ""
    finished: bool = True
    recalled: bool = False
    mentions: tuple[str, ...] = ()
    picked: dict[str, tuple[str, dict[str, tuple[str, ...]]]] = field(default_factory=dict)
    pending: set[str] = field(default_factory=set)

    def card_for(self, userid: str) -> Json | None:
        """The card as this person sees it."""
        return self.copies.get(userid.lower(), self.card)


@dataclass(frozen=True, slots=True)
class Media:
    """Bytes in the platform's store. ``scope`` says who may send them on."""

    id: str
    kind: str
    name: str
    data: bytes
    scope: str
    expires: datetime


@dataclass(frozen=True, slots=True)
class Upload:
    """A picture or file that a person attaches."""

    name: str
    data: bytes


class Cause(StrEnum):
    """Why the smart bot is called."""

    MESSAGE = "message"
    CLICK = "click"
    ENTER = "enter"
    OTHER = "other"


@dataclass(slots=True)
class Occasion:
    """One call of the smart bot; what it answers is judged against this.

    ``source``  the message said, or the message whose card was clicked
    ``task``    task_id of the clicked card
    ``carded``  a card has answered it: there may be only one
    """

    msgid: str
    cause: Cause
    place: Place
    userid: str
    at: datetime
    source: Message | None = None
    task: str = ""
    carded: bool = False
    answered: bool = False


@dataclass(slots=True)
class Exchange:
    """One callback and all its deliveries.

    ``statuses``  HTTP status of each delivery; 0: no answer in time, or no connection
    ``replies``   what was answered, decrypted: JSON (smart bot), XML (app), None for nothing
    """

    msgid: str
    door: str
    statuses: list[int] = field(default_factory=list)
    replies: list[Json | str | None] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class CardCode:
    """What a ``response_code`` of the app stands for: the card of this task_id."""

    task: str


@dataclass(frozen=True, slots=True)
class Identity:
    """What an OAuth code stands for: this member."""

    userid: str


@dataclass(frozen=True, slots=True)
class Ticket:
    """A download address given to the smart bot: encrypted bytes, for five minutes."""

    name: str
    sealed: bytes
    expires: datetime


@dataclass(frozen=True, slots=True)
class Violation:
    """Something the robots sent that breaks a rule of the platform.

    ``hard``: the platform refuses or drops it; else it takes it and shows it cut or ignores a part.
    """

    at: datetime
    where: str
    rule: str
    hard: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the platform's log: a call and its code, never contents."""

    at: datetime
    door: str
    call: str
    code: int
    note: str = ""
