"""What people do on the desk, and how a test waits for what comes of it."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from random import Random
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from yarl import URL

from bot.clock import Clock
from bot.sim.faults import Faults
from bot.sim.link import Link
from bot.sim.messages import (
    Author,
    Cause,
    Exchange,
    Json,
    Kind,
    Message,
    Place,
    Spot,
    Upload,
    Violation,
)
from bot.sim.platform import Group, Platform
from bot.sim.robots import Robots, button_keys
from bot.sim.setup import Department, Person, Persona, Setup

T = TypeVar("T")
HERE: Final = ZoneInfo("Asia/Shanghai")
PATIENCE: Final = 5.0


class Desk:
    """A company on WeCom. Build it, ``serve`` it, give the robots its addresses, then talk.

    People are named by userid (any case); a chat is a chatid, or empty for the private chat with
    ``door`` "bot" (the smart bot) or "app" (the self-built app).
    """

    def __init__(self, setup: Setup, *, clock: Clock, chance: Random) -> None:
        self.platform = Platform(setup, clock=clock, chance=chance)
        self.robots = Robots(self.platform)

    @property
    def link(self) -> Link:
        """The long connection's server side, with its faults."""
        return self.robots.link

    @property
    def setup(self) -> Setup:
        """The company's ids and secrets."""
        return self.platform.setup

    @property
    def faults(self) -> Faults:
        """Switches for what can go wrong."""
        return self.platform.faults

    @property
    def violations(self) -> list[Violation]:
        """Every broken rule so far; a well-behaved robot leaves it empty."""
        return self.platform.journal.violations

    @property
    def exchanges(self) -> list[Exchange]:
        """Every callback to the robots' URLs with its deliveries and decrypted replies."""
        return self.platform.exchanges

    # The company

    def add_department(self, number: int, name: str, parent: int = 1) -> Department:
        """A node of the contacts tree (the root, 1, is there already)."""
        department = Department(number, name, parent)
        self.platform.departments[number] = department
        return department

    def add_person(
        self, userid: str, name: str, *, departments: Iterable[int] = (1,), position: str = ""
    ) -> Person:
        """A member; a userid known already is replaced."""
        person = Person(userid, name, tuple(departments), position)
        self.platform.people[userid.lower()] = person
        return person

    def add_group(
        self,
        chatid: str,
        name: str,
        members: Iterable[str],
        *,
        webhook: str = "",
        has_bot: bool = True,
    ) -> Group:
        """A group of members (``KeyError`` for strangers); ``webhook`` is its webhook's key."""
        userids = tuple(self.platform.people[userid.lower()].userid for userid in members)
        group = Group(chatid, name, userids, webhook, has_bot)
        self.platform.groups[chatid] = group
        return group

    def offer(self, personas: Iterable[Persona], **guide: str) -> None:
        """The people the page's switch shows first, and words the guide's steps are filled with."""
        self.platform.personas = tuple(personas)
        self.platform.guide = guide

    def webhook_url(self, chatid: str) -> str:
        """The whole address of a group's webhook, once the desk is served."""
        key = self.platform.groups[chatid].webhook
        return f"{self.platform.base}/cgi-bin/webhook/send?key={key}"

    def listen(self, *, bot_url: str = "", app_url: str = "", pages: Iterable[str] = ()) -> None:
        """Where the robots are: callback addresses, the only ones the desk ever calls, and pages.

        ``pages`` are base addresses like ``http://127.0.0.1:8080``; OAuth redirects only to these
        (可信域名, exact with the port), and cards may show pictures from there.
        """
        self.platform.bot_url = bot_url or self.platform.bot_url
        self.platform.app_url = app_url or self.platform.app_url
        self.platform.trusted_hosts |= {URL(page).authority for page in pages}

    def activate(self, target: str) -> None:
        """Act as if somebody had spoken to the smart bot in this group or private chat before."""
        self.platform.active.add(self.place(target))

    def place(self, target: str, door: str = "bot") -> Place:
        """The conversation: of a chatid, or of a userid with one of the robots."""
        if target in self.platform.groups:
            return Place(Spot.GROUP, target)
        return Place(Spot(door), self.platform.people[target.lower()].userid)

    # What people do

    async def say(
        self,
        userid: str,
        chatid: str | None,
        text: str,
        *,
        door: str = "bot",
        quote: Message | None = None,
        images: Iterable[Upload] = (),
        voice: bool = False,
    ) -> Message:
        """Say something; returns the bubble while the robots are being told.

        In a group the smart bot hears it only if its name is mentioned; pictures without words
        never reach it there. ``voice`` sends the text as a transcript (private chat with the bot).
        """
        place = self.place(chatid or userid, door)
        person = self.platform.people[userid.lower()]
        if not self.platform.sees(person.userid, place):
            raise ValueError(f"{userid} is not in {chatid}")
        media = tuple(
            self.platform.keep("image", image.name, image.data, "app").id for image in images
        )
        kind = Kind.VOICE if voice else Kind.IMAGE if media and not text else Kind.TEXT
        message = self.platform.post(
            place,
            Author.PERSON,
            kind,
            sender=person.userid,
            text=text,
            media=media,
            quote=quote.number if quote else 0,
        )
        self.robots.tell(message)
        return message

    async def send_file(self, userid: str, file: Upload) -> Message:
        """Send a file to the smart bot, privately (no other chat delivers files)."""
        person = self.platform.people[userid.lower()]
        media = self.platform.keep("file", file.name, file.data, "app")
        place = Place(Spot.BOT, person.userid)
        message = self.platform.post(
            place, Author.PERSON, Kind.FILE, sender=person.userid, media=(media.id,)
        )
        self.robots.tell(message)
        return message

    async def ask(
        self,
        userid: str,
        chatid: str | None,
        text: str,
        *,
        door: str = "bot",
        timeout: float = PATIENCE,  # noqa: ASYNC109  (a limit for tests)
    ) -> Message:
        """Say something and wait for the first finished answer to it."""
        return await self.answer(await self.say(userid, chatid, text, door=door), timeout=timeout)

    async def answer(
        self,
        message: Message,
        timeout: float = PATIENCE,  # noqa: ASYNC109  (a limit for tests)
    ) -> Message:
        """The first finished answer to a message; ``TimeoutError`` without one."""

        def find() -> Message | None:
            said = self.platform.answers[message.number]
            return next((answer for answer in said if answer.finished), None)

        return await self.until(find, timeout)

    async def click(
        self,
        userid: str,
        message: Message,
        key: str = "",
        choices: Mapping[str, Iterable[str]] | None = None,
    ) -> None:
        """Press a button (or submit, or pick from the menu) of the card as this person sees it.

        ``key``     the button's; empty on cards with one submit button
        ``choices`` option ids by question key
        """
        person = self.platform.people[userid.lower()]
        card = message.card_for(person.userid)
        if card is None or not self.platform.sees(person.userid, message.place):
            raise ValueError("there is no such card for this person")
        key = key or card.get("submit_button", {}).get("key", "")
        if key not in button_keys(card):
            raise ValueError(f"the card has no button {key!r}")
        picked = {name: tuple(ids) for name, ids in (choices or {}).items()}
        message.picked[person.userid.lower()] = (key, picked)
        message.pending.add(person.userid.lower())
        self.platform.changed(message)
        self.robots.clicked(person.userid, message, key, picked)
        wait = self.setup.timings.answer
        asyncio.get_running_loop().call_later(wait, self._unanswered, person.userid, message)

    async def enter(self, userid: str) -> None:
        """Open the private chat with the smart bot: an event on the first entry of the day."""
        person = self.platform.people[userid.lower()]
        day = self.platform.now().astimezone(HERE).date().isoformat()
        if (person.userid, day) not in self.platform.greeted:
            self.platform.greeted.add((person.userid, day))
            self.robots.event(person.userid, "enter_chat", None, Cause.ENTER)

    async def send_event(self, userid: str, name: str, details: Json | None = None) -> None:
        """Any other event of the smart bot: ``feedback_event``, or one nobody has heard of."""
        person = self.platform.people[userid.lower()]
        self.robots.event(person.userid, name, details, Cause.OTHER)

    async def send_app_event(self, userid: str, name: str, key: str = "") -> None:
        """Any event of the app: ``enter_agent``, a menu ``click``, or an unknown one."""
        self.robots.app_event(self.platform.people[userid.lower()].userid, name, key)

    def _unanswered(self, userid: str, message: Message) -> None:
        """The client says so when a click brought no new card within the platform's time."""
        if userid.lower() in message.pending:
            message.pending.discard(userid.lower())
            self.platform.changed(message)
            event = {"type": "unanswered", "place": message.place.key, "userid": userid}
            self.platform.signals.tell(event)

    # Waiting

    def messages(self, target: str, door: str = "") -> list[Message]:
        """All bubbles of a group, or of a person's private chats (of one ``door`` if named)."""
        if target in self.platform.groups:
            return list(self.platform.at_place[target])
        doors = [door] if door else ["bot", "app"]
        found = [m for d in doors for m in self.platform.at_place[self.place(target, d).key]]
        return sorted(found, key=lambda message: message.number)

    def heard(self, target: str, door: str = "") -> list[Message]:
        """The bubbles there that robots wrote."""
        return [m for m in self.messages(target, door) if m.author is not Author.PERSON]

    async def until(
        self,
        find: Callable[[], T | None],
        timeout: float = PATIENCE,  # noqa: ASYNC109  (a limit for tests)
    ) -> T:
        """What ``find`` returns as soon as it is truthy, asked again after every change."""
        return await self.platform.signals.until(find, timeout)

    async def settled(self, timeout: float = 30.0) -> None:  # noqa: ASYNC109  (as above)
        """Wait until every callback under way has been delivered or given up."""
        await self.platform.errands.settled(timeout)

    async def connected(self, timeout: float = PATIENCE) -> None:  # noqa: ASYNC109  (as above)
        """Wait until a bot is subscribed on the long connection."""
        await self.until(lambda: self.link.connected, timeout)
