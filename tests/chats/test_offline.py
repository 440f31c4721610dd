"""The checklist on a phone without a network: nothing is lost, nothing is sent twice."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.async_api import BrowserContext, Page, Route, async_playwright, expect
from sqlalchemy import func, select

from models.attachment import Attachment, Blob
from models.check import Check, CheckState, Finding
from tests.world import World

CHROMIUM = Path("/usr/bin/chromium")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not CHROMIUM.exists() and os.environ.get("ZBT_TEST_BROWSER") != "required",
        reason="/usr/bin/chromium is missing (apt install chromium); the page was not looked at",
    ),
]
PASSED = ("meetings", "theme_day", "project", "pledge", "talk", "suggest", "post", "customer")


@pytest.fixture
async def phone() -> AsyncIterator[BrowserContext]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--headless", "--no-sandbox", "--disable-gpu"]
        )
        context = await browser.new_context(viewport={"width": 360, "height": 740}, locale="zh-CN")
        context.set_default_timeout(10_000)
        yield context
        await browser.close()


async def planned(world: World) -> tuple[Check, str]:
    """A planned check of the first branch, and somebody of the branch that does it."""
    await world.say("dangjian", "/抽签 放宽：不同类型互查")
    with world.store.reading() as session:
        check = session.scalars(select(Check).where(Check.branch_id == 2)).one()
    return check, f"b{(check.checker_id or 0) - 1}p2"


async def opened(world: World, phone: BrowserContext, number: str, userid: str) -> Page:
    """The page, once it has put itself away for times without a network."""
    page = await phone.new_page()
    path = f"/form/check_service?number={number}"
    await page.goto(world.runtime.links.make(path, userid))
    await page.wait_for_function(
        "async (path) => Boolean(await (await caches.open('zbt-pages-1')).match(path))", arg=path
    )
    return page


async def fill(page: Page, photo: Path) -> None:
    for key in PASSED:
        await page.locator(f'.segments label:has(input[name="{key}_verdict"])').first.click()
    assert await page.locator("#f-safety_remark").is_hidden()
    await page.locator('.segments label:has(input[name="safety_verdict"])').nth(2).click()
    await page.fill("#f-safety_remark", "两人未系安全带")
    await page.set_input_files("#f-safety_photos", photo)


def checks_done(world: World) -> int:
    with world.store.reading() as session:
        done = select(func.count()).where(Check.state == CheckState.DONE)
        return session.scalar(done) or 0


async def test_filled_in_underground_and_sent_above(
    world: World, phone: BrowserContext, tmp_path: Path
) -> None:
    photo = tmp_path / "现场.png"
    Image.effect_noise((2400, 1800), 40).convert("RGB").save(photo)
    check, userid = await planned(world)
    page = await opened(world, phone, check.number, userid)
    await phone.set_offline(True)
    await expect(page.locator("#net")).to_contain_text("没有信号")
    await fill(page, photo)
    await page.reload()
    await expect(page.locator("#f-safety_remark")).to_have_value("两人未系安全带")
    await page.set_input_files("#f-safety_photos", photo)
    await page.click('button[type="submit"]')
    await expect(page.locator("#net")).to_contain_text("有 1 份已填好")
    assert checks_done(world) == 0
    await page.reload()
    await phone.set_offline(False)
    await expect(page.locator("main")).to_contain_text("检查表已交")
    assert checks_done(world) == 1
    with world.store.reading() as session:
        finding = session.scalars(select(Finding)).one()
        row = session.scalars(select(Attachment).where(Attachment.record == finding.number)).one()
        blob = session.get_one(Blob, row.digest)
    assert finding.said == "两人未系安全带"
    assert blob.media_type == "image/jpeg", "made small on the phone, and without its metadata"
    await page.goto(page.url)
    await expect(page.locator("#f-safety_remark")).to_have_value("")


async def test_problems_are_shown_and_a_lost_answer_is_not_sent_twice(
    world: World, phone: BrowserContext
) -> None:
    check, userid = await planned(world)
    page = await opened(world, phone, check.number, userid)
    await page.click('button[type="submit"]')
    await expect(page.locator(".wrong").first).to_be_visible()
    for key in (*PASSED, "safety"):
        await page.locator(f'.segments label:has(input[name="{key}_verdict"])').first.click()
    lost = 0

    async def lose(route: Route) -> None:
        """The first answer gets lost on its way back, though it has been stored."""
        nonlocal lost
        if route.request.method == "POST" and not lost:
            lost = 1
            await route.fetch()
            await route.abort()
        else:
            await route.continue_()

    await phone.route("**/form/**", lose)
    await page.click('button[type="submit"]')
    await expect(page.locator("#net")).to_contain_text("有 1 份已填好")
    await page.evaluate("window.dispatchEvent(new Event('online'))")
    await expect(page.locator("main")).to_contain_text("检查表已交")
    assert checks_done(world) == 1


async def test_who_comes_back_the_next_day_is_asked_to_open_it_again(
    world: World, phone: BrowserContext
) -> None:
    check, userid = await planned(world)
    page = await opened(world, phone, check.number, userid)
    await phone.set_offline(True)
    for key in (*PASSED, "safety"):
        await page.locator(f'.segments label:has(input[name="{key}_verdict"])').first.click()
    await page.click('button[type="submit"]')
    await expect(page.locator("#net")).to_contain_text("有 1 份已填好")
    await world.later(hours=20)
    await phone.set_offline(False)
    await expect(page.locator("#net")).to_contain_text("从企业微信重新打开")
    assert checks_done(world) == 0
    again = await phone.new_page()
    await again.goto(world.runtime.links.make(f"/form/check_service?number={check.number}", userid))
    await expect(again.locator("main")).to_contain_text("检查表已交")
    assert checks_done(world) == 1
