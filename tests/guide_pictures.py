"""The pictures of the users' guide, taken from the running desk: ``make pictures``."""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import AsyncIterator
from io import BytesIO
from urllib.parse import quote

import aiohttp
from PIL import Image
from playwright.async_api import Browser, Page, async_playwright, expect

from bot.sim.rest_people import COOKIE
from config.help import FOLDER
from tests.process import ROOT, free_port

CHROMIUM = "/usr/bin/chromium"
WIDTH = 1000
REPORT = "在群里报一次进展"
SECRETARY, ADMIN = "支部书记", "管理员"


@contextlib.asynccontextmanager
async def desk() -> AsyncIterator[tuple[str, str]]:
    """The demo; addresses of the desk and of the product's pages."""
    port = free_port()
    process = subprocess.Popen(  # noqa: ASYNC220  (it only starts it)
        [sys.executable, "-m", "bot", "demo", "--port", str(port)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        await _ready(f"http://127.0.0.1:{port + 1}/readyz")
        yield f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port + 1}"
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait)


async def _ready(url: str) -> None:
    async with aiohttp.ClientSession() as session:
        for _ in range(300):
            with contextlib.suppress(aiohttp.ClientError):
                async with session.get(url) as answer:
                    if answer.status == 200:
                        return
            await asyncio.sleep(0.2)
    raise TimeoutError(url)


def keep(data: bytes, name: str) -> None:
    """Write a picture with few colours: a third of the bytes, the same to the eye."""
    path = FOLDER / "pictures" / f"{name}.png"
    path.parent.mkdir(exist_ok=True)
    image = Image.open(BytesIO(data)).convert("RGB").quantize(128, dither=Image.Dither.NONE)
    image.save(path, optimize=True)
    print(f"{path.relative_to(ROOT)} {path.stat().st_size // 1024} KB")


async def log_in(browser: Browser, pages: str, role: str, path: str, height: int) -> Page:
    """A page as one of the desk's personas."""
    context = await browser.new_context(viewport={"width": WIDTH, "height": height}, locale="zh-CN")
    page = await context.new_page()
    await page.goto(f"{pages}/login?to={quote(path)}")
    await page.locator(f"a[href*='{COOKIE}']", has_text=role).click()
    await page.wait_for_selector("main")
    return page


async def report(browser: Browser, address: str) -> None:
    """Somebody reports in a group and gets a number."""
    context = await browser.new_context(viewport={"width": 1280, "height": 620}, locale="zh-CN")
    page = await context.new_page()
    await page.goto(address)
    await page.wait_for_selector("html[data-ready]")
    await page.get_by_role("button", name=REPORT).click()
    await expect(page.locator("#text")).not_to_have_value("")
    await page.locator("#text").press("Enter")
    await expect(page.locator("#log")).to_contain_text("已记录")
    await page.wait_for_timeout(500)
    keep(await page.locator("#log").screenshot(), "report")


async def main() -> None:
    """All pictures."""
    async with desk() as (address, pages), async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        await report(browser, address)
        for name, role, path, height in (
            ("home", SECRETARY, "/", 640),
            ("ledger", SECRETARY, "/ledger/progress?f.percent=50..95", 760),
            ("push", ADMIN, "/ledger/push", 560),
        ):
            page = await log_in(browser, pages, role, path, height)
            keep(await page.screenshot(animations="disabled"), name)
        await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
