"""The task force 攻坚队 of a project: backbone members, activists and the young (DOMAIN.md 2)."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from sqlalchemy import ForeignKey, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base, coded
from models.person import Person


class CrewKind(StrEnum):
    """As what somebody belongs to a task force (A-53)."""

    BACKBONE = "backbone"
    ACTIVIST = "activist"
    YOUTH = "youth"


class CrewMember(Base):
    """Somebody in the task force of a project; nobody stands there twice."""

    __tablename__ = "crew_member"

    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    kind: Mapped[CrewKind] = coded(CrewKind)


def crew_of(session: Session, project_id: int) -> Mapping[CrewKind, Sequence[str]]:
    """Names by kind, in the order of the kinds; kinds without anybody are left out."""
    rows = session.execute(
        select(CrewMember.kind, Person.name)
        .join(Person, Person.id == CrewMember.person_id)
        .where(CrewMember.project_id == project_id)
        .order_by(Person.id)
    ).all()
    found = {kind: [name for of, name in rows if of is kind] for kind in CrewKind}
    return {kind: names for kind, names in found.items() if names}


def set_crew(session: Session, project_id: int, people: Mapping[CrewKind, Iterable[int]]) -> None:
    """Let these be the people of some kinds; somebody named before moves over."""
    for kind, ids in people.items():
        wanted = list(dict.fromkeys(ids))
        mine = CrewMember.project_id == project_id
        session.execute(delete(CrewMember).where(mine, CrewMember.kind == kind))
        session.execute(delete(CrewMember).where(mine, CrewMember.person_id.in_(wanted)))
        session.add_all(
            CrewMember(project_id=project_id, person_id=person_id, kind=kind)
            for person_id in wanted
        )
        session.flush()
