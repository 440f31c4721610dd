"""A quarter on a small scale; ``python -m tests.bench.quarter`` plays it with 305 branches."""

from models.store.engine import Store
from tests.quarter import Quarter


def test_a_quarter_is_what_the_books_say(sqlite_url: str) -> None:
    quarter = Quarter(Store(sqlite_url), branches=12, notices_wanted=8)
    quarter.run()
    figures = quarter.check()
    assert figures["checks"] == 36
    assert figures["notices signed"] == 8
    assert figures["escalations"] > 10
