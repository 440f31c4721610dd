"""The self-built app's callback: XML in, XML back."""

import os
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from wechatpy.enterprise import parse_message

from bot.channel import Answer
from bot.clock import FixedClock
from bot.wecom.app import PATH, AppCallback
from bot.wecom.callback import Gate
from bot.wecom.crypto import Envelope
from handlers.content import Button, Card
from models.errors import Unavailable
from tests.unit.wecom.aid import CORP, HOME, KEY, NOW, TOKEN, Dispatcher, Platform, encrypt, fixture


@pytest.fixture
def dispatcher() -> Dispatcher:
    return Dispatcher(Answer("已登记 **JZ-2026-0001**"))


@pytest.fixture
async def wecom(dispatcher: Dispatcher) -> AsyncIterator[Platform]:
    clock = FixedClock(NOW)
    gate = Gate(
        Envelope(TOKEN, KEY, CORP, chance=os.urandom), clock=clock, reference=lambda: "REF1"
    )
    callback = AppCallback(gate, dispatcher, corp_id=CORP, clock=clock, home=HOME)
    app = web.Application()
    app.add_routes(callback.routes())
    async with TestClient(TestServer(app)) as client:
        yield Platform(client, PATH, CORP)


async def test_saving_the_address_in_the_console_works(wecom: Platform) -> None:
    cipher_text = encrypt("1616140317555161061", CORP)
    query = wecom.query(cipher_text) + "&echostr=" + cipher_text.replace("+", "%2B")
    response = await wecom.client.get(f"{PATH}?{query}")
    assert await response.text() == "1616140317555161061"


async def test_a_message_is_answered_in_plain_words(
    wecom: Platform, dispatcher: Dispatcher
) -> None:
    answer = await wecom.say_xml(fixture("app_text.xml"))
    assert answer is not None
    assert {child.tag: child.text for child in answer} == {
        "ToUserName": "ZhangSan",
        "FromUserName": CORP,
        "CreateTime": str(int(NOW.timestamp())),
        "MsgType": "text",
        "Content": "已登记 JZ-2026-0001",
    }
    [heard] = dispatcher.heard
    theirs = parse_message(fixture("app_text.xml"))
    assert (heard.text, heard.sender) == (theirs.content, theirs.source)
    assert heard.message_id == f"app:{theirs.source}:{theirs.id}"


async def test_what_people_typed_cannot_break_the_answer(
    wecom: Platform, dispatcher: Dispatcher
) -> None:
    dispatcher.answer = Answer("您写的是：]]></Content><x> & \x0b")
    answer = await wecom.say_xml(fixture("app_text.xml"))
    assert answer is not None
    assert answer.findtext("Content") == "您写的是：]]></Content><x> & "


async def test_a_long_answer_is_cut_at_2048_bytes(wecom: Platform, dispatcher: Dispatcher) -> None:
    dispatcher.answer = Answer("长" * 1000)
    answer = await wecom.say_xml(fixture("app_text.xml"))
    assert answer is not None
    content = answer.findtext("Content") or ""
    assert 2000 < len(content.encode()) <= 2048
    assert content.endswith("…")


async def test_a_click_changes_the_clickers_card(wecom: Platform, dispatcher: Dispatcher) -> None:
    again = Card("还有吗", buttons=(Button("再认领", "claim:2"),), task="another")
    dispatcher.answer = Answer("不在此处说", update=again)
    answer = await wecom.say_xml(fixture("app_card_button.xml"))
    assert answer is not None
    assert answer.findtext("MsgType") == "update_template_card"
    assert answer.findtext("TemplateCard/CardType") == "button_interaction"
    assert answer.findtext("TemplateCard/ButtonList/Key") == "claim:2"
    assert answer.find("TemplateCard/TaskId") is None
    click = dispatcher.heard[0].click
    assert click
    assert click.response_code == "RC3"


@pytest.mark.parametrize("answer", [None, Answer(), Answer(card=Card("单独的卡片不能被动回复"))])
@pytest.mark.parametrize("name", ["app_text.xml", "app_card_button.xml", "app_enter_agent.xml"])
async def test_nothing_to_say_is_an_empty_200(
    wecom: Platform, dispatcher: Dispatcher, answer: Answer | None, name: str
) -> None:
    dispatcher.answer = answer
    assert await wecom.say_xml(fixture(name)) is None


@pytest.mark.parametrize("name", ["app_subscribe.xml", "app_location.xml"])
async def test_what_is_not_used_is_acknowledged(
    wecom: Platform, dispatcher: Dispatcher, name: str
) -> None:
    assert await wecom.say_xml(fixture(name)) is None
    assert dispatcher.heard == []


async def test_the_store_being_away_is_a_503(wecom: Platform, dispatcher: Dispatcher) -> None:
    dispatcher.error = Unavailable("database")
    assert (await wecom.send(fixture("app_text.xml").decode())).status == 503


async def test_a_message_for_another_corp_is_a_403(wecom: Platform, dispatcher: Dispatcher) -> None:
    cipher_text = encrypt(fixture("app_text.xml").decode(), "wx_other")
    assert (await wecom.post(wecom.envelope(cipher_text), wecom.query(cipher_text))).status == 403
    assert dispatcher.heard == []


ENTITY = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{}",
        "<xml>",
        "<xml></xml>",
        "<xml><Encrypt></Encrypt></xml>",
        f"{ENTITY}<xml><Encrypt>&e;</Encrypt></xml>",
        "<xml><Encrypt>&undefined;</Encrypt></xml>",
        "<a>" * 20_000,
    ],
)
async def test_a_body_nobody_sends_is_a_400(
    wecom: Platform, dispatcher: Dispatcher, body: str
) -> None:
    response = await wecom.post(body.encode(), wecom.query("x"))
    assert (response.status, await response.read()) == (400, b"")
    assert dispatcher.heard == []


@pytest.mark.parametrize("message", ["", "{}", f"{ENTITY}<xml>&e;</xml>", "<xml></xml>"])
async def test_an_authentic_message_that_is_none_is_a_400(
    wecom: Platform, dispatcher: Dispatcher, message: str
) -> None:
    assert (await wecom.send(message)).status == 400
    assert dispatcher.heard == []
