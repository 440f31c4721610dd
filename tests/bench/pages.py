"""How long pages take with 305 and with 10,000 branches: every page the party office can reach."""

import asyncio
import re
import statistics
import time
from collections import deque
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import aiohttp
from sqlalchemy import insert
from sqlalchemy.orm import Session

from bot.clock import SystemClock
from bot.web.access import Links, Signer
from models.person import Grant, Person, PersonState, Role
from models.progress import Progress, ReportKind, ReportState
from models.project import Grade, Project, Stage
from models.ranking import Ranking, RankingLine, RankState
from models.store.engine import Store
from models.store.schema import migrate
from models.unit import BranchType, Unit, UnitKind, UnitState
from tests.browser.walk import FILES, kind_of
from tests.process import Product

TARGETS = {305: 150, 10_000: 500}
"""Milliseconds in the median that a page may take, by the number of branches."""
COMPANIES, PEOPLE, REPORTS, WEEKS, TIMES = 30, 5, 10, 8, 5
TYPES = tuple(BranchType)


def measure(folder: Path) -> None:
    """Both sizes, the slowest pages by name."""
    for size, target in TARGETS.items():
        url = f"sqlite:///{folder / f'pages-{size}.db'}"
        migrate(url)
        with Store(url).writing() as session:
            fill(session, size)
        product = Product(url, folder)
        try:
            found = asyncio.run(_measure(product))
        finally:
            product.end()
        slow = sorted(found, key=lambda path: -found[path])
        middle = statistics.median(found.values())
        print(
            f"pages, {size:>6} branches    {middle:.0f} ms in the median of {len(found)} pages,"
            f" {found[slow[0]]:.0f} ms the slowest   (target < {target} each)"
        )
        for path in slow[:4]:
            print(f"    {found[path]:6.0f} ms  {path}")


def fill(session: Session, size: int) -> None:
    """A company with so many branches, projects, people, reports and two months of rankings."""
    now = datetime.now(UTC)
    units: list[dict[str, Any]] = [_unit(1, None, "公司", UnitKind.COMPANY, "/1/")]
    units += [
        _unit(n, 1, f"第{n}供电公司", UnitKind.COMPANY, f"/1/{n}/") for n in range(2, COMPANIES + 2)
    ]
    branches = []
    for number in range(COMPANIES + 2, COMPANIES + 2 + size):
        parent = 2 + number % COMPANIES
        unit = _unit(
            number, parent, f"第{number}供电所党支部", UnitKind.BRANCH, f"/1/{parent}/{number}/"
        )
        branches.append({**unit, "branch_id": number, "branch_type": TYPES[number % 3]})
    session.execute(insert(Unit), units)
    session.execute(insert(Unit), branches)
    _people(session, branches)
    _projects(session, branches, now)
    _rankings(session, branches, now)


def _unit(number: int, parent: int | None, name: str, kind: UnitKind, path: str) -> dict[str, Any]:
    return {
        "id": number,
        "code": f"U{number}",
        "name": name,
        "kind": kind,
        "parent_id": parent,
        "path": path,
        "branch_id": None,
        "branch_type": None,
        "state": UnitState.ACTIVE,
    }


def _people(session: Session, branches: list[dict[str, Any]]) -> None:
    people = [
        {
            "id": n,
            "userid": f"p{n}",
            "userid_key": f"p{n}",
            "name": f"员工{n}",
            "unit_id": branches[n // PEOPLE]["id"],
            "state": PersonState.ACTIVE,
            "standing": "",
        }
        for n in range(len(branches) * PEOPLE)
    ]
    people[0]["unit_id"] = 1
    session.execute(insert(Person), people)
    grants = [
        {"person_id": n * PEOPLE + 1, "role": Role.SECRETARY, "unit_id": branch["id"]}
        for n, branch in enumerate(branches)
    ]
    grants += [
        {"person_id": 0, "role": role, "unit_id": 1} for role in (Role.PARTY_OFFICE, Role.ADMIN)
    ]
    session.execute(insert(Grant), grants)


def _projects(session: Session, branches: list[dict[str, Any]], now: datetime) -> None:
    projects, reports = [], []
    for n, branch in enumerate(branches, 1):
        at = now - timedelta(days=n % 50, minutes=n % 1000)
        projects.append(
            {
                "id": n,
                "number": f"XM-{now.year}-{n:04d}",
                "unit_id": branch["id"],
                "year": now.year,
                "name": f"{branch['name']}提升项目",
                "stage": Stage.ONGOING,
                "grade": Grade.A,
                "starts_on": date(now.year, 1, 1),
                "ends_on": date(now.year, 12, 31),
                "percent": Decimal(n * 7919 % 1000) / 10,
                "reported_at": at,
            }
        )
        reports += [_report(n, k, branch["id"], at - timedelta(days=7 * k)) for k in range(REPORTS)]
    session.execute(insert(Project), projects)
    session.execute(insert(Progress), reports)


def _report(project: int, number: int, unit: int, at: datetime) -> dict[str, Any]:
    return {
        "number": f"JZ-{at.year}-{project * REPORTS + number:05d}",
        "project_id": project,
        "unit_id": unit,
        "kind": ReportKind.REPORT,
        "state": ReportState.VALID,
        "percent": Decimal(number * 10),
        "said": "完成配变轮换和台区巡视，下一步推进线损治理。",
        "person_id": 1,
        "at": at,
    }


def _rankings(session: Session, branches: list[dict[str, Any]], now: datetime) -> None:
    for week in range(WEEKS):
        for of in TYPES:
            at = now - timedelta(weeks=week)
            ranking = Ranking(
                kind="progress", period=f"{at.year}-W{week}", branch_type=of, cutoff=at, at=at
            )
            session.add(ranking)
            session.flush()
            lines = [
                {
                    "ranking_id": ranking.id,
                    "unit_id": branch["id"],
                    "state": RankState.RANKED,
                    "place": place,
                    "percent": Decimal(50),
                    "ahead": Decimal(0),
                }
                for place, branch in enumerate(branches, 1)
                if branch["branch_type"] is of
            ]
            session.execute(insert(RankingLine), lines)


async def _measure(product: Product) -> dict[str, float]:
    await product.start()
    base = f"http://127.0.0.1:{product.port}"
    links = Links(Signer("a key for tests", SystemClock()), base, 24)
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar) as session:
        await _get(session, links.make("/", "p0"))
        waiting, found, known = deque(["/"]), dict[str, float](), {"/"}
        while waiting:
            path = waiting.popleft()
            times = []
            html = ""
            for _ in range(TIMES):
                begun = time.perf_counter()
                html = await _get(session, base + path)
                times.append((time.perf_counter() - begun) * 1000)
                await asyncio.sleep(0.05)  # a person, not a storm: the brake would step in
            found[path] = statistics.median(times)
            for href in re.findall(r'href="([^"#]+)"', html):
                url = urlsplit(urljoin(base + path, href.replace("&amp;", "&")))
                link = url.path + (f"?{url.query}" if url.query else "")
                foreign = f"{url.scheme}://{url.netloc}" != base or FILES.search(url.path)
                if foreign or url.path.startswith("/static") or kind_of(link) in known:
                    continue
                known.add(kind_of(link))
                waiting.append(link)
        return found


async def _get(session: aiohttp.ClientSession, url: str) -> str:
    async with session.get(url) as answer:
        text = await answer.text()
        if answer.status == 429:
            await asyncio.sleep(60)
            return await _get(session, url)
        if answer.status not in (200, 409):  # a form with nothing to fill in says so
            raise RuntimeError(f"{url}: {answer.status}")
        return text
