"""``make bench``: everything in one run, each figure beside its floor."""

import logging
import os
import platform
import shutil
import sqlite3
import tempfile
from pathlib import Path

from bot.logs import set_up_logs
from tests.bench import (
    categories,
    loading,
    messages,
    pages,
    processes,
    projects,
    pushes,
    quarter,
    ranking,
    scale,
    search,
)


def main() -> None:
    """Print the environment, then the figures."""
    set_up_logs(level=logging.ERROR)
    cpu = _cpu()
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    print(f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {cpu}")
    print(f"load of the machine before it began: {load}")
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    try:
        messages.measure(folder)
        processes.measure(folder)
        pushes.measure(folder)
        ranking.measure(folder)
        loading.measure(folder)
        quarter.measure(folder)
        search.measure(folder)
        categories.measure()
        pages.measure(folder)
        projects.measure(folder)
        scale.measure(folder)
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


if __name__ == "__main__":
    main()
