"""Every page as every role: no errors, nothing too wide, nothing axe-core calls serious."""

import pytest
from playwright.async_api import Browser

from tests.browser.conftest import Office
from tests.browser.walk import WHOLE, begin, declared_pages, prefixes_in

pytestmark = pytest.mark.browser
COMMON = {
    *("CN", "DZ", "GK", "GQ", "JC", "JJ", "JX", "JY", "JZ"),
    *("LN", "QK", "TZ", "WT", "XM", "XY", "ZF"),
}
RECORDS = {
    "member": COMMON | {"SQ", "TH", "YT"},
    "secretary": COMMON | {"TH", "YT"},
    "party_office": COMMON | {"BF", "DY", "JD", "PS", "QZ", "TH", "XH", "ZG"},
    "specialist": COMMON | {"JD", "QZ", "ZG"},
    "committee_secretary": COMMON | {"BF", "JD", "QZ", "XH", "ZG"},
    "admin": COMMON | {"JD", "QZ", "XH", "ZG"},
}
"""Kinds of records each of them has to come to."""
ROLES = tuple(RECORDS) if WHOLE else ("party_office",)


@pytest.mark.parametrize("role", ROLES)
async def test_every_page_can_be_looked_at(office: Office, browser: Browser, role: str) -> None:
    walk = await begin(browser, office.base, office.later)
    await walk.page.goto(office.runtime.links.make("/", office.people[role]))
    await walk.collect(list(declared_pages(office.runtime.catalogue)))
    await walk.look()
    assert walk.faults == []
    assert RECORDS[role] <= prefixes_in(walk.visited)


async def test_a_wall_is_read_from_five_metres(office: Office, browser: Browser) -> None:
    """Its tiles are as wide as the screen allows, on walls with and without headings."""
    page = await browser.new_page(viewport={"width": 1920, "height": 1080})
    await page.goto(office.runtime.links.make("/", office.people["party_office"]))
    for wall in ("overview", "pledges", "wishes"):
        await page.goto(f"{office.base}/wall/{wall}")
        await page.wait_for_selector(".wall[data-columns]")
        wide, small = await page.evaluate(
            """() => {
              const tiles = [...document.querySelectorAll("section:not([hidden]) li")];
              const size = (one) => parseFloat(getComputedStyle(one.querySelector("b")).fontSize);
              const widths = tiles.map((one) => one.offsetWidth);
              return [Math.min(...widths), Math.min(...tiles.map(size))];
            }"""
        )
        assert wide > 200, wall
        assert small >= 20, wall


async def test_what_is_wrong_would_be_found(browser: Browser) -> None:
    """The walk itself: a page that is too wide, pale and broken does not pass."""
    walk = await begin(browser, "http://127.0.0.1", lambda: None)
    await walk.page.set_content(
        "<html lang=zh><title>x</title><main><h1>x</h1><p style='color:#ddd'>淡淡的字</p><input>"
        "<div style='width:5000px'>x</div><script>throw Error('x')</script></main>"
    )
    await walk.check("/bad", "360")
    assert any("too wide" in fault for fault in walk.faults)
    assert any("color-contrast" in fault for fault in walk.faults)
    assert any("label" in fault for fault in walk.faults)
    assert any("Error: x" in fault or fault.endswith(": x") for fault in walk.faults)
