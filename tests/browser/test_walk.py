"""Every page as every role: no errors, nothing too wide, nothing axe-core calls serious."""

import pytest
from playwright.async_api import Browser

from tests.browser.walk import begin
from tests.world import World

pytestmark = pytest.mark.browser
ROLES = {
    "b1p1": "member",
    "dangjian": "party office",
}


@pytest.mark.parametrize("userid", ROLES, ids=ROLES.values())
async def test_every_page_can_be_looked_at(world: World, browser: Browser, userid: str) -> None:
    for branch in (1, 2, 3):
        await world.say(f"b{branch}p1", f"/进展 {branch * 20}% 完成第{branch}项", f"wr{branch}")
    await world.say("b1p1", "/进展")
    walk = await begin(browser, world)
    await walk.go(userid)
    assert walk.faults == []
    assert len(walk.visited) >= 8


async def test_what_is_wrong_would_be_found(world: World, browser: Browser) -> None:
    """The walk itself: a page that is too wide, pale and broken does not pass."""
    walk = await begin(browser, world)
    await walk.page.set_content(
        "<html lang=zh><title>x</title><main><h1>x</h1><p style='color:#ddd'>淡淡的字</p><input>"
        "<div style='width:5000px'>x</div><script>throw Error('x')</script></main>"
    )
    await walk.check("/bad", "360")
    assert any("too wide" in fault for fault in walk.faults)
    assert any("color-contrast" in fault for fault in walk.faults)
    assert any("label" in fault for fault in walk.faults)
    assert any("Error: x" in fault or fault.endswith(": x") for fault in walk.faults)
