"""挂图作战 of more branches than a wall can hold: by company, and on from there."""

from statistics import median
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.sim.sample.scene import view
from handlers.board import TilesBlock
from handlers.projects import wall
from models.project import Project, Stage
from models.unit import Unit, UnitKind, UnitState
from tests.shared import HERE, NOW


def tiles(session: Session, **params: str) -> dict[str, TilesBlock]:
    page = wall.show(view(session, NOW, HERE), params)
    return {block.title: block for block in page.blocks if isinstance(block, TilesBlock)}


def test_a_province_has_a_tile_per_branch(session: Session) -> None:
    blocks = tiles(session)
    assert sum(len(block.tiles) for block in blocks.values()) == 305


def test_too_many_branches_are_shown_by_company_and_none_is_lost(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = tiles(session)
    monkeypatch.setattr(wall, "MOST", 100)
    units, *own = tiles(session, year="2026").values()
    assert len(units.tiles) == len(whole) - 1
    shown = [tile.title for block in own for tile in block.tiles]
    assert 0 < len(shown) < 100
    for tile in units.tiles:
        query = {key: value[0] for key, value in parse_qs(urlsplit(tile.href).query).items()}
        assert query["year"] == "2026"
        blocks = tiles(session, **query)
        branches = [one.title for block in blocks.values() for one in block.tiles]
        assert tile.note.startswith(f"{len(branches)} 个支部")
        shown += branches
    every = select(Unit.name).where(Unit.kind == UnitKind.BRANCH, Unit.state == UnitState.ACTIVE)
    assert sorted(shown) == sorted(session.scalars(every))


def test_a_company_is_the_middle_of_its_branches(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wall, "MOST", 100)
    units, *_ = tiles(session).values()
    for tile in units.tiles:
        path = session.scalars(select(Unit.path).where(Unit.name == tile.title)).one()
        percents = session.scalars(
            select(Project.percent)
            .join(Unit, Unit.id == Project.unit_id)
            .where(
                Unit.path.startswith(path),
                Unit.state == UnitState.ACTIVE,
                Project.stage != Stage.ENDED,
                Project.percent.is_not(None),
            )
        )
        assert float(tile.value.removesuffix("%")) == pytest.approx(
            float(median(value for value in percents if value is not None)), abs=0.06
        )
