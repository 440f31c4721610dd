"""Walking through all pages that lead from one to another, as one person."""

import re
from collections import deque
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page

from tests.world import World

PHONE = {"width": 360, "height": 740}
DESKTOP = {"width": 1440, "height": 900}
FILES = re.compile(r"\.(xlsx|docx|pdf|png|jpg|csv|zip)$")
SAID = (200, 409)
"""A form that cannot be filled in just now says why, with 409."""
LOOKED_AT: set[str] = set()
"""Kinds of pages that axe has seen in this process: they look alike for everybody."""


@dataclass
class Walk:
    """One person's way through the pages, and what was wrong on it."""

    world: World
    page: Page
    faults: list[str] = field(default_factory=list)
    visited: list[str] = field(default_factory=list)

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.world.runtime.port}"

    async def go(self, userid: str, start: str = "/") -> None:
        """Visit everything that can be reached by links, one page of each kind."""
        await self.page.goto(self.world.runtime.links.make(start, userid))
        waiting, known = deque([start]), {kind_of(start)}
        while waiting:
            path = waiting.popleft()
            self.visited.append(path)
            for link in await self._look_at(path):
                kind = kind_of(link)
                if kind not in known:
                    known.add(kind)
                    waiting.append(link)

    async def _look_at(self, path: str) -> list[str]:
        await self.page.set_viewport_size(PHONE)  # type: ignore[arg-type]  # a TypedDict
        answer = await self.page.goto(self.base + path)
        if answer is None or answer.status not in SAID:
            self.faults.append(f"{path}: {answer and answer.status}")
            return []
        await self.check(path, "360")
        await self.page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]  # as above
        await self.check(path, "1440")
        links: list[str] = await self.page.eval_on_selector_all(
            "a[href]", "found => found.map(one => one.getAttribute('href'))"
        )
        return [link for link in (self._own(path, href) for href in links) if link]

    def _own(self, path: str, href: str) -> str:
        """A page of ours; empty for files, anchors and other places."""
        url = urlsplit(urljoin(self.base + path, href))
        if f"{url.scheme}://{url.netloc}" != self.base or FILES.search(url.path):
            return ""
        return url.path + (f"?{url.query}" if url.query else "")

    async def check(self, path: str, width: str) -> None:
        """One page at one width."""
        wide = await self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if wide > 0:
            self.faults.append(f"{path} at {width}: {wide} px too wide")
        kind = f"{kind_of(path)} {width}"
        if kind in LOOKED_AT:
            return
        LOOKED_AT.add(kind)
        found = await Axe().run(self.page)
        self.faults.extend(
            f"{path} at {width}: {one['id']} {node['target']} {node['failureSummary'][:160]}"
            for one in found.response["violations"]
            if one["impact"] in ("serious", "critical")
            for node in one["nodes"][:3]
        )


def kind_of(path: str) -> str:
    """Pages that are drawn alike are looked at once: records by prefix, queries by their names."""
    url = urlsplit(path)
    plain = re.sub(r"/record/([A-Z]{2})-[\d-]+", r"/record/\1", url.path)
    plain = re.sub(r"/photo/\d+", "/photo", plain)
    names = sorted({part.split("=")[0] for part in url.query.split("&") if part})
    if plain.startswith(("/ledger/", "/form/", "/board/", "/search")):
        names = names[:1]
    return f"{plain}?{'&'.join(names)}" if names else plain


async def begin(browser: Browser, world: World) -> Walk:
    """A fresh browser window whose errors are noted."""
    context = await browser.new_context(locale="zh-CN", viewport=PHONE)  # type: ignore[arg-type]  # as above
    page = await context.new_page()
    page.set_default_timeout(10_000)
    walk = Walk(world, page)
    page.on("pageerror", lambda error: walk.faults.append(f"{page.url}: {error}"))
    page.on(
        "console",
        lambda said: (
            walk.faults.append(f"{page.url}: {said.text}")
            if said.type in ("error", "warning") and "409 (Conflict)" not in said.text
            else None
        ),
    )
    return walk
