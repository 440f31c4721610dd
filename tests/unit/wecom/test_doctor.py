"""What ``python -m bot check`` finds out about WeCom."""

import random
from typing import Any

import pytest
from aiohttp import ClientSession

from bot.clock import FixedClock
from bot.wecom import codes
from bot.wecom.doctor import Finding, check_app, check_key, check_link
from bot.wecom.link import Account, Link, Unshared
from bot.wecom.rest import AppRest, Rest, new_session
from config.texts import t
from tests.unit.wecom.aid import KEY, NOW, Api
from tests.unit.wecom.socketaid import Server, error, okay, serve

USER = "/cgi-bin/user/get"


@pytest.mark.parametrize("code", [0, 60111, 60011, 48002])
async def test_a_trusted_machine_with_the_right_secret_is_well(
    api: Api, app_rest: AppRest, code: int
) -> None:
    api.answers[USER] = [{"errcode": code}]
    assert await check_app(app_rest) == Finding(ok=True, key="wecom.doctor.app_ok")


@pytest.mark.parametrize(
    ("path", "code", "key"),
    [
        ("/cgi-bin/gettoken", 40001, "app_secret"),
        ("/cgi-bin/gettoken", 40091, "app_secret"),
        ("/cgi-bin/gettoken", 40013, "app_corp"),
        ("/cgi-bin/gettoken", 45009, "app_busy"),
        ("/cgi-bin/gettoken", 7, "app_other"),
        (USER, 301002, "app_agent"),
        (USER, 42001, "app_other"),
    ],
)
async def test_each_trouble_has_a_name(
    api: Api, app_rest: AppRest, path: str, code: int, key: str
) -> None:
    api.answers[path] = [{"errcode": code, "errmsg": "x"}]
    finding = await check_app(app_rest)
    assert (finding.ok, finding.key) == (False, f"wecom.doctor.{key}")
    assert str(code) in t(finding.key, **finding.params)


async def test_a_foreign_address_is_named(api: Api, app_rest: AppRest) -> None:
    message = "not allow to access from your ip, hint: [1], from ip: 203.0.113.9, more info at x"
    api.answers[USER] = [{"errcode": 60020, "errmsg": message}]
    finding = await check_app(app_rest)
    assert not finding.ok
    assert "203.0.113.9" in t(finding.key, **finding.params)
    api.answers[USER] = [{"errcode": 60020, "errmsg": "changed"}]
    assert "60020" in t(finding.key, **(await check_app(app_rest)).params)


async def test_an_unreachable_platform_is_named(app_rest: AppRest) -> None:
    async with new_session("http://127.0.0.1:1") as session:
        away = AppRest(
            Rest(session, "http://127.0.0.1:1"), "corp", "secret", clock=app_rest._token._clock
        )
        finding = await check_app(away)
    assert (finding.ok, finding.key) == (False, "wecom.doctor.app_unreachable")
    assert "ClientConnectorError" in t(finding.key, **finding.params)


@pytest.mark.parametrize(("key", "ok"), [(KEY, True), ("short", False), (f"{KEY}=", False)])
def test_a_key_has_43_characters(key: str, *, ok: bool) -> None:
    finding = check_key("智能机器人", key)
    assert finding.ok is ok
    assert "智能机器人" in t(finding.key, **finding.params)


@pytest.mark.parametrize(
    ("subscribed", "key"),
    [
        (okay, "link_ok"),
        (error(846607), "link_away"),
        pytest.param(error(codes.BAD_BOT), "link_refused", marks=pytest.mark.faults),
    ],
)
async def test_the_long_connection_is_tried_once(subscribed: Any, key: str) -> None:
    server = Server()
    server.subscribed = subscribed
    async with serve(server) as url, new_session(url) as session:
        finding = await check_link(link_to(url, session))
    assert finding == Finding(ok=key == "link_ok", key=f"wecom.doctor.{key}")
    assert t(finding.key)
    assert server.dialed == 1


async def test_a_long_connection_that_leads_nowhere_is_named() -> None:
    async with new_session("http://127.0.0.1:1") as session:
        finding = await check_link(link_to("ws://127.0.0.1:1", session))
    assert finding == Finding(ok=False, key="wecom.doctor.link_away")


def link_to(url: str, session: ClientSession) -> Link:
    account = Account(url=url, bot_id="BOT1", secret="long secret")
    return Link(
        session,
        account,
        clock=FixedClock(NOW),
        permit=Unshared(),
        chance=random.Random(1),
    )
