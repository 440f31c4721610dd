"""How the interpreter is set for serving; what it is worth stands in docs/benchmarks.md."""

import gc

YOUNG = 20_000
"""Allocations before the youngest are looked through: a batch of messages makes about so many."""


def tune() -> None:
    """Leave what was made at the start out of every collection, and collect less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 20, 20)
    gc.enable()
