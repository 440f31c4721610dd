"""What ``python -m bot check`` finds out about WeCom."""

import pytest

from bot.wecom.doctor import Finding, check_app, check_key
from bot.wecom.rest import AppRest, Rest, new_session
from config.texts import t
from tests.unit.wecom.aid import KEY, Api

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
