"""The long connection: every limit and error code of page 101463, over a real socket."""

import asyncio
import base64
import hashlib
import json
from datetime import timedelta

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.clock import FixedClock
from bot.sim.messages import Kind, Upload
from bot.sim.server import Server
from tests.unit.sim.kit import (
    BUTTONS,
    NOTICE,
    PNG,
    Json,
    LinkBot,
    card,
    company,
    linked,
    markdown,
    serving,
    stream,
)

GROUP = "wr-south"
HELLO = "@支部通 /进展 60%"


async def later(clock: FixedClock, seconds: float) -> None:
    clock.move_to(clock.now() + timedelta(seconds=seconds))


# Getting in


async def test_a_wrong_secret_is_853000_and_nothing_works_before_subscribing(
    server: Server,
) -> None:
    async with linked(server) as link:
        assert (await link.subscribe(secret="no"))["errcode"] == 853000
        assert (await link.call("ping"))["errcode"] == 846609
        assert await link.push(GROUP, markdown("x")) == 846609
        assert (await link.subscribe())["errcode"] == 0
        ack = await link.call("ping", req_id="ping_1")
        assert ack == {"headers": {"req_id": "ping_1"}, "errcode": 0, "errmsg": "ok"}


@pytest.mark.parametrize("path", ["", "/", "/some/where"])
async def test_the_socket_is_at_any_path(server: Server, path: str) -> None:
    async with linked(server, path=path) as link:
        assert (await link.subscribe())["errcode"] == 0


async def test_a_bot_in_url_mode_has_no_socket(url_server: Server) -> None:
    async with linked(url_server) as link:
        assert (await link.subscribe())["errcode"] == 853000


async def test_the_second_connection_kicks_the_first(server: Server, bot: LinkBot) -> None:
    async with linked(server) as second:
        await second.subscribe()
        event = await bot.callback()
        assert event["cmd"] == "aibot_event_callback"
        assert event["body"]["event"] == {"eventtype": "disconnected_event"}
        assert "from" not in event["body"]
        await asyncio.wait_for(bot.closed.wait(), 3)
        assert bot.ws.close_code == 1000
        await server.desk.say("lisi", GROUP, HELLO)
        assert (await second.callback())["body"]["text"]["content"] == HELLO


# Hearing


async def test_a_group_message_comes_with_all_its_keys(server: Server, bot: LinkBot) -> None:
    await server.desk.say("zhangsan", GROUP, HELLO)
    frame = await bot.callback()
    assert frame["cmd"] == "aibot_msg_callback"
    body = frame["body"]
    assert body.pop("msgid")
    assert body == {
        "aibotid": server.desk.setup.bot_id,
        "chatid": GROUP,
        "chattype": "group",
        "from": {"userid": "ZhangSan"},
        "msgtype": "text",
        "text": {"content": HELLO},
    }


async def test_the_group_bot_hears_only_mentions(server: Server, bot: LinkBot) -> None:
    await server.desk.say("lisi", GROUP, "大家早上好")
    await server.desk.say("lisi", GROUP, "", images=[Upload("a.png", PNG)])
    await server.desk.say("lisi", GROUP, "＠支部通／进展　60％")
    assert (await bot.callback())["body"]["text"]["content"] == "＠支部通／进展　60％"


async def test_pictures_files_and_voice_come_privately(
    server: Server, bot: LinkBot, http: aiohttp.ClientSession
) -> None:
    await server.desk.say("lisi", None, "", images=[Upload("现场.png", PNG)])
    image = (await bot.callback())["body"]["image"]
    async with http.get(image["url"]) as response:
        assert len(await response.read()) % 32 == 0
        assert "filename*=UTF-8''" in response.headers["Content-Disposition"]
    await server.desk.send_file("lisi", Upload("名单.xlsx", b"x" * 100))
    file = (await bot.callback())["body"]
    assert file["msgtype"] == "file"
    assert len(file["file"]["aeskey"]) == 43
    assert file["file"]["aeskey"] != image["aeskey"]
    await server.desk.say("lisi", None, "进展百分之六十", voice=True)
    assert (await bot.callback())["body"]["voice"] == {"content": "进展百分之六十"}


async def test_a_file_address_ends_after_five_minutes(
    server: Server, bot: LinkBot, http: aiohttp.ClientSession, clock: FixedClock
) -> None:
    await server.desk.send_file("lisi", Upload("a.txt", b"123456"))
    url = (await bot.callback())["body"]["file"]["url"]
    await later(clock, 301)
    async with http.get(url) as response:
        assert response.status == 404


async def test_words_with_a_picture_are_mixed_and_quotes_have_content_only(
    server: Server, bot: LinkBot
) -> None:
    desk = server.desk
    said = await desk.say("lisi", GROUP, "本月目标 80%")
    desk.faults.image_first = True
    desk.faults.double_blank = True
    await desk.say("zhangsan", GROUP, HELLO, images=[Upload("a.png", PNG)], quote=said)
    body = (await bot.callback())["body"]
    assert body["msgtype"] == "mixed"
    items = body["mixed"]["msg_item"]
    assert [item["msgtype"] for item in items] == ["image", "text"]
    assert items[1]["text"]["content"] == "@支部通  /进展 60%"
    assert body["quote"] == {"msgtype": "text", "text": {"content": "本月目标 80%"}}


async def test_without_a_bot_the_message_is_lost(server: Server) -> None:
    await server.desk.say("lisi", GROUP, HELLO)
    await server.desk.settled()
    assert any("lost" in entry.note for entry in server.desk.platform.journal.entries)


async def test_duplicates_missing_keys_and_unknown_events(server: Server, bot: LinkBot) -> None:
    desk = server.desk
    desk.faults.duplicate = 1
    desk.faults.missing = frozenset({"msgid", "chatid"})
    await desk.say("lisi", GROUP, HELLO)
    first, second = await bot.callback(), await bot.callback()
    assert first["body"] == second["body"]
    assert first["headers"] != second["headers"]
    assert "chatid" not in first["body"]
    await desk.send_event("lisi", "enter_check_update", {"x": 1})
    assert (await bot.callback())["body"]["event"]["eventtype"] == "enter_check_update"


# Answering


async def test_a_stream_grows_and_is_then_frozen(server: Server, bot: LinkBot) -> None:
    said = await server.desk.say("lisi", GROUP, HELLO)
    heard = await bot.callback()
    assert await bot.reply(heard, stream("收到", finish=False)) == 0
    [bubble] = server.desk.heard(GROUP)
    assert (bubble.text, bubble.finished) == ("收到", False)
    assert await bot.reply(heard, stream("收到，已记录")) == 0
    answer = await server.desk.answer(said)
    assert (answer.text, answer.kind, answer.number) == ("收到，已记录", Kind.STREAM, bubble.number)
    assert await bot.reply(heard, stream("收到，已记录")) == 0, "the same frame again is harmless"
    assert await bot.reply(heard, stream("别的")) == 846608
    assert await bot.reply(heard, stream("第二段", "s2")) == 0
    assert await bot.reply(heard, stream("", "s3")) == 93017


async def test_a_stream_ends_after_its_life(
    server: Server, bot: LinkBot, clock: FixedClock
) -> None:
    await server.desk.say("lisi", None, "/帮助")
    heard = await bot.callback()
    assert await bot.reply(heard, stream("…", finish=False)) == 0
    await later(clock, 600)
    assert await bot.reply(heard, stream("……", finish=False)) == 0
    await later(clock, 1)
    assert await bot.reply(heard, stream("好了")) == 846608
    assert await bot.reply(heard, stream("好了", "s2")) == 0


async def test_an_id_of_another_answer_is_no_new_stream(server: Server, bot: LinkBot) -> None:
    await server.desk.say("lisi", None, "/帮助")
    assert await bot.reply(await bot.callback(), stream("一")) == 0
    await server.desk.say("lisi", None, "/帮助")
    assert await bot.reply(await bot.callback(), stream("二")) == 40058


async def test_the_bytes_of_an_answer(server: Server, bot: LinkBot) -> None:
    await server.desk.say("lisi", None, "/帮助")
    heard = await bot.callback()
    fits, too_long = "电" * 6826 + "aa", "电" * 6827
    assert await bot.reply(heard, stream(fits)) == 0
    assert await bot.reply(heard, stream(too_long, "s2")) == 40058
    assert await bot.reply(heard, markdown(fits)) == 0
    assert await bot.reply(heard, markdown(too_long)) == 40058
    assert await bot.reply(heard, markdown(" \n")) == 93017
    assert await bot.reply(heard, {"msgtype": "text", "text": {"content": "x"}}) == 40008
    assert await bot.reply(heard, {"msgtype": "markdown_v2", "markdown_v2": {}}) == 40008
    assert await bot.reply(heard, {"msgtype": "markdown"}) == 40058


async def test_one_card_per_request_and_one_task_for_ever(server: Server, bot: LinkBot) -> None:
    await server.desk.say("lisi", GROUP, HELLO)
    heard = await bot.callback()
    assert await bot.reply(heard, stream("见卡片")) == 0
    assert await bot.reply(heard, card(BUTTONS)) == 0
    assert await bot.reply(heard, card(BUTTONS, task_id="task-2")) == 846606
    await server.desk.say("lisi", GROUP, HELLO)
    heard = await bot.callback()
    assert await bot.reply(heard, card(BUTTONS)) == 42014
    assert await bot.reply(heard, card(BUTTONS, task_id="没有")) == 40058


async def test_stream_with_card_works_and_is_frowned_at(server: Server, bot: LinkBot) -> None:
    await server.desk.say("lisi", GROUP, HELLO)
    heard = await bot.callback()
    body = {**stream("好"), "msgtype": "stream_with_template_card", "template_card": BUTTONS}
    assert await bot.reply(heard, body) == 0
    assert [message.kind for message in server.desk.heard(GROUP)] == [Kind.STREAM, Kind.CARD]
    assert [violation.hard for violation in server.desk.violations] == [False]


async def test_the_window_of_a_request(server: Server, bot: LinkBot, clock: FixedClock) -> None:
    await server.desk.say("lisi", None, "/帮助")
    heard = await bot.callback()
    await later(clock, 24 * 3600)
    assert await bot.reply(heard, markdown("还在")) == 0
    await later(clock, 1)
    assert await bot.reply(heard, markdown("晚了")) == 846604
    assert await bot.reply({"headers": {"req_id": "nobody"}}, markdown("x")) == 846605


async def test_old_requests_work_after_a_reconnect(server: Server, bot: LinkBot) -> None:
    await server.desk.say("lisi", None, "/帮助")
    heard = await bot.callback()
    async with linked(server) as second:
        await second.subscribe()
        assert await second.reply(heard, markdown("接着说")) == 0


async def test_thirty_a_minute_in_one_chat(server: Server, bot: LinkBot, clock: FixedClock) -> None:
    await server.desk.say("lisi", GROUP, HELLO)
    heard = await bot.callback()
    codes = [await bot.reply(heard, stream("…", f"s{n}")) for n in range(20)]
    codes += [await bot.push(GROUP, markdown(f"第 {n} 条")) for n in range(11)]
    assert codes == [0] * 30 + [846607]
    server.desk.activate("lisi")
    assert await bot.push("lisi", markdown("另一个会话")) == 0
    await later(clock, 60)
    assert await bot.push(GROUP, markdown("下一分钟")) == 0


async def test_a_thousand_an_hour(server: Server, bot: LinkBot, clock: FixedClock) -> None:
    server.desk.activate(GROUP)
    taken = 0
    for _ in range(34):
        for _ in range(30):
            taken += server.desk.platform.bot_budget.take(GROUP, clock.now())
        await later(clock, 60)
    assert taken == 1000
    assert await bot.push(GROUP, markdown("x")) == 846607


# Pushing


async def test_pushes_need_a_chat_that_has_spoken(server: Server, bot: LinkBot) -> None:
    assert await bot.push("wr-nobody", markdown("x")) == 93006
    assert await bot.push("group:wr-south", markdown("x")) == 93006
    assert await bot.push(GROUP, markdown("x")) == 93001
    await server.desk.say("lisi", GROUP, HELLO)
    assert await bot.push(GROUP, markdown("**排名**")) == 0
    assert await bot.push(GROUP, {"chat_type": 1, **markdown("x")}) == 93006
    assert await bot.push("LISI", {"chat_type": 2, **markdown("x")}) == 93006
    server.desk.activate("lisi")
    assert await bot.push("LISI", {"chat_type": 1, **markdown("您好")}) == 0
    assert server.desk.heard("lisi")[-1].text == "您好"
    assert await bot.push("lisi", {"chat_type": 3, **markdown("x")}) == 40058


# Events


async def test_a_click_and_its_new_card(server: Server, bot: LinkBot) -> None:
    desk = server.desk
    desk.activate(GROUP)
    await bot.push(GROUP, card(BUTTONS))
    [shown] = desk.heard(GROUP)
    await desk.click("lisi", shown, "here")
    event = await bot.callback()
    assert event["body"]["event"] == {
        "eventtype": "template_card_event",
        "template_card_event": {
            "card_type": "button_interaction",
            "event_key": "here",
            "task_id": "task-1",
        },
    }
    done = {**NOTICE, "task_id": "task-1"}
    update = {"response_type": "update_template_card", "userids": ["LiSi"], "template_card": done}
    assert await bot.reply(event, update) == 846605, "an event takes no message"
    cmd = "aibot_respond_update_msg"
    wrong = {**update, "template_card": {**done, "task_id": "other"}}
    assert await bot.reply(event, wrong, cmd) == 40058
    assert await bot.reply(event, update, cmd) == 0
    assert shown.card_for("lisi") == done
    assert shown.card_for("ZhangSan") == BUTTONS
    assert await bot.reply(event, update, cmd) == 846606
    with pytest.raises(ValueError, match="no button"):
        await desk.click("lisi", shown, "here")


async def test_a_card_for_everybody_and_the_five_seconds(
    server: Server, bot: LinkBot, clock: FixedClock
) -> None:
    desk = server.desk
    desk.activate(GROUP)
    await bot.push(GROUP, card(BUTTONS))
    [shown] = desk.heard(GROUP)
    done = {**NOTICE, "task_id": "task-1"}
    update = {"response_type": "update_template_card", "template_card": done}
    await desk.click("lisi", shown, "here")
    event = await bot.callback()
    await later(clock, 6)
    assert await bot.reply(event, update, "aibot_respond_update_msg") == 846604
    await desk.click("lisi", shown, "here")
    assert await bot.reply(await bot.callback(), update, "aibot_respond_update_msg") == 0
    assert shown.card_for("ZhangSan") == done


async def test_choices_arrive_with_the_click(server: Server, bot: LinkBot) -> None:
    vote = {
        "card_type": "vote_interaction",
        "main_title": {"title": "选时间"},
        "checkbox": {
            "question_key": "when",
            "mode": 1,
            "option_list": [{"id": "mon", "text": "周一"}, {"id": "tue", "text": "周二"}],
        },
        "submit_button": {"text": "提交", "key": "send"},
        "task_id": "vote-1",
    }
    server.desk.activate("lisi")
    await bot.push("lisi", card(vote))
    await server.desk.click("lisi", server.desk.heard("lisi")[0], choices={"when": ["mon", "tue"]})
    event = (await bot.callback())["body"]["event"]["template_card_event"]
    assert event["selected_items"] == {
        "selected_item": [{"question_key": "when", "option_ids": {"option_id": ["mon", "tue"]}}]
    }
    assert event["event_key"] == "send"


async def test_the_first_entry_of_the_day(server: Server, bot: LinkBot, clock: FixedClock) -> None:
    desk = server.desk
    welcome = {"msgtype": "text", "text": {"content": "您好，我是支部通"}}
    await desk.enter("lisi")
    await desk.enter("lisi")
    event = await bot.callback()
    assert event["body"]["event"] == {"eventtype": "enter_chat"}
    cmd = "aibot_respond_welcome_msg"
    assert await bot.reply(event, stream("x"), cmd) == 40008
    assert await bot.reply(event, welcome, cmd) == 0
    assert await bot.reply(event, welcome, cmd) == 846606
    assert await bot.reply(event, stream("x")) == 846605
    assert [message.text for message in desk.heard("lisi")] == ["您好，我是支部通"]
    await later(clock, 24 * 3600)
    await desk.enter("lisi")
    event = await bot.callback()
    await later(clock, 6)
    assert await bot.reply(event, welcome, cmd) == 846604


# Uploads


async def upload(bot: LinkBot, data: bytes, kind: str = "file", **changed: object) -> Json:
    half = len(data) // 2
    begin = {
        "type": kind,
        "filename": "排名.xlsx",
        "total_size": len(data),
        "total_chunks": 2,
        "md5": hashlib.md5(data, usedforsecurity=False).hexdigest(),
        **changed,
    }
    ack = await bot.call("aibot_upload_media_init", begin)
    if ack["errcode"]:
        return ack
    number = ack["body"]["upload_id"]
    for index, part in [(1, data[half:]), (0, data[:half]), (0, data[:half])]:
        chunk = {
            "upload_id": number,
            "chunk_index": index,
            "base64_data": base64.b64encode(part).decode(),
        }
        assert (await bot.call("aibot_upload_media_chunk", chunk))["errcode"] == 0
    return await bot.call("aibot_upload_media_finish", {"upload_id": number})


async def test_a_file_goes_up_in_chunks_and_out_by_its_id(server: Server, bot: LinkBot) -> None:
    server.desk.activate(GROUP)
    data = bytes(range(256)) * 8
    ack = await upload(bot, data)
    assert ack["body"]["type"] == "file"
    body = {"msgtype": "file", "file": {"media_id": ack["body"]["media_id"]}}
    assert await bot.push(GROUP, body) == 0
    [shown] = server.desk.heard(GROUP)
    media = server.desk.platform.media[shown.media[0]]
    assert (media.name, media.data) == ("排名.xlsx", data)
    body = {"msgtype": "image", "image": {"media_id": ack["body"]["media_id"]}}
    assert await bot.push(GROUP, body) == 40007


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"md5": "0" * 32}, 40058),
        ({"total_size": 20 * 1024 * 1024 + 1}, 45001),
        ({"kind": "image", "total_size": 11 * 1024 * 1024}, 93018),
        ({"kind": "image"}, 40005),
        ({"kind": "poster"}, 40004),
        ({"total_chunks": 101}, 40058),
        ({"total_chunks": 3}, 40058),
        ({"total_size": "2048"}, 40058),
    ],
)
async def test_uploads_that_are_refused(
    server: Server, bot: LinkBot, changed: dict[str, object], code: int
) -> None:
    kind = str(changed.pop("kind", "file"))
    ack = await upload(bot, b"x" * 2048, kind, **changed)
    assert ack["errcode"] == code
    assert server.desk.violations


async def test_a_chunk_is_at_most_512_kib_and_a_session_half_an_hour(
    bot: LinkBot, clock: FixedClock
) -> None:
    begin = {"type": "file", "filename": "a", "total_size": 600 * 1024, "total_chunks": 1}
    ack = await bot.call("aibot_upload_media_init", begin)
    number = ack["body"]["upload_id"]
    chunk = {
        "upload_id": number,
        "chunk_index": 0,
        "base64_data": base64.b64encode(bytes(512 * 1024 + 1)).decode(),
    }
    assert (await bot.call("aibot_upload_media_chunk", chunk))["errcode"] == 40058
    await later(clock, 1801)
    finish = await bot.call("aibot_upload_media_finish", {"upload_id": number})
    assert finish["errcode"] == 40058


async def test_thirty_uploads_a_minute(bot: LinkBot) -> None:
    codes = [(await upload(bot, b"x" * 64))["errcode"] for _ in range(31)]
    assert codes == [0] * 30 + [846607]


# Faults


async def test_the_ends_of_a_socket(server: Server) -> None:
    desk = server.desk
    for end, code in [("close 1000", 1000), ("close 1001", 1001), ("abort", 1006)]:
        async with linked(server) as link:
            await link.subscribe()
            if end == "abort":
                desk.link.abort()
            else:
                await desk.link.close(code)
            await asyncio.wait_for(link.closed.wait(), 3)
            assert link.ws.close_code == code, end
        await desk.until(lambda: not desk.link.connected)


async def test_a_silent_server_and_lost_acks(server: Server, bot: LinkBot) -> None:
    desk = server.desk
    desk.activate(GROUP)
    desk.faults.drop_acks = 1
    await bot.send("aibot_send_msg", {"chatid": GROUP, **markdown("一")})
    assert await bot.push(GROUP, markdown("二")) == 0
    assert [message.text for message in desk.heard(GROUP)] == ["一", "二"]
    desk.faults.delay_acks = 0.01
    assert await bot.push(GROUP, markdown("三")) == 0
    desk.faults.silent = True
    await bot.send("ping")
    await desk.until(lambda: desk.link.frames[-1]["cmd"] == "ping")
    desk.faults.silent = False
    assert (await bot.call("ping", req_id="p2"))["headers"] == {"req_id": "p2"}


async def test_a_client_that_says_nothing_is_dropped() -> None:
    desk = company(timings=company().setup.timings.__class__(silence=0.02))
    async with serving(desk) as server, linked(server) as link:
        await asyncio.wait_for(link.closed.wait(), 3)


async def test_a_kick_by_hand(server: Server, bot: LinkBot) -> None:
    await server.desk.link.kick()
    assert (await bot.callback())["body"]["event"]["eventtype"] == "disconnected_event"
    await asyncio.wait_for(bot.closed.wait(), 3)


# Nonsense

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
_KEYS = ["msgtype", "stream", "template_card", "markdown", "image", "chatid", "userids", "type"]
_WORDS = ["stream", "template_card", "markdown", "image", "s1", "text_notice", GROUP]
_BODY = st.dictionaries(st.sampled_from(_KEYS), _VALUES | st.sampled_from(_WORDS), max_size=5)
_CMDS = [
    "aibot_respond_msg",
    "aibot_respond_update_msg",
    "aibot_send_msg",
    "aibot_upload_media_init",
    "aibot_upload_media_chunk",
    "nothing",
]


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(cmd=st.sampled_from(_CMDS), body=_BODY | _VALUES)
async def test_nonsense_gets_an_errcode_and_never_takes_the_desk_down(
    cmd: str, body: object
) -> None:
    desk = company()
    async with serving(desk) as server, linked(server) as link:
        await link.subscribe()
        await desk.say("lisi", GROUP, HELLO)
        heard = await link.callback()
        ack = await link.call(cmd, body, heard["headers"]["req_id"])
        assert ack["errcode"] != 0 or cmd == "aibot_respond_msg"
        assert (await link.call("ping"))["errcode"] == 0


async def test_frames_that_are_no_frames(server: Server, bot: LinkBot) -> None:
    for text in [
        "",
        "[]",
        "{",
        json.dumps({"cmd": "ping"}),
        json.dumps({"headers": {"req_id": 1}}),
    ]:
        await bot.ws.send_str(text)
    await bot.ws.send_bytes(b"\x00")
    assert (await bot.call("ping"))["errcode"] == 0
    assert len(server.desk.violations) == 6
