"""A quarter of 305 branches against its own reckoning, and the draw of ten thousand."""

import random
import tempfile
import time
from pathlib import Path

from models.draw import Entrant, draw
from models.store.engine import Store
from models.store.schema import migrate
from models.unit import BranchType
from tests.quarter import Quarter

BRANCHES, NOTICES, DRAWN = 305, 200, 10_000


def measure(folder: Path) -> None:
    """Play the quarter and compare; print what there was of it, and seconds."""
    url = f"sqlite:///{folder / 'quarter.db'}"
    migrate(url)
    store = Store(url)
    quarter = Quarter(store, BRANCHES, NOTICES)
    begun = time.perf_counter()
    quarter.run()
    played = time.perf_counter() - begun
    figures = quarter.check()
    store.close()
    print(f"a quarter, {BRANCHES} branches    {played:.0f} s, equal to the books:")
    print("    " + ", ".join(f"{name} {count}" for name, count in figures.items()))
    chance = random.Random(DRAWN)
    kinds = chance.choices(list(BranchType), weights=(45, 30, 25), k=DRAWN)
    entrants = [Entrant(n, f"B{n}", kind) for n, kind in enumerate(kinds)]
    last = list(draw(entrants, "2026-10").items())
    begun = time.perf_counter()
    draw(entrants, "2026-11", last)
    print(f"draw of {DRAWN} branches   {time.perf_counter() - begun:.2f} s      (target < 2)")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        measure(Path(name))
