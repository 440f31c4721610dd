"""People 人员 and their roles 角色 on subtrees (DOMAIN.md 1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base, coded
from models.unit import Unit, UnitState, covers


class Role(StrEnum):
    """What somebody may do on a unit and everything below it."""

    TEAM_LEADER = "team_leader"
    SECRETARY = "secretary"
    PARTY_OFFICE = "party_office"
    SPECIALIST = "specialist"
    INSPECTOR = "inspector"
    COMMITTEE_SECRETARY = "committee_secretary"
    ADMIN = "admin"


class PersonState(StrEnum):
    """Somebody who left stays in the history."""

    ACTIVE = "active"
    LEFT = "left"


class Person(Base):
    """One person. ``userid_key`` is the userid in lower case: WeCom ignores case (page 90236)."""

    __tablename__ = "person"

    id: Mapped[int] = mapped_column(primary_key=True)
    userid: Mapped[str] = mapped_column(String(64))
    userid_key: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(60), index=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    standing: Mapped[str] = mapped_column(String(20), default="")  # 政治面貌 as imported
    state: Mapped[PersonState] = coded(PersonState, default=PersonState.ACTIVE)
    left_at: Mapped[datetime | None]


class Grant(Base):
    """A role given to a person on a unit; it holds for the whole subtree."""

    __tablename__ = "role_grant"
    __table_args__ = (
        UniqueConstraint("person_id", "role", "unit_id"),
        Index("ix_role_grant_unit", "unit_id", "role"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    role: Mapped[Role] = coded(Role)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))


@dataclass(frozen=True, slots=True)
class Power:
    """One granted role with the path of its unit."""

    role: Role
    path: str


@dataclass(frozen=True, slots=True)
class Member:
    """Who is speaking: what rights are decided on. Built once per message.

    ``path`` is the person's unit; ``branch_id``/``branch_path`` the branch it belongs to, if any.
    """

    id: int
    userid: str
    name: str
    unit_id: int
    path: str
    branch_id: int | None
    powers: tuple[Power, ...]

    def has(self, *roles: Role, over: str | None = None) -> bool:
        """Whether one of the roles is held, over the unit of a path if one is given."""
        return any(
            power.role in roles and (over is None or covers(power.path, over))
            for power in self.powers
        )

    def paths(self, *roles: Role) -> tuple[str, ...]:
        """The subtrees on which one of the roles is held."""
        return tuple(power.path for power in self.powers if power.role in roles)


def one_at_a_time(session: Session, person_id: int) -> None:
    """Let what one person sends from two places at the same moment be done one after the other."""
    session.execute(select(Person.id).where(Person.id == person_id).with_for_update())


def member_by_userid(session: Session, userid: str) -> Member | None:
    """The active person of a userid with all powers; None for strangers and people who left."""
    rows = session.execute(
        select(Person.id, Person.userid, Person.name, Person.unit_id, Unit.path, Unit.branch_id)
        .join(Unit, Unit.id == Person.unit_id)
        .where(Person.userid_key == userid.lower(), Person.state == PersonState.ACTIVE)
    ).one_or_none()
    if rows is None:
        return None
    return Member(*rows, powers=powers_of(session, rows.id))


def powers_of(session: Session, person_id: int) -> tuple[Power, ...]:
    """The roles a person holds on units that still exist."""
    rows = session.execute(
        select(Grant.role, Unit.path)
        .join(Unit, Unit.id == Grant.unit_id)
        .where(Grant.person_id == person_id, Unit.state == UnitState.ACTIVE)
    )
    return tuple(Power(role, path) for role, path in rows)


def holders(session: Session, role: Role, unit: Unit) -> Sequence[Person]:
    """Active people who hold a role over a unit: those granted nearest above (or on) it."""
    ids = [int(part) for part in unit.path.strip("/").split("/")]
    rows = session.execute(
        select(Person, Unit.path)
        .join(Grant, Grant.person_id == Person.id)
        .join(Unit, Unit.id == Grant.unit_id)
        .where(Grant.role == role, Grant.unit_id.in_(ids), Person.state == PersonState.ACTIVE)
        .order_by(Person.id)
    ).all()
    nearest = max((len(path) for _, path in rows), default=0)
    return [person for person, path in rows if len(path) == nearest]
