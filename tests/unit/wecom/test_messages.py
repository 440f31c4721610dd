"""Captured payloads -> ``Incoming``, one file per case."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channel import Click, Incoming, IncomingFile
from bot.wecom import appmessage, botmessage
from bot.wecom.wire import Malformed, ident, parse_json, parse_xml, words
from tests.unit.wecom.aid import NOW, fixture

COS = "https://ww-aibot-img-1258476243.cos.ap-guangzhou.myqcloud.com"
RESPONSE = "https://qyapi.weixin.qq.com/cgi-bin/aibot/response"
KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"


def hear_bot(body: dict[str, Any], req_id: str = "") -> Incoming | None:
    return botmessage.read_message(body, channel="aibot", received_at=NOW, req_id=req_id)


def hear_app(name: str) -> Incoming | None:
    return appmessage.read_message(parse_xml(fixture(name)), received_at=NOW)


def said(message_id: str, sender: str = "lisi", **fields: Any) -> Incoming:
    return Incoming("aibot", message_id, sender, NOW, **fields)


BOT_CASES = {
    "bot_text_group.json": said(
        "bot:CAIQ16HMjQYY",
        "ZhangSan",
        chat="wrkSFfCgAAxxx1",
        text="@支部通  /进展 60% 完成基础浇筑",
        reply_url=f"{RESPONSE}?response_code=RC1",
    ),
    "bot_text_single.json": said("bot:CAIQ16HMjQYZ", text="/待办"),
    "bot_text_quote.json": said(
        "bot:m-quote", chat="wr1", text="@支部通 /查", quote="已登记 JZ-2026-0001"
    ),
    "bot_text_quote_mixed.json": said(
        "bot:m-quote2", chat="wr1", text="@支部通 /查", quote="现场照片"
    ),
    "bot_mixed_image_first.json": said(
        "bot:m-mixed",
        chat="wr1",
        text="@支部通\n/进展 八成",
        files=(IncomingFile("image", f"{COS}/a", KEY),),
    ),
    "bot_image_single.json": said("bot:m-image", files=(IncomingFile("image", f"{COS}/a"),)),
    "bot_image_pic_url.json": said("bot:m-image2", files=(IncomingFile("image", f"{COS}/b"),)),
    "bot_file_single.json": said(
        "bot:m-file",
        files=(IncomingFile("file", f"{COS}/f", "00112233445566778899aabbccddeeff" * 2),),
    ),
    "bot_video_single.json": said("bot:m-video", files=(IncomingFile("video", f"{COS}/v"),)),
    "bot_voice_single.json": said("bot:m-voice", text="待办"),
    "bot_voice_group.json": None,
    "bot_enter_chat.json": said("bot:m-enter", entered=True),
    "bot_card_button.json": said(
        "bot:m-card",
        chat="wr1",
        click=Click("wish_0001@a", "claim:XY-2026-0001"),
        reply_url=f"{RESPONSE}?response_code=RC2",
    ),
    "bot_card_selects.json": said(
        "bot:m-card2",
        click=Click("form_1", "form.submit", {"unit": ("D01",), "kind": ("a", "b")}),
    ),
    "bot_card_old_spelling.json": said(
        "bot:m-card3", click=Click("vote_1", "vote.submit", {"who": ("p1", "p2")})
    ),
    "bot_feedback.json": None,
    "bot_unknown_event.json": None,
    "bot_unknown_type.json": None,
}


@pytest.mark.parametrize("name", BOT_CASES)
def test_a_smart_bots_payload_is_read(name: str) -> None:
    assert hear_bot(fixture(name)) == BOT_CASES[name]


def from_app(message_id: str, **fields: Any) -> Incoming:
    return Incoming("app", f"app:ZhangSan:{message_id}", "ZhangSan", NOW, **fields)


APP_CASES = {
    "app_text.xml": from_app("4561255354251345929", text="/进展 60% 完成 <基础> & 浇筑"),
    "app_image.xml": from_app("22", files=(IncomingFile("image", media_id="MEDIA1"),)),
    "app_voice.xml": from_app("23", files=(IncomingFile("voice", media_id="MEDIA2"),)),
    "app_location.xml": None,
    "app_enter_agent.xml": from_app("1790000000:enter_agent:", entered=True),
    "app_subscribe.xml": None,
    "app_card_button.xml": from_app(
        "1790000000:template_card_event:claim:XY-2026-0001/wish_0001",
        click=Click("wish_0001", "claim:XY-2026-0001", response_code="RC3"),
    ),
    "app_card_selects.xml": from_app(
        "1790000000:template_card_event:form.submit/form_1",
        click=Click("form_1", "form.submit", {"unit": ("D01",), "kind": ("a", "b")}, "RC4"),
    ),
}


@pytest.mark.parametrize("name", APP_CASES)
def test_an_apps_payload_is_read(name: str) -> None:
    assert hear_app(name) == APP_CASES[name]


def test_one_message_has_one_id_through_whatever_door() -> None:
    body = fixture("bot_text_group.json")
    by_url, by_link = hear_bot(body), hear_bot(body, req_id="REQ1")
    assert by_url
    assert by_link
    assert by_url.message_id == by_link.message_id == "bot:CAIQ16HMjQYY"


def test_without_msgid_the_frame_is_known_by_its_request() -> None:
    body = {k: v for k, v in fixture("bot_text_single.json").items() if k != "msgid"}
    heard = hear_bot(body, req_id="REQ1")
    assert heard
    assert heard.message_id == "bot:req:REQ1"


def test_without_any_id_the_same_words_at_the_same_moment_are_one() -> None:
    body = {k: v for k, v in fixture("bot_text_single.json").items() if k != "msgid"}

    def made(**changed: Any) -> str:
        heard = hear_bot(body | changed)
        assert heard
        return heard.message_id

    assert made().startswith("bot:hash:")
    assert made() == made()
    assert made(create_time=1) == made(create_time=1) != made(create_time=2)
    assert made() != made(text={"content": "/我的"})
    assert made() != made(**{"from": {"userid": "wangwu"}})
    assert made() != made(chatid="wr1", chattype="group")


def test_a_group_is_known_by_its_id_even_without_a_type() -> None:
    body = fixture("bot_text_group.json") | {"chattype": None}
    heard = hear_bot(body)
    assert heard
    assert heard.chat == "wrkSFfCgAAxxx1"


def test_what_the_platform_left_out_is_empty() -> None:
    body = fixture("bot_text_group.json")
    for key in ("response_url", "aibotid", "chatid", "chattype"):
        body.pop(key)
    assert hear_bot(body) == said(
        "bot:CAIQ16HMjQYY", "ZhangSan", text="@支部通  /进展 60% 完成基础浇筑"
    )


CLICK = {"eventtype": "template_card_event"}


@pytest.mark.parametrize(
    "changed",
    [
        {"from": None},
        {"from": {}},
        {"from": {"userid": ""}},
        {"from": {"userid": ["lisi"]}},
        {"from": {"userid": "x" * 300}},
        {"from": {"userid": "li\nsi"}},
        {"chatid": None},
        {"chatid": {"id": 1}},
        {"msgid": ["x"]},
        {"text": None},
        {"text": "words"},
        {"text": {"content": None}},
        {"text": {"content": 7}},
        {"response_url": 7},
        {"response_url": "https://qyapi.weixin.qq.com/\r\nHost: evil"},
        {"quote": {"msgtype": "text"}},
        {"msgtype": "image", "chattype": "single"},
        {"msgtype": "image", "chattype": "single", "image": {"url": ""}},
        {"msgtype": "mixed", "mixed": {"msg_item": [{"msgtype": "image"}]}},
        {"msgtype": "event", "event": CLICK},
        {"msgtype": "event", "event": CLICK | {"template_card_event": {"task_id": "t"}}},
        {"msgtype": "event", "event": CLICK | {"template_card_event": {"event_key": "k"}}},
        {
            "msgtype": "event",
            "event": CLICK
            | {"template_card_event": {"task_id": "t", "event_key": "k", "selected_items": [7]}},
        },
    ],
)
def test_a_payload_without_what_it_needs_is_malformed(changed: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        hear_bot(fixture("bot_text_group.json") | changed)


@pytest.mark.parametrize("msgtype", [None, 7, "", "text2", ["text"], {"a": 1}])
def test_a_kind_nobody_knows_is_ignored(msgtype: Any) -> None:
    assert hear_bot(fixture("bot_text_group.json") | {"msgtype": msgtype}) is None


@pytest.mark.parametrize("event", [None, 7, {}, {"eventtype": None}, {"eventtype": "?"}])
def test_an_event_nobody_knows_is_ignored(event: Any) -> None:
    assert hear_bot({"msgtype": "event", "event": event}) is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
KEYS = ["msgid", "chatid", "chattype", "from", "msgtype", "text", "event", "mixed", "quote"]


@given(st.dictionaries(st.sampled_from(KEYS), json_values))
def test_whatever_comes_is_read_ignored_or_malformed(changed: dict[str, Any]) -> None:
    for name in ("bot_text_group.json", "bot_card_selects.json", "bot_mixed_image_first.json"):
        try:
            heard = hear_bot(fixture(name) | changed)
        except Malformed:
            continue
        assert heard is None or (heard.sender and heard.message_id.startswith("bot:"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<![CDATA[ZhangSan]]>", ""),
        ("<![CDATA[text]]>", ""),
        ("4561255354251345929", ""),
        ("4561255354251345929", "4" * 300),
    ],
)
def test_an_app_message_without_what_it_needs_is_malformed(old: str, new: str) -> None:
    with pytest.raises(Malformed):
        appmessage.read_message(
            parse_xml(fixture("app_text.xml").decode().replace(old, new).encode()), received_at=NOW
        )


def test_words_are_cleaned_of_what_no_database_holds() -> None:
    assert words("进展\x00 60%") == "进展 60%"
    assert words("a\x00b") == "ab"
    assert words("半个\ud83d字") == "半个?字"
    assert words("control \x07 stays, as typed") == "control \x07 stays, as typed"


def test_ids_are_short_and_printable() -> None:
    assert ident(42) == "42"
    assert ident(None) == ""
    assert ident(" a ") == "a"
    for bad in ("a\0b", "\ud800", "x" * 257, 1.5, b"a"):
        with pytest.raises(Malformed):
            ident(bad)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"null",
        b'"x"',
        b"{",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"1" * 5000,
    ],
)
def test_what_is_no_json_object_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        parse_json(data)


BOMB = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><x>&b;</x>'


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<x>",
        b"text",
        b"<x/><y/>",
        b"<x>&a;</x>",
        b"\x00",
        b"<!DOCTYPE x><x/>",
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>',
        BOMB,
        BOMB.decode().replace('"1.0"', '"1.0" encoding="utf-16"').encode("utf-16"),
        b'<?xml version="1.0" encoding="klingon"?><x/>',
        b'<?xml version="1.0" encoding="gb2312"?><x>\xff\xff</x>',
        b"<x>\x0b</x>",
    ],
)
def test_what_is_no_plain_xml_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        parse_xml(data)


def test_deep_xml_is_only_deep() -> None:
    depth = 100_000
    root = parse_xml(b"<a>" * depth + b"</a>" * depth)
    assert root.findtext("Encrypt") is None
