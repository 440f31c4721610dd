"""Several sizes of company on PostgreSQL: what each piece of work takes, and how it grows.

``python -m tests.bench.scale [BRANCHES ...]``. ``make bench`` takes a thousand and ten thousand;
the largest (``1000 10000 100000``) needs some 15 minutes and 2 GB. Figures are also told
as they come: a run that is cut off has not been for nothing. Work is done by a process of its own,
as the product does it; memory is that process's highest. A job of a hundred thousand branches costs
what a hundred of a thousand cost, or the table shows that it does not.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from bot.papers.worker import Desk, write_export
from bot.tune import tune
from handlers.catalogue import catalogue
from handlers.duties import owed_by
from handlers.spec import View
from handlers.table import Wish, page_of
from models.directory import Directory, People
from models.duty import Escalation
from models.person import member_by_userid
from models.push import Push
from models.ranking import RankingLine
from models.store.engine import Store
from models.store.schema import migrate
from tests.bench import company
from tests.bench.cpu import of_tree
from tests.days import Days
from tests.postgres import server_folder, started
from tests.process import ROOT

SIZES = (1_000, 10_000)
MONDAY = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
"""Nine o'clock in Shanghai; jobs of this morning are run in the order of the clock."""
MORNINGS = (
    ("digest: all secretaries", "duty-digest", datetime(2026, 11, 23, 0, 30, tzinfo=UTC)),
    ("weekly ranking: all groups", "weekly-ranking", MONDAY),
    ("escalation sweep", "escalation", datetime(2026, 11, 24, 0, 10, tzinfo=UTC)),
    ("digest: nothing is new", "duty-digest", datetime(2026, 11, 24, 0, 30, tzinfo=UTC)),
    ("look for urgent duties", "urgent-duties", datetime(2026, 11, 24, 0, 35, tzinfo=UTC)),
)
LEDGERS = ("unit", "person", "distribution", "progress", "push")
IMPORT = "import of the workbook"
Figures = dict[str, float]


class Bench:
    """Pieces of work on one database; ``figures`` holds seconds of the processor by name."""

    def __init__(self, url: str, server: int) -> None:
        self.url = url
        self.store = Store(url)
        self.figures: Figures = {}
        self._server = server

    def _now(self) -> float:
        return time.process_time() + of_tree(self._server)

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Note how long a piece takes."""
        begun = self._now()
        yield
        self._note(name, self._now() - begun)

    def again(self, name: str, work: Callable[[], object], times: int = 5) -> None:
        """Note what each of several takes."""
        begun = self._now()
        for _ in range(times):
            work()
        self._note(name, (self._now() - begun) / times)

    def _note(self, name: str, seconds: float) -> None:
        self.figures[name] = seconds
        _tell(name, seconds)

    def jobs(self) -> None:
        """Two mornings."""
        days = Days(self.store, MORNINGS[0][2], sources=catalogue().duties)
        for name, job, due in MORNINGS:
            days.clock.move_to(due)
            with self.timed(name):
                if not days.run(job, due):
                    raise RuntimeError(job)

    def people(self) -> None:
        """What people do who want to see something."""
        days = Days(self.store, MORNINGS[-1][2], sources=catalogue().duties)
        known = catalogue()
        with self.store.reading() as session:
            ctx = days.contexts.reading(session, "dangjian")
            view = View(ctx, ctx.member, {})
            for key in LEDGERS:
                ledger = known.ledgers[key]
                title = f"ledger {ledger.name}: a page"
                self.again(title, lambda one=ledger: page_of(one, view, Wish(limit=50)))  # type: ignore[misc]
                self.again(
                    f"ledger {ledger.name}: a word",
                    lambda one=ledger: page_of(one, view, Wish("第77", limit=50)),  # type: ignore[misc]
                )
            for userid, words in (("b7p0", "of a secretary"), ("d1", "of a department")):
                member = member_by_userid(session, userid)
                own = days.contexts.reading(session, userid)
                if member is None:
                    raise RuntimeError(userid)
                self.again(f"/待办 {words}", lambda m=member, c=own: owed_by(c, known.duties, m))  # type: ignore[misc]
            with self.timed("names of all units: read once"):
                book = Directory().units(session)
            self.again("a unit by its name", lambda: book.find(company.name_of(77)))
            self.again("a unit by nearly its name", lambda: book.close("城南第七供电所支"))
            self.again("a person by the beginning", lambda: People(session).close("王强77"))

    def export(self) -> None:
        """The longest Excel file there is of branches."""
        desk = Desk(self.url, MORNINGS[-1][2], "Asia/Shanghai", "")
        with self.timed("export 项目分布明细表"):
            write_export(desk, "distribution", None, {}, Wish())

    def counts(self) -> dict[str, int]:
        """What there is in the end: the work was really done."""
        with self.store.reading() as session:
            return {
                entity.__tablename__: session.scalar(select(func.count()).select_from(entity)) or 0
                for entity in (Push, RankingLine, Escalation)
            }


def _tell(name: str, seconds: float) -> None:
    print(f"    {name} {_seconds(seconds)}", file=sys.stderr, flush=True)


def work(url: str, server: int) -> None:
    """In a process of its own: everything but the import; prints JSON."""
    tune()
    bench = Bench(url, server)
    company.report(bench.store)
    bench.jobs()
    bench.people()
    bench.export()
    out = {"figures": bench.figures, "counts": bench.counts()}
    bench.store.close()
    print(json.dumps(out))


def _child(*args: str, url: str, server: int) -> tuple[str, float, float]:
    """What a process prints, seconds of the processor (the server's too), its highest MB."""
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith("ZBT_")},
        "ZBT_DATABASE_URL": url,
        "ZBT_SECRET_KEY": "a key for tests",
        "PYTHONPATH": str(ROOT),
    }
    begun = of_tree(server)
    with subprocess.Popen(
        [sys.executable, "-m", *args], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        said = child.stdout.read()
        _, status, usage = os.wait4(child.pid, 0)
        spent = usage.ru_utime + usage.ru_stime
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise RuntimeError(said[-3000:])
    return said, spent + of_tree(server) - begun, _megabytes(usage)


def _megabytes(usage: resource.struct_rusage) -> float:
    return usage.ru_maxrss / 1024


def measure(folder: Path, sizes: tuple[int, ...] = SIZES) -> None:
    """Print the table."""
    found: list[dict[str, Any]] = []
    with server_folder() as place:
        server = started(place)
        try:
            for size in sizes:
                server.sql(f"CREATE DATABASE company{size}")
                assert server.process is not None
                pid = server.process.pid
                found.append(_one(folder, server.url(f"company{size}"), size, pid))
                server.sql(f"DROP DATABASE company{size} WITH (FORCE)")
        finally:
            server.remove()
    _print(sizes, found)


def _one(folder: Path, url: str, size: int, server: int) -> dict[str, Any]:
    migrate(url)
    path = folder / f"company{size}.xlsx"
    company.write_workbook(path, size)
    _, seconds, memory = _child("bot", "import", str(path), url=url, server=server)
    _tell(f"{size:,}: {IMPORT}, {memory:.0f} MB", seconds)
    _, again, _ = _child("bot", "import", str(path), url=url, server=server)
    _tell("the same again", again)
    said, _, highest = _child(
        "tests.bench.scale", "--work", url, str(server), url=url, server=server
    )
    out: dict[str, Any] = json.loads(said.splitlines()[-1])
    path.unlink()
    out["figures"] = {IMPORT: seconds, "the same again": again} | out["figures"]
    out["memory"] = {"import": memory, "jobs and pages": highest}
    return out


def _print(sizes: tuple[int, ...], found: list[dict[str, Any]]) -> None:
    heads = "".join(f"{size:>14,}" for size in sizes)
    print(f"{'branches, ten people each':<32}{heads}   each: largest / middle size")
    for name in found[0]["figures"]:
        values = [one["figures"][name] for one in found]
        shown = "".join(f"{_seconds(value):>14}" for value in values)
        growth = ""
        if len(sizes) > 1:
            each = (values[-1] / sizes[-1]) / (values[-2] / sizes[-2])
            growth = f"   {each:.2f}"
        print(f"{name:<32}{shown}{growth}")
    for name in found[0]["memory"]:
        shown = "".join(f"{one['memory'][name]:>11.0f} MB" for one in found)
        print(f"{'memory of ' + name:<32}{shown}")
    for name in found[0]["counts"]:
        shown = "".join(f"{one['counts'][name]:>14,}" for one in found)
        print(f"{'rows of ' + name:<32}{shown}")


def _seconds(value: float) -> str:
    return f"{value:.1f} s" if value >= 10 else f"{value * 1000:,.1f} ms"


if __name__ == "__main__":
    if sys.argv[1:2] == ["--work"]:
        work(sys.argv[2], int(sys.argv[3]))
    else:
        with tempfile.TemporaryDirectory(prefix="bench-") as name:
            measure(Path(name), tuple(map(int, sys.argv[1:])) or SIZES)
