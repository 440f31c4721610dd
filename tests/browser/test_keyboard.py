"""Pages by keyboard alone, and what the script of the forms adds."""

from io import BytesIO

import pytest
from PIL import Image
from playwright.async_api import Browser, FilePayload, Page, expect
from sqlalchemy import select

from models.attachment import Attachment, Blob
from models.draft import Draft
from models.progress import Progress
from tests.browser.walk import begin
from tests.world import World

pytestmark = pytest.mark.browser
FIELDS = "form[data-keep] :is(input:not([type=hidden]), select, textarea, button)"


async def opened(world: World, browser: Browser, userid: str, path: str) -> Page:
    """A page of somebody who has logged in."""
    walk = await begin(browser, f"http://127.0.0.1:{world.runtime.port}", lambda: None)
    await walk.page.goto(world.runtime.links.make("/", userid))
    await walk.page.goto(walk.base + path)
    return walk.page


async def focused(page: Page) -> str:
    """The name of what has the keyboard."""
    name: str = await page.evaluate(
        "(document.activeElement.name || '') + '|' + document.activeElement.tagName"
    )
    return name


async def test_a_report_is_filled_in_and_sent_without_a_mouse(
    world: World, browser: Browser
) -> None:
    page = await opened(world, browser, "b1p1", "/form/progress")
    await page.keyboard.press("Tab")  # "skip to the content" comes first
    assert await page.evaluate("document.activeElement.className") == "skip"
    await page.keyboard.press("Enter")
    for wanted, typed in (("percent", "45%"), ("photos.files", ""), ("said", "完成巡视")):
        await page.keyboard.press("Tab")
        while not (await focused(page)).startswith(wanted):
            await page.keyboard.press("Tab")
        if typed:
            await page.keyboard.type(typed)
    await page.keyboard.press("Tab")
    assert (await focused(page)).endswith("BUTTON")
    await page.keyboard.press("Enter")
    await expect(page.locator(".result")).to_contain_text("JZ-2026-0001")


@pytest.mark.parametrize("userid", ["b1p1", "admin"])
async def test_every_form_can_be_walked_through_by_keyboard(
    world: World, browser: Browser, userid: str
) -> None:
    page = await opened(world, browser, userid, "/")
    hrefs = await page.eval_on_selector_all(
        "a[href^='/form/']", "found => found.map(one => one.getAttribute('href'))"
    )
    forms = [href for href in dict.fromkeys(hrefs) if "?" not in href]
    assert forms
    base = page.url.rstrip("/")
    for href in forms:
        await page.goto(base + href)
        names = await page.eval_on_selector_all(
            FIELDS, "found => found.filter(one => one.offsetParent).map(one => one.name)"
        )
        reached = set()
        await page.evaluate("document.querySelector('main').focus()")
        for _ in range(len(names) + 3):
            await page.keyboard.press("Tab")
            reached.add((await focused(page)).split("|")[0])
        # A group of radio buttons is one stop; the file buttons stand under their own name.
        assert set(names) <= reached, href


async def test_what_is_typed_is_kept_and_fields_come_as_they_apply(
    world: World, browser: Browser
) -> None:
    await world.say("b1p1", "/进展 60% 一")
    page = await opened(world, browser, "b1p1", "/form/progress")
    reason = page.locator("[data-field=reason]")
    await expect(reason).to_be_hidden()
    await page.locator("[name=percent]").fill("40%")
    await expect(reason).to_be_visible()
    await expect(page.locator("[data-saved]")).to_contain_text("已自动存好")
    with world.store.reading() as session:
        assert session.scalars(select(Draft)).one().answers == {"percent": "40%"}
    await page.reload()
    await page.get_by_role("link", name="接着填").click()
    await expect(page.locator("[name=percent]")).to_have_value("40%")


async def test_a_large_photo_is_made_smaller_before_it_is_sent(
    world: World, browser: Browser
) -> None:
    page = await opened(world, browser, "b1p1", "/form/progress")
    noise = BytesIO()
    Image.effect_noise((4000, 3000), 90).convert("RGB").save(noise, "JPEG", quality=95)
    assert len(noise.getvalue()) > 5_000_000
    photo = FilePayload(name="现场.jpg", mimeType="image/jpeg", buffer=noise.getvalue())
    await page.locator("input[type=file]").set_input_files([photo])
    await expect(page.locator("[data-picked] img")).to_be_visible(timeout=30_000)
    await page.locator("[name=percent]").fill("30%")
    await page.get_by_role("button", name="提交").click()
    await expect(page.locator(".result")).to_contain_text("JZ-2026-0001")
    with world.store.reading() as session:
        blob = session.scalars(
            select(Blob).join(Attachment, Attachment.digest == Blob.digest)
        ).one()
        with Image.open(BytesIO(blob.data)) as kept:
            assert max(kept.size) == 1920
        assert session.scalars(select(Progress)).one().number == "JZ-2026-0001"
        assert session.scalars(select(Attachment.record)).one() == "JZ-2026-0001"


async def test_a_broken_photo_is_said_and_the_rest_goes_on(world: World, browser: Browser) -> None:
    page = await opened(world, browser, "b1p1", "/form/progress")
    bad = FilePayload(name="坏.jpg", mimeType="image/jpeg", buffer=b"\xff\xd8\xff" + b"x" * 100)
    await page.locator("input[type=file]").set_input_files([bad])
    await expect(page.get_by_role("alert")).to_contain_text("打不开")
    await page.locator("[name=percent]").fill("30%")
    await page.get_by_role("button", name="提交").click()
    await expect(page.locator(".result")).to_contain_text("JZ-2026-0001")


async def test_the_wall_turns_by_itself_and_by_keys(world: World, browser: Browser) -> None:
    page = await opened(world, browser, "dangjian", "/wall/overview")
    await expect(page.locator(".slides section")).to_have_count(1)
    await expect(page.locator("[data-hold]")).to_be_visible()
    await page.keyboard.press("Escape")
    await page.wait_for_url("**/board/overview")
