"""Logging in with WeCom: silently in the client, by a scan elsewhere, never for somebody else."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from yarl import URL

from bot.sim.rest_people import COOKIE
from bot.web.login import own_path
from tests.visitor import Visitor
from tests.world import World

CLIENT = {"User-Agent": "Mozilla/5.0 (iPhone) wxwork/4.1.20 MicroMessenger/7.0.1"}


@pytest.fixture
async def phone(world: World) -> AsyncIterator[Visitor]:
    """The browser inside the WeCom of b2p1: the desk knows whose phone it is."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar, headers=CLIENT) as session:
        jar.update_cookies({COOKIE: "b2p1"}, URL(world.server.url))
        yield Visitor(world, session)


async def step(visitor: Visitor, url: str) -> tuple[int, str]:
    """One request; status and where it leads."""
    base = f"http://127.0.0.1:{visitor.world.runtime.port}"
    address = url if url.startswith("http") else base + url
    async with visitor.session.get(address, allow_redirects=False) as answer:
        return answer.status, answer.headers.get("Location", "")


async def test_inside_wecom_a_page_opens_without_a_question(phone: Visitor) -> None:
    status, html = await phone.get("/form/progress?percent=40%25")
    assert status == 200
    assert 'value="40%"' in html
    assert "城北员工1" in html
    assert (await phone.get("/ledger/progress"))[0] == 200


async def test_a_forwarded_link_shows_no_more_than_ones_own_rights(phone: Visitor) -> None:
    status, html = await phone.enter("dangjian", "/")
    assert status == 200
    assert "城北员工1" in html
    assert "党建部小周" not in html
    assert (await phone.enter("dangjian", "/ledger/audit"))[0] == 404


async def test_elsewhere_a_code_is_scanned(visitor: Visitor) -> None:
    status, html = await visitor.get("/ledger/progress?q=%E5%9F%8E")
    assert status == 403
    assert "扫码登录" in html
    found = re.search(r'href="(/login\?to=[^"]+)"', html)
    assert found
    status, address = await step(visitor, found[1])
    assert (status, urlsplit(address).path) == (303, "/wwlogin/sso/login")
    status, table = await visitor.get(f"{address}&{COOKIE}=dangjian")
    assert status == 200
    assert "党建部小周" in table
    assert 'value="城"' in table
    assert [v for v in visitor.world.desk.violations if v.hard] == []


async def test_state_and_code_hold_once_and_only_in_the_browser_that_began(
    visitor: Visitor, phone: Visitor
) -> None:
    _, address = await step(phone, "/login?to=/")
    state = parse_qs(urlsplit(address).query)["state"][0]
    assert re.fullmatch(r"[a-zA-Z0-9]{32,128}", state)
    _, back = await step(phone, address)
    assert (await step(visitor, back))[0] == 403  # another browser with the stolen address
    assert (await step(phone, back.replace(state, "0" * 32)))[0] == 403
    assert (await step(phone, back)) == (303, "/")
    assert (await step(phone, back))[0] == 403  # nothing is under way any more
    _, address = await step(phone, "/login?to=/")
    _, fresh = await step(phone, address)
    old_code = parse_qs(urlsplit(back).query)["code"][0]
    new_code = parse_qs(urlsplit(fresh).query)["code"][0]
    status, _ = await phone.get(fresh.replace(new_code, old_code))
    assert status == 403


async def test_a_log_in_that_takes_too_long_is_over(phone: Visitor) -> None:
    _, address = await step(phone, "/login?to=/")
    _, back = await step(phone, address)
    phone.world.clock.move_to(phone.world.clock.now() + timedelta(minutes=11))
    assert (await step(phone, back))[0] == 403


async def test_a_guest_is_told_whom_to_ask(world: World) -> None:
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar, headers=CLIENT) as session:
        jar.update_cookies({COOKIE: "stranger"}, URL(world.server.url))
        status, html = await Visitor(world, session).get("/")
    assert status == 403
    assert "不在人员名单" in html


async def test_logging_out_ends_the_session_of_this_browser(visitor: Visitor) -> None:
    await visitor.enter("b1p1")
    url = f"http://127.0.0.1:{visitor.world.runtime.port}/logout"
    async with visitor.session.post(url) as answer:
        assert "已退出" in await answer.text()
    assert (await visitor.get("/"))[0] == 403


async def test_requests_from_other_sites_change_nothing(visitor: Visitor) -> None:
    await visitor.enter("b1p1")
    url = f"http://127.0.0.1:{visitor.world.runtime.port}/logout"
    for headers in (
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "null"},
    ):
        async with visitor.session.post(url, headers=headers) as answer:
            assert answer.status == 403
    assert (await visitor.get("/"))[0] == 200


async def test_somebody_who_runs_wild_is_slowed_down(visitor: Visitor) -> None:
    await visitor.enter("b1p1")
    found = [(await visitor.fetch("/ledger/progress.xlsx"))[0] for _ in range(21)]
    assert (found[:20], found[20]) == ([200] * 20, 429)
    visitor.world.clock.move_to(visitor.world.clock.now() + timedelta(minutes=1))
    assert (await visitor.fetch("/ledger/progress.xlsx"))[0] == 200


@pytest.mark.parametrize(
    "path", ["https://evil.cn", "//evil.cn", "/\\evil.cn", "/\t/evil.cn", "evil", "", "/a\nb"]
)
def test_no_address_leads_elsewhere(path: str) -> None:
    assert own_path(path) == "/"


def test_own_addresses_stay() -> None:
    assert own_path("/ledger/progress?q=城&sort=at") == "/ledger/progress?q=城&sort=at"
