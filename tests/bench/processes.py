"""One, two and four processes on one PostgreSQL: what a message costs each part, and who waits.

``python -m tests.bench.processes``. Growth is near-linear until the cores are used up if neither
the processor of a message nor the waiting for locks grows with the processes; where one process,
its database and the generator use up all cores that is all that can be shown.
"""

import asyncio
import statistics
import tempfile
import threading
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import psycopg

from tests.bench.cpu import of_process, of_tree
from tests.bench.load import BRANCHES
from tests.bench.messages import fired, furnish
from tests.postgres import Postgres, server_folder, started
from tests.process import Product

PROCESSES = (1, 2, 4)
ROUNDS = 3
COUNT = 4000
WARM = 3 * BRANCHES
"""Messages to each process before: who speaks and where is read once and remembered."""
EVERY = 0.02
"""Seconds between two looks at what the server's sessions are doing."""
middle = statistics.median


class Watch:
    """Looks at the sessions of a server for as long as it is open; ``seen`` counts what they do."""

    def __init__(self, server: Postgres) -> None:
        self.seen: Counter[str] = Counter()
        self._connection = psycopg.connect(server.url(), autocommit=True)
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()
        self._connection.close()

    @property
    def cpu(self) -> float:
        """Seconds that the looking itself has cost the server."""
        return of_process(self._connection.info.backend_pid)

    def _look(self) -> None:
        while not self._done.wait(EVERY):
            for state, kind, event in self._connection.execute(
                "SELECT state, wait_event_type, wait_event FROM pg_stat_activity"
                " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
                " AND state <> 'idle'"
            ):
                locked = state == "active" and kind == "Lock"
                self.seen[f"lock {event}" if locked else state] += 1


def measure(folder: Path) -> None:
    """Print what a message takes with each number of processes."""
    with server_folder() as place:
        server = started(place)
        try:
            furnish(server.url())
            for number, count in enumerate(PROCESSES, 1):
                _several(server, folder, count, number * 100_000_000)
        finally:
            server.remove()


def _several(server: Postgres, folder: Path, count: int, first: int) -> None:
    products = [Product(server.url(), folder) for _ in range(count)]
    for product in products:
        asyncio.run(product.start())
    ports = [product.port for product in products]
    for number, port in enumerate(ports, 1):
        fired([port], first - number * 1_000_000, WARM)
    rates, p99 = [], []
    parts: list[tuple[float, float, float]] = []
    with Watch(server) as watch:
        for number in range(1, ROUNDS + 1):
            before = _cpu(products, server, watch)
            result = fired(ports, first + number * 1_000_000, COUNT)
            after = _cpu(products, server, watch)
            parts.append((after[0] - before[0], after[1] - before[1], result["cpu"]))
            rates.append(result["per_second"])
            p99.append(result["p99"])
    for product in products:
        product.end()
    shown = " + ".join(f"{middle(part) / COUNT * 1e6:.0f}" for part in zip(*parts, strict=True))
    print(
        f"processes: {count}   {middle(rates):.0f} messages a second, p99 {middle(p99):.0f} ms;"
        f" processor a message, product + database + generator: {shown} µs"
    )
    print(f"               sessions at work: {_shares(watch.seen)}")


def _cpu(products: Sequence[Product], server: Postgres, watch: Watch) -> tuple[float, float]:
    assert server.process is not None
    ours = sum(of_process(one.process.pid) for one in products if one.process is not None)
    return ours, of_tree(server.process.pid) - watch.cpu


def _shares(seen: Counter[str]) -> str:
    whole = sum(seen.values()) or 1
    return ", ".join(f"{what} {many / whole:.0%}" for what, many in seen.most_common())


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="bench-") as made:
        measure(Path(made))
