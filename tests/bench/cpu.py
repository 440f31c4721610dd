"""Seconds of the processor, from ``/proc``: what work costs, however busy the machine is."""

import os
from contextlib import suppress
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


def of_process(pid: int) -> float:
    """What a process has used; zero if it is gone."""
    return _used(pid, 2)


def of_tree(pid: int) -> float:
    """What a server has used with its children, those that have ended included."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return _used(pid, 4) + sum(_used(int(child), 2) for child in children)


def _used(pid: int, fields: int) -> float:
    """User and system time, and with four fields those of ended children."""
    with suppress(FileNotFoundError, ProcessLookupError):
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, words[11 : 11 + fields])) / TICK
    return 0.0
