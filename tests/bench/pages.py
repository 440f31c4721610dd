"""How long pages take with 305 and with 10,065 branches: every page that two roles can reach.

``python -m tests.bench.pages``. The company is the sample, and the sample thirty-three times over.
"""

import asyncio
import re
import statistics
import tempfile
import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import aiohttp

from bot.clock import SystemClock
from bot.web.access import Links, Signer
from handlers.catalogue import catalogue
from tests.bench.grown import colleagues, grow
from tests.browser.walk import FILES, declared_pages, kind_of
from tests.process import Product

TARGETS = {1: 150, 33: 500}
"""Milliseconds that a page may take, by how often the sample's 305 branches are there."""
BRANCHES = 305
TIMES = 3
"""How often a page is fetched: by so many people of one branch and the same rights, once by each.

One person alone would be turned away by the brake on browsers that run wild.
"""
ROLES = ("party_office", "secretary")
"""Who sees most, and who comes every day."""
WORDS = ("/search?q=没有人写过的词", "/search?q=上周 巡视", "/search?q=供电所")
"""Pages that no link leads to: a word that is often there, one that never is, one of a period."""


def measure(folder: Path) -> None:
    """Both sizes, the slowest pages by name."""
    for times, target in TARGETS.items():
        home = folder / f"pages-{times}"
        home.mkdir()
        url = f"sqlite:///{home / 'pages.db'}"
        facts = grow(url, datetime.now(UTC), times)
        heads = {one.role: one.userid for one in facts.personas}
        people = {role: colleagues(url, heads[role], TIMES) for role in ROLES}
        product = Product(url, home)
        try:
            found = asyncio.run(_measure(product, people))
        finally:
            product.end()
        slow = sorted(found, key=lambda path: -found[path])
        over = sum(took > target for took in found.values())
        print(
            f"pages, {times * BRANCHES:>6} branches    {statistics.median(found.values()):.0f} ms"
            f" in the median of {len(found)} pages, {found[slow[0]]:.0f} ms the slowest,"
            f" {over} over {target} ms"
        )
        for path in slow[:8]:
            print(f"    {found[path]:6.0f} ms  {path}")


async def _measure(product: Product, people: Mapping[str, Sequence[str]]) -> dict[str, float]:
    """Milliseconds, in the median, by role and page."""
    await product.start()
    links = Links(Signer("a key for tests", SystemClock()), product.base, 24)
    found = dict[str, float]()
    for role in ROLES:
        async with AsyncExitStack() as open_ones:
            sessions = []
            for userid in people[role]:
                jar = aiohttp.CookieJar(unsafe=True)
                session = aiohttp.ClientSession(cookie_jar=jar)
                sessions.append(await open_ones.enter_async_context(session))
                await _get(session, links.make("/", userid))
            found |= await _walked(sessions, product.base, role)
    return found


async def _walked(
    sessions: Sequence[aiohttp.ClientSession], base: str, role: str
) -> dict[str, float]:
    """Everything that is declared, and where it leads the first of them."""
    found = dict[str, float]()
    waiting = deque([*declared_pages(catalogue()), *WORDS])
    known = {kind_of(path) for path in waiting}
    while waiting:
        path = waiting.popleft()
        html, took = await _get(sessions[0], base + path)
        if not html:
            continue
        others = [await _get(session, base + path) for session in sessions[1:]]
        times = [took, *(took for words, took in others if words)]
        found[f"{role} {path}"] = statistics.median(times)
        for href in re.findall(r'href="([^"#]+)"', html):
            url = urlsplit(urljoin(base + path, href.replace("&amp;", "&")))
            link = url.path + (f"?{url.query}" if url.query else "")
            foreign = f"{url.scheme}://{url.netloc}" != base or FILES.search(url.path)
            if foreign or url.path.startswith("/static") or kind_of(link) in known:
                continue
            known.add(kind_of(link))
            waiting.append(link)
    return found


async def _get(session: aiohttp.ClientSession, url: str) -> tuple[str, float]:
    """The words of a page (empty for one that is not for this reader), and milliseconds."""
    begun = time.perf_counter()
    async with session.get(url) as answer:
        text = await answer.text()
        took = (time.perf_counter() - begun) * 1000
        if answer.status == 404:
            return "", took
        if answer.status not in (200, 409):  # a form with nothing to fill in says so
            raise RuntimeError(f"{url}: {answer.status}")
        return text, took


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        measure(Path(name))
