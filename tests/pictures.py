"""The pictures of the README, taken from the running desk: ``make pictures``."""

import asyncio
import tempfile
from io import BytesIO
from pathlib import Path
from urllib.parse import urljoin

from PIL import Image
from playwright.async_api import Browser, Page, async_playwright, expect

from tests.process import ROOT, demo

FOLDER = ROOT / "docs" / "pictures"
CHROMIUM = "/usr/bin/chromium"
DESKTOP, PHONE = (1280, 900), (360, 740)
STEPS = ("在群里报一次进展", "随便怎么写都认得", "党建部查台账", "拨到下周一九点")
REPORT, ANY_WAY, LEDGER, MONDAY = STEPS


async def visit(browser: Browser, address: str, size: tuple[int, int], scale: int = 1) -> Page:
    """A page of a size, opened."""
    width, height = size
    context = await browser.new_context(
        viewport={"width": width, "height": height}, device_scale_factor=scale, locale="zh-CN"
    )
    page = await context.new_page()
    await page.goto(address)
    return page


async def desk(browser: Browser, address: str, size: tuple[int, int], scale: int = 1) -> Page:
    """The desk, ready."""
    page = await visit(browser, address, size, scale)
    await page.wait_for_selector("html[data-ready]")
    return page


async def step(page: Page, name: str) -> None:
    """Take a step of the guide and say the words it has laid ready."""
    await page.get_by_role("button", name=name).click()
    await expect(page.locator("#text")).not_to_have_value("")
    await page.locator("#text").press("Enter")


async def shoot(page: Page, name: str) -> None:
    """Keep what is seen, once nothing passing covers it."""
    if await page.locator("#toast").count():
        await expect(page.locator("#toast.on")).to_have_count(0, timeout=60_000)
    await page.mouse.move(0, 0)
    keep(Image.open(BytesIO(await page.screenshot(animations="disabled"))), name)


def keep(image: Image.Image, name: str) -> None:
    """Write a picture with few colours: a third of the bytes, the same to the eye."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"{name}.png"
    image.convert("RGB").quantize(160, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path.relative_to(ROOT)} {path.stat().st_size // 1024} KB")


async def story(browser: Browser, address: str) -> None:
    """Somebody reports, somebody is asked back, a ledger is opened, Monday comes."""
    page = await desk(browser, address, DESKTOP)
    await step(page, REPORT)
    await expect(page.locator("#log")).to_contain_text("已记录")
    await step(page, ANY_WAY)
    await page.get_by_role("button", name="对", exact=True).click()
    await expect(page.locator(".msg", has_text="已记录 JZ-")).to_have_count(2)
    await shoot(page, "report")
    await step(page, LEDGER)
    link = page.get_by_role("link", name="打开完整台账")
    ledger = await visit(browser, str(await link.get_attribute("href")), DESKTOP)
    await shoot(ledger, "ledger")
    await page.get_by_role("button", name=MONDAY).click()
    await page.locator(".filebox").wait_for(timeout=60_000)
    await page.locator(".shot").evaluate("one => one.complete")
    text = page.locator(".msg", has_text="本支部")
    await text.last.evaluate("one => one.scrollIntoView({block: 'start'})")
    await shoot(page, "monday")
    source = await page.locator(".shot img").get_attribute("src")
    await poster(page, urljoin(page.url, str(source)))


async def poster(page: Page, address: str) -> None:
    """The head of the picture that the group got."""
    answer = await page.request.get(address)
    whole = Image.open(BytesIO(await answer.body()))
    keep(whole.convert("RGB").crop((0, 0, whole.width, 1480)).reduce(2), "poster")


async def phone(browser: Browser, address: str) -> None:
    """The group on Monday, on a phone."""
    page = await desk(browser, address, PHONE, 2)
    await page.locator("#places button", has_text="工作群").click()
    text = page.locator(".msg", has_text="本支部")
    await text.last.evaluate("one => one.scrollIntoView({block: 'start'})")
    await shoot(page, "phone")


async def main() -> None:
    """All pictures."""
    with tempfile.TemporaryDirectory() as folder:
        async with demo(Path(folder)) as address, async_playwright() as playwright:
            arguments = ["--headless", "--no-sandbox", "--disable-gpu"]
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
            await story(browser, address)
            await phone(browser, address)
            await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
