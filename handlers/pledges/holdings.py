"""What pledges hold about persons: who made them, and who did something about those of others."""

from collections.abc import Iterator

from sqlalchemy import select

from config.texts import label, t
from handlers.context import Context
from handlers.personal import SHOWN, Access, Held, Holding, Kin
from handlers.spec import Family
from models.person import Role
from models.pledge import EntryState, Pledge, PledgeCheck, PledgeEntry, PledgeEvent
from models.unit import Unit


def _held(ctx: Context, person_id: int) -> Iterator[Held]:
    """Own pledges and entries; then reviews, remarks and checks by that person."""
    session = ctx.session
    for pledge in session.scalars(
        select(Pledge).where(Pledge.person_id == person_id).order_by(Pledge.at.desc()).limit(SHOWN)
    ):
        title = t("holding.pledge.one", kind=label(pledge.kind), state=label(pledge.state))
        yield Held(title=title, at=pledge.at, number=pledge.number, text=pledge.text)
    for entry in session.scalars(
        select(PledgeEntry)
        .join(Pledge, Pledge.id == PledgeEntry.pledge_id)
        .where(Pledge.person_id == person_id)
        .order_by(PledgeEntry.at.desc())
        .limit(SHOWN)
    ):
        key = "entry" if entry.state is EntryState.VALID else "entry_withdrawn"
        title = t(f"holding.pledge.{key}")
        yield Held(title=title, at=entry.at, number=entry.number, text=entry.said)
    for event, number in session.execute(
        select(PledgeEvent, Pledge.number)
        .join(Pledge, Pledge.id == PledgeEvent.pledge_id)
        .where(PledgeEvent.person_id == person_id, Pledge.person_id != person_id)
        .order_by(PledgeEvent.at.desc())
        .limit(SHOWN)
    ):
        title = t("holding.pledge.others", step=label(event.step))
        yield Held(title=title, at=event.at, number=number, text=event.note)
    for check, name in session.execute(
        select(PledgeCheck, Unit.name)
        .join(Unit, Unit.id == PledgeCheck.unit_id)
        .where(PledgeCheck.person_id == person_id)
        .order_by(PledgeCheck.at.desc())
        .limit(SHOWN)
    ):
        title = t("holding.pledge.check", branch=name, month=check.month)
        yield Held(title=title, at=check.at)


FAMILY = Family(
    holdings=(
        Holding(
            key="pledge",
            tables=("pledge", "pledge_event", "pledge_entry", "pledge_check"),
            find=_held,
            readers=dict.fromkeys((Kin.COLLEAGUE, *Role), Access.TEXT),
        ),
    )
)
