"""What the fuzzer has found worth keeping is read to every reader again (``make fuzz``)."""

import pytest

from tests.fuzz.corpus import inputs
from tests.fuzz.doors import DOORS


@pytest.mark.parametrize("door", DOORS)
def test_nothing_kept_breaks_a_reader(door: str) -> None:
    kept = inputs(door)
    assert len(kept) > 20
    for data in kept:
        DOORS[door](data)
