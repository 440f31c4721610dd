"""The texts of the trial forms join the catalogue."""

from collections.abc import Iterator

import pytest

from config import texts
from tests.unit.forms.aid import TEXTS


@pytest.fixture(autouse=True, scope="package")
def trial_texts() -> Iterator[None]:
    """Add labels for the forms of these tests."""
    known = {**texts.catalogue(), **TEXTS}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(texts, "catalogue", lambda: known)
        yield
