"""Large things taken in: the sample company, a province's workbook, names among 20,000 units."""

import time
from pathlib import Path

from bot.papers.reading import read_workbook
from models.forms.names import Entry, NameBook
from models.store.engine import Store
from models.store.schema import migrate
from tests.unit.imports.aid import bring_bytes, workbook
from tests.unit.imports.test_province import province
from tests.unit.sample.conftest import load


def _store(folder: Path, name: str) -> Store:
    url = f"sqlite:///{folder / name}"
    migrate(url)
    return Store(url)


def measure(folder: Path) -> None:
    """Print seconds; each has a limit that people would notice."""
    store = _store(folder, "sample.db")
    before = time.perf_counter()
    load(store)
    print(f"sample company           {time.perf_counter() - before:.2f} s      (target < 10)")
    store.close()
    store = _store(folder, "province.db")
    data = workbook(province())
    before = time.perf_counter()
    read_workbook(data)
    bring_bytes(store, data)
    print(f"province's workbook      {time.perf_counter() - before:.2f} s      (target < 2)")
    store.close()
    book = NameBook(Entry(f"B{n:06d}", f"第{n}供电所党支部", (f"{n}所",)) for n in range(20_000))
    book.close("第七供电")
    before = time.perf_counter()
    for n in range(1000):
        book.find(f"第{n}供电所党支部")
    exact = (time.perf_counter() - before) * 1000
    before = time.perf_counter()
    book.close("第19999供电站")
    near = (time.perf_counter() - before) * 1000
    print(f"names among 20,000       {exact:.1f} µs exact, {near:.1f} ms near")
