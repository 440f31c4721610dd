"""What one person sees of the desk, as plain values for the page."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from bot.sim.messages import Author, Json, Kind, Media, Message, Place, Spot
from bot.sim.platform import Platform
from bot.sim.setup import Person
from config.texts import catalogue, t

HERE: Final = ZoneInfo("Asia/Shanghai")
PAGE: Final = 60
LAST_LINE: Final = 60
FOUND: Final = 40
_PREFIX: Final = "desk."
# Markdown that a single line is shown without: links keep their words.
_MARKS: Final = re.compile(r"\[([^\]]*)\]\([^)]*\)|\*\*|`|</?font[^>]*>")


def words() -> dict[str, str]:
    """All words of the page by their key without the leading ``desk.``."""
    return {
        key.removeprefix(_PREFIX): value
        for key, value in catalogue().items()
        if key.startswith(_PREFIX) and isinstance(value, str)
    }


def shown_time(moment: datetime) -> str:
    """ISO time in the users' zone."""
    return moment.astimezone(HERE).isoformat(timespec="seconds")


class View:
    """The desk through the eyes of one person."""

    def __init__(self, platform: Platform, person: Person) -> None:
        self._platform = platform
        self.person = person

    def everything(self) -> Json:
        """What the page needs when it opens or when the persona changes."""
        platform = self._platform
        return {
            "corp": platform.setup.corp_name,
            "bot_names": platform.setup.bot_names,
            "person": self._person(self.person),
            "personas": list(self._personas()),
            "guide": platform.guide,
            "places": self.places(),
        }

    def places(self) -> list[Json]:
        """The person's conversations: the robots, then the groups, the liveliest first."""
        found = [self.place(place) for place in self._platform.places_of(self.person.userid)]
        return sorted(found, key=lambda place: (place["order"], -place["last_number"]))

    def place(self, place: Place) -> Json:
        """One line of the list on the left."""
        platform = self._platform
        messages = platform.at_place.get(place.key, [])
        last = messages[-1] if messages else None
        group = platform.groups.get(place.id) if place.spot is Spot.GROUP else None
        return {
            "key": place.key,
            "spot": place.spot,
            "title": self._title(place),
            "members": len(group.members) if group else 0,
            "has_bot": group.has_bot if group else True,
            "last": self._line(last) if last else "",
            "last_at": shown_time(last.at) if last else "",
            "last_number": last.number if last else 0,
            "order": 0 if group is None else 1,
            "unread": self._unread(place, messages),
        }

    def messages(self, place: Place, before: int) -> list[Json]:
        """The last bubbles of a conversation, or those before a number."""
        found = self._platform.at_place.get(place.key, [])
        if before:
            found = [message for message in found if message.number < before]
        return [self.message(message) for message in found[-PAGE:]]

    def message(self, message: Message) -> Json:
        """One bubble."""
        userid = self.person.userid
        card = message.card_for(userid)
        picked = message.picked.get(userid.lower())
        quoted = self._platform.message(message.quote)
        return {
            "number": message.number,
            "place": message.place.key,
            "author": message.author,
            "name": self._name(message),
            "mine": message.sender == userid,
            "kind": message.kind,
            "at": shown_time(message.at),
            "text": "" if message.recalled else message.text,
            "dialect": message.dialect,
            "card": None if message.recalled else card,
            "pending": userid.lower() in message.pending,
            "picked": {"key": picked[0], "choices": picked[1]} if picked else None,
            "media": [] if message.recalled else list(self._media(message)),
            "articles": [] if message.recalled else list(message.articles),
            "quote": self._quote(quoted) if quoted else "",
            "mentions": [self._mention(userid) for userid in message.mentions],
            "finished": message.finished,
            "recalled": message.recalled,
        }

    def read(self, place: Place) -> None:
        """The person has seen everything there."""
        messages = self._platform.at_place.get(place.key, [])
        if messages:
            self._platform.read_marks[self.person.userid, place.key] = messages[-1].number

    def find(self, text: str) -> list[Json]:
        """Members whose name or userid holds the text."""
        needle = text.strip().lower()
        found = (
            person
            for person in self._platform.people.values()
            if needle in person.name.lower() or needle in person.userid.lower()
        )
        return [self._person(person) for person, _ in zip(found, range(FOUND), strict=False)]

    def _unread(self, place: Place, messages: list[Message]) -> int:
        mark = self._platform.read_marks.get((self.person.userid, place.key), 0)
        count = 0
        for message in reversed(messages):
            if message.number <= mark:
                break
            count += message.sender != self.person.userid
        return count

    def _personas(self) -> Iterator[Json]:
        for persona in self._platform.personas:
            person = self._platform.person(persona.userid)
            if person is not None:
                yield {**self._person(person), "role": persona.role, "label": persona.label}

    def _person(self, person: Person) -> Json:
        departments = [self._platform.departments.get(number) for number in person.departments]
        unit = next((found.name for found in departments if found), "")
        return {
            "userid": person.userid,
            "name": person.name,
            "unit": unit,
            "position": person.position,
        }

    def _title(self, place: Place) -> str:
        setup = self._platform.setup
        match place.spot:
            case Spot.GROUP:
                return self._platform.groups[place.id].name
            case Spot.BOT:
                return setup.bot_names[0]
            case Spot.APP:
                return setup.app_name

    def _name(self, message: Message) -> str:
        setup = self._platform.setup
        match message.author:
            case Author.PERSON:
                return self._platform.name(message.sender)
            case Author.BOT:
                return setup.bot_names[0]
            case Author.APP:
                return setup.app_name
            case Author.WEBHOOK:
                return t("desk.webhook_name")

    def _mention(self, userid: str) -> str:
        return t("desk.everybody") if userid == "@all" else self._platform.name(userid)

    def _quote(self, message: Message) -> str:
        return t("desk.line.quote", name=self._name(message), text=self._line(message))

    def _line(self, message: Message) -> str:
        """One line for the list and for quotes."""
        if message.recalled:
            return t("desk.recalled")
        match message.kind:
            case Kind.CARD:
                title = (message.card_for(self.person.userid) or {}).get("main_title", {})
                return t("desk.line.card", title=title.get("title", ""))
            case Kind.IMAGE | Kind.FILE | Kind.VIDEO:
                name = next((media["name"] for media in self._media(message)), "")
                return t(f"desk.line.{message.kind}", name=name)
            case Kind.VOICE:
                return t("desk.line.voice", text=message.text)
            case Kind.NEWS:
                return str(message.articles[0].get("title", ""))
        first = next((line for line in message.text.splitlines() if line.strip()), "")
        return _MARKS.sub(r"\1", first).strip("#>- ")[:LAST_LINE]

    def _media(self, message: Message) -> Iterator[Json]:
        for number in message.media:
            media: Media = self._platform.media[number]
            yield {"id": media.id, "kind": media.kind, "name": media.name, "size": len(media.data)}
