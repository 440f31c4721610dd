"""Duties 待办 of all families together: whose they are, and the card that does the work."""

from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import select

from config.texts import t
from handlers.content import Button, Card, Link, Tone
from handlers.context import Context
from handlers.duty import Duty, DutySource
from models.person import Grant, Member, Person, PersonState, Role
from models.unit import Unit, covers, upwards

BUTTONS = 3


def owed_by(ctx: Context, sources: Sequence[DutySource], member: Member) -> list[Duty]:
    """What a person owes, and what anybody of the own branch may do; the most urgent first."""
    branch = ctx.directory.place(ctx.session, member.branch_id) if member.branch_id else None
    own = branch.path if branch else ""
    found = [
        duty
        for source in sources
        for duty in source.find(ctx, member)
        if _concerns(member, duty, own)
    ]
    return sorted(found, key=lambda duty: (duty.due, duty.key))


def _concerns(member: Member, duty: Duty, branch_path: str) -> bool:
    if member.id in duty.owners:
        return True
    if duty.shared and branch_path and covers(branch_path, duty.unit_path):
        return True
    return not duty.owners and member.has(duty.role, over=duty.unit_path)


def owed_by_all(ctx: Context, sources: Sequence[DutySource]) -> Mapping[str, list[Duty]]:
    """Duties by the userid of who owes them: their owners, else the nearest holders of the role."""
    owners = _Owners(ctx)
    owed: dict[str, list[Duty]] = {}
    for source in sources:
        for duty in source.find(ctx, None):
            for userid in owners.of(duty):
                owed.setdefault(userid, []).append(duty)
    for duties in owed.values():
        duties.sort(key=lambda duty: (duty.due, duty.key))
    return owed


class _Owners:
    """Who owes a duty, looked up for many of them at once."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._people: Mapping[int, str] | None = None
        self._holders: dict[Role, Mapping[str, list[str]]] = {}

    def of(self, duty: Duty) -> Iterator[str]:
        """Userids."""
        if duty.owners:
            yield from (self._userids[i] for i in duty.owners if i in self._userids)
            return
        holders = self._holding(duty.role)
        path = next((path for path in upwards(duty.unit_path) if path in holders), "")
        yield from holders.get(path, ())

    @property
    def _userids(self) -> Mapping[int, str]:
        if self._people is None:
            active = Person.state == PersonState.ACTIVE
            rows = self._ctx.session.execute(select(Person.id, Person.userid).where(active))
            self._people = {row.id: row.userid for row in rows}
        return self._people

    def _holding(self, role: Role) -> Mapping[str, list[str]]:
        if role not in self._holders:
            nearest: dict[str, list[str]] = {}
            for userid, path in self._ctx.session.execute(
                select(Person.userid, Unit.path)
                .join(Grant, Grant.person_id == Person.id)
                .join(Unit, Unit.id == Grant.unit_id)
                .where(Grant.role == role, Person.state == PersonState.ACTIVE)
                .order_by(Person.id)
            ):
                nearest.setdefault(path, []).append(userid)
            self._holders[role] = nearest
        return self._holders[role]


def duty_card(ctx: Context, duties: Sequence[Duty], userid: str) -> Card | None:
    """A card for a person whose buttons do the work, and the page where all of it stands."""
    doable = [duty for duty in duties if duty.act is not None][:BUTTONS]
    if not doable:
        return None
    return Card(
        title=t("duty.card_title", count=len(duties)),
        desc=t("duty.card_desc"),
        lines=tuple((str(n), duty.title[:26]) for n, duty in enumerate(doable, 1)),
        buttons=tuple(_button(n, duty) for n, duty in enumerate(doable, 1)),
        links=(Link(t("duty.open"), ctx.link("/", userid)),),
    )


def _button(number: int, duty: Duty) -> Button:
    if duty.act is None:
        raise TypeError(duty.key)
    label = t("duty.button", number=number, label=duty.act.label)
    tone = Tone.PRIMARY if number == 1 else Tone.PLAIN
    return Button(label, duty.act.button().action, tone)
