"""Our frames against those of the official SDK: the same calls give the same bodies."""

import warnings
from typing import Any

import pytest

from bot.channel import Answer, Click, Target
from bot.wecom import botreply, linkhear
from bot.wecom.cards import _TYPES
from bot.wecom.link import _CALLBACKS
from bot.wecom.linkpush import SEND, push_body
from handlers.content import Button, Card
from tests.unit.wecom.aid import HOME, fixture

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # the SDK imports websockets.legacy
    from aibot.client import WSClient
    from aibot.message_handler import MessageHandler
    from aibot.types import EventType, MessageType, TemplateCardType, WSClientOptions, WsCmd

CARD = Card("心愿", buttons=(Button("认领", "claim:1"),), task="wish_1")
FRAME = {"cmd": WsCmd.CALLBACK, "headers": {"req_id": "REQ1"}}


class Wire:
    """Stands where the SDK's socket would be and keeps what it is given."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Any, str]] = []

    async def send_reply(self, req_id: str, body: Any, cmd: str = WsCmd.RESPONSE) -> Any:
        """Take a reply."""
        self.sent.append((cmd, body, req_id))


@pytest.fixture
def wire() -> Wire:
    return Wire()


class _Silent:
    def __getattr__(self, _name: str) -> Any:
        return lambda *_words: None


@pytest.fixture
async def client(wire: Wire) -> Any:
    """The SDK's client, talking into the wire."""
    client = WSClient(WSClientOptions(bot_id="BOT1", secret="s", logger=_Silent()))
    client._ws_manager = wire
    return client


async def test_an_answer_is_the_sdks_stream(client: Any, wire: Wire) -> None:
    ours = botreply.stream_body("bot:m1", "已登记")
    await client.reply_stream(FRAME, botreply.stream_id("bot:m1"), "已登记", finish=True)
    assert wire.sent == [(linkhear._RESPOND, ours, "REQ1")]


async def test_a_card_is_the_sdks_card(client: Any, wire: Wire) -> None:
    ours = botreply.card_body(CARD, HOME)
    await client.reply_template_card(FRAME, ours["template_card"])
    assert wire.sent == [(linkhear._RESPOND, ours, "REQ1")]


async def test_text_and_card_are_the_sdks_both(client: Any, wire: Wire) -> None:
    ours = botreply.answer_body("bot:m1", Answer("请选择", card=CARD), HOME)
    assert ours
    await client.reply_stream_with_card(
        FRAME,
        botreply.stream_id("bot:m1"),
        "请选择",
        finish=True,
        template_card=ours["template_card"],
    )
    assert wire.sent[0][1] == ours


async def test_a_greeting_is_the_sdks_welcome(client: Any, wire: Wire) -> None:
    ours = botreply.welcome_body(Answer("您好"), HOME)
    await client.reply_welcome(FRAME, {"msgtype": "text", "text": {"content": "您好"}})
    assert wire.sent == [(linkhear._RESPOND_WELCOME, ours, "REQ1")]


async def test_a_changed_card_is_the_sdks_update(client: Any, wire: Wire) -> None:
    click = Click("wish_1", "claim:1")
    for private, userids in ((False, None), (True, ["lisi"])):
        answer = Answer(update=Card("已认领"), private=private)
        ours = botreply.update_body(click, "lisi", answer, HOME)
        assert ours
        await client.update_template_card(FRAME, ours["template_card"], userids)
        assert wire.sent.pop() == (linkhear._RESPOND_UPDATE, ours, "REQ1")


async def test_a_push_is_the_sdks_message(client: Any, wire: Wire) -> None:
    content = {"content": "# 排名"}
    ours = push_body(Target("wr1", group=True), "markdown", content)
    await client.send_message("wr1", {"chat_type": 2, "msgtype": "markdown", "markdown": content})
    [(cmd, body, _)] = wire.sent
    assert (cmd, body) == (SEND, ours)


def test_both_know_the_same_callbacks_and_cards() -> None:
    assert {WsCmd.CALLBACK, WsCmd.EVENT_CALLBACK} == _CALLBACKS
    assert set(_TYPES.values()) < {kind.value for kind in TemplateCardType}


@pytest.mark.parametrize(
    ("name", "event"),
    [
        ("bot_text_group.json", f"message.{MessageType.Text.value}"),
        ("bot_mixed_image_first.json", f"message.{MessageType.Mixed.value}"),
        ("bot_image_single.json", f"message.{MessageType.Image.value}"),
        ("bot_voice_single.json", f"message.{MessageType.Voice.value}"),
        ("bot_file_single.json", f"message.{MessageType.File.value}"),
        ("bot_enter_chat.json", f"event.{EventType.EnterChat.value}"),
        ("bot_card_button.json", f"event.{EventType.TemplateCardEvent.value}"),
        ("bot_feedback.json", f"event.{EventType.FeedbackEvent.value}"),
    ],
)
def test_the_sdk_recognises_our_fixtures(name: str, event: str) -> None:
    heard: list[str] = []

    class Emitter:
        def emit(self, name: str, _frame: Any) -> None:
            heard.append(name)

    body = fixture(name)
    cmd = WsCmd.EVENT_CALLBACK if body["msgtype"] == "event" else WsCmd.CALLBACK
    MessageHandler(_Silent()).handle_frame({"cmd": cmd, "body": body}, Emitter())
    assert event in heard
