"""Callback -> durable -> answer at concurrency 64, beside a minimal server, on both databases.

``python -m tests.bench.messages``. Two ratios: by the clock (the machine must be quiet for it), and
by the processor: what a message costs the floor against what it costs us, the database included,
which holds on a busy machine too.
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import update

from bot.clock import SystemClock
from models.project import Project
from models.store.schema import migrate
from models.unit import BranchType
from tests.bench.cpu import of_process, of_tree
from tests.bench.load import BRANCHES
from tests.postgres import Postgres, server_folder, started
from tests.process import ROOT, Product, free_port
from tests.world import Company, World

ROUNDS = 5
COUNT = 2000
CONCURRENCY = 64
STARTS = 3
TARGET = 0.6
"""Of the durable floor (issue H)."""
middle = statistics.median


def pinned(core: int) -> Callable[[], None] | None:
    """Server and generator each keep to a core of their own, where there are two."""
    if (os.cpu_count() or 1) < 2 or not hasattr(os, "sched_setaffinity"):
        return None
    return lambda: os.sched_setaffinity(0, {core})


def fire(port: int, first: int) -> dict[str, Any]:
    """One round of load from a process of its own."""
    return fired([port], first, COUNT, preexec_fn=pinned(1))


def fired(ports: Sequence[int], first: int, count: int, **how: Any) -> dict[str, Any]:
    """What the generator says of so many messages to these ports."""
    args = map(str, (",".join(map(str, ports)), count, CONCURRENCY, first))
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.load", *args],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        **how,
    )
    result: dict[str, Any] = json.loads(done.stdout)
    if result["refused"]:
        raise RuntimeError(f"{result['refused']} requests were refused")
    return result


@dataclass
class Side:
    """A server under load. ``cpu`` gives the seconds of the processor it has used so far."""

    port: int
    cpu: Callable[[], float]
    per_second: list[float] = field(default_factory=list)
    cost: list[float] = field(default_factory=list)
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)

    def round(self, first: int) -> None:
        """One round: messages a second, microseconds of the processor a message, latencies."""
        before = self.cpu()
        result = fire(self.port, first)
        self.cost.append((self.cpu() - before) / COUNT * 1e6)
        self.per_second.append(result["per_second"])
        self.p50.append(result["p50"])
        self.p99.append(result["p99"])


def measure(folder: Path) -> None:
    """Both databases."""
    database = folder / "product.db"
    url = f"sqlite:///{database}"
    furnish(url)
    starts(url, folder)
    one("SQLite", url, str(folder / "floor.db"), folder, None)
    with server_folder() as place:
        server = started(place)
        try:
            furnish(server.url())
            one("PostgreSQL", server.url(), server.url(), folder, server)
        finally:
            server.remove()


def furnish(url: str) -> None:
    """The small company, with as many branches as the generator knows; none has fallen silent.

    A digest to their secretaries, whom no door reaches here, would be in what is measured.
    """
    migrate(url)
    world = World(url)
    world.settle()
    with world.store.writing() as session:
        for number in range(len(Company.NAMES) + 1, BRANCHES + 1):
            world.company.branch(session, number, f"第{number}供电所党支部", BranchType.SERVICE)
        session.flush()
        session.execute(update(Project).values(percent=99, reported_at=SystemClock().now()))
    world.store.close()


def starts(url: str, folder: Path) -> None:
    """From the command to ``/readyz``; on a busy machine only the processor's time counts."""
    seconds, cpu = [], []
    for _ in range(STARTS):
        product = Product(url, folder)
        begun = time.perf_counter()
        asyncio.run(product.start())
        seconds.append(time.perf_counter() - begun)
        cpu.append(of_process(_pid(product)))
        product.end()
    print(
        f"start to ready           {middle(seconds):.2f} s, of the processor {middle(cpu):.2f} s"
        "   (target < 1.5)"
    )


def _pid(product: Product) -> int:
    assert product.process is not None
    return product.process.pid


def _server_cpu(server: Postgres | None) -> float:
    if server is None:
        return 0.0
    assert server.process is not None
    return of_tree(server.process.pid)


def one(name: str, url: str, floor_at: str, folder: Path, server: Postgres | None) -> None:
    """One process beside the floor, round by round."""
    product = Product(url, folder)
    asyncio.run(product.start())
    os.sched_setaffinity(_pid(product), {0})
    port = free_port()
    with subprocess.Popen(
        [sys.executable, "-m", "tests.bench.floor", str(port), floor_at],
        cwd=ROOT,
        preexec_fn=pinned(0),
    ) as floor:
        asyncio.run(_listening(port))
        try:
            bare = Side(port, lambda: of_process(floor.pid) + _server_cpu(server))
            ours = Side(product.port, lambda: of_process(_pid(product)) + _server_cpu(server))
            for number in range(ROUNDS):
                bare.round(number * 1_000_000)
                ours.round(number * 1_000_000)
            _print(name, ours, bare, _memory(product))
        finally:
            floor.kill()
            product.end()


async def _listening(port: int) -> None:
    for _ in range(600):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionRefusedError:
            await asyncio.sleep(0.1)
        else:
            writer.close()
            return
    raise TimeoutError(port)


def _memory(product: Product) -> float:
    status = Path(f"/proc/{_pid(product)}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def _ratios(over: Sequence[float], under: Sequence[float]) -> str:
    ratios = [a / b for a, b in zip(over, under, strict=True)]
    return f"{middle(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"


def _print(name: str, ours: Side, bare: Side, memory: float) -> None:
    print(f"{name}: {COUNT * ROUNDS} messages at concurrency {CONCURRENCY}, {ROUNDS} rounds")
    print(
        f"  messages a second      {middle(ours.per_second):.0f} against"
        f" {middle(bare.per_second):.0f}: {_ratios(ours.per_second, bare.per_second)}"
        f"   (target >= {TARGET})"
    )
    print(
        f"  processor a message    {middle(ours.cost):.0f} µs against {middle(bare.cost):.0f}:"
        f" {_ratios(bare.cost, ours.cost)}"
    )
    print(f"  latency p50 / p99      {middle(ours.p50):.0f} / {middle(ours.p99):.0f} ms")
    print(f"  memory afterwards      {memory:.0f} MB   (target < 150)")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="bench-") as made:
        measure(Path(made))
