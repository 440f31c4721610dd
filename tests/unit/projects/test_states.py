"""All pairs of states are walked; what the printed diagram shows is allowed, nothing else."""

import re
from datetime import UTC, date, datetime
from itertools import product

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.diagram import FOLDER
from models.errors import UserError
from models.project import Project, ProjectStep, Stage, advance
from models.store.engine import Store
from models.unit import Unit, UnitKind

NOW = datetime(2026, 5, 1, tzinfo=UTC)
DRAWN = {
    (Stage(start), Stage(end))
    for start, end in re.findall(
        r"^  (\w+) --> (\w+)$", (FOLDER / "project.md").read_text("utf-8"), re.MULTILINE
    )
}


def project(session: Session, stage: Stage) -> Project:
    unit = Unit(code=f"B{stage}", name="城南党支部", kind=UnitKind.BRANCH, path="/1/")
    session.add(unit)
    session.flush()
    made = Project(
        number="XM-2026-0001",
        unit_id=unit.id,
        year=2026,
        name="线损清零",
        stage=stage,
        starts_on=date(2026, 1, 1),
        ends_on=date(2026, 12, 31),
    )
    session.add(made)
    session.flush()
    return made


@pytest.mark.parametrize(("start", "end"), list(product(Stage, Stage)))
def test_every_pair(sqlite_url: str, start: Stage, end: Stage) -> None:
    store = Store(sqlite_url)
    with Session(store.writer) as session:
        made = project(session, start)
        if (start, end) in DRAWN:
            advance(session, made, end, at=NOW, person_id=None, note="理由")
            (step,) = session.scalars(select(ProjectStep)).all()
            assert (step.before, step.after, step.note) == (start, end, "理由")
        else:
            with pytest.raises(UserError) as refused:
                advance(session, made, end, at=NOW, person_id=None)
            assert refused.value.key in ("project.step", "project.over")
            assert made.stage is start
        session.rollback()
    store.close()


def test_whoever_is_slower_is_told(sqlite_url: str) -> None:
    store = Store(sqlite_url)
    with Session(store.writer) as session:
        made = project(session, Stage.SUBMITTED)
        session.connection().exec_driver_sql("UPDATE project SET stage = 'returned'")
        with pytest.raises(UserError) as refused:
            advance(session, made, Stage.APPROVED, at=NOW, person_id=None)
        assert refused.value.key == "state.raced"
        session.rollback()
    store.close()
