"""督办: what is owed everywhere, for those who oversee it: the ledger 待办 (DOMAIN.md 9)."""

from sqlalchemy import case, false, literal, or_, select
from sqlalchemy.orm import aliased

from handlers.organisation import seen_units
from handlers.spec import Column, Family, Kind, Ledger, Rows, View
from models.duty import Owed
from models.person import Person
from models.unit import Unit

OWNER = aliased(Person)
_shown = case((Owed.private, literal("")), else_=Owed.detail)
_number = case((Owed.private, literal("")), else_=Owed.number)
_owner = case((Owed.private, literal("")), else_=OWNER.name)


def _owed(view: View) -> Rows:
    """Everything that was ever owed where the viewer may look, as of the last morning."""
    own = Owed.owner_id == view.member.id if view.member else false()
    return (
        select()
        .select_from(Owed)
        .join(Unit, Unit.id == Owed.unit_id)
        .outerjoin(OWNER, OWNER.id == Owed.owner_id)
        .where(or_(seen_units(view), own))
    )


DUTIES = Ledger(
    key="owed",
    columns=(
        Column(key="what", expr=Owed.title, width=20),
        Column(key="detail", expr=_shown, width=46),
        Column(key="unit", expr=Unit.name, width=30),
        Column(key="owner", expr=_owner, width=10),
        Column(key="due", expr=Owed.due, kind=Kind.DATE, width=12),
        Column(key="state", expr=Owed.state, kind=Kind.WORD, width=8),
        Column(key="rung", expr=Owed.rung, kind=Kind.WORD, width=12),
        Column(key="planned", expr=Owed.planned_on, kind=Kind.DATE, width=12, wide=True),
        Column(key="opened", expr=Owed.opened_on, kind=Kind.DATE, width=12, wide=True),
        Column(key="closed", expr=Owed.closed_on, kind=Kind.DATE, width=12, wide=True),
        Column(key="told", expr=Owed.told_on, kind=Kind.DATE, width=12, wide=True),
        Column(key="number", expr=_number, width=16, wide=True),
    ),
    query=_owed,
    order=(Owed.state.desc(), Owed.due.asc(), Owed.id.asc()),
)

FAMILY = Family(ledgers=(DUTIES,))
