"""Filling in a form with nothing but a keyboard, whatever fields it has."""

import re
from asyncio import Event, Queue, wait_for
from contextlib import suppress
from dataclasses import dataclass, field
from io import BytesIO

from PIL import Image
from playwright.async_api import FileChooser, FilePayload, Page, Request, Route, expect

SHEET = "main form.sheet"
POST = re.compile(r"/form/[a-z_]+(\?.*)?$")
UNFILLED = """() => {
  const form = document.querySelector("main form.sheet");
  const sent = new FormData(form);
  const names = [...form.querySelectorAll("input:not([type=hidden]), select, textarea")]
    .filter((one) => one.checkVisibility()).map((one) => one.name.replace(/\\.files$/, ""));
  const has = (value) => value instanceof File ? value.size : String(value).trim();
  const filled = (name) =>
    [...sent.getAll(name), ...sent.getAll(name + ".files")].some(has);
  return [...new Set(names)].filter((name) => !filled(name));
}"""
"""The names of the fields that can be seen and are still empty."""
HELD = """() => {
  const one = document.activeElement;
  const group = one.type === "radio" || one.type === "checkbox"
    ? [...document.getElementsByName(one.name)] : [];
  return {
    name: (one.name || "").replace(/\\.files$/, ""),
    kind: one.type || "",
    ours: !!one.closest("main form.sheet"),
    outlined: getComputedStyle(one).outlineStyle !== "none" || one.matches(":focus-visible"),
    filled: group.some((other) => other.checked) || (!group.length && !!one.value),
    sends: one.type === "submit" && !one.name,
  };
}"""
"""What has the keyboard."""
MOST = 150
"""Stops on one page; beyond that the keyboard is caught somewhere."""
PATIENCE = 30
"""Seconds until what is sent is missed: a busy machine is no fault of the product."""
SETTLE = """() => {
  const saved = document.querySelector("[data-saved]");
  saved.textContent = "";
  saved.closest("form").dispatchEvent(new Event("input", { bubbles: true }));
}"""


@dataclass
class Filled:
    """How it went: fields nobody could fill in, and whether it was sent in the end."""

    empty: list[str] = field(default_factory=list)
    sent: bool = False
    unseen: list[str] = field(default_factory=list)

    @property
    def faults(self) -> list[str]:
        """What was wrong, in words."""
        found = [f"{name} cannot be filled in" for name in self.empty]
        found += [f"{name}: nobody sees where the keyboard is" for name in self.unseen]
        return found if self.sent else [*found, "it is not sent"]


async def fill_by_keys(page: Page, address: str) -> Filled:
    """Open a form, fill in every field from the top, and send it; what is sent is caught."""
    filled, sent = Filled(), Event()

    async def caught(route: Route, request: Request) -> None:
        if request.method == "POST":
            filled.sent = True
            await route.fulfill(body="<title>sent</title>", content_type="text/html")
            sent.set()
        else:
            await route.continue_()

    choosers = Queue[FileChooser]()
    page.on("filechooser", choosers.put_nowait)  # asked for early, or the first one is missed
    await page.route(POST, caught)
    await page.goto(address)
    await _pass(page, filled, choosers)
    if await page.locator(f"{SHEET} [data-field][hidden]").count():
        await page.evaluate(SETTLE)  # what was chosen may ask for more
        await expect(page.locator("[data-saved]")).not_to_be_empty()
        await _pass(page, filled, choosers)
    filled.empty = await page.evaluate(UNFILLED)
    if await _to_the_button(page):
        await page.keyboard.press("Enter")
        with suppress(TimeoutError):
            await wait_for(sent.wait(), PATIENCE)
    await page.unroute(POST)
    page.remove_listener("filechooser", choosers.put_nowait)
    return filled


async def _pass(page: Page, filled: Filled, choosers: Queue[FileChooser]) -> None:
    """Once through the form from its top, stopping before it is sent."""
    await page.evaluate("document.querySelector('main').focus()")
    for _ in range(MOST):
        await page.keyboard.press("Tab")
        held = await page.evaluate(HELD)
        if held["sends"] and held["ours"]:
            return
        if not held["ours"]:
            continue
        if not held["outlined"]:
            filled.unseen.append(held["name"])
        if not held["filled"]:
            await _fill(page, held["name"], held["kind"], choosers)


async def _fill(page: Page, name: str, kind: str, choosers: Queue[FileChooser]) -> None:
    """Fill in what has the keyboard."""
    if kind in ("radio", "checkbox"):
        await page.keyboard.press("Space")
    elif kind == "select-one":
        await page.keyboard.press("ArrowDown")
    elif kind == "file":
        await page.keyboard.press("Space")
        with suppress(TimeoutError):
            chosen = await wait_for(choosers.get(), PATIENCE)
            await chosen.set_files([_photo()])
            if await page.locator(f"[data-photos][name='{name}.files']").count():
                await page.locator("[data-picked] [data-id]").first.wait_for()
    elif kind in ("text", "textarea"):
        await page.keyboard.type("8")


async def _to_the_button(page: Page) -> bool:
    await page.evaluate("document.querySelector('main').focus()")
    for _ in range(MOST):
        await page.keyboard.press("Tab")
        held = await page.evaluate(HELD)
        if held["sends"] and held["ours"]:
            return True
    return False


def _photo() -> FilePayload:
    data = BytesIO()
    Image.new("RGB", (8, 8), "white").save(data, "PNG")
    return FilePayload(name="现场.png", mimeType="image/png", buffer=data.getvalue())
