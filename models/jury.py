"""Organisation review 组织评审: a jury marks concluded projects by a rubric (A-57, A-58)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import ClassVar

from sqlalchemy import ForeignKey, Index, Select, String, delete, exists, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base, Stateful, coded
from models.person import Member, Person
from models.project import Project, Stage
from models.unit import Unit, covers, inside


class JuryState(StrEnum):
    """A jury sits until it is closed."""

    OPEN = "open"
    CLOSED = "closed"


class Criterion(StrEnum):
    """What a jury marks, each from 0 to 100 (A-58: 优秀项目四条)."""

    DUTY = "duty"
    MEASURES = "measures"
    INDICATOR = "indicator"
    RADIATE = "radiate"


class Jury(Stateful, Base):
    """A jury for the projects of a year below a unit."""

    MOVES: ClassVar[Mapping[JuryState, frozenset[JuryState]]] = {
        JuryState.OPEN: frozenset({JuryState.CLOSED}),
    }

    __tablename__ = "jury"
    __table_args__ = (Index("ix_jury_state", "state"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(32), unique=True)
    name: Mapped[str] = mapped_column(String(60))
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    year: Mapped[int]
    state: Mapped[JuryState] = coded(JuryState, default=JuryState.OPEN)
    opened_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class Juror(Base):
    """Somebody on a jury."""

    __tablename__ = "juror"

    jury_id: Mapped[int] = mapped_column(ForeignKey("jury.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)


class Mark(Base):
    """One juror's mark for one criterion of a project."""

    __tablename__ = "mark"

    jury_id: Mapped[int] = mapped_column(ForeignKey("jury.id"), primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"), primary_key=True, index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    criterion: Mapped[Criterion] = coded(Criterion, primary_key=True)
    points: Mapped[int]


def weighted(marks: Mapping[Criterion, int], rubric: Mapping[str, int]) -> Decimal:
    """One juror's marks as one figure from 0 to 100, by the weights of the rubric."""
    whole = sum(rubric.get(criterion, 0) for criterion in marks)
    if not whole:
        return Decimal(0)
    total = sum(points * rubric.get(criterion, 0) for criterion, points in marks.items())
    return Decimal(total) / whole


def mean_of(jurors: Iterable[Mapping[Criterion, int]], rubric: Mapping[str, int]) -> Decimal | None:
    """The jury's figure: the mean of its jurors, one decimal, half up; None without any."""
    totals = [weighted(marks, rubric) for marks in jurors]
    if not totals:
        return None
    return (sum(totals, Decimal(0)) / len(totals)).quantize(Decimal("0.1"), ROUND_HALF_UP)


def jury_by_number(session: Session, number: str) -> Jury | None:
    """The jury of a number such as ``PS-2026-0001``."""
    return session.scalar(select(Jury).where(Jury.number == number))


def open_juries(session: Session, year: int | None = None) -> Sequence[tuple[Jury, Unit]]:
    """Juries that sit, with the unit they sit for, the newest first."""
    query = (
        select(Jury, Unit)
        .join(Unit, Unit.id == Jury.unit_id)
        .where(Jury.state == JuryState.OPEN)
        .order_by(Jury.id.desc())
    )
    if year is not None:
        query = query.where(Jury.year == year)
    return [(jury, unit) for jury, unit in session.execute(query)]


def jury_over(session: Session, branch_path: str, year: int) -> Jury | None:
    """The newest jury that sits for a branch's projects of a year."""
    found = open_juries(session, year)
    return next((jury for jury, unit in found if covers(unit.path, branch_path)), None)


def jurors_of(session: Session, jury_id: int) -> Mapping[int, str]:
    """Names of a jury by person id."""
    rows = session.execute(
        select(Person.id, Person.name)
        .join(Juror, Juror.person_id == Person.id)
        .where(Juror.jury_id == jury_id)
        .order_by(Person.id)
    )
    return dict(rows.all())


def _waiting(jury: Jury, unit: Unit) -> Select[Project, Unit]:
    return (
        select(Project, Unit)
        .join(Unit, Unit.id == Project.unit_id)
        .where(Project.year == jury.year, Project.stage == Stage.JURY, inside(unit.path))
        .order_by(Project.id)
    )


def waiting_for(
    session: Session, jury: Jury, unit: Unit, project_id: int | None = None
) -> Sequence[tuple[Project, Unit]]:
    """The projects (or this one, if it does) that wait for a jury, with their branches."""
    query = _waiting(jury, unit)
    if project_id is not None:
        query = query.where(Project.id == project_id)
    return [(project, branch) for project, branch in session.execute(query)]


def next_to_mark(session: Session, jury: Jury, unit: Unit, juror: Member) -> Project | None:
    """The first project that waits for a juror's marks; the own branch's does not."""
    given = exists().where(
        Mark.jury_id == jury.id, Mark.project_id == Project.id, Mark.person_id == juror.id
    )
    query = _waiting(jury, unit).where(~given)
    if juror.branch_id is not None:
        query = query.where(Unit.id != juror.branch_id)
    first = session.execute(query.limit(1)).first()
    return None if first is None else first[0]


def marks_of(
    session: Session, jury_id: int, project_id: int | None = None
) -> Mapping[int, Mapping[int, dict[Criterion, int]]]:
    """All marks of a jury (for a project): by project id, then by person id, then by criterion."""
    found: dict[int, dict[int, dict[Criterion, int]]] = {}
    query = select(Mark).where(Mark.jury_id == jury_id)
    if project_id is not None:
        query = query.where(Mark.project_id == project_id)
    for mark in session.scalars(query):
        jurors = found.setdefault(mark.project_id, {})
        jurors.setdefault(mark.person_id, {})[mark.criterion] = mark.points
    return found


def give_marks(
    session: Session,
    jury: Jury,
    project_id: int,
    person_id: int,
    points: Mapping[Criterion, int],
) -> None:
    """Store a juror's marks; until the jury has decided they may be given anew."""
    session.execute(
        delete(Mark).where(
            Mark.jury_id == jury.id, Mark.project_id == project_id, Mark.person_id == person_id
        )
    )
    session.add_all(
        Mark(
            jury_id=jury.id,
            project_id=project_id,
            person_id=person_id,
            criterion=criterion,
            points=value,
        )
        for criterion, value in points.items()
    )
    session.flush()
