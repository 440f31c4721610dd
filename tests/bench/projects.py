"""The ledger of 10,000 projects: opened, narrowed, sorted, handed out as Excel (target: < 2 s)."""

import asyncio
import statistics
import time
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Final

import aiohttp
from python_calamine import CalamineWorkbook
from sqlalchemy import func, select

from bot.clock import SystemClock
from bot.web.access import Links, Signer
from models.person import Role
from models.project import Project
from models.store.engine import Store
from tests.bench.grown import grow
from tests.process import Product

COPIES: Final = 33
TARGET: Final = 2.0
TIMES: Final = 3
LEDGER: Final = "/ledger/distribution"
WAYS: Final = {
    "opened": LEDGER,
    "searched": f"{LEDGER}?q=线损",
    "by grade": f"{LEDGER}?f.grade=A",
    "sorted": f"{LEDGER}?sort=percent&desc=1",
    "last page": f"{LEDGER}?page=200",
    "as Excel": f"{LEDGER}.xlsx",
}


def measure(folder: Path) -> None:
    """Print the median of each way, and how many rows the workbook holds."""
    url = f"sqlite:///{folder / 'projects.db'}"
    facts = grow(url, datetime.now(UTC), COPIES)
    userid = next(one.userid for one in facts.personas if one.role == Role.PARTY_OFFICE)
    store = Store(url)
    with store.reading() as session:
        count = session.scalar(select(func.count()).select_from(Project))
    store.close()
    product = Product(url, folder)
    try:
        found, rows = asyncio.run(_measure(product, userid))
    finally:
        product.end()
    print(f"ledger of {count:,} projects   (target < {TARGET:g} s each; {rows:,} rows in Excel)")
    for way, seconds in found.items():
        print(f"    {way:10} {seconds * 1000:6.0f} ms   {TARGET / seconds:4.1f} x below the target")


async def _measure(product: Product, userid: str) -> tuple[dict[str, float], int]:
    await product.start()
    base = f"http://127.0.0.1:{product.port}"
    links = Links(Signer("a key for tests", SystemClock()), base, 24)
    found: dict[str, float] = {}
    rows = 0
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar) as session:
        await _get(session, links.make("/", userid))
        for way, path in WAYS.items():
            times, data = [], b""
            for _ in range(TIMES):
                begun = time.perf_counter()
                data = await _get(session, base + path)
                times.append(time.perf_counter() - begun)
            found[way] = statistics.median(times)
            if path.endswith(".xlsx"):
                book = CalamineWorkbook.from_filelike(BytesIO(data))
                rows = len(book.get_sheet_by_index(0).to_python()) - 1
    return found, rows


async def _get(session: aiohttp.ClientSession, url: str) -> bytes:
    async with session.get(url) as answer:
        if answer.status != 200:
            raise RuntimeError(f"{answer.status} for {url}")
        return await answer.read()
