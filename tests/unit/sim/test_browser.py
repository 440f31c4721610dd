"""The page in a real browser: desktop and phone, keyboard and clicks, words made harmless."""

import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from bot.clock import ShiftedClock
from bot.sim.server import Server
from bot.sim.setup import Persona
from tests.unit.sim.kit import company, linked, markdown, serving
from tests.unit.sim.show import ShowBot

CHROMIUM = Path("/usr/bin/chromium")
GROUP = "wr-south"
pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(
        not CHROMIUM.exists() and os.environ.get("ZBT_TEST_BROWSER") != "required",
        reason="/usr/bin/chromium is missing (apt install chromium); the page was not looked at",
    ),
]
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 360, "height": 740}


class Stage:
    """A served desk with its show robot, and pages that watch for errors."""

    def __init__(self, server: Server, show: ShowBot, browser: Browser) -> None:
        self.server = server
        self.show = show
        self._browser = browser
        self.errors: list[str] = []
        self.requests: list[str] = []
        self._contexts: list[BrowserContext] = []

    async def close(self) -> None:
        """All visitors leave."""
        for context in self._contexts:
            await context.close()

    async def open(self, size: dict[str, int]) -> Page:
        """A fresh visitor."""
        context = await self._browser.new_context(
            viewport={"width": size["width"], "height": size["height"]}, locale="zh-CN"
        )
        self._contexts.append(context)
        page = await context.new_page()
        page.set_default_timeout(5000)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))
        await page.goto(self.server.url)
        await page.wait_for_selector("html[data-ready]")
        return page


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--headless", "--no-sandbox", "--disable-gpu"]
        )
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="module")
async def stage(browser: Browser) -> AsyncIterator[Stage]:
    clock = ShiftedClock()
    start = datetime(2036, 11, 21, 1, 0, tzinfo=UTC)
    clock.move_to(start)
    desk = company(clock)
    desk.offer(
        [
            Persona("ZhangSan", "member", "党员"),
            Persona("lisi", "secretary", "支部书记"),
            Persona("wangwu", "party_office", "党建部"),
        ],
        percent="60",
        fraction="0.8",
    )
    shows: list[ShowBot] = []

    async def monday(moment: datetime) -> None:
        del moment
        await shows[0].broadcast(GROUP)

    async with serving(desk, on_clock_moved=monday) as server, linked(server) as link:
        await link.subscribe()
        shows.append(ShowBot(link))
        stage = Stage(server, shows[0], browser)
        yield stage
        await stage.close()
        await shows[0].stop()
        assert stage.errors == []
        assert {url.split("/desk")[0].rstrip("/") for url in stage.requests} == {server.url}


async def no_sideways_scrolling(page: Page) -> None:
    """Nothing is wider than the window."""
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert await page.evaluate(
        "[...document.querySelectorAll('#log .msg')].every(m => m.scrollWidth <= m.clientWidth)"
    )


async def test_the_story_of_the_guide_on_a_desktop(stage: Stage) -> None:
    page = await stage.open(DESKTOP)
    await page.get_by_role("button", name="在群里报一次进展").click()
    await expect(page.locator("#text")).to_have_value("@支部通 /进展 60% 完成3个台区改造")
    await page.locator("#text").press("Enter")
    await expect(page.locator(".msg .md")).to_contain_text("收到")
    await page.get_by_role("button", name="书记看看本支部").click()
    await expect(page.locator("#me b")).to_have_text("李四")
    await expect(page.locator("#log")).to_contain_text("您好，我是支部通")
    await expect(page.locator("#room-title")).to_have_text("支部通")
    await page.get_by_role("button", name="拨到下周一九点").click()
    await expect(page.locator("#room-title")).to_have_text("城南党支部")
    await expect(page.locator("#clock-text")).to_contain_text("2036年11月24日 周一 09:0")
    await expect(page.locator(".msg table")).to_contain_text("城北运检党支部")
    await page.locator(".shot").click()
    await expect(page.locator("#zoom img")).to_be_visible()
    await page.keyboard.press("Escape")
    async with page.expect_download() as saved:
        await page.locator(".filebox").click()
    assert (await saved.value).suggested_filename == "第47周进展排名（生产服务型）.xlsx"
    await no_sideways_scrolling(page)


async def test_cards_on_a_phone(stage: Stage) -> None:
    page = await stage.open(PHONE)
    await page.locator("#places button", has_text="城南党支部").click()
    for words in ("确认", "选项", "投票", "公开单"):
        await page.locator("#mention").click()
        await page.locator("#text").press_sequentially(words)
        await page.locator("#say .primary").click()
    cards = page.locator(".card")
    await expect(cards).to_have_count(4)
    await no_sideways_scrolling(page)
    await cards.nth(1).locator("select").first.select_option("c")
    await cards.nth(1).get_by_role("button", name="提交").click()
    await expect(cards.nth(1)).to_contain_text("进展已记录")
    await cards.nth(2).get_by_label("周三下午").check()
    await cards.nth(2).get_by_role("button", name="就这样").click()
    await expect(cards.nth(2)).to_contain_text("进展已记录")
    vote = stage.server.desk.messages(GROUP)[5]
    assert vote.picked["zhangsan"] == ("vote", {"day": ("1", "2")})
    await cards.nth(0).locator("summary").click()
    await cards.nth(0).get_by_role("button", name="以后不再提醒").click()
    await expect(page.locator("#toast")).to_have_text("机器人没有及时答复这次点击。")
    await cards.nth(0).get_by_role("button", name="撤回").click()
    await expect(cards.nth(0)).to_contain_text("进展已记录")
    await page.locator("#back").click()
    await expect(page.locator("#places")).to_be_visible()
    await expect(page.locator("#chat")).to_be_hidden()


async def test_two_people_one_group_and_a_growing_answer(stage: Stage) -> None:
    desk = stage.server.desk
    page = await stage.open(DESKTOP)
    await desk.say("lisi", GROUP, "本周五前报进展")
    row = page.locator("#places button", has_text="城南党支部")
    await expect(row.locator(".badge")).to_have_text("1")
    await row.click()
    await expect(row.locator(".badge")).to_have_count(0)
    await page.locator("#text").fill("/进展 60%")
    await page.locator("#text").press("Enter")
    await expect(page.locator(".note")).to_contain_text("机器人听不到")
    await page.locator(".msg", has_text="本周五前").hover()
    await page.locator(".msg", has_text="本周五前").get_by_role("button", name="引用").click()
    await page.locator("#text").fill("@支部通 流")
    await page.locator("#text").press("Enter")
    await expect(page.locator(".cursor")).to_be_visible()
    await expect(page.locator(".msg.mine .quote")).to_have_text("李四：本周五前报进展")
    await page.locator("#me").click()
    await page.locator("#who input").fill("王")
    await page.locator("#who li button", has_text="王五").click()
    await expect(page.locator("#places")).not_to_contain_text("城南党支部")
    await page.locator("#filter").fill("没有这个群")
    await expect(page.locator("#places")).to_have_text("没有找到")


async def test_what_people_write_stays_words(stage: Stage) -> None:
    desk = stage.server.desk
    page = await stage.open(DESKTOP)
    evil = '<img src=x onerror="document.title=1"> [点我](javascript:alert(1)) http://a.cn/x，好'
    await desk.say("lisi", GROUP, evil)
    desk.activate(GROUP)
    frame = {"chatid": GROUP, **markdown(f"# 标题\n{evil}\n- 一\n- **二**")}
    await stage.show.link.call("aibot_send_msg", frame)
    await page.locator("#places button", has_text="城南党支部").click()
    await expect(page.locator(".msg")).to_have_count(2)
    assert await page.locator("#log img").count() == 0
    links = await page.locator("#log a").evaluate_all("all => all.map(a => a.href)")
    assert links == ["http://a.cn/x", "http://a.cn/x"]
    await expect(page.locator(".md li strong")).to_have_text("二")


async def test_a_webhook_shows_less_markdown(stage: Stage) -> None:
    page = await stage.open(DESKTOP)
    address = f"{stage.server.url}/cgi-bin/webhook/send?key=hook-south"
    text = '- 不是列表\n**粗** <font color="warning">注意</font> <@lisi>'
    await page.request.post(address, data=markdown(text))
    await page.locator("#places button", has_text="城南党支部").click()
    await expect(page.locator(".md")).to_contain_text("- 不是列表")
    await expect(page.locator(".md strong")).to_have_text("粗")
    await expect(page.locator(".md .warning")).to_have_text("注意")
    await page.locator("#bar [data-side=log]").click()
    await expect(page.locator("#platform")).to_contain_text("webhook/send")
    await expect(page.locator("#violations")).to_have_text("没有违规")
