"""``make bench``: everything in one run, each figure beside its floor."""

import asyncio
import json
import os
import platform
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from models.store.schema import migrate
from tests.bench import categories, loading, pages, quarter, ranking, search
from tests.process import ROOT, Product, free_port
from tests.world import World

ROUNDS = 5
COUNT = 4000
CONCURRENCY = 64


def main() -> None:
    """Print the environment, then the figures."""
    cpu = _cpu()
    print(f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {cpu}")
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    try:
        messages(folder)
        ranking.measure(folder)
        loading.measure(folder)
        quarter.measure(folder)
        search.measure(folder)
        categories.measure()
        pages.measure(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    names = [
        line.partition(":")[2].strip()
        for line in (info.read_text().splitlines() if info.exists() else [])
        if line.startswith("model name")
    ]
    return f"{os.cpu_count()} cores, {names[0] if names else platform.machine()}"


def pinned(core: int) -> Callable[[], None] | None:
    """Server and generator each keep to a core of their own, where there are two."""
    if (os.cpu_count() or 1) < 2 or not hasattr(os, "sched_setaffinity"):
        return None
    return lambda: os.sched_setaffinity(0, {core})


def fire(port: int, first: int) -> dict[str, Any]:
    """One round of load from a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.load", *map(str, (port, COUNT, CONCURRENCY, first))],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=pinned(1),
    )
    result: dict[str, Any] = json.loads(done.stdout)
    if result["refused"]:
        raise RuntimeError(f"{result['refused']} requests were refused")
    return result


def messages(folder: Path) -> None:
    """Callback -> durable -> answer at concurrency 64, against the minimal server."""
    url = f"sqlite:///{folder / 'product.db'}"
    migrate(url)
    world = World(url)
    world.settle()
    world.store.close()
    product = Product(url, folder)
    begun = time.perf_counter()
    with product.log.open("wb") as out:
        product.process = subprocess.Popen(
            [sys.executable, "-m", "bot", "run"],
            cwd=folder,
            env=product.environment,
            stdout=out,
            stderr=out,
            preexec_fn=pinned(0),
        )
    asyncio.run(product.ready())
    print(f"start to ready           {time.perf_counter() - begun:.2f} s      (target < 2)")
    port = free_port()
    floor = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.floor", str(port), str(folder / "floor.db")],
        cwd=ROOT,
        preexec_fn=pinned(0),
    )
    time.sleep(1.5)
    try:
        _rounds(product, port)
    finally:
        floor.kill()
        floor.wait()
        product.end()


def _rounds(product: Product, floor_port: int) -> None:
    ratios, ours, floors = [], [], []
    for number in range(ROUNDS):
        first = number * 1_000_000
        floors.append(fire(floor_port, first))
        ours.append(fire(product.port, first))
        ratios.append(ours[-1]["per_second"] / floors[-1]["per_second"])
    assert product.process is not None
    status = Path(f"/proc/{product.process.pid}/status").read_text()
    memory = int(status.split("VmRSS:")[1].split()[0]) / 1024
    middle = statistics.median
    print(
        f"messages/s at {CONCURRENCY}        {middle(r['per_second'] for r in ours):.0f}"
        f" against a floor of {middle(r['per_second'] for r in floors):.0f}"
    )
    print(
        f"ratio to the floor       {middle(ratios):.2f}"
        f" ({min(ratios):.2f}-{max(ratios):.2f})   (target >= 0.30)"
    )
    print(
        f"latency p50 / p99        {middle(r['p50'] for r in ours):.0f} /"
        f" {middle(r['p99'] for r in ours):.0f} ms   (target p99 < 200)"
    )
    print(f"memory after {ROUNDS * COUNT} msgs   {memory:.0f} MB    (target < 200)")


if __name__ == "__main__":
    main()
