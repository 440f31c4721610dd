"""What frames of the long connection do: replies, pushes and uploads with all their limits."""

from collections.abc import Callable, Mapping
from datetime import timedelta

from bot.sim import codes, limits
from bot.sim.answers import answer, grow, read_stream, replace_card, show
from bot.sim.codes import Refusal
from bot.sim.contents import PUSH, REPLY, WELCOME, Content, Door, read, read_card
from bot.sim.link_upload import Uploads
from bot.sim.messages import Author, Cause, Json, Kind, Occasion, Place, Spot
from bot.sim.platform import Platform

UPDATE = Door(
    where="aibot_respond_update_msg", author=Author.BOT, types=frozenset({"template_card"})
)


class Commands:
    """The commands of a subscribed bot. ``occasions``: callbacks by their req_id."""

    def __init__(self, platform: Platform, uploads: Uploads) -> None:
        self._platform = platform
        self.occasions: dict[str, Occasion] = {}
        self._table: Mapping[str, Callable[[str, Json], Json]] = {
            "aibot_respond_msg": self._respond,
            "aibot_respond_welcome_msg": self._welcome,
            "aibot_respond_update_msg": self._update,
            "aibot_send_msg": self._push,
            "aibot_upload_media_init": uploads.begin,
            "aibot_upload_media_chunk": uploads.chunk,
            "aibot_upload_media_finish": uploads.finish,
        }

    def run(self, cmd: str, req_id: str, body: object) -> Json:
        """Do it; returns the ack's body, or raises :class:`Refusal`."""
        command = self._table.get(cmd)
        if command is None or not isinstance(body, dict):
            self._violate("link", f"cmd {cmd[:40]!r}" if command is None else "body missing")
            raise Refusal(codes.BAD_PARAMETER, "cmd")
        return command(req_id, body)

    def _respond(self, req_id: str, body: Json) -> Json:
        occasion = self._occasion(REPLY, req_id, Cause.MESSAGE, limits.REPLY_WINDOW)
        self._spend(occasion.place)
        msgtype = str(body.get("msgtype"))
        if msgtype in {"stream", "stream_with_template_card"}:
            self._stream(occasion, body)
            return {}
        if msgtype == "template_card" and occasion.carded:
            self._violate(REPLY.where, "second card on a req_id")
            raise Refusal(codes.ANSWERED, "template_card")
        content = read(self._platform, REPLY, body)
        occasion.carded |= content.card is not None
        answer(self._platform, occasion, content)
        return {}

    def _stream(self, occasion: Occasion, body: Json) -> None:
        for name in body.keys() - {"msgtype", "stream", "template_card"}:
            self._violate(REPLY.where, f"unknown key {name[:40]!r}", hard=False)
        stream = read_stream(self._platform, REPLY, body.get("stream"))
        if stream.pop("msg_item", None):
            self._violate(REPLY.where, "msg_item is not supported here", hard=False)
        card = None
        if body["msgtype"] == "stream_with_template_card":
            # The page contradicts itself; it works, but phones were seen without the buttons.
            self._violate(REPLY.where, "stream_with_template_card on the socket", hard=False)
            if "template_card" in body and not occasion.carded:
                card = read_card(self._platform, REPLY, body["template_card"])
        grow(self._platform, REPLY, occasion, stream, life=self._platform.setup.stream_seconds)
        if card is not None:
            occasion.carded = True
            answer(self._platform, occasion, Content(kind=Kind.CARD, card=card))

    def _welcome(self, req_id: str, body: Json) -> Json:
        occasion = self._occasion(WELCOME, req_id, Cause.ENTER, limits.EVENT_WINDOW)
        self._once(WELCOME, occasion)
        self._spend(occasion.place)
        answer(self._platform, occasion, read(self._platform, WELCOME, body))
        return {}

    def _update(self, req_id: str, body: Json) -> Json:
        occasion = self._occasion(UPDATE, req_id, Cause.CLICK, limits.EVENT_WINDOW)
        self._once(UPDATE, occasion)
        replace_card(self._platform, UPDATE, occasion, body)
        return {}

    def _push(self, req_id: str, body: Json) -> Json:
        del req_id
        place = self._place(body)
        if place not in self._platform.active:
            self._violate(PUSH.where, "nobody spoke to the bot in this chat")
            raise Refusal(codes.NOT_IN_CHAT, "chatid")
        self._spend(place)
        content = read(self._platform, PUSH, body)
        show(self._platform, place, Author.BOT, content)
        return {}

    def _place(self, body: Json) -> Place:
        """Where a push goes: chat_type 1 a person, 2 a group, 0 or absent either, group first."""
        chatid, chat_type = body.get("chatid"), str(body.get("chat_type", 0))
        if not isinstance(chatid, str) or chat_type not in {"0", "1", "2"}:
            self._violate(PUSH.where, "chatid or chat_type")
            raise Refusal(codes.BAD_PARAMETER, "chatid")
        if chat_type != "1" and chatid in self._platform.groups:
            return Place(Spot.GROUP, chatid)
        person = self._platform.person(chatid)
        if chat_type != "2" and person is not None:
            return Place(Spot.BOT, person.userid)
        self._violate(PUSH.where, "unknown chatid")
        raise Refusal(codes.UNKNOWN_CHAT, "chatid")

    def _occasion(self, door: Door, req_id: str, cause: Cause, window: int) -> Occasion:
        occasion = self.occasions.get(req_id)
        if occasion is None or occasion.cause is not cause:
            self._violate(door.where, "req_id unknown, or of another kind of callback")
            raise Refusal(codes.BAD_REQ_ID, "req_id")
        if self._platform.now() - occasion.at > timedelta(seconds=window):
            self._violate(door.where, f"later than {window} s")
            raise Refusal(codes.WINDOW_CLOSED, "req_id")
        return occasion

    def _once(self, door: Door, occasion: Occasion) -> None:
        if occasion.answered:
            self._violate(door.where, "answered twice")
            raise Refusal(codes.ANSWERED, "req_id")

    def _spend(self, place: Place) -> None:
        """Replies and pushes together: 30 a minute and 1000 an hour per conversation."""
        if not self._platform.bot_budget.take(place.key, self._platform.now()):
            self._violate("link", "over 30 a minute or 1000 an hour in one chat")
            raise Refusal(codes.LINK_TOO_OFTEN, "rate")

    def _violate(self, where: str, rule: str, *, hard: bool = True) -> None:
        self._platform.journal.violate(where, rule, hard=hard)
