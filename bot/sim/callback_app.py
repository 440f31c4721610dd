"""The self-built app's callback: private messages and events as XML, passive replies in."""

from xml.etree import ElementTree as ET

from bot.sim import codes, limits
from bot.sim.answers import put_card, show
from bot.sim.card_xml import card_of
from bot.sim.cipher import BadReply, Sealer, open_xml_reply
from bot.sim.codes import Refusal
from bot.sim.contents import Content, Door, read_card
from bot.sim.courier import Courier
from bot.sim.messages import Author, Kind, Message
from bot.sim.payloads import cdata
from bot.sim.platform import Platform

PASSIVE = Door(
    where="app passive reply",
    author=Author.APP,
    types=frozenset({"text", "image", "voice", "video", "news", "file"}),
    scope="app",
    empty=codes.NO_CONTENT,
)
_OUTER = frozenset({"ToUserName", "FromUserName", "CreateTime", "MsgType"})


class AppCallback:
    """Drives ``platform.app_url``."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        setup = platform.setup
        self._sealer = Sealer(setup.app_token, setup.app_aes_key, setup.corp_id)
        self._courier = Courier(platform, self._sealer, "app")

    async def close(self) -> None:
        """Give the connections back."""
        await self._courier.close()

    async def verify(self) -> bool:
        """Check the URL as the console does when it is saved."""
        return await self._courier.verify(self._platform.app_url)

    async def deliver(self, msgid: str, plain: str, source: Message | None, userid: str) -> None:
        """Deliver one message or event (up to four times, page 90238) and obey the answer."""
        times = 2 if self._platform.faults.spend("duplicate") else 1
        for time in range(times):
            reply = await self._courier.deliver(
                self._platform.app_url, msgid, plain, self._wrap, self._open
            )
            if isinstance(reply, str) and time == 0:
                self._obey(reply, source, userid)

    def _wrap(self, encrypt: str) -> bytes:
        agent = str(self._platform.setup.app_agent_id)
        to = cdata("ToUserName", self._platform.setup.corp_id)
        return f"<xml>{to}{cdata('AgentID', agent)}{cdata('Encrypt', encrypt)}</xml>".encode()

    def _open(self, body: bytes, nonce: str) -> str | None:
        del nonce  # the app may sign with a nonce of its own
        if not body:
            return None
        return ET.tostring(open_xml_reply(self._sealer, body), encoding="unicode")

    def _obey(self, reply: str, source: Message | None, userid: str) -> None:
        root = ET.fromstring(reply)  # noqa: S314  (serialised by ourselves just now)
        try:
            self._answer(root, source, userid)
        except Refusal as refusal:
            self._platform.journal.log("app", "passive reply", refusal.code, refusal.rule)
        except BadReply as flaw:
            self._platform.journal.violate(PASSIVE.where, str(flaw))

    def _answer(self, root: ET.Element, source: Message | None, userid: str) -> None:
        kind = root.findtext("MsgType", "")
        for name in sorted(_OUTER - {child.tag for child in root}):
            self._platform.journal.violate(PASSIVE.where, f"{name} missing")
        if root.findtext("ToUserName", "").lower() != userid.lower():
            self._platform.journal.violate(PASSIVE.where, "ToUserName is not the sender")
        match kind:
            case "text":
                self._text(root, source, userid)
            case "image":
                self._image(root, source, userid)
            case "update_template_card":
                self._update(root, source, userid)
            case "update_button":
                self._disable(root, source, userid)
            case _:
                self._platform.journal.violate(PASSIVE.where, f"MsgType {kind[:40]!r}")

    def _text(self, root: ET.Element, source: Message | None, userid: str) -> None:
        text = root.findtext("Content", "")
        if not text.strip():
            self._platform.journal.violate(PASSIVE.where, "empty content")
            return
        raw = text.encode()
        if len(raw) > limits.APP_TEXT:
            self._platform.journal.violate(PASSIVE.where, "content over 2048 bytes", hard=False)
            text = raw[: limits.APP_TEXT].decode(errors="ignore")
        self._say(Content(kind=Kind.TEXT, text=text), source, userid)

    def _image(self, root: ET.Element, source: Message | None, userid: str) -> None:
        media = self._platform.find_media(root.findtext("Image/MediaId"), "image", "app")
        if media is None:
            self._platform.journal.violate(PASSIVE.where, "image: media_id")
            return
        self._say(Content(kind=Kind.IMAGE, media=(media.id,)), source, userid)

    def _say(self, content: Content, source: Message | None, userid: str) -> None:
        place = self._platform.app_place(userid)
        number = source.number if source else 0
        show(self._platform, place, Author.APP, content, answers=number)

    def _update(self, root: ET.Element, source: Message | None, userid: str) -> None:
        element = root.find("TemplateCard")
        if element is None or source is None or source.card is None:
            self._platform.journal.violate(PASSIVE.where, "no TemplateCard, or no card clicked")
            return
        card = card_of(element)
        read_card(self._platform, PASSIVE, card, update=True)
        task = source.card.get("task_id")
        if card.setdefault("task_id", task) != task:
            self._platform.journal.violate(PASSIVE.where, "task_id is not the card's")
            return
        put_card(self._platform, source, card, [userid])

    def _disable(self, root: ET.Element, source: Message | None, userid: str) -> None:
        name = root.findtext("Button/ReplaceName", "")
        if not name or source is None or source.card is None:
            self._platform.journal.violate(PASSIVE.where, "no ReplaceName, or no card clicked")
            return
        put_card(self._platform, source, disabled(source.card, name), [userid])


def disabled(card: dict[str, object], name: str) -> dict[str, object]:
    """The card with its buttons grey and this caption on them."""
    return {**card, "replace_text": name, "desk_disabled": True}
