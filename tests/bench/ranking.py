"""The weekly ranking against the bare SQL that says the same with window functions."""

import sqlite3
import statistics
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import insert
from sqlalchemy.orm import Session

from bot.tune import tune
from config.rules import default_rules
from handlers.context import Context
from jobs.weekly_ranking import lines_of
from models.directory import Directory
from models.project import Project
from models.ranking import rank
from models.store.engine import Store
from models.store.schema import migrate
from models.unit import BranchType, Unit, UnitKind, UnitState

CUTOFF = datetime(2026, 11, 23, 1, tzinfo=UTC)
SIZES = (305, 100_000)
BARE = """
SELECT u.id, u.name, u.opened_on, p.starts_on, p.ends_on, p.percent,
       p.percent - 1000 * (julianday('2026-11-23') - julianday(p.starts_on) + 1)
                 / (julianday(p.ends_on) - julianday(p.starts_on) + 1) AS ahead,
       RANK() OVER (ORDER BY p.percent
                 - 1000 * (julianday('2026-11-23') - julianday(p.starts_on) + 1)
                 / (julianday(p.ends_on) - julianday(p.starts_on) + 1) DESC) AS place
FROM unit u LEFT JOIN project p ON p.unit_id = u.id AND p.year = 2026
WHERE u.kind = 'branch' AND u.branch_type = 'service' AND u.state = 'active'
ORDER BY place, u.name
"""


def fill(session: Session, size: int) -> None:
    """So many branches of one type, each with a project that was reported on."""
    units = [{"id": 1, "code": "GS", "name": "公司", "kind": UnitKind.COMPANY, "path": "/1/"}]
    projects = []
    for number in range(2, size + 2):
        name = f"第{number}供电所党支部"
        units.append(
            {
                "id": number,
                "code": f"B{number}",
                "name": name,
                "kind": UnitKind.BRANCH,
                "branch_type": BranchType.SERVICE,
                "parent_id": 1,
                "path": f"/1/{number}/",
                "branch_id": number,
                "state": UnitState.ACTIVE,
            }
        )
        projects.append(
            {
                "number": f"XM-{number}",
                "unit_id": number,
                "year": 2026,
                "name": name,
                "starts_on": date(2026, 1, 1) + timedelta(days=number % 60),
                "ends_on": date(2026, 12, 31),
                "percent": Decimal((number * 7919) % 1000) / 10,
                "reported_at": CUTOFF - timedelta(hours=number % 200),
            }
        )
    session.execute(insert(Unit), units[:1])
    session.execute(insert(Unit), units[1:])
    session.execute(insert(Project), projects)


def timed(work: Callable[[], object], times: int = 7) -> float:
    """Median milliseconds."""
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        work()
        taken.append((time.perf_counter() - begun) * 1000)
    return statistics.median(taken)


def measure(folder: Path) -> None:
    """Both sizes: all branches of a type ranked, every row in hand."""
    tune()  # as the product does
    for size in SIZES:
        path = folder / f"ranking{size}.db"
        migrate(f"sqlite:///{path}")
        store = Store(f"sqlite:///{path}")
        with store.writing() as session:
            fill(session, size)
        raw = sqlite3.connect(path)
        bare = timed(lambda raw=raw: raw.execute(BARE).fetchall())  # type: ignore[misc]
        with store.reading() as session:
            ctx = context(session)
            ours = timed(lambda ctx=ctx: rank(lines_of(ctx, BranchType.SERVICE, CUTOFF), {}))  # type: ignore[misc]
        raw.close()
        store.close()
        print(
            f"ranking of {size:>6}        {ours:.1f} ms against {bare:.1f} ms bare SQL:"
            f" {ours / bare:.2f}   (target < 2 at 100,000)"
        )


def context(session: Session) -> Context:
    """What the job would have in hand."""
    return Context(
        session=session,
        now=CUTOFF,
        zone=ZoneInfo("Asia/Shanghai"),
        rules=default_rules(),
        directory=Directory(),
        token=str,
        link=lambda path, _: path,
    )
