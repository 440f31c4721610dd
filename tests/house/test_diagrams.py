"""The state diagrams in the docs are what the tables of moves say."""

import pytest

from models.diagram import DRAWN, FOLDER, diagram


@pytest.mark.parametrize("name", DRAWN)
def test_the_diagram_is_up_to_date(name: str) -> None:
    assert (FOLDER / f"{name}.md").read_text("utf-8") == diagram(DRAWN[name]), "make diagrams"
