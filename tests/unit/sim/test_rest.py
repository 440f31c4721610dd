"""The HTTP calls with their documented limits and codes, over real HTTP."""

import base64
import hashlib
import io
import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest

from bot.clock import FixedClock
from bot.sim.messages import Kind
from bot.sim.server import Server
from bot.sim.setup import Persona
from tests.unit.sim.kit import BUTTONS, NOTICE, PNG, Json, card, markdown


class Api:
    """A caller with a token."""

    def __init__(self, server: Server, http: aiohttp.ClientSession) -> None:
        self._server = server
        self._http = http
        self.setup = server.desk.setup
        self.token, _ = server.desk.platform.issue_token()

    async def post(self, call: str, body: Any, **query: str) -> Json:
        """POST JSON; the answer."""
        query.setdefault("access_token", self.token)
        data = io.BytesIO(json.dumps(body).encode())
        async with self._http.post(self.url(call, query), data=data) as response:
            assert response.status == 200
            return dict(await response.json())

    async def get(self, call: str, **query: str) -> Json:
        """GET; the answer."""
        query.setdefault("access_token", self.token)
        async with self._http.get(self.url(call, query)) as response:
            assert response.status == 200
            return dict(await response.json())

    async def send(self, body: Json, touser: str = "lisi", **more: Any) -> Json:
        """message/send; the answer."""
        agent = {"agentid": self.setup.app_agent_id, "touser": touser}
        return await self.post("message/send", {**agent, **body, **more})

    async def upload(
        self, call: str, data: bytes, *, part: str = "media", name: str = "排名.png", **query: str
    ) -> Json:
        """A multipart upload; the answer."""
        form = aiohttp.FormData(quote_fields=False)
        form.add_field(
            part, io.BytesIO(data), filename=name, content_type="application/octet-stream"
        )
        query.setdefault("access_token", self.token)
        async with self._http.post(self.url(call, query), data=form) as response:
            return dict(await response.json())

    def url(self, call: str, query: dict[str, str]) -> str:
        """The address of a call."""
        return f"{self._server.url}/cgi-bin/{call}?{urlencode(query)}"


@pytest.fixture
def api(server: Server, http: aiohttp.ClientSession) -> Api:
    server.desk.listen(app_url="http://127.0.0.1:1/wecom/app")
    return Api(server, http)


def text(words: str) -> Json:
    return {"msgtype": "text", "text": {"content": words}}


# Tokens


async def test_a_token_and_its_refusals(api: Api, clock: FixedClock) -> None:
    right = {"corpid": api.setup.corp_id, "corpsecret": api.setup.app_secret}
    first = await api.get("gettoken", **right)
    assert first["expires_in"] == 7200
    clock.move_to(clock.now() + timedelta(seconds=100))
    again = await api.get("gettoken", **right)
    assert (again["access_token"], again["expires_in"]) == (first["access_token"], 7100)
    assert (await api.get("gettoken", **{**right, "corpid": "x"}))["errcode"] == 40013
    assert (await api.get("gettoken", corpid=api.setup.corp_id))["errcode"] == 41004
    assert (await api.get("gettoken", **{**right, "corpsecret": "x"}))["errcode"] == 40001


async def test_tokens_end(api: Api, server: Server, clock: FixedClock) -> None:
    assert (await api.get("user/get", userid="lisi", access_token=""))["errcode"] == 41001
    assert (await api.get("user/get", userid="lisi", access_token="x"))["errcode"] == 40014
    assert (await api.get("user/get", userid="lisi"))["errcode"] == 0
    clock.move_to(clock.now() + timedelta(seconds=7200))
    assert (await api.get("user/get", userid="lisi"))["errcode"] == 42001
    for code in (40014, 42001):
        api.token, _ = server.desk.platform.issue_token()
        server.desk.platform.expire_tokens([code])
        assert (await api.get("user/get", userid="lisi"))["errcode"] == code


async def test_calls_that_do_not_exist_and_bodies_that_are_no_json(
    api: Api, http: aiohttp.ClientSession
) -> None:
    assert (await api.get("message/send"))["errcode"] == 40066
    assert (await api.post("message/forward", {}))["errcode"] == 40066
    assert (await api.post("message/send", []))["errcode"] == 47001
    url = api.url("message/send", {"access_token": api.token})
    async with http.post(url, data=b"\xff\xfe") as response:
        assert (await response.json())["errcode"] == 47001


# message/send


async def test_sending_to_people(api: Api, server: Server) -> None:
    result = await api.send(text("您好"), "LISI|zhangsan|Nobody")
    assert (result["errcode"], result["invaliduser"]) == (0, "nobody")
    assert [m.text for m in server.desk.heard("ZhangSan", "app")] == ["您好"]
    assert server.desk.heard("lisi")[0].id == result["msgid"]
    assert "response_code" not in result
    assert (await api.send(text("x"), "Nobody"))["errcode"] == 81013
    assert (await api.send(text("x"), ""))["errcode"] == 81013
    assert (await api.send(text("x"), "|".join(f"u{n}" for n in range(1001))))["errcode"] == 82002
    assert (await api.send(text("全体"), "@all"))["errcode"] == 0
    assert server.desk.heard("wangwu")[-1].text == "全体"


async def test_sending_to_departments(api: Api, server: Server) -> None:
    result = await api.send(text("城南公司"), "", toparty="2|99")
    assert result["invalidparty"] == "99"
    assert server.desk.heard("ZhangSan", "app")
    assert not server.desk.heard("wangwu", "app")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"msgtype": "msg"}, 40008),
        ({"msg_type": "text", "text": {"content": "x"}}, 40008),
        (text(""), 44004),
        (markdown("电" * 683), 40058),
        (text("x") | {"agentid": 7}, 301002),
        (text("x") | {"agentid": "7"}, 40058),
        (text("x") | {"safe": 3}, 40058),
        ({"msgtype": "image", "image": {"media_id": "no"}}, 40007),
        ({"msgtype": "file", "file": {}}, 40058),
        (card({**NOTICE, "card_action": {"type": 1}}), 40058),
        (text("x") | {"enable_duplicate_check": 1, "duplicate_check_interval": 14_401}, 40058),
    ],
)
async def test_messages_that_are_refused(api: Api, server: Server, body: Json, code: int) -> None:
    assert (await api.send(body))["errcode"] == code
    assert server.desk.heard("lisi") == []
    assert server.desk.violations


async def test_long_text_is_cut_silently_and_noted(api: Api, server: Server) -> None:
    assert (await api.send(text("电" * 700)))["errcode"] == 0
    assert server.desk.heard("lisi")[0].text == "电" * 682
    assert [violation.hard for violation in server.desk.violations] == [False]


async def test_all_types_the_app_can_send(api: Api, server: Server) -> None:
    picture = (await api.upload("media/upload", PNG, type="image"))["media_id"]
    file = (await api.upload("media/upload", b"x" * 10, type="file"))["media_id"]
    article = {"title": "通报", "url": "http://127.0.0.1:1/"}
    for body in [
        markdown("**好**"),
        {"msgtype": "image", "image": {"media_id": picture}},
        {"msgtype": "file", "file": {"media_id": file}},
        {"msgtype": "news", "news": {"articles": [article]}},
        {"msgtype": "textcard", "textcard": {**article, "description": "第一期"}},
        card(NOTICE),
    ]:
        assert (await api.send(body))["errcode"] == 0
    kinds = [message.kind for message in server.desk.heard("lisi")]
    assert kinds == [Kind.MARKDOWN, Kind.IMAGE, Kind.FILE, Kind.NEWS, Kind.NEWS, Kind.CARD]
    assert server.desk.violations == []


async def test_the_same_message_twice_is_delivered_once(
    api: Api, server: Server, clock: FixedClock
) -> None:
    check: dict[str, Any] = {"enable_duplicate_check": 1, "duplicate_check_interval": 600}
    assert (await api.send(text("一"), **check))["errcode"] == 0
    assert (await api.send(text("一"), **check))["errcode"] == 0
    assert (await api.send(text("二"), **check))["errcode"] == 0
    assert (await api.send(text("一"), "wangwu", **check))["errcode"] == 0
    assert [m.text for m in server.desk.heard("lisi")] == ["一", "二"]
    clock.move_to(clock.now() + timedelta(seconds=600))
    await api.send(text("一"), **check)
    assert len(server.desk.heard("lisi")) == 3


async def test_the_thirty_first_in_a_minute_is_dropped_silently(
    api: Api, server: Server, clock: FixedClock
) -> None:
    codes = {(await api.send(text(f"第 {n} 条")))["errcode"] for n in range(31)}
    assert codes == {0}
    assert len(server.desk.heard("lisi")) == 30
    assert "dropped" in server.desk.violations[0].rule
    clock.move_to(clock.now() + timedelta(seconds=60))
    await api.send(text("又能发了"))
    assert len(server.desk.heard("lisi")) == 31


# Cards of the app


async def test_a_response_code_changes_a_card_once(
    api: Api, server: Server, clock: FixedClock
) -> None:
    sent = await api.send(card(BUTTONS), "lisi|wangwu")
    agent = {"agentid": api.setup.app_agent_id, "response_code": sent["response_code"]}
    assert (await api.send(card(BUTTONS)))["errcode"] == 42014
    done = card({**NOTICE, "task_id": "task-1"})["template_card"]
    update = {**agent, "userids": ["LiSi", "zhangsan"], "template_card": done}
    assert (await api.post("message/update_template_card", {**update, "button": {}}))["errcode"]
    result = await api.post("message/update_template_card", update)
    assert (result["errcode"], result["invaliduser"]) == (0, ["zhangsan"])
    assert server.desk.heard("lisi")[0].card_for("lisi") == done
    assert server.desk.heard("wangwu")[0].card_for("wangwu") == BUTTONS
    assert (await api.post("message/update_template_card", update))["errcode"] == 40058
    sent = await api.send(card(BUTTONS, task_id="task-2"), "lisi|wangwu")
    clock.move_to(clock.now() + timedelta(hours=72, seconds=1))
    api.token, _ = server.desk.platform.issue_token()
    late = {**agent, "response_code": sent["response_code"], "atall": 1, "template_card": done}
    assert (await api.post("message/update_template_card", late))["errcode"] == 40058


async def test_buttons_go_grey_for_everybody(api: Api, server: Server) -> None:
    sent = await api.send(card(BUTTONS), "lisi|wangwu")
    body = {
        "agentid": api.setup.app_agent_id,
        "response_code": sent["response_code"],
        "partyids": [1],
        "button": {"replace_name": "已结束"},
    }
    assert (await api.post("message/update_template_card", body))["errcode"] == 0
    for userid in ("lisi",):
        shown = server.desk.heard(userid)[0]
        with pytest.raises(ValueError, match="no button"):
            await server.desk.click(userid, shown, "here")


async def test_interactive_cards_need_a_callback(
    server: Server, http: aiohttp.ClientSession
) -> None:
    api = Api(server, http)
    assert (await api.send(card(BUTTONS)))["errcode"] == 40058


async def test_recall_within_a_day(api: Api, server: Server, clock: FixedClock) -> None:
    sent = await api.send(text("发错了"))
    assert (await api.post("message/recall", {"msgid": sent["msgid"]}))["errcode"] == 0
    assert server.desk.heard("lisi")[0].recalled
    assert (await api.post("message/recall", {"msgid": "0"}))["errcode"] == 40058
    assert (await api.post("message/recall", {}))["errcode"] == 40058
    sent = await api.send(text("发错了"))
    clock.move_to(clock.now() + timedelta(hours=24, seconds=1))
    api.token, _ = server.desk.platform.issue_token()
    assert (await api.post("message/recall", {"msgid": sent["msgid"]}))["errcode"] == 40058


# Media


async def test_media_up_and_down(
    api: Api, server: Server, http: aiohttp.ClientSession, clock: FixedClock
) -> None:
    kept = await api.upload("media/upload", PNG, type="image")
    assert kept["type"] == "image"
    query = {"access_token": api.token, "media_id": kept["media_id"]}
    async with http.get(api.url("media/get", query)) as response:
        assert await response.read() == PNG
        assert "%E6%8E%92" in response.headers["Content-Disposition"]
    assert (await api.get("media/get", media_id="no"))["errcode"] == 40007
    clock.move_to(clock.now() + timedelta(days=3, seconds=1))
    api.token, _ = server.desk.platform.issue_token()
    assert (await api.get("media/get", media_id=kept["media_id"]))["errcode"] == 40007


async def test_uploads_that_are_refused(
    api: Api, server: Server, http: aiohttp.ClientSession
) -> None:
    assert (await api.upload("media/upload", PNG, type="poster"))["errcode"] == 40004
    assert (await api.upload("media/upload", PNG, part="file", type="image"))["errcode"] == 44001
    assert (await api.upload("media/upload", b"12345", type="file"))["errcode"] == 40006
    assert (await api.upload("media/upload", b"GIF89a" * 9, type="image"))["errcode"] == 40005
    quoted = await api.upload("media/upload", PNG, type="image", name="%E6%8E%92.png")
    assert quoted["errcode"] == 0
    assert [violation.hard for violation in server.desk.violations][-1] is False
    large = PNG + bytes(10 * 1024 * 1024)
    assert (await api.upload("media/upload", large, type="image"))["errcode"] == 45001
    url = api.url("media/upload", {"access_token": api.token, "type": "file"})
    async with http.post(url, data=b"x" * 100) as response:
        assert (await response.json())["errcode"] == 44001


# appchat


async def test_groups_made_by_the_app(api: Api, server: Server) -> None:
    body = {"name": "专班" * 30, "owner": "lisi", "userlist": ["lisi", "ZhangSan"], "chatid": "zb1"}
    assert (await api.post("appchat/create", body))["chatid"] == "zb1"
    assert (await api.post("appchat/create", body))["errcode"] == 86215
    few = await api.post("appchat/create", {"name": "x", "userlist": ["lisi"]})
    assert few["errcode"] == 86006
    odd = await api.post("appchat/create", {"userlist": ["lisi", "wangwu"], "chatid": "专班"})
    assert odd["errcode"] == 86001
    said = {
        "chatid": "zb1",
        "msgtype": "text",
        "text": {"content": "开会", "mentioned_list": ["@all"]},
    }
    assert (await api.post("appchat/send", said))["errcode"] == 0
    assert (await api.post("appchat/send", {"chatid": "zb1", **card(NOTICE)}))["errcode"] == 40008
    assert (await api.post("appchat/send", {"chatid": "no", **text("x")}))["errcode"] == 86003
    assert (await api.post("appchat/send", {"chatid": "wr-south", **text("x")}))["errcode"] == 86008
    update = {"chatid": "zb1", "add_user_list": ["wangwu"], "del_user_list": ["LISI"]}
    assert (await api.post("appchat/update", update))["errcode"] == 40058
    assert (await api.post("appchat/update", {**update, "owner": "wangwu"}))["errcode"] == 0
    info = (await api.get("appchat/get", chatid="zb1"))["chat_info"]
    assert (info["userlist"], len(info["name"])) == (["ZhangSan", "wangwu"], 50)
    assert server.desk.heard("zb1")[0].mentions == ("@all",)


# Contacts and identity


async def test_contacts(api: Api) -> None:
    person = await api.get("user/get", userid="zhangsan")
    assert (person["name"], person["department"]) == ("张三", [3])
    assert (await api.get("user/get", userid="no"))["errcode"] == 60111
    tree = (await api.get("department/list"))["department"]
    assert [(d["id"], d["parentid"]) for d in tree] == [(1, 0), (2, 1), (3, 2)]
    assert len((await api.get("department/simplelist", id="2"))["department_id"]) == 2
    assert (await api.get("department/list", id="77"))["errcode"] == 60003
    simple = await api.get("user/simplelist", department_id="2")
    assert [person["userid"] for person in simple["userlist"]] == ["lisi"]
    whole = await api.get("user/list", department_id="2", fetch_child="1")
    assert {person["position"] for person in whole["userlist"]} == {"党员", "支部书记"}


async def test_oauth_for_the_persona_of_the_page(
    api: Api, server: Server, http: aiohttp.ClientSession, clock: FixedClock
) -> None:
    server.desk.listen(pages=["http://127.0.0.1:8080"])
    server.desk.offer([Persona("lisi", "secretary", "支部书记")])
    query = {
        "appid": api.setup.corp_id,
        "redirect_uri": "http://127.0.0.1:8080/login?next=1",
        "response_type": "code",
        "scope": "snsapi_base",
        "state": "abc",
    }
    base = f"{server.url}/connect/oauth2/authorize"

    async def ask(**changed: str) -> aiohttp.ClientResponse:
        async with http.get(base, params=query | changed, allow_redirects=False) as response:
            await response.read()
            return response

    assert (await ask(redirect_uri="http://evil.example/")).status == 400
    assert (await ask(redirect_uri="javascript:alert(1)")).status == 400
    assert (await ask(state="!")).status == 400
    assert (await ask(appid="x")).status == 400
    assert (await ask(scope="snsapi_privateinfo")).status == 400
    chooser = await ask()
    assert chooser.status == 200, "nobody is chosen yet"
    assert (await ask(desk_persona="lisi")).status == 302
    async with http.get(f"{server.url}/desk/me", params={"persona": "zhangsan"}) as response:
        assert response.status == 200
    target = (await ask()).headers["Location"]
    assert target.startswith("http://127.0.0.1:8080/login?next=1&code=")
    assert target.endswith("&state=abc")
    code = target.split("code=")[1].split("&")[0]
    assert (await api.get("auth/getuserinfo", code=code))["userid"] == "ZhangSan"
    assert (await api.get("auth/getuserinfo", code=code))["errcode"] == 40029
    code = (await ask()).headers["Location"].split("code=")[1].split("&")[0]
    assert (await api.get("user/getuserinfo", code=code))["UserId"] == "ZhangSan"
    code = (await ask()).headers["Location"].split("code=")[1].split("&")[0]
    clock.move_to(clock.now() + timedelta(seconds=301))
    assert (await api.get("auth/getuserinfo", code=code))["errcode"] == 40029


# Webhooks


async def hook(api: Api, body: Any, key: str = "hook-quiet") -> int:
    return int((await api.post("webhook/send", body, key=key))["errcode"])


def inline(data: bytes, **changed: str) -> Json:
    image = {
        "base64": base64.b64encode(data).decode(),
        "md5": hashlib.md5(data, usedforsecurity=False).hexdigest(),
    }
    return {"msgtype": "image", "image": image | changed}


async def test_a_webhook_speaks_in_its_group(api: Api, server: Server) -> None:
    assert await hook(api, markdown("**第 47 周排名**")) == 0
    assert await hook(api, inline(PNG)) == 0
    mention = {"msgtype": "text", "text": {"content": "请查收", "mentioned_list": ["lisi"]}}
    assert await hook(api, mention) == 0
    assert await hook(api, {"msgtype": "markdown_v2", "markdown_v2": {"content": "| a |"}}) == 0
    assert await hook(api, card(NOTICE)) == 0
    kinds = [message.kind for message in server.desk.heard("wr-quiet")]
    assert kinds == [Kind.MARKDOWN, Kind.IMAGE, Kind.TEXT, Kind.MARKDOWN, Kind.CARD]
    assert server.desk.violations == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (markdown("x" * 4097), 40058),
        (markdown(""), 44004),
        (text("x" * 2049), 40058),
        ({"msg_type": "text", "text": {"content": "x"}}, 40008),
        ({"msgtype": "stream", "stream": {}}, 40008),
        (inline(PNG, md5="0" * 32), 40009),
        (inline(b"GIF89a" + bytes(50)), 40009),
        (inline(PNG + bytes(2 * 1024 * 1024)), 40009),
        (inline(PNG, base64="!!"), 40009),
        (card(BUTTONS), 40058),
        ({"msgtype": "file", "file": {"media_id": "no"}}, 40007),
        ({"msgtype": "news", "news": {"articles": []}}, 40058),
        ({"msgtype": "news", "news": {"articles": [{"title": "x" * 129, "url": "u"}]}}, 40058),
    ],
)
async def test_what_a_webhook_refuses(api: Api, server: Server, body: Json, code: int) -> None:
    assert await hook(api, body) == code
    assert server.desk.heard("wr-quiet") == []


async def test_a_wrong_key(api: Api) -> None:
    assert await hook(api, markdown("x"), key="none") == 93000
    assert await hook(api, markdown("x"), key="") == 93000


async def test_the_twenty_first_blocks_for_a_minute(api: Api, clock: FixedClock) -> None:
    codes = [await hook(api, markdown(f"第 {n} 条")) for n in range(22)]
    assert codes == [0] * 20 + [45009] * 2
    assert await hook(api, markdown("另一个群"), key="hook-south") == 0
    clock.move_to(clock.now() + timedelta(seconds=60))
    assert await hook(api, markdown("好了")) == 0


async def test_a_webhooks_media_are_its_own(api: Api, server: Server) -> None:
    kept = await api.upload(
        "webhook/upload_media", b"PK" * 40, name="排名.xlsx", key="hook-quiet", type="file"
    )
    body = {"msgtype": "file", "file": {"media_id": kept["media_id"]}}
    assert await hook(api, body, key="hook-south") == 40007
    assert await hook(api, body) == 0
    shown = server.desk.heard("wr-quiet")[0]
    assert server.desk.platform.media[shown.media[0]].name == "排名.xlsx"
    refused = await api.upload("webhook/upload_media", PNG, key="hook-quiet", type="image")
    assert refused["errcode"] == 40004
    lost = await api.upload("webhook/upload_media", PNG, key="no", type="file")
    assert lost["errcode"] == 93000


# Faults


async def test_calls_can_fail_in_every_way(api: Api, server: Server) -> None:
    faults = server.desk.faults
    faults.api_codes.append(("message/send", -1))
    assert (await api.send(text("x")))["errcode"] == -1
    assert (await api.send(text("x")))["errcode"] == 0
    faults.api_status.append(502)
    with pytest.raises(AssertionError):
        await api.send(text("x"))
    faults.api_cut = 1
    with pytest.raises(aiohttp.ClientError):
        await api.send(text("done, but nobody knows"))
    assert len(server.desk.heard("lisi")) == 2
