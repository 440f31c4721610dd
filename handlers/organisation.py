"""The ledgers of the organisation: 单位 and 人员."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, false, or_, select, true
from sqlalchemy.orm import aliased

from config.texts import label, t
from handlers.context import Context
from handlers.personal import Access, Held, Holding
from handlers.places import OVERSEERS
from handlers.spec import Column, Family, Kind, Ledger, Rows, View
from models.history import History
from models.person import Grant, Member, Person, Role
from models.unit import Unit, inside

PARENT = aliased(Unit)


def seen_units(view: View) -> ColumnElement[bool]:
    """Which units a viewer may see: the own branch, and all below the units of their roles."""
    member = view.member
    if member is None:
        return true()
    below = [inside(path) for path in member.paths(*OVERSEERS)]
    own = Unit.branch_id == member.branch_id if member.branch_id else Unit.id == member.unit_id
    return or_(own, *below)


def near(member: Member, *roles: Role) -> ColumnElement[bool]:
    """Which units concern a person: the own branch, and all below units where a role is held."""
    below = [inside(path) for path in member.paths(*roles)]
    return or_(Unit.branch_id == member.branch_id if member.branch_id else false(), *below)


def _units(view: View) -> Rows:
    del view
    return select().select_from(Unit).outerjoin(PARENT, PARENT.id == Unit.parent_id)


def _people(view: View) -> Rows:
    return (
        select().select_from(Person).join(Unit, Unit.id == Person.unit_id).where(seen_units(view))
    )


UNITS = Ledger(
    key="unit",
    columns=(
        Column(key="code", expr=Unit.code, width=14),
        Column(key="name", expr=Unit.name, width=34),
        Column(key="kind", expr=Unit.kind, kind=Kind.WORD, width=10),
        Column(key="type", expr=Unit.branch_type, kind=Kind.WORD, width=12),
        Column(key="parent", expr=PARENT.name, width=30, wide=True),
        Column(key="state", expr=Unit.state, kind=Kind.WORD, width=10, wide=True),
        Column(key="closed", expr=Unit.closed_at, kind=Kind.TIME, width=18, wide=True),
    ),
    query=_units,
    order=(Unit.path.asc(),),
)

PEOPLE = Ledger(
    key="person",
    columns=(
        Column(key="userid", expr=Person.userid, width=18),
        Column(key="name", expr=Person.name, width=12),
        Column(key="unit", expr=Unit.name, width=34),
        Column(key="standing", expr=Person.standing, width=14, wide=True),
        Column(key="state", expr=Person.state, kind=Kind.WORD, width=10, wide=True),
    ),
    query=_people,
    order=(Unit.path.asc(), Person.id.asc()),
    roles=frozenset(OVERSEERS),
)


def _person(ctx: Context, person_id: int) -> Sequence[Held]:
    """Name, unit, standing, roles, and what changed."""
    person = ctx.session.get_one(Person, person_id)
    unit = ctx.session.get_one(Unit, person.unit_id)
    grants = ctx.session.execute(
        select(Grant.role, Unit.name)
        .join(Unit, Unit.id == Grant.unit_id)
        .where(Grant.person_id == person_id)
        .order_by(Grant.id)
    )
    changes = ctx.session.scalars(
        select(History)
        .where(History.subject == "person", History.key == person.userid)
        .order_by(History.at.desc())
    )
    return [
        Held(title=t("holding.person.name_of"), text=person.name),
        Held(title=t("holding.person.userid"), text=person.userid),
        Held(title=t("holding.person.unit"), text=unit.name),
        Held(title=t("holding.person.standing"), text=person.standing or "—"),
        *(
            Held(title=t("holding.person.role"), text=f"{label(role)} · {name}")
            for role, name in grants
        ),
        *(Held(title=label(change.change), at=change.at) for change in changes),
    ]


FAMILY = Family(
    ledgers=(UNITS, PEOPLE),
    holdings=(
        Holding(
            key="person",
            tables=("person", "role_grant", "history", "chat_group"),
            find=_person,
            readers=dict.fromkeys(OVERSEERS, Access.TEXT),
        ),
    ),
)
