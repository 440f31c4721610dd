"""Walking through all pages, as one person: those that are declared, and where they lead.

Pages are fetched first, which is cheap; only what no earlier walk of this process has shown in the
same words is opened in the browser.
"""

import os
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, ViewportSize

from config.help import guides
from handlers.catalogue import Catalogue

PHONE, DESKTOP = "360", "1440"
WIDTHS = (PHONE, DESKTOP)
HEIGHTS = {PHONE: 740, DESKTOP: 900}
FILES = re.compile(r"\.(xlsx|docx|pdf|png|jpg|csv|zip)$")
ALLOWED, SAID, BARRED = 200, 409, 404
"""A form that cannot be filled in just now says why (409); what one may not see is not there."""
LINK = re.compile(r'<a\s[^>]*?href="([^"#]+)"')
OURS = re.compile(r'name="token" value="[^"]*"|<span class="who">[^<]*|value="[\w-]{40,}"')
"""What differs from reader to reader, and is not looked at."""
WHOLE = os.environ.get("ZBT_TEST_WALK") == "whole"
"""Open every page as every role (``make test-walk``): minutes."""
ENOUGH = 6
"""Pages that one template draws (forms, ledgers, boards …) and that are opened unless all are."""
BREATH = 40
SHOWN: set[str] = set()
"""Pages that have been opened in this process: by their words, or by their kind."""
LOOKED_AT: set[str] = set()
"""Kinds of pages that axe has seen in this process: they look alike for everybody."""
RULES = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"],
    },
    "resultTypes": ["violations"],
}


@dataclass
class Walk:
    """One person's way through the pages, and what was wrong on it.

    ``rest``  called after every ``BREATH`` pages, for who walks without a rest is turned away (429)
    """

    base: str
    page: Page
    rest: Callable[[], None]
    faults: list[str] = field(default_factory=list)
    visited: dict[str, str] = field(default_factory=dict)

    async def collect(self, declared: Sequence[str]) -> None:
        """The words of every page by its address; each that cannot be had is a fault.

        What is ``declared`` and not there for this reader is none; what a page leads to is.
        """
        waiting = deque(declared)
        known = {kind_of(path) for path in declared}
        while waiting:
            path = waiting.popleft()
            if len(self.visited) % BREATH == BREATH - 1:
                self.rest()
            answer = await self.page.request.get(self.base + path)
            if answer.status == BARRED and path in declared:
                known.discard(kind_of(path))
                continue
            if answer.status not in (ALLOWED, SAID):
                self.faults.append(f"{path}: {answer.status}")
                continue
            self.visited[path] = html = await answer.text()
            for href in LINK.findall(html):
                link = self._own(path, href.replace("&amp;", "&"))
                if link and (kind := kind_of(link)) not in known:
                    known.add(kind)
                    waiting.append(link)

    async def look(self) -> None:
        """Open what has been collected, and no walk of this process has shown yet."""
        for path, html in self.visited.items():
            looks = OURS.sub("", html) if WHOLE else kind_of(path)
            alike = sum(template_of(shown) == template_of(path) for shown in SHOWN)
            if looks not in SHOWN and (WHOLE or alike < ENOUGH):
                SHOWN.add(looks)
                if len(SHOWN) % BREATH == 0:
                    self.rest()
                await self._look_at(path)

    def _own(self, path: str, href: str) -> str:
        """A page of ours; empty for files, photos and other places."""
        url = urlsplit(urljoin(self.base + path, href))
        elsewhere = f"{url.scheme}://{url.netloc}" != self.base
        if elsewhere or FILES.search(url.path) or url.path.startswith(("/photo/", "/login")):
            return ""
        return url.path + (f"?{url.query}" if url.query else "")

    async def _look_at(self, path: str) -> None:
        """Open a page; unless all is wanted, pages take turns with the two widths."""
        turn = len(SHOWN) % len(WIDTHS)
        await self.page.goto(self.base + path)
        for width in WIDTHS if WHOLE else WIDTHS[turn : turn + 1]:
            height = HEIGHTS[width]
            await self.page.set_viewport_size({"width": int(width), "height": height})
            await self.check(path, width)

    async def check(self, path: str, width: str) -> None:
        """One page at one width: nothing too wide, nothing that axe calls serious.

        What one template draws has the same colours and labels at every width: on the desktop axe
        looks at one page of each, and on the phone as well unless all is wanted.
        """
        wide = await self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if wide > 0:
            self.faults.append(f"{path} at {width}: {wide} px too wide")
        template = template_of(path)
        seen = f"{template} {width}" if width == DESKTOP else kind_of(path)
        if not WHOLE:
            seen = template
        if seen in LOOKED_AT:
            return
        LOOKED_AT.add(seen)
        found = await Axe().run(self.page, options=RULES)
        self.faults.extend(
            f"{path} at {width}: {one['id']} {node['target']} {node['failureSummary'][:160]}"
            for one in found.response["violations"]
            if one["impact"] in ("serious", "critical")
            for node in one["nodes"][:3]
        )


def declared_pages(catalogue: Catalogue) -> Iterator[str]:
    """Every page that a family declares, whoever may see it, and the pages of the house."""
    yield from ("/", "/help", "/search", "/search?q=整改", "/survey", "/anonymous")
    yield from (f"/help/{key}" for key in guides())
    for key in catalogue.boards:
        yield from (f"/board/{key}", f"/wall/{key}")
    yield from (f"/form/{command.key}" for command in catalogue.commands if command.form.fields)
    for ledger in catalogue.ledgers.values():
        yield f"/ledger/{ledger.key}"
        if ledger.takes:
            yield f"/ledger/{ledger.key}/import"


def prefixes_in(paths: Iterable[str]) -> set[str]:
    """The kinds of records (XM, JZ, …) whose pages are among these."""
    return {found[1] for path in paths if (found := re.match(r"/record/([A-Z]{2})-", path))}


def template_of(path: str) -> str:
    """What draws a page."""
    return path.split("/")[1].partition("?")[0] if path.startswith("/") else ""


def kind_of(path: str) -> str:
    """Pages that are drawn alike are looked at once: records by prefix, queries by their names."""
    url = urlsplit(path)
    plain = re.sub(r"/record/([A-Z]{2})-[\d-]+", r"/record/\1", url.path)
    plain = re.sub(r"/photo/-?\d+", "/photo", plain)
    names = sorted({part.split("=")[0] for part in url.query.split("&") if part})
    if plain.startswith(("/ledger/", "/form/", "/board/", "/wall/")):
        names = names[:1] if WHOLE else []
    return f"{plain}?{'&'.join(names)}" if names else plain


async def begin(browser: Browser, base: str, rest: Callable[[], None]) -> Walk:
    """A fresh browser window whose errors are noted."""
    phone: ViewportSize = {"width": int(PHONE), "height": HEIGHTS[PHONE]}
    context = await browser.new_context(locale="zh-CN", viewport=phone)
    page = await context.new_page()
    page.set_default_timeout(30_000)
    walk = Walk(base, page, rest)
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
