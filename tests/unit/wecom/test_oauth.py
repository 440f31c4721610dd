"""The addresses of WeCom's log-in, and what its answers mean (WECOM.md 4.9)."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from bot.channel import Later
from bot.wecom.codes import fault
from bot.wecom.oauth import OAuth
from bot.wecom.rest import AppRest, Call
from config.settings import DEFAULT_OAUTH

BACK = "https://dj.example.cn/login/back"


class Platform(AppRest):
    """Answers one call with what it was given."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.answer = answer
        self.calls: list[Call] = []

    async def ask(self, call: Call) -> dict[str, Any]:
        self.calls.append(call)
        return self.answer


def oauth(base: str = DEFAULT_OAUTH, **answer: Any) -> tuple[OAuth, Platform]:
    platform = Platform(answer)
    return OAuth(platform, "ww1", 1000002, base), platform


def test_inside_the_client_the_parameters_stand_in_the_documented_order() -> None:
    url = urlsplit(oauth()[0].silent(BACK, "abc123"))
    assert f"{url.scheme}://{url.netloc}{url.path}" == f"{DEFAULT_OAUTH}/connect/oauth2/authorize"
    assert parse_qsl(url.query) == [
        ("appid", "ww1"),
        ("redirect_uri", BACK),
        ("response_type", "code"),
        ("scope", "snsapi_base"),
        ("state", "abc123"),
        ("agentid", "1000002"),
    ]
    assert url.fragment == "wechat_redirect"


def test_elsewhere_the_code_to_scan_is_on_its_own_host() -> None:
    url = urlsplit(oauth()[0].by_scan(BACK, "abc123"))
    assert url.netloc == "login.work.weixin.qq.com"
    assert dict(parse_qsl(url.query)) == {
        "login_type": "CorpApp",
        "appid": "ww1",
        "agentid": "1000002",
        "redirect_uri": BACK,
        "state": "abc123",
    }
    private = urlsplit(oauth("https://wecom.corp.example")[0].by_scan(BACK, "abc123"))
    assert private.netloc == "wecom.corp.example"


async def test_a_member_is_known_by_userid() -> None:
    log_in, platform = oauth(errcode=0, userid="ZhangSan")
    assert await log_in.who("code") == "ZhangSan"
    assert platform.calls[0].params == {"code": "code"}


@pytest.mark.parametrize(
    "answer", [{"errcode": 0, "openid": "o1"}, {"errcode": 40029}, {"errcode": 50002}]
)
async def test_guests_and_used_codes_are_nobody(answer: dict[str, Any]) -> None:
    assert await oauth(**answer)[0].who("code") == ""


async def test_a_platform_that_is_busy_is_no_stranger() -> None:
    with pytest.raises(Later):
        await oauth(errcode=-1)[0].who("code")
    assert isinstance(fault(-1), Later)
