"""The page's doors: what each person may see and do, what they are told, and the clock."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest

from bot.clock import FixedClock
from bot.sim.messages import Upload
from bot.sim.page import FILES
from bot.sim.page_view import words
from bot.sim.server import Server
from bot.sim.setup import Persona
from tests.unit.sim.kit import BUTTONS, PNG, Json, LinkBot, card, company, markdown, serving

GROUP = "wr-south"


class Browser:
    """What desk.js does, without a browser."""

    def __init__(self, server: Server, http: aiohttp.ClientSession, persona: str) -> None:
        self._base = f"{server.url}/desk/"
        self._http = http
        self.persona = persona

    async def read(self, path: str, **query: str) -> Any:
        """A GET as the persona."""
        query = {"persona": self.persona, **query}
        async with self._http.get(self._base + path, params=query) as response:
            assert response.status == 200, response.status
            return await response.json()

    async def act(self, path: str, **body: Any) -> tuple[int, Json]:
        """A POST as the persona."""
        body = {"persona": self.persona, **body}
        headers = {"X-Desk": "1"}
        async with self._http.post(self._base + path, json=body, headers=headers) as response:
            text = await response.text()
            return response.status, json.loads(text) if text.startswith("{") else {}

    async def attach(self, name: str, data: bytes, kind: str, **fields: str) -> tuple[int, str]:
        """An upload as the persona."""
        form = aiohttp.FormData({"persona": self.persona, **fields})
        form.add_field("file", data, filename=name, content_type=kind)
        address = self._base + "attach"
        async with self._http.post(address, data=form, headers={"X-Desk": "1"}) as response:
            return response.status, await response.text()


@pytest.fixture
def lisi(server: Server, http: aiohttp.ClientSession) -> Browser:
    server.desk.offer([Persona("lisi", "secretary", "支部书记")])
    return Browser(server, http, "lisi")


async def test_everybody_sees_their_own_chats_only(
    server: Server, http: aiohttp.ClientSession, lisi: Browser
) -> None:
    me = await lisi.read("me")
    assert me["person"]["unit"] == "城南供电公司"
    assert [persona["label"] for persona in me["personas"]] == ["支部书记"]
    assert [place["key"] for place in me["places"]] == [
        "bot:lisi",
        "app:lisi",
        "wr-south",
        "wr-quiet",
    ]
    stranger = Browser(server, http, "wangwu")
    assert [place["key"] for place in (await stranger.read("me"))["places"]][2:] == ["wr-quiet"]
    status, _ = await stranger.act("say", place=GROUP, text="我也在？")
    assert status == 403
    with pytest.raises(AssertionError):
        await stranger.read("messages", place="bot:lisi")
    with pytest.raises(AssertionError):
        await Browser(server, http, "nobody").read("messages", place=GROUP)


async def test_the_first_persona_is_shown_to_newcomers(
    server: Server, http: aiohttp.ClientSession, lisi: Browser
) -> None:
    del lisi
    assert (await Browser(server, http, "").read("me"))["person"]["userid"] == "lisi"


async def test_speaking_reading_and_unread_counts(
    server: Server, http: aiohttp.ClientSession, bot: LinkBot, lisi: Browser
) -> None:
    zhangsan = Browser(server, http, "ZhangSan")
    assert await zhangsan.act("say", place=GROUP, text="@支部通 /进展 60%") == (200, {})
    heard = await bot.callback()
    await bot.reply(heard, markdown("# **已记录** [JZ-2026-0001](http://127.0.0.1:1/)"))
    [place] = [p for p in (await lisi.read("me"))["places"] if p["key"] == GROUP]
    assert (place["unread"], place["last"]) == (2, "已记录 JZ-2026-0001")
    messages = await lisi.read("messages", place=GROUP)
    assert [(m["name"], m["mine"]) for m in messages] == [("张三", False), ("支部通", False)]
    [place] = [p for p in (await lisi.read("me"))["places"] if p["key"] == GROUP]
    assert place["unread"] == 0
    await zhangsan.act("say", place=GROUP, text="谢谢", quote=2)
    assert (await lisi.read("messages", place=GROUP))[-1]["quote"] == "支部通：已记录 JZ-2026-0001"
    [place] = [p for p in (await zhangsan.read("me"))["places"] if p["key"] == GROUP]
    assert place["unread"] == 0, "one's own words are read"
    assert (await lisi.act("read", place=GROUP))[0] == 200


async def test_old_messages_come_page_by_page(server: Server, lisi: Browser) -> None:
    for n in range(70):
        await server.desk.say("lisi", GROUP, f"第 {n} 句")
    latest = await lisi.read("messages", place=GROUP)
    assert (len(latest), latest[-1]["text"]) == (60, "第 69 句")
    older = await lisi.read("messages", place=GROUP, before=str(latest[0]["number"]))
    assert [message["text"] for message in older] == [f"第 {n} 句" for n in range(10)]


async def test_attachments_by_place(bot: LinkBot, lisi: Browser) -> None:
    status, _ = await lisi.attach("现场.png", PNG, "image/png", place="bot:lisi")
    assert status == 200
    assert (await bot.callback())["body"]["msgtype"] == "image"
    status, _ = await lisi.attach("名单.xlsx", b"x" * 9, "application/zip", place="bot:lisi")
    assert status == 200
    assert (await bot.callback())["body"]["msgtype"] == "file"
    status, text = await lisi.attach("名单.xlsx", b"x" * 9, "application/zip", place=GROUP)
    assert (status, "私聊" in text) == (400, True)
    [picture] = (await lisi.read("messages", place="bot:lisi"))[0]["media"]
    async with lisi._http.get(lisi._base + "media/" + picture["id"]) as response:
        assert response.content_type == "image/png"
        assert await response.read() == PNG


async def test_a_click_waits_for_its_answer_and_says_so_when_none_comes(
    server: Server, bot: LinkBot, lisi: Browser
) -> None:
    server.desk.activate(GROUP)
    await bot.push(GROUP, card(BUTTONS))
    assert (await lisi.act("click", number=1, key="nothing"))[0] == 400
    assert (await lisi.act("click", number=99, key="here"))[0] == 400
    assert (await lisi.act("click", number=1, key="here", choices="nonsense"))[0] == 200
    with server.desk.platform.signals.listen() as queue:
        assert (await lisi.read("messages", place=GROUP))[0]["pending"] is True
        while (await asyncio.wait_for(queue.get(), 3))["type"] != "unanswered":
            pass
    [shown] = await lisi.read("messages", place=GROUP)
    assert (shown["pending"], shown["picked"]) == (False, {"key": "here", "choices": {}})


async def test_entering_the_bots_chat_greets_once(
    server: Server, bot: LinkBot, lisi: Browser
) -> None:
    await lisi.act("enter", place=GROUP)
    await lisi.act("enter", place="bot:lisi")
    await lisi.act("enter", place="bot:lisi")
    event = await bot.callback()
    assert event["body"]["event"]["eventtype"] == "enter_chat"
    assert len(server.desk.platform.greeted) == 1


async def events(server: Server, http: aiohttp.ClientSession, persona: str) -> AsyncIterator[Json]:
    """The stream of events as one person gets it."""
    address = f"{server.url}/desk/events"
    async with http.get(address, params={"persona": persona}) as response:
        async for line in response.content:
            if line.startswith(b"data: "):
                yield json.loads(line[6:])


async def test_people_are_told_at_once_of_what_is_theirs(
    server: Server, http: aiohttp.ClientSession
) -> None:
    stream = events(server, http, "wangwu")
    assert (await anext(stream))["type"] == "hello"
    await server.desk.say("lisi", GROUP, "王五看不到")
    await server.desk.say("lisi", "wr-quiet", "王五看得到")
    while (event := await anext(stream))["type"] != "message":
        assert "place" not in event
    assert event["message"]["text"] == "王五看得到"
    assert event["place"]["unread"] == 1
    await server.desk.say("wangwu", None, "/帮助")
    while (event := await anext(stream))["type"] != "lost":
        pass
    assert event["place"] == "bot:wangwu"
    await server.stop()
    assert [event["type"] async for event in stream if event["type"] == "message"] == []


@pytest.mark.parametrize(
    ("wanted", "shown"),
    [
        ("hour", "2026-11-21T11:00:00+08:00"),
        ("tomorrow", "2026-11-22T08:30:00+08:00"),
        ("monday", "2026-11-23T09:00:00+08:00"),
        ("2026-11-30T18:00", "2026-11-30T18:00:00+08:00"),
    ],
)
async def test_the_clock_goes_forward_and_the_demo_hears_of_it(
    http: aiohttp.ClientSession, clock: FixedClock, wanted: str, shown: str
) -> None:
    moved: list[datetime] = []

    async def hook(moment: datetime) -> None:
        moved.append(moment)

    async with serving(company(clock), on_clock_moved=hook) as server:
        lisi = Browser(server, http, "lisi")
        assert (await lisi.read("me"))["clock"] == {
            "now": "2026-11-21T10:00:00+08:00",
            "movable": True,
        }
        assert await lisi.act("clock", to=wanted) == (200, {"now": shown, "movable": True})
        assert [moment.astimezone(UTC) for moment in moved] == [clock.now()]


async def test_on_a_monday_morning_monday_is_a_week_away(http: aiohttp.ClientSession) -> None:
    async def hook(moment: datetime) -> None:
        del moment

    monday = FixedClock(datetime(2026, 11, 23, 1, 0, tzinfo=UTC))
    async with serving(company(monday), on_clock_moved=hook) as server:
        lisi = Browser(server, http, "lisi")
        _, clock = await lisi.act("clock", to="monday")
        assert clock["now"] == "2026-11-30T09:00:00+08:00"
        for wanted in ("2026-11-23T09:00", "soon", ""):
            status, body = await lisi.act("clock", to=wanted)
            assert (status, "往后" in body["error"]) == (400, True)


async def test_without_a_hook_the_clock_stands(lisi: Browser) -> None:
    assert (await lisi.read("me"))["clock"]["movable"] is False
    assert (await lisi.act("clock", to="hour"))[0] == 403


async def test_only_the_page_itself_may_act(server: Server, http: aiohttp.ClientSession) -> None:
    body = {"persona": "lisi", "place": GROUP, "text": "x"}
    async with http.post(f"{server.url}/desk/say", json=body) as response:
        assert response.status == 403
    headers = {"X-Desk": "1"}
    for data in (b"", b"[]", b"\xff"):
        async with http.post(f"{server.url}/desk/say", data=data, headers=headers) as response:
            assert response.status == 400


async def test_the_log_names_calls_and_violations_without_contents(
    server: Server, bot: LinkBot, lisi: Browser
) -> None:
    await server.desk.say("lisi", None, "保密的话")
    await bot.reply(await bot.callback(), {"msgtype": "text", "text": {"content": "保密的答"}})
    log = await lisi.read("log")
    assert log["violations"] == 1
    assert log["lines"][0]["call"] == "aibot_respond_msg"
    assert log["lines"][0]["code"] == 40008
    assert "保密" not in json.dumps(log, ensure_ascii=False)


async def test_the_page_is_served_from_the_package_alone(
    server: Server, http: aiohttp.ClientSession
) -> None:
    async with http.get(server.url) as response:
        page = await response.text()
        policy = response.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    for name in ["desk.css", "desk.js", "words.js", "cards.js", "bubbles.js", "panels.js"]:
        async with http.get(f"{server.url}/desk/page/{name}") as response:
            assert response.status == 200
            text = await response.text()
        assert "//cdn" not in text
    for name in ["..%2Fpage.py", "nothing.js", "%2e%2e%2fserver.py"]:
        async with http.get(f"{server.url}/desk/page/{name}") as response:
            assert response.status == 404
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "")


async def test_people_are_found_by_name(server: Server, lisi: Browser) -> None:
    for n in range(60):
        server.desk.add_person(f"w{n}", f"王小{n}")
    assert [person["name"] for person in await lisi.read("people", q="张")] == ["张三"]
    assert len(await lisi.read("people", q="王")) == 40


async def test_pictures_in_a_group_stay_unheard(server: Server, bot: LinkBot) -> None:
    await server.desk.say("lisi", GROUP, "", images=[Upload("a.png", PNG)])
    await server.desk.settled()
    assert bot._callbacks.empty()


_CALL = re.compile(r'(?:\bt|has)\((?:[^()"`]*\?)?\s*["`]([^"`]+)["`](?:\s*:\s*["`]([^"`]+)["`])?')
_MARK = re.compile(r'data-(?:t|label|placeholder)="([^"]+)"')


def test_every_word_of_the_page_is_there_and_is_used() -> None:
    texts = {path.name: path.read_text("utf-8") for path in FILES.iterdir()}
    asked = set(_MARK.findall(texts["index.html"]))
    for name, text in texts.items():
        if name.endswith(".js"):
            asked |= {key for pair in _CALL.findall(text) for key in pair if key}
    for path in FILES.parent.glob("*.py"):
        asked |= set(re.findall(r't\(f?"desk\.([^"]+)"', path.read_text("utf-8")))
    patterns = [re.sub(r"(?:\\\$)?\\\{[^}]*\}", r"[^.]+", re.escape(key)) for key in asked]
    table = words()
    unknown = [one for one in patterns if not any(re.fullmatch(one, key) for key in table)]
    unused = [key for key in table if not any(re.fullmatch(one, key) for one in patterns)]
    assert (unknown, unused) == ([], [])
