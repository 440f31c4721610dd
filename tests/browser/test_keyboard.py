"""Pages by keyboard alone, and what the script of the forms adds."""

from collections.abc import Iterator
from io import BytesIO
from urllib.parse import urlsplit

import pytest
from PIL import Image
from playwright.async_api import Browser, FilePayload, Page, expect
from sqlalchemy import select

from bot.faces.page import draw
from handlers.catalogue import Catalogue
from handlers.spec import Command
from models.attachment import Attachment, Blob
from models.draft import Draft
from models.progress import Progress
from tests.browser.conftest import Office
from tests.browser.keys import fill_by_keys
from tests.browser.walk import OURS, WHOLE, begin, declared_pages, template_of
from tests.world import World

pytestmark = pytest.mark.browser
FORMS = ("suggestion", "propose", "paper_template", "visit_sheet")
"""Between them they have every kind of field, fields that fold, and the form without a network."""
SHEET = 'class="sheet'


async def opened(world: World, browser: Browser, userid: str, path: str) -> Page:
    """A page of somebody who has logged in."""
    walk = await begin(browser, f"http://127.0.0.1:{world.runtime.port}", lambda: None)
    await walk.page.goto(world.runtime.links.make("/", userid))
    await walk.page.goto(walk.base + path)
    return walk.page


def paged(catalogue: Catalogue) -> Iterator[Command]:
    """The commands whose form is a page."""
    for command in catalogue.commands:
        if command.form.fields and (command.linked or not command.hidden):
            yield command


def looks_of(command: Command) -> set[str]:
    """How its fields are drawn, that some of them fold, and that it works without a network."""
    fields = command.form.fields
    looks = {one.look for one in draw(command.form, {}, {}, ())}
    folds = {"folds"} if any(one.only_if or one.when for one in fields) else set[str]()
    return looks | folds | ({"offline"} if command.offline else set[str]())


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


async def test_fields_of_every_kind_can_be_filled_in_by_keyboard(
    world: World, browser: Browser
) -> None:
    declared = {command.key: command for command in paged(world.runtime.catalogue)}
    looks = {key: looks_of(command) for key, command in declared.items()}
    assert set().union(*(looks[key] for key in FORMS)) == set().union(*looks.values())
    page = await opened(world, browser, "admin", "/")
    base = page.url.rstrip("/")
    faults = {key: (await fill_by_keys(page, f"{base}/form/{key}")).faults for key in FORMS}
    assert faults == {key: [] for key in FORMS}


@pytest.mark.skipif(not WHOLE, reason="every form as every role: make test-walk")
async def test_every_form_can_be_filled_in_by_keyboard(office: Office, browser: Browser) -> None:
    """As everybody who may use it, on the way people come to it; what is sent is caught."""
    faults: dict[str, list[str]] = {}
    missing = {command.key for command in paged(office.runtime.catalogue)}
    shown = set[str]()
    for userid in office.people.values():
        walk = await begin(browser, office.base, office.later)
        await walk.page.goto(office.runtime.links.make("/", userid))
        await walk.collect(list(declared_pages(office.runtime.catalogue)))
        for path, html in walk.visited.items():
            words = OURS.sub("", html)
            if template_of(path) != "form" or SHEET not in html or words in shown:
                continue
            shown.add(words)
            office.later()
            filled = await fill_by_keys(walk.page, office.base + path)
            missing.discard(urlsplit(path).path.split("/")[2])
            if filled.faults:
                faults[f"{userid} {path}"] = filled.faults
        await walk.page.context.close()
    assert faults == {}
    assert missing == {"bind"}  # understood in groups only: it has no page


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


async def test_a_large_photo_is_made_smaller_before_it_is_sent_and_a_broken_one_is_said(
    world: World, browser: Browser
) -> None:
    page = await opened(world, browser, "b1p1", "/form/progress")
    bad = FilePayload(name="坏.jpg", mimeType="image/jpeg", buffer=b"\xff\xd8\xff" + b"x" * 100)
    await page.locator("input[type=file]").set_input_files([bad])
    await expect(page.get_by_role("alert")).to_contain_text("打不开")
    noise = BytesIO()
    Image.effect_noise((2200, 1650), 90).convert("RGB").save(noise, "JPEG", quality=90)
    assert len(noise.getvalue()) > 1_000_000
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


async def test_the_wall_turns_by_itself_and_by_keys(world: World, browser: Browser) -> None:
    page = await opened(world, browser, "dangjian", "/wall/overview")
    await expect(page.locator(".slides section")).to_have_count(1)
    await expect(page.locator("[data-hold]")).to_be_visible()
    await page.keyboard.press("Escape")
    await page.wait_for_url("**/board/overview")
