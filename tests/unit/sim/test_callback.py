"""Callback URLs: verification, deliveries, redeliveries, polls, and answers judged strictly."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from xml.etree import ElementTree as ET

import aiohttp
import pytest

from bot.clock import FixedClock
from bot.sim.messages import Kind, Upload
from bot.sim.server import Server
from tests.unit.sim.kit import (
    BUTTONS,
    NOTICE,
    PNG,
    Json,
    UrlBot,
    card,
    markdown,
    stream,
)

GROUP = "wr-south"
HELLO = "@支部通 /进展 60%"


def always(reply: Json | str) -> Callable[[Json | str], Awaitable[Json | str]]:
    """A robot that always says the same."""

    async def answer(plain: Json | str) -> Json | str:
        del plain
        return reply

    return answer


def rules(server: Server) -> list[str]:
    return [violation.rule for violation in server.desk.violations]


# Verification


async def test_the_console_checks_both_addresses(url_server: Server, url_bot: UrlBot) -> None:
    robots = url_server.desk.robots
    assert await robots.bot_callback.verify()
    assert await robots.app_callback.verify()
    url_bot.echo_suffix = "\n"
    assert not await robots.bot_callback.verify()
    url_bot.echo_suffix, url_bot.delay = "", 0.6
    assert not await robots.app_callback.verify()
    assert rules(url_server) == ["status 200 or wrong echo", "no answer in time"]


# Messages


async def test_a_message_with_its_response_url(url_server: Server, url_bot: UrlBot) -> None:
    url_bot.answer = always(stream("收到"))
    said = await url_server.desk.say("zhangsan", GROUP, HELLO)
    answer = await url_server.desk.answer(said)
    assert (answer.text, answer.kind) == ("收到", Kind.STREAM)
    [heard] = url_bot.heard
    assert isinstance(heard, dict)
    assert heard["chatid"] == GROUP
    assert heard["response_url"].startswith(url_server.url + "/cgi-bin/aibot/response?")
    assert url_server.desk.violations == []
    [exchange] = url_server.desk.exchanges
    assert exchange.replies == [stream("收到")]


async def test_a_refused_delivery_comes_again_with_new_nonces(
    url_server: Server, url_bot: UrlBot
) -> None:
    url_bot.status = 503
    await url_server.desk.say("lisi", GROUP, HELLO)
    await url_server.desk.settled()
    assert url_server.desk.exchanges[0].statuses == [503] * 4
    assert len({str(plain) for plain in url_bot.heard}) == 1
    assert len(set(url_bot.nonces)) == 4
    first, second, third, fourth = url_bot.ciphers
    assert first == second
    assert second != third
    assert third == fourth


@pytest.mark.faults  # the robot finds the desk gone
async def test_a_slow_robot_is_asked_again(url_server: Server, url_bot: UrlBot) -> None:
    url_bot.delay = 0.4
    await url_server.desk.say("lisi", None, "/帮助")
    await url_server.desk.settled()
    assert url_server.desk.exchanges[0].statuses == [0] * 4


async def test_lost_answers_and_duplicates(url_server: Server, url_bot: UrlBot) -> None:
    desk = url_server.desk
    url_bot.answer = always(stream("已记录 JZ-2026-0001"))
    desk.faults.lost_answers = 1
    await desk.say("lisi", GROUP, HELLO)
    await desk.settled()
    assert desk.exchanges[0].statuses == [200, 200]
    desk.faults.duplicate = 1
    url_bot.answer = always(stream("好的", "s2"))
    await desk.say("lisi", GROUP, HELLO)
    await desk.settled()
    assert [exchange.replies[0] for exchange in desk.exchanges[1:]] == [stream("好的", "s2")] * 2
    assert [message.text for message in desk.heard(GROUP)] == ["已记录 JZ-2026-0001", "好的"]


async def test_a_picture_is_encrypted_with_the_callbacks_key(
    url_server: Server, url_bot: UrlBot, http: aiohttp.ClientSession
) -> None:
    url_server.desk.faults.pic_url = True
    await url_server.desk.say("lisi", None, "", images=[Upload("a.png", PNG)])
    await url_server.desk.settled()
    [heard] = url_bot.heard
    assert isinstance(heard, dict)
    assert set(heard["image"]) == {"pic_url"}
    async with http.get(heard["image"]["pic_url"]) as response:
        sealed = await response.read()
    assert sealed != PNG
    assert len(sealed) % 32 == 0


async def test_a_stream_is_polled_until_it_is_finished(url_server: Server, url_bot: UrlBot) -> None:
    async def answer(plain: Json | str) -> Json | None:
        assert isinstance(plain, dict)
        if plain["msgtype"] != "stream":
            return stream("想", "s7", finish=False)
        assert "response_url" not in plain
        assert plain["stream"] == {"id": "s7"}
        polls = sum(1 for one in url_bot.heard if isinstance(one, dict) and "stream" in one)
        return None if polls == 1 else stream("想好了", "s7", finish=polls > 2)

    url_bot.answer = answer
    reply = await url_server.desk.ask("lisi", GROUP, HELLO)
    assert reply.text == "想好了"
    assert len({one["msgid"] for one in url_bot.heard if isinstance(one, dict)}) == 4
    assert url_server.desk.violations == []


async def test_polls_end_after_six_minutes(
    url_server: Server, url_bot: UrlBot, clock: FixedClock
) -> None:
    url_bot.answer = always(stream("还在想", finish=False))
    desk = url_server.desk
    await desk.say("lisi", GROUP, HELLO)
    await desk.settled()
    clock.move_to(clock.now() + timedelta(seconds=360))
    await desk.until(lambda: desk.violations)
    assert rules(url_server) == ["not finished in six minutes"]


async def test_pictures_inside_a_finished_stream(url_server: Server, url_bot: UrlBot) -> None:
    item = {
        "msgtype": "image",
        "image": {
            "base64": "iVBORw0KGgo" + "A" * 41 + "=",
            "md5": "",
        },
    }
    body: Json = stream("看图")
    body["stream"]["msg_item"] = [item]
    url_bot.answer = always(body)
    await url_server.desk.say("lisi", GROUP, HELLO)
    await url_server.desk.settled()
    assert url_server.desk.heard(GROUP) == []
    assert url_server.desk.violations


@pytest.mark.parametrize(
    ("reply", "rule"),
    [
        (markdown("x"), "msgtype 'markdown'"),
        ({"msgtype": "text", "text": {"content": "x"}}, "msgtype 'text'"),
        (stream("电" * 6827), "stream.content bytes"),
        ({"msgtype": "stream", "stream": {"content": "x", "finish": True}}, "stream.id missing"),
        ({**stream("x"), "extra": 1}, "unknown key 'extra'"),
        (stream(""), "empty content"),
        (card(BUTTONS, button_list=[]), "button_list count"),
        ({"msgtype": "stream"}, "stream type"),
    ],
)
async def test_answers_that_break_a_rule(
    url_server: Server, url_bot: UrlBot, reply: Json, rule: str
) -> None:
    url_bot.answer = always(reply)
    await url_server.desk.say("lisi", GROUP, HELLO)
    await url_server.desk.settled()
    assert rule in rules(url_server)


async def broken(server: Server, robot: UrlBot, change: dict[str, Any]) -> list[str]:
    """The rules broken by an answer whose envelope was changed."""
    good = robot._seal

    def seal(crypto: Any, reply: Json | str, nonce: str) -> bytes:
        outer = json.loads(good(crypto, reply, nonce))
        return json.dumps({k: v for k, v in (outer | change).items() if v != "DROP"}).encode()

    robot._seal = seal  # type: ignore[method-assign]  # the test breaks its own robot
    robot.answer = always(stream("x"))
    await server.desk.say("lisi", GROUP, HELLO)
    await server.desk.settled()
    assert server.desk.heard(GROUP) == []
    return rules(server)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"nonce": "other"}, "nonce not echoed"),
        ({"msgsignature": "0" * 40}, "signature"),
        ({"timestamp": "soon"}, "timestamp not seconds"),
        ({"timestamp": None}, "timestamp type"),
        ({"extra": 1}, "answer has other keys than encrypt, msgsignature, timestamp, nonce"),
        ({"encrypt": "DROP"}, "answer has other keys than encrypt, msgsignature, timestamp, nonce"),
    ],
)
async def test_envelopes_that_break_the_protocol(
    url_server: Server, url_bot: UrlBot, change: dict[str, Any], rule: str
) -> None:
    assert await broken(url_server, url_bot, change) == [rule]


@pytest.mark.parametrize("raw", [b"success", b"[1]", b"<xml/>"])
async def test_bodies_that_are_no_envelope(url_server: Server, url_bot: UrlBot, raw: bytes) -> None:
    url_bot.raw = raw
    url_bot.answer = always(stream("x"))
    await url_server.desk.say("lisi", GROUP, HELLO)
    await url_server.desk.settled()
    assert len(url_server.desk.violations) == 1


# Events of the smart bot


async def test_a_click_is_pushed_once_and_answered_with_a_card(
    url_server: Server, url_bot: UrlBot
) -> None:
    desk = url_server.desk
    url_bot.answer = always(card(BUTTONS))
    await desk.say("lisi", GROUP, HELLO)
    await desk.settled()
    [shown] = desk.heard(GROUP)
    done = {**NOTICE, "task_id": "task-1"}
    url_bot.answer = always({"response_type": "update_template_card", "template_card": done})
    await desk.click("zhangsan", shown, "leave")
    await desk.settled()
    assert shown.card_for("lisi") == done
    event = url_bot.heard[-1]
    assert isinstance(event, dict)
    assert event["response_url"]
    assert isinstance(event["create_time"], int)
    assert desk.violations == []


async def test_an_unanswered_click_does_not_come_again(url_server: Server, url_bot: UrlBot) -> None:
    desk = url_server.desk
    url_bot.answer = always(card(BUTTONS))
    await desk.say("lisi", GROUP, HELLO)
    await desk.settled()
    url_bot.status = 500
    await desk.click("lisi", desk.heard(GROUP)[0], "here")
    await desk.settled()
    assert desk.exchanges[-1].statuses == [500]


async def test_an_entry_takes_a_text_or_a_card(url_server: Server, url_bot: UrlBot) -> None:
    desk = url_server.desk
    url_bot.answer = always({"msgtype": "text", "text": {"content": "您好"}})
    await desk.enter("lisi")
    await desk.settled()
    assert [message.text for message in desk.heard("lisi")] == ["您好"]
    url_bot.answer = always(stream("您好"))
    await desk.enter("wangwu")
    await desk.settled()
    assert rules(url_server) == ["msgtype 'stream'"]


async def test_other_events_take_an_empty_body(url_server: Server, url_bot: UrlBot) -> None:
    desk = url_server.desk
    await desk.send_event("lisi", "feedback_event", {"id": "f1", "type": 1})
    await desk.settled()
    assert desk.violations == []
    url_bot.answer = always(stream("谢谢"))
    await desk.send_event("lisi", "feedback_event", {"id": "f1", "type": 2})
    await desk.settled()
    assert rules(url_server) == ["this event takes an empty body"]


# response_url


async def test_a_response_url_works_once(
    url_server: Server, url_bot: UrlBot, http: aiohttp.ClientSession, clock: FixedClock
) -> None:
    desk = url_server.desk

    async def call(body: Json) -> int:
        heard = url_bot.heard[-1]
        assert isinstance(heard, dict)
        async with http.post(heard["response_url"], json=body) as response:
            return int((await response.json())["errcode"])

    said = await desk.say("lisi", GROUP, HELLO)
    await desk.settled()
    assert await call(markdown("**结果**")) == 0
    assert await call(markdown("又来")) == 40058
    [answer] = desk.heard(GROUP)
    assert (answer.quote, answer.answers) == (said.number, said.number)
    await desk.say("lisi", GROUP, HELLO)
    await desk.settled()
    assert await call(card(NOTICE)) == 40008, "no cards in groups"
    await desk.say("lisi", None, "/帮助")
    await desk.settled()
    assert await call(card(NOTICE)) == 0
    await desk.say("lisi", None, "/帮助")
    await desk.settled()
    update = {"response_type": "update_template_card", "template_card": NOTICE}
    assert await call(update) == 40008
    await desk.say("lisi", None, "/帮助")
    await desk.settled()
    clock.move_to(clock.now() + timedelta(seconds=3601))
    assert await call(markdown("晚了")) == 40058


# The app


def app_reply(kind: str, inner: str, user: str = "lisi") -> str:
    return (
        f"<xml><ToUserName>{user}</ToUserName><FromUserName>ww</FromUserName>"
        f"<CreateTime>1</CreateTime><MsgType>{kind}</MsgType>{inner}</xml>"
    )


async def test_private_words_and_pictures_reach_the_app(
    url_server: Server, url_bot: UrlBot
) -> None:
    desk = url_server.desk
    url_bot.answer = always(app_reply("text", "<Content>收到</Content>"))
    answer = await desk.ask("lisi", None, "a]]>b \x01\n/进展", door="app")
    assert answer.text == "收到"
    await desk.say("lisi", None, "", door="app", images=[Upload("a.png", PNG)])
    await desk.settled()
    words, picture = (ET.fromstring(str(plain)) for plain in url_bot.heard)  # noqa: S314
    assert words.findtext("Content") == "a]]>b \n/进展"
    assert words.findtext("FromUserName") == "lisi"
    assert words.findtext("ToUserName") == desk.setup.corp_id
    assert words.findtext("AgentID") == str(desk.setup.app_agent_id)
    assert int(words.findtext("MsgId", "")) < 2**63
    assert picture.findtext("MediaId") in desk.platform.media
    assert desk.violations == []
    with pytest.raises(ValueError, match="words and pictures"):
        await desk.say("lisi", None, "语音", door="app", voice=True)


async def test_a_long_answer_of_the_app_is_cut(url_server: Server, url_bot: UrlBot) -> None:
    url_bot.answer = always(app_reply("text", f"<Content>{'电' * 700}</Content>"))
    answer = await url_server.desk.ask("lisi", None, "/帮助", door="app")
    assert answer.text == "电" * 682
    assert rules(url_server) == ["content over 2048 bytes"]


@pytest.mark.parametrize(
    ("reply", "rule"),
    [
        (app_reply("text", "<Content>x</Content>", user="wangwu"), "ToUserName is not the sender"),
        (app_reply("text", "<Content></Content>"), "empty content"),
        (app_reply("markdown", "<Content>x</Content>"), "MsgType 'markdown'"),
        (app_reply("image", "<Image><MediaId>no</MediaId></Image>"), "image: media_id"),
        ("<!DOCTYPE x><xml></xml>", "decrypted answer: DOCTYPE"),
        ("<html></html>", "decrypted answer: root is not xml"),
        ("hello", "decrypted answer: not XML"),
        ("<xml><MsgType>text</MsgType><Content>x</Content></xml>", "ToUserName missing"),
    ],
)
async def test_app_answers_that_break_a_rule(
    url_server: Server, url_bot: UrlBot, reply: str, rule: str
) -> None:
    url_bot.answer = always(reply)
    await url_server.desk.say("lisi", None, "/帮助", door="app")
    await url_server.desk.settled()
    assert rule in rules(url_server)


async def test_the_app_is_asked_four_times(url_server: Server, url_bot: UrlBot) -> None:
    url_bot.status = 500
    await url_server.desk.say("lisi", None, "/帮助", door="app")
    await url_server.desk.settled()
    assert url_server.desk.exchanges[0].statuses == [500] * 4


CARD_XML = """<TemplateCard><CardType>button_interaction</CardType>
<MainTitle><Title>已签到</Title></MainTitle>
<HorizontalContentList><KeyName>时间</KeyName><Value>09:00</Value></HorizontalContentList>
<HorizontalContentList><KeyName>地点</KeyName><Value>302</Value></HorizontalContentList>
<ButtonList><Text>好</Text><Style>1</Style><Key>ok</Key></ButtonList>
<ReplaceText>已提交</ReplaceText></TemplateCard>"""


async def test_the_app_changes_the_clickers_copy(
    url_server: Server, url_bot: UrlBot, http: aiohttp.ClientSession
) -> None:
    desk = url_server.desk
    token, _ = desk.platform.issue_token()
    body = {
        "touser": "lisi|wangwu",
        "agentid": desk.setup.app_agent_id,
        **card(BUTTONS),
    }
    url = f"{url_server.url}/cgi-bin/message/send?access_token={token}"
    async with http.post(url, json=body) as response:
        assert (await response.json())["response_code"]
    [mine], [other] = desk.heard("lisi", "app"), desk.heard("wangwu", "app")
    url_bot.answer = always(app_reply("update_template_card", CARD_XML))
    await desk.click("lisi", mine, "here")
    await desk.settled()
    changed = mine.card_for("lisi")
    assert changed is not None
    assert changed["main_title"] == {"title": "已签到"}
    assert [row["keyname"] for row in changed["horizontal_content_list"]] == ["时间", "地点"]
    assert changed["task_id"] == "task-1"
    assert other.card_for("wangwu") == BUTTONS
    event = ET.fromstring(str(url_bot.heard[-1]))  # noqa: S314
    assert event.findtext("Event") == "template_card_event"
    assert (event.findtext("EventKey"), event.findtext("TaskId")) == ("here", "task-1")
    assert event.findtext("ResponseCode")
    url_bot.answer = always(
        app_reply("update_button", "<Button><ReplaceName>收到</ReplaceName></Button>", "wangwu")
    )
    await desk.click("wangwu", other, "leave")
    await desk.settled()
    changed = other.card_for("wangwu")
    assert changed is not None
    assert changed["replace_text"] == "收到"
    assert desk.violations == []


async def test_menu_and_entry_events_of_the_app(url_server: Server, url_bot: UrlBot) -> None:
    await url_server.desk.send_app_event("lisi", "click", "menu_help")
    await url_server.desk.settled()
    event = ET.fromstring(str(url_bot.heard[0]))  # noqa: S314
    assert (event.findtext("Event"), event.findtext("EventKey")) == ("click", "menu_help")


async def test_without_addresses_nothing_is_called(url_server: Server) -> None:
    await url_server.desk.say("lisi", None, "/帮助")
    await url_server.desk.say("lisi", None, "/帮助", door="app")
    await url_server.desk.settled()
    notes = [entry.note for entry in url_server.desk.platform.journal.entries]
    assert notes == ["lost: no URL is set"] * 2


async def test_a_robot_that_is_down_is_status_0(url_server: Server) -> None:
    url_server.desk.listen(bot_url="http://127.0.0.1:1/wecom/aibot")
    await url_server.desk.say("lisi", None, "/帮助")
    await url_server.desk.settled()
    assert url_server.desk.exchanges[0].statuses == [0] * 4


def test_secrets_do_not_show(url_server: Server) -> None:
    setup = replace(url_server.desk.setup)
    for secret in (setup.bot_secret, setup.bot_aes_key, setup.app_secret, setup.app_token):
        assert secret not in repr(setup)


async def test_deliveries_run_beside_one_another(url_server: Server, url_bot: UrlBot) -> None:
    async def answer(plain: Json | str) -> Json:
        assert isinstance(plain, dict)
        await asyncio.sleep(0.01)
        return stream("好", plain["msgid"])

    url_bot.answer = answer
    asks = [url_server.desk.ask("lisi", GROUP, HELLO) for _ in range(20)]
    assert {message.text for message in await asyncio.gather(*asks)} == {"好"}
