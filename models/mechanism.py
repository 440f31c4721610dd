"""典型机制: what worked in projects, told so that others can use it (F-060, A-24)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Final

from sqlalchemy import ForeignKey, Index, String, Text, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base, Stateful, coded
from models.project import Project
from models.search import Audience, Entry, index, remove
from models.unit import Unit

KIND: Final = "mechanism"
"""Under which the text index knows them."""


class MechanismState(StrEnum):
    """A mechanism is in the library, or was taken out of it."""

    LISTED = "listed"
    WITHDRAWN = "withdrawn"


class Mechanism(Stateful, Base):
    """One mechanism: for which scenarios 适用场景 it is good, and how it is done.

    ``unit_id`` is the unit whose office wrote it down.
    """

    MOVES: ClassVar[Mapping[MechanismState, frozenset[MechanismState]]] = {
        MechanismState.LISTED: frozenset({MechanismState.WITHDRAWN}),
        MechanismState.WITHDRAWN: frozenset({MechanismState.LISTED}),
    }

    __tablename__ = "mechanism"
    __table_args__ = (Index("ix_mechanism_state", "state"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(32), unique=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    name: Mapped[str] = mapped_column(String(60))
    scenario: Mapped[str] = mapped_column(Text)
    practice: Mapped[str] = mapped_column(Text)
    state: Mapped[MechanismState] = coded(MechanismState, default=MechanismState.LISTED)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    changed_at: Mapped[datetime]


class MechanismCase(Base):
    """A project in which a mechanism was used 案例."""

    __tablename__ = "mechanism_case"

    mechanism_id: Mapped[int] = mapped_column(ForeignKey("mechanism.id"), primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"), primary_key=True, index=True)


def mechanism_by_number(session: Session, number: str) -> Mechanism | None:
    """The mechanism of a number such as ``JX-2026-0001``."""
    return session.scalar(select(Mechanism).where(Mechanism.number == number))


def mechanism_named(session: Session, unit_id: int, name: str) -> Mechanism | None:
    """The mechanism of a name that an office has in the library."""
    return session.scalars(
        select(Mechanism).where(
            Mechanism.unit_id == unit_id,
            Mechanism.name == name,
            Mechanism.state == MechanismState.LISTED,
        )
    ).first()


def listed(session: Session, numbers: Sequence[str] | None = None) -> Sequence[Mechanism]:
    """The library, the newest first; or those of some numbers that are in it, in that order."""
    query = select(Mechanism).where(Mechanism.state == MechanismState.LISTED)
    if numbers is None:
        return session.scalars(query.order_by(Mechanism.id.desc())).all()
    found = {one.number: one for one in session.scalars(query.where(Mechanism.number.in_(numbers)))}
    return [found[number] for number in numbers if number in found]


def cases_of(session: Session, mechanism_id: int) -> Sequence[tuple[Project, Unit]]:
    """The projects in which a mechanism was used, with their branches."""
    rows = session.execute(
        select(Project, Unit)
        .join(MechanismCase, MechanismCase.project_id == Project.id)
        .join(Unit, Unit.id == Project.unit_id)
        .where(MechanismCase.mechanism_id == mechanism_id)
        .order_by(Project.id)
    )
    return [(project, unit) for project, unit in rows]


def mechanisms_in(session: Session, project_id: int) -> Sequence[Mechanism]:
    """The mechanisms of the library for which a project is a case."""
    return session.scalars(
        select(Mechanism)
        .join(MechanismCase, MechanismCase.mechanism_id == Mechanism.id)
        .where(MechanismCase.project_id == project_id, Mechanism.state == MechanismState.LISTED)
        .order_by(Mechanism.id)
    ).all()


def set_cases(session: Session, mechanism: Mechanism, project_ids: Iterable[int]) -> None:
    """Let these be the cases of a mechanism."""
    mine = MechanismCase.mechanism_id == mechanism.id
    session.execute(delete(MechanismCase).where(mine))
    session.add_all(
        MechanismCase(mechanism_id=mechanism.id, project_id=project_id)
        for project_id in dict.fromkeys(project_ids)
    )
    session.flush()


def let_be_found(session: Session, mechanism: Mechanism, path: str) -> None:
    """Put a mechanism into the text index, or out of it if it was withdrawn."""
    if mechanism.state is MechanismState.WITHDRAWN:
        remove(session, mechanism.number)
        return
    index(
        session,
        Entry(
            number=mechanism.number,
            kind=KIND,
            unit_path=path,
            audience=Audience.EVERYONE,
            day=mechanism.at.date(),
            title=mechanism.name,
            body=f"{mechanism.scenario}\n{mechanism.practice}",
        ),
    )
