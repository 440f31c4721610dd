"""The smart bot by callback URL: what comes in, what goes back, and what is turned away."""

import asyncio
import gzip
import json
import os
from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import quote, urlencode

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot.channel import Answer
from bot.clock import FixedClock
from bot.wecom import limits
from bot.wecom.aibot import PATH, BotCallback
from bot.wecom.botreply import stream_id
from bot.wecom.callback import Gate
from bot.wecom.crypto import Envelope
from handlers.content import Button, Card
from models.errors import Unavailable
from tests.unit.wecom.aid import (
    HOME,
    KEY,
    NOW,
    TOKEN,
    Dispatcher,
    Platform,
    capture_logs,
    encrypt,
    fixture,
    signature,
)

GROUP = fixture("bot_text_group.json")
CARD = Card("心愿", buttons=(Button("认领", "claim:1"),), task="wish_1")


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def dispatcher() -> Dispatcher:
    return Dispatcher(Answer("已登记 **JZ-2026-0001**"))


@pytest.fixture
async def wecom(clock: FixedClock, dispatcher: Dispatcher) -> AsyncIterator[Platform]:
    envelope = Envelope(TOKEN, KEY, "", chance=os.urandom)
    gate = Gate(envelope, clock=clock, reference=lambda: "REF1")
    app = web.Application()
    app.add_routes(BotCallback(gate, dispatcher, clock=clock, home=HOME).routes())
    async with TestClient(TestServer(app)) as client:
        yield Platform(client, PATH, "")


async def test_saving_the_address_in_the_console_works(wecom: Platform) -> None:
    cipher_text = next(
        text for text in iter(lambda: encrypt("6534946348215556778", ""), None) if "+" in text
    )
    for spelled in (quote(cipher_text, safe=""), quote(cipher_text, safe="+/=")):
        query = wecom.query(cipher_text) + f"&echostr={spelled}"
        response = await wecom.client.get(f"{PATH}?{query}")
        assert response.status == 200
        assert await response.read() == b"6534946348215556778"


async def test_a_blank_that_was_a_plus_does_no_harm(wecom: Platform) -> None:
    cipher_text = next(text for text in iter(lambda: encrypt("1", ""), None) if "+" in text)
    query = wecom.query(cipher_text) + "&echostr=" + quote(cipher_text.replace("+", " "))
    assert (await wecom.client.get(f"{PATH}?{query}")).status == 200


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"msg_signature": "0" * 40}, 403),
        ({"timestamp": str(int(NOW.timestamp()) - 601)}, 403),
        ({"echostr": encrypt("1", "wx_other")}, 403),
        ({"echostr": "AAAA"}, 403),
        ({"echostr": ""}, 403),
        ({"nonce": ""}, 400),
    ],
)
async def test_a_false_greeting_gets_a_bare_status(
    wecom: Platform, change: dict[str, str], status: int
) -> None:
    cipher_text = change.get("echostr", encrypt("1", ""))
    fields = dict(pair.split("=") for pair in wecom.query(cipher_text, **change).split("&"))
    query = urlencode(fields | {"echostr": cipher_text} | change)
    response = await wecom.client.get(f"{PATH}?{query}")
    assert response.status == status
    assert await response.read() == b""


async def test_a_message_is_answered_in_the_response(
    wecom: Platform, dispatcher: Dispatcher
) -> None:
    answer = await wecom.say(GROUP)
    assert answer == {
        "msgtype": "stream",
        "stream": {
            "id": stream_id("bot:CAIQ16HMjQYY"),
            "finish": True,
            "content": "已登记 **JZ-2026-0001**",
        },
    }
    [heard] = dispatcher.heard
    assert heard.text == "@支部通  /进展 60% 完成基础浇筑"
    assert heard.chat == "wrkSFfCgAAxxx1"
    assert heard.received_at == NOW


async def test_a_card_goes_alone_or_beside_the_text(
    wecom: Platform, dispatcher: Dispatcher
) -> None:
    dispatcher.answer = Answer(card=CARD)
    alone = await wecom.say(GROUP)
    assert alone
    assert alone["msgtype"] == "template_card"
    assert alone["template_card"]["button_list"][0]["key"] == "claim:1"
    dispatcher.answer = Answer("请选择", card=CARD)
    both = await wecom.say(GROUP)
    assert both
    assert both["msgtype"] == "stream_with_template_card"
    assert both["stream"]["finish"] is True
    assert both["template_card"] == alone["template_card"]


@pytest.mark.parametrize("answer", [None, Answer()])
async def test_nothing_to_say_is_an_empty_200(
    wecom: Platform, dispatcher: Dispatcher, answer: Answer | None
) -> None:
    dispatcher.answer = answer
    assert await wecom.say(GROUP) is None
    assert await wecom.say(fixture("bot_card_button.json")) is None
    assert await wecom.say(fixture("bot_enter_chat.json")) is None


async def test_a_click_is_answered_with_the_card_in_its_place(
    wecom: Platform, dispatcher: Dispatcher
) -> None:
    dispatcher.answer = Answer("不在此处说", update=Card("已认领", task="something else"))
    answer = await wecom.say(fixture("bot_card_button.json"))
    assert answer == {
        "response_type": "update_template_card",
        "template_card": {
            "card_type": "text_notice",
            "main_title": {"title": "已认领"},
            "task_id": "wish_0001@a",
            "card_action": {"type": 1, "url": HOME},
        },
    }


async def test_somebody_who_enters_is_greeted_in_plain_words(
    wecom: Platform, dispatcher: Dispatcher
) -> None:
    dispatcher.answer = Answer("您好，发 **/帮助** 看用法")
    assert await wecom.say(fixture("bot_enter_chat.json")) == {
        "msgtype": "text",
        "text": {"content": "您好，发 /帮助 看用法"},
    }
    dispatcher.answer = Answer(card=CARD)
    answer = await wecom.say(fixture("bot_enter_chat.json"))
    assert answer
    assert answer["msgtype"] == "template_card"


@pytest.mark.parametrize(
    "name",
    [
        "bot_unknown_event.json",
        "bot_unknown_type.json",
        "bot_feedback.json",
        "bot_voice_group.json",
        "bot_stream_refresh.json",
    ],
)
async def test_what_is_unknown_is_acknowledged_and_no_more(
    wecom: Platform, dispatcher: Dispatcher, name: str
) -> None:
    assert await wecom.say(fixture(name)) is None
    assert dispatcher.heard == []


async def test_a_refresh_is_answered_with_the_finished_text(
    wecom: Platform, dispatcher: Dispatcher, clock: FixedClock
) -> None:
    dispatcher.answer = Answer("请选择", card=CARD)
    answer = await wecom.say(GROUP)
    assert answer
    refresh = fixture("bot_stream_refresh.json") | {"stream": {"id": answer["stream"]["id"]}}
    assert await wecom.say(refresh) == {"msgtype": "stream", "stream": answer["stream"]}
    assert await wecom.say(refresh | {"stream": {"id": ["x"]}}) is None

    clock.move_to(NOW + timedelta(minutes=5))
    late = {"timestamp": str(int(clock.now().timestamp()))}
    assert await wecom.say(refresh, **late)
    clock.move_to(NOW + timedelta(minutes=11))
    late = {"timestamp": str(int(clock.now().timestamp()))}
    await wecom.say(fixture("bot_text_single.json"), **late)
    assert await wecom.say(refresh, **late) is None


async def test_an_answer_is_never_longer_than_the_platform_takes(
    wecom: Platform, dispatcher: Dispatcher
) -> None:
    dispatcher.answer = Answer("长" * 10_000)
    answer = await wecom.say(GROUP)
    assert answer
    content = answer["stream"]["content"]
    assert len(content.encode()) <= 20_480
    assert content.endswith("长…")


async def test_the_platform_tries_again_while_the_store_is_away(
    wecom: Platform, dispatcher: Dispatcher
) -> None:
    dispatcher.error = Unavailable("database")
    cipher_text = encrypt(json.dumps(GROUP), "")
    body, query = wecom.envelope(cipher_text), wecom.query(cipher_text)
    response = await wecom.post(body, query)
    assert (response.status, await response.read()) == (503, b"")
    dispatcher.error = None
    assert (await wecom.post(body, query)).status == 200
    assert (await wecom.post(body, query)).status == 403
    assert len(dispatcher.heard) == 2


async def test_a_redelivery_with_a_new_nonce_is_the_dispatchers_business(
    wecom: Platform, dispatcher: Dispatcher
) -> None:
    assert await wecom.say(GROUP) == await wecom.say(GROUP)
    assert {heard.message_id for heard in dispatcher.heard} == {"bot:CAIQ16HMjQYY"}


async def test_the_same_cipher_text_freshly_signed_passes(wecom: Platform) -> None:
    cipher_text = encrypt(json.dumps(GROUP), "")
    for _ in range(2):
        assert (
            await wecom.post(wecom.envelope(cipher_text), wecom.query(cipher_text))
        ).status == 200


async def test_a_nonce_is_not_lent_to_another_body(wecom: Platform, dispatcher: Dispatcher) -> None:
    dispatcher.error = Unavailable("database")
    assert (await wecom.send(json.dumps(GROUP), nonce="one")).status == 503
    assert (await wecom.send(json.dumps(GROUP), nonce="one")).status == 403


async def test_our_own_fault_tells_nothing_but_is_logged(
    wecom: Platform, dispatcher: Dispatcher
) -> None:
    dispatcher.error = RuntimeError("secret inside")
    with capture_logs() as logs:
        response = await wecom.send(json.dumps(GROUP))
    assert (response.status, await response.read()) == (500, b"")
    [line] = [line for line in logs if line["event"] == "callback_failed"]
    assert line["reference"] == "REF1"
    assert "60%" not in str({k: v for k, v in line.items() if k != "exc_info"})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b'{"encrypt": 7}',
        b'{"encrypt": null}',
        b"not json",
        b"\xff\xfe\x00",
        b"[" * 50_000,
        b"<xml><Encrypt>x</Encrypt></xml>",
        '{"encrypt": "密文"}'.encode(),
        b'{"encrypt": "\\ud800"}',
    ],
)
async def test_a_body_nobody_sends_changes_nothing(
    wecom: Platform, dispatcher: Dispatcher, body: bytes
) -> None:
    response = await wecom.post(body, wecom.query("x"))
    assert response.status in {400, 403}
    assert await response.read() == b""
    assert dispatcher.heard == []


@pytest.mark.parametrize("message", ["", "[]", "{", "null", '"text"', "你好"])
async def test_an_authentic_message_that_is_no_object_is_a_400(
    wecom: Platform, message: str
) -> None:
    assert (await wecom.send(message)).status == 400


async def test_an_authentic_message_without_a_sender_is_a_400(
    wecom: Platform, dispatcher: Dispatcher
) -> None:
    assert (await wecom.send(json.dumps(GROUP | {"from": {}}))).status == 400
    assert dispatcher.heard == []


@pytest.mark.parametrize(
    "change",
    [
        {"msg_signature": "0" * 40},
        {"msg_signature": "签名"},
        {"timestamp": "0"},
        {"timestamp": "99999999999"},
        {"timestamp": "soon"},
    ],
)
async def test_a_false_seal_is_a_403(wecom: Platform, change: dict[str, str]) -> None:
    assert (await wecom.send(json.dumps(GROUP), **change)).status == 403


async def test_every_bit_of_the_signature_counts(wecom: Platform, dispatcher: Dispatcher) -> None:
    cipher_text = encrypt(json.dumps(GROUP), "")
    stamp = str(int(NOW.timestamp()))
    right = signature(stamp, "n", cipher_text)
    for position in range(0, 40, 7):
        wrong = right[:position] + f"{int(right[position], 16) ^ 1:x}" + right[position + 1 :]
        query = urlencode({"msg_signature": wrong, "timestamp": stamp, "nonce": "n"})
        assert (await wecom.post(wecom.envelope(cipher_text), query)).status == 403
    assert dispatcher.heard == []


async def test_a_message_for_another_receiver_is_a_403(wecom: Platform) -> None:
    cipher_text = encrypt(json.dumps(GROUP), "wx_other")
    assert (await wecom.post(wecom.envelope(cipher_text), wecom.query(cipher_text))).status == 403


@pytest.mark.parametrize(
    "query", ["", "msg_signature=a", "timestamp=1&nonce=1", "&".join("a=1" for _ in range(99))]
)
async def test_a_query_without_its_three_fields_is_a_400(wecom: Platform, query: str) -> None:
    cipher_text = encrypt(json.dumps(GROUP), "")
    assert (await wecom.post(wecom.envelope(cipher_text), query)).status == 400


@pytest.mark.parametrize("size", [1024 * 1024 + 1, 3 * 1024 * 1024])
async def test_a_body_of_megabytes_is_a_413(wecom: Platform, size: int) -> None:
    response = await wecom.post(b"x" * size, wecom.query("x"))
    assert response.status == 413


async def test_a_body_that_unfolds_to_megabytes_is_a_413(wecom: Platform) -> None:
    response = await wecom.client.post(
        f"{PATH}?{wecom.query('x')}",
        data=gzip.compress(b"x" * 3_000_000),
        headers={"Content-Encoding": "gzip"},
    )
    assert response.status == 413


@pytest.mark.faults  # aiohttp logs the broken encoding as an error of its own
async def test_a_broken_encoding_is_a_400(wecom: Platform) -> None:
    response = await wecom.client.post(
        f"{PATH}?{wecom.query('x')}", data=b"no gzip", headers={"Content-Encoding": "gzip"}
    )
    assert response.status == 400


async def test_a_body_that_never_ends_is_given_up(
    wecom: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "BODY_SECONDS", 0.02)
    server = wecom.client.server
    reader, writer = await asyncio.open_connection(server.host, server.port)
    head = f"POST {PATH}?{wecom.query('x')} HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n"
    writer.write(head.encode() + b"{")
    assert b" 408 " in await reader.readline()
    writer.close()
    await writer.wait_closed()


async def test_other_methods_are_not_served(wecom: Platform) -> None:
    assert (await wecom.client.put(PATH)).status == 405
    assert (await wecom.client.head(PATH)).status == 405
