"""Telling the robots: which of them hears what, and through which door."""

from collections.abc import Iterator, Mapping
from typing import Final

from bot.sim import limits
from bot.sim.callback_app import AppCallback
from bot.sim.callback_bot import BotCallback
from bot.sim.link import Link
from bot.sim.messages import (
    Author,
    CardCode,
    Cause,
    Json,
    Kind,
    Message,
    Occasion,
    Place,
    Spot,
)
from bot.sim.payloads import (
    app_click,
    app_event,
    app_message,
    bot_event,
    bot_message,
    selected_items,
)
from bot.sim.platform import Platform
from bot.sim.setup import Mode

FULL_AT: Final = "\uff20"
Picked = Mapping[str, tuple[str, ...]]


class Robots:
    """The smart bot (by socket or by URL) and the self-built app."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self.link = Link(platform)
        self.bot_callback = BotCallback(platform)
        self.app_callback = AppCallback(platform)

    async def stop(self) -> None:
        """Close sockets and connections."""
        await self.link.stop()
        await self.bot_callback.close()
        await self.app_callback.close()

    def tell(self, message: Message) -> None:
        """Deliver what somebody said to the robot that hears it, if one does."""
        if message.place.spot is Spot.APP:
            if message.kind in {Kind.FILE, Kind.VOICE}:
                raise ValueError("the app's chat delivers words and pictures")
            plain = app_message(self._platform, message)
            self._app(message.id, plain, message, message.sender)
        elif message.place.spot is Spot.BOT or self._mentioned(message):
            self._platform.active.add(message.place)
            occasion = self._occasion(Cause.MESSAGE, message.place, message.sender, message)
            occasion.msgid = message.id
            self._bot(occasion, bot_message(self._platform, occasion, message))

    def clicked(self, userid: str, message: Message, key: str, picked: Picked) -> None:
        """Report a click on the card that this person sees."""
        card = message.card_for(userid) or {}
        task = card.get("task_id", "")
        if message.author is Author.APP:
            code = self._platform.code(CardCode(task), limits.CODE_LIFE)
            extra = app_click(task, card["card_type"], code, picked)
            plain = app_event(self._platform, userid, "template_card_event", key, extra)
            self._app(self._platform.token(), plain, message, userid)
            return
        details: Json = {"card_type": card["card_type"], "event_key": key, "task_id": task}
        if picked:
            details["selected_items"] = selected_items(picked)
        occasion = self._occasion(Cause.CLICK, message.place, userid, message)
        occasion.task = task
        body = bot_event(self._platform, occasion, "template_card_event", details)
        self._bot(occasion, body)

    def event(self, userid: str, name: str, details: Json | None, cause: Cause) -> None:
        """An event of the smart bot's private chat."""
        occasion = self._occasion(cause, Place(Spot.BOT, userid), userid, None)
        self._bot(occasion, bot_event(self._platform, occasion, name, details))

    def app_event(self, userid: str, name: str, key: str) -> None:
        """An event of the app."""
        plain = app_event(self._platform, userid, name, key)
        self._app(self._platform.token(), plain, None, userid)

    def _mentioned(self, message: Message) -> bool:
        """Whether the smart bot hears it: it is in the group and was mentioned, with words."""
        if not self._platform.groups[message.place.id].has_bot:
            return False
        text = message.text.replace(FULL_AT, "@")
        return any(f"@{name}" in text for name in self._platform.setup.bot_names)

    def _occasion(
        self, cause: Cause, place: Place, userid: str, source: Message | None
    ) -> Occasion:
        platform = self._platform
        return Occasion(platform.token(), cause, place, userid, platform.now(), source)

    def _bot(self, occasion: Occasion, body: Json) -> None:
        if self._platform.setup.bot_mode is Mode.LINK:
            self._platform.errands.start(self.link.deliver(occasion, body))
        elif self._platform.bot_url:
            self._platform.errands.start(self.bot_callback.deliver(occasion, body))
        else:
            self._lost("bot", occasion.place)

    def _app(self, msgid: str, plain: str, source: Message | None, userid: str) -> None:
        if self._platform.app_url:
            work = self.app_callback.deliver(msgid, plain, source, userid)
            self._platform.errands.start(work)
        else:
            self._lost("app", self._platform.app_place(userid))

    def _lost(self, door: str, place: Place) -> None:
        self._platform.journal.log(door, "callback", note="lost: no URL is set")
        self._platform.signals.tell({"type": "lost", "place": place.key})


def button_keys(card: Json) -> set[str]:
    """Every key a click on this card can send."""
    if card.get("desk_disabled"):
        return set()
    return {key for key in _keys(card) if key}


def _keys(card: Json) -> Iterator[str]:
    for button in card.get("button_list", []):
        if not button.get("type"):
            yield button.get("key", "")
    for action in card.get("action_menu", {}).get("action_list", []):
        yield action["key"]
    yield card.get("submit_button", {}).get("key", "")
