"""The platform's state: one company, its people, groups, conversations, media and secrets.

All of it lives in memory and in one event loop. What people do is in ``desk.py``; what robots may
do is decided in ``link.py``, ``rest*.py`` and ``callback*.py``, which all end here.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

from bot.clock import Clock
from bot.sim import limits
from bot.sim.budget import Budget
from bot.sim.errands import Errands
from bot.sim.faults import Faults
from bot.sim.journal import Journal
from bot.sim.messages import Author, Exchange, Kind, Media, Message, Occasion, Place, Spot, Ticket
from bot.sim.setup import Department, Person, Persona, Setup, token
from bot.sim.signals import Signals

FIRST_MSGID: Final = 7_300_000_000_000_000_000
MSGID_STEP: Final = 4096
MSGIDS_A_SECOND: Final = 2**20
"""A desk that begins later gives other ids: the product may remember those of an earlier one."""


@dataclass(slots=True)
class Group:
    """A group chat. ``webhook`` is the key of its webhook; ``app_made``: created by appchat."""

    id: str
    name: str
    members: tuple[str, ...]
    webhook: str = ""
    has_bot: bool = True
    app_made: bool = False
    owner: str = ""


@dataclass(slots=True)
class Code:
    """A one-time code: what it stands for and until when."""

    subject: Any
    expires: datetime


class Platform:
    """Everything the fake WeCom knows."""

    def __init__(self, setup: Setup, *, clock: Clock, chance: Random) -> None:
        self.setup = setup
        self.clock = clock
        self.chance = chance
        self._first_id = FIRST_MSGID + int(clock.now().timestamp()) * MSGIDS_A_SECOND
        self.base = ""
        self.bot_url = ""
        self.app_url = ""
        self.trusted_hosts: frozenset[str] = frozenset()
        self.faults = Faults()
        self.signals = Signals()
        self.journal = Journal(clock, self.signals)
        self.people: dict[str, Person] = {}
        self.departments: dict[int, Department] = {1: Department(1, setup.corp_name, 0)}
        self.groups: dict[str, Group] = {}
        self.personas: tuple[Persona, ...] = ()
        self.guide: dict[str, str] = {}
        self.messages: list[Message] = []
        self.at_place: defaultdict[str, list[Message]] = defaultdict(list)
        self.answers: defaultdict[int, list[Message]] = defaultdict(list)
        self.by_id: defaultdict[str, list[Message]] = defaultdict(list)
        self.tasks: dict[tuple[Author, str], list[Message]] = {}
        self.stream_ids: set[str] = set()
        self.media: dict[str, Media] = {}
        self.tickets: dict[str, Ticket] = {}
        self.exchanges: list[Exchange] = []
        self.errands = Errands()
        self.active: set[Place] = set()
        self.codes: dict[str, Code] = {}
        self.tokens: dict[str, datetime] = {}
        self.dead_tokens: dict[str, int] = {}
        self.sent_digests: dict[str, datetime] = {}
        self.greeted: set[tuple[str, str]] = set()
        self.read_marks: dict[tuple[str, str], int] = {}
        self.bot_budget = Budget(limits.CONVERSATION_PER_MINUTE, limits.CONVERSATION_PER_HOUR)
        self.app_budget = Budget(limits.APP_PER_MINUTE, limits.APP_PER_HOUR)
        self.hook_budget = Budget(limits.WEBHOOK_PER_MINUTE)
        self.hook_blocks: dict[str, datetime] = {}

    # Time and chance

    def now(self) -> datetime:
        """The desk's time, aware, in UTC."""
        return self.clock.now()

    def after(self, seconds: float) -> datetime:
        """So many seconds from now."""
        return self.now() + timedelta(seconds=seconds)

    def token(self, length: int = 32) -> str:
        """A fresh id of letters and digits."""
        return token(self.chance, length)

    def code(self, subject: object, seconds: float) -> str:
        """Issue a one-time code."""
        code = self.token(40)
        self.codes[code] = Code(subject, self.after(seconds))
        return code

    def redeem(self, code: str, kind: type) -> Any:  # noqa: ANN401  (what was put in)
        """What a live code stands for, once; None for an unknown, used, old or foreign one."""
        found = self.codes.get(code)
        if found is None or not isinstance(found.subject, kind):
            return None
        del self.codes[code]
        return found.subject if self.now() <= found.expires else None

    async def hold_back(self) -> None:
        """Let a callback wait for a while of its own, if that fault is on."""
        if self.faults.disorder:
            await asyncio.sleep(self.chance.uniform(0, self.faults.disorder))

    # People and places

    def person(self, userid: str) -> Person | None:
        """A member by userid, whatever its case."""
        return self.people.get(userid.lower())

    def name(self, userid: str) -> str:
        """The person's name, or the userid of a stranger."""
        person = self.person(userid)
        return person.name if person else userid

    def audience(self, place: Place) -> tuple[str, ...]:
        """Userids of everybody who sees the conversation."""
        if place.spot is not Spot.GROUP:
            return (place.id,)
        return self.groups[place.id].members

    def sees(self, userid: str, place: Place) -> bool:
        """Whether the person is in the conversation."""
        return userid.lower() in {member.lower() for member in self.audience(place)}

    def places_of(self, userid: str) -> Iterator[Place]:
        """The person's conversations: both robots, then the groups."""
        person = self.person(userid)
        if person is None:
            return
        yield Place(Spot.BOT, person.userid)
        yield Place(Spot.APP, person.userid)
        for group in self.groups.values():
            if person.userid in group.members:
                yield Place(Spot.GROUP, group.id)

    def app_place(self, userid: str) -> Place:
        """The private conversation of somebody with the app."""
        person = self.person(userid)
        return Place(Spot.APP, person.userid if person else userid)

    def hook_group(self, key: str) -> Group | None:
        """The group a webhook key belongs to."""
        return next((g for g in self.groups.values() if key and g.webhook == key), None)

    def below(self, department: int) -> set[int]:
        """The department and everything under it."""
        found = {department}
        grown = True
        while grown:
            more = {d.id for d in self.departments.values() if d.parent in found} - found
            grown = bool(more)
            found |= more
        return found

    # Messages

    def next_id(self) -> str:
        """A message id of the app's kind: a 64-bit number in digits."""
        count = len(self.messages) * MSGID_STEP + self.chance.randrange(MSGID_STEP)
        return str(self._first_id + count)

    def post(
        self,
        place: Place,
        author: Author,
        kind: Kind,
        *,
        id: str = "",  # noqa: A002  (the platform's word)
        **fields: Any,  # noqa: ANN401  (fields of Message)
    ) -> Message:
        """Put a message into a conversation and tell everybody who looks on."""
        number = len(self.messages) + 1
        message = Message(number, id or self.next_id(), place, author, kind, self.now(), **fields)
        self.messages.append(message)
        self.at_place[place.key].append(message)
        self.by_id[message.id].append(message)
        if message.answers:
            self.answers[message.answers].append(message)
        self.changed(message)
        return message

    def changed(self, message: Message) -> None:
        """Tell everybody who looks on that a bubble is new or different."""
        self.signals.tell({"type": "message", "place": message.place.key, "number": message.number})

    def message(self, number: int) -> Message | None:
        """A message by its number on the desk."""
        return self.messages[number - 1] if 0 < number <= len(self.messages) else None

    def answers_of(self, occasion: Occasion) -> list[Message]:
        """What the robots said to this message, card or entry so far."""
        return self.answers[occasion.source.number] if occasion.source else []

    def register_task(self, author: Author, card: dict[str, Any], where: list[Message]) -> None:
        """Remember which bubbles a task_id stands for."""
        task = card.get("task_id")
        if task:
            self.tasks[author, task] = where

    # Media

    def keep(self, kind: str, name: str, data: bytes, scope: str) -> Media:
        """Store bytes for three days."""
        media = Media(self.token(), kind, name, data, scope, self.after(limits.MEDIA_LIFE))
        self.media[media.id] = media
        return media

    def find_media(self, media_id: object, kind: str, scope: str) -> Media | None:
        """A stored medium of this kind that may be used here and has not expired."""
        media = self.media.get(media_id) if isinstance(media_id, str) else None
        if media is None or media.scope != scope or media.kind != kind:
            return None
        return media if self.now() <= media.expires else None

    # Tokens

    def issue_token(self) -> tuple[str, int]:
        """The app's access token and its remaining seconds: the same one while it lives."""
        for value, expires in self.tokens.items():
            if expires > self.now():
                return value, int((expires - self.now()).total_seconds())
        value = self.token(64)
        self.tokens[value] = self.after(limits.TOKEN_LIFE)
        return value, limits.TOKEN_LIFE

    def expire_tokens(self, codes: Iterable[int]) -> None:
        """Invalidate every token early; calls with them fail with these codes in turn."""
        wanted = list(codes)
        for index, value in enumerate(self.tokens):
            self.dead_tokens[value] = wanted[index % len(wanted)]
        self.tokens.clear()
