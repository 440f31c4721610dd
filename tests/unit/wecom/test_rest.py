"""Asking the platform: tokens, time-outs, and what became of a request."""

import asyncio
from datetime import timedelta
from typing import Any

import aiohttp
import pytest

from bot.channel import Elsewhere, Later, PushError, Refused, Unconfirmed
from bot.clock import FixedClock
from bot.wecom import codes
from bot.wecom import rest as rest_module
from bot.wecom.rest import AppRest, Call, Rest, Upload, new_session, same_host
from tests.unit.wecom.aid import Api, capture_logs

SEND = Call(path="/cgi-bin/message/send", json={"touser": "lisi"})


async def test_the_token_rides_in_the_query(api: Api, app_rest: AppRest) -> None:
    answer = await app_rest.call(SEND)
    assert answer["errcode"] == 0
    (first, credentials, _), (second, query, body) = api.asked
    assert (first, second) == ("/cgi-bin/gettoken", "/cgi-bin/message/send")
    assert set(credentials) == {"corpid", "corpsecret"}
    assert query == {"access_token": "TOKEN1"}
    assert body == {"touser": "lisi"}


async def test_sixteen_at_once_fetch_one_token(api: Api, app_rest: AppRest) -> None:
    await asyncio.gather(*(app_rest.call(SEND) for _ in range(16)))
    assert api.tokens == 1


async def test_a_token_is_renewed_five_minutes_early(
    api: Api, app_rest: AppRest, clock: FixedClock
) -> None:
    await app_rest.call(SEND)
    clock.move_to(clock.now() + timedelta(seconds=6899))
    await app_rest.call(SEND)
    assert api.tokens == 1
    clock.move_to(clock.now() + timedelta(seconds=1))
    await app_rest.call(SEND)
    assert api.tokens == 2


@pytest.mark.parametrize("code", [40014, 42001])
async def test_a_token_ended_early_is_fetched_anew_once(
    api: Api, app_rest: AppRest, code: int
) -> None:
    api.answers[SEND.path] = [{"errcode": code}, {"msgid": "M1"}]
    assert (await app_rest.call(SEND))["msgid"] == "M1"
    assert [query["access_token"] for path, query, _ in api.asked if path == SEND.path] == [
        "TOKEN1",
        "TOKEN2",
    ]


async def test_a_storm_of_42001_refreshes_once(api: Api, app_rest: AppRest) -> None:
    await app_rest.call(SEND)
    api.answers[SEND.path] = [*({"errcode": 42001} for _ in range(16)), {}]
    await asyncio.gather(*(app_rest.call(SEND) for _ in range(16)))
    assert api.tokens == 2


async def test_a_platform_that_keeps_saying_42001_is_asked_twice(
    api: Api, app_rest: AppRest
) -> None:
    api.answers[SEND.path] = [{"errcode": 42001}]
    with pytest.raises(Later) as caught:
        await app_rest.call(SEND)
    assert caught.value.code == 42001
    assert len(api.bodies(SEND.path)) == 2


async def test_a_wrong_secret_is_not_tried_again_for_a_minute(
    api: Api, app_rest: AppRest, clock: FixedClock
) -> None:
    api.answers["/cgi-bin/gettoken"] = [{"errcode": 40001}]
    with capture_logs() as logs:
        for _ in range(5):
            with pytest.raises(Elsewhere):
                await app_rest.call(SEND)
    assert api.paths() == ["/cgi-bin/gettoken"]
    assert [line["event"] for line in logs] == ["wecom_token_refused"]
    api.answers["/cgi-bin/gettoken"] = []
    clock.move_to(clock.now() + timedelta(seconds=61))
    await app_rest.call(SEND)


async def test_whoever_stops_waiting_does_not_stop_the_others(api: Api, app_rest: AppRest) -> None:
    first = asyncio.create_task(app_rest.call(SEND))
    second = asyncio.create_task(app_rest.call(SEND))
    await asyncio.sleep(0)
    first.cancel()
    await second
    assert api.tokens == 1
    with pytest.raises(asyncio.CancelledError):
        await first


@pytest.mark.parametrize("answer", [500, 502, 302, 404, "no json", "[]", ""])
async def test_a_platform_that_stammers_is_asked_later(api: Api, rest: Rest, answer: Any) -> None:
    api.answers[SEND.path] = [answer]
    with pytest.raises(Later) as caught:
        await rest.ask(SEND)
    assert caught.value.code == 0


async def test_a_request_cut_after_it_was_written_is_unconfirmed(api: Api, rest: Rest) -> None:
    api.answers[SEND.path] = ["reset"]
    with pytest.raises(Unconfirmed):
        await rest.ask(SEND)


@pytest.mark.parametrize(
    "call", [Call(path=SEND.path, json={}, repeatable=True), Call(path=SEND.path, method="GET")]
)
async def test_unless_it_may_be_repeated(api: Api, rest: Rest, call: Call) -> None:
    api.answers[SEND.path] = ["reset"]
    with pytest.raises(Later):
        await rest.ask(call)


async def test_a_platform_that_hangs_is_left(
    api: Api, rest: Rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rest_module, "_TIMEOUT", aiohttp.ClientTimeout(total=0.05))
    api.answers[SEND.path] = ["hang"]
    with pytest.raises(Unconfirmed):
        await rest.ask(SEND)


async def test_a_refused_connection_delivered_nothing() -> None:
    async with new_session("http://127.0.0.1:1") as session:
        with pytest.raises(Later) as caught:
            await Rest(session, "http://127.0.0.1:1").ask(SEND)
    assert caught.value.note == "ClientConnectorError"


async def test_no_error_quotes_the_address(api: Api, app_rest: AppRest) -> None:
    for answer in ("reset", 500, {"errcode": 42001}):
        api.answers[SEND.path] = [answer]
        with pytest.raises(PushError) as caught:
            await app_rest.call(SEND)
        told = f"{caught.value!r} {caught.value.__cause__!r}"
        assert "TOKEN" not in told
        assert "secret" not in told


async def test_an_upload_keeps_its_chinese_name(api: Api, rest: Rest) -> None:
    name = '第48周排名"一\r\n.xlsx'
    await rest.ask(Call(path="/cgi-bin/media/upload", upload=Upload(name, b"x" * 2_000_000)))
    [[_, _, body]] = api.asked
    assert body == {"media": ('第48周排名"一.xlsx', b"x" * 2_000_000)}


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (-1, Later),
        (6000, Later),
        (45009, Later),
        (45033, Later),
        (846607, Later),
        (846609, Later),
        (40001, Elsewhere),
        (60020, Elsewhere),
        (93000, Elsewhere),
        (93006, Elsewhere),
        (853000, Elsewhere),
        (40058, Refused),
        (42014, Refused),
        (81013, Refused),
        (86003, Refused),
        (12345678, Refused),
    ],
)
def test_each_number_has_its_meaning(code: int, kind: type[PushError]) -> None:
    error = codes.fault(code)
    assert type(error) is kind
    assert error.code == code


def test_a_frequency_limit_rests_for_its_minute() -> None:
    error = codes.fault(45009)
    assert isinstance(error, Later)
    assert error.seconds == 60


@pytest.mark.parametrize(
    ("address", "same"),
    [
        ("https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=1", True),
        ("https://QYAPI.weixin.qq.com/x", True),
        ("https://qyapi.weixin.qq.com:443/x", True),
        ("http://qyapi.weixin.qq.com/x", False),
        ("https://qyapi.weixin.qq.com:8443/x", False),
        ("https://qyapi.weixin.qq.com.evil.cn/x", False),
        ("https://qyapi.weixin.qq.com@evil.cn/x", False),
        ("//qyapi.weixin.qq.com/x", False),
        ("https://127.0.0.1/x", False),
        ("https://[::1", False),
        ("https://a:b/x", False),
        ("", False),
        ("/cgi-bin/webhook/send", False),
    ],
)
def test_only_the_platforms_own_host_is_called(address: str, *, same: bool) -> None:
    assert same_host(address, "https://qyapi.weixin.qq.com") is same


async def test_a_proxy_of_the_environment_is_not_asked_for_this_machine() -> None:
    async with (
        new_session("http://127.0.0.1:9000") as desk,
        new_session("http://localhost") as local,
    ):
        assert not desk.trust_env
        assert not local.trust_env
    async with new_session("https://qyapi.weixin.qq.com") as outside:
        assert outside.trust_env
