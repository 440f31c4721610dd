"""Telling people of an event, when they may be disturbed (DOMAIN.md 9, 10)."""

from sqlalchemy import select

from handlers.clocks import after_quiet_hours
from handlers.content import Content
from handlers.context import Context
from handlers.owners import Owners
from models.group import Group
from models.person import Person, Role


def tell_holders(ctx: Context, role: Role, path: str, key: str, content: Content) -> None:
    """The nearest holders of a role above a unit, each once per key; not the speaker."""
    for owner in Owners(ctx.session).nearest(role, path):
        if ctx.member is None or owner.id != ctx.member.id:
            _tell(ctx, owner.userid, key, content)


def tell_person(ctx: Context, person_id: int | None, key: str, content: Content) -> None:
    """One person, unless it is the speaker."""
    if person_id is None or (ctx.member is not None and person_id == ctx.member.id):
        return
    _tell(ctx, ctx.session.get_one(Person, person_id).userid, key, content)


def tell_groups(ctx: Context, unit_id: int, key: str, *contents: Content) -> None:
    """The groups bound to a unit."""
    chats = ctx.session.scalars(select(Group.chatid).where(Group.unit_id == unit_id))
    for chatid in chats:
        for number, content in enumerate(contents):
            ctx.push_group(chatid, content, f"{key}:{chatid}:{number}", after_quiet_hours(ctx))


def _tell(ctx: Context, userid: str, key: str, content: Content) -> None:
    ctx.push_person(userid, content, f"{key}:{userid}", after_quiet_hours(ctx))
